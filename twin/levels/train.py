"""A beamline as a train of stops in one direction, each with the mesh that the light there needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import inf, prod
from typing import Literal

import numpy as np

from beamtwin.twin.beamline import Beamline, BeamlineError
from beamtwin.twin.elements import Aperture, Detector
from beamtwin.twin.levels.fresnel import Line, points_needed
from beamtwin.twin.levels.opening import Opening
from beamtwin.twin.levels.path import band
from beamtwin.twin.levels.rays import Rays
from beamtwin.twin.levels.thin import Side, Thin, thin

__all__ = ["Accuracy", "Axis", "Route", "Stop", "Train", "route", "train"]

Axis = Literal["x", "y"]


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


@dataclass(frozen=True)
class Stop:
    """A plane, the light's mesh on it, and what happens to the light there."""

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


@dataclass(frozen=True)
class Route:
    """What is between the source and a plane."""

    energy_eV: float
    wavelength_m: float
    first_z_m: float
    """Of the first element that is more than a loss."""
    places: tuple[tuple[float, tuple[Thin, ...]], ...]
    """Elements that do more than take away, by their distance from the source."""
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
    acting = [(element.z_m, thin(element, energy_eV)) for element in upstream]
    efficiency = band(upstream, plane) * prod(act.transmission for _, act in acting)
    shaping = [entry for entry in acting if not entry[1].is_nothing]
    if not shaping:
        raise BeamlineError(f"{plane}: there is no aperture before it to diffract")
    places = tuple(
        (z_m, tuple(act for _, act in group))
        for z_m, group in groupby(shaping, key=lambda entry: entry[0])
    )
    return Route(energy_eV, beamline.wavelength_m, places[0][0], places, efficiency, end)


def train(way: Route, axis: Axis, source_half_m: float, lit: Opening, accuracy: Accuracy) -> Train:
    """The stops on the way, in one direction.

    Parameters
    ----------
    source_half_m : float
        How far from the axis light begins.
    lit : Opening
        Where there is light in the plane of the first element, before it.
    """
    screen = _edges(way.end, axis) if isinstance(way.end, Detector) else None
    planned = _follow(way, axis, source_half_m, lit, accuracy)
    if not planned:
        return Train((), 0.0)
    stops = []
    for this, following in zip(planned, [*planned[1:], None], strict=True):
        stops.append(_stop(this, following, screen, way, accuracy))
    last = planned[-1]
    low, high = last.rays.bounds_m
    to_screen = way.end.z_m - last.z_m
    return Train(tuple(stops), way.wavelength_m * to_screen / (high - low))


@dataclass(frozen=True)
class _Planned:
    z_m: float
    sides: tuple[Side, ...]
    rays: Rays
    """Behind its opening, and before its lenses."""
    after: Rays


def _follow(
    way: Route, axis: Axis, source_half_m: float, lit: Opening, accuracy: Accuracy
) -> list[_Planned]:
    planned: list[_Planned] = []
    rays = Rays.from_source(source_half_m, lit, way.first_z_m)
    z_m = way.first_z_m
    for place_m, acts in way.places:
        sides = tuple(getattr(act, axis) for act in acts)
        rays, z_m = rays.drift(place_m - z_m), place_m
        reach = rays.bounds_m
        opening = _common(sides, reach)
        inside = rays.through(opening)
        if not inside.corners:
            return []
        cuts = opening.gap_m < (reach[1] - reach[0]) * (1 - 1e-9)
        after = inside
        if cuts or not planned:
            after = inside.spread(accuracy.fringes * way.wavelength_m / opening.gap_m)
        for side in sides:
            after = after.lens(side.curvature_per_m, side.lens_m)
        if cuts or not planned or any(not _only_opening(side) for side in sides):
            planned.append(_Planned(z_m, sides, inside, after))
        rays = after
    return planned


def _only_opening(side: Side) -> bool:
    return side == Side(side.opening)


def _common(sides: Sequence[Side], reach: tuple[float, float]) -> Opening:
    """What all leave open of an interval."""
    low, high = reach
    for side in sides:
        edges = side.opening.edges_m
        low, high = max(low, edges[0]), min(high, edges[1])
    return Opening((low + high) / 2, max(0.0, high - low))


def _stop(
    this: _Planned,
    following: _Planned | None,
    screen: tuple[float, float] | None,
    way: Route,
    accuracy: Accuracy,
) -> Stop:
    low, high = this.rays.bounds_m
    there = screen if following is None else following.rays.bounds_m
    distance_m = (way.end.z_m if following is None else following.z_m) - this.z_m
    frequency = 0.0
    if there is not None and distance_m > 0:
        frequency = this.after.frequency_per_m(there, distance_m, way.wavelength_m)
    points = points_needed(high - low, frequency, accuracy.oversampling)
    return Stop(this.z_m, Line((low + high) / 2, high - low, points), this.sides)


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
