"""What of a query SQLite's indexes can answer: fewer runs to ask, never the last word."""

from collections.abc import Iterator
from typing import Any

from beamtwin.databroker.query import Query

__all__ = ["narrow"]

_OF_COLUMN = {"uid": str, "plan_name": str, "scan_id": (int, float), "time": (int, float)}
_COMPARISONS = {"$eq": "=", "$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}
_MOST_CHOICES = 500


def narrow(query: Query) -> tuple[str, list[Any]]:
    """A condition on the table ``runs`` that every run which matches the query fulfils.

    Returns
    -------
    condition : str
        SQL, with question marks for the operands; ``"1"`` where the indexes say nothing.
    operands : list
    """
    clauses = [
        clause for key, condition in _conjuncts(query) for clause in _clauses(key, condition)
    ]
    operands = [operand for _, operands in clauses for operand in operands]
    return " AND ".join(sql for sql, _ in clauses) or "1", operands


def _conjuncts(query: Query) -> Iterator[tuple[str, Any]]:
    for key, condition in query.items():
        if key == "$and":
            for clause in condition:
                yield from _conjuncts(clause)
        elif key in _OF_COLUMN:
            yield key, condition


def _clauses(column: str, condition: Any) -> Iterator[tuple[str, list[Any]]]:
    operators = condition if isinstance(condition, dict) else {"$eq": condition}
    for name, operand in operators.items():
        if name in _COMPARISONS and _comparable(column, operand):
            yield f"{column} {_COMPARISONS[name]} ?", [operand]
        elif name == "$in" and len(operand) <= _MOST_CHOICES and _all_comparable(column, operand):
            yield f"{column} IN ({', '.join('?' * len(operand))})", list(operand)


def _all_comparable(column: str, operands: Any) -> bool:
    return all(_comparable(column, operand) for operand in operands)


def _comparable(column: str, operand: Any) -> bool:
    """Whether SQLite compares the operand with the column as Python would."""
    if not isinstance(operand, _OF_COLUMN[column]) or isinstance(operand, bool):
        return False
    return isinstance(operand, str) or abs(operand) < 2**63
