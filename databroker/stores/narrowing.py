"""What of a query SQLite can answer: fewer runs to ask, and where it can answer exactly, none.

Every operator on every kind of key is either translated so that no run is lost which matches, or left to Python.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from beamtwin.databroker.operators import pattern
from beamtwin.databroker.query import Query, is_operators
from beamtwin.databroker.stores.clauses import (
    ANY,
    Clause,
    Condition,
    both,
    either,
    exactly,
    neither,
)
from beamtwin.databroker.stores.indexing import HOT_KEYS
from beamtwin.databroker.stores.unindexed import NUMBER_LIMIT, clause_of_path, comparable
from beamtwin.databroker.text import TextSearch

__all__ = ["SORTED_COLUMNS", "narrow"]

#: Times beyond this are not whole seconds in a column of floating-point numbers.
_LARGEST_TIME = 2**53
_MOST_CHOICES = 500

_COLUMN_TYPES = {"uid": str, "plan_name": str, "scan_id": (int, float), "time": (int, float)}
#: What runs are sorted by in SQL.
SORTED_COLUMNS = tuple(_COLUMN_TYPES)
_COMPARISONS = {"$eq": "=", "$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}


def narrow(query: Query) -> Clause:
    """What is known of the runs that match the query."""
    return both([_item(key, operand) for key, operand in query.items()])


def _item(key: str, operand: Any) -> Clause:
    if key in _LOGIC:
        return _LOGIC[key]([narrow(clause) for clause in operand])
    if key == "$text":
        return _text(TextSearch.parse(operand["$search"]))
    return _condition(key, operand)


def _condition(key: str, condition: Any) -> Clause:
    return both([_operator(key, name, operand) for name, operand in _operators(condition)])


def _operators(condition: Any) -> Iterator[tuple[str, Any]]:
    """The operators of a condition, each with what it takes; regular expressions compiled."""
    if isinstance(condition, re.Pattern):
        yield "$regex", condition
    elif not is_operators(condition):
        yield "$eq", condition
    else:
        for name, operand in condition.items():
            if name == "$regex":
                yield name, pattern(operand, condition.get("$options", ""))
            elif name != "$options":
                yield name, operand


def _operator(key: str, name: str, operand: Any) -> Clause:
    if name in _NEGATED:
        return neither([_operator(key, _NEGATED[name], operand)])
    if name == "$not":
        return neither([_condition(key, operand)])
    if name == "$all":
        return both([_condition(key, choice) for choice in operand]) if operand else ANY
    if name == "$eq" and isinstance(operand, re.Pattern):
        name = "$regex"
    if key in _COLUMN_TYPES:
        return _one_of(_of_column, key, name, operand)
    if key in HOT_KEYS:
        return _one_of(_of_hot_key, key, name, operand)
    return clause_of_path(key, name, operand)


def _one_of(
    translate: Callable[[str, str, Any], Clause], key: str, name: str, operand: Any
) -> Clause:
    """An operator; ``$in`` as any of several equalities."""
    if name != "$in":
        return translate(key, name, operand)
    choices = list(operand)
    if (
        not choices
        or len(choices) > _MOST_CHOICES
        or any(isinstance(c, re.Pattern) for c in choices)
    ):
        return ANY
    return either([translate(key, "$eq", choice) for choice in choices])


def _of_column(column: str, name: str, operand: Any) -> Clause:
    if operand is None and name == "$eq":
        return exactly(f"{column} IS NULL")
    limit = _LARGEST_TIME if column == "time" else NUMBER_LIMIT
    if name not in _COMPARISONS or not comparable(operand, _COLUMN_TYPES[column], limit):
        return _of_texts(column, name, operand)
    return exactly(f"{column} {_COMPARISONS[name]} ?", operand)


def _of_texts(column: str, name: str, operand: Any) -> Clause:
    if name == "$regex" and _COLUMN_TYPES[column] is str and comparable(operand.pattern, str):
        sql = f"fits(?, ?, CAST({column} AS BLOB))"
        return exactly(sql, operand.pattern, operand.flags)
    return ANY


def _of_hot_key(key: str, name: str, operand: Any) -> Clause:
    if name not in _COMPARISONS or not comparable(operand, (str, int, float)):
        return clause_of_path(key, name, operand)
    kinds = "('text')" if isinstance(operand, str) else "('integer', 'real')"
    return exactly(
        f"id IN (SELECT run FROM hot WHERE key = ? AND value {_COMPARISONS[name]} ? "
        f"AND typeof(value) IN {kinds})",
        key,
        operand,
    )


def _text(search: TextSearch) -> Clause:
    terms = search.all_of or search.any_of
    if not terms:
        return exactly("0")
    found = ["id IN (SELECT rowid / 4 FROM texts WHERE texts MATCH ?)"] * len(terms)
    # Each by itself: one may be in the start document and another in the annotations.
    sql = (" AND " if search.all_of else " OR ").join(found)
    return Clause(Condition(f"({sql})", tuple(f'"{" ".join(term)}"' for term in terms)))


_LOGIC: Mapping[str, Callable[[Sequence[Clause]], Clause]] = {
    "$and": both,
    "$or": either,
    "$nor": neither,
}
_NEGATED = {"$ne": "$eq", "$nin": "$in"}
