"""What of a query the server can answer: fewer runs to ask, never the last word.

Beside its documents, which are text, a run has copies of them as MongoDB's own values, in parts: the start, the stop,
the annotations. What the server cannot hold (NaN, lists in lists, arrays, keys with a dot, integers beyond 64 bits)
is left out, and the part is marked: then the server cannot tell, and the run is asked here.
"""

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

from beamtwin.databroker.query import Query, is_operators
from beamtwin.databroker.stores.searched import PARTS
from beamtwin.databroker.text import TextSearch, strings, words

__all__ = ["COPIED", "found_by", "narrow"]

#: The parts of a run that are copied.
COPIED = ("start", "stop", "annotations")
#: Of start documents, what the store has checked: never left out.
_CERTAIN = {"time", "scan_id"}
_COMPARISONS = {"$eq", "$gt", "$gte", "$lt", "$lte"}
_LARGEST = 2**63
_LONGEST = 1000


def found_by(part: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """What a part of a run is found by: its copy, whether something was left out of it, and its words."""
    left_out: list[str] = []
    if part == "start":
        document = {key: value for key, value in document.items() if key not in PARTS}
    copy = _copy(document, left_out)
    found = {word for text in strings(document) for word in words(text)}
    return {
        f"search.{part}": copy,
        f"partial.{part}": bool(left_out),
        f"words.{part}": sorted(word for word in found if len(word) <= _LONGEST),
    }


def narrow(query: Query) -> dict[str, Any]:
    """A filter for the collection of runs that every run which matches the query passes."""
    clauses = [
        clause for key, condition in _conjuncts(query) for clause in _clauses(key, condition)
    ]
    return clauses[0] if len(clauses) == 1 else {"$and": clauses} if clauses else {}


def _copy(value: Any, left_out: list[str], depth: int = 0) -> Any:
    if isinstance(value, Mapping):
        kept = {key: item for key, item in value.items() if _is_key(key) and _is_kept(item, depth)}
        if len(kept) < len(value):
            left_out.append("keys")
        return {key: _copy(item, left_out, depth + 1) for key, item in kept.items()}
    if isinstance(value, list | tuple):
        kept = [item for item in value if _is_kept(item, depth) and not _is_list(item)]
        if len(kept) < len(value):
            left_out.append("items")
        return [_copy(item, left_out, depth + 1) for item in kept]
    return value


def _is_key(key: str) -> bool:
    return bool(key) and not key.startswith("$") and "." not in key and _is_text(key)


def _is_kept(value: Any, depth: int) -> bool:
    if isinstance(value, Mapping) or _is_list(value):
        return depth < 50  # MongoDB's limit is 100 levels
    if isinstance(value, str):
        return _is_text(value)
    return value is None or isinstance(value, bool) or _is_number(value)


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _is_number(value: Any) -> bool:
    if type(value) is int:
        return -_LARGEST <= value < _LARGEST
    return type(value) is float and isfinite(value)


def _is_text(value: str) -> bool:
    """Whether it has a UTF-8 form, and no NUL."""
    if "\0" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _conjuncts(query: Query) -> Iterator[tuple[str, Any]]:
    for key, condition in query.items():
        if key == "$and":
            for clause in condition:
                yield from _conjuncts(clause)
        else:
            yield key, condition


def _clauses(key: str, condition: Any) -> Iterator[dict[str, Any]]:
    if key == "$text":
        yield from _text_clauses(TextSearch.parse(condition["$search"]))
    elif not key.startswith("$") and all(map(_is_key, key.split("."))):
        accepted = _accepted(condition)
        if accepted:
            yield from _placed(key, accepted)


def _accepted(condition: Any) -> dict[str, Any]:
    """The operators that the server reads as we do, with operands that it has."""
    operators = condition if is_operators(condition) else {"$eq": condition}
    return {
        name: operand
        for name, operand in operators.items()
        if (name in _COMPARISONS and _is_operand(operand))
        or (name == "$in" and isinstance(operand, list) and all(map(_is_operand, operand)))
    }


def _is_operand(value: Any) -> bool:
    return _is_text(value) if type(value) is str else _is_number(value)


def _placed(key: str, operators: dict[str, Any]) -> Iterator[dict[str, Any]]:
    first = key.split(".")[0]
    if list(operators) == ["$eq"]:
        operators = operators["$eq"]
    if key == "uid":
        yield {"_id": operators}
    elif key in _CERTAIN:
        yield {f"search.start.{key}": operators}
    elif first in COPIED[1:]:
        yield {"$or": [{f"search.{key}": operators}, {f"partial.{first}": True}]}
    elif first not in PARTS:
        yield {"$or": [{f"search.start.{key}": operators}, {"partial.start": True}]}


def _text_clauses(search: TextSearch) -> Iterator[dict[str, Any]]:
    """A run must have the first word of every phrase; or, where there are none, of one of the terms."""
    groups = [[term] for term in search.all_of] or [list(search.any_of)]
    for terms in groups:
        firsts = [term[0] for term in terms]
        if firsts and all(len(word) <= _LONGEST for word in firsts):
            yield {"$or": [{f"words.{part}": {"$in": firsts}} for part in COPIED]}
