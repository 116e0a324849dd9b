"""What writing a motor's buttons does before the record processes."""

from collections.abc import Callable, Mapping

from beamtwin.orchestration.errors import PutError
from beamtwin.twin.records.motor.bits import Mip
from beamtwin.twin.records.motor.state import MotorState, Stup

__all__ = ["BUTTONS"]


def _request_jog(motor: MotorState, field: str) -> None:
    """A jog can begin when nothing else goes on; it ends when the button is released."""
    values = motor.values
    if not values[field]:
        values["MIP"] &= ~Mip.JOG_REQ
    elif values["MIP"] == Mip.DONE and not values["HLS" if field == "JOGF" else "LLS"]:
        values["MIP"] |= Mip.JOG_REQ


def _request_status(motor: MotorState, field: str) -> None:
    if motor.values["STUP"] != Stup.ON:
        motor.values["STUP"] = Stup.OFF
        raise PutError(f"{motor.name}.STUP: refused: write ON to have the status updated")


BUTTONS: Mapping[str, Callable[[MotorState, str], None]] = {
    **dict.fromkeys(("JOGF", "JOGR"), _request_jog),
    "STUP": _request_status,
}
