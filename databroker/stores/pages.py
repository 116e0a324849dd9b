"""Event pages as bytes: every column by itself, numbers as they are in memory, everything else as JSON.

A page begins with the length of its header (4 bytes, little-endian) and the header, JSON that lists the columns
(section, key, kind, dtype, shape of one row, bytes); their bytes follow, in that order. One column can be read
without touching the others. What comes out equals what went in, type by type.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from beamtwin.databroker.errors import DocumentError
from beamtwin.databroker.stores import jsontext

__all__ = ["Page", "as_array", "pack_events", "pack_page"]

#: The parts of an event that are dictionaries by data key.
SECTIONS = ("data", "timestamps", "filled")
#: The parts that are one value an event.
FIELDS = ("uid", "seq_num", "time")
#: The section of what the store itself keeps: an event's place in its run.
STORE = "store"

_LENGTH_BYTES = 4


class _Encoded(NamedTuple):
    kind: str
    dtype: str
    shape: Sequence[int]
    raw: bytes


class _Slot(NamedTuple):
    kind: str
    dtype: str
    shape: list[int]
    offset: int
    size: int


def pack_events(
    events: Sequence[tuple[int, Mapping[str, Any]]],
) -> Iterator[tuple[int, int, bytes]]:
    """Events, each with its place in the run, as few pages as their keys allow.

    Yields
    ------
    first : int
        The place of the page's first event.
    count : int
        How many events it holds.
    page : bytes
    """
    for _, group in groupby(events, lambda item: _signature(item[1])):
        members = list(group)
        yield members[0][0], len(members), _pack_group(members)


def pack_page(place: int, document: Mapping[str, Any]) -> tuple[int, bytes]:
    """An event_page document, and its place in the run: how many events, and the page.

    Raises
    ------
    DocumentError
        If its columns differ in length.
    """
    columns = {("", field): document[field] for field in FIELDS}
    columns |= {
        (section, key): values
        for section in SECTIONS
        for key, values in document.get(section, {}).items()
    }
    count = len(document["uid"])
    for (section, key), values in columns.items():
        if len(values) != count:
            name = f"{section}.{key}".lstrip(".")
            raise DocumentError(f"{name} has {len(values)} values for {count} events")
    columns[STORE, "place"] = [place]
    return count, _pack(columns, count, [s for s in SECTIONS if s in document])


class Page:
    """A page that was stored; its columns are decoded as they are asked for."""

    def __init__(self, blob: bytes):
        length = int.from_bytes(blob[:_LENGTH_BYTES], "little")
        header = json.loads(blob[_LENGTH_BYTES : _LENGTH_BYTES + length])
        self.count: int = header["count"]
        self._sections: list[str] = header["sections"]
        self._blob = blob
        self._slots: dict[tuple[str, str], _Slot] = {}
        offset = _LENGTH_BYTES + length
        for section, key, kind, dtype, shape, size in header["columns"]:
            self._slots[section, key] = _Slot(kind, dtype, shape, offset, size)
            offset += size

    def keys(self, section: str) -> list[str]:
        """The keys of a section: of ``"data"``, ..."""
        return [key for part, key in self._slots if part == section]

    def values(self, section: str, key: str) -> Any:
        """A column as it went in."""
        slot = self._slots[section, key]
        if slot.kind == "json":
            return jsontext.loads(self._raw(slot).decode("ascii"))
        return _ROWS[slot.kind](self._stored(slot))

    def array(self, section: str, key: str) -> np.ndarray:
        """A column to compute with, of shape (count, ...)."""
        slot = self._slots[section, key]
        if slot.kind == "json":
            return as_array(self.values(section, key))
        return self._stored(slot)

    def events(self, descriptor: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """The event documents, each with its place in the run."""
        fields = [self.values("", field) for field in FIELDS]
        sections = [(s, self.keys(s), self._rows(s)) for s in self._sections]
        for index, place in enumerate(self.values(STORE, "place")):
            event = {"descriptor": descriptor}
            event |= {field: values[index] for field, values in zip(FIELDS, fields, strict=True)}
            event |= {s: dict(zip(keys, rows[index], strict=True)) for s, keys, rows in sections}
            yield place, event

    def document(self, descriptor: str) -> tuple[int, dict[str, Any]]:
        """The event_page document, and its place in the run."""
        page = {"descriptor": descriptor} | {field: self.values("", field) for field in FIELDS}
        for section in self._sections:
            page[section] = {key: self.values(section, key) for key in self.keys(section)}
        return self.values(STORE, "place")[0], page

    def _rows(self, section: str) -> list[tuple[Any, ...]]:
        columns = [self.values(section, key) for key in self.keys(section)]
        return list(zip(*columns, strict=True)) if columns else [()] * self.count

    def _stored(self, slot: _Slot) -> np.ndarray:
        numbers = np.frombuffer(self._raw(slot), slot.dtype)
        if slot.kind == "range":
            return numbers[0] + np.arange(self.count)
        return numbers.reshape(self.count, *slot.shape).copy()

    def _raw(self, slot: _Slot) -> bytes:
        return self._blob[slot.offset : slot.offset + slot.size]


def as_array(values: Sequence[Any]) -> np.ndarray:
    """Values as an array to compute with: of numbers or strings if they are that, else of objects."""
    try:
        array = np.array(values)
    except ValueError:  # ragged
        array = np.empty(len(values), object)
        array[:] = list(values)
    if array.dtype.kind == "U" and not _all_strings(values):
        return np.array(values, object)
    return array


def _all_strings(values: Any) -> bool:
    if isinstance(values, list | tuple):
        return all(_all_strings(value) for value in values)
    return isinstance(values, str)


def _signature(event: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(tuple(event[s]) if s in event else None for s in SECTIONS)


def _pack_group(members: Sequence[tuple[int, Mapping[str, Any]]]) -> bytes:
    places, events = [place for place, _ in members], [event for _, event in members]
    sections = [s for s in SECTIONS if s in events[0]]
    columns: dict[tuple[str, str], Any] = {("", f): [e[f] for e in events] for f in FIELDS}
    for section in sections:
        parts = [event[section] for event in events]
        columns |= {(section, key): [part[key] for part in parts] for key in parts[0]}
    columns[STORE, "place"] = places
    return _pack(columns, len(events), sections)


def _pack(columns: Mapping[tuple[str, str], Any], count: int, sections: list[str]) -> bytes:
    encoded = {name: _encode(values) for name, values in columns.items()}
    header = {
        "count": count,
        "sections": sections,
        "columns": [
            [*name, column.kind, column.dtype, list(column.shape), len(column.raw)]
            for name, column in encoded.items()
        ],
    }
    text = json.dumps(header, separators=(",", ":")).encode("ascii")
    return b"".join(
        [len(text).to_bytes(_LENGTH_BYTES, "little"), text, *(c.raw for c in encoded.values())]
    )


def _encode(values: Any) -> _Encoded:
    """The tightest kind that gives the very same values back."""
    if isinstance(values, np.ndarray) and values.dtype.kind in jsontext.STORABLE_KINDS:
        return _Encoded("column", values.dtype.str, values.shape[1:], values.tobytes())
    types = set(map(type, values))
    if len(types) == 1:
        encoder = _ENCODERS.get(_family(types.pop()))
        encoded = encoder(values) if encoder else None
        if encoded is not None:
            return encoded
    return _Encoded("json", "", (), jsontext.dumps(list(values)).encode("ascii"))


def _family(kind: type) -> type:
    return np.generic if issubclass(kind, np.generic) else kind


def _floats(values: Sequence[float]) -> _Encoded:
    return _Encoded("plain", "<f8", (), np.array(values, "<f8").tobytes())


def _booleans(values: Sequence[bool]) -> _Encoded:
    return _Encoded("plain", "|b1", (), np.array(values, "|b1").tobytes())


def _integers(values: Sequence[int]) -> _Encoded | None:
    try:
        array = np.array(values, "<i8")
    except OverflowError:
        return None
    if (np.diff(array) == 1).all():
        return _Encoded("range", "<i8", (), array[:1].tobytes())
    return _Encoded("plain", "<i8", (), array.tobytes())


def _scalars(values: Sequence[np.generic]) -> _Encoded | None:
    dtype = values[0].dtype
    if dtype.kind not in _SCALAR_KINDS or any(value.dtype != dtype for value in values):
        return None
    return _Encoded("scalars", dtype.str, (), np.array(values).tobytes())


def _arrays(values: Sequence[np.ndarray]) -> _Encoded | None:
    alike = len({(value.dtype.str, value.shape) for value in values}) == 1
    if not alike or values[0].dtype.kind not in jsontext.STORABLE_KINDS:
        return None
    raw = b"".join(value.tobytes() for value in values)
    return _Encoded("arrays", values[0].dtype.str, values[0].shape, raw)


def _lists(values: Sequence[list[Any]]) -> _Encoded | None:
    types = set(map(type, _leaves(values)))
    dtype = _LIST_DTYPES.get(types.pop()) if len(types) == 1 else None
    if dtype is None:
        return None
    try:
        array = np.array(values, dtype)
    except (ValueError, OverflowError):  # ragged, or beyond 64 bits
        return None
    return _Encoded("plain", dtype, array.shape[1:], array.tobytes())


def _leaves(values: Sequence[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list):
            yield from _leaves(value)
        else:
            yield value


#: Not text: numpy would drop trailing zeros.
_SCALAR_KINDS = "biufcmM"
_LIST_DTYPES = {float: "<f8", int: "<i8", bool: "|b1"}
_ENCODERS: dict[type, Callable[[Any], _Encoded | None]] = {
    float: _floats,
    int: _integers,
    bool: _booleans,
    list: _lists,
    np.ndarray: _arrays,
    np.generic: _scalars,
}


#: How the rows of a column become its values again.
_ROWS: dict[str, Callable[[np.ndarray], Any]] = {
    "plain": np.ndarray.tolist,
    "range": np.ndarray.tolist,
    "scalars": list,
    "arrays": lambda array: [array[row, ...] for row in range(len(array))],
    "column": lambda array: array,
}
