"""Documents as JSON text, with what JSON lacks: numpy arrays and scalars, bytes, NaN and infinities.

Everything comes back as it was, but for tuples, which come back as lists, and numpy's float64 and str
scalars, which come back as Python's. What would not is refused, and its key named.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from beamtwin.databroker.errors import DocumentError

__all__ = ["check", "dumps", "loads"]

#: The key of a dictionary that stands for what JSON lacks.
MARK = "$beamtwin"

_PLAIN = (str, int, float, bool, type(None), bytes)
#: The kinds of numpy dtypes that bytes and `dtype.str` describe in full.
STORABLE_KINDS = "biufcSUmM"


def dumps(value: Any) -> str:
    """The JSON text (ASCII) of a document.

    Raises
    ------
    DocumentError
        Naming the key of what cannot be stored.
    """
    try:
        text = _encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        check(value)
        raise DocumentError(f"cannot be stored: {error}") from error
    if MARK in text:
        check(value)
    return text


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
    for path, fault in _faults(value, ""):
        raise DocumentError(f"{path or 'the document'}: {fault}")


def _faults(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _key_faults(key, path)
            yield from _faults(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _faults(item, f"{path}.{index}")
    elif isinstance(value, np.ndarray | np.generic):
        if value.dtype.kind not in STORABLE_KINDS:
            yield path, f"an array of dtype {value.dtype} cannot be stored; convert it to numbers"
    elif not isinstance(value, _PLAIN):
        yield path, f"a {type(value).__name__} cannot be stored; convert it to numbers or text"


def _key_faults(key: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(key, str):
        yield path, f"the key {key!r} is a {type(key).__name__}; keys must be strings"
    elif key == MARK:
        yield path, f"the key {MARK!r} is reserved; use another"


def _replace(value: Any) -> dict[str, Any]:
    if isinstance(value, bytes):
        return {MARK: "bytes", "base64": _base64(value)}
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in STORABLE_KINDS:
        kind = "array" if isinstance(value, np.ndarray) else "scalar"
        body = {"dtype": value.dtype.str, "shape": value.shape, "base64": _base64(value.tobytes())}
        return {MARK: kind, **body}
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _restore(item: dict[str, Any]) -> Any:
    kind = item.get(MARK)
    if kind is None:
        return item
    raw = base64.b64decode(item["base64"])
    if kind == "bytes":
        return raw
    array = np.frombuffer(raw, item["dtype"]).reshape(item["shape"]).copy()
    return array if kind == "array" else array[()]


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


# One encoder for all: json.dumps would build one for every call.
_encode = json.JSONEncoder(default=_replace, separators=(",", ":")).encode
