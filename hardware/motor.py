"""Motor: an axis with an EPICS motor record."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Literal

from beamtwin.hardware.device import Device, pv
from beamtwin.hardware.latest import Latest
from beamtwin.hardware.sequence import Steps, sequence
from beamtwin.hardware.signals import Document, Kind, SignalR, SignalRW, SignalW, check_limits
from beamtwin.orchestration.errors import BeamtwinError, MoveError
from beamtwin.orchestration.status import Status

__all__ = ["Motor"]

#: Seconds that a move may take beyond what its speed and acceleration say.
GRACE_S = 10.0


class Motor(Device):
    """A motor record; Ophyd's attribute names.

    A move is done when the record says so twice: the put to VAL has completed, and DMOV, asked for after that, is 1.
    It has succeeded if the motor is then within the tolerance of where it was sent.
    (A record completes the put of a move that was stopped, or refused for its soft limits, as if all were well.)
    """

    user_readback: SignalR[float] = pv(".RBV", kind=Kind.hinted, primary=True)
    user_setpoint: SignalRW[float] = pv(".VAL")

    user_offset: SignalRW[float] = pv(".OFF", kind=Kind.config)
    user_offset_dir: SignalRW[str] = pv(".DIR", kind=Kind.config)
    offset_freeze_switch: SignalRW[str] = pv(".FOFF", kind=Kind.omitted)
    set_use_switch: SignalRW[str] = pv(".SET", kind=Kind.omitted)

    velocity: SignalRW[float] = pv(".VELO", kind=Kind.config)
    max_velocity: SignalRW[float] = pv(".VMAX", kind=Kind.omitted)
    acceleration: SignalRW[float] = pv(".ACCL", kind=Kind.config)
    backlash_distance: SignalRW[float] = pv(".BDST", kind=Kind.omitted)
    motor_egu: SignalRW[str] = pv(".EGU", kind=Kind.config)
    precision: SignalRW[int] = pv(".PREC", kind=Kind.omitted)
    resolution: SignalRW[float] = pv(".MRES", kind=Kind.omitted)
    deadband: SignalRW[float] = pv(".RDBD", kind=Kind.omitted)
    output_link: SignalR[str] = pv(".OUT", kind=Kind.omitted)

    motor_is_moving: SignalR[bool] = pv(".MOVN", kind=Kind.omitted)
    motor_done_move: SignalR[bool] = pv(".DMOV", kind=Kind.omitted)
    direction_of_travel: SignalR[int] = pv(".TDIR", kind=Kind.omitted)
    # An unsigned 32-bit field: Channel Access carries it as a double.
    motor_status: SignalR[float] = pv(".MSTA", kind=Kind.omitted)

    high_limit_switch: SignalR[bool] = pv(".HLS", kind=Kind.omitted)
    low_limit_switch: SignalR[bool] = pv(".LLS", kind=Kind.omitted)
    high_limit_travel: SignalRW[float] = pv(".HLM", kind=Kind.omitted)
    low_limit_travel: SignalRW[float] = pv(".LLM", kind=Kind.omitted)
    dial_high_limit_travel: SignalRW[float] = pv(".DHLM", kind=Kind.omitted)
    dial_low_limit_travel: SignalRW[float] = pv(".DLLM", kind=Kind.omitted)
    soft_limit_violation: SignalR[bool] = pv(".LVIO", kind=Kind.omitted)

    motor_stop: SignalW[bool] = pv(".STOP", kind=Kind.omitted, completion=False)
    home_forward: SignalW[bool] = pv(".HOMF", kind=Kind.omitted)
    home_reverse: SignalW[bool] = pv(".HOMR", kind=Kind.omitted)

    def __init__(self, prefix: str, name: str, transport: Any, *, parent: Any = None):
        super().__init__(prefix, name, transport, parent=parent)
        self._stopped_on_purpose = False
        self._limits_source = f"soft limits of {prefix}"
        self._bounds = Latest(
            transport,
            _channels(
                self.velocity, self.acceleration, self.low_limit_travel, self.high_limit_travel
            ),
        )
        self._after_move = _channels(self.motor_done_move, self.user_readback)
        self._places = _channels(self.user_setpoint, self.user_readback)
        self._limits = _channels(self.low_limit_travel, self.high_limit_travel)

    @property
    def position(self) -> float:
        """Where it is, in `egu`."""
        return self.user_readback.get()

    @property
    def egu(self) -> str:
        """The unit of its positions, as of the connection."""
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

    def locate(self) -> Document:
        """Where it was sent, and where it is."""
        setpoint, readback = self._values(self._places)
        return {"setpoint": setpoint, "readback": readback}

    def check_value(self, value: float) -> None:
        """Raise `LimitsError` for a position that is outside the soft limits."""
        self._check(value, *self.limits)

    def targets(self, value: float, planned: Mapping["Motor", float]) -> "dict[Motor, float]":
        """Which motors go where for it to be at ``value``: itself."""
        return {self: value}

    def set(self, value: float, *, timeout: float | None = None) -> Status:
        """Begin to move.

        Parameters
        ----------
        value : float
            The position to go to, in `egu`.
        timeout : float, optional
            In seconds; default: what speed and acceleration say, and 10 s more.

        Returns
        -------
        Status
            Fails with `MoveError` where the motor comes to rest elsewhere.

        Raises
        ------
        LimitsError
            Before anything moves, where the position is outside the soft limits.
        """
        velocity, acceleration, low, high = self._bounds.values()
        self._check(value, low, high)
        if timeout is None:
            travel = abs(value - self.position) / velocity if velocity else 0.0
            timeout = travel + 2 * acceleration + GRACE_S
        name = f"{self.name}: move to {value:g} {self.egu}"
        status = Status(self.clock, timeout=timeout, name=name)
        self._stopped_on_purpose = False
        self.user_setpoint.put(value).add_callback(partial(self._put_ended, status, value))
        return status

    def stop(self, *, success: bool = False) -> None:
        """Come to rest; the move under way then fails, unless ``success``."""
        self._stopped_on_purpose = success
        self.motor_stop.send(True)

    def set_current_position(self, position: float) -> Status:
        """Call the place where it is ``position``, in `egu`: moves nothing, changes the offset."""
        name = f"{self.name}: call this position {position:g} {self.egu}"
        return sequence(self.clock, self._redefine(position), name)

    def home(self, direction: Literal["forward", "reverse"]) -> Status:
        """Look for the home switch."""
        search = self.home_forward if direction == "forward" else self.home_reverse
        return sequence(self.clock, self._home(search), f"{self.name}: home {direction}")

    def _values(self, channels: tuple[Any, ...]) -> list[Any]:
        return [reading[0] for reading in self.transport.get_many(channels)]

    def _check(self, value: float, low: float, high: float) -> None:
        check_limits(self.name, value, (low, high), self.egu, self._limits_source)

    def _put_ended(self, status: Status, target: float, put: Status) -> None:
        error = put.exception()
        if error is None:
            self._judge(status, target)
        else:
            status.set_exception(error)

    def _judge(self, status: Status, target: float, _: Any = None) -> None:
        """Say how a move ended that the record calls ended."""
        if status.done:
            return
        try:
            done, here = self._values(self._after_move)
            if not done:
                self._await_done(status, target)
            elif self._stopped_on_purpose or self._is_at(here, target):
                status.set_finished()
            else:
                status.set_exception(self._failure(target, here))
        except Exception as error:
            status.set_exception(error)

    def _await_done(self, status: Status, target: float) -> None:
        """It moves, although the put has completed."""
        if self.user_setpoint.get() != target:
            # The next move has begun; this one had ended by then, and where can no longer be seen.
            status.set_finished()
        else:
            # Not every server holds the put back until the motor is there.
            done = self.motor_done_move.when(bool)
            done.add_callback(partial(self._judge, status, target))

    def _is_at(self, here: float, target: float) -> bool:
        """Whether ``here`` is as near as it can get: within its last digit, its dead band, a step."""
        if here == target:
            return True
        distance = abs(here - target)
        precision = self.user_readback.metadata.precision
        if distance <= (0.0 if precision is None else 10.0**-precision):
            return True
        return distance <= max(self.deadband.get(), abs(self.resolution.get()))

    def _failure(self, target: float, here: float) -> MoveError:
        unit = self.egu
        return MoveError(
            f"{self.name}: did not get to {target:g} {unit}: {self._reason(target)};"
            f" it is at {here:g} {unit} ({self.prefix})"
        )

    def _reason(self, target: float) -> str:
        if self.soft_limit_violation.get():
            low, high = self.limits
            return f"refused, the soft limits are [{low:g}, {high:g}] {self.egu}"
        for switch, which in (
            (self.high_limit_switch, "high"),
            (self.low_limit_switch, "low"),
        ):
            if switch.get():
                return f"stopped by its {which} limit switch"
        if self.user_setpoint.get() != target:
            return "it was stopped"
        return "it came to rest before"

    def _redefine(self, position: float) -> Steps:
        yield self.set_use_switch.set("Set")
        try:
            yield self.user_setpoint.put(position)
        except BeamtwinError:
            yield self.set_use_switch.set("Use")
            raise
        yield self.set_use_switch.set("Use")

    def _home(self, search: SignalW[bool]) -> Steps:
        yield search.put(True)
        yield self.motor_done_move.when(bool)


def _channels(*signals: SignalR[Any]) -> tuple[Any, ...]:
    return tuple(signal.readback for signal in signals)
