"""Documents as JSON text, with what JSON lacks: numpy arrays and scalars, bytes, dates, NaN and infinities.

Everything comes back as it was, but for tuples, which come back as lists, numpy's float64, str and bytes scalars, which
come back as Python's, and times with a zone, which come back with its offset. What would not is refused, and its key
named.
"""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from math import isfinite
from typing import Any

import numpy as np

from beamtwin.databroker.errors import DocumentError

__all__ = ["DEEPEST", "MARK", "array_of", "check", "dumps", "encode", "loads"]

#: How deep documents may be nested: what MongoDB takes, too.
DEEPEST = 100
#: The key of a dictionary that stands for what JSON lacks.
MARK = "$beamtwin"
#: The kinds of numpy dtypes that bytes and `dtype.str` describe in full.
STORABLE_KINDS = "biufcSUmM"

#: Beyond this Python refuses to write an integer in decimal digits.
_INTEGER_BITS = 14_000
#: What needs no second look.
_SAFE = {float, bool, type(None), bytes, datetime, date, time, timedelta}


def dumps(value: Any) -> str:
    """The JSON text (ASCII) of a document.

    Raises
    ------
    DocumentError
        Naming the key of what cannot be stored.
    """
    check(value)
    return encode(value)


def encode(value: Any) -> str:
    """The JSON text of what `check` has passed."""
    try:
        return _encode(value)
    except ValueError:  # NaN or an infinity
        check(value)
        return _encode(_finite(value))


def loads(text: str) -> Any:
    """What `dumps` was given."""
    return json.loads(text, object_hook=_restore if MARK in text else None)


def check(value: Any) -> None:
    """Refuse what would not come back as it is.

    Raises
    ------
    DocumentError
        Naming the first such key.
    """
    fault = _fault(value, DEEPEST)
    if fault is not None:
        path, text = fault
        raise DocumentError(f"{'.'.join(path) or 'the document'}: {text}")


# --- what is refused --------------------------------------------------------

#: Where it is, and what is wrong with it.
_Fault = tuple[tuple[str, ...], str]


def _fault(value: Any, levels: int) -> _Fault | None:
    if isinstance(value, Mapping):
        return _fault_within(value.items(), levels)
    if isinstance(value, list | tuple):
        return _fault_within(((str(index), item) for index, item in enumerate(value)), levels)
    if isinstance(value, np.ndarray | np.generic):
        text = _array_fault(value)
    elif isinstance(value, str):
        text = None if value.isascii() else _text_fault(value)
    elif isinstance(value, int):
        text = _integer_fault(value)
    elif type(value) in _SAFE:
        return None
    else:
        text = f"a {type(value).__name__} cannot be stored; convert it to numbers or text"
    return None if text is None else ((), text)


def _fault_within(items: Any, levels: int) -> _Fault | None:
    if levels == 0:
        return (), f"is nested deeper than {DEEPEST} levels; flatten it, or keep it in a file"
    for key, item in items:
        if key.__class__ is str and item.__class__ in _SAFE and key.isascii() and key != MARK:
            continue
        text = _key_fault(key)
        if text is not None:
            return (), text
        fault = _fault(item, levels - 1)
        if fault is not None:
            path, text = fault
            return (str(key), *path), text
    return None


def _key_fault(key: Any) -> str | None:
    if not isinstance(key, str):
        return f"the key {key!r} is a {type(key).__name__}; keys must be strings"
    if key == MARK:
        return f"the key {MARK!r} is reserved; use another"
    return None if key.isascii() else _text_fault(key)


def _array_fault(value: np.ndarray | np.generic) -> str | None:
    if isinstance(value, np.ndarray) and type(value) is not np.ndarray:
        return f"a {type(value).__name__} cannot be stored; convert it by np.asarray"
    if value.dtype.kind not in STORABLE_KINDS:
        return f"an array of dtype {value.dtype} cannot be stored; convert it to numbers"
    return None


def _text_fault(value: str) -> str | None:
    try:
        value.encode()
    except UnicodeEncodeError:
        return f"{value[:20]!a} is not valid Unicode (half of a surrogate pair); mend the text"
    return None


def _integer_fault(value: int) -> str | None:
    if value.bit_length() <= _INTEGER_BITS:
        return None
    return f"an integer of {value.bit_length()} bits cannot be stored; convert it to text"


# --- what JSON lacks --------------------------------------------------------


def _replace(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, bytes):
        return {MARK: "bytes", "base64": _base64(value)}
    if isinstance(value, np.ndarray | np.generic):
        kind = "array" if isinstance(value, np.ndarray) else "scalar"
        body = {"dtype": value.dtype.str, "shape": value.shape, "base64": _base64(value.tobytes())}
        return {MARK: kind, **body}
    if isinstance(value, timedelta):
        parts = [value.days, value.seconds, value.microseconds]
        return {MARK: "timedelta", "parts": parts}
    fold = {"fold": 1} if getattr(value, "fold", 0) else {}
    return {MARK: type(value).__name__, "text": value.isoformat(), **fold}


def _finite(value: Any) -> Any:
    """The same, with marks for NaN and infinities."""
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not isfinite(value):
        return {MARK: "float", "text": repr(float(value))}
    return value


def _restore(item: dict[str, Any]) -> Any:
    kind = item.get(MARK)
    if kind is None:
        return item
    try:
        return _RESTORED[kind](item)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise DocumentError(f"{MARK!r} of {kind!r} cannot be read: {error}") from error


def array_of(raw: bytes, dtype: Any, shape: Sequence[int]) -> np.ndarray:
    """The array that these bytes are.

    Raises
    ------
    ValueError
        If they are not as many, of a kind that is never stored, or texts that are not Unicode.
    """
    array = np.frombuffer(raw, dtype).reshape(shape).copy()
    if array.dtype.kind not in STORABLE_KINDS:
        raise ValueError(f"an array of dtype {array.dtype} is not read")
    if array.dtype.kind == "U":
        raw.decode("utf-32-be" if array.dtype.byteorder == ">" else "utf-32-le")
    return array


def _array(item: dict[str, Any]) -> np.ndarray:
    return array_of(base64.b64decode(item["base64"]), item["dtype"], item["shape"])


def _folded(value: Any, item: dict[str, Any]) -> Any:
    return value.replace(fold=item.get("fold", 0))


_RESTORED: dict[str, Callable[[dict[str, Any]], Any]] = {
    "bytes": lambda item: base64.b64decode(item["base64"]),
    "array": _array,
    "scalar": lambda item: _array(item)[()],
    "float": lambda item: float(item["text"]),
    "datetime": lambda item: _folded(datetime.fromisoformat(item["text"]), item),
    "date": lambda item: date.fromisoformat(item["text"]),
    "time": lambda item: _folded(time.fromisoformat(item["text"]), item),
    "timedelta": lambda item: timedelta(*item["parts"]),
}


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


# One encoder for all: json.dumps would build one for every call.
_encode = json.JSONEncoder(default=_replace, separators=(",", ":"), allow_nan=False).encode
