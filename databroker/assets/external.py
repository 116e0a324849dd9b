"""External columns: which rows of which files are a stream's data for one key."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from operator import index
from typing import TYPE_CHECKING, Any

from beamtwin.databroker.assets.limits import check_size
from beamtwin.databroker.assets.registry import Assets
from beamtwin.databroker.assets.rows import Rows, read_spans
from beamtwin.databroker.errors import AssetError
from beamtwin.databroker.stores.base import NamedDocument

if TYPE_CHECKING:
    import numpy as np

__all__ = ["ASSET_DOCUMENTS", "ExternalColumn", "Segment", "by_datum", "by_stream"]

#: The documents that announce data outside the store.
ASSET_DOCUMENTS = ("resource", "datum", "datum_page", "stream_resource", "stream_datum")
#: What Python says of documents that are not as event-model has them.
_SENSELESS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
_WHY = "what the documents say of the data makes no sense"


@dataclass(frozen=True, slots=True)
class Segment:
    """Consecutive events whose data are consecutive rows of one file."""

    begin: int
    """The first event's number in the stream, from 0."""
    count: int
    resource: dict[str, Any]
    """The document that announced the file."""
    row: int
    """The first event's row in the file; of a resource, the number of its datum."""
    datums: Sequence[Mapping[str, Any]] | None = None
    """Of a resource: the ``datum_kwargs`` of its datums."""


@dataclass(frozen=True)
class ExternalColumn:
    """One key's data, read from their files as they are asked for."""

    label: str
    """Whose data these are, for messages: ``"run 5f0c2a81, eiger_image"``."""
    data_key: Mapping[str, Any]
    segments: Sequence[Segment]
    assets: Assets = field(default_factory=Assets)
    _rows: dict[str, Rows] = field(default_factory=dict, repr=False)

    @property
    def count(self) -> int:
        """How many events are announced."""
        return max((s.begin + s.count for s in self.segments), default=0)

    @property
    def token(self) -> tuple[Any, ...]:
        """The same for the same data."""
        places = [(s.resource["uid"], s.begin, s.count, s.row) for s in self.segments]
        return (self.label, tuple(places))

    def describe(self) -> tuple[tuple[int, ...], "np.dtype[Any]"]:
        """The shape of one event's data, and the dtype; the first file is opened for it.

        Raises
        ------
        AssetError
            Naming run, key and file.
        """
        if not self.segments:
            raise AssetError(f"{self.label}: no file was announced")
        first = self.segments[0]
        return self._explained(first, lambda rows: rows.describe(first.row))

    def read(self, events: "Sequence[int] | np.ndarray") -> "np.ndarray":
        """The data of the events of these numbers, shape (len(events), ...).

        Raises
        ------
        AssetError
            Naming run, key, file, and what is wrong with it; also where the data would take too much memory.
        """
        import numpy as np

        shape, dtype = self.describe()
        check_size((len(events), *shape), dtype, self.label, self.assets.most_bytes)
        events = np.asarray(events, int)
        out = np.empty((len(events), *shape), dtype)
        missing = np.ones(len(events), bool)
        for segment in self.segments:
            inside = (events >= segment.begin) & (events < segment.begin + segment.count)
            if inside.any():
                out[inside] = self._read_segment(segment, events[inside], shape)
                missing &= ~inside
        if missing.any():
            raise AssetError(f"{self.label}: event {events[missing][0] + 1} has no data announced")
        return out

    def _read_segment(
        self, segment: Segment, events: "np.ndarray", shape: tuple[int, ...]
    ) -> "np.ndarray":
        numbers = events - segment.begin + segment.row
        block = self._explained(segment, lambda rows: read_spans(rows.read, numbers))
        if block.shape[1:] != shape:
            raise AssetError(
                f"{self.label}: {self.assets.path(segment.resource)} has {block.shape[1:]} an event, "
                f"and the first file {shape}"
            )
        return block

    def _explained(self, segment: Segment, action: Callable[[Rows], Any]) -> Any:
        try:
            return action(self._opened(segment))
        except AssetError as error:
            raise AssetError(f"{self.label}: {error}{self._moved(segment)}") from error
        except _SENSELESS as error:
            raise AssetError(f"{self.label}: {self._place(segment)}: {_WHY}: {error!r}") from error

    def _opened(self, segment: Segment) -> Rows:
        uid = segment.resource["uid"]
        if uid not in self._rows:
            shape = self.data_key.get("shape", [])
            self._rows[uid] = self.assets.open(segment.resource, shape, segment.datums)
        return self._rows[uid]

    def _place(self, segment: Segment) -> object:
        try:
            return self.assets.path(segment.resource)
        except AssetError as error:
            return error

    def _moved(self, segment: Segment) -> str:
        try:
            return self.assets.was(segment.resource)
        except AssetError:
            return ""


def by_stream(
    key: str, descriptors: Iterable[str], documents: Iterable[NamedDocument]
) -> Iterator[Segment]:
    """The segments that stream_datum documents of these descriptors announce for a key."""
    own = set(descriptors)
    resources: dict[str, dict[str, Any]] = {}
    for name, doc in documents:
        with _explaining(name, doc):
            if name == "stream_resource" and doc["data_key"] == key:
                resources[doc["uid"]] = doc
            elif name == "stream_datum" and doc["descriptor"] in own:
                resource = resources.get(doc["stream_resource"])
                if resource is not None:
                    yield _stream_segment(doc, resource)


def by_datum(datum_ids: Sequence[str], documents: Iterable[NamedDocument]) -> Iterator[Segment]:
    """The segments that the datum ids in a stream's events stand for."""
    resources: dict[str, dict[str, Any]] = {}
    datums: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    places: dict[str, tuple[str, int]] = {}
    for name, doc in documents:
        with _explaining(name, doc):
            if name == "resource":
                resources[doc["uid"]] = doc
            elif name in _DATUMS:
                own = datums[doc["resource"]]
                for datum_id, kwargs in _DATUMS[name](doc):
                    places[datum_id] = (doc["resource"], len(own))
                    own.append(kwargs)
    for begin, count in _consecutive([places.get(datum) for datum in datum_ids]):
        uid, number = places[datum_ids[begin]]
        if uid in resources:
            yield Segment(begin, count, resources[uid], number, datums[uid])


@contextmanager
def _explaining(name: str, doc: Mapping[str, Any]) -> Iterator[None]:
    """Documents may come from anywhere."""
    try:
        yield
    except _SENSELESS as error:
        raise AssetError(f"{name} {str(doc.get('uid', ''))[:40]}: {_WHY}: {error!r}") from error


def _stream_segment(doc: Mapping[str, Any], resource: dict[str, Any]) -> Segment:
    numbers, row = doc["seq_nums"], index(doc["indices"]["start"])
    begin, end = index(numbers["start"]) - 1, index(numbers["stop"]) - 1
    if not 0 <= begin <= end or row < 0:
        raise ValueError(f"seq_nums {numbers}, indices {doc['indices']}")
    return Segment(begin, end - begin, resource, row)


def _consecutive(rows: Sequence[tuple[str, int] | None]) -> Iterator[tuple[int, int]]:
    """Where runs of consecutive rows begin, and how long they are; what is None is in none."""
    begin = 0
    for end in range(1, len(rows) + 1):
        last, following = rows[end - 1], rows[end] if end < len(rows) else None
        if last is not None and following == (last[0], last[1] + 1):
            continue
        if last is not None:
            yield begin, end - begin
        begin = end


def _datum(doc: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield doc["datum_id"], doc["datum_kwargs"]


def _datum_page(doc: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    columns = doc["datum_kwargs"]
    for number, datum_id in enumerate(doc["datum_id"]):
        yield datum_id, {name: values[number] for name, values in columns.items()}


_DATUMS: dict[str, Callable[[Mapping[str, Any]], Iterator[tuple[str, Mapping[str, Any]]]]] = {
    "datum": _datum,
    "datum_page": _datum_page,
}
