"""Between a record's readings and the data types of Channel Access (DBR)."""

import math
from typing import Any, NamedTuple

import caproto as ca
import numpy as np
from caproto import ChannelType

from beamtwin.hardware.ca.values import EPICS_EPOCH, LONGEST_STRING, text
from beamtwin.hardware.channel import Metadata, Reading
from beamtwin.twin.unlimited import UNSAID, Unlimited

__all__ = ["Payload", "native_type", "payload", "value_of"]

#: What serves a numpy type; Channel Access has no unsigned type wider than a byte, and nothing of 64 bits but a double.
NATIVE = {
    "f8": ChannelType.DOUBLE,
    "f4": ChannelType.FLOAT,
    "i8": ChannelType.DOUBLE,
    "i4": ChannelType.LONG,
    "i2": ChannelType.INT,
    "i1": ChannelType.CHAR,
    "u8": ChannelType.DOUBLE,
    "u4": ChannelType.DOUBLE,
    "u2": ChannelType.LONG,
    "u1": ChannelType.CHAR,
    "b1": ChannelType.CHAR,
}

NUMBERS = {
    ChannelType.INT: ">i2",
    ChannelType.FLOAT: ">f4",
    ChannelType.ENUM: ">u2",
    ChannelType.CHAR: "u1",
    ChannelType.LONG: ">i4",
    ChannelType.DOUBLE: ">f8",
}

#: What integers hold.
ENDS = {
    wire: (int(np.iinfo(wire).min), int(np.iinfo(wire).max))
    for wire in NUMBERS.values()
    if np.dtype(wire).kind != "f"
}

#: EPICS sends these with an alarm and without a time; caproto has another layout for the second.
SHORT_OF_TIME = {
    ChannelType.GR_STRING: ChannelType.STS_STRING,
    ChannelType.CTRL_STRING: ChannelType.STS_STRING,
}
STRUCTURES: dict[ChannelType, Any] = {
    data_type: ca.DBR_TYPES[SHORT_OF_TIME.get(data_type, data_type)]  # pyright: ignore[reportArgumentType]
    for data_type in ChannelType
    if data_type <= ChannelType.CTRL_DOUBLE
}

WITH_LIMITS = {
    data_type
    for data_type in ca.graphical_types | ca.control_types
    if ca.native_type(data_type) not in (ChannelType.STRING, ChannelType.ENUM)
}

DISPLAYED = ("lower_disp_limit", "upper_disp_limit")
CONTROLLED = ("lower_ctrl_limit", "upper_ctrl_limit")
WARNED = ("lower_warning_limit", "upper_warning_limit")
ALARMED = ("lower_alarm_limit", "upper_alarm_limit")

#: Digits after the point where a record has no PREC.
USUAL_DIGITS = 6

WITH_CHOICES = (ChannelType.GR_ENUM, ChannelType.CTRL_ENUM)


class Payload(NamedTuple):
    """What a response carries."""

    data_type: ChannelType
    length: int
    about: Any
    """The DBR structure before the values; nothing for plain types."""
    data: Any


def native_type(metadata: Metadata) -> ChannelType:
    """The type that a PV is served as."""
    if metadata.dtype == "enum":
        return ChannelType.ENUM
    if metadata.dtype.startswith("|S"):
        return ChannelType.STRING
    return NATIVE[metadata.dtype[1:]]


def payload(
    reading: Reading,
    metadata: Metadata,
    data_type: ChannelType,
    count: int,
    unlimited: Unlimited = UNSAID,
) -> Payload:
    """A reading as a client asks for it.

    Parameters
    ----------
    count : int
        How many elements are wanted, zeros after those there are; 0 for those there are.
    unlimited
        What stands for limits that there are not.

    Raises
    ------
    ValueError
        Where there is no such conversion.
    """
    if data_type not in STRUCTURES:
        raise ValueError(f"{data_type.name} is not served")
    data = _values(reading.value, metadata, ca.native_type(data_type))
    if count:
        data = _exactly(data, count)
    about = b"" if data_type in ca.native_types else _about(reading, metadata, data_type, unlimited)
    return Payload(data_type, len(data), about, data)


def _values(value: Any, metadata: Metadata, wanted: ChannelType) -> Any:
    if wanted == ChannelType.STRING:
        return ca.DbrStringArray(_strings(value, metadata))
    if metadata.dtype.startswith("|S"):
        if wanted != ChannelType.CHAR:
            value = [float(item) for item in np.atleast_1d(value)]
        else:  # "NAME.FIELD$": a string as characters
            value = np.frombuffer(str(value).encode() + b"\0", dtype="u1")
    with np.errstate(invalid="ignore", over="ignore"):
        return np.atleast_1d(value).astype(NUMBERS[wanted])


def _strings(value: Any, metadata: Metadata) -> list[bytes]:
    if metadata.dtype == "enum":
        known = 0 <= value < len(metadata.choices)
        strings = [metadata.choices[value] if known else str(value)]
    elif metadata.dtype[1] == "f":
        digits = USUAL_DIGITS if metadata.precision is None else metadata.precision
        strings = [_number_text(number, digits) for number in np.atleast_1d(value)]
    else:
        strings = [str(item) for item in np.atleast_1d(value)]
    return [string.encode()[:LONGEST_STRING] for string in strings]


def _number_text(number: float, digits: int) -> str:
    """A number as EPICS base's ``cvtDoubleToString`` writes it: large ones with fewer digits, or an exponent."""
    if digits > 8 or abs(number) > 1e16:
        digits = min(digits, 17)
        return f"{number:{digits + 7}.{digits}e}"
    if abs(number) > 1e7:
        digits = min(digits, 3)
    return f"{number:.{digits}f}"


def _exactly(data: Any, count: int) -> Any:
    data = data[:count]
    missing = count - len(data)
    if not missing:
        return data
    if isinstance(data, np.ndarray):
        return np.concatenate([data, np.zeros(missing, data.dtype)])
    return data + [b""] * missing


def _about(
    reading: Reading, metadata: Metadata, data_type: ChannelType, unlimited: Unlimited
) -> Any:
    about = STRUCTURES[data_type]()
    about.status, about.severity = reading.status, reading.severity
    if data_type in ca.time_types:
        seconds, fraction = divmod(max(0.0, reading.timestamp - EPICS_EPOCH), 1)
        about.secondsSinceEpoch = int(seconds)
        about.nanoSeconds = min(round(1e9 * fraction), 999_999_999)
    elif data_type in WITH_CHOICES:
        about.enum_strings = [choice.encode() for choice in metadata.choices[: ca.MAX_ENUM_STATES]]
    elif data_type in WITH_LIMITS:
        _describe(about, metadata, NUMBERS[ca.native_type(data_type)], unlimited)
    return about


def _describe(about: Any, metadata: Metadata, wire: str, unlimited: Unlimited) -> None:
    about.units = metadata.units.encode()[: ca.MAX_UNITS_SIZE - 1]
    if hasattr(about, "precision"):
        about.precision = metadata.precision or 0
    none = unlimited.alarm
    for names, limits in (
        (DISPLAYED, metadata.display_limits or unlimited.display),
        (CONTROLLED, metadata.limits or unlimited.control),
        (WARNED, metadata.warning_limits or (none, none)),
        (ALARMED, metadata.alarm_limits or (none, none)),
    ):
        for name, limit in zip(names, limits, strict=True):
            if hasattr(about, name):
                setattr(about, name, _limit(none if limit is None else limit, wire))


def _limit(limit: float, wire: str) -> float | bytes:
    """A limit as a type carries it: integers have no NaN, and what goes beyond them stays at their ends."""
    if wire not in ENDS:
        return float(limit)
    low, high = ENDS[wire]
    whole = 0 if math.isnan(limit) else min(max(int(limit), low), high)
    return bytes((whole,)) if wire == "u1" else whole


def value_of(request: Any, metadata: Metadata) -> Any:
    """What a client writes, as a record's `put` takes it.

    Raises
    ------
    ValueError
        Where nothing is written.
    """
    wire = ca.native_type(request.data_type)
    is_text = metadata.dtype.startswith("|S")
    if wire == ChannelType.CHAR and is_text:
        return text(request.data.tobytes())
    values: Any = request.data
    if wire == ChannelType.STRING:
        values = np.array([text(raw) for raw in values])
    if metadata.is_array:
        return values.astype(values.dtype.newbyteorder("="))
    if not len(values):
        raise ValueError("there is no value")
    first = values[0].item()
    if metadata.dtype == "enum" and first not in metadata.choices and str(first).isdigit():
        return int(first)
    return str(first) if is_text else first
