"""Between what Channel Access carries and what a channel says."""

from typing import Any

import numpy as np
from caproto import ChannelType

from beamtwin.hardware.ca.circuit import text
from beamtwin.hardware.channel import Metadata, Reading

__all__ = ["metadata_of", "payload_of", "reading_of"]

EPICS_EPOCH = 631_152_000
"""1990-01-01, in seconds since the Unix epoch."""

DTYPES = {
    ChannelType.STRING: "|S40",
    ChannelType.INT: "<i2",
    ChannelType.FLOAT: "<f4",
    ChannelType.ENUM: "enum",
    ChannelType.CHAR: "|u1",
    ChannelType.LONG: "<i4",
    ChannelType.DOUBLE: "<f8",
}

WANTED = {False: "a number is", True: "numbers in one dimension are"}

#: What a CA string holds, less the null at its end.
LONGEST_STRING = 39


def metadata_of(channel: Any, control: Any, writable: bool) -> Metadata:
    """What a connected channel's values are; ``control`` is a DBR_CTRL structure, or None for strings."""
    lower = getattr(control, "lower_ctrl_limit", 0)
    upper = getattr(control, "upper_ctrl_limit", 0)
    is_number = isinstance(lower, (int, float))  # of a CHAR the limits are bytes, and mean nothing
    return Metadata(
        dtype=DTYPES[channel.native_data_type],
        count=channel.native_data_count,
        is_array=channel.native_data_count > 1,
        units=text(getattr(control, "units", b"")),
        precision=getattr(control, "precision", None),
        limits=(lower, upper) if is_number and lower < upper else None,
        choices=tuple(text(choice) for choice in getattr(control, "enum_strings", ())),
        writable=writable,
    )


def reading_of(response: Any, metadata: Metadata) -> Reading:
    """The reading in a response of a DBR_TIME type."""
    about = response.metadata
    # caproto's own timestamp is cut to microseconds.
    timestamp = EPICS_EPOCH + about.secondsSinceEpoch + 1e-9 * about.nanoSeconds
    return Reading(_value(response.data, metadata), timestamp, about.severity, about.status)


def _value(data: Any, metadata: Metadata) -> Any:
    if metadata.dtype == "|S40":
        data = np.array([text(raw) for raw in data])
    if not metadata.is_array:
        return data[0].item()
    array = data.astype(data.dtype.newbyteorder("="), copy=False)
    array.flags.writeable = False
    return array


def payload_of(value: Any, metadata: Metadata) -> Any:
    """A value as it is sent.

    Raises
    ------
    ValueError
        Where the channel cannot hold it.
    """
    if metadata.dtype == "|S40":
        return _strings(value)
    if metadata.dtype == "enum" and isinstance(value, str):
        value = _index(value, metadata.choices)
    array = np.atleast_1d(np.asarray(value))
    if array.dtype.kind not in "biuf" or array.ndim != 1:
        raise ValueError(f"{WANTED[metadata.is_array]} wanted")
    if len(array) > metadata.count:
        raise ValueError(f"{len(array)} elements are more than the {metadata.count} it holds")
    return _exactly(array, np.dtype("<u2" if metadata.dtype == "enum" else metadata.dtype))


def _exactly(array: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
    """In another type, refusing what that would change."""
    with np.errstate(invalid="ignore", over="ignore"):
        converted = array.astype(dtype)
    if dtype.kind in "iu" and not np.array_equal(converted, array):
        raise ValueError(f"{dtype.name} cannot hold it")
    return converted


def _strings(value: Any) -> list[bytes]:
    strings = [str(item).encode() for item in np.atleast_1d(np.asarray(value))]
    if any(len(string) > LONGEST_STRING for string in strings):
        raise ValueError(f"Channel Access strings hold {LONGEST_STRING} bytes")
    return strings


def _index(choice: str, choices: tuple[str, ...]) -> int:
    if choice not in choices:
        raise ValueError(f"the choices are {', '.join(choices)}")
    return choices.index(choice)
