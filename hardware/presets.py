"""Presets: places of a motor that have names: in and out, samples on a holder, foils on a ladder."""

from collections.abc import Mapping
from typing import Any

from beamtwin.hardware.channel import Transport
from beamtwin.hardware.derived import DerivedR
from beamtwin.hardware.device import Device, sub
from beamtwin.hardware.motor import Motor
from beamtwin.hardware.signals import Document, Kind
from beamtwin.orchestration.errors import LimitsError
from beamtwin.orchestration.status import Status

__all__ = ["NOWHERE", "PresetStage"]

#: What a stage is at, where that is none of its places.
NOWHERE = "between"


class PresetStage(Device):
    """A motor that is set to places by their names: ``screen.set("in")``. Its motor is a part, ``motor``.

    Parameters
    ----------
    positions : mapping of str to float
        Where the places are, in the motor's unit.
    tolerance : float
        How far from a place it is still there.
    """

    motor: Motor = sub("", kind=Kind.normal)

    def __init__(
        self,
        prefix: str,
        name: str,
        transport: Transport,
        *,
        positions: Mapping[str, float],
        tolerance: float = 0.5,
        parent: Any = None,
    ):
        super().__init__(prefix, name, transport, parent=parent)
        self.positions = dict(positions)
        self.tolerance = tolerance
        signals = {"motor": self.motor.user_readback}
        self.place = DerivedR(
            name, self.place_at, signals, datatype=str, kind=Kind.hinted, parent=self
        )
        self.add("place", self.place)

    def place_at(self, position: float) -> str:
        """The name of the place that this position is at."""
        nearest = min(self.positions, key=lambda name: abs(self.positions[name] - position))
        return nearest if abs(self.positions[nearest] - position) <= self.tolerance else NOWHERE

    @property
    def position(self) -> str:
        """The name of the place where it is."""
        return self.place.get()

    def locate(self) -> Document:
        """The places where it was sent, and where it is."""
        places = self.motor.locate()
        return {end: self.place_at(place) for end, place in places.items()}

    def check_value(self, value: str) -> None:
        """Raise `LimitsError` for an unknown place, and for one beyond the motor's soft limits."""
        self.motor.check_value(self._position_of(value))

    def set(self, value: str, *, timeout: float | None = None) -> Status:
        """Go to a place; see `Motor.set`."""
        return self.motor.set(self._position_of(value), timeout=timeout)

    def stop(self, *, success: bool = False) -> None:
        """Stop the motor."""
        self.motor.stop(success=success)

    def _position_of(self, place: str) -> float:
        try:
            return self.positions[place]
        except (KeyError, TypeError):
            known = ", ".join(map(repr, self.positions))
            raise LimitsError(f"{self.name}: {place!r} is not one of its places {known}") from None
