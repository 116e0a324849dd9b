"""Columns of a table: how values of each data type are written in so many characters."""

from collections.abc import Callable
from typing import Any, NamedTuple

from beamtwin.orchestration.live.base import Document

__all__ = ["Column", "column_of", "fitted", "unit_of"]

Show = Callable[[Any], str]


class Column(NamedTuple):
    """One data key: its headings, how wide it is, and its values as text."""

    key: str
    unit: str
    width: int
    show: Callable[[Any], str]

    @property
    def heading(self) -> tuple[str, str, int]:
        """What stands above its values, and how wide."""
        return self.key, self.unit, self.width


def column_of(key: str, data_key: Document, width: int, default_prec: int) -> Column:
    """The column of a data key.

    Parameters
    ----------
    default_prec : int
        Digits after the point of numbers whose data key has no ``precision``.
    """
    make = _SHOWN_AS.get(data_key["dtype"], _text)
    return Column(key, unit_of(data_key), width, make(width, data_key, default_prec))


def _number(width: int, data_key: Document, default_prec: int) -> Show:
    """Fixed where it fits, else with an exponent; a precision of the data key's own is kept to."""
    own = _precision(data_key)
    digits = default_prec if own is None else own
    fixed, exponent = f"{{:>{width}.{digits}f}}", f"{{:>{width}.{max(1, min(digits, width - 8))}e}}"
    least = 10.0**-digits if own is None else 0.0

    def show(value: Any) -> str:
        try:
            text = fixed.format(value)
            if len(text) > width or 0.0 < abs(value) < least:
                text = exponent.format(value)
        except (TypeError, ValueError):
            return fitted(str(value), width)
        return text

    return show


def _integer(width: int, data_key: Document, default_prec: int) -> Show:
    def show(value: Any) -> str:
        try:
            whole = int(value)
        except (TypeError, ValueError):
            return fitted(str(value), width)
        return fitted(str(whole if whole == value else value), width)

    return show


def _text(width: int, data_key: Document, default_prec: int) -> Show:
    return lambda value: fitted(str(value), width)


def _array(width: int, data_key: Document, default_prec: int) -> Show:
    """Its shape: the numbers have no room in a line."""
    shape = " × ".join(str(length) for length in data_key.get("shape", ()))
    text = fitted(f"[{shape}]", width)
    return lambda value: text


_SHOWN_AS: dict[str, Callable[[int, Document, int], Show]] = {
    "number": _number,
    "integer": _integer,
    "array": _array,
}


def _precision(data_key: Document) -> int | None:
    precision = data_key.get("precision")
    return int(precision) if isinstance(precision, (int, float)) and precision >= 0 else None


def unit_of(data_key: Document) -> str:
    """The unit of a data key; empty, where it has none."""
    return str(data_key.get("units") or "")


def fitted(text: str, width: int) -> str:
    """Right-aligned; the middle of what is too long is left out, since data keys differ at both ends."""
    if len(text) <= width:
        return text.rjust(width)
    head = (width - 1) // 2
    return f"{text[:head]}…{text[len(text) - (width - 1 - head) :]}"
