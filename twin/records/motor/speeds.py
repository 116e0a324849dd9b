"""What writing a motor's speeds and resolution does.

MRES = UREV / SREV,    VELO = S * |UREV|,    VELO - VBAS = ACCL * ACCS
"""

from collections.abc import Callable, Mapping

from beamtwin.orchestration.errors import PutError
from beamtwin.twin.records.motor.bits import Mip
from beamtwin.twin.records.motor.controller import begin_jog
from beamtwin.twin.records.motor.coordinates import post_user_limits
from beamtwin.twin.records.motor.state import MotorState

__all__ = ["PAIRS", "SPEEDS", "agree", "clamp", "rise_to_speed"]

#: Speeds in EGU/s, each with the field that has it in revolutions/s.
PAIRS = {"VELO": "S", "BVEL": "SBAK", "VBAS": "SBAS", "VMAX": "SMAX"}
_IN_EGU = {turns: speed for speed, turns in PAIRS.items()}

SHORTEST_RISE_S = 0.1


def clamp(motor: MotorState, field: str) -> None:
    """Keep a speed between VBAS and VMAX, or SBAS and SMAX; a maximum of 0 is none."""
    values = motor.values
    low, high = ("SBAS", "SMAX") if field in _IN_EGU else ("VBAS", "VMAX")
    value = max(values[field], values[low])
    if values[high]:
        value = min(value, values[high])
    motor.post(field, value)


def _agree_on_acceleration(motor: MotorState) -> None:
    """ACCS follows ACCL; the other way round where ACCU says that ACCS is used."""
    values = motor.values
    rise = rise_to_speed(motor)
    if not values["ACCU"]:
        motor.post("ACCS", rise / values["ACCL"])
    elif values["ACCS"] > 0.0:
        motor.post("ACCL", rise / values["ACCS"])


def rise_to_speed(motor: MotorState) -> float:
    """From VBAS to VELO, in EGU/s."""
    speed, base = motor.values["VELO"], motor.values["VBAS"]
    return speed - base if speed > base else speed


def agree(motor: MotorState, field: str) -> None:
    """Let the other of a pair of fields say the same."""
    turn = abs(motor.values["UREV"])
    if field in _IN_EGU:
        motor.post(_IN_EGU[field], turn * motor.values[field])
    elif turn:
        motor.post(PAIRS[field], motor.values[field] / turn)


def _set_speed(motor: MotorState, field: str) -> None:
    clamp(motor, field)
    if field == "VELO":
        _agree_on_acceleration(motor)
    agree(motor, field)
    if field == "S":
        _agree_on_acceleration(motor)


def _set_limit(motor: MotorState, field: str) -> None:
    """VBAS or VMAX, or as revolutions: the other limit, and all speeds, come along."""
    values = motor.values
    motor.post(field, max(0.0, values[field]))
    agree(motor, field)
    if field in ("VBAS", "SBAS"):
        _agree_on_acceleration(motor)
    if 0.0 < values["VMAX"] < values["VBAS"]:
        kept, moved = ("BAS", "MAX") if field.endswith("BAS") else ("MAX", "BAS")
        for kind in "VS":
            motor.post(kind + moved, values[kind + kept])
    for speed in ("VELO", "BVEL"):
        clamp(motor, speed)
        agree(motor, speed)
    for speed in ("JVEL", "HVEL"):
        clamp(motor, speed)


def _set_jog_speed(motor: MotorState, field: str) -> None:
    clamp(motor, field)
    if motor.values["MIP"] & (Mip.JOGF | Mip.JOGR):
        begin_jog(motor)


def _set_rise(motor: MotorState, field: str) -> None:
    """ACCL or BACC."""
    if motor.values[field] <= 0.0:
        motor.post(field, SHORTEST_RISE_S)
    if field == "ACCL":
        motor.post("ACCS", rise_to_speed(motor) / motor.values["ACCL"])


def _set_acceleration(motor: MotorState, field: str) -> None:
    values = motor.values
    if values["ACCS"] <= 0.0:
        values["ACCS"] = rise_to_speed(motor) / values["ACCL"]
    motor.post("ACCL", rise_to_speed(motor) / values["ACCS"])


def _set_jog_acceleration(motor: MotorState, field: str) -> None:
    if motor.values["JAR"] <= 0.0:
        motor.values["JAR"] = motor.values["JVEL"] / SHORTEST_RISE_S


def _set_steps(motor: MotorState, field: str) -> None:
    """SREV: MRES follows, and nothing else."""
    values = motor.values
    if values["SREV"] <= 0:
        values["SREV"] = 200
    _take_resolution(motor, values["UREV"] / values["SREV"])


def _set_turn(motor: MotorState, field: str) -> None:
    values = motor.values
    _take_resolution(motor, values["UREV"] / values["SREV"])
    _scale(motor)


def _set_resolution(motor: MotorState, field: str) -> None:
    values = motor.values
    motor.mark("MRES")
    turn = values["MRES"] * values["SREV"]
    if values["UREV"] != turn:
        motor.set("UREV", turn)
    _scale(motor)


def _take_resolution(motor: MotorState, step: float) -> None:
    if motor.values["MRES"] != step:
        motor.set("MRES", step)


def _scale(motor: MotorState) -> None:
    """The motor turns as fast as before, and its raw limits stay: those in EGU follow MRES."""
    values = motor.values
    turn, step = abs(values["UREV"]), values["MRES"]
    for speed, turns in PAIRS.items():
        motor.post(speed, turn * values[turns])
    low, high = ("RLLM", "RHLM") if step > 0.0 else ("RHLM", "RLLM")
    motor.post("DLLM", values[low] * step)
    motor.post("DHLM", values[high] * step)
    post_user_limits(motor)


def _set_encoder_step(motor: MotorState, field: str) -> None:
    if motor.values["ERES"] == 0.0:
        motor.values["ERES"] = motor.values["MRES"]
    motor.mark("ERES")


def _use_encoder(motor: MotorState, field: str) -> None:
    """UEIP: no without an encoder; it takes the place of URIP."""
    if not motor.values["UEIP"]:
        return
    if motor.axis.encoder is None:
        motor.set("UEIP", 0)
    else:
        motor.post("URIP", 0)


def _use_link(motor: MotorState, field: str) -> None:
    """URIP: it takes the place of UEIP."""
    if motor.values["URIP"] and motor.values["UEIP"]:
        motor.set("UEIP", 0)


def _set_fraction(motor: MotorState, field: str) -> None:
    motor.values["FRAC"] = min(max(motor.values["FRAC"], 0.1), 1.5)


def _set_factor(motor: MotorState, field: str) -> None:
    if motor.values["NTMF"] < 2:
        motor.values["NTMF"] = 2
        motor.notify("NTMF")
        raise PutError(f"{motor.name}.NTMF: refused: 2 is the least, and has been taken")


SPEEDS: Mapping[str, Callable[[MotorState, str], None]] = {
    **dict.fromkeys(("VELO", "S", "BVEL", "SBAK"), _set_speed),
    "HVEL": clamp,
    **dict.fromkeys(("VBAS", "SBAS", "VMAX", "SMAX"), _set_limit),
    **dict.fromkeys(("ACCL", "BACC"), _set_rise),
    "ACCS": _set_acceleration,
    "JVEL": _set_jog_speed,
    "JAR": _set_jog_acceleration,
    "MRES": _set_resolution,
    "UREV": _set_turn,
    "SREV": _set_steps,
    "ERES": _set_encoder_step,
    "UEIP": _use_encoder,
    "URIP": _use_link,
    "FRAC": _set_fraction,
    "NTMF": _set_factor,
}
