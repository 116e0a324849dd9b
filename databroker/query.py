"""MongoDB's query language over run metadata, as a table of operators.

A query is a dictionary: ``{"plan_name": "scan", "scan_id": {"$gte": 5}, "stop.exit_status": "fail"}``. It is asked
of the start document, with the stop document under ``stop``. What a query means is defined here and nowhere
else: a store may use its indexes to ask it of fewer runs, but never decides.

Where MongoDB and this module could be thought to differ: values of different types are never equal and never in
order (``True`` is not ``1``); a missing key equals ``None``; a key inside a list of dictionaries is looked for in each.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from beamtwin.databroker.errors import QueryError

__all__ = ["Query", "both", "matches", "validate"]

Query = Mapping[str, Any]
#: What a path leads to: nothing, one value, or several where it runs through lists.
Candidates = Sequence[Any]


class _Missing:
    """Where a path leads nowhere."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()


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
    for key, operand in query.items():
        if key in _LOGIC:
            for clause in _clauses(key, operand):
                validate(clause)
        elif key.startswith("$"):
            raise QueryError(_unknown(key, _LOGIC))
        else:
            _validate_condition(operand)


def both(first: Query, second: Query) -> Query:
    """The query for what matches both."""
    return {"$and": [first, second]} if first and second else first or second


def _matches_item(key: str, operand: Any, document: Mapping[str, Any]) -> bool:
    if key in _LOGIC:
        return _LOGIC[key](matches(clause, document) for clause in _clauses(key, operand))
    if key.startswith("$"):
        raise QueryError(_unknown(key, _LOGIC))
    return _holds(operand, list(_find(document, key.split("."))))


def _holds(condition: Any, found: Candidates) -> bool:
    if not _is_operators(condition):
        return _equals(condition, found)
    return all(_apply(name, operand, found, condition) for name, operand in condition.items())


def _apply(name: str, operand: Any, found: Candidates, condition: Mapping[str, Any]) -> bool:
    if name == "$options":
        return True
    if name == "$regex":
        operand = _pattern(operand, condition.get("$options", ""))
    return _operator(name)(operand, found)


def _validate_condition(condition: Any) -> None:
    if not _is_operators(condition):
        return
    if "$options" in condition and "$regex" not in condition:
        raise QueryError("$options: belongs beside a $regex")
    for name, operand in condition.items():
        _apply(name, operand, [MISSING], condition)
        if name == "$not":
            _validate_condition(operand)


def _is_operators(condition: Any) -> bool:
    return isinstance(condition, Mapping) and any(str(key).startswith("$") for key in condition)


def _operator(name: str) -> Callable[[Any, Candidates], bool]:
    try:
        return _OPERATORS[name]
    except KeyError:
        raise QueryError(_unknown(name, _OPERATORS)) from None


def _unknown(name: str, table: Mapping[str, Any]) -> str:
    return f"{name}: not an operator that is known here; known: {', '.join(sorted(table))}"


def _clauses(name: str, operand: Any) -> list[Query]:
    good = isinstance(operand, list | tuple) and operand
    if not good or not all(isinstance(clause, Mapping) for clause in operand):
        raise QueryError(f"{name}: takes a list of queries, not {operand!r}")
    return list(operand)


# --- where a path leads -----------------------------------------------------


def _find(value: Any, path: Sequence[str]) -> Iterator[Any]:
    if not path:
        yield value
        if isinstance(value, list):
            yield from value
        return
    key, rest = path[0], path[1:]
    if isinstance(value, Mapping):
        yield from _find(_plain(value[key]), rest) if key in value else [MISSING]
    elif isinstance(value, list):
        yield from _find_in_list(value, key, path)
    else:
        yield MISSING


def _find_in_list(items: list[Any], key: str, path: Sequence[str]) -> Iterator[Any]:
    """By number, or in each dictionary of the list; elements that are no dictionaries have no keys."""
    if key.isdecimal() and int(key) < len(items):
        yield from _find(_plain(items[int(key)]), path[1:])
        return
    for item in items:
        if isinstance(item, Mapping):
            yield from _find(item, path)


def _plain(value: Any) -> Any:
    """Lists for tuples and numpy arrays, Python's numbers for numpy's."""
    if isinstance(value, tuple):
        return list(value)
    return value.tolist() if hasattr(value, "tolist") else value


# --- the operators ----------------------------------------------------------


def _equals(operand: Any, found: Candidates) -> bool:
    if isinstance(operand, re.Pattern):
        return _regex(operand, found)
    operand = _plain(operand)
    return any(_same(value, operand) for value in found)


def _same(value: Any, operand: Any) -> bool:
    value = None if value is MISSING else _plain(value)
    if _bracket(value) != _bracket(operand):
        return False
    if isinstance(value, list):
        return len(value) == len(operand) and all(map(_same, value, map(_plain, operand)))
    if isinstance(value, Mapping):
        return list(value) == list(operand) and all(
            _same(value[key], _plain(operand[key])) for key in value
        )
    return value == operand or (value != value and operand != operand)  # NaN equals NaN here


def _bracket(value: Any) -> str:
    """Only values of one bracket can be equal or in order."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, Mapping):
        return "object"
    return type(value).__name__


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Candidates], bool]:
    def holds(operand: Any, found: Candidates) -> bool:
        operand = _plain(operand)
        if not isinstance(operand, int | float | str):
            raise QueryError(f"{operand!r}: only numbers and strings have an order")
        bracket = _bracket(operand)
        return any(_bracket(value) == bracket and compare(value, operand) for value in found)

    return holds


def _in(operand: Any, found: Candidates) -> bool:
    if not isinstance(operand, list | tuple | set | frozenset):
        raise QueryError(f"$in and $nin take a list of values, not {operand!r}")
    return any(_equals(choice, found) for choice in operand)


def _exists(operand: Any, found: Candidates) -> bool:
    return bool(operand) == any(value is not MISSING for value in found)


def _not(operand: Any, found: Candidates) -> bool:
    if not _is_operators(operand) and not isinstance(operand, re.Pattern):
        raise QueryError(f"$not: takes operators, such as {{'$gt': 5}}, not {operand!r}")
    return not _holds(operand, found)


def _regex(operand: re.Pattern[str], found: Candidates) -> bool:
    return any(isinstance(value, str) and operand.search(value) is not None for value in found)


_REGEX_OPTIONS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE}


def _pattern(operand: Any, options: str) -> re.Pattern[str]:
    if isinstance(operand, re.Pattern):
        return operand
    unknown = set(options) - set(_REGEX_OPTIONS)
    if unknown:
        raise QueryError(f"$options: {''.join(sorted(unknown))!r} is not among 'imsx'")
    try:
        return re.compile(operand, sum(_REGEX_OPTIONS[letter] for letter in set(options)))
    except (re.error, TypeError) as error:
        raise QueryError(f"$regex: {operand!r} is not a regular expression: {error}") from error


_OPERATORS: dict[str, Callable[[Any, Candidates], bool]] = {
    "$eq": _equals,
    "$ne": lambda operand, found: not _equals(operand, found),
    "$gt": _ordered(lambda value, operand: value > operand),
    "$gte": _ordered(lambda value, operand: value >= operand),
    "$lt": _ordered(lambda value, operand: value < operand),
    "$lte": _ordered(lambda value, operand: value <= operand),
    "$in": _in,
    "$nin": lambda operand, found: not _in(operand, found),
    "$exists": _exists,
    "$not": _not,
    "$regex": _regex,
}

_LOGIC: dict[str, Callable[[Iterator[bool]], bool]] = {
    "$and": all,
    "$or": any,
    "$nor": lambda answers: not any(answers),
}
