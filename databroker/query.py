"""MongoDB's query language over run metadata.

A query is a dictionary: ``{"plan_name": "scan", "scan_id": {"$gte": 5}, "stop.exit_status": "fail"}``. It is asked
of the start document, with the stop document under ``stop``, the descriptors under ``descriptors`` and what was said
of the run afterwards under ``annotations``. What a query means is defined here and nowhere else: a store may use its
indexes to ask it of fewer runs, but never decides.

Where MongoDB and this module could be thought to differ: values of different types are never equal and never in
order (``True`` is not ``1``); a missing key equals ``None``; a key inside a list of dictionaries is looked for in each;
regular expressions are Python's. ``$text`` needs no index, asks all strings but those of the descriptors, and knows
no language. Nothing in a query is ever run as code. A regular expression such as ``(a+)+$`` can take for ever all the
same, and nothing but Ctrl-C ends it, as Python has no time limit for one: take none from strangers.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from beamtwin.databroker.errors import QueryError
from beamtwin.databroker.operators import (
    MISSING,
    OPERATORS,
    Found,
    equals,
    pattern,
    plain,
    rank,
    same,
)
from beamtwin.databroker.text import TextSearch, strings

__all__ = ["Query", "both", "is_operators", "matches", "rank", "same", "validate", "values"]

Query = Mapping[str, Any]

#: Keys that every document has, in seconds.
_TIMES = {"time", "stop.time", "descriptors.time"}
#: How deep a query may be nested.
_DEEPEST = 50


def matches(query: Query, document: Mapping[str, Any]) -> bool:
    """Whether a document is what the query asks for.

    Raises
    ------
    QueryError
        Naming an operator that is not known, or an operand that it cannot take.
    """
    return all(_matches_item(key, operand, document) for key, operand in query.items())


def validate(query: Query) -> None:
    """Refuse a query that has no meaning, whatever it is asked of.

    Raises
    ------
    QueryError
        As `matches` would.
    """
    if not isinstance(query, Mapping):
        raise QueryError(f"a query is a dictionary such as {{'scan_id': 5}}, not {query!r}")
    if _is_deeper(query, _DEEPEST):
        raise QueryError(f"the query is nested deeper than {_DEEPEST} levels")
    for key, operand in query.items():
        if not isinstance(key, str):
            raise QueryError(f"{key!r}: keys are strings such as 'scan_id' or 'sample.name'")
        if key in _LOGIC:
            for clause in _clauses(key, operand):
                validate(clause)
        elif key == "$text":
            _text(operand)
        elif key.startswith("$"):
            raise QueryError(_refusal(key, [*_LOGIC, "$text"]))
        else:
            _validate_condition(operand)
            _check_times(key, operand)


def both(first: Query, second: Query) -> Query:
    """The query for what matches both."""
    return {"$and": [first, second]} if first and second else first or second


def values(key: str, document: Mapping[str, Any]) -> list[Any]:
    """What a document has under a key: a list is followed by its elements; numpy's values as Python's."""
    found = []
    for value in _find(document, key.split(".")):
        if value is not MISSING:
            found.append(value)
            found += map(plain, value) if isinstance(value, list) else ()
    return found


def is_operators(condition: Any) -> bool:
    """Whether a condition is made of operators, and not a value to be equal to."""
    return isinstance(condition, Mapping) and any(str(key).startswith("$") for key in condition)


def _matches_item(key: str, operand: Any, document: Mapping[str, Any]) -> bool:
    if key in _LOGIC:
        return _LOGIC[key](matches(clause, document) for clause in _clauses(key, operand))
    if key == "$text":
        return _text(operand).holds(
            text
            for part, value in document.items()
            if part != "descriptors"
            for text in strings(value)
        )
    if key.startswith("$"):
        raise QueryError(_refusal(key, [*_LOGIC, "$text"]))
    return _holds(operand, _find(document, key.split(".")))


def _holds(condition: Any, found: Found) -> bool:
    if not is_operators(condition):
        return equals(condition, found)
    return all(_apply(name, operand, found, condition) for name, operand in condition.items())


def _apply(name: str, operand: Any, found: Found, condition: Mapping[str, Any]) -> bool:
    if name == "$options":
        return True
    if name == "$regex":
        operand = pattern(operand, condition.get("$options", ""))
    return _operator(name)(operand, found)


def _validate_condition(condition: Any) -> None:
    if not is_operators(condition):
        return
    if "$options" in condition and "$regex" not in condition:
        raise QueryError("$options: belongs beside a $regex")
    for name, operand in condition.items():
        _apply(name, operand, [MISSING], condition)
        if name == "$not":
            _validate_condition(operand)
        elif name == "$elemMatch":
            _validate_elements(operand)
        elif name == "$all":
            for choice in operand:
                _validate_condition(choice)


def _check_times(key: str, condition: Any) -> None:
    """Times of documents are numbers, and a number is never before a datetime."""
    operands = condition.values() if is_operators(condition) else [condition]
    for operand in operands:
        if key in _TIMES and isinstance(operand, datetime):
            raise QueryError(
                f"{key}: {operand!r}: times are seconds since 1970: use TimeRange, or .timestamp()"
            )


def _validate_elements(operand: Mapping[str, Any]) -> None:
    (_validate_condition if _asks_values(operand) else validate)(operand)


def _operator(name: str) -> Callable[[Any, Found], bool]:
    try:
        return _ALL_OPERATORS[name]
    except KeyError:
        raise QueryError(_refusal(name, _ALL_OPERATORS)) from None


def _refusal(name: str, known: Sequence[str] | Mapping[str, Any]) -> str:
    if name in _CODE:
        return f"{name}: would run code; queries here are data: use {', '.join(sorted(known))}"
    return f"{name}: not an operator that is known here; known: {', '.join(sorted(known))}"


def _clauses(name: str, operand: Any) -> list[Query]:
    good = isinstance(operand, list | tuple) and operand
    if not good or not all(isinstance(clause, Mapping) for clause in operand):
        raise QueryError(f"{name}: takes a list of queries, not {operand!r}")
    return list(operand)


def _is_deeper(value: Any, levels: int) -> bool:
    items = value.values() if isinstance(value, Mapping) else value
    if not isinstance(items, list | tuple) and items is value:
        return False
    return levels == 0 or any(_is_deeper(item, levels - 1) for item in items)


# --- where a path leads -----------------------------------------------------


def _find(value: Any, path: Sequence[str]) -> list[Any]:
    if not path:
        return [value]
    key, rest = path[0], path[1:]
    if isinstance(value, dict | Mapping):
        return _find(plain(value[key]), rest) if key in value else [MISSING]
    return _find_in_list(value, key, path) if isinstance(value, list) else [MISSING]


def _find_in_list(items: list[Any], key: str, path: Sequence[str]) -> list[Any]:
    """By number, or in each dictionary of the list; elements that are no dictionaries have no keys."""
    if key.isdecimal() and int(key) < len(items):
        return _find(plain(items[int(key)]), path[1:])
    return [found for item in items if isinstance(item, Mapping) for found in _find(item, path)]


# --- operators that hold queries, or conditions -----------------------------


def _not(operand: Any, found: Found) -> bool:
    if not is_operators(operand) and not isinstance(operand, re.Pattern):
        raise QueryError(f"$not: takes operators, such as {{'$gt': 5}}, not {operand!r}")
    return not _holds(operand, found)


def _all(operand: Any, found: Found) -> bool:
    if not isinstance(operand, list | tuple):
        raise QueryError(f"$all: takes a list of values, not {operand!r}")
    return bool(operand) and all(_holds(choice, found) for choice in operand)


def _element(operand: Any, found: Found) -> bool:
    if not isinstance(operand, Mapping):
        raise QueryError(f"$elemMatch: takes a query, or operators, not {operand!r}")
    lists = (value for value in found if isinstance(value, list))
    if _asks_values(operand):
        return any(_holds(operand, [plain(item)]) for items in lists for item in items)
    return any(
        isinstance(item, Mapping) and matches(operand, item) for items in lists for item in items
    )


def _asks_values(operand: Mapping[str, Any]) -> bool:
    """Whether an $elemMatch asks values, not dictionaries."""
    return is_operators(operand) and not any(key in _LOGIC for key in operand)


def _text(operand: Any) -> TextSearch:
    good = isinstance(operand, Mapping) and list(operand) == ["$search"]
    if not good or not isinstance(operand["$search"], str):
        raise QueryError(f"$text: takes {{'$search': 'words \"a phrase\" -not'}}, not {operand!r}")
    return _parsed(operand["$search"])


_parsed = lru_cache(TextSearch.parse)

_ALL_OPERATORS = OPERATORS | {"$all": _all, "$elemMatch": _element, "$not": _not}

_LOGIC: dict[str, Callable[[Iterator[bool]], bool]] = {
    "$and": all,
    "$or": any,
    "$nor": lambda answers: not any(answers),
}
#: What MongoDB would run as code, or as a program of its own.
_CODE = {"$where", "$function", "$accumulator", "$expr", "$jsonSchema"}
