"""What MongoDB's operators ask of values: a table of functions.

Each takes its operand and what a path led to: `MISSING`, one value, or several where the path ran through lists. A
value that is a list is asked as a whole and by its elements, but for ``$size`` and ``$exists``.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from math import isfinite
from types import NoneType
from typing import Any

from beamtwin.databroker.errors import QueryError

__all__ = ["MISSING", "OPERATORS", "Found", "equals", "pattern", "plain", "rank", "same"]

#: What a path leads to.
Found = Sequence[Any]

#: Longer regular expressions are refused.
PATTERN_CHARACTERS = 1000


class _Missing:
    """Where a path leads nowhere."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()


def plain(value: Any) -> Any:
    """Lists for tuples and numpy arrays, Python's numbers for numpy's."""
    if type(value) in _BRACKETS:
        return value
    if isinstance(value, tuple):
        return list(value)
    return value.tolist() if hasattr(value, "tolist") else value


def same(value: Any, operand: Any) -> bool:
    """Whether two values are equal: of one type, though 1 is 1.0; nothing is None; NaN is NaN."""
    value, operand = None if value is MISSING else plain(value), plain(operand)
    if _bracket(value) != _bracket(operand):
        return False
    if isinstance(value, list):
        return len(value) == len(operand) and all(map(same, value, operand))
    if isinstance(value, Mapping):
        return list(value) == list(operand) and all(same(value[key], operand[key]) for key in value)
    return value == operand or (value != value and operand != operand)


def rank(value: Any) -> tuple[Any, ...]:
    """A value's place among all others, in MongoDB's order of types; of one rank if there is no order among them."""
    bracket = _bracket(plain(value))
    place = _PLACES.get(bracket, len(_PLACES))
    if bracket == "number":
        return (place, value == value, value if value == value else 0)  # NaN before all others
    return (place, value) if bracket in _ORDERED else (place, bracket)


def _bracket(value: Any) -> str:
    """Only values of one bracket can be equal or in order."""
    known = _BRACKETS.get(type(value))
    if known is not None:
        return known
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, Mapping):
        return "object"
    if isinstance(value, datetime):
        return "datetime" if value.tzinfo is None else "datetime with a time zone"
    return type(value).__name__


#: Of what JSON has, which is nearly all that there is: found at once.
_BRACKETS = {
    bool: "bool",
    int: "number",
    float: "number",
    str: "str",
    NoneType: "NoneType",
    dict: "object",
    list: "list",
}
_ORDERED = {"number", "str", "bytes", "bool", "date", "datetime", "datetime with a time zone"}
_PLACES = {
    bracket: place
    for place, bracket in enumerate(
        ["NoneType", "number", "str", "object", "list", "bytes", "bool", "date", "datetime"]
    )
}


def _each(found: Found) -> Iterator[Any]:
    """The values, and the elements of those that are lists."""
    for value in found:
        yield value
        if isinstance(value, list):
            yield from map(plain, value)


# --- equality and order -----------------------------------------------------


def equals(operand: Any, found: Found) -> bool:
    """Whether one of the values is the operand, or is matched by it if that is a regular expression."""
    if isinstance(operand, re.Pattern):
        return _regex(operand, found)
    return any(same(value, operand) for value in _each(found))


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Found], bool]:
    def holds(operand: Any, found: Found) -> bool:
        operand = plain(operand)
        if not isinstance(operand, int | float | str | date):
            raise QueryError(f"{operand!r}: only numbers, strings and dates have an order")
        bracket = _bracket(operand)
        return any(_bracket(value) == bracket and compare(value, operand) for value in _each(found))

    return holds


def _in(operand: Any, found: Found) -> bool:
    if not isinstance(operand, list | tuple | set | frozenset):
        raise QueryError(f"$in and $nin take a list of values, not {operand!r}")
    return any(equals(choice, found) for choice in operand)


# --- lists ------------------------------------------------------------------


def _size(operand: Any, found: Found) -> bool:
    if not isinstance(operand, int) or isinstance(operand, bool) or operand < 0:
        raise QueryError(f"$size: takes a number of elements, not {operand!r}")
    return any(isinstance(value, list) and len(value) == operand for value in found)


# --- kinds of values --------------------------------------------------------


def _exists(operand: Any, found: Found) -> bool:
    return bool(operand) == any(value is not MISSING for value in found)


def _mod(operand: Any, found: Found) -> bool:
    good = isinstance(operand, list | tuple) and len(operand) == 2 and all(map(_countable, operand))
    if not good or int(operand[0]) == 0:
        raise QueryError(f"$mod: takes [divisor, remainder], the divisor not 0; not {operand!r}")
    divisor, remainder = map(int, operand)
    return any(
        _countable(value) and _remainder(int(value), divisor) == remainder for value in _each(found)
    )


def _countable(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and (isinstance(value, int) or isfinite(value))


def _remainder(value: int, divisor: int) -> int:
    """With the sign of the value, as in MongoDB."""
    return abs(value) % abs(divisor) * (1 if value >= 0 else -1)


def _type(operand: Any, found: Found) -> bool:
    aliases = operand if isinstance(operand, list | tuple) else [operand]
    unknown = [alias for alias in aliases if alias not in list(_TYPES)] if aliases else [operand]
    if unknown:
        raise QueryError(f"$type: {unknown[0]!r} is not among {', '.join(_TYPES)}")
    return any(_TYPES[alias](value) for alias in aliases for value in _each(found))


def _is_integer(value: Any, bits: Iterable[int]) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and (value.bit_length() in bits)


_TYPES: dict[str, Callable[[Any], bool]] = {
    "double": lambda value: isinstance(value, float),
    "string": lambda value: isinstance(value, str),
    "object": lambda value: isinstance(value, Mapping),
    "array": lambda value: isinstance(value, list),
    "binData": lambda value: isinstance(value, bytes),
    "bool": lambda value: isinstance(value, bool),
    "date": lambda value: isinstance(value, date),
    "null": lambda value: value is None,
    "int": lambda value: _is_integer(value, range(32)),
    "long": lambda value: _is_integer(value, range(32, 1 << 30)),
    "number": lambda value: _bracket(value) == "number",
}

# --- text -------------------------------------------------------------------


def _regex(operand: re.Pattern[str], found: Found) -> bool:
    return any(
        isinstance(value, str) and operand.search(value) is not None for value in _each(found)
    )


_REGEX_OPTIONS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE}


@lru_cache
def _compiled(expression: str, options: str) -> re.Pattern[str]:
    return re.compile(expression, sum(_REGEX_OPTIONS[letter] for letter in set(options)))


def pattern(operand: Any, options: Any = "") -> re.Pattern[str]:
    """The regular expression (Python's) that ``$regex`` and ``$options`` ask for.

    Raises
    ------
    QueryError
        If it is none, or is longer than 1000 characters.
    """
    if isinstance(operand, re.Pattern):
        return operand
    unknown = set(options) - set(_REGEX_OPTIONS)
    if unknown:
        raise QueryError(f"$options: {''.join(sorted(unknown))!r} is not among 'imsx'")
    if isinstance(operand, str) and len(operand) > PATTERN_CHARACTERS:
        raise QueryError(
            f"$regex: has {len(operand)} characters, the limit is {PATTERN_CHARACTERS}"
        )
    try:
        return _compiled(operand, options)
    except (re.error, TypeError, OverflowError, RecursionError) as error:
        raise QueryError(f"$regex: {operand!r} is not a regular expression: {error}") from error


#: Those that need nothing but their operand and what was found.
OPERATORS: dict[str, Callable[[Any, Found], bool]] = {
    "$eq": equals,
    "$ne": lambda operand, found: not equals(operand, found),
    "$gt": _ordered(lambda value, operand: value > operand),
    "$gte": _ordered(lambda value, operand: value >= operand),
    "$lt": _ordered(lambda value, operand: value < operand),
    "$lte": _ordered(lambda value, operand: value <= operand),
    "$in": _in,
    "$nin": lambda operand, found: not _in(operand, found),
    "$exists": _exists,
    "$mod": _mod,
    "$regex": _regex,
    "$size": _size,
    "$type": _type,
}
