"""A beamline as one value: to move something is to make another value."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from math import isnan
from typing import Any

from beamtwin.orchestration.errors import BeamtwinError
from beamtwin.twin.constants import HC_EV_M
from beamtwin.twin.elements import Element, Monochromator
from beamtwin.twin.grid import Grid
from beamtwin.twin.ring import ElectronBeam
from beamtwin.twin.source import Source

__all__ = ["Beamline", "BeamlineError", "Part"]

#: Beyond these there is neither an element that acts as described nor a table of its material.
PHOTON_ENERGIES_EV = (10.0, 1e6)

Part = ElectronBeam | Source | Element


class BeamlineError(BeamtwinError, ValueError):
    """A beamline that cannot be, or a part or parameter that it does not have."""


@dataclass(frozen=True)
class Beamline:
    """Electrons, source and what stands in the light, in the order in which the light meets it."""

    beam: ElectronBeam
    source: Source
    elements: tuple[Element, ...]
    grid: Grid | None = None
    """SRW's, for the level that follows the whole chain with it."""
    movable: tuple[str, ...] = ()
    """The parts that axes move: in front of them it pays to keep the light."""

    def __post_init__(self) -> None:
        names = [part.name for part in self.parts]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise BeamlineError(
                f"{', '.join(twice)}: more than one part of the beamline is called so"
            )
        for first, second in zip(self.elements, self.elements[1:], strict=False):
            if second.z_m < first.z_m:
                raise BeamlineError(
                    f"{second.name}: z_m = {second.z_m:g} m lies before {first.name} at "
                    f"{first.z_m:g} m: list the elements as the light meets them"
                )

    @property
    def parts(self) -> tuple[Part, ...]:
        """Everything that has a name."""
        return (self.beam, self.source, *self.elements)

    def part(self, name: str) -> Part:
        """The part of that name; raises BeamlineError, naming those there are."""
        for part in self.parts:
            if part.name == name:
                return part
        raise BeamlineError(
            f"the beamline has no part {name!r}; there are: {', '.join(part.name for part in self.parts)}"
        )

    @property
    def photon_energy_eV(self) -> float:
        """What the first monochromator lets through; raises BeamlineError where there is none."""
        for element in self.elements:
            if isinstance(element, Monochromator):
                return _checked_energy_eV(element)
        raise BeamlineError("the beamline has no monochromator, so its photon energy is not known")

    @property
    def wavelength_m(self) -> float:
        """The wavelength of the photon energy."""
        return HC_EV_M / self.photon_energy_eV

    def with_parameters(self, values: Mapping[tuple[str, str], Any]) -> "Beamline":
        """The same beamline with other values of some parameters.

        Parameters
        ----------
        values
            By part and parameter: ``{("S2", "y_gap_m"): 5.8e-6}``.

        Raises
        ------
        BeamlineError
            Where a part does not exist or has no such parameter, or a value is NaN.
        """
        changes: dict[str, dict[str, Any]] = defaultdict(dict)
        for (name, parameter), value in values.items():
            check_parameter(self.part(name), parameter)
            if isinstance(value, float) and isnan(value):
                raise BeamlineError(
                    f"{name}: {parameter} is not a number (nan): nothing stands there"
                )
            changes[name][parameter] = value
        if not changes:
            return self
        beam, source, elements = _changed(self.parts, changes)
        return replace(self, beam=beam, source=source, elements=elements)


def _checked_energy_eV(monochromator: Monochromator) -> float:
    least_eV, most_eV = PHOTON_ENERGIES_EV
    if not least_eV <= monochromator.energy_eV <= most_eV:
        raise BeamlineError(
            f"{monochromator.name}: energy_eV = {monochromator.energy_eV:g} is outside [{least_eV:g}, {most_eV:g}] eV "
            "(all that a beamline can have)"
        )
    return monochromator.energy_eV


def check_parameter(part: Part, parameter: str) -> None:
    """Raise BeamlineError unless the part has this parameter."""
    known = [field.name for field in fields(part) if field.name != "name"]
    if parameter not in known:
        raise BeamlineError(
            f"{part.name} has no parameter {parameter!r}; it has: {', '.join(known)}"
        )


def _changed(
    parts: tuple[Part, ...], changes: Mapping[str, dict[str, Any]]
) -> tuple[Any, Any, Any]:
    beam, source, *elements = (
        replace(part, **changes[part.name]) if part.name in changes else part for part in parts
    )
    return beam, source, tuple(elements)
