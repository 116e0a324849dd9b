"""Documents with the data in them that lie in other files."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from beamtwin.databroker.stores.base import NamedDocument

if TYPE_CHECKING:
    from beamtwin.databroker.assets.external import ExternalColumn
    from beamtwin.databroker.run import Run

__all__ = ["filled"]


def filled(run: "Run", documents: Iterable[NamedDocument]) -> Iterator[NamedDocument]:
    """The documents, with the arrays in place of the references to them.

    As in event-model, ``filled`` then has the reference that was there; for stream documents, whose events have
    none, True. Frames that no event goes with stay in their files.

    Raises
    ------
    AssetError
        Naming run, key and file, at the event whose data cannot be read.
    """
    streams = _Streams(run)
    for name, doc in documents:
        if name == "event":
            yield name, _event(doc, streams.take(doc["descriptor"], 1), doc["time"])
        elif name == "event_page":
            columns = streams.take(doc["descriptor"], len(doc["seq_num"]))
            yield name, _page(doc, columns)
        else:
            yield name, doc


class _Streams:
    """How far into each stream the documents have come, and where its external data are."""

    def __init__(self, run: "Run"):
        self._run = run
        self._names: dict[str, str] = {
            doc["uid"]: doc["name"] for _, doc in run.store.documents(run.uid, ["descriptor"])
        }
        self._passed: Counter[str] = Counter()
        self._columns: dict[str, dict[str, ExternalColumn]] = {}

    def take(self, descriptor: str, count: int) -> dict[str, "Any"]:
        """The external data of the next so many events of a stream, each of shape (count, ...)."""
        name = self._names[descriptor]
        if name not in self._columns:
            self._columns[name] = self._run[name].external()
        begin = self._passed[name]
        self._passed[name] += count
        events = range(begin, begin + count)
        return {key: column.read(events) for key, column in self._columns[name].items()}


def _event(doc: Mapping[str, Any], columns: Mapping[str, Any], time: float) -> dict[str, Any]:
    data, stamps, marks = (dict(doc.get(part, {})) for part in ("data", "timestamps", "filled"))
    for key, values in columns.items():
        marks[key] = data.get(key, True)
        data[key] = values[0]
        stamps.setdefault(key, time)
    return {**doc, "data": data, "timestamps": stamps, "filled": marks}


def _page(doc: Mapping[str, Any], columns: Mapping[str, Any]) -> dict[str, Any]:
    data, stamps, marks = (dict(doc.get(part, {})) for part in ("data", "timestamps", "filled"))
    for key, values in columns.items():
        marks[key] = data.get(key, [True] * len(values))
        data[key] = list(values)
        stamps.setdefault(key, list(doc["time"]))
    return {**doc, "data": data, "timestamps": stamps, "filled": marks}
