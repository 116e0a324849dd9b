"""What a motor record says to its controller, and takes from it: device support, and process_motor_info()."""

import math
from collections.abc import Iterable
from typing import Any

from beamtwin.twin.records.motor.bits import Msta
from beamtwin.twin.records.motor.fields import MEASURED
from beamtwin.twin.records.motor.motion import Ramp
from beamtwin.twin.records.motor.state import MotorState, nearest

__all__ = [
    "begin_jog",
    "dial_of_count",
    "has_readback",
    "measure",
    "move_by",
    "move_to",
    "ramp",
    "search_home",
    "stage_of",
    "synchronise",
]

#: The rise time of each speed.
RISES = {"VELO": "ACCL", "BVEL": "BACC", "HVEL": "ACCL"}

#: A count is at a position that is no further than this away, in steps: less than rounding, more than its errors.
SAME = 1e-6

# --- commands


def move_to(motor: MotorState, dial: float, velocity: str) -> None:
    """Go to a dial position, with the speed of this field."""
    motor.axis.move(stage_of(motor, dial), ramp(motor, velocity))
    motor.answers = True


def move_by(motor: MotorState, distance: float, velocity: str) -> None:
    """Go a distance further on the dial."""
    axis = motor.axis
    steps = round(distance / motor.values["MRES"])
    axis.move(axis.motor + steps * axis.step, ramp(motor, velocity))
    motor.answers = True


def begin_jog(motor: MotorState) -> None:
    """Go on without end, as JOGF or JOGR says."""
    values = motor.values
    step, speed, base = values["MRES"], values["JVEL"], values["VBAS"]
    forwards = (values["JOGF"] != values["DIR"]) == (step * motor.axis.step > 0.0)
    motor.axis.jog(1 if forwards else -1, _on_axis(motor, speed, values["JAR"], base))
    motor.answers = True


def search_home(motor: MotorState) -> None:
    """Go to the home switch."""
    motor.axis.search_home(ramp(motor, "HVEL"))
    motor.answers = True


def stage_of(motor: MotorState, dial: float) -> float:
    """Where the axis is when the dial is as near as whole steps let it be."""
    axis, step = motor.axis, motor.values["MRES"]
    steps = dial / step
    whole = round(steps)
    exact = step == axis.step and abs(steps - whole) < SAME
    return (dial if exact else whole * axis.step) - axis.offset


def ramp(motor: MotorState, velocity: str) -> Ramp:
    """From VBAS to the speed of a field, in the time or with the acceleration that belongs to it."""
    values = motor.values
    speed, base = values[velocity], values["VBAS"]
    if velocity == "VELO" and values["ACCU"]:
        return _on_axis(motor, speed, values["ACCS"], base)
    rise = speed - base if speed > base else speed
    return _on_axis(motor, speed, rise / values[RISES[velocity]], base)


def _on_axis(motor: MotorState, speed: float, acceleration: float, base: float) -> Ramp:
    """The ramp in the axis's own units, which are not the dial's where MRES has been changed."""
    scale = abs(motor.axis.step / motor.values["MRES"])
    if scale == 1.0:
        return Ramp(speed, acceleration, base)
    return Ramp(speed * scale, acceleration * scale, base * scale)


# --- answers


def measure(motor: MotorState) -> None:
    """Take positions and status from the controller."""
    values = motor.values
    if motor.axis.silent:
        status = float(int(values["MSTA"]) | Msta.COMM_ERR)
        new: Iterable[tuple[str, Any]] = [("MSTA", status)]
    else:
        new = zip(MEASURED, _measured(motor), strict=True)
    for field, value in new:
        if values[field] != value:
            motor.set(field, value)
    if motor.at_switch or motor.axis.slipped:
        motor.clear_buttons()


def has_readback(motor: MotorState) -> bool:
    """Whether what is to be the readback (URIP, RDBL) can be read."""
    return not motor.values["URIP"] or _linked_readback(motor) is not None


def synchronise(motor: MotorState) -> None:
    """Where it is now, is where it was to go."""
    measure(motor)
    motor.make_target_of_readback()
    motor.remember_target()


def dial_of_count(motor: MotorState, steps: float) -> float:
    """The dial position of the whole count that is nearest: to the last bit where it was sent, or was before."""
    values = motor.values
    step = values["MRES"]
    whole = math.floor(abs(steps) + 0.5)
    count = whole if steps > 0.0 else -whole
    for dial in (values["DVAL"], values["DRBV"]):
        if abs(count - dial / step) < SAME:
            return dial
    return count * step


def _measured(motor: MotorState) -> tuple[Any, ...]:
    axis, values = motor.axis, motor.values
    step, target = values["MRES"], values["DVAL"]
    steps = (axis.motor + axis.offset) / axis.step
    raw = counts = nearest(steps)
    dial = dial_of_count(motor, steps)
    if axis.encoder is not None:
        counts = nearest((axis.reading + axis.encoder_offset) / axis.encoder.step)
        if values["UEIP"]:
            raw, dial = counts, counts * values["ERES"]
    if (
        values["URIP"] and motor.database is not None
    ):  # at the start the other record may not be there
        raw, dial = _follow_link(motor)
    difference = target - dial
    bits, plus, minus = _status(motor)
    high, low = (plus, minus) if (values["DIR"] == 0) == (step >= 0) else (minus, plus)
    at_home = bits & (Msta.ENCODER_HOME if values["UEIP"] else Msta.HOME)
    stands = bits & Msta.DONE or (plus if values["CDIR"] else minus)
    return (
        *(nearest(steps), counts, math.floor(axis.speed / axis.step), float(bits), raw, dial),
        *(motor.user_of(dial), bits & Msta.DIRECTION, plus, minus, high, low),
        *(int(not stands), int(bool(at_home)), difference, nearest(difference / step)),
    )


def _follow_link(motor: MotorState) -> tuple[int, float]:
    """The readback that RDBL gives; as it was, and the motion is stopped, where that cannot be read."""
    values = motor.values
    linked = _linked_readback(motor)
    if linked is None:
        if values["MIP"]:
            motor.clear_buttons()
            motor.set("STOP", 1)
        return values["RRBV"], values["DRBV"]
    raw = nearest(linked * values["RRES"] / values["MRES"])
    return raw, raw * values["MRES"]


def _linked_readback(motor: MotorState) -> float | None:
    link = motor.links.get("RDBL")
    return None if link is None else link.number()


def _status(motor: MotorState) -> tuple[int, int, int]:
    """MSTA, and the limit switches in the motor's direction."""
    axis = motor.axis
    here, reverse = axis.motor, axis.step < 0
    switches = int(here >= axis.high), int(here <= axis.low)
    plus, minus = switches[::-1] if reverse else switches
    bits = plus * Msta.PLUS_LS | minus * Msta.MINUS_LS
    bits |= Msta.MOVING if axis.moving else Msta.DONE
    if axis.forwards != reverse:
        bits |= Msta.DIRECTION
    if axis.at_home:
        bits |= Msta.HOME
    if axis.encoder is not None:
        bits |= Msta.PRESENT | (Msta.ENCODER_HOME if axis.at_home else 0)
    if axis.homed:
        bits |= Msta.HOMED
    if axis.slipped:
        bits |= Msta.SLIP_STALL | Msta.PROBLEM
    return bits, plus, minus
