"""What SQLite can tell of a key that has no index, by looking into the documents: which runs cannot match.

Whatever it does not see as Python does is let through: lists on the way, or at its end, and what is marked as numpy's
and the like. SQLite reads decimal fractions to within some last digits, and text as far as a zero character.
"""

import re
from collections.abc import Callable
from typing import Any

from beamtwin.databroker.stores import jsontext
from beamtwin.databroker.stores.clauses import ANY, Clause

__all__ = ["NUMBER_LIMIT", "clause_of_path", "comparable", "path_of"]

#: From here on SQLite has no integers.
NUMBER_LIMIT = 2**63
#: Relative; a hundred times what SQLite's reading of a number may be off.
_TOLERANCE = 1e-14

_OF_PART = {"stop": "stop", "annotations": "annotations"}
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_ -]*")
#: Text that JSON and SQL write as it is.
_SIMPLE = re.compile(r"[A-Za-z0-9_ .:/-]*")
_ODD_TEXT = re.compile("[\0\ud800-\udfff]")


def comparable(operand: Any, types: Any, limit: float = NUMBER_LIMIT) -> bool:
    """Whether SQLite compares such an operand as Python would."""
    if not isinstance(operand, types) or isinstance(operand, bool):
        return False
    if isinstance(operand, str):
        return type(operand) is str and _ODD_TEXT.search(operand) is None
    return abs(operand) < limit


def path_of(key: str) -> tuple[str, list[str]] | None:
    """The column of JSON that a key leads into, and the paths to it, step by step; None where SQL cannot follow."""
    steps = key.split(".")
    column = _OF_PART.get(steps[0], "start")
    steps = steps if column == "start" else steps[1:]
    if key.split(".")[0] == "descriptors" or not steps or not all(map(_KEY.fullmatch, steps)):
        return None
    return column, ["$" + "".join(f'."{s}"' for s in steps[:n]) for n in range(1, len(steps) + 1)]


def clause_of_path(key: str, name: str, operand: Any) -> Clause:
    """What is known of the runs for which an operator holds of a key."""
    path, test = path_of(key), _test(name, operand)
    if test is None or path is None:
        return ANY
    sql, operands = test
    column, (*on_the_way, last) = path
    lists = [f"json_type({column}, '{step}') = 'array'" for step in on_the_way]
    kind, value = f"json_type({column}, '{last}')", f"json_extract({column}, '{last}')"
    unseen = f"{kind} IN ('array', 'object')"
    tests = [sql.format(column=column, value=value, kind=kind), unseen, *lists]
    written = _written(key.split(".")[-1], name, operand).format(column=column)
    return Clause(f"({written} AND ({' OR '.join(tests)}))", operands)


def _written(step: str, name: str, operand: Any) -> str:
    """What is in the JSON text of every run that matches: cheaper to look for than to read the JSON."""
    if name == "$eq" and isinstance(operand, str) and _SIMPLE.fullmatch(operand):
        return f"(instr({{column}}, '\"{operand}\"') OR instr({{column}}, '{jsontext.MARK}'))"
    return f"instr({{column}}, '\"{step}\":')"


_Test = tuple[str, tuple[Any, ...]] | None


def _test(name: str, operand: Any) -> _Test:
    """SQL of ``{value}``, or its ``{kind}``, with its operands."""
    make = _TESTS.get(name)
    return None if make is None else make(operand)


def _equal(operand: Any) -> _Test:
    if isinstance(operand, bool):
        return f"{{kind}} = '{'true' if operand else 'false'}'", ()
    if comparable(operand, str):
        return "{value} = ?", (operand,)
    if comparable(operand, (int, float)):
        return "{value} BETWEEN ? AND ?", (_below(operand), _above(operand))
    return None


def _one_of(operand: Any) -> _Test:
    if all(comparable(choice, str) for choice in operand):
        return f"{{value}} IN ({', '.join('?' * len(operand))})", tuple(operand)
    return None


def _at_least(operand: Any) -> _Test:
    if comparable(operand, str):
        return "{value} >= ?", (operand,)
    return ("{value} >= ?", (_below(operand),)) if comparable(operand, (int, float)) else None


def _at_most(operand: Any) -> _Test:
    if comparable(operand, str):
        return "{value} <= ?", (operand,)
    return ("{value} <= ?", (_above(operand),)) if comparable(operand, (int, float)) else None


def _fits(operand: Any) -> _Test:
    if not comparable(operand.pattern, str):
        return None
    # Text that SQLite would cut short is let through.
    sql = "{kind} = 'text' AND fits(?, ?, CAST({value} AS BLOB)) OR instr({column}, '\\u0000')"
    return sql, (operand.pattern, operand.flags)


def _there(_: Any) -> _Test:
    return "{kind} IS NOT NULL", ()


def _exists(operand: Any) -> _Test:
    return _there(operand) if operand else None


def _below(operand: float) -> float:
    return operand - abs(operand) * _TOLERANCE


def _above(operand: float) -> float:
    return operand + abs(operand) * _TOLERANCE


_TESTS: dict[str, Callable[[Any], _Test]] = {
    "$eq": _equal,
    "$in": _one_of,
    "$gt": _at_least,
    "$gte": _at_least,
    "$lt": _at_most,
    "$lte": _at_most,
    "$regex": _fits,
    "$exists": _exists,
    "$mod": _there,
    "$type": _there,
    "$size": _there,
    "$elemMatch": _there,
}
