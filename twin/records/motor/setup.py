"""What writing a motor's configuration does: coordinates, limits, speeds.

user = dial * DIR + OFF
"""

from collections.abc import Mapping
from typing import Any

from beamtwin.orchestration.errors import PutError
from beamtwin.twin.record import Record, Write

__all__ = ["SETUP", "calibrate", "dial_of", "sign_of", "take_up", "user_of"]

SPEEDS = ("VELO", "BVEL", "HVEL", "JVEL")


def sign_of(motor: Record) -> int:
    """Of DIR."""
    return -1 if motor.values["DIR"] else 1


def user_of(motor: Record, dial: float) -> float:
    """A dial position in user coordinates."""
    values = motor.values
    return values["OFF"] + (-dial if values["DIR"] else dial)


def dial_of(motor: Record, user: float) -> float:
    """A user position in dial coordinates."""
    values = motor.values
    dial = user - values["OFF"]
    return -dial if values["DIR"] else dial


def take_up(motor: Record, given: Mapping[str, Any]) -> None:
    """Make the fields that depend on others agree with those given when a motor is made."""
    values = motor.values
    for field in ("MRES", "VELO", "ACCL", "BACC"):
        _refuse_unless_positive(motor, field, values[field])
    dial = values["DVAL"] if "DVAL" in given else dial_of(motor, values["VAL"])
    values |= {"DVAL": dial, "DRBV": dial, "VAL": user_of(motor, dial), "RBV": user_of(motor, dial)}
    for field in {"HLM", "LLM"} & given.keys():
        values[_dial_limit(motor, field)] = dial_of(motor, values[field])
    _post_user_limits(motor)
    for field in SPEEDS:
        values[field] = values[field] or values["VELO"]
    values["JAR"] = values["JAR"] or values["VELO"] / values["ACCL"]


def _post_user_limits(motor: Record) -> None:
    """Make HLM and LLM agree with the dial's limits."""
    low, high = (
        user_of(motor, motor.values[field]) for field in ("DLLM", "DHLM")[:: sign_of(motor)]
    )
    motor.post("LLM", low)
    motor.post("HLM", high)


def _set_offset(motor: Record, field: str, offset: float) -> None:
    """OFF: other names for the same places."""
    motor.post("OFF", offset)
    motor.post("VAL", user_of(motor, motor.values["DVAL"]))
    motor.post("RBV", user_of(motor, motor.values["DRBV"]))
    _post_user_limits(motor)


def calibrate(motor: Record, field: str, value: float) -> float:
    """In SET mode: call the place where it is something else.

    Returns
    -------
    float
        What that adds to the dial: with VAL nothing, unless FOFF is Frozen.

    Raises
    ------
    PutError
        While it moves.
    """
    values, sign = motor.values, sign_of(motor)
    if not values["DMOV"]:
        raise PutError(f"{motor.name}.{field}: {value!r} refused: it moves, and cannot be SET")
    if field != "DVAL" and not values["FOFF"]:
        _set_offset(motor, "OFF", value - values["DVAL"] * sign)
        return 0.0
    dial = value if field == "DVAL" else dial_of(motor, value)
    offset = values["OFF"] if values["FOFF"] else values["VAL"] - dial * sign
    shift = dial - values["DRBV"]
    motor.post("DVAL", dial)
    motor.post("DRBV", dial)
    _set_offset(motor, "OFF", offset)
    return shift


def _set_direction(motor: Record, field: str, direction: int) -> None:
    values = motor.values
    user = values["VAL"]
    motor.post("DIR", direction)
    frozen = values["FOFF"]
    _set_offset(motor, "OFF", values["OFF"] if frozen else user - values["DVAL"] * sign_of(motor))


def _dial_limit(motor: Record, field: str) -> str:
    return "DHLM" if (field == "HLM") == (sign_of(motor) > 0) else "DLLM"


def _set_user_limit(motor: Record, field: str, limit: float) -> None:
    motor.post(_dial_limit(motor, field), dial_of(motor, limit))
    motor.post(field, limit)


def _set_dial_limit(motor: Record, field: str, limit: float) -> None:
    motor.post(field, limit)
    _post_user_limits(motor)


def _set_speed(motor: Record, field: str, speed: float) -> None:
    """A speed, within VBAS and VMAX (0: no limit)."""
    values = motor.values
    speed = max(speed, values["VBAS"])
    if values["VMAX"]:
        speed = min(speed, values["VMAX"])
    _refuse_unless_positive(motor, field, speed)
    motor.post(field, speed)


def _set_speed_limit(motor: Record, field: str, speed: float) -> None:
    """VBAS or VMAX: the other, and all speeds, come along."""
    values = motor.values
    motor.post(field, max(0.0, speed))
    if 0.0 < values["VMAX"] < values["VBAS"]:
        motor.post("VBAS" if field == "VMAX" else "VMAX", values[field])
    for name in SPEEDS:
        _set_speed(motor, name, values[name])


def _set_positive(motor: Record, field: str, value: float) -> None:
    _refuse_unless_positive(motor, field, value)
    motor.post(field, value)


def _refuse_unless_positive(motor: Record, field: str, value: float) -> None:
    if not value > 0:
        unit = motor.metadata(field).units
        raise PutError(f"{motor.name}.{field}: {value:g} refused: more than 0 {unit} is wanted")


SETUP: Mapping[str, Write] = {
    "OFF": _set_offset,
    "DIR": _set_direction,
    **dict.fromkeys(("HLM", "LLM"), _set_user_limit),
    **dict.fromkeys(("DHLM", "DLLM"), _set_dial_limit),
    **dict.fromkeys(SPEEDS, _set_speed),
    **dict.fromkeys(("VBAS", "VMAX"), _set_speed_limit),
    **dict.fromkeys(("ACCL", "BACC", "JAR", "MRES"), _set_positive),
}
