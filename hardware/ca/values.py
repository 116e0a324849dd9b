"""Between what Channel Access carries and what a channel says."""

from collections.abc import Sequence
from math import isnan
from struct import Struct
from typing import Any, NamedTuple

import numpy as np

from beamtwin.hardware.ca.wire import Payload
from beamtwin.hardware.channel import Metadata, Range, Reading
from beamtwin.hardware.ranges import WHOLE

__all__ = [
    "CONTROL",
    "EPICS_EPOCH",
    "LONGEST_STRING",
    "TIME",
    "metadata_of",
    "payload_of",
    "reading_of",
    "text",
]

EPICS_EPOCH = 631_152_000
"""1990-01-01, in seconds since the Unix epoch."""

#: Added to a native type: a value with its time and alarm; a value with its units and limits.
TIME, CONTROL = 14, 28


class Native(NamedTuple):
    """A native type of Channel Access."""

    dtype: str
    """As `Metadata` has it."""
    wire: np.dtype[Any]
    timed: Struct
    """DBR_TIME: status, severity, seconds, nanoseconds, one value."""
    control: Struct | None = None
    """DBR_CTRL without its value."""

    @property
    def offset(self) -> int:
        """Where the values begin in a DBR_TIME structure."""
        return self.timed.size - self.wire.itemsize


def _native(dtype: str, wire: str, value: str, control: str | None) -> Native:
    described = None if control is None else Struct(">hh" + control)
    return Native(dtype, np.dtype(wire), Struct(">hhII" + value), described)


#: By number: DBR_STRING, SHORT, FLOAT, ENUM, CHAR, LONG, DOUBLE. After the alarm DBR_CTRL has the precision of floats,
#: units and eight limits; or the number of choices, and sixteen of 26 bytes.
NATIVE = (
    _native("|S40", "S40", "40s", None),
    _native("<i2", ">i2", "2xh", "8s8h"),
    _native("<f4", ">f4", "f", "h2x8s8f"),
    _native("enum", ">u2", "2xH", "H416s"),
    _native("|u1", "u1", "3xB", "8s8B"),
    _native("<i4", ">i4", "i", "8s8i"),
    _native("<f8", ">f8", "4xd", "h2x8s8d"),
)

#: By what carries them, the types of fields.
CARRIED = {
    "<i2": ("SHORT",),
    "<f4": ("FLOAT",),
    "|u1": ("UCHAR",),
    "<i4": ("LONG", "USHORT"),
    "<f8": ("DOUBLE", "ULONG"),
}
#: All that these types hold, in the digits that arrive.
ENDS = {
    dtype: [tuple(np.array(WHOLE[name], dtype).tolist()) for name in names]
    for dtype, names in CARRIED.items()
}

STRING, ENUM = 0, 3
WITH_PRECISION = (2, 6)

CHOICE_SIZE = 26

WANTED = {False: "a number is", True: "numbers in one dimension are"}

#: What a CA string holds, less the null at its end.
LONGEST_STRING = 39


def metadata_of(data_type: int, count: int, control: Payload | None, writable: bool) -> Metadata:
    """What a connected channel's values are.

    Parameters
    ----------
    data_type, count : int
        The native ones.
    control : bytes, optional
        A DBR_CTRL structure; strings have none.
    """
    native = NATIVE[data_type]
    common: dict[str, Any] = {
        "dtype": native.dtype,
        "count": count,
        "is_array": count > 1,
        "writable": writable,
    }
    if control is None or native.control is None:
        return Metadata(**common)
    fields = native.control.unpack_from(control)[2:]
    if data_type == ENUM:
        return Metadata(**common, choices=_choices(*fields))
    if data_type in WITH_PRECISION:
        common["precision"], *fields = fields
    return Metadata(**common, units=text(fields[0]), **_limits(fields[1:], ENDS[native.dtype]))


def _choices(count: int, strings: bytes) -> tuple[str, ...]:
    starts = range(0, CHOICE_SIZE * count, CHOICE_SIZE)
    return tuple(text(strings[start : start + CHOICE_SIZE]) for start in starts)


def _limits(limits: Any, whole: Sequence[tuple[float, ...]]) -> dict[str, Any]:
    """Eight numbers, by what they limit; EPICS says that there are none with equal ones, NaN, or a type's own."""
    (show_high, show_low, alarm_high, warn_high, warn_low, alarm_low, high, low) = limits
    return {
        "limits": _between(low, high, whole),
        "display_limits": _between(show_low, show_high, whole),
        "warning_limits": _range(warn_low, warn_high),
        "alarm_limits": _range(alarm_low, alarm_high),
    }


def _between(
    low: float, high: float, whole: Sequence[tuple[float, ...]]
) -> tuple[float, float] | None:
    return (low, high) if low < high and (low, high) not in whole else None


def _range(low: float, high: float) -> Range | None:
    if isnan(low) or isnan(high):
        sides = None if isnan(low) else low, None if isnan(high) else high
        return None if sides == (None, None) else sides
    return (low, high) if low < high else None


def reading_of(payload: Payload, data_type: int, count: int, is_array: bool) -> Reading:
    """The reading in a DBR_TIME structure.

    Parameters
    ----------
    data_type : int
        The native one.
    """
    native = NATIVE[data_type]
    if is_array:
        status, severity, seconds, nanoseconds = native.timed.unpack(
            bytes(payload[: native.timed.size]).ljust(native.timed.size, b"\0")
        )[:4]
        value = _array(payload, native, count)
    else:
        status, severity, seconds, nanoseconds, value = native.timed.unpack_from(payload)
        if data_type == STRING:
            value = text(value)
    return Reading(value, EPICS_EPOCH + seconds + 1e-9 * nanoseconds, severity, status)


def _array(payload: Payload, native: Native, count: int) -> np.ndarray:
    size = native.wire.itemsize
    count = min(count, max(0, len(payload) - native.offset) // size)
    start = native.offset
    array = np.frombuffer(memoryview(payload)[start : start + count * size], native.wire)
    if native.dtype == "|S40":
        array = np.array([text(raw) for raw in array], dtype=str)
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    array.flags.writeable = False
    return array


def payload_of(value: Any, metadata: Metadata) -> tuple[bytes, int]:
    """A value as it is sent, and how many elements that are.

    Raises
    ------
    ValueError
        Where the channel cannot hold it.
    """
    if metadata.dtype == "|S40":
        strings = _strings(value)
        return b"".join(string.ljust(LONGEST_STRING + 1, b"\0") for string in strings), len(strings)
    if metadata.dtype == "enum" and isinstance(value, str):
        value = _index(value, metadata.choices)
    array = np.atleast_1d(np.asarray(value))
    if array.dtype.kind not in "biuf" or array.ndim != 1:
        raise ValueError(f"{WANTED[metadata.is_array]} wanted")
    if len(array) > metadata.count:
        raise ValueError(f"{len(array)} elements are more than the {metadata.count} it holds")
    exact = _exactly(array, np.dtype("<u2" if metadata.dtype == "enum" else metadata.dtype))
    return exact.astype(exact.dtype.newbyteorder(">"), copy=False).tobytes(), len(exact)


def _exactly(array: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
    """In another type, refusing what that would change."""
    with np.errstate(invalid="ignore", over="ignore"):
        converted = array.astype(dtype, copy=False)
    if dtype.kind in "iu" and not np.array_equal(converted, array):
        raise ValueError(f"{dtype.name} cannot hold it")
    return converted


def _strings(value: Any) -> list[bytes]:
    strings = [str(item).encode() for item in np.atleast_1d(np.asarray(value))]
    if any(len(string) > LONGEST_STRING for string in strings):
        raise ValueError(
            f"Channel Access strings hold {LONGEST_STRING} bytes; the field with a $ behind its name"
            " holds what the record does"
        )
    return strings


def _index(choice: str, choices: tuple[str, ...]) -> int:
    if choice not in choices:
        raise ValueError(f"the choices are {', '.join(choices)}")
    return choices.index(choice)


def text(raw: Payload) -> str:
    """A string off the wire; IOCs write UTF-8 or Latin-1 and do not say which."""
    raw = bytes(raw).partition(b"\0")[0]
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
