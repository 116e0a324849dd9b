"""The plain move, which nearly all moves are: what `process` makes of it, at a quarter of the cost.

A test holds both to the same fields, monitors and times. What is not plain is left to `process`: backlash, retries, an
encoder, limits in the way, a pause, a fault.
"""

import math
from typing import Any

from beamtwin.twin.records.motor.bits import Mip, Msta
from beamtwin.twin.records.motor.controller import dial_of_count, ramp, stage_of
from beamtwin.twin.records.motor.motion import Ramp
from beamtwin.twin.records.motor.state import MotorState, Spmg, nearest

__all__ = ["TOLD", "begin", "end", "plain_ramp"]

#: Fields that change in a plain move.
TOLD = frozenset(
    (
        *(
            "RMP",
            "REP",
            "RVEL",
            "RBV",
            "RRBV",
            "DRBV",
            "DIFF",
            "RDIF",
            "MSTA",
            "VAL",
            "DVAL",
            "RVAL",
        ),
        *("TDIR", "MIP", "ATHM", "MOVN", "DMOV"),
    )
)

#: Fields that are 0 where moves are plain, beside those that are compared below.
NOTHING = (
    *("SET", "UEIP", "HLSV", "MDEL", "ADEL", "STUP", "SPDB", "ACCU", "VBAS", "DLY", "SYNC"),
    *(
        "DISP",
        "SCAN",
        "OMSL",
        "URIP",
        "JOGF",
        "JOGR",
        "HOMF",
        "HOMR",
        "RHLS",
        "RLLS",
        "SEVR",
        "MISS",
        "RCNT",
        "PP",
        "LVIO",
        "STOP",
    ),
)
ALWAYS = ("DIFF", "RDIF", "DVAL", "MIP")


def plain_ramp(motor: MotorState) -> Ramp | None:
    """The ramp of a move; None where moves are not plain."""
    values, axis = motor.values, motor.axis
    plain = (
        not any(values[field] for field in NOTHING)
        and values["SPMG"] == values["LSPG"] == Spmg.GO
        and values["FRAC"] == 1.0
        and abs(values["BDST"]) < abs(values["MRES"]) == abs(axis.step)
        and values["MRES"] == axis.step
        and values["VELO"] > 0.0
        and values["DISA"] != values["DISV"]
        and axis.encoder is None
        and not motor.links
    )
    return ramp(motor, "VELO") if plain else None


def begin(motor: MotorState, user: float, path: Ramp, told: bool) -> bool:
    """Set out for VAL; False, and nothing done, where that is not plain.

    Parameters
    ----------
    told : bool
        Whether anybody hears of it: else nothing is to be prepared for that.
    """
    values, axis = motor.values, motor.axis
    if values["MIP"] or not values["DMOV"] or not axis.sound or not math.isfinite(user):
        return False
    dial, step = motor.dial_of(user), values["MRES"]
    whole = round(dial / step)
    low, high = values["DLLM"], values["DHLM"]
    allowed = low <= dial <= high or low == high == 0.0
    target = stage_of(motor, dial)
    before = round(values["DRBV"] / step)
    if whole == before or not allowed or not axis.low < target < axis.high:
        return False
    motor.timestamp = motor.clock.time()
    values["DMOV"] = 0
    asked = _asked(motor, dial)
    if told:
        motor.notify("DMOV")
        _tell(motor, asked, ALWAYS)
    else:
        values.update(asked)
    motor.remember_target()
    values["CDIR"] = int(whole > before)
    direction = int((target > axis.motor) == (step > 0.0))
    bits = int(values["MSTA"]) & (Msta.HOME | Msta.HOMED) | Msta.MOVING
    axis.move(target, path)
    moving = {"MSTA": float(bits | direction), "TDIR": direction, "MOVN": 1}
    if told:
        _tell(motor, moving)
    else:
        values.update(moving)
    return True


def _asked(motor: MotorState, dial: float) -> dict[str, Any]:
    step, difference = motor.values["MRES"], dial - motor.values["DRBV"]
    return {
        "DIFF": difference,
        "RDIF": nearest(difference / step),
        "VAL": motor.user_of(dial),
        "DVAL": dial,
        "RVAL": nearest(dial / step),
        "MIP": Mip.MOVE,
    }


def end(motor: MotorState, told: bool) -> None:
    """It has come to rest where it was sent."""
    values, axis = motor.values, motor.axis
    motor.timestamp = motor.clock.time()
    step = values["MRES"]
    steps = (axis.motor + axis.offset) / step
    dial, raw = dial_of_count(motor, steps), nearest(steps)
    difference = values["DVAL"] - dial
    at_home = int(axis.at_home)
    bits = int(values["MSTA"]) & (Msta.DIRECTION | Msta.HOMED) | Msta.DONE
    new = {
        "RMP": raw,
        "REP": raw,
        "RVEL": 0,
        "RRBV": raw,
        "DRBV": dial,
        "RBV": motor.user_of(dial),
        "DIFF": difference,
        "RDIF": nearest(difference / step) if difference else 0,
        "MSTA": float(bits | at_home * Msta.HOME),
        "MIP": Mip.DONE,
        "ATHM": at_home,
        "MOVN": 0,
        "DMOV": 1,
    }
    if told:
        _tell(motor, new)
    else:
        values.update(new)


def _tell(motor: MotorState, new: dict[str, Any], always: tuple[str, ...] = ()) -> None:
    """Store values, and have monitors hear of those that are new."""
    values = motor.values
    motor.mark(*always, *(field for field, value in new.items() if values[field] != value))
    values.update(new)
    motor.post_marked()
