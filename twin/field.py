"""Field: what a field of a record holds, and how a client's value becomes one."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

__all__ = ["Field", "convert", "integer", "menu", "real", "short", "string", "unsigned"]

LONGEST_STRING = 39
"""Bytes in an EPICS string, less the null at its end."""


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


def real(default: float = 0.0, units: str = "EGU", writable: bool = True) -> Field:
    """A DBF_DOUBLE field."""
    return Field("<f8", default, units=units, writable=writable)


def unsigned(default: float = 0.0, writable: bool = True) -> Field:
    """A DBF_ULONG field, which Channel Access carries as a double."""
    return Field("<f8", default, writable=writable)


def integer(default: int = 0, units: str = "", writable: bool = True) -> Field:
    """A DBF_LONG field."""
    return Field("<i4", default, units=units, writable=writable)


def short(default: int = 0, writable: bool = True) -> Field:
    """A DBF_SHORT field."""
    return Field("<i2", default, writable=writable)


def string(default: str = "", writable: bool = True) -> Field:
    """A DBF_STRING field."""
    return Field("|S40", default, writable=writable)


def menu(*choices: str, default: int = 0, writable: bool = True) -> Field:
    """A DBF_MENU or DBF_ENUM field; its value is an index."""
    return Field("enum", default, choices, writable)


def convert(value: Any, dtype: str, choices: tuple[str, ...]) -> Any:
    """A client's value as a field holds it.

    Parameters
    ----------
    dtype, choices
        The field's.

    Raises
    ------
    TypeError, ValueError, OverflowError
        Where it cannot: saying what is wanted.
    """
    return _index(value, choices) if dtype == "enum" else CONVERSIONS[dtype](value)


def _index(value: Any, choices: tuple[str, ...]) -> int:
    if isinstance(value, str):
        if value in choices:
            return choices.index(value)
    elif value in range(len(choices)):
        return int(value)
    raise ValueError(f"the choices are {', '.join(map(repr, choices))}")


def _whole(bits: int) -> Callable[[Any], int]:
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1

    def convert(value: Any) -> int:
        number = float(value)
        if low <= number <= high and number.is_integer():
            return int(number)
        raise ValueError(f"a whole number in [{low}, {high}] is wanted")

    return convert


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("text is wanted")
    if len(value.encode()) > LONGEST_STRING:
        raise ValueError(f"more than {LONGEST_STRING} bytes")
    return value


CONVERSIONS: Mapping[str, Callable[[Any], Any]] = {
    "<f8": float,
    "<i4": _whole(32),
    "<i2": _whole(16),
    "|S40": _text,
}
