"""What writing a motor's coordinates does: offset, direction, limits, calibration.

user = dial * DIR + OFF,    dial = raw * MRES
"""

from collections.abc import Callable, Mapping

from beamtwin.twin.record import LOG, VALUE
from beamtwin.twin.records.motor.bits import Mip
from beamtwin.twin.records.motor.state import MotorState, nearest

__all__ = [
    "COORDINATES",
    "call_position",
    "keep_dead_band",
    "post_user_limits",
    "rename_user",
    "set_dial_limit",
    "set_user_limit",
]


def rename_user(motor: MotorState) -> None:
    """In SET mode, the offset free: the place where it is has the new VAL; the dial stays."""
    values = motor.values
    motor.set("OFF", values["VAL"] - values["DVAL"] * motor.sign)
    motor.set("RBV", motor.user_of(values["DRBV"]))
    set_user_limits(motor)
    values["LVAL"] = values["VAL"]
    motor.set_mip(Mip.DONE)
    motor.set("DMOV", 1)


def call_position(motor: MotorState) -> None:
    """Have the controller's counters say DVAL of where it is: load_pos()."""
    values = motor.values
    raw = nearest(values["DVAL"] / values["MRES"])
    if values["RVAL"] != raw:
        motor.set("RVAL", raw)
    if values["FOFF"]:
        motor.set("VAL", motor.user_of(values["DVAL"]))
    else:
        motor.set("OFF", values["VAL"] - values["DVAL"] * motor.sign)
        set_user_limits(motor)
    motor.remember_target()
    motor.set_mip(Mip.LOAD_P)
    if values["DMOV"]:
        motor.set("DMOV", 0)
    _load_counters(motor)


def _load_counters(motor: MotorState) -> None:
    axis, values = motor.axis, motor.values
    dial, step = values["DVAL"], values["MRES"]
    position = dial if step == axis.step else dial / step * axis.step
    counts = 0.0 if axis.encoder is None else dial / values["ERES"] * axis.encoder.step
    axis.call(position, counts)
    motor.answers = True


def keep_dead_band(motor: MotorState) -> None:
    """RDBD is a step at least."""
    step = abs(motor.values["MRES"])
    if motor.values["RDBD"] < step:
        motor.post("RDBD", step)


def set_user_limits(motor: MotorState) -> None:
    """HLM and LLM follow the dial's limits."""
    values = motor.values
    low, high = ("DLLM", "DHLM") if values["DIR"] == 0 else ("DHLM", "DLLM")
    motor.set("HLM", motor.user_of(values[high]))
    motor.set("LLM", motor.user_of(values[low]))


def post_user_limits(motor: MotorState) -> None:
    """`set_user_limits`, and monitors hear of it at once."""
    set_user_limits(motor)
    motor.notify("HLM")
    motor.notify("LLM")


def set_user_limit(motor: MotorState, field: str) -> None:
    """HLM or LLM: the dial's limit follows."""
    dial = "DHLM" if (field == "HLM") == (motor.values["DIR"] == 0) else "DLLM"
    motor.set(dial, motor.dial_of(motor.values[field]))
    _set_raw_limit(motor, dial)
    motor.mark(field)


def set_dial_limit(motor: MotorState, field: str) -> None:
    """DHLM or DLLM: the user's limit follows."""
    user = "HLM" if (field == "DHLM") == (motor.values["DIR"] == 0) else "LLM"
    motor.set(user, motor.user_of(motor.values[field]))
    _set_raw_limit(motor, field)
    motor.mark(field)


def _set_raw_limit(motor: MotorState, dial: str) -> None:
    values = motor.values
    raw = "RHLM" if (dial == "DHLM") == (values["MRES"] > 0.0) else "RLLM"
    motor.set(raw, values[dial] / values["MRES"])


def _set_offset(motor: MotorState, field: str) -> None:
    """OFF: other names for the same places."""
    values = motor.values
    motor.set("VAL", motor.user_of(values["DVAL"]))
    values["LVAL"] = motor.user_of(values["LDVL"])
    motor.set("RBV", motor.user_of(values["DRBV"]))
    set_user_limits(motor)


def _set_direction(motor: MotorState, field: str) -> None:
    """DIR: VAL is kept where the offset is free, else OFF is."""
    values = motor.values
    if values["FOFF"]:
        motor.set("VAL", motor.user_of(values["DVAL"]))
        values["LVAL"] = motor.user_of(values["LDVL"])
    else:
        motor.set("OFF", values["VAL"] - values["DVAL"] * motor.sign)
    motor.set("RBV", motor.user_of(values["DRBV"]))
    set_user_limits(motor)


def _switch(field: str, value: int) -> Callable[[MotorState, str], None]:
    """What any write to a field like SSET does: give another field a value, and tell it, new or not."""

    def switch(motor: MotorState, _: str) -> None:
        motor.values[field] = value
        motor.notify(field, VALUE | LOG)

    return switch


COORDINATES: Mapping[str, Callable[[MotorState, str], None]] = {
    "OFF": _set_offset,
    "DIR": _set_direction,
    **dict.fromkeys(("HLM", "LLM"), set_user_limit),
    **dict.fromkeys(("DHLM", "DLLM"), set_dial_limit),
    **dict.fromkeys(("RDBD", "BDST"), lambda motor, _: keep_dead_band(motor)),
    "SSET": _switch("SET", 1),
    "SUSE": _switch("SET", 0),
    "FOF": _switch("FOFF", 1),
    "VOF": _switch("FOFF", 0),
}
