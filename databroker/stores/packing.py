"""Events of plain numbers as bytes: what most events are, and what is quickest to store one by one.

What such events have in common, their keys and the types of their values, is their signature; it is kept once, and
every event is a row of numbers in memory's own form, followed by its uid. What does not fit, a number of another type,
a text, an integer beyond 64 bits, is refused here, and goes another way.
"""

import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from beamtwin.databroker.errors import DocumentError
from beamtwin.databroker.stores import jsontext
from beamtwin.databroker.stores.pages import SECTIONS, pack_columns, pack_events

__all__ = ["Row", "Signature", "pack_rows"]

#: An event that awaits its page: its place in the run, the text of its signature, bytes; or, without one, its JSON.
Row = tuple[int, str | None, Any]

_FIELDS = {"uid", "descriptor", "seq_num", "time", "data", "timestamps"}
#: By type, the letter of `struct`; numpy's float64 comes back as Python's, as everywhere in the stores.
_LETTERS: dict[type, str] = {float: "d", np.float64: "d", int: "q", bool: "?"}
_DTYPES = {"d": "<f8", "q": "<i8", "?": "|b1"}


class Signature:
    """What events have in common, and so need not be stored with each.

    Parameters
    ----------
    keys : sequence of sequence of str
        Of data, timestamps and, if events have that, filled.
    letters : str
        Of the values: seq_num, time and those of the sections, one after the other.
    types : sequence of type, optional
        Of the values that `pack` takes.
    """

    def __init__(
        self, keys: Sequence[Sequence[str]], letters: str, types: Sequence[type] | None = None
    ):
        self.keys = [list(section) for section in keys]
        self.letters = letters
        self.text = json.dumps([self.keys, letters])
        self._fields = _FIELDS | {"filled"} if len(keys) == len(SECTIONS) else _FIELDS
        self._types = list(types or ())
        self._struct = struct.Struct("<" + letters)

    @classmethod
    def of(cls, doc: Mapping[str, Any]) -> "Signature | None":
        """That of an event; None if it holds other things than numbers, or cannot be stored."""
        sections = [doc[section] for section in SECTIONS if section in doc]
        values = [doc["seq_num"], doc["time"], *(v for part in sections for v in part.values())]
        types = list(map(type, values))
        try:
            jsontext.check(doc)
            return cls(sections, "".join(_LETTERS[kind] for kind in types), types)
        except (DocumentError, KeyError):
            return None

    @classmethod
    def parse(cls, text: str) -> "Signature":
        """That of which this is the `text`."""
        return _parsed(text)

    def pack(self, doc: Mapping[str, Any]) -> bytes | None:
        """An event as bytes; None if it has another signature."""
        data, timestamps = doc.get("data", {}), doc.get("timestamps", {})
        if doc.keys() != self._fields or data.__class__ is not dict:
            return None
        if timestamps.__class__ is not dict or [[*data], [*timestamps]] != self.keys[:2]:
            return None
        values = [doc["seq_num"], doc["time"], *data.values(), *timestamps.values()]
        if len(self.keys) == len(SECTIONS):
            filled = doc["filled"]
            if filled.__class__ is not dict or [*filled] != self.keys[2]:
                return None
            values += filled.values()
        if [*map(type, values)] != self._types:
            return None
        try:
            return self._struct.pack(*values) + doc["uid"].encode("ascii")
        except (struct.error, AttributeError, UnicodeEncodeError):
            return None

    def unpack(self, body: bytes) -> dict[str, Any]:
        """The event of which these are the bytes, but for its descriptor."""
        seq_num, time, *values = self._struct.unpack_from(body)
        rest = iter(values)
        event: dict[str, Any] = {"uid": self.uid(body), "seq_num": seq_num, "time": time}
        for section, keys in zip(SECTIONS, self.keys, strict=False):
            event[section] = {key: next(rest) for key in keys}
        return event

    def uid(self, body: bytes) -> str:
        """The uid of the event of which these are the bytes."""
        return body[self._struct.size :].decode("ascii")

    def columns(self, bodies: Sequence[bytes]) -> dict[tuple[str, str], np.ndarray]:
        """The numbers of several events, by section and key; seq_num and time in the section ``""``."""
        size = self._struct.size
        dtype = [(f"f{index}", _DTYPES[letter]) for index, letter in enumerate(self.letters)]
        table = np.frombuffer(b"".join([body[:size] for body in bodies]), dtype)
        names = [("", "seq_num"), ("", "time")]
        for section, keys in zip(SECTIONS, self.keys, strict=False):
            names += [(section, key) for key in keys]
        return {name: table[f"f{index}"] for index, name in enumerate(names)}


@lru_cache
def _parsed(text: str) -> Signature:
    return Signature(*json.loads(text))


def pack_rows(rows: Sequence[Row]) -> Iterator[tuple[int, int, bytes]]:
    """Pages of events that awaited theirs; see `pack_events`."""
    signatures = {signature for _, signature, _ in rows}
    if len(signatures) == 1 and None not in signatures:
        yield rows[0][0], len(rows), _pack_alike(Signature.parse(rows[0][1] or ""), rows)
    else:
        yield from pack_events([(place, _event(text, body)) for place, text, body in rows])


def _pack_alike(signature: Signature, rows: Sequence[Row]) -> bytes:
    bodies = [body for _, _, body in rows]
    uids, places = [signature.uid(body) for body in bodies], [place for place, _, _ in rows]
    sections: list[str] = [*SECTIONS[: len(signature.keys)]]
    return pack_columns(uids, signature.columns(bodies), places, sections)


def _event(signature: str | None, body: Any) -> dict[str, Any]:
    return jsontext.loads(body) if signature is None else Signature.parse(signature).unpack(body)
