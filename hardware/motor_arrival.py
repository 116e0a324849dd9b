"""Arrival: how a motion of a motor ends, and what to make of it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from beamtwin.hardware.channel import SEVERITIES, Reading
from beamtwin.hardware.motor_signals import MotorStatus
from beamtwin.orchestration.errors import MoveError, NotConnectedError
from beamtwin.orchestration.status import Status

if TYPE_CHECKING:
    from beamtwin.hardware.motor import Motor

__all__ = ["Arrival"]

#: A setpoint is the same where it differs by no more than this part of it: records compute it anew from the dial's.
ROUNDING = 1e-9

#: What MSTA may say of a motor that is in alarm, and what to do about it.
COMPLAINTS = {
    MotorStatus.SLIP_STALL: "it slipped or stalled: see what is in its way, and home it",
    MotorStatus.PROBLEM: "its controller reports a problem: see there, and home it",
    MotorStatus.COMM_ERR: "its controller does not answer: see to its network and power",
}


class Arrival:
    """Follows one motion to its end.

    It ends when the record says so twice: the put that began it has completed, and DMOV, asked for after that, is 1.
    (A record completes the put of a motion that was stopped, or refused for its soft limits, as if all were well; and
    not every server holds a put back until the motor stands.)

    Parameters
    ----------
    motor : Motor
    status : Status
        Is told how it ended.
    target : float, optional
        Where it was to go; None where that is not known: a jog, a search for home.
    """

    __slots__ = ("_motor", "_status", "_target")

    def __init__(self, motor: "Motor", status: Status, target: float | None = None):
        self._motor = motor
        self._status = status
        self._target = target

    def follow(self, put: Status) -> Status:
        """See how the motion ends that this put has begun; returns its status."""
        put.add_callback(self._put_ended)
        return self._status

    def _put_ended(self, put: Status) -> None:
        error = put.exception()
        if error is None:
            self._look()
        else:
            self._status.set_exception(error)

    def _look(self, _: Any = None) -> None:
        """Is it over, and how?"""
        status = self._status
        if status.done:
            return
        try:
            done, here = self._motor.rest_readings()
            if done.value and not here.severity and self._is_there(here.value):
                status.set_finished()  # as nearly always
            elif done.value:
                self._judge(here)
            elif self._is_superseded():
                # The next motion has begun; this one had ended by then, and where can no longer be seen.
                status.set_finished()
            else:
                self._await_rest()
        except Exception as error:
            status.set_exception(error)

    def _is_there(self, here: float) -> bool:
        return self._target is not None and self._motor.is_at(here, self._target)

    def _is_superseded(self) -> bool:
        return self._target is not None and not self._is_sent_to(self._target)

    def _is_sent_to(self, target: float) -> bool:
        return abs(self._motor.user_setpoint.get() - target) <= ROUNDING * max(1.0, abs(target))

    def _await_rest(self) -> None:
        done = self._motor.motor_done_move
        rest = done.when(bool)
        end = done.readback.on_change(self._check_connection)
        rest.add_callback(self._look)
        self._status.add_callback(lambda _: (end(), rest.set_finished()))

    def _check_connection(self) -> None:
        channel = self._motor.motor_done_move.readback
        if not channel.connected:
            error = f"{self._status.name}: {channel.name} was disconnected on the way"
            self._status.set_exception(NotConnectedError(error))

    # --- how it went

    def _judge(self, here: Reading) -> None:
        reason = self._reason(here)
        if reason is None:
            self._status.set_finished()
        else:
            self._status.set_exception(MoveError(self._message(here.value, reason())))

    def _reason(self, here: Reading) -> "Callable[[], str] | None":
        """Makes the reason of a failure; None where there is none."""
        motor, target = self._motor, self._target
        if motor.stopped_on_purpose:
            return None
        if target is not None and not motor.is_at(here.value, target):
            return lambda: self._why_elsewhere(here)
        if here.severity > motor.tolerated_severity:
            return lambda: f"it is in alarm {here.alarm}{self._complaint()}"
        if target is None and motor.soft_limit_violation.get():
            return lambda: f"it came within a second of its soft limits {self._soft_limits()}"
        return None

    def _message(self, here: float, reason: str) -> str:
        motor, target = self._motor, self._target
        unit = motor.egu
        if target is None:
            begin = f"{self._status.name} failed"
        elif motor.is_at(here, target):
            begin = f"{motor.name}: got to {target:g} {unit}, but"
            return f"{begin} {reason} ({motor.prefix})"
        else:
            begin = f"{motor.name}: did not get to {target:g} {unit}"
        return f"{begin}: {reason}; it is at {here:g} {unit} ({motor.prefix})"

    def _why_elsewhere(self, here: Reading) -> str:
        motor, target = self._motor, self._target
        assert target is not None
        if motor.soft_limit_violation.get():
            return f"refused, the soft limits are {self._soft_limits()}"
        for switch, which, other in (
            (motor.high_limit_switch, "high", "down"),
            (motor.low_limit_switch, "low", "up"),
        ):
            if switch.get():
                return f"stopped by its {which} limit switch: move it {other} from there"
        if not self._is_sent_to(target):
            return "it was stopped"
        if here.severity > motor.tolerated_severity:
            return f"it is in alarm {here.alarm}{self._complaint()}"
        return "it came to rest before"

    def _soft_limits(self) -> str:
        low, high = self._motor.limits
        return f"[{low:g}, {high:g}] {self._motor.egu}"

    def _complaint(self) -> str:
        """What its status says of an alarm, and what to do."""
        flags = self._motor.flags
        found = [text for flag, text in COMPLAINTS.items() if flag & flags]
        tolerated = SEVERITIES[self._motor.tolerated_severity]
        return f": {found[0]}" if found else f", and {tolerated} is tolerated (tolerated_alarm)"
