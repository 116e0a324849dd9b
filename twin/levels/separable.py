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

import numpy as np

from beamtwin.twin.beamline import Beamline
from beamtwin.twin.elements import Detector
from beamtwin.twin.gaussian_beam import GaussianBeam
from beamtwin.twin.levels import emission, gaussian, modes
from beamtwin.twin.levels.fresnel import Line, MeshError, propagate, propagate_shifted
from beamtwin.twin.levels.level import FieldCache, Light
from beamtwin.twin.levels.modes import Emission, Family
from beamtwin.twin.levels.sources import beginning, emitter
from beamtwin.twin.levels.train import Accuracy, Axis, Route, Stop, Train, outline, route, train
from beamtwin.twin.levels.undulator import legendre
from beamtwin.twin.source import Source

__all__ = ["ONE_ELECTRON_ERROR", "Passage", "arrivals", "dark", "flux_error", "light", "passage"]

AXES: tuple[Axis, Axis] = ("x", "y")

#: Of the flux, with all electrons: at CHX's sample 0.1 % off the sum over electrons one by one, which are SRW's to 2 %;
#: behind S0 4 % below CalcStokesUR, as SRW's own sums over electrons are.
FLUX_ERROR = 0.05

#: Of the flux, where one electron carries all the current: ten times too bright through CHX's slits.
ONE_ELECTRON_ERROR = 10.0

#: Functions that it does not pay to thin out.
FEW = 2

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
    stop: Stop
    key: object
    """Of all that it depends on."""

    @property
    def integrals(self) -> np.ndarray:
        """Of the functions' products, shape (m, m')."""
        fields = self.family.fields
        return fields @ fields.conj().T * self.stop.line.step_m


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
    way = there.way
    if there.is_dark:
        return dark(way)
    start, x, y = arrivals(there, cache, coherent=coherent)
    coupling = modes.pair(start, x.family, y.family)
    photons_s, flux_ph_s = _collected(there, coupling, x, y, cache)
    x_m, y_m = _middles(way)
    return Light(
        photons_s=photons_s,
        x_m=x_m,
        y_m=y_m,
        flux_ph_s=flux_ph_s,
        mesh=_mesh(there.trains, (x, y)),
        flux_error=flux_error(there.shining.source, coherent=coherent),
        pattern_error=start.error + 1 / (pi**2 * accuracy.fringes),
    )


def arrivals(
    there: Passage, cache: FieldCache, *, coherent: bool
) -> tuple[Emission, _Arrived, _Arrived]:
    """The emission, and what of it arrives behind the last stop, in x and in y; of a way that is not dark."""
    lines = [Line(*_window(line), 1) for line in there.trains]
    make = emitter(there.shining.source, coherent)
    key = ("emission", coherent, there.shining, *lines)
    try:
        start = cache.get(key, partial(make, there.shining, *lines, cache))
    except MeshError as error:
        raise MeshError(f"{there.way.places[0].name}: {error}") from error
    x, y = (
        _arrive(line.stops, start, axis, there.way.wavelength_m, cache)
        for axis, line in zip(AXES, there.trains, strict=True)
    )
    return start, x, y


def passage(
    beamline: Beamline,
    plane: str,
    *,
    coherent: bool,
    accuracy: Accuracy | None = None,
    meshed: bool = True,
) -> Passage:
    """The way to a plane; see `route` for what may be wrong with it.

    Parameters
    ----------
    meshed : bool
        With meshes; without, see `outline`.
    """
    lay = train if meshed else outline
    way = route(beamline, plane)
    shining = emission.Shining(
        beamline.beam, beamline.source, way.energy_eV, way.wavelength_m, way.first_z_m
    )
    x, y = (
        lay(way, axis, beginning(shining, axis, coherent), accuracy or Accuracy()) for axis in AXES
    )
    return Passage(way, shining, (x, y))


def flux_error(source: Source, *, coherent: bool) -> float:
    """Of the flux, relative; coherent is one electron, and a Gaussian beam has none."""
    if isinstance(source, GaussianBeam):
        return gaussian.FLUX_ERROR
    return ONE_ELECTRON_ERROR if coherent else FLUX_ERROR


def _window(line: Train) -> tuple[float, float]:
    first = line.stops[0].line
    return first.center_m, first.width_m


def _arrive(
    stops: tuple[Stop, ...], start: Emission, axis: Axis, wavelength_m: float, cache: FieldCache
) -> _Arrived:
    """Behind the last stop. Keys hold objects that are the same while nothing before them changes."""
    key = (start, axis, stops)
    at_stop = partial(_at_stop, stops, start, axis, wavelength_m, cache)
    family = cache.get((key, "behind"), lambda: _behind(at_stop(), stops[-1], wavelength_m))
    return _Arrived(family, stops[-1], key)


def _at_stop(
    stops: tuple[Stop, ...], start: Emission, axis: Axis, wavelength_m: float, cache: FieldCache
) -> Family:
    """In front of the last stop."""
    *before, last = stops
    if not before:
        return _begin(start, axis, last.line, wavelength_m)
    here = _arrive(tuple(before), start, axis, wavelength_m, cache)
    distance_m = last.z_m - here.stop.z_m
    fields = propagate(here.family.fields, here.stop.line, last.line, distance_m, wavelength_m)
    return replace(here.family, fields=fields)


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
    return passed if len(passed.fields) <= FEW else modes.reduced(passed, stop.line.step_m)


def _collected(
    there: Passage, coupling: np.ndarray, x: _Arrived, y: _Arrived, cache: FieldCache
) -> tuple[np.ndarray, float]:
    """Photons/s in the pixels, and in all."""
    way = there.way
    flux_ph_s = max(0.0, modes.flux(coupling, x.integrals, y.integrals)) * way.efficiency
    if not isinstance(way.end, Detector):
        return np.array([[flux_ph_s]]), flux_ph_s
    columns, rows = (
        _on_pixels(way, side, line, Line(*_across(pixels_m, way.end.pixel_m)), cache)
        for side, line, pixels_m in zip(
            (x, y), there.trains, (way.end.x_m, way.end.y_m), strict=True
        )
    )
    return modes.image(coupling * way.efficiency, columns, rows), flux_ph_s


def _across(pixels_m: np.ndarray, pixel_m: float) -> tuple[float, float, int]:
    """The detector as a line."""
    middle_m = float(pixels_m[0] + (pixels_m[-1] - pixels_m[0]) / 2)
    return middle_m, len(pixels_m) * pixel_m, len(pixels_m)


def _on_pixels(
    way: Route, side: _Arrived, line: Train, pixels: Line, cache: FieldCache
) -> np.ndarray:
    """The products of the functions, integrated over pixels, shape (m, m', pixels)."""
    waves = pixels.step_m / line.diffraction_m if line.diffraction_m else 0.0
    nodes, weights = legendre(min(MOST_NODES, 2 + ceil(2.5 * waves - 0.25)))
    distance_m = way.end.z_m - side.stop.z_m
    to_pixels = partial(
        propagate_shifted,
        side.family.fields,
        side.stop.line,
        pixels,
        distance_m,
        way.wavelength_m,
        (nodes * (pixels.step_m / 2)).tolist(),
    )
    fields = cache.get((side.key, pixels, distance_m), to_pixels)
    return modes.products(fields, weights * pixels.step_m / 2)


def _middles(way: Route) -> tuple[np.ndarray, np.ndarray]:
    if isinstance(way.end, Detector):
        return way.end.x_m, way.end.y_m
    return np.array([way.end.x_center_m]), np.array([way.end.y_center_m])


def dark(way: Route) -> Light:
    """No light."""
    x_m, y_m = _middles(way)
    return Light(
        photons_s=np.zeros((y_m.size, x_m.size)),
        x_m=x_m,
        y_m=y_m,
        flux_ph_s=0.0,
        mesh="none: no light gets there",
        flux_error=0.0,
        pattern_error=0.0,
    )


def _mesh(trains: tuple[Train, Train], arrived: tuple[_Arrived, _Arrived]) -> str:
    sides = []
    for axis, line, side in zip(AXES, trains, arrived, strict=True):
        points = "-".join(str(stop.line.points) for stop in line.stops)
        sides.append(f"{axis}: {len(side.family.fields)} functions on {points} points")
    return "; ".join(sides)
