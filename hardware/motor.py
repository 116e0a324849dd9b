"""Motor: an axis with an EPICS motor record."""

from collections.abc import Mapping
from typing import Any, Literal

from beamtwin.hardware.channel import SEVERITIES, Reading
from beamtwin.hardware.latest import Latest
from beamtwin.hardware.motor_arrival import Arrival
from beamtwin.hardware.motor_flight import FlightPlan, FlyMotorInfo
from beamtwin.hardware.motor_signals import MotorSignals, MotorStatus
from beamtwin.hardware.progress import MoveStatus
from beamtwin.hardware.sequence import Steps, sequence
from beamtwin.hardware.signals import Document, SignalR, SignalW, check_limits
from beamtwin.orchestration.errors import BeamtwinError, DeviceError
from beamtwin.orchestration.status import Status

__all__ = ["FlyMotorInfo", "Motor", "MotorStatus"]

Direction = Literal["forward", "reverse"]

#: Seconds that a motion may take beyond what its speed and acceleration say.
GRACE_S = 10.0


class Motor(MotorSignals):
    """A motor record; Ophyd's attribute names, see `MotorSignals`.

    What begins a motion returns a status, which fails with `MoveError` where the motor comes to rest elsewhere or in
    alarm: naming the PV, the value and the way out. It fails at once where the motor is disconnected.

    Attributes
    ----------
    stopped_on_purpose : bool
        The motion under way has been ended by ``stop(success=True)``.
    """

    def __init__(self, prefix: str, name: str, transport: Any, *, parent: Any = None):
        super().__init__(prefix, name, transport, parent=parent)
        self.stopped_on_purpose = False
        self.tolerated_severity = SEVERITIES.index("MINOR")
        self._limits_source = f"soft limits of {prefix}"
        self._bounds = Latest(
            transport,
            _channels(
                self.velocity,
                self.acceleration,
                self.backlash_distance,
                self.low_limit_travel,
                self.high_limit_travel,
            ),
        )
        self._at_rest = _channels(self.motor_done_move, self.user_readback)
        self._places = _channels(self.user_setpoint, self.user_readback)
        self._limits = _channels(self.low_limit_travel, self.high_limit_travel)
        self._flight: FlightPlan | None = None
        self._holds = False

    # --- where it is, and how it does

    @property
    def position(self) -> float:
        """Where it is, in `egu`."""
        return self.user_readback.get()

    @property
    def egu(self) -> str:
        """The unit of its positions."""
        return self.user_readback.metadata.units

    @property
    def limits(self) -> tuple[float, float]:
        """The soft limits now; there are none where the first is not below the second, as in (0, 0)."""
        low, high = self._values(self._limits)
        return low, high

    @property
    def moving(self) -> bool:
        """Whether it is on its way."""
        return not self.motor_done_move.get()

    @property
    def flags(self) -> MotorStatus:
        """What the controller says: MSTA."""
        return MotorStatus(int(self.motor_status.get()))

    @property
    def tolerated_alarm(self) -> str:
        """The worst alarm in which a motion may end without failing: one of `SEVERITIES`, ``"MINOR"`` at first."""
        return SEVERITIES[self.tolerated_severity]

    @tolerated_alarm.setter
    def tolerated_alarm(self, severity: str) -> None:
        self.tolerated_severity = SEVERITIES.index(severity)

    def locate(self) -> Document:
        """Where it was sent, and where it is."""
        setpoint, readback = self._values(self._places)
        return {"setpoint": setpoint, "readback": readback}

    def check_value(self, value: float) -> None:
        """Raise `LimitsError` for a position that is outside the soft limits."""
        self._check(value, *self.limits)

    def is_at(self, here: float, target: float) -> bool:
        """Whether ``here`` is as near as it can get: within its last digit, its dead band, a step."""
        if here == target:
            return True
        distance = abs(here - target)
        precision = self.user_readback.metadata.precision
        if distance <= (0.0 if precision is None else 10.0**-precision):
            return True
        return distance <= max(self.deadband.get(), abs(self.resolution.get()))

    def rest_readings(self) -> list[Reading]:
        """DMOV and RBV, both asked for now."""
        return self.transport.get_many(self._at_rest)

    def targets(self, value: float, planned: Mapping["Motor", float]) -> "dict[Motor, float]":
        """Which motors go where for it to be at ``value``: itself."""
        return {self: value}

    # --- moving it

    def set(self, value: float, *, timeout: float | None = None) -> MoveStatus:
        """Begin to move.

        Parameters
        ----------
        value : float
            The position to go to, in `egu`.
        timeout : float, optional
            In seconds; default: what speed and acceleration say, and 10 s more.

        Raises
        ------
        LimitsError
            Before anything moves, where the position is outside the soft limits.
        """
        # Of the channels themselves: a move is what is done most often, and floats need no conversion.
        velocity, rise, backlash, low, high = self._bounds.values()
        if not low <= value <= high:  # which it may still be allowed to be
            self._check(value, low, high)
        start = None
        if timeout is None:
            start = self.user_readback.readback.get().value
            way = abs(value - start) + 2.0 * abs(backlash)
            timeout = (way / velocity if velocity else 0.0) + 2.0 * rise + GRACE_S
        name = f"{self.name}: move to {value:g} {self.egu}"
        status = MoveStatus(self.user_readback, value, start, timeout=timeout, name=name)
        self.stopped_on_purpose = False
        Arrival(self, status, value).follow(self.user_setpoint.channel.put(float(value)))
        return status

    def tweak(self, direction: Direction, distance: float | None = None) -> Status:
        """Move by ``distance``, in `egu`; default: by what the record's TWV says.

        Fails with `MoveError` where it comes to rest elsewhere, or may not go there.
        """
        name = f"{self.name}: tweak {direction}"
        return sequence(self.clock, self._tweak(direction, distance), name)

    def jog(self, direction: Direction) -> Status:
        """Go on until `stop_jog`, or until a limit, which fails with `MoveError`."""
        button = self.jog_forward if direction == "forward" else self.jog_reverse
        return self._begin(button, f"jog {direction}")

    def stop_jog(self) -> None:
        """End a jog; its status is done when the motor stands."""
        for button in (self.jog_forward, self.jog_reverse):
            if button.get():
                button.send(False)

    def home(self, direction: Direction, *, timeout: float | None = None) -> Status:
        """Look for the home switch.

        Parameters
        ----------
        timeout : float, optional
            In seconds; None waits for as long as it takes.
        """
        button = self.home_forward if direction == "forward" else self.home_reverse
        return self._begin(button, f"home {direction}", timeout)

    def stop(self, *, success: bool = False) -> None:
        """Come to rest; the motion under way then fails, unless ``success``."""
        self.stopped_on_purpose = success
        self.motor_stop.send(True)

    def pause(self) -> None:
        """Hold a motion that is under way; it goes on with `resume`, and its time runs on."""
        if self.moving:
            self._holds = True
            self.stop_go.send("Pause")

    def resume(self) -> None:
        """Go on with what `pause` has held."""
        if self._holds:
            self._holds = False
            self.stop_go.send("Go")

    def set_current_position(self, position: float) -> Status:
        """Call the place where it is ``position``, in `egu`: moves nothing.

        The offset follows; where that is frozen (FOFF), the dial and the controller's counters do.
        """
        name = f"{self.name}: call this position {position:g} {self.egu}"
        return sequence(self.clock, self._redefine(position), name)

    # --- flying it

    def prepare(self, info: FlyMotorInfo) -> Status:
        """Get ready to pass from one position to another at a constant velocity: go to where the run-up begins.

        Raises
        ------
        LimitsError
            Where that is too fast; the status fails with it where the run-up or its end is outside the soft limits.
        """
        self._flight = FlightPlan(self, info)
        return sequence(self.clock, self._flight.prepare(), f"{self.name}: prepare a flight")

    def kickoff(self) -> Status:
        """Begin the flight that it is prepared for; the status is done when it moves."""
        return self._prepared_flight().kickoff()

    def complete(self) -> Status:
        """The end of the flight; the velocity is then what it was before."""
        return self._prepared_flight().complete()

    # --- how

    def _values(self, channels: tuple[Any, ...]) -> list[Any]:
        return [reading[0] for reading in self.transport.get_many(channels)]

    def _check(self, value: float, low: float, high: float) -> None:
        check_limits(self.name, value, (low, high), self.egu, self._limits_source)

    def _begin(self, button: SignalW[bool], what: str, timeout: float | None = None) -> Status:
        status = Status(self.clock, timeout=timeout, name=f"{self.name}: {what}")
        self.stopped_on_purpose = False
        return Arrival(self, status).follow(button.put(True))

    def _tweak(self, direction: Direction, distance: float | None) -> Steps:
        button = self.tweak_forward if direction == "forward" else self.tweak_reverse
        if distance is not None:
            yield self.tweak_value.set(distance)
        step = self.tweak_value.get()
        target = self.user_setpoint.get() + (step if direction == "forward" else -step)
        self.check_value(target)
        self.stopped_on_purpose = False
        status = Status(self.clock, name=f"{self.name}: move to {target:g} {self.egu}")
        yield Arrival(self, status, target).follow(button.put(True))

    def _redefine(self, position: float) -> Steps:
        if self.moving:
            raise DeviceError(
                f"{self.name}: it is moving: its position cannot be called {position:g} {self.egu}"
                f" before it stands ({self.prefix})"
            )
        yield self.set_use_switch.set("Set")
        try:
            yield self.user_setpoint.put(position)
        except BeamtwinError:
            yield self.set_use_switch.set("Use")
            raise
        yield self.set_use_switch.set("Use")

    def _prepared_flight(self) -> FlightPlan:
        if self._flight is None:
            raise DeviceError(f"{self.name}: no flight is prepared")
        return self._flight


def _channels(*signals: SignalR[Any]) -> tuple[Any, ...]:
    return tuple(signal.readback for signal in signals)
