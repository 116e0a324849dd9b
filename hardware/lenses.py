"""Lenses: compound refractive lenses in slots, and kinoforms.

``n`` parabolic lenses of apex radius ``R`` focus at ``f = R / (2 n delta)`` (Lengeler et al., J. Synchrotron Rad. 6
(1999) 1153), and several such stacks close together at ``1 / f = sum(1 / f_i)``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from math import inf
from typing import Any

from beamtwin.hardware.axes import AxisGroup
from beamtwin.hardware.channel import Transport
from beamtwin.hardware.device import Device, sub
from beamtwin.hardware.materials import refraction_decrement
from beamtwin.hardware.motor import Motor
from beamtwin.hardware.presets import PresetStage
from beamtwin.hardware.signals import Kind
from beamtwin.orchestration.errors import LimitsError
from beamtwin.orchestration.status import Status, gather

__all__ = ["CHX_STACKS", "Focus", "Kinoform", "LensStack", "Transfocator", "focal_length_m"]


@dataclass(frozen=True)
class LensStack:
    """Equal parabolic lenses, one behind the other.

    Parameters
    ----------
    radius_m : float
        At the apex.
    count : int
    material : str
        As `materials` knows it.
    """

    radius_m: float
    count: int
    material: str = "Be"

    def focal_length_m(self, energy_eV: float) -> float:
        """Of the whole stack, as a thin lens."""
        return self.radius_m / (2 * self.count * refraction_decrement(self.material, energy_eV))


def focal_length_m(stacks: Iterable[LensStack], energy_eV: float) -> float:
    """Of stacks close together; infinite where there are none."""
    power = sum(1 / stack.focal_length_m(energy_eV) for stack in stacks)
    return 1 / power if power else inf


#: The stacks in slots 1 to 7 of CHX's transfocator (chxtools' ``transfuncs``).
CHX_STACKS = tuple(
    LensStack(radius_mm * 1e-3, count)
    for radius_mm, count in zip(
        (0.5, 0.5, 0.5, 0.5, 0.5, 1.5, 1.5), (1, 2, 4, 8, 5, 1, 1), strict=True
    )
)


@dataclass(frozen=True)
class Focus:
    """How a transfocator is to be set."""

    slots: tuple[int, ...]
    """Which are in the beam, counted from 1."""
    position_m: float
    """Where it stands."""
    image_m: float
    """Where it focuses then."""


class Transfocator(Device):
    """Stacks of lenses, each on a motor that moves it in or out, in a vessel with five axes; NSLS-II's names.

    Parameters
    ----------
    stacks : sequence of LensStack, optional
        By slot; default: those of CHX.
    slots : int
        How many slots have a motor; what is beyond ``stacks`` holds something else.
    in_position, out_position : float
        Of the slots' motors.
    travel_m : (float, float)
        From where to where the vessel can go, as distances from the source.
    """

    x: Motor = sub("Ves-Ax:X}Mtr", kind=Kind.normal)
    y: Motor = sub("Ves-Ax:Y}Mtr", kind=Kind.normal)
    z: Motor = sub("Ves-Ax:Z}Mtr", kind=Kind.normal)
    phi: Motor = sub("Ves-Ax:Ph}Mtr", kind=Kind.normal)
    theta: Motor = sub("Ves-Ax:Th}Mtr", kind=Kind.normal)

    def __init__(
        self,
        prefix: str,
        name: str,
        transport: Transport,
        *,
        stacks: Sequence[LensStack] = CHX_STACKS,
        slots: int = 8,
        in_position: float = 0.0,
        out_position: float = 12.0,
        travel_m: tuple[float, float] = (35.2, 35.8),
        parent: Any = None,
    ):
        super().__init__(prefix, name, transport, parent=parent)
        self.stacks = tuple(stacks)
        self.travel_m = travel_m
        self.slots: dict[int, PresetStage] = {}
        for slot in range(1, slots + 1):
            stage = PresetStage(
                f"{prefix}{slot}-Ax:X}}Mtr",
                f"{name}_slot{slot}",
                transport,
                positions={"in": in_position, "out": out_position},
                parent=self,
            )
            self.slots[slot] = stage
            self.add(f"slot{slot}", stage)

    def inserted(self) -> tuple[int, ...]:
        """The slots that are in the beam."""
        return tuple(slot for slot, stage in self.slots.items() if stage.position == "in")

    def focal_length_m(self, energy_eV: float) -> float:
        """Of the lenses that are in the beam; infinite without any."""
        return focal_length_m(self._stacks_of(self.inserted()), energy_eV)

    def focus_for(self, image_m: float, energy_eV: float) -> Focus:
        """Which slots, and where, bring a source at 0 nearest to an image at ``image_m``; of several, the fewest."""
        candidates = [
            self._focus_of(tuple(slots), image_m, energy_eV)
            for slots in self._combinations()
            if slots
        ]
        real = [focus for focus in candidates if focus is not None]
        if not real:
            raise LimitsError(
                f"{self.name}: no combination of its lenses makes a real image at {energy_eV:g} eV"
            )
        return min(real, key=lambda focus: (abs(focus.image_m - image_m), len(focus.slots)))

    def set(self, slots: Iterable[int], *, timeout: float | None = None) -> Status:
        """Have these slots in the beam, and the others out; none moves unless all may."""
        wanted = frozenset(slots)
        self.check_value(wanted)
        moves = [
            stage.set("in" if slot in wanted else "out", timeout=timeout)
            for slot, stage in self.slots.items()
        ]
        listed = ", ".join(map(str, sorted(wanted))) or "none"
        return gather(self.clock, moves, f"{self.name}: slots in: {listed}")

    def check_value(self, slots: Iterable[int]) -> None:
        """Raise `LimitsError` for slots that there are not, or that cannot go there."""
        wanted = frozenset(slots)
        unknown = sorted(wanted - self.slots.keys())
        if unknown:
            raise LimitsError(f"{self.name}: no slot {unknown}; it has 1 to {len(self.slots)}")
        for slot, stage in self.slots.items():
            stage.check_value("in" if slot in wanted else "out")

    def locate(self) -> dict[str, tuple[int, ...]]:
        """The slots that were sent in, and those that are."""
        places = {slot: stage.locate() for slot, stage in self.slots.items()}
        return {
            end: tuple(slot for slot, place in places.items() if place[end] == "in")
            for end in ("setpoint", "readback")
        }

    def stop(self, *, success: bool = False) -> None:
        """Stop all of its motors."""
        for part in self.children().values():
            part.stop(success=success)

    def _stacks_of(self, slots: Iterable[int]) -> list[LensStack]:
        return [self.stacks[slot - 1] for slot in slots if slot <= len(self.stacks)]

    def _combinations(self) -> Iterable[list[int]]:
        for chosen in product((False, True), repeat=len(self.stacks)):
            yield [slot for slot, is_in in enumerate(chosen, 1) if is_in]

    def _focus_of(self, slots: tuple[int, ...], image_m: float, energy_eV: float) -> Focus | None:
        """The best place for these slots; None where their image is not real.

        Source and image are ``p`` and ``q`` from a lens with ``1 / p + 1 / q = 1 / f``; where they are ``L`` apart,
        ``p = (L +- sqrt(L^2 - 4 L f)) / 2``.
        """
        focal_m = focal_length_m(self._stacks_of(slots), energy_eV)
        low, high = self.travel_m
        places = [low, high]
        root = image_m * (image_m - 4 * focal_m)
        if root >= 0:
            places += [
                p
                for p in ((image_m + root**0.5) / 2, (image_m - root**0.5) / 2)
                if low <= p <= high
            ]
        found = [Focus(slots, p, p + 1 / (1 / focal_m - 1 / p)) for p in places if p > focal_m]
        return min(found, key=lambda focus: abs(focus.image_m - image_m), default=None)


class Kinoform(AxisGroup):
    """A kinoform lens on its stages: ``x``, ``y``, ``z`` and angles of the base, ``lens_x`` and ``lens_y`` on top."""

    axes = ("x", "y", "z", "chi", "theta", "phi", "lens_x", "lens_y")

    x: Motor = sub("-Ax:XB}Mtr")
    y: Motor = sub("-Ax:YB}Mtr")
    z: Motor = sub("-Ax:ZB}Mtr")
    chi: Motor = sub("-Ax:Ch}Mtr")
    theta: Motor = sub("-Ax:Th}Mtr")
    phi: Motor = sub("-Ax:Ph}Mtr")
    lens_x: Motor = sub("-Ax:XT}Mtr")
    lens_y: Motor = sub("-Ax:YT}Mtr")
