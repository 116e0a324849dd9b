"""What SQLite can tell of a key that has no index, by looking into the documents.

Whatever it does not see as Python does is left to Python: lists on the way, or at its end, and what is marked as
numpy's and the like. SQLite reads decimal fractions to within some last digits, and text as far as a zero character.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from beamtwin.databroker.stores import jsontext
from beamtwin.databroker.stores.clauses import ANY, FALSE, TRUE, Clause, Condition

__all__ = ["NUMBER_LIMIT", "clause_of_path", "comparable", "literal", "path_of", "top_of"]

#: From here on SQLite has no integers.
NUMBER_LIMIT = 2**63
#: A hundred times what SQLite's reading of a number may be off: relative, and where there are no more digits.
_TOLERANCE, _TINY = 1e-14, 1e-300

_OF_PART = {"stop": "stop", "annotations": "annotations"}
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_ -]*")
#: Text that JSON, SQL and GLOB write as it is; GLOB takes no more than 50,000 characters.
_SIMPLE = re.compile(r"[A-Za-z0-9_ .:/-]{0,1000}")
_ODD_TEXT = re.compile("[\0\ud800-\udfff]")
#: In a regular expression: places, and characters of a kind.
_GAP = r"[\^$]|(?:\.|\\[.dDsSwW]|\[\^?[A-Za-z0-9_-]+\])[*+?]*"
_LITERALS_AND_GAPS = re.compile(rf"(?:[A-Za-z0-9_ :/-](?![*+?{{])|{_GAP})*")

#: What SQLite sees under a path, in the words of its json_type.
_NUMBERS, _TEXTS = ("integer", "real"), ("text",)
_KINDS = (*_NUMBERS, *_TEXTS, "true", "false", "null", "array", "object")


def comparable(operand: Any, types: Any, limit: float = NUMBER_LIMIT) -> bool:
    """Whether SQLite compares such an operand as Python would."""
    if not isinstance(operand, types) or isinstance(operand, bool):
        return False
    if isinstance(operand, str):
        return type(operand) is str and _ODD_TEXT.search(operand) is None
    return abs(operand) < limit


def path_of(key: str) -> tuple[str, list[str]] | None:
    """The column of JSON that a key leads into, and the paths to it, step by step; None where SQL cannot follow."""
    column, within = _column_of(key)
    steps = within.split(".")
    if column is None or not all(map(_KEY.fullmatch, steps)):
        return None
    return column, ["$" + "".join(f'."{s}"' for s in steps[:n]) for n in range(1, len(steps) + 1)]


def top_of(key: str) -> tuple[str, str] | None:
    """SQL of the JSON that the first step of a key leads to, and the key; None where SQL cannot follow."""
    column, within = _column_of(key)
    first = within.split(".")[0]
    if column is None or not _KEY.fullmatch(first):
        return None
    return f"""{column} -> '$."{first}"'""", within


def _column_of(key: str) -> tuple[str | None, str]:
    """The column of JSON that a key leads into, if it is one, and the key from there."""
    first, _, rest = key.partition(".")
    if first == "descriptors":
        return None, rest
    return (_OF_PART[first], rest) if first in _OF_PART else ("start", key)


def clause_of_path(key: str, name: str, operand: Any) -> Clause:
    """What is known of the runs for which an operator holds of a key."""
    path, make = path_of(key), _TESTS.get(name)
    test = None if path is None or make is None else make(operand)
    if path is None or test is None:
        return ANY
    column, (*on_the_way, last) = path
    names = {
        "column": column,
        "kind": f"json_type({column}, '{last}')",
        "value": f"json_extract({column}, '{last}')",
        "json": f"{column} -> '{last}'",
    }
    lists = " OR ".join(f"json_type({column}, '{step}') = 'array'" for step in on_the_way) or "0"
    unseen = f"WHEN 'array' THEN 1 WHEN 'object' THEN 1 ELSE {lists}"
    may = _case(test.kinds, test.may, test.written, unseen)
    sure = FALSE if test.sure == FALSE else _case(test.kinds, test.sure, _PLAIN, "ELSE 0")
    return Clause(*(Condition(c.sql.format(**names), c.operands) for c in (may, sure)))


def literal(expression: re.Pattern[str]) -> str:
    """Text that is in whatever a regular expression is found in; maybe none."""
    odd = expression.flags & (re.IGNORECASE | re.VERBOSE)
    if odd or not _LITERALS_AND_GAPS.fullmatch(expression.pattern):
        return ""
    return max(re.split(_GAP, expression.pattern), key=len)


@dataclass(frozen=True, slots=True)
class _Test:
    """What an operator asks of a ``{value}`` of the kinds that it takes."""

    kinds: Sequence[str]
    may: Condition
    """Fulfilled by every value that matches, though its text is cut or its last digits are off."""
    sure: Condition = FALSE
    """Which of those surely match, if their text is not cut."""
    written: str = "1"
    """What is in the JSON text of every run that matches: cheaper to look for than to read the JSON."""


def _case(kinds: Sequence[str], condition: Condition, beside: str, otherwise: str) -> Condition:
    """A condition on values of some kinds, and another beside it on the whole document."""
    cases = " ".join(f"WHEN '{kind}' THEN {condition.sql}" for kind in kinds)
    sql = f"({beside} AND CASE {{kind}} {cases} {otherwise} END)"
    return Condition(sql, condition.operands * len(kinds))


#: What SQLite may not see as Python does: what is marked, and text with a zero character.
_MARKED, _CUT = f"{{column}} GLOB '*{jsontext.MARK}*'", "{column} GLOB '*\\u0000*'"
_PLAIN = f"NOT ({_MARKED} OR {_CUT})"


def _equal(operand: Any) -> _Test | None:
    if isinstance(operand, bool):
        return _Test(("true",) if operand else ("false",), TRUE, TRUE)
    if comparable(operand, str):
        same = Condition("{value} = ?", (operand,))
        return _Test(_TEXTS, same, TRUE, _written(operand, '"'))
    if comparable(operand, (int, float)):
        off = _off(operand)
        near = Condition("{value} BETWEEN ? AND ?", (operand - off, operand + off))
        return _Test(_NUMBERS, near, Condition("{json} IN (?, ?)", _writings(operand)))
    return None


def _one_of(operand: Any) -> _Test | None:
    if not all(comparable(choice, str) for choice in operand):
        return None
    same = Condition(f"{{value}} IN ({', '.join('?' * len(operand))})", tuple(operand))
    return _Test(_TEXTS, same, TRUE)


def _ordered(sign: str) -> Callable[[Any], _Test | None]:
    strict, inclusive = f"{{value}} {sign[0]} ?", f"{{value}} {sign[0]}= ?"
    outwards = -1 if sign[0] == ">" else 1

    def make(operand: Any) -> _Test | None:
        if comparable(operand, str):
            sure = Condition(f"{{value}} {sign} ?", (operand,))
            return _Test(_TEXTS, Condition(inclusive, (operand,)), sure)
        if not comparable(operand, (int, float)):
            return None
        off, same = outwards * _off(operand), _writings(operand)
        if "=" in sign:
            may = Condition(inclusive, (operand + off,))
            sure = Condition(f"({strict} OR {{json}} IN (?, ?))", (operand - off, *same))
        else:
            may = Condition(f"({inclusive} AND {{json}} NOT IN (?, ?))", (operand + off, *same))
            sure = Condition(strict, (operand - off,))
        return _Test(_NUMBERS, may, sure)

    return make


def _fits(operand: Any) -> _Test | None:
    if not comparable(operand.pattern, str):
        return None
    found = f"(fits(?, ?, CAST({{value}} AS BLOB)) OR {_CUT})"
    may = Condition(found, (operand.pattern, operand.flags))
    return _Test(_TEXTS, may, TRUE, _written(literal(operand)))


def _exists(operand: Any) -> _Test | None:
    return _Test(_KINDS, TRUE, TRUE) if operand else None


def _there(_: Any) -> _Test:
    return _Test(_KINDS, TRUE)


def _written(text: str, end: str = "") -> str:
    """That JSON has a text somewhere, if it is written there as it is; or has what is written in another way."""
    return f"({{column}} GLOB '*{text}{end}*' OR {_MARKED})" if _SIMPLE.fullmatch(text) else "1"


def _off(operand: float) -> float:
    return abs(operand) * _TOLERANCE + _TINY


def _writings(operand: float) -> tuple[str, str]:
    """How JSON has a number: as a decimal fraction and as an integer; where it is but one of them, that twice."""
    found = [repr(same) for same in (float(operand), int(operand)) if same == operand]
    return found[0], found[-1]


_TESTS: dict[str, Callable[[Any], _Test | None]] = {
    "$eq": _equal,
    "$in": _one_of,
    "$gt": _ordered(">"),
    "$gte": _ordered(">="),
    "$lt": _ordered("<"),
    "$lte": _ordered("<="),
    "$regex": _fits,
    "$exists": _exists,
    "$mod": _there,
    "$type": _there,
    "$size": _there,
    "$elemMatch": _there,
}
