"""A beamline as a train of stops in one direction, each with the mesh that the light there needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from math import inf, prod
from operator import attrgetter
from typing import Literal

import numpy as np

from beamtwin.twin.beamline import Beamline, BeamlineError
from beamtwin.twin.elements import Aperture, Detector, Element
from beamtwin.twin.levels.fresnel import Line, MeshError, points_needed
from beamtwin.twin.levels.opening import Opening
from beamtwin.twin.levels.path import band
from beamtwin.twin.levels.rays import Rays
from beamtwin.twin.levels.thin import Side, Thin, thin

__all__ = [
    "Accuracy",
    "Axis",
    "Beginning",
    "Place",
    "Route",
    "Stop",
    "Train",
    "outline",
    "route",
    "train",
]

Axis = Literal["x", "y"]

#: Places, stops and the like that are remembered, so that they are the same objects while nothing changes.
KEPT = 1024


@dataclass(frozen=True)
class Accuracy:
    """How finely the light is sampled, and how far it is followed."""

    oversampling: float = 1.25
    """Points per period of the fastest ray, over two: 1 is the least."""
    fringes: float = 32.0
    """Light that an opening diffracts by more fringes than this is left out."""

    def __post_init__(self) -> None:
        if not (self.oversampling >= 1 and self.fringes >= 1):
            raise BeamlineError(
                f"a mesh with {self.oversampling:g} times the points needed, for {self.fringes:g} fringes: "
                "both must be 1 or more"
            )


@dataclass(frozen=True, eq=False)
class Stop:
    """A plane, the light's mesh on it, and what happens to the light there; itself again while nothing changes."""

    z_m: float
    line: Line
    sides: tuple[Side, ...]

    def factor(self, wavelength_m: float) -> np.ndarray | None:
        """The complex transmission at the mesh's points; None where it is one."""
        factor = None
        for side in self.sides:
            for part in (side.factor(self.line.x_m, wavelength_m), _unblocked(side, self.line)):
                if part is not None:
                    factor = part if factor is None else factor * part
        return factor


@dataclass(frozen=True)
class Train:
    """The stops in one direction; without any, it is dark."""

    stops: tuple[Stop, ...]
    diffraction_m: float
    """Of the light beyond the last stop, at its end: 1 / the highest frequency of the intensity."""


@dataclass(frozen=True, eq=False)
class Section:
    """What stands at one distance from the source, in one direction; itself again while nothing changes."""

    name: str
    z_m: float
    sides: tuple[Side, ...]


@dataclass(frozen=True, eq=False)
class Place:
    """The elements at one distance from the source, as the light sees them."""

    name: str
    """Of its elements."""
    z_m: float
    acts: tuple[Thin, ...]
    """Without those that are nothing but a loss."""
    x: Section
    y: Section
    transmission: float


@dataclass(frozen=True)
class Route:
    """What is between the source and a plane."""

    energy_eV: float
    wavelength_m: float
    first_z_m: float
    """Of the first element that is more than a loss."""
    places: tuple[Place, ...]
    """Elements that do more than take away."""
    efficiency: float
    end: Aperture | Detector


def route(beamline: Beamline, plane: str) -> Route:
    """The way to a plane, which is a detector, or an aperture for the light just behind it.

    Raises
    ------
    BeamlineError
        Where the plane is neither, or there is nothing before it to begin with, or no monochromator.
    """
    end = beamline.part(plane)
    if not isinstance(end, Aperture | Detector):
        raise BeamlineError(
            f"{plane}: light is computed on a detector or behind an aperture, not there"
        )
    upstream = beamline.elements[: beamline.elements.index(end) + 1]
    energy_eV = beamline.photon_energy_eV
    places = [
        _place(tuple(group), energy_eV) for _, group in groupby(upstream, key=attrgetter("z_m"))
    ]
    shaping = tuple(place for place in places if place.acts)
    if not shaping:
        raise BeamlineError(f"{plane}: there is no aperture before it to diffract")
    efficiency = band(upstream, plane) * prod(place.transmission for place in places)
    return Route(energy_eV, beamline.wavelength_m, shaping[0].z_m, shaping, efficiency, end)


@lru_cache(maxsize=KEPT)
def _place(elements: tuple[Element, ...], energy_eV: float) -> Place:
    z_m, acts = elements[0].z_m, [thin(element, energy_eV) for element in elements]
    name = ", ".join(element.name for element in elements)
    shaping = tuple(act for act in acts if not act.is_nothing)
    return Place(
        name,
        z_m,
        shaping,
        x=_section(name, z_m, tuple(act.x for act in shaping)),
        y=_section(name, z_m, tuple(act.y for act in shaping)),
        transmission=prod(act.transmission for act in acts),
    )


@lru_cache(maxsize=KEPT)
def _section(name: str, z_m: float, sides: tuple[Side, ...]) -> Section:
    return Section(name, z_m, sides)


@dataclass(frozen=True)
class Beginning:
    """The light in one direction in the plane of the first element, before it."""

    source_half_m: float
    """How far from the axis it begins."""
    lit: Opening
    """Where there is any."""


def train(way: Route, axis: Axis, beginning: Beginning, accuracy: Accuracy) -> Train:
    """The stops on the way, in one direction.

    Raises
    ------
    MeshError
        Naming the element, where the light in its opening changes too fast for any mesh.
    """
    screen = _edges(way.end, axis) if isinstance(way.end, Detector) else None
    sections = tuple(getattr(place, axis) for place in way.places)
    return _train(sections, way.end.z_m, screen, beginning, accuracy, way.wavelength_m)


@lru_cache(maxsize=KEPT)
def _train(
    sections: tuple[Section, ...],
    end_z_m: float,
    screen: tuple[float, float] | None,
    beginning: Beginning,
    accuracy: Accuracy,
    wavelength_m: float,
) -> Train:
    planned = _follow(sections, beginning, accuracy, wavelength_m).planned
    if not planned:
        return Train((), 0.0)
    following = [(after.section.z_m, after.rays.bounds_m) for after in planned[1:]]
    stops = tuple(
        _stop(this, *target, accuracy, wavelength_m)
        for this, target in zip(planned, [*following, (end_z_m, screen)], strict=True)
    )
    return _ended(stops, end_z_m, wavelength_m)


def outline(way: Route, axis: Axis, beginning: Beginning, accuracy: Accuracy) -> Train:
    """`train`, for who brings a mesh of his own: its lines have two points."""
    sections = tuple(getattr(place, axis) for place in way.places)
    planned = _follow(sections, beginning, accuracy, way.wavelength_m).planned
    if not planned:
        return Train((), 0.0)
    stops = tuple(_meshed(this, 2) for this in planned)
    return _ended(stops, way.end.z_m, way.wavelength_m)


def _ended(stops: tuple[Stop, ...], end_z_m: float, wavelength_m: float) -> Train:
    last = stops[-1]
    return Train(stops, wavelength_m * (end_z_m - last.z_m) / last.line.width_m)


@dataclass(frozen=True, eq=False)
class _Planned:
    section: Section
    rays: Rays
    """Behind its opening, and before its lenses."""
    after: Rays


@dataclass(frozen=True, eq=False)
class _Followed:
    """The light behind some places, and where it was stopped; nowhere where it is dark."""

    z_m: float
    rays: Rays
    planned: tuple[_Planned, ...] = ()


@lru_cache(maxsize=KEPT)
def _follow(
    sections: tuple[Section, ...], beginning: Beginning, accuracy: Accuracy, wavelength_m: float
) -> _Followed:
    """Behind the last of some sections; what is behind the others is known where only the last one has changed."""
    *others, section = sections
    if others:
        before = _follow(tuple(others), beginning, accuracy, wavelength_m)
    else:
        rays = Rays.from_source(beginning.source_half_m, beginning.lit, section.z_m)
        before = _Followed(section.z_m, rays)
    if others and not before.planned:
        return before
    return _through(before, section, accuracy.fringes * wavelength_m)


def _through(before: _Followed, section: Section, fringes_m: float) -> _Followed:
    """Through one more; an opening of ``gap`` spreads the light by ``fringes_m / gap``."""
    rays = before.rays.drift(section.z_m - before.z_m)
    low, high = rays.bounds_m
    opening = _common(section.sides, (low, high))
    inside = rays.through(opening)
    if not inside.corners:
        return _Followed(section.z_m, inside)
    cuts = opening.gap_m < (high - low) * (1 - 1e-9) or not before.planned
    after = inside.spread(fringes_m / opening.gap_m) if cuts else inside
    for side in section.sides:
        after = after.lens(side.curvature_per_m, side.lens_m)
    stops = cuts or any(not _only_opening(side) for side in section.sides)
    planned = (_Planned(section, inside, after),) if stops else ()
    return _Followed(section.z_m, after, before.planned + planned)


def _only_opening(side: Side) -> bool:
    return side == Side(side.opening)


def _common(sides: Sequence[Side], reach: tuple[float, float]) -> Opening:
    """What all leave open of an interval."""
    low, high = reach
    for side in sides:
        edges = side.opening.edges_m
        low, high = max(low, edges[0]), min(high, edges[1])
    return Opening((low + high) / 2, max(0.0, high - low))


@lru_cache(maxsize=KEPT)
def _stop(
    this: _Planned,
    there_z_m: float,
    there: tuple[float, float] | None,
    accuracy: Accuracy,
    wavelength_m: float,
) -> Stop:
    """With a mesh for the way to an interval further on."""
    low, high = this.rays.bounds_m
    frequency = 0.0
    if there is not None and there_z_m > this.section.z_m:
        frequency = this.after.frequency_per_m(there, there_z_m - this.section.z_m, wavelength_m)
    try:
        return _meshed(this, points_needed(high - low, frequency, accuracy.oversampling))
    except MeshError as error:
        raise MeshError(f"{this.section.name}: {error}") from error


@lru_cache(maxsize=KEPT)
def _meshed(this: _Planned, points: int) -> Stop:
    low, high = this.rays.bounds_m
    line = Line((low + high) / 2, high - low, points)
    return Stop(this.section.z_m, line, this.section.sides)


def _edges(screen: Detector, axis: Axis) -> tuple[float, float]:
    pixels_m = screen.x_m if axis == "x" else screen.y_m
    return float(pixels_m[0]) - screen.pixel_m / 2, float(pixels_m[-1]) + screen.pixel_m / 2


def _unblocked(side: Side, line: Line) -> np.ndarray | None:
    """The part of each cell that an obstacle leaves free."""
    if side.blocked is None or side.blocked.gap_m == inf:
        return None
    low, high = side.blocked.edges_m
    half = line.step_m / 2
    covered = np.minimum(line.x_m + half, high) - np.maximum(line.x_m - half, low)
    return 1 - np.clip(covered / line.step_m, 0.0, 1.0)
