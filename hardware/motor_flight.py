"""Flights: a motor that passes from one position to another at a constant velocity."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from beamtwin.hardware.sequence import Steps, sequence
from beamtwin.orchestration.errors import BeamtwinError, DeviceError, LimitsError
from beamtwin.orchestration.status import Status

if TYPE_CHECKING:
    from beamtwin.hardware.motor import Motor

__all__ = ["FlightPlan", "FlyMotorInfo"]


@dataclass(frozen=True)
class FlyMotorInfo:
    """What `Motor.prepare` takes: ophyd-async's names.

    Attributes
    ----------
    start_position, end_position : float
        Between these it moves at a constant velocity; in the motor's unit.
    time_for_move : float
        In s, from the one to the other.
    timeout : float, optional
        In s, of the whole move; default: the motor's.
    """

    start_position: float
    end_position: float
    time_for_move: float
    timeout: float | None = None

    @property
    def velocity(self) -> float:
        """The speed that it takes, without a sign.

        Raises
        ------
        LimitsError
            Where there is no way, or no time.
        """
        way = abs(self.end_position - self.start_position)
        if not (way > 0.0 and self.time_for_move > 0.0):
            raise LimitsError(f"{self}: the way and the time for it must be more than 0")
        return way / self.time_for_move


class FlightPlan:
    """A flight that a motor is prepared for: it begins before ``start_position``, and ends after ``end_position``.

    Parameters
    ----------
    motor : Motor
    info : FlyMotorInfo or object with its attributes
    """

    def __init__(self, motor: "Motor", info: Any):
        self._motor = motor
        self._info = FlyMotorInfo(
            info.start_position, info.end_position, info.time_for_move, _seconds(info)
        )
        self._usual_velocity = 0.0
        self._end = info.end_position
        self._move: Status | None = None
        _check_speed(motor, self._info.velocity)

    def prepare(self) -> Steps:
        """Go to where the run-up begins, and have the velocity set."""
        motor, info = self._motor, self._info
        self._usual_velocity = motor.velocity.get()
        run_up = yield from self._measure_run_up()
        ahead = run_up if info.end_position > info.start_position else -run_up
        begin, self._end = info.start_position - ahead, info.end_position + ahead
        for place in (begin, self._end):
            motor.check_value(place)
        yield motor.set(begin)
        yield motor.velocity.set(info.velocity)

    def kickoff(self) -> Status:
        """Begin; the status is done as soon as it moves."""
        motor = self._motor
        self._move = motor.set(self._end, timeout=self._info.timeout)
        return motor.motor_done_move.when(lambda done: not done or self._has_ended())

    def complete(self) -> Status:
        """The end of the flight: the motor stands, and has its usual velocity again."""
        motor = self._motor
        return sequence(motor.clock, self._land(), f"{motor.name}: end of the flight")

    def _has_ended(self) -> bool:
        return self._move is not None and self._move.done

    def _measure_run_up(self) -> Generator[Status, None, float]:
        """Ask how far it takes to get to the velocity: ACCL may follow it (ACCU)."""
        motor, velocity = self._motor, self._info.velocity
        yield motor.velocity.set(velocity)
        try:
            # From VBAS, whatever that is, to the velocity: no more than this.
            return velocity * motor.acceleration.get()
        finally:
            yield motor.velocity.set(self._usual_velocity)

    def _land(self) -> Steps:
        if self._move is None:
            raise DeviceError(f"{self._motor.name}: it has not been kicked off")
        try:
            yield self._move
        except BeamtwinError:
            yield self._motor.velocity.set(self._usual_velocity)
            raise
        yield self._motor.velocity.set(self._usual_velocity)


def _seconds(info: Any) -> float | None:
    """Its timeout; ophyd-async's word for "calculate it" is no number."""
    timeout = getattr(info, "timeout", None)
    return timeout if isinstance(timeout, int | float) else None


def _check_speed(motor: "Motor", velocity: float) -> None:
    fastest = motor.max_velocity.get()
    if fastest and velocity > fastest:
        unit = f"{motor.egu}/s"
        raise LimitsError(
            f"{motor.name}: a flight at {velocity:g} {unit} is faster than {fastest:g} {unit}"
            f" (VMAX of {motor.prefix}); give it more time"
        )
