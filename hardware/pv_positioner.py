"""PV positioners: axes that are no motor records, driven by PVs of their own.

They differ in how they know that they have arrived:

* `PVPositioner`: a PV says so (``done``);
* `PVPositionerPC`: the put to the setpoint, or to ``actuate``, has completed;
* `PVPositionerIsClose`: the readback is within the tolerance, and stays there for a while.
"""

from collections.abc import Mapping
from math import inf
from typing import Any

from beamtwin.hardware.channel import Transport
from beamtwin.hardware.device import Device
from beamtwin.hardware.pv_move import Move
from beamtwin.hardware.sequence import Steps, sequence
from beamtwin.hardware.settling import settled
from beamtwin.hardware.signals import Document, SignalR, SignalRW, check_limits
from beamtwin.orchestration.errors import MoveError, StatusTimeoutError
from beamtwin.orchestration.status import Status

__all__ = ["PVPositioner", "PVPositionerIsClose", "PVPositionerPC"]

#: Seconds after its put within which a move has to show that it has begun.
START_S = 2.0

#: Of the tolerance: a last digit may be that far off in binary.
ROUNDING = 1e-6


class PVPositioner(Device):
    """An axis that has arrived when its ``done`` PV says so, *and* the put has completed.

    Subclasses declare ``setpoint`` and ``done``, and what there is besides: ``readback`` (as ``primary``), ``actuate``
    (what is written once the setpoint is), ``stop_signal``. Ophyd's names.

    Parameters
    ----------
    limits : (float, float), optional
        Of the values that `set` takes, besides the setpoint's control limits.
    tolerance : float, optional
        How far from its target it may come to rest; infinity: it is not asked. Default: the class's, else the last
        digit of the readback (its precision).
    timeout_s : float, optional
        The time that a move may take.
    """

    setpoint: SignalRW[float]
    readback: Any = None
    done: Any = None
    done_value: Any = 1
    actuate: Any = None
    actuate_value: Any = 1
    stop_signal: Any = None
    stop_value: Any = 1
    tolerance: float | None = None
    timeout_s: float = 120.0

    def __init__(
        self,
        prefix: str,
        name: str,
        transport: Transport,
        *,
        limits: tuple[float, float] | None = None,
        tolerance: float | None = None,
        timeout_s: float | None = None,
        parent: Any = None,
    ):
        super().__init__(prefix, name, transport, parent=parent)
        self.limits = limits
        if tolerance is not None:
            self.tolerance = tolerance
        if timeout_s is not None:
            self.timeout_s = timeout_s
        self._move: Move | None = None

    @property
    def user_setpoint(self) -> SignalRW[float]:
        """Its setpoint, by a motor's name for it."""
        return self.setpoint

    @property
    def user_readback(self) -> SignalR[float]:
        """Its readback, by a motor's name for it; the setpoint where it has none."""
        return self.setpoint if self.readback is None else self.readback

    @property
    def position(self) -> float:
        """Where it is, in `egu`."""
        return self.user_readback.get()

    @property
    def _used(self) -> list[Any]:
        """The signals that a move needs."""
        signals = (self.setpoint, self.readback, self.done, self.actuate)
        return [signal for signal in signals if signal is not None]

    @property
    def egu(self) -> str:
        """The unit of its positions, as of the connection."""
        return self.user_readback.metadata.units

    @property
    def moving(self) -> bool:
        """Whether it is on its way."""
        return self._move is not None if self.done is None else not self._is_done()

    def locate(self) -> Document:
        """Where it was sent, and where it is."""
        return {"setpoint": self.setpoint.get(), "readback": self.position}

    def targets(
        self, value: float, planned: Mapping["PVPositioner", float]
    ) -> "dict[PVPositioner, float]":
        """Which axes go where for it to be at ``value``: itself."""
        return {self: value}

    def check_value(self, value: float) -> None:
        """Raise `LimitsError` for a value that is outside its limits."""
        if self.limits is not None:
            check_limits(self.name, value, self.limits, self.egu, f"limits of {self.name}")
        self.setpoint.check_value(value)

    def set(self, value: float, *, timeout: float | None = None) -> Status:
        """Begin to move.

        Parameters
        ----------
        value : float
            In `egu`.
        timeout : float, optional
            In seconds; default: `time_limit`.

        Returns
        -------
        Status
            Fails with `MoveError` where it comes to rest elsewhere, is stopped, or is sent elsewhere.

        Raises
        ------
        LimitsError
            Before anything moves.
        """
        self.check_value(value)
        if self._move is not None:
            reason = f"it was sent to {value:g} {self.egu} instead"
            self._move.fail(self._failure(self._move, reason))
        move = self._move = Move(value)
        name = f"{self.name}: move to {value:g} {self.egu}"
        limit = self.time_limit(value) if timeout is None else timeout
        move.status = sequence(self.clock, self._steps(move), name, timeout=limit)
        move.watch(channel for signal in self._used for channel in signal.channels)
        move.status.add_callback(lambda _: self._ended(move))
        return move.status

    def time_limit(self, value: float) -> float:
        """Seconds that a move from here may take."""
        return self.timeout_s

    def stop(self, *, success: bool = False) -> None:
        """Come to rest; the move under way then fails, unless ``success``.

        Without a ``stop_signal``, what is under way is sent to where it is.
        """
        move = self._move
        if move is not None:
            move.stopped, move.on_purpose = True, success
        if self.stop_signal is not None:
            self.stop_signal.send(self.stop_value)
        elif move is not None:
            self._hold()
        if move is not None:
            self._stopped(move)

    def _steps(self, move: Move) -> Steps:
        """Begin, arrive, and say how it went."""
        begun = self._watch(move)
        yield from self._begin(move.target)
        yield from self._arrive(move, begun)
        self._judge(move)

    def _watch(self, move: Move) -> Status | None:
        """Done once it has been seen to move: watched from before the put, since a move may be over with it."""
        if self.done is None:
            return None
        return move.awaits(self.done.when(lambda value: value != self.done_value))

    def _begin(self, target: float) -> Steps:
        yield self.setpoint.put(target)
        if self.actuate is not None:
            yield self.actuate.put(self.actuate_value)

    def _arrive(self, move: Move, begun: Status | None) -> Steps:
        """Wait for ``done``, which may still be that of before the move."""
        assert begun is not None, f"{type(self).__name__}: declare done"
        if not begun.done and self._is_done():
            if self._is_at(move.target):
                return
            begun.limit(START_S)
            try:
                yield begun
            except StatusTimeoutError:
                raise self._failure(move, f"nothing moved within {START_S:g} s") from None
        yield move.awaits(self.done.when(lambda value: value == self.done_value))

    def _judge(self, move: Move) -> None:
        if move.on_purpose or self._is_at(move.target):
            return
        raise self._failure(move, "it was stopped" if move.stopped else "it came to rest before")

    def _stopped(self, move: Move) -> None:
        """It has been told to stop; its arrival says when it has."""

    def _hold(self) -> None:
        self.setpoint.send(self.position)
        if self.actuate is not None:
            self.actuate.send(self.actuate_value)

    def _ended(self, move: Move) -> None:
        move.release()
        if self._move is move:
            self._move = None

    def _is_done(self) -> bool:
        return self.done.get() == self.done_value

    def _is_at(self, target: float) -> bool:
        return abs(self.position - target) <= self._tolerance() * (1 + ROUNDING)

    def _tolerance(self) -> float:
        if self.tolerance is not None:
            return self.tolerance
        precision = None if self.readback is None else self.readback.metadata.precision
        return inf if precision is None else 10.0**-precision

    def _failure(self, move: Move, reason: str) -> MoveError:
        unit = self.egu
        return MoveError(
            f"{self.name}: did not get to {move.target:g} {unit}: {reason};"
            f" it is at {self.position:g} {unit} ({self.setpoint.channel.name})"
        )


class PVPositionerPC(PVPositioner):
    """An axis that has arrived when its put has completed, and ``done`` says so too if there is one."""

    def _arrive(self, move: Move, begun: Status | None) -> Steps:
        if self.done is not None:
            yield move.awaits(self.done.when(lambda value: value == self.done_value))


class PVPositionerIsClose(PVPositioner):
    """An axis that has arrived when its readback has been within the tolerance for `settle_s` seconds.

    Parameters
    ----------
    settle_s : float, optional
        Default: the class's.
    """

    settle_s: float = 0.0

    def __init__(
        self,
        prefix: str,
        name: str,
        transport: Transport,
        *,
        settle_s: float | None = None,
        **arguments: Any,
    ):
        super().__init__(prefix, name, transport, **arguments)
        if settle_s is not None:
            self.settle_s = settle_s

    def _arrive(self, move: Move, begun: Status | None) -> Steps:
        tolerance = self._tolerance()
        yield move.awaits(
            settled(self.readback, lambda here: abs(here - move.target) <= tolerance, self.settle_s)
        )

    def _stopped(self, move: Move) -> None:
        if move.on_purpose and move.status is not None:
            move.status.set_finished()
        else:
            move.fail(self._failure(move, "it was stopped"))
