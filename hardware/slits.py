"""Slits: four blades, or the centres and gaps that they make."""

from collections.abc import Mapping

from beamtwin.hardware.device import Device, sub
from beamtwin.hardware.motor import Motor
from beamtwin.hardware.positioner import (
    Axis,
    PseudoAxis,
    Transform,
    move_axes,
    plan_moves,
    pseudo,
)
from beamtwin.hardware.signals import Kind
from beamtwin.orchestration.errors import LimitsError
from beamtwin.orchestration.status import Status

__all__ = ["CENTER", "GAP", "CenterGapSlits", "Slits"]


def _gap(plus: float, minus: float) -> float:
    return plus - minus


def _center(plus: float, minus: float) -> float:
    return 0.5 * (plus + minus)


def _blades(center: float, gap: float) -> tuple[float, float]:
    return center + 0.5 * gap, center - 0.5 * gap


#: Of two blades, the plus side first: how far apart they are; the centre stays where it is.
GAP = Transform(_gap, lambda gap, plus, minus: _blades(_center(plus, minus), gap))

#: Of two blades, the plus side first: the middle between them; the gap stays as it is.
CENTER = Transform(_center, lambda center, plus, minus: _blades(center, _gap(plus, minus)))


class _Aperture(Device):
    """A device with the axes ``h_gap``, ``h_center``, ``v_gap`` and ``v_center``."""

    axes = ("h_gap", "h_center", "v_gap", "v_center")

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
        """Stop all of its motors."""
        for part in self.children().values():
            part.stop(success=success)

    def _by_axis(self, values: Mapping[str, float]) -> dict[Axis, float]:
        unknown = sorted(set(values) - set(self.axes))
        if unknown or not values:
            raise LimitsError(
                f"{self.name}: no axis {', '.join(unknown) or 'named'}; it has {', '.join(self.axes)}"
            )
        return {getattr(self, name): value for name, value in values.items()}


class Slits(_Aperture):
    """Four blades, each on a motor, named as at NSLS-II; subclasses declare others.

    Positions are along x (outboard) and y (up) for all blades, so that a gap is outboard - inboard, or top - bottom.
    """

    top: Motor = sub("-Ax:T}Mtr", kind=Kind.normal)
    bottom: Motor = sub("-Ax:B}Mtr", kind=Kind.normal)
    outboard: Motor = sub("-Ax:O}Mtr", kind=Kind.normal)
    inboard: Motor = sub("-Ax:I}Mtr", kind=Kind.normal)

    h_gap: PseudoAxis = pseudo(GAP, "outboard", "inboard")
    h_center: PseudoAxis = pseudo(CENTER, "outboard", "inboard")
    v_gap: PseudoAxis = pseudo(GAP, "top", "bottom")
    v_center: PseudoAxis = pseudo(CENTER, "top", "bottom")


class CenterGapSlits(_Aperture):
    """Slits whose centres and gaps have motor records of their own."""

    h_gap: Motor = sub("-Ax:XGap}Mtr")
    h_center: Motor = sub("-Ax:XCtr}Mtr")
    v_gap: Motor = sub("-Ax:YGap}Mtr")
    v_center: Motor = sub("-Ax:YCtr}Mtr")
