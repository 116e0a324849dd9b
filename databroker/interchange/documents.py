"""Documents from elsewhere: looked through first, then filed all or none."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from beamtwin.databroker.broker import Broker
from beamtwin.databroker.errors import DocumentError, ImportFileError
from beamtwin.databroker.interchange.ordering import parents_first
from beamtwin.databroker.run import Run
from beamtwin.databroker.stores import jsontext
from beamtwin.databroker.stores.base import NamedDocument
from beamtwin.databroker.stores.routing import PARENT, plain_name

__all__ = ["documents_of", "file_runs", "fingerprint", "import_documents", "new_runs"]

#: What says where a file is, which is another matter on another machine.
_PLACES = {
    "resource": ("root", "resource_path", "path_semantics"),
    "stream_resource": ("uri",),
}


def import_documents(
    broker: Broker, documents: Iterable[tuple[str, Mapping[str, Any]]], source: str = "documents"
) -> list[Run]:
    """File the runs that these documents are: all of them, or, on an error, none.

    Parameters
    ----------
    broker : Broker
    documents : iterable of (str, dict)
        Of one or more runs, in the order of their emission, as `Run.documents`, ``BlueskyRun.documents()`` of
        databroker and tiled, or a file of documents gives them.
    source : str
        Where they come from, for messages.

    Returns
    -------
    list of Run
        In order of appearance. A run that is there already, and is the same, is found and not filed again.

    Raises
    ------
    ImportFileError
        If a document is not as event-model has it, belongs to no run among these, or to a run of which another
        content is stored under the same uid.
    """
    runs = Sorter(source).sort(documents)
    file_runs(broker, [runs[uid] for uid in new_runs(broker, runs, source)], source)
    return [broker[uid] for uid in runs]


def file_runs(
    broker: Broker, runs: Iterable[Iterable[tuple[str, Mapping[str, Any]]]], source: str
) -> None:
    """File runs, all or none.

    Raises
    ------
    ImportFileError
        Naming run and document, if the store refuses one.
    """
    where = ""

    def documents() -> Iterator[tuple[str, Mapping[str, Any]]]:
        nonlocal where
        for run in runs:
            uid = ""
            for number, (name, doc) in enumerate(run, 1):
                uid = uid or str(doc["uid"])[:8]
                where = f"run {uid}, its document {number}"
                yield name, doc

    try:
        broker.store.insert_all(documents())
    except DocumentError as error:
        raise ImportFileError(f"{source}: {where}, {error}; nothing was imported") from error


def documents_of(catalogue: Any) -> Iterator[NamedDocument]:
    """The documents of a run, or of all runs, of beamtwin, databroker or tiled.

    Parameters
    ----------
    catalogue : object
        Offers ``documents()`` or ``canonical(fill="no")``, as a run does; or it is a mapping or an iterable of such.

    Raises
    ------
    ImportFileError
        If it is none of these.
    """
    if callable(getattr(catalogue, "documents", None)):
        yield from parents_first(catalogue.documents())
    elif callable(getattr(catalogue, "canonical", None)):
        yield from catalogue.canonical(fill="no")
    else:
        for run in _members(catalogue):
            yield from documents_of(run)


def fingerprint(documents: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
    """A hash of a run's content, wherever its files lie."""
    digest = hashlib.sha256()
    for name, doc in documents:
        own = {key: value for key, value in doc.items() if key not in _PLACES.get(name, ())}
        plain = json.loads(jsontext.dumps(own))
        digest.update(f"{name} {json.dumps(plain, sort_keys=True)}\n".encode())
    return digest.hexdigest()


def new_runs(broker: Broker, runs: Mapping[str, Sequence[NamedDocument]], source: str) -> list[str]:
    """The uids of those that are not there yet.

    Raises
    ------
    ImportFileError
        If one is there with another content, or out of sight.
    """
    known = [uid for uid in runs if uid in broker]
    for uid in runs:
        if uid not in known and any(broker.store.find({"uid": uid}, limit=1, hidden=True)):
            raise ImportFileError(
                f"{source}: run {uid} was removed here; nothing was imported: restore it, or purge it first"
            )
    for uid in known:
        if fingerprint(runs[uid]) != fingerprint(broker[uid].documents()):
            raise ImportFileError(
                f"{source}: run {uid} is stored already, with another content; nothing was imported: "
                "import it into another catalogue, or remove the stored one first"
            )
    return [uid for uid in runs if uid not in known]


def _members(catalogue: Any) -> Iterator[Any]:
    if isinstance(catalogue, str | bytes) or not isinstance(catalogue, Iterable):
        raise ImportFileError(
            f"{type(catalogue).__name__}: neither a run nor a catalogue of runs: "
            "it offers no documents() or canonical()"
        )
    # Not isinstance: what tiled gives satisfies Mapping only by its methods.
    values: Callable[[], Iterable[Any]] | None = getattr(catalogue, "values", None)
    yield from catalogue if values is None else values()


class Sorter:
    """Sorts documents by run, and refuses what has no place in one.

    Parameters
    ----------
    source : str
        Where they come from, for messages.
    trusted : bool
        Whether what belongs together is all that is looked at, as for what a store gave out.
    """

    def __init__(self, source: str, *, trusted: bool = False):
        self._source = source
        self._checks = () if trusted else (_lacks, _differs)
        self._runs: dict[str, list[NamedDocument]] = {}
        self._owners: dict[str, str] = {}
        """By the uids of what documents belong to, the run's."""
        self._keys: dict[str, Mapping[str, Any]] = {}
        """By descriptor, its data keys."""
        self._ended: set[str] = set()

    def sort(
        self, documents: Iterable[tuple[str, Mapping[str, Any]]]
    ) -> dict[str, list[NamedDocument]]:
        """The documents by the uids of their runs, in order of appearance."""
        for number, (name, doc) in enumerate(documents, 1):
            try:
                self._take(plain_name(name), dict(doc))
            except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
                why = f"has no {error}" if isinstance(error, KeyError) else error
                raise ImportFileError(
                    f"{self._source}: document {number}, {name:.40}: {why}; nothing was imported"
                ) from error
        if not self._runs:
            raise ImportFileError(f"{self._source}: holds no run")
        return self._runs

    def _take(self, name: str, doc: dict[str, Any]) -> None:
        if name != "start" and name not in PARENT:
            raise ValueError(
                f"not a kind of document that is known; known: start, {', '.join(PARENT)}"
            )
        for check in self._checks:
            fault = check(name, doc, self._keys)
            if fault:
                raise ValueError(fault)
        if name == "descriptor" and doc["uid"] in self._keys:
            raise ValueError(f"has a uid that came before, {doc['uid']!r:.60}")
        run = self._begin(doc) if name == "start" else self._owner(name, doc)
        if run in self._ended:
            raise ValueError(f"comes after the end of its run {run}")
        self._runs[run].append((name, doc))
        if name == "stop":
            self._ended.add(run)
        elif name in ("descriptor", "resource", "stream_resource"):
            self._owners[doc["uid"]] = run
        if name == "descriptor":
            self._keys[doc["uid"]] = doc["data_keys"]

    def _begin(self, doc: dict[str, Any]) -> str:
        uid = doc["uid"]
        if uid in self._runs:
            raise ValueError(f"the run {uid} begins a second time")
        self._runs[uid] = []
        self._owners[uid] = uid
        return uid

    def _owner(self, name: str, doc: dict[str, Any]) -> str:
        parent = PARENT[name]
        if parent not in doc and name == "resource" and self._runs:  # old ones name none
            return next(reversed(self._runs))
        if doc[parent] not in self._owners:
            raise ValueError(
                f"belongs to {parent} {doc[parent]!r:.60}, which has not come before it"
            )
        return self._owners[doc[parent]]


Check = Callable[[str, Mapping[str, Any], Mapping[str, Mapping[str, Any]]], str | None]


def _lacks(name: str, doc: Mapping[str, Any], _: Mapping[str, Mapping[str, Any]]) -> str | None:
    """What event-model asks for and is not there."""
    from event_model import DocumentNames, schemas

    keys = doc.get("data_keys", {})
    if not isinstance(keys, Mapping):
        return f"data_keys are {type(keys).__name__}, and must be a dictionary"
    missing = set(schemas[DocumentNames[name]]["required"]).difference(doc)
    if name == "resource":
        missing.discard("run_start")
    return f"has no {', '.join(sorted(missing))}" if missing else None


def _differs(
    name: str, doc: Mapping[str, Any], keys: Mapping[str, Mapping[str, Any]]
) -> str | None:
    """What of an event is not what its descriptor says."""
    if name not in ("event", "event_page") or doc["descriptor"] not in keys:
        return None
    described = keys[doc["descriptor"]]
    unknown = set(doc["data"]).difference(described)
    if unknown:
        return f"has data that its descriptor does not name: {', '.join(sorted(unknown))}"
    missing = {
        key
        for key, about in described.items()
        if key not in doc["data"] and not about.get("external")
    }
    if missing:
        return f"lacks data that its descriptor names: {', '.join(sorted(missing))}"
    if set(doc["timestamps"]) != set(doc["data"]):
        return "has timestamps of other keys than its data"
    return _unequal(doc) if name == "event_page" else None


def _unequal(page: Mapping[str, Any]) -> str | None:
    """Columns of a page that are longer or shorter than the others."""
    columns = {"time": page["time"], "uid": page["uid"], **page["data"]}
    count = len(page["seq_num"])
    short = [key for key, column in columns.items() if len(column) != count]
    return f"has {count} events, and not as many {', '.join(short)}" if short else None
