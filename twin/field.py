"""Field: what a field of a record holds, and how a client's value becomes one."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from beamtwin.hardware.channel import SEVERITIES

__all__ = [
    "LINKS",
    "Field",
    "byte",
    "convert",
    "each",
    "integer",
    "link",
    "menu",
    "real",
    "severity",
    "short",
    "single",
    "string",
    "unsigned",
    "unsigned_short",
]

LONGEST_STRING = 39
"""Bytes in an EPICS string, less the null at its end."""

LONGEST_LINK = 255

#: The EPICS types of links.
LINKS = ("INLINK", "OUTLINK", "FWDLINK")


class Field(NamedTuple):
    """What a field of a record holds."""

    dtype: str
    """As in `Metadata`: what Channel Access serves, which has no unsigned types wider than a byte."""
    default: Any
    choices: tuple[str, ...] = ()
    writable: bool = True
    units: str = ""
    """``EGU`` in it stands for the record's own."""
    nelm: int = 1
    is_array: bool = False
    dbf: str = ""
    """EPICS's own type, ``DBF_...``, where ``dtype`` does not say it."""
    size: int = LONGEST_STRING
    """The longest text it holds, in bytes."""
    pp: bool = False
    """Whether a client's write has the record processed: ``pp(TRUE)``."""
    prop: bool = False
    """Whether it says something of the values: ``prop(YES)``."""
    precision: int | None = None
    """Digits after the point, where it is not PREC that says how many."""


def real(default: float = 0.0, units: str = "EGU", writable: bool = True, **about: Any) -> Field:
    """A DBF_DOUBLE field.

    Parameters
    ----------
    **about
        ``pp``, ``prop``: as in `Field`; of all these functions.
    """
    return Field("<f8", default, units=units, writable=writable, dbf="DOUBLE", **about)


def single(default: float = 0.0, units: str = "EGU", writable: bool = True, **about: Any) -> Field:
    """A DBF_FLOAT field."""
    return Field("<f4", default, units=units, writable=writable, dbf="FLOAT", **about)


def unsigned(default: float = 0.0, writable: bool = True, **about: Any) -> Field:
    """A DBF_ULONG field, which Channel Access carries as a double."""
    return Field("<f8", default, writable=writable, dbf="ULONG", **about)


def integer(default: int = 0, units: str = "", writable: bool = True, **about: Any) -> Field:
    """A DBF_LONG field."""
    return Field("<i4", default, units=units, writable=writable, dbf="LONG", **about)


def short(default: int = 0, writable: bool = True, **about: Any) -> Field:
    """A DBF_SHORT field."""
    return Field("<i2", default, writable=writable, dbf="SHORT", **about)


def unsigned_short(default: int = 0, writable: bool = True, **about: Any) -> Field:
    """A DBF_USHORT field, which Channel Access carries as a long."""
    return Field("<i4", default, writable=writable, dbf="USHORT", **about)


def byte(default: int = 0, writable: bool = True, **about: Any) -> Field:
    """A DBF_UCHAR field."""
    return Field("|u1", default, writable=writable, dbf="UCHAR", **about)


def string(default: str = "", writable: bool = True, **about: Any) -> Field:
    """A DBF_STRING field."""
    return Field("|S40", default, writable=writable, dbf="STRING", **about)


def link(direction: str, writable: bool = True) -> Field:
    """A link; of `LINKS`."""
    return Field("|S40", "", writable=writable, dbf=direction, size=LONGEST_LINK)


def menu(*choices: str, default: int = 0, writable: bool = True, **about: Any) -> Field:
    """A DBF_MENU or DBF_ENUM field; its value is an index."""
    return Field("enum", default, choices, writable, dbf="MENU", **about)


def severity(**about: Any) -> Field:
    """The severity that an alarm has."""
    return menu(*SEVERITIES, **about)


def each(names: str, field: Field) -> dict[str, Field]:
    """A table of fields, alike but for their names, which stand between blanks."""
    return dict.fromkeys(names.split(), field)


def convert(value: Any, field: Field, choices: tuple[str, ...]) -> Any:
    """A client's value as a field holds it.

    Parameters
    ----------
    choices
        Of an enum, at this moment.

    Raises
    ------
    TypeError, ValueError, OverflowError
        Where it cannot: saying what is wanted.
    """
    if field.dtype == "enum":
        return _index(value, choices)
    if field.dtype == "|S40":
        return _text(value, field.size)
    return CONVERSIONS[field.dbf or field.dtype](value)


def _index(value: Any, choices: tuple[str, ...]) -> int:
    if isinstance(value, str):
        if value in choices:
            return choices.index(value)
    elif value in range(len(choices)):
        return int(value)
    raise ValueError(f"the choices are {', '.join(map(repr, choices))}")


def _whole(low: int, high: int) -> Callable[[Any], int]:
    def convert(value: Any) -> int:
        if type(value) is int and low <= value <= high:
            return value
        number = float(value)
        if low <= number <= high and number.is_integer():
            return int(number)
        raise ValueError(f"a whole number in [{low}, {high}] is wanted")

    return convert


def _signed(bits: int) -> Callable[[Any], int]:
    return _whole(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def _unsigned(bits: int) -> Callable[[Any], int]:
    return _whole(0, 2**bits - 1)


def _unsigned_long(value: Any) -> float:
    return float(_UNSIGNED_LONG(value))


def _text(value: Any, size: int) -> str:
    if not isinstance(value, str):
        raise ValueError("text is wanted")
    if len(value.encode()) > size:
        raise ValueError(f"more than {size} bytes")
    return value


_UNSIGNED_LONG = _unsigned(32)

CONVERSIONS: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("DOUBLE", "<f8", "FLOAT", "<f4"), float),
    **dict.fromkeys(("LONG", "<i4"), _signed(32)),
    **dict.fromkeys(("SHORT", "<i2"), _signed(16)),
    **dict.fromkeys(("UCHAR", "|u1"), _unsigned(8)),
    "USHORT": _unsigned(16),
    "ULONG": _unsigned_long,
}
