"""Event pages as bytes: every column by itself, in the form that `encoding` gives it.

A page begins with the length of its header (4 bytes, little-endian) and the header, JSON that lists the columns
(section, key, kind, dtype, shape of one row, bytes, offset); their bytes follow. One column can be read without
touching the others; columns of the same bytes, timestamps above all, share them. What comes out equals what went in,
type by type.
"""

import json
from collections.abc import Iterator, KeysView, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from beamtwin.databroker.errors import DocumentError
from beamtwin.databroker.stores.encoding import Encoded, decode, decode_array, encode, plain

__all__ = ["SECTIONS", "Page", "pack_columns", "pack_events", "pack_page"]

#: The parts of an event that are dictionaries by data key.
SECTIONS = ("data", "timestamps", "filled")
#: The parts that are one value an event.
FIELDS = ("uid", "seq_num", "time")
#: The section of what the store itself keeps: an event's place in its run.
STORE = "store"

_LENGTH_BYTES = 4


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
    columns |= {name: plain(array) for name, array in numbers.items()}
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
        return decode(self._column(section, key), self.count)

    def array(self, section: str, key: str) -> np.ndarray:
        """A column to compute with, of shape (count, ...); it may be read-only."""
        return decode_array(self._column(section, key), self.count)

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

    def _column(self, section: str, key: str) -> Encoded:
        slot = self._slots[section][key]
        start = self._start + slot.offset
        return Encoded(slot.kind, slot.dtype, slot.shape, self._blob[start : start + slot.size])


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
    encoded = {name: encode(values) for name, values in columns.items()}
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
