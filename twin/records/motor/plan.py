"""How a motor gets to a place, and whether it may: functions of the record's fields."""

from collections.abc import Mapping
from typing import Any

from beamtwin.twin.records.motor.axis import Axis
from beamtwin.twin.records.motor.motion import Motion, Ramp

__all__ = [
    "deceleration",
    "is_beyond",
    "jog",
    "jogs_too_far",
    "path",
    "search",
    "whole_steps",
]

Values = Mapping[str, Any]


def _ramp(values: Values, velocity: str, duration: str) -> Ramp:
    """The ramp from VBAS to a velocity, given the field that holds its duration."""
    speed, base = values[velocity], values["VBAS"]
    return Ramp(speed, ((speed - base) or speed) / values[duration], base)


def path(values: Values, axis: Axis, target: float) -> Motion:
    """The way to a place; where BDST asks for it, by way of one that lies before it."""
    now, here = axis.clock.env.now, axis.position
    backlash = values["BDST"]
    quick = _ramp(values, "VELO", "ACCL")
    if abs(backlash) < values["MRES"]:
        return Motion.to(target, now, here, quick)
    final = _ramp(values, "BVEL", "BACC")
    forward = (target > here) == (backlash > 0)
    if forward and abs(target - here) <= abs(backlash):
        return Motion.to(target, now, here, final)
    if forward and final == quick:
        return Motion.to(target, now, here, quick)
    return Motion.by_way_of(target - backlash, target, now, here, quick, final)


def jog(values: Values, axis: Axis, end: float) -> Motion:
    """The way of a jog, which may have no end."""
    ramp = Ramp(values["JVEL"], values["JAR"], values["VBAS"])
    return Motion.to(end, axis.clock.env.now, axis.position, ramp)


def search(values: Values, axis: Axis) -> Motion:
    """The way to the home switch."""
    ramp = _ramp(values, "HVEL", "ACCL")
    return Motion.to(axis.home, axis.clock.env.now, axis.position, ramp)


def deceleration(values: Values) -> float:
    """How quickly a stop brakes, in EGU/s²."""
    return _ramp(values, "VELO", "ACCL").acceleration


def is_beyond(values: Values, dial: float) -> bool:
    """Whether a move to a dial position would leave the soft limits, its backlash included."""
    low, high = values["DLLM"], values["DHLM"]
    if low == high == 0.0:
        return False
    before, backlash = values["DVAL"], values["BDST"]
    if low <= high and (high < dial < before or before < dial < low):
        return False  # outside, but on the way back
    turn = dial if (dial > before) == (backlash > 0) else dial - backlash
    return not low <= turn <= high


def jogs_too_far(values: Values) -> bool:
    """Whether the jog that JOGF or JOGR asks for is within a second of a soft limit."""
    if values["DLLM"] == values["DHLM"] == 0.0:
        return False
    below, above = values["RBV"] - values["LLM"], values["HLM"] - values["RBV"]
    return (above if values["JOGF"] else below) < values["JVEL"]


def whole_steps(values: Values, dial: float) -> float:
    """The nearest position in whole steps of MRES."""
    step = values["MRES"]
    nearest = round(dial / step) * step
    return dial if abs(nearest - dial) < 1e-6 * step else nearest
