"""External columns: which rows of which files are a stream's data for one key."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from beamtwin.databroker.assets import hdf5, tiff
from beamtwin.databroker.errors import AssetError
from beamtwin.databroker.stores.base import NamedDocument

if TYPE_CHECKING:
    import numpy as np

__all__ = ["ASSET_DOCUMENTS", "ExternalColumn", "Rows", "Segment", "by_datum", "by_stream"]

#: The documents that announce data outside the store.
ASSET_DOCUMENTS = ("resource", "datum", "datum_page", "stream_resource", "stream_datum")


class Rows(Protocol):
    """Rows of a file, one an event."""

    def describe(self) -> tuple[tuple[int, ...], "np.dtype[Any]"]:
        """The shape of one row, and the dtype."""
        ...

    def read(self, first: int, count: int) -> "np.ndarray":
        """Rows ``first`` to ``first + count``, shape (count, ...)."""
        ...


#: Who reads what, by mimetype (stream_resource) or spec (resource).
HANDLERS: dict[str, Callable[[Mapping[str, Any], Sequence[int]], Rows]] = {
    "application/x-hdf5": hdf5.stream_resource,
    "AD_HDF5": hdf5.area_detector,
    "multipart/related;type=image/tiff": tiff.stream_resource,
    "AD_TIFF": tiff.area_detector,
}


@dataclass(frozen=True, slots=True)
class Segment:
    """Consecutive events whose data are consecutive rows of one file."""

    begin: int
    """The first event's number in the stream, from 0."""
    count: int
    resource: dict[str, Any]
    """The document that announced the file."""
    row: int
    """The first event's row in the file."""


@dataclass(frozen=True)
class ExternalColumn:
    """One key's data, read from their files as they are asked for."""

    label: str
    """Whose data these are, for messages: ``"run 5f0c2a81, eiger_image"``."""
    data_key: Mapping[str, Any]
    segments: Sequence[Segment]
    _handlers: dict[str, Rows] = field(default_factory=dict, repr=False)

    @property
    def count(self) -> int:
        """How many events are announced."""
        return max((s.begin + s.count for s in self.segments), default=0)

    def describe(self) -> tuple[tuple[int, ...], "np.dtype[Any]"]:
        """The shape of one event's data, and the dtype; the first file is opened for it.

        Raises
        ------
        AssetError
            Naming run, key and file.
        """
        if not self.segments:
            raise AssetError(f"{self.label}: no file was announced")
        return self._explained(self.segments[0], lambda rows: rows.describe())

    def read(self, events: "np.ndarray") -> "np.ndarray":
        """The data of the events of these numbers, shape (len(events), ...)."""
        import numpy as np

        shape, dtype = self.describe()
        out = np.empty((len(events), *shape), dtype)
        missing = np.ones(len(events), bool)
        for segment in self.segments:
            inside = (events >= segment.begin) & (events < segment.begin + segment.count)
            if inside.any():
                out[inside] = self._read_segment(segment, events[inside])
                missing &= ~inside
        if missing.any():
            raise AssetError(f"{self.label}: event {events[missing][0] + 1} has no data announced")
        return out

    def _read_segment(self, segment: Segment, events: "np.ndarray") -> "np.ndarray":
        import numpy as np

        rows = events - segment.begin + segment.row
        runs = np.split(rows, np.flatnonzero(np.diff(rows) != 1) + 1)
        parts = [
            self._explained(segment, lambda handler, run=run: handler.read(int(run[0]), len(run)))
            for run in runs
        ]
        return np.concatenate(parts)

    def _explained(self, segment: Segment, action: Callable[[Rows], Any]) -> Any:
        try:
            return action(self._handler(segment.resource))
        except AssetError as error:
            raise AssetError(f"{self.label}: {error}") from error

    def _handler(self, resource: dict[str, Any]) -> Rows:
        uid = resource["uid"]
        if uid not in self._handlers:
            kind = resource.get("mimetype") or resource.get("spec", "")
            if kind not in HANDLERS:
                raise AssetError(f"nothing here reads {kind!r}; known: {', '.join(HANDLERS)}")
            self._handlers[uid] = HANDLERS[kind](resource, self.data_key.get("shape", []))
        return self._handlers[uid]


def by_stream(
    key: str, descriptors: Iterable[str], documents: Iterable[NamedDocument]
) -> Iterator[Segment]:
    """The segments that stream_datum documents of these descriptors announce for a key."""
    own = set(descriptors)
    resources: dict[str, dict[str, Any]] = {}
    for name, doc in documents:
        if name == "stream_resource" and doc["data_key"] == key:
            resources[doc["uid"]] = doc
        elif name == "stream_datum" and doc["descriptor"] in own:
            resource = resources.get(doc["stream_resource"])
            if resource is not None:
                yield _stream_segment(doc, resource)


def by_datum(datum_ids: Sequence[str], documents: Iterable[NamedDocument]) -> Iterator[Segment]:
    """The segments that the datum ids in a stream's events stand for."""
    resources: dict[str, dict[str, Any]] = {}
    rows: dict[str, tuple[str, int]] = {}
    for name, doc in documents:
        if name == "resource":
            resources[doc["uid"]] = doc
        elif name in _DATUMS:
            rows |= {datum: (doc["resource"], row) for datum, row in _DATUMS[name](doc)}
    for begin, count in _consecutive([rows.get(datum) for datum in datum_ids]):
        resource, row = rows[datum_ids[begin]]
        yield Segment(begin, count, resources[resource], row)


def _stream_segment(doc: Mapping[str, Any], resource: dict[str, Any]) -> Segment:
    numbers, indices = doc["seq_nums"], doc["indices"]
    return Segment(
        numbers["start"] - 1, numbers["stop"] - numbers["start"], resource, indices["start"]
    )


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


def _datum(doc: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    yield doc["datum_id"], doc["datum_kwargs"].get("point_number", 0)


def _datum_page(doc: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    numbers = doc["datum_kwargs"].get("point_number", [0] * len(doc["datum_id"]))
    yield from zip(doc["datum_id"], numbers, strict=True)


_DATUMS: dict[str, Callable[[Mapping[str, Any]], Iterator[tuple[str, int]]]] = {
    "datum": _datum,
    "datum_page": _datum_page,
}
