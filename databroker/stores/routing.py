"""Which open run a document belongs to, and what it must have for that: the same for every store."""

from collections.abc import Callable, Mapping
from numbers import Real
from types import NoneType
from typing import Any, Generic, TypeVar

from beamtwin.databroker.errors import DocumentError

__all__ = ["PARENT", "Router", "check_start"]

Writer = TypeVar("Writer")

#: Which key of a document names what it belongs to.
PARENT = {
    "descriptor": "run_start",
    "event": "descriptor",
    "event_page": "descriptor",
    "stop": "run_start",
    "resource": "run_start",
    "datum": "resource",
    "datum_page": "resource",
    "stream_resource": "run_start",
    "stream_datum": "stream_resource",
}
#: What documents that come later belong to, and what it must have for that.
_REQUIRED = {
    "descriptor": {"uid", "run_start", "data_keys"},
    "resource": {"uid"},
    "stream_resource": {"uid", "data_key"},
}


def _of_dictionaries(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(v, Mapping) for v in value.values())


_STRING = (lambda value: isinstance(value, str), "a string")
#: Of what those who read rely on: whether it is what event-model asks for, and how to say that.
_KINDS: dict[str, dict[str, tuple[Callable[[Any], bool], str]]] = {
    "descriptor": {
        "uid": _STRING,
        "name": _STRING,
        "data_keys": (_of_dictionaries, "a dictionary of dictionaries"),
    },
    "resource": {"uid": _STRING},
    "stream_resource": {"uid": _STRING, "data_key": _STRING},
    "stop": {
        "time": (lambda value: isinstance(value, Real), "a number of seconds since the Unix epoch"),
        "exit_status": _STRING,
    },
}
_LONGEST_SHOWN = 60
_MAY_NAME_NO_RUN = {"resource", "stream_resource"}
#: What stores sort and search by, of the types that event-model asks for, and how to say them.
_OF_START: dict[str, tuple[tuple[type, ...], str]] = {
    "uid": ((str,), "a string"),
    "time": ((int, float), "a number of seconds since the Unix epoch"),
    "scan_id": ((int, NoneType), "an integer of 64 bits"),
    "plan_name": ((str, NoneType), "a string"),
}


class Router(Generic[Writer]):
    """The writers of the runs that are open, by the uids of what later documents name."""

    def __init__(self) -> None:
        self.writers: dict[str, Writer] = {}

    def open(self, uid: str, writer: Writer) -> None:
        """A run has begun."""
        self.writers[uid] = writer

    def adopt(self, other: "Router[Writer]") -> None:
        """Take over the open runs of another router."""
        self.writers |= other.writers

    def writer(self, name: str, doc: Mapping[str, Any]) -> Writer:
        """Who writes the run that a document belongs to.

        Raises
        ------
        DocumentError
            If there is none, or the document lacks what is needed.
        """
        parent = PARENT.get(name)
        if parent is None:
            known = ", ".join(["start", *PARENT])
            raise DocumentError(f"not a kind of document that is known; known: {known}")
        if name in _KINDS:
            _check(name, doc)
        uid = doc.get(parent, "")
        writer = self.writers.get(uid) if isinstance(uid, str) else None
        writer = writer or self._only(name, doc)
        if writer is None:
            raise DocumentError(
                f"belongs to {parent} {_shown(doc.get(parent))}, which is of no run that is open here"
            )
        return writer

    def filed(self, name: str, doc: Mapping[str, Any], writer: Writer) -> None:
        """A document has been stored: others may belong to it, or none to its run any more."""
        if name in _REQUIRED:
            self.writers[doc["uid"]] = writer
        elif name == "stop":
            self.writers = {uid: w for uid, w in self.writers.items() if w is not writer}

    def _only(self, name: str, doc: Mapping[str, Any]) -> Writer | None:
        """A resource need not name its run: then it can only be the one that is open."""
        writers = set(self.writers.values())
        unnamed = name in _MAY_NAME_NO_RUN and "run_start" not in doc
        return writers.pop() if unnamed and len(writers) == 1 else None


def check_start(doc: Mapping[str, Any]) -> None:
    """Refuse a start document that no store could sort or search.

    Raises
    ------
    DocumentError
        Naming the key.
    """
    for key, (types, meant) in _OF_START.items():
        value = doc.get(key)
        unordered = isinstance(value, int | float) and not abs(value) < 2**63
        if not isinstance(value, types) or isinstance(value, bool) or unordered:
            raise DocumentError(f"{key} is {_shown(value)}; it must be {meant}")


def _check(name: str, doc: Mapping[str, Any]) -> None:
    lacking = _REQUIRED.get(name, set()).difference(doc)
    if lacking:
        raise DocumentError(f"has no {', '.join(sorted(lacking))}")
    for key, (is_good, meant) in _KINDS[name].items():
        if key in doc and not is_good(doc[key]):
            raise DocumentError(f"{key} is {_shown(doc[key])}; it must be {meant}")


def _shown(value: Any) -> str:
    try:
        text = repr(value)
    except ValueError:  # an integer of more digits than Python writes
        return f"a huge {type(value).__name__}"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"
