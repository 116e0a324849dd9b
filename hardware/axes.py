"""Groups of axes that are set, located and stopped together."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from beamtwin.hardware.channel import Transport
from beamtwin.hardware.device import Device
from beamtwin.hardware.positioner import Axis, PseudoAxis, Transform, move_axes, plan_moves
from beamtwin.orchestration.errors import LimitsError
from beamtwin.orchestration.status import Status

__all__ = ["AxisGroup", "PseudoPositioner"]


class AxisGroup(Device):
    """A device whose axes, named in `axes`, can be set all at once."""

    axes: ClassVar[tuple[str, ...]] = ()

    def set(self, values: Mapping[str, float], *, timeout: float | None = None) -> Status:
        """Move several axes at once: ``slits.set({"h_gap": 0.05, "v_gap": 0.1})``.

        Nothing moves unless all may; what is not named stays as it was sent.
        """
        return move_axes(self._by_axis(values), timeout=timeout)

    def check_value(self, values: Mapping[str, float]) -> None:
        """Raise `LimitsError` for what `set` would refuse."""
        plan_moves(self._by_axis(values))

    def locate(self) -> dict[str, dict[str, float]]:
        """Where the axes were sent, and where they are."""
        places = {name: getattr(self, name).locate() for name in self.axes}
        return {
            end: {name: place[end] for name, place in places.items()}
            for end in ("setpoint", "readback")
        }

    def stop(self, *, success: bool = False) -> None:
        """Stop all of its parts that move."""
        for part in self.children().values():
            stop = getattr(part, "stop", None)
            if stop is not None:
                stop(success=success)

    def _by_axis(self, values: Mapping[str, float]) -> dict[Axis, float]:
        unknown = sorted(set(values) - set(self.axes))
        if unknown or not values:
            raise LimitsError(
                f"{self.name}: no axis {', '.join(unknown) or 'named'}; it has {', '.join(self.axes)}"
            )
        return {getattr(self, name): value for name, value in values.items()}


class PseudoPositioner(AxisGroup):
    """Pseudo-axes and motors that follow from one another all together.

    Subclasses declare the motors as parts and name them in `motors`, name the pseudo-axes in `axes` (with their
    units in `units`, where these are not the first motor's), and define `forward` and `inverse`.

    Examples
    --------
    >>> from beamtwin.hardware.device import sub
    >>> from beamtwin.hardware.motor import Motor
    >>> class Table(PseudoPositioner):
    ...     upstream: Motor = sub("m1")
    ...     downstream: Motor = sub("m2")
    ...     motors = ("upstream", "downstream")
    ...     axes = ("height", "tilt")
    ...
    ...     def forward(self, height, tilt):
    ...         return height - tilt, height + tilt
    ...
    ...     def inverse(self, upstream, downstream):
    ...         return (downstream + upstream) / 2, (downstream - upstream) / 2
    """

    motors: ClassVar[tuple[str, ...]] = ()
    units: ClassVar[Mapping[str, str]] = {}

    def __init__(self, prefix: str, name: str, transport: Transport, *, parent: Any = None):
        super().__init__(prefix, name, transport, parent=parent)
        self.build_axes()

    def forward(self, *values: float) -> Sequence[float]:
        """Where the motors must be for the pseudo-axes to have these values."""
        raise NotImplementedError

    def inverse(self, *positions: float) -> Sequence[float]:
        """The pseudo-axes' values, where the motors are at these positions."""
        raise NotImplementedError

    def position_for(self, values: Mapping[str, float]) -> dict[str, float]:
        """Where the motors would go, by their names; nothing moves, limits are not asked."""
        planned: dict[Any, float] = {}
        for axis, value in self._by_axis(values).items():
            planned |= axis.targets(value, planned)
        return {motor.name: target for motor, target in planned.items()}

    def build_axes(self) -> None:
        """Make the pseudo-axes, once the motors are there."""
        motors = [getattr(self, motor) for motor in self.motors]
        for index, axis in enumerate(self.axes):
            transform = Transform(partial(self._value, index), partial(self._positions, index))
            self.add(
                axis,
                PseudoAxis(
                    self.prefix,
                    f"{self.name}_{axis}",
                    self.transport,
                    motors=motors,
                    transform=transform,
                    units=self.units.get(axis),
                    parent=self,
                ),
            )

    def _value(self, index: int, *positions: float) -> float:
        return self.inverse(*positions)[index]

    def _positions(self, index: int, value: float, *positions: float) -> Sequence[float]:
        values = list(self.inverse(*positions))
        values[index] = value
        return self.forward(*values)
