"""Conditions in SQL on the table ``runs``, and their logic.

SQLite need not tell of every run whether it matches: a clause says which may, and which of those surely do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["ANY", "FALSE", "TRUE", "Clause", "Condition", "both", "either", "exactly", "neither"]


@dataclass(frozen=True, slots=True)
class Condition:
    """SQL, with its operands."""

    sql: str
    operands: tuple[Any, ...] = ()


TRUE, FALSE = Condition("1"), Condition("0")


@dataclass(frozen=True, slots=True)
class Clause:
    """Which runs may match, and which of those surely do."""

    may: Condition
    sure: Condition = FALSE

    @property
    def exact(self) -> bool:
        """Whether SQLite tells of every run."""
        return self.sure == TRUE


#: Says nothing.
ANY = Clause(TRUE)


def exactly(sql: str, *operands: Any) -> Clause:
    """What every run that matches fulfils, and no other."""
    return Clause(Condition(sql, operands), TRUE)


def both(clauses: Sequence[Clause]) -> Clause:
    """All of them; of none, true."""
    return Clause(_all([clause.may for clause in clauses]), _all([c.sure for c in clauses]))


def either(clauses: Sequence[Clause]) -> Clause:
    """One of them."""
    may = _any([clause.may for clause in clauses])
    if all(clause.exact for clause in clauses):
        return Clause(may, TRUE)
    return Clause(may, _any([_all([clause.may, clause.sure]) for clause in clauses]))


def neither(clauses: Sequence[Clause]) -> Clause:
    """None of them."""
    one = either(clauses)
    return Clause(_not(_all([one.may, one.sure])), TRUE if one.exact else _not(one.may))


def _all(conditions: Sequence[Condition]) -> Condition:
    return FALSE if FALSE in conditions else _joined(" AND ", conditions, TRUE)


def _any(conditions: Sequence[Condition]) -> Condition:
    return TRUE if TRUE in conditions else _joined(" OR ", conditions, FALSE)


def _not(condition: Condition) -> Condition:
    """What is NULL is not true."""
    if condition in (TRUE, FALSE):
        return FALSE if condition == TRUE else TRUE
    return Condition(f"NOT coalesce({condition.sql}, 0)", condition.operands)


def _joined(word: str, conditions: Sequence[Condition], idle: Condition) -> Condition:
    said = [condition for condition in conditions if condition != idle]
    if len(said) < 2:
        return said[0] if said else idle
    operands = tuple(operand for condition in said for operand in condition.operands)
    return Condition(f"({word.join(condition.sql for condition in said)})", operands)
