"""What the text of a link means: ``"M1.RBV CP MS"``, a number, JSON, or the address of some hardware."""

import json
from typing import Any, NamedTuple

__all__ = ["Constant", "Target", "link_text", "number_of", "parse_link"]

#: What a link does besides passing a value, and what of the other record's alarm comes along.
MODES = ("NPP", "PP", "CA", "CP", "CPP")
ALARMS = ("NMS", "MS", "MSI", "MSS")


class Constant(NamedTuple):
    """A link that is a value: the record has it from the start."""

    value: Any


class Target(NamedTuple):
    """What a link says: a field, whether it is processed too, and whether its alarm comes along."""

    pv: str
    mode: str
    alarm: str


def parse_link(text: str) -> Constant | Target | None:
    """What the text of a link means; None where it is empty, or the address of some hardware.

    Raises
    ------
    ValueError
        Where it means nothing: saying why.

    Examples
    --------
    >>> parse_link("M1.RBV CP MS")
    Target(pv='M1.RBV', mode='CP', alarm='MS')
    >>> parse_link("0x10")
    Constant(value=16)
    """
    text = text.strip()
    if not text or text[0] in "@#":
        return None
    if text[0] in "{[":
        return _from_json(text)
    try:
        return Constant(number_of(text))
    except ValueError:
        return _target(*text.split())


def number_of(text: str) -> float:
    """A number as EPICS reads one: ``0x10``, ``1e3``; raises ValueError."""
    try:
        return int(text, 0)
    except ValueError:
        return float(text)


def _from_json(text: str) -> Constant:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise ValueError(f"a link in JSON that cannot be read: {error}") from error
    if not isinstance(value, dict):
        return Constant(value)
    if value.keys() != {"const"}:
        raise ValueError(f"of the links in JSON there is only const, not {', '.join(value)}")
    return Constant(value["const"])


def _target(pv: str, *modifiers: str) -> Target:
    mode, alarm = "NPP", "NMS"
    for modifier in modifiers:
        if modifier in MODES:
            mode = modifier
        elif modifier in ALARMS:
            alarm = modifier
        else:
            raise ValueError(f"{modifier!r} is none of {', '.join((*MODES, *ALARMS))}")
    return Target(pv, mode, alarm)


def link_text(text: str, is_forward: bool) -> str:
    """A link as EPICS shows it: ``"M1.RBV NPP NMS"``; raises ValueError as `parse_link`."""
    target = parse_link(text)
    if not isinstance(target, Target):
        return text
    if is_forward:
        return f"{target.pv} CA" if target.mode == "CA" else target.pv
    return " ".join(target)
