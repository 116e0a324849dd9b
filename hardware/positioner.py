"""Pseudo-axes: one number that stands for the positions of several motors."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from beamtwin.hardware.channel import Channel, Reading, Transport
from beamtwin.hardware.declaration import Declaration
from beamtwin.hardware.device import Device
from beamtwin.hardware.motor import Motor
from beamtwin.hardware.signals import Document, Kind, SignalR, document
from beamtwin.orchestration.errors import DeclarationError, LimitsError
from beamtwin.orchestration.status import Status, gather

__all__ = ["Axis", "Derived", "PseudoAxis", "Transform", "move_axes", "plan_moves", "pseudo"]


class Axis(Protocol):
    """Something with a position that follows from where motors are: a motor, a pseudo-axis."""

    name: str

    def targets(self, value: float, planned: Mapping[Motor, float]) -> dict[Motor, float]:
        """Which motors go where for it to be at ``value``, those in ``planned`` leaving from there."""
        ...


class Transform(NamedTuple):
    """How a pseudo-axis and the positions of its motors follow from one another."""

    inverse: Callable[..., float]
    """``inverse(*positions)``: the axis's value."""
    forward: Callable[..., Sequence[float]]
    """``forward(value, *positions)``: where the motors must go from there."""


class Derived:
    """A number computed from signals; it is read, described and hinted as a signal is.

    Parameters
    ----------
    name : str
        The key of its readings.
    compute : callable
        Its value, from those of ``signals`` in that order.
    signals : sequence of SignalR[float]
        The first lends its unit and precision.
    """

    def __init__(
        self,
        name: str,
        compute: Callable[..., float],
        signals: Sequence[SignalR[float]],
        kind: Kind = Kind.normal,
    ):
        self.name = name
        self.kind = kind
        self._compute = compute
        self._signals = tuple(signals)

    @property
    def sources(self) -> tuple[Channel, ...]:
        """The channels that it is computed from."""
        return tuple(signal.readback for signal in self._signals)

    def reader(self, at: int) -> Callable[[Sequence[Reading]], Document]:
        """Makes its document from the readings of many channels, its own from index ``at`` on."""
        end = at + len(self._signals)
        return lambda readings: self._compose(readings[at:end])

    def get(self) -> float:
        """The value now."""
        readings = self._signals[0].transport.get_many(self.sources)
        return self._compute(*(reading.value for reading in readings))

    def describe(self) -> dict[str, Document]:
        """Its data key, under its name."""
        (first,) = self._signals[0].describe().values()
        first.pop("limits", None)
        names = ", ".join(signal.name for signal in self._signals)
        return {self.name: first | {"source": f"derived from {names}"}}

    @property
    def hints(self) -> Document:
        """Its own name, if it is hinted."""
        return {"fields": [self.name] if self.kind & Kind.hinted == Kind.hinted else []}

    def _compose(self, readings: Sequence[Reading]) -> Document:
        value = self._compute(*(reading.value for reading in readings))
        timestamp = max(reading.timestamp for reading in readings)
        return document(Reading(value, timestamp, max(reading.severity for reading in readings)))


class PseudoAxis(Device):
    """An axis made of motors; declared with `pseudo`.

    Its limits are its motors': a value is allowed where each of them may go to where that needs it.
    Moving it leaves from where the motors were sent, not from where they are, so that small errors do not add up.
    """

    def __init__(
        self,
        prefix: str,
        name: str,
        transport: Transport,
        *,
        motors: Sequence[Motor],
        transform: Transform,
        parent: Any = None,
    ):
        super().__init__(prefix, name, transport, parent=parent)
        self.motors = tuple(motors)
        self.transform = transform
        readbacks = [motor.user_readback for motor in self.motors]
        setpoints = [motor.user_setpoint for motor in self.motors]
        self.user_readback = Derived(name, transform.inverse, readbacks, Kind.hinted)
        self.user_setpoint = Derived(f"{name}_user_setpoint", transform.inverse, setpoints)
        self.add("user_readback", self.user_readback)
        self.add("user_setpoint", self.user_setpoint)

    @property
    def position(self) -> float:
        """Where it is, in `egu`."""
        return self.user_readback.get()

    @property
    def egu(self) -> str:
        """The unit of its positions: that of its first motor."""
        return self.motors[0].egu

    @property
    def moving(self) -> bool:
        """Whether any of its motors is on its way."""
        return any(motor.moving for motor in self.motors)

    def locate(self) -> Document:
        """Where it was sent, and where it is."""
        return {"setpoint": self.user_setpoint.get(), "readback": self.user_readback.get()}

    def targets(self, value: float, planned: Mapping[Motor, float]) -> dict[Motor, float]:
        """Which motors go where for it to be at ``value``, those in ``planned`` leaving from there."""
        sent = self.transport.get_many(self.user_setpoint.sources)
        starts = (
            planned.get(motor, reading.value)
            for motor, reading in zip(self.motors, sent, strict=True)
        )
        return dict(zip(self.motors, self.transform.forward(value, *starts), strict=True))

    def check_value(self, value: float) -> None:
        """Raise `LimitsError` for a value that one of the motors cannot go to."""
        plan_moves({self: value})

    def set(self, value: float, *, timeout: float | None = None) -> Status:
        """Move all of its motors at once; none moves unless all may; see `Motor.set`."""
        return move_axes({self: value}, timeout=timeout)

    def stop(self, *, success: bool = False) -> None:
        """Stop all of its motors."""
        for motor in self.motors:
            motor.stop(success=success)


def plan_moves(values: Mapping[Axis, float]) -> dict[Motor, float]:
    """Where the motors must go for several axes to be at these values, one after the other.

    Raises
    ------
    LimitsError
        Where one of them may not go there.
    """
    planned: dict[Motor, float] = {}
    for axis, value in values.items():
        planned |= axis.targets(value, planned)
    for motor, target in planned.items():
        try:
            motor.check_value(target)
        except LimitsError as error:
            if motor in values:
                raise
            wanted = ", ".join(
                f"{axis.name} = {value:g} {motor.egu}" for axis, value in values.items()
            )
            raise LimitsError(f"{wanted} is out of reach: {error}") from None
    return planned


def move_axes(values: Mapping[Axis, float], *, timeout: float | None = None) -> Status:
    """Move several axes at once; nothing moves unless all may. Fails with the first motor that fails."""
    planned = plan_moves(values)
    clock = next(iter(planned)).clock
    name = ", ".join(f"{axis.name}: move to {value:g}" for axis, value in values.items())
    moves = [motor.set(target, timeout=timeout) for motor, target in planned.items()]
    return gather(clock, moves, name)


def pseudo(transform: Transform, *motors: str, kind: Kind = Kind.hinted) -> Any:
    """Declare a pseudo-axis of motors declared before: ``v_gap: PseudoAxis = pseudo(GAP, "top", "bottom")``.

    Parameters
    ----------
    transform : Transform
        Between its value and the motors' positions.
    *motors : str
        Their attributes, in the transform's order.
    kind : Kind
        As in `sub`.
    """
    return _Pseudo(transform, motors, kind)


@dataclass(frozen=True)
class _Pseudo(Declaration):
    transform: Transform
    motors: tuple[str, ...]
    kind: Kind

    def problem(self, annotation: Any) -> str | None:
        return None if annotation is PseudoAxis else "annotate it with PseudoAxis"

    def build(self, device: Device, attribute: str, annotation: Any) -> PseudoAxis:
        missing = [motor for motor in self.motors if motor not in device.children()]
        if missing:
            raise DeclarationError(
                f"{type(device).__name__}.{attribute}: declare {', '.join(missing)} before it"
            )
        axis = PseudoAxis(
            device.prefix,
            f"{device.name}_{attribute}",
            device.transport,
            motors=[device.children()[motor] for motor in self.motors],
            transform=self.transform,
            parent=device,
        )
        axis.kind = self.kind
        return axis
