"""Pseudo-axes: one number that stands for the positions of several motors."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple, Protocol

from beamtwin.hardware.channel import Transport
from beamtwin.hardware.declaration import Declaration
from beamtwin.hardware.derived import DerivedR
from beamtwin.hardware.device import Device
from beamtwin.hardware.signals import Document, Kind, SignalR
from beamtwin.orchestration.clock import Clock
from beamtwin.orchestration.errors import BeamtwinError, DeclarationError, LimitsError
from beamtwin.orchestration.status import Status, gather

__all__ = [
    "Axis",
    "PseudoAxis",
    "RealAxis",
    "Transform",
    "move_axes",
    "plan_moves",
    "pseudo",
]


class RealAxis(Protocol):
    """What a pseudo-axis asks of the axes that it is made of: a motor's attributes, as PV positioners have them too."""

    name: str

    @property
    def clock(self) -> Clock:
        """Of its transport."""
        ...

    @property
    def egu(self) -> str:
        """The unit of its positions."""
        ...

    @property
    def moving(self) -> bool:
        """Whether it is on its way."""
        ...

    @property
    def user_setpoint(self) -> SignalR[float]:
        """Where it was sent."""
        ...

    @property
    def user_readback(self) -> SignalR[float]:
        """Where it is."""
        ...

    def check_value(self, value: float) -> None:
        """Raise `LimitsError` where it may not go."""
        ...

    def set(self, value: float, *, timeout: float | None = None) -> Status:
        """Begin to move."""
        ...

    def stop(self, *, success: bool = False) -> None:
        """Come to rest."""
        ...


class Axis(Protocol):
    """Something with a position that follows from where real axes are: a motor, a pseudo-axis."""

    name: str

    def targets(self, value: float, planned: Mapping[Any, float]) -> Mapping[Any, float]:
        """Which real axes go where for it to be at ``value``, those in ``planned`` leaving from there."""
        ...


class Transform(NamedTuple):
    """How a pseudo-axis and the positions of its motors follow from one another."""

    inverse: Callable[..., float]
    """``inverse(*positions)``: the axis's value."""
    forward: Callable[..., Sequence[float]]
    """``forward(value, *positions)``: where the motors must go from there."""


class _Computed(DerivedR):
    """What a transform makes of its axes' signals; the first lends its unit and precision where no unit is given."""

    def __init__(
        self,
        name: str,
        transform: Transform,
        signals: Mapping[str, SignalR[float]],
        units: str | None,
        kind: Kind = Kind.normal,
    ):
        super().__init__(name, transform.inverse, signals, units=units or "", kind=kind)
        self._borrows = units is None

    def describe(self) -> dict[str, Document]:
        """Its data key, under its name."""
        if self._borrows:
            first = next(iter(self.signals.values())).metadata
            self.units, self.precision = first.units, first.precision
        return super().describe()


class PseudoAxis(Device):
    """An axis made of motors, or of other real axes; declared with `pseudo`.

    Its limits are its motors': a value is allowed where each of them may go to where that needs it.
    Moving it leaves from where the motors were sent, not from where they are, so that small errors do not add up.
    """

    def __init__(
        self,
        prefix: str,
        name: str,
        transport: Transport,
        *,
        motors: Sequence[RealAxis],
        transform: Transform,
        units: str | None = None,
        parent: Any = None,
    ):
        super().__init__(prefix, name, transport, parent=parent)
        self.motors = tuple(motors)
        self.transform = transform
        self._units = units
        readbacks = {motor.name: motor.user_readback for motor in self.motors}
        setpoints = {motor.name: motor.user_setpoint for motor in self.motors}
        self.user_readback = _Computed(name, transform, readbacks, units, Kind.hinted)
        self.user_setpoint = _Computed(f"{name}_user_setpoint", transform, setpoints, units)
        self.add("user_readback", self.user_readback)
        self.add("user_setpoint", self.user_setpoint)

    @property
    def position(self) -> float:
        """Where it is, in `egu`."""
        return self.user_readback.get()

    @property
    def egu(self) -> str:
        """The unit of its positions: its own, else that of its first motor."""
        return self.motors[0].egu if self._units is None else self._units

    @property
    def moving(self) -> bool:
        """Whether any of its motors is on its way."""
        return any(motor.moving for motor in self.motors)

    def locate(self) -> Document:
        """Where it was sent, and where it is."""
        return {"setpoint": self.user_setpoint.get(), "readback": self.user_readback.get()}

    def position_for(self, value: float) -> dict[str, float]:
        """Where its motors would go for it to be at ``value``, by their names; nothing moves, limits are not asked."""
        return {motor.name: target for motor, target in self.targets(value, {}).items()}

    def targets(self, value: float, planned: Mapping[Any, float]) -> dict[RealAxis, float]:
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


def plan_moves(values: Mapping[Axis, float]) -> dict[RealAxis, float]:
    """Where the motors must go for several axes to be at these values, one after the other.

    Raises
    ------
    LimitsError
        Where one of them may not go there.
    """
    planned: dict[RealAxis, float] = {}
    for axis, value in values.items():
        planned |= axis.targets(value, planned)
    for motor, target in planned.items():
        try:
            motor.check_value(target)
        except LimitsError as error:
            if motor in values:
                raise
            wanted = ", ".join(
                f"{axis.name} = {value:g} {getattr(axis, 'egu', motor.egu)}"
                for axis, value in values.items()
            )
            raise LimitsError(f"{wanted} is out of reach: {error}") from None
    return planned


def move_axes(values: Mapping[Axis, float], *, timeout: float | None = None) -> Status:
    """Move several axes at once; nothing moves unless all may. Fails with the first motor that fails."""
    planned = plan_moves(values)
    clock = next(iter(planned)).clock
    name = ", ".join(f"{axis.name}: move to {value:g}" for axis, value in values.items())
    moves = []
    try:
        for motor, target in planned.items():
            moves.append(motor.set(target, timeout=timeout))
    except BeamtwinError:
        for motor in tuple(planned)[: len(moves)]:
            motor.stop()
        raise
    return gather(clock, moves, name)


def pseudo(
    transform: Transform, *motors: str, kind: Kind = Kind.hinted, units: str | None = None
) -> Any:
    """Declare a pseudo-axis of motors declared before: ``v_gap: PseudoAxis = pseudo(GAP, "top", "bottom")``.

    Parameters
    ----------
    transform : Transform
        Between its value and the motors' positions.
    *motors : str
        Their attributes, in the transform's order; of a part's axis ``"part.axis"``.
    kind : Kind
        As in `sub`.
    units : str, optional
        The unit of its value, where that is not its first motor's.
    """
    return _Pseudo(transform, motors, kind, units)


@dataclass(frozen=True)
class _Pseudo(Declaration):
    transform: Transform
    motors: tuple[str, ...]
    kind: Kind
    units: str | None

    def problem(self, annotation: Any) -> str | None:
        return None if annotation is PseudoAxis else "annotate it with PseudoAxis"

    def build(self, device: Device, attribute: str, annotation: Any) -> PseudoAxis:
        parts = device.children()
        missing = [motor for motor in self.motors if motor.partition(".")[0] not in parts]
        if missing:
            raise DeclarationError(
                f"{type(device).__name__}.{attribute}: declare {', '.join(missing)} before it"
            )
        axis = PseudoAxis(
            device.prefix,
            f"{device.name}_{attribute}",
            device.transport,
            motors=[attrgetter(motor)(device) for motor in self.motors],
            transform=self.transform,
            units=self.units,
            parent=device,
        )
        axis.kind = self.kind
        return axis
