"""How a motor record gets to its target: the part of motorRecord.cc's do_work() that moves."""

from typing import NamedTuple

from beamtwin.twin.records.motor.bits import Mip
from beamtwin.twin.records.motor.controller import has_readback, move_by, move_to
from beamtwin.twin.records.motor.coordinates import call_position
from beamtwin.twin.records.motor.state import MotorState, Rmod, nearest

__all__ = ["go_to_target", "take_out_backlash"]


class Way(NamedTuple):
    """From here to a target."""

    relative: bool
    """Its moves are relative to where it is read to be: of use where the readback is not the motor's own."""
    preferred: bool
    """It goes in the direction of BDST."""


def go_to_target(motor: MotorState) -> None:
    """DVAL has changed, or the last move is not over: move, unless there is no need, or no permission."""
    values = motor.values
    if values["DVAL"] != values["LDVL"]:
        motor.mark("DVAL")
    motor.set("DIFF", values["DVAL"] - values["DRBV"])
    motor.set("RDIF", nearest(values["DIFF"] / values["MRES"]))
    if motor.is_set_mode:
        if not values["MIP"] & Mip.LOAD_P:
            call_position(motor)
        return
    _agree(motor)
    if _is_there(motor):
        _stay(motor)
        return
    if not values["MIP"] & Mip.RETRY:
        if values["RCNT"]:
            motor.set("RCNT", 0)
    elif values["RMOD"] == Rmod.IN_POSITION:
        return
    way = _way(motor)
    if _is_beyond(motor, way) or not has_readback(motor):
        _revert(motor)
    elif values["MIP"] in (Mip.DONE, Mip.RETRY):
        _set_out(motor, way)


def _agree(motor: MotorState) -> None:
    """VAL and RVAL follow DVAL, whichever of them a client has written."""
    values = motor.values
    values["VAL"] = motor.user_of(values["DVAL"])
    if values["VAL"] != values["LVAL"]:
        motor.mark("VAL")
    values["RVAL"] = nearest(values["DVAL"] / values["MRES"])
    if values["RVAL"] != values["LRVL"]:
        motor.mark("RVAL")


def _is_there(motor: MotorState) -> bool:
    """Whether it is as near as it can get; on a retry, as near as RDBD asks; within SPDB at first."""
    values = motor.values
    step = values["MRES"]
    steps = abs(round(values["DVAL"] / step) - round(values["DRBV"] / step))
    if values["MIP"] & Mip.RETRY:
        return steps < nearest(values["RDBD"] / abs(step))
    return steps < 1 or abs(values["DVAL"] - values["DRBV"]) < values["SPDB"]


def _stay(motor: MotorState) -> None:
    values = motor.values
    if not values["DMOV"] and values["MIP"] in (Mip.DONE, Mip.RETRY):
        motor.set("DMOV", 1)
        if values["MIP"]:
            motor.set_mip(Mip.DONE)
    motor.remember_target()


def _way(motor: MotorState) -> Way:
    values = motor.values
    relative = motor.is_relative
    distance = values["DIFF"] if relative else values["DVAL"] - values["LDVL"]
    return Way(relative, (distance > 0.0) == (values["BDST"] > 0.0))


def _is_beyond(motor: MotorState, way: Way) -> bool:
    """Whether the move would leave the soft limits; LVIO says so."""
    beyond = _leaves_limits(motor, way)
    if beyond != motor.values["LVIO"]:
        motor.set("LVIO", int(beyond))
    return beyond


def _leaves_limits(motor: MotorState, way: Way) -> bool:
    values = motor.values
    low, high, target, before = (values[name] for name in ("DLLM", "DHLM", "DVAL", "LDVL"))
    if low == high == 0.0:
        return False
    if low > high:
        return True
    if high < target < before or before < target < low:
        return False  # outside, but on the way back
    turn = target if way.preferred else target - values["BDST"]
    return not low <= turn <= high


def _revert(motor: MotorState) -> None:
    """Refused: the target is what it was."""
    values = motor.values
    for target, last in (("VAL", "LVAL"), ("DVAL", "LDVL"), ("RVAL", "LRVL")):
        motor.set(target, values[last])
    if values["MIP"] & Mip.RETRY:
        motor.set_mip(Mip.DONE)
    if values["MIP"] == Mip.DONE and not values["DMOV"]:
        motor.set("DMOV", 1)


def _set_out(motor: MotorState, way: Way) -> None:
    values = motor.values
    before = values["LDVL"]
    motor.set_mip(values["MIP"] | Mip.MOVE)
    if values["DMOV"]:
        motor.set("DMOV", 0)
    motor.remember_target()
    values["CDIR"] = int(values["RDIF"] >= 0)
    if _is_direct(motor, way):
        _approach(motor, way.relative, before, "VELO")
    elif way.preferred and _is_within_backlash(motor, way, before):
        _approach(motor, way.relative, before, "BVEL")
    else:
        values["PP"] = 1
        _move(motor, way.relative, values["DVAL"] - values["BDST"], "VELO")


def _is_direct(motor: MotorState, way: Way) -> bool:
    """Whether there is no backlash to take out, or the move does so by itself."""
    values = motor.values
    if abs(values["BDST"]) < abs(values["MRES"]):
        return True
    return way.preferred and values["BVEL"] == values["VELO"] and values["BACC"] == values["ACCL"]


def _is_within_backlash(motor: MotorState, way: Way, before: float) -> bool:
    """Whether the backlash has been taken out already."""
    values = motor.values
    backlash = values["BDST"]
    if not way.relative:
        return abs(values["DVAL"] - before) <= abs(values["MRES"]) + abs(backlash)
    steps = (values["DVAL"] - backlash - values["DRBV"]) / values["MRES"]
    return steps <= 1.0 if backlash >= 0.0 else steps >= 1.0


def _approach(motor: MotorState, relative: bool, before: float, velocity: str) -> None:
    """Go FRAC of the way."""
    values = motor.values
    start, part = values["DRBV"] if relative else before, values["FRAC"]
    target = values["DVAL"]
    if part != 1.0:
        target = start + part * (target - start)
    _move(motor, relative, target, velocity)


def _move(motor: MotorState, relative: bool, dial: float, velocity: str) -> None:
    if relative:
        move_by(motor, _shortened(motor, dial - motor.values["DRBV"]), velocity)
    else:
        move_to(motor, dial, velocity)


def _shortened(motor: MotorState, distance: float) -> float:
    """What a retry goes of its distance: all of it, or less each time (RMOD), but one step at least."""
    values = motor.values
    mode, count = values["RMOD"], values["RCNT"]
    if not values["MIP"] & Mip.RETRY or mode not in (Rmod.ARITHMETIC, Rmod.GEOMETRIC):
        return distance
    arithmetic, geometric = (values["RTRY"] - count + 1) / values["RTRY"], 0.5 ** (count - 1)
    part = arithmetic if mode == Rmod.ARITHMETIC else geometric
    least = abs(values["MRES"])
    if abs(distance * part) < least:
        return least if distance > 0.0 else -least
    return distance * part


def take_out_backlash(motor: MotorState) -> None:
    """After a move, or in two moves after a jog: arrive from the side that BDST says."""
    values = motor.values
    mip, backlash = values["MIP"], values["BDST"]
    if mip & (Mip.JOG_STOP | Mip.MOVE) and abs(backlash) < abs(values["MRES"]):
        values["MIP"] = mip & ~(Mip.JOG_STOP | Mip.MOVE)
        return
    motor.not_done_yet()
    values["PP"] = 1
    values["CDIR"] = int(values["DIFF"] / values["MRES"] >= 0.0)
    relative = motor.is_relative
    if mip & Mip.JOG_STOP:
        values["MIP"] = Mip.JOG_BL1
        _move(motor, relative, values["DVAL"] - backlash, "VELO")
    elif mip & Mip.MOVE:
        values["MIP"] = Mip.MOVE_BL
        _approach(motor, relative, values["DVAL"] - backlash, "BVEL")
    else:
        values["MIP"] = Mip.JOG_BL2
        start = values["DRBV"] if relative else values["DVAL"] - backlash
        _move(motor, relative, start + values["FRAC"] * backlash, "BVEL")
