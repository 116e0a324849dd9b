"""How a motor record begins: the fields that are given decide about those that are not."""

from collections.abc import Collection

from beamtwin.orchestration.errors import PutError
from beamtwin.twin.records.motor.coordinates import (
    keep_dead_band,
    set_dial_limit,
    set_user_limit,
)
from beamtwin.twin.records.motor.speeds import PAIRS, agree, clamp, rise_to_speed
from beamtwin.twin.records.motor.state import MotorState

__all__ = ["take_up"]


def take_up(motor: MotorState, given: Collection[str]) -> None:
    """Make the fields agree, as the record does when an IOC starts: check_speed_and_resolution().

    Parameters
    ----------
    given
        The names of the fields that are not to be as the type's defaults are.

    Raises
    ------
    PutError
        Where it could never move.
    """
    _take_up_resolution(motor)
    _take_up_speeds(motor)
    _take_up_acceleration(motor)
    _take_up_limits(motor, given)
    values = motor.values
    if "DVAL" not in given:
        values["DVAL"] = motor.dial_of(values["VAL"])
    values["VAL"] = values["RBV"] = motor.user_of(values["DVAL"])
    values["DRBV"] = values["DVAL"]
    values["ERES"] = values["ERES"] or values["MRES"]
    keep_dead_band(motor)


def _take_up_resolution(motor: MotorState) -> None:
    values = motor.values
    if values["SREV"] <= 0:
        values["SREV"] = 200
    if values["UREV"]:
        values["MRES"] = values["UREV"] / values["SREV"]
    if not values["MRES"]:
        raise PutError(f"{motor.name}.MRES: 0 refused: a step has a length")
    values["UREV"] = values["MRES"] * values["SREV"]


def _take_up_speeds(motor: MotorState) -> None:
    """Of two fields for one speed, that in revolutions/s counts, unless it is 0."""
    values = motor.values
    if values["VMAX"]:
        values["VBAS"] = min(values["VBAS"], values["VMAX"])
    for speed in ("VMAX", "VBAS", "VELO", "BVEL"):
        turns = PAIRS[speed]
        agree(motor, turns if values[turns] else speed)
    _refuse_unless_positive(motor, "VELO")
    for speed, otherwise in (
        ("BVEL", "VELO"),
        ("JVEL", "VELO"),
        ("HVEL", "VBAS"),
        ("HVEL", "VELO"),
    ):
        values[speed] = values[speed] or values[otherwise]
    for speed in ("VELO", "BVEL", "JVEL", "HVEL"):
        clamp(motor, speed)
    for speed in ("VELO", "BVEL"):
        agree(motor, speed)


def _take_up_acceleration(motor: MotorState) -> None:
    values = motor.values
    for rise in ("ACCL", "BACC"):
        _refuse_unless_positive(motor, rise)
    if values["ACCS"] > 0.0:
        values["ACCL"] = rise_to_speed(motor) / values["ACCS"]
    values["ACCS"] = rise_to_speed(motor) / values["ACCL"]
    values["JAR"] = values["JAR"] or values["VELO"] / values["ACCL"]


def _take_up_limits(motor: MotorState, given: Collection[str]) -> None:
    wanted = {field: motor.values[field] for field in ("HLM", "LLM") if field in given}
    for field in ("DHLM", "DLLM"):
        set_dial_limit(motor, field)
    for field, limit in wanted.items():
        motor.values[field] = limit
        set_user_limit(motor, field)


def _refuse_unless_positive(motor: MotorState, field: str) -> None:
    if not motor.values[field] > 0:
        unit = motor.metadata(field).units
        raise PutError(
            f"{motor.name}.{field}: {motor.values[field]:g} refused: more than 0 {unit} is wanted"
        )
