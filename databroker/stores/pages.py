"""Event pages as bytes: every column by itself, numbers as they are in memory, everything else as JSON.

A page begins with the length of its header (4 bytes, little-endian) and the header, JSON that lists the columns
(section, key, kind, dtype, shape of one row, bytes, offset); their bytes follow. One column can be read without
touching the others; columns of the same bytes, timestamps above all, share them. What comes out equals what went in,
type by type.
"""

import json
from collections.abc import Callable, Iterator, KeysView, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from beamtwin.databroker.errors import DocumentError
from beamtwin.databroker.stores import jsontext

__all__ = ["SECTIONS", "Page", "as_array", "pack_columns", "pack_events", "pack_page"]

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
        If its columns are none, or differ in length.
    """
    columns = {("", field): document[field] for field in FIELDS}
    columns |= {
        (section, key): values
        for section in SECTIONS
        for key, values in document.get(section, {}).items()
    }
    lengths = {name: _length(*name, values) for name, values in columns.items()}
    count = lengths["", "uid"]
    for (section, key), length in lengths.items():
        if length != count:
            name = f"{section}.{key}".lstrip(".")
            raise DocumentError(f"{name} has {length} values for {count} events")
    columns[STORE, "place"] = [place]
    return count, _pack(columns, count, [s for s in SECTIONS if s in document])


def _length(section: str, key: str, values: Any) -> int:
    if not isinstance(values, list | tuple) and not getattr(values, "shape", ()):
        name = f"{section}.{key}".lstrip(".")
        raise DocumentError(f"{name} is a {type(values).__name__}; a page has a list of values")
    return len(values)


def pack_columns(
    uids: list[str],
    numbers: Mapping[tuple[str, str], np.ndarray],
    places: list[int],
    sections: list[str],
) -> bytes:
    """The page of events all of whose values are Python's numbers, each column of one type."""
    columns: dict[tuple[str, str], Any] = {("", "uid"): uids}
    columns |= {name: _plain(array) for name, array in numbers.items()}
    columns[STORE, "place"] = places
    return _pack(columns, len(uids), sections)


class Page:
    """A page that was stored; its columns are decoded as they are asked for."""

    def __init__(self, blob: bytes):
        length = int.from_bytes(blob[:_LENGTH_BYTES], "little")
        self._start = _LENGTH_BYTES + length
        self._blob = blob
        header = _header(blob[_LENGTH_BYTES : self._start])
        self.count, self._sections, self._slots = header

    def keys(self, section: str) -> KeysView[str]:
        """The keys of a section: of ``"data"``, ..."""
        return self._slots.get(section, {}).keys()

    def values(self, section: str, key: str) -> Any:
        """A column as it went in."""
        slot = self._slots[section][key]
        if slot.kind == "json":
            return jsontext.loads(self._raw(slot).decode("ascii"))
        return _ROWS[slot.kind](self._stored(slot))

    def array(self, section: str, key: str) -> np.ndarray:
        """A column to compute with, of shape (count, ...); it may be read-only."""
        slot = self._slots[section][key]
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
        return numbers.reshape(self.count, *slot.shape)

    def _raw(self, slot: _Slot) -> bytes:
        start = self._start + slot.offset
        return self._blob[start : start + slot.size]


@lru_cache
def _header(text: bytes) -> tuple[int, list[str], dict[str, dict[str, _Slot]]]:
    """How many events, which sections, and where the columns are; mostly the same from page to page."""
    header = json.loads(text)
    slots: dict[str, dict[str, _Slot]] = {}
    end = 0
    for section, key, kind, dtype, shape, size, *offset in header["columns"]:
        start = offset[0] if offset else end  # pages of earlier versions: one after the other
        slots.setdefault(section, {})[key] = _Slot(kind, dtype, shape, start, size)
        end += size
    return header["count"], header["sections"], slots


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
    offsets: dict[bytes, int] = {}
    entries, end = [], 0
    for name, column in encoded.items():
        offset = offsets.setdefault(column.raw, end)
        size = len(column.raw)
        entries.append([*name, column.kind, column.dtype, list(column.shape), size, offset])
        end += size if offset == end else 0
    header = {"count": count, "sections": sections, "columns": entries}
    text = json.dumps(header, separators=(",", ":")).encode("ascii")
    return b"".join([len(text).to_bytes(_LENGTH_BYTES, "little"), text, *offsets])


def _encode(values: Any) -> _Encoded:
    """The tightest kind that gives the very same values back."""
    if isinstance(values, _Encoded):
        return values
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


def _plain(array: np.ndarray) -> _Encoded:
    """What numpy's ``tolist`` makes Python's numbers of."""
    if array.dtype.kind == "i" and (np.diff(array) == 1).all():
        return _Encoded("range", array.dtype.str, (), array[:1].tobytes())
    return _Encoded("plain", array.dtype.str, (), array.tobytes())


def _numbers(dtype: str) -> Callable[[Any], _Encoded | None]:
    def encode(values: Any) -> _Encoded | None:
        try:
            return _plain(np.array(values, dtype))
        except OverflowError:
            return None

    return encode


def _texts(values: Sequence[str]) -> _Encoded | None:
    """Of ASCII no character can be refused."""
    if not "".join(values).isascii():
        return None
    return _Encoded("json", "", (), jsontext.encode(values).encode("ascii"))


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
    float: _numbers("<f8"),
    int: _numbers("<i8"),
    bool: _numbers("|b1"),
    str: _texts,
    list: _lists,
    np.ndarray: _arrays,
    np.generic: _scalars,
}


#: How the rows of a column become its values again.
_ROWS: dict[str, Callable[[np.ndarray], Any]] = {
    "plain": np.ndarray.tolist,
    "range": np.ndarray.tolist,
    "scalars": list,
    "arrays": lambda array: [array[row, ...].copy() for row in range(len(array))],
    "column": np.ndarray.copy,
}
