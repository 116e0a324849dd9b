"""Conditions in SQL that are fulfilled by what a query asks for, and maybe by more; and their logic."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["ALL", "ANY", "Clause", "both", "either", "neither"]


@dataclass(frozen=True, slots=True)
class Clause:
    """A condition on the table ``runs`` that every run which matches fulfils; if ``exact``, no other does."""

    sql: str
    operands: tuple[Any, ...] = ()
    exact: bool = False


#: Says nothing; and is true of every run.
ANY = Clause("1")
ALL = Clause("1", exact=True)


def both(clauses: Sequence[Clause]) -> Clause:
    """All of them; of none, true."""
    return _joined(" AND ", clauses) if clauses else ALL


def either(clauses: Sequence[Clause]) -> Clause:
    """One of them."""
    empty = next((clause for clause in clauses if clause.sql == "1"), None)
    return empty or _joined(" OR ", clauses)


def neither(clauses: Sequence[Clause]) -> Clause:
    """None of them: which only exact clauses can tell. What is NULL is not true."""
    one = either(clauses)
    if not one.exact:
        return ANY
    return Clause(f"NOT coalesce({one.sql}, 0)", one.operands, exact=True)


def _joined(word: str, clauses: Sequence[Clause]) -> Clause:
    operands = tuple(operand for clause in clauses for operand in clause.operands)
    said = [clause.sql for clause in clauses if clause.sql != "1"] or ["1"]
    sql = said[0] if len(said) == 1 else f"({word.join(said)})"
    return Clause(sql, operands, all(clause.exact for clause in clauses))
