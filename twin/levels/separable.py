"""Levels ``coherent`` and ``modes``: the whole chain, separable in x and y, one electron or all of them.

1. `emission` says what falls on the first element, as functions of x and of y.
2. `train` lays a mesh over each opening that cuts the light, as fine as the fastest ray needs; what cuts nothing and
   bends nothing is left out.
3. Each function goes from stop to stop by `fresnel`, and its family is thinned out behind every one.
4. The detector's pixels are averages over Gauss and Legendre's nodes.

Left out: whatever is not separable (round pupils are taken as square ones), aberrations of thick elements,
polarisation, and light beyond `Accuracy.fringes` fringes of an opening's diffraction.
"""

from dataclasses import dataclass, replace
from functools import partial
from math import ceil, pi
from typing import Any

import numpy as np

from beamtwin.twin.beamline import Beamline
from beamtwin.twin.elements import Detector
from beamtwin.twin.levels import emission, modes
from beamtwin.twin.levels.fresnel import Line, propagate
from beamtwin.twin.levels.level import FieldCache, Light
from beamtwin.twin.levels.modes import Emission, Family
from beamtwin.twin.levels.train import Accuracy, Axis, Route, Stop, Train, route, train
from beamtwin.twin.levels.undulator import legendre

__all__ = ["ONE_ELECTRON_ERROR", "Passage", "dark", "light", "passage"]

AXES: tuple[Axis, Axis] = ("x", "y")

#: Of the flux, with all electrons: 8 % above SRW's average over 256 of them at CHX's sample, 1 % below it at S0.
FLUX_ERROR = 0.10

#: Of the flux, where one electron carries all the current: ten times too bright through CHX's slits.
ONE_ELECTRON_ERROR = 10.0

#: Nodes in a pixel, at most.
MOST_NODES = 32


@dataclass(frozen=True)
class Passage:
    """The way to a plane with its meshes, and what shines into it."""

    way: Route
    shining: emission.Shining
    trains: tuple[Train, Train]
    """In x and in y."""

    @property
    def is_dark(self) -> bool:
        """Whether no light can come through."""
        return not all(line.stops for line in self.trains)


@dataclass(frozen=True, eq=False)
class _Arrived:
    """Light behind the last stop in one direction."""

    family: Family
    line: Line
    z_m: float


def light(
    beamline: Beamline,
    plane: str,
    cache: FieldCache,
    *,
    coherent: bool = False,
    accuracy: Accuracy | None = None,
) -> Light:
    """The light on a plane.

    Parameters
    ----------
    coherent : bool
        Of one electron on the axis that carries all the current, instead of all electrons.
    accuracy : Accuracy, optional
        Of the meshes; the convergence is what changes with it.
    """
    accuracy = accuracy or Accuracy()
    there = passage(beamline, plane, coherent=coherent, accuracy=accuracy)
    way, shining, trains = there.way, there.shining, there.trains
    if there.is_dark:
        return dark(way)
    lines = [Line(*_window(line), 1) for line in trains]
    make = emission.one_electron if coherent else emission.all_electrons
    key = ("emission", coherent, shining, *lines)
    start = cache.get(key, partial(make, shining, *lines, cache))
    arrived = [
        _arrive(way, line, start, axis, (key, axis), cache)
        for axis, line in zip(AXES, trains, strict=True)
    ]
    return _collected(way, trains, arrived, start, coherent, accuracy)


def passage(
    beamline: Beamline, plane: str, *, coherent: bool, accuracy: Accuracy | None = None
) -> Passage:
    """The way to a plane; see `route` for what may be wrong with it."""
    way = route(beamline, plane)
    shining = emission.Shining(
        beamline.beam, beamline.source, way.energy_eV, way.wavelength_m, way.first_z_m
    )
    x, y = (_train(way, shining, axis, coherent, accuracy or Accuracy()) for axis in AXES)
    return Passage(way, shining, (x, y))


def _train(
    way: Route, shining: emission.Shining, axis: Axis, coherent: bool, accuracy: Accuracy
) -> Train:
    beam = shining.beam
    size = {"x": beam.x_sigma_m, "y": beam.y_sigma_m}[axis] * (not coherent)
    divergence = {"x": beam.x_divergence_rad, "y": beam.y_divergence_rad}[axis] * (not coherent)
    lit = emission.illuminated(shining, size, divergence)
    return train(way, axis, emission.source_half_m(shining, size), lit, accuracy)


def _window(line: Train) -> tuple[float, float]:
    first = line.stops[0].line
    return first.center_m, first.width_m


def _arrive(
    way: Route, line: Train, start: Emission, axis: Axis, key: object, cache: FieldCache
) -> _Arrived:
    """From stop to stop; what arrives at each is kept under a key of all that is before it."""
    before = line.stops[0]
    key = (key, before)
    family = cache.get(key, partial(_begin, start, axis, before.line, way.wavelength_m))
    for stop in line.stops[1:]:
        key = (key, stop)
        family = cache.get(key, partial(_advance, family, before, stop, way.wavelength_m))
        before = stop
    behind = cache.get((key, "behind"), partial(_behind, family, before, way.wavelength_m))
    return _Arrived(behind, before.line, before.z_m)


def _begin(start: Emission, axis: Axis, line: Line, wavelength_m: float) -> Family:
    """The emission's functions on the first stop's mesh, with the spherical wave that they ride on."""
    from scipy.interpolate import CubicSpline

    family, coarse = (start.x, start.x_line) if axis == "x" else (start.y, start.y_line)
    envelope = CubicSpline(coarse.x_m, family.fields, axis=1)(line.x_m)
    sphere = np.exp(1j * pi * line.x_m**2 / (wavelength_m * start.radius_m))
    return replace(family, fields=envelope * sphere)


def _behind(family: Family, stop: Stop, wavelength_m: float) -> Family:
    factor = stop.factor(wavelength_m)
    passed = family if factor is None else replace(family, fields=family.fields * factor)
    return modes.reduced(passed, stop.line.step_m)


def _advance(family: Family, before: Stop, stop: Stop, wavelength_m: float) -> Family:
    behind = _behind(family, before, wavelength_m)
    there = propagate(behind.fields, before.line, stop.line, stop.z_m - before.z_m, wavelength_m)
    return replace(behind, fields=there)


def _collected(
    way: Route,
    trains: tuple[Train, Train],
    arrived: list[_Arrived],
    start: Emission,
    coherent: bool,
    accuracy: Accuracy,
) -> Light:
    x, y = arrived
    coupling = modes.pair(start, x.family, y.family)
    integrals = [
        modes.products(side.family.fields).sum(axis=-1) * side.line.step_m for side in arrived
    ]
    flux_ph_s = max(0.0, modes.flux(coupling, *integrals)) * way.efficiency
    if isinstance(way.end, Detector):
        on_pixels = [
            _on_pixels(way, side, line, pixels, way.end.pixel_m)
            for side, line, pixels in zip(arrived, trains, (way.end.x_m, way.end.y_m), strict=True)
        ]
        photons_s = modes.image(coupling, *on_pixels) * way.efficiency
        x_m, y_m = way.end.x_m, way.end.y_m
    else:
        photons_s = np.array([[flux_ph_s]])
        x_m, y_m = (np.array([side.line.center_m]) for side in arrived)
    return Light(
        photons_s=photons_s,
        x_m=x_m,
        y_m=y_m,
        flux_ph_s=flux_ph_s,
        mesh=_mesh(trains, arrived),
        flux_error=ONE_ELECTRON_ERROR if coherent else FLUX_ERROR,
        pattern_error=start.error + 1 / (pi**2 * accuracy.fringes),
    )


def _on_pixels(
    way: Route, side: _Arrived, line: Train, pixels_m: np.ndarray, pixel_m: float
) -> np.ndarray:
    """The products of the functions, integrated over pixels, shape (m, m', pixels)."""
    waves = pixel_m / line.diffraction_m if line.diffraction_m else 0.0
    nodes, weights = legendre(min(MOST_NODES, 2 + ceil(2.5 * waves)))
    total: Any = 0.0
    for node, weight in zip(nodes, weights, strict=True):
        there = Line(
            pixels_m[0] + (pixels_m[-1] - pixels_m[0]) / 2 + node * pixel_m / 2,
            len(pixels_m) * pixel_m,
            len(pixels_m),
        )
        fields = propagate(
            side.family.fields, side.line, there, way.end.z_m - side.z_m, way.wavelength_m
        )
        total = total + modes.products(fields) * (weight * pixel_m / 2)
    return total


def dark(way: Route) -> Light:
    """No light."""
    if isinstance(way.end, Detector):
        x_m, y_m = way.end.x_m, way.end.y_m
    else:
        x_m, y_m = np.array([way.end.x_center_m]), np.array([way.end.y_center_m])
    return Light(
        photons_s=np.zeros((y_m.size, x_m.size)),
        x_m=x_m,
        y_m=y_m,
        flux_ph_s=0.0,
        mesh="none: no light gets there",
        flux_error=0.0,
        pattern_error=0.0,
    )


def _mesh(trains: tuple[Train, Train], arrived: list[_Arrived]) -> str:
    sides = []
    for axis, line, side in zip(AXES, trains, arrived, strict=True):
        points = "-".join(str(stop.line.points) for stop in line.stops)
        sides.append(f"{axis}: {len(side.family.fields)} functions on {points} points")
    return "; ".join(sides)
