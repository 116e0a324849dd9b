"""Events on their way to a page: what they must have, and copies of them."""

from collections.abc import Mapping
from typing import Any

from beamtwin.databroker.errors import DocumentError
from beamtwin.databroker.stores import jsontext

__all__ = ["check_event", "copied", "of_numbers"]

_FIELDS = {"uid", "descriptor", "seq_num", "time", "data", "timestamps", "filled"}
_SECTIONS = ("data", "timestamps", "filled")
_TEXT, _NUMBERS = {str}, {float, int, bool, type(None)}
#: What a number takes in a page, and its key in the list of columns.
_NUMBER_BYTES = 20


def check_event(doc: Mapping[str, Any]) -> None:
    """Refuse what is no event, or no page of events.

    Raises
    ------
    DocumentError
        Naming the keys.
    """
    odd = _FIELDS.symmetric_difference(doc) - {"filled"}
    if odd:
        raise DocumentError(f"{sorted(map(str, odd))} missing or not known to event-model")
    for section in _SECTIONS:
        if not isinstance(doc.get(section, {}), dict):
            raise DocumentError(f"{section} must be a dictionary, not {doc[section]!r}")


def copied(doc: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """A copy of an event, and about how many bytes it takes in a page.

    Raises
    ------
    DocumentError
        If it would not come back as it is.
    """
    copy = of_numbers(doc)
    if copy is not None:
        return copy, _NUMBER_BYTES * (5 + sum(len(doc.get(section, ())) for section in _SECTIONS))
    text = jsontext.dumps(doc)
    return jsontext.loads(text), len(text)


def of_numbers(doc: Mapping[str, Any]) -> dict[str, Any] | None:
    """A copy of an event that holds nothing but numbers, of which none can be refused; None for others."""
    fields = [type(doc["uid"]), type(doc["seq_num"]), type(doc["time"])]
    if fields != [str, int, float] or not doc["uid"].isascii():
        return None
    copy = {**doc}
    for section in _SECTIONS:
        if section in doc:
            part = copy[section] = dict(doc[section])
            keys_fine = _TEXT.issuperset(map(type, part)) and "".join(part).isascii()
            numbers = _NUMBERS.issuperset(map(type, part.values()))
            if not (keys_fine and numbers) or jsontext.MARK in part:
                return None
    return copy
