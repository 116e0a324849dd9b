"""Columns as bytes: numbers as they are in memory, UUIDs in 16 bytes, everything else as JSON.

What comes out equals what went in, type by type.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from beamtwin.databroker.stores import jsontext

__all__ = ["Encoded", "as_array", "decode", "decode_array", "encode", "plain"]

_UUID_BYTES, _UUID_CHARACTERS = 16, 36
_UUID_DIGITS = [place for place in range(_UUID_CHARACTERS) if place not in (8, 13, 18, 23)]


class Encoded(NamedTuple):
    """A column: its kind, numpy's name of the type of its numbers, the shape of one row, its bytes."""

    kind: str
    dtype: str
    shape: Sequence[int]
    raw: bytes


def encode(values: Any) -> Encoded:
    """The tightest kind that gives the very same values back."""
    if isinstance(values, Encoded):
        return values
    if isinstance(values, np.ndarray) and values.dtype.kind in jsontext.STORABLE_KINDS:
        return Encoded("column", values.dtype.str, values.shape[1:], values.tobytes())
    types = set(map(type, values))
    if len(types) == 1:
        encoder = _ENCODERS.get(_family(types.pop()))
        encoded = encoder(values) if encoder else None
        if encoded is not None:
            return encoded
    return Encoded("json", "", (), jsontext.dumps(list(values)).encode("ascii"))


def plain(array: np.ndarray) -> Encoded:
    """What numpy's ``tolist`` makes Python's numbers of."""
    if array.dtype.kind == "i" and (np.diff(array) == 1).all():
        return Encoded("range", array.dtype.str, (), array[:1].tobytes())
    return Encoded("plain", array.dtype.str, (), array.tobytes())


def decode(column: Encoded, count: int) -> Any:
    """The values of a column of so many rows, as they went in."""
    if column.kind in _TEXTS:
        return _TEXTS[column.kind](column.raw)
    return _ROWS[column.kind](_rows(column, count))


def decode_array(column: Encoded, count: int) -> np.ndarray:
    """The values of a column to compute with, of shape (count, ...); it may be read-only."""
    if column.kind in _TEXTS:
        return as_array(_TEXTS[column.kind](column.raw))
    return _rows(column, count)


def _rows(column: Encoded, count: int) -> np.ndarray:
    numbers = np.frombuffer(column.raw, column.dtype)
    if column.kind == "range":
        return numbers[0] + np.arange(count)
    return numbers.reshape(count, *column.shape)


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


def _family(kind: type) -> type:
    return np.generic if issubclass(kind, np.generic) else kind


def _numbers(dtype: str) -> Callable[[Any], Encoded | None]:
    def encode(values: Any) -> Encoded | None:
        try:
            return plain(np.array(values, dtype))
        except OverflowError:
            return None

    return encode


def _texts(values: Sequence[str]) -> Encoded | None:
    """Of ASCII no character can be refused."""
    text = "".join(values)
    if not text.isascii():
        return None
    uuids = _uuids(text) if set(map(len, values)) == {_UUID_CHARACTERS} else None
    return uuids or Encoded("json", "", (), jsontext.encode(values).encode("ascii"))


def _uuids(text: str) -> Encoded | None:
    """Of UUIDs, one after the other, in the form that `str` gives them; of other texts None."""
    try:
        raw = bytes.fromhex(text.replace("-", ""))
    except ValueError:
        return None
    written_so = len(raw) * _UUID_CHARACTERS == len(text) * _UUID_BYTES and _uuid_text(raw) == text
    return Encoded("uuid", "", (), raw) if written_so else None


def _uuid_text(raw: bytes) -> str:
    digits = np.frombuffer(raw.hex().encode("ascii"), np.uint8).reshape(-1, 2 * _UUID_BYTES)
    text = np.full((len(digits), _UUID_CHARACTERS), ord("-"), np.uint8)
    text[:, _UUID_DIGITS] = digits
    return text.tobytes().decode("ascii")


def _uuid_texts(raw: bytes) -> list[str]:
    text = _uuid_text(raw)
    return [text[at : at + _UUID_CHARACTERS] for at in range(0, len(text), _UUID_CHARACTERS)]


def _scalars(values: Sequence[np.generic]) -> Encoded | None:
    dtype = values[0].dtype
    if dtype.kind not in _SCALAR_KINDS or any(value.dtype != dtype for value in values):
        return None
    return Encoded("scalars", dtype.str, (), np.array(values).tobytes())


def _arrays(values: Sequence[np.ndarray]) -> Encoded | None:
    alike = len({(value.dtype.str, value.shape) for value in values}) == 1
    if not alike or values[0].dtype.kind not in jsontext.STORABLE_KINDS:
        return None
    raw = b"".join(value.tobytes() for value in values)
    return Encoded("arrays", values[0].dtype.str, values[0].shape, raw)


def _lists(values: Sequence[list[Any]]) -> Encoded | None:
    types = set(map(type, _leaves(values)))
    dtype = _LIST_DTYPES.get(types.pop()) if len(types) == 1 else None
    if dtype is None:
        return None
    try:
        array = np.array(values, dtype)
    except (ValueError, OverflowError):  # ragged, or beyond 64 bits
        return None
    return Encoded("plain", dtype, array.shape[1:], array.tobytes())


def _leaves(values: Sequence[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list):
            yield from _leaves(value)
        else:
            yield value


#: Not text: numpy would drop trailing zeros.
_SCALAR_KINDS = "biufcmM"
_LIST_DTYPES = {float: "<f8", int: "<i8", bool: "|b1"}
_ENCODERS: dict[type, Callable[[Any], Encoded | None]] = {
    float: _numbers("<f8"),
    int: _numbers("<i8"),
    bool: _numbers("|b1"),
    str: _texts,
    list: _lists,
    np.ndarray: _arrays,
    np.generic: _scalars,
}

#: How the bytes of texts become its values again.
_TEXTS: dict[str, Callable[[bytes], Any]] = {
    "json": lambda raw: jsontext.loads(raw.decode("ascii")),
    "uuid": _uuid_texts,
}
#: How the rows of a column become its values again.
_ROWS: dict[str, Callable[[np.ndarray], Any]] = {
    "plain": np.ndarray.tolist,
    "range": np.ndarray.tolist,
    "scalars": list,
    "arrays": lambda array: [array[row, ...].copy() for row in range(len(array))],
    "column": np.ndarray.copy,
}
