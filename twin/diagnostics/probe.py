"""Probe: a screen held into the light anywhere, as large as the beam is there."""

from contextlib import suppress
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np

from beamtwin.twin.beamline import Beamline, BeamlineError
from beamtwin.twin.chain import Irradiance, evaluate
from beamtwin.twin.diagnostics.coherence import Coherence, coherence
from beamtwin.twin.diagnostics.widths import half_maxima, mean_and_rms
from beamtwin.twin.elements import Detector, Monochromator
from beamtwin.twin.levels import separable
from beamtwin.twin.levels.fresnel import MeshError
from beamtwin.twin.levels.level import FieldCache
from beamtwin.twin.levels.path import optical_path
from beamtwin.twin.optics import ONE_SLIT

__all__ = ["SCREEN", "Diagnosis", "diagnose", "distance_of", "places"]

#: The screen's name among the elements.
SCREEN = "probe screen"

#: How far behind a place its light is looked at: the nearest that a mesh can follow. Behind an opening 1 mm wide that
#: is 0.3 m, where nothing but its edges has changed, by less than 10 um.
BEHIND_M = (1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0)

#: Of the pattern of one slit, whose closed form has a term for each.
MOST_FRINGES = 2000.0

#: Of a mesh on the way to the screen: with more, a place further behind is quicker to look at.
MOST_POINTS = 2**16

#: Pixels of the screen: along its shorter side, and in all.
PIXELS, MOST_PIXELS = 301, 2e6

#: How many widths the screen shows of the beam; how many fringes of an opening's diffraction the first look takes in.
WIDTHS, FRINGES = 4.0, 6.0

#: Where angles are looked at: this far downstream, in free space; and by which level, where not by the same.
FAR_M = 1e3
ANGLES = {"srw": "coherent", "electrons": "modes"}

#: The levels with all electrons that know how coherent the light is.
ALL_ELECTRONS = ("modes", "electrons")


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """What the light is like at one place. Pairs are horizontal and vertical."""

    at: str
    z_m: float
    """Of the screen: a little behind the place."""
    light: Irradiance
    fwhm_m: tuple[float, float]
    rms_m: tuple[float, float]
    """Of the part that the screen shows."""
    center_m: tuple[float, float]
    divergence_rad: tuple[float, float]
    """FWHM of the angles, a kilometre downstream."""
    coherence: tuple[Coherence, Coherence] | None
    """None at a level that does not know it."""
    energy_eV: float
    bandwidth: float
    """Relative."""

    @property
    def profiles(self) -> tuple[np.ndarray, np.ndarray]:
        """Photons/s per metre, along x and along y, the other direction summed."""
        light = self.light
        steps_m = light.x_m[1] - light.x_m[0], light.y_m[1] - light.y_m[0]
        return light.photons_s.sum(0) / steps_m[0], light.photons_s.sum(1) / steps_m[1]

    @property
    def peak_ph_s_mm2(self) -> float:
        """Of the brightest pixel."""
        light = self.light
        pixel_m2 = (light.x_m[1] - light.x_m[0]) * (light.y_m[1] - light.y_m[0])
        return float(light.photons_s.max() / pixel_m2) * 1e-6

    @property
    def coherence_length_m(self) -> tuple[float, float] | None:
        """Rms; infinite where the whole beam is coherent."""
        if self.coherence is None:
            return None
        return self.coherence[0].length_m, self.coherence[1].length_m

    @property
    def coherent_fraction(self) -> tuple[float, float] | None:
        """The contrast of speckle in each direction, which is the global degree of coherence."""
        if self.coherence is None:
            return None
        return self.coherence[0].global_degree, self.coherence[1].global_degree


def places(beamline: Beamline) -> list[str]:
    """The elements that light can be looked at behind: from the first monochromator on, where its energy is known."""
    elements = beamline.elements
    first = next((i for i, e in enumerate(elements) if isinstance(e, Monochromator)), len(elements))
    return [element.name for element in elements[first:]]


def distance_of(beamline: Beamline, at: str) -> float:
    """Where a place is: behind an element of that name, in any case, or so many metres from the source.

    Raises
    ------
    BeamlineError
        Naming the places there are.
    """
    for element in beamline.elements:
        if element.name.lower() == at.lower():
            if element.name not in places(beamline):
                break
            return element.z_m
    known = ", ".join(places(beamline))
    first_m = beamline.part(places(beamline)[0]).z_m  # pyright: ignore[reportAttributeAccessIssue]
    try:
        z_m = float(at)
    except ValueError:
        z_m = float("nan")
    if not first_m <= z_m <= FAR_M:
        raise BeamlineError(
            f"{at!r} is no place where the light is known: there are {known}, or a distance from the "
            f"source in [{first_m:g}, {FAR_M:g}] m"
        )
    return z_m


def diagnose(
    beamline: Beamline, at: str, level: str = "modes", cache: FieldCache | None = None
) -> Diagnosis:
    """What the light is like at a place.

    Parameters
    ----------
    at : str
        See `distance_of`.
    level : str
        One of `beamtwin.twin.chain.LEVELS`.

    Raises
    ------
    BeamlineError
        Where there is no such place, no light gets there, or the level does not know what stands before it.
    """
    cache = cache or FieldCache()
    z_m = distance_of(beamline, at)
    near = _fitted(_nearest(beamline, z_m, level), level, cache)
    light = evaluate(near, SCREEN, level, cache)
    angles = ANGLES.get(level, level)
    far = _fitted(_screened(beamline, z_m, FAR_M), angles, cache)
    x, y = _measured(light)
    far_x, far_y = _measured(evaluate(far, SCREEN, angles, cache))
    return Diagnosis(
        at=at,
        z_m=near.elements[-1].z_m,
        light=light,
        fwhm_m=(x.fwhm_m, y.fwhm_m),
        rms_m=(x.rms_m, y.rms_m),
        center_m=(x.center_m, y.center_m),
        divergence_rad=(far_x.fwhm_m / FAR_M, far_y.fwhm_m / FAR_M),
        coherence=coherence(near, SCREEN, cache) if level in ALL_ELECTRONS else None,
        energy_eV=beamline.photon_energy_eV,
        bandwidth=min(e.bandwidth for e in near.elements if isinstance(e, Monochromator)),
    )


def _nearest(beamline: Beamline, z_m: float, level: str) -> Beamline:
    """With a screen as near behind a place as can be."""
    for behind_m in BEHIND_M[:-1]:
        with suppress(MeshError):
            screened = _screened(beamline, z_m, behind_m)
            if level not in ONE_SLIT or _fresnel_number(screened) < MOST_FRINGES:
                return screened
    return _screened(beamline, z_m, BEHIND_M[-1])


def _fresnel_number(beamline: Beamline) -> float:
    path = optical_path(beamline, SCREEN)
    return max(path.fresnel_number(path.x), path.fresnel_number(path.y))


def _screened(beamline: Beamline, z_m: float, behind_m: float) -> Beamline:
    """The beamline up to a place, and a screen behind that, as large as any light can need."""
    upstream = tuple(
        element
        for element in beamline.elements
        if element.z_m <= z_m and not isinstance(element, Detector)
    )
    screen = Detector(SCREEN, z_m + behind_m, 1e-6, 2, 2, 0.5, 0.5)
    blank = replace(beamline, elements=(*upstream, screen))
    there = separable.passage(blank, SCREEN, coherent=False)
    if there.is_dark:
        raise BeamlineError(f"no light gets {z_m:.6g} m far: something before it is closed")
    spans = []
    for line in there.trains:
        stop = line.stops[-1]
        rim = FRINGES * line.diffraction_m
        low, high = (edge * screen.z_m / stop.z_m for edge in stop.line.edges_m)
        spans.append((low - rim, high + rim))
    screened = replace(blank, elements=(*upstream, _screen(screen.z_m, *spans)))
    there = separable.passage(screened, SCREEN, coherent=False)
    if max(stop.line.points for line in there.trains for stop in line.stops) > MOST_POINTS:
        raise MeshError(f"{z_m:g} m: the light changes too fast just behind it to be looked at")
    return screened


def _screen(z_m: float, x: tuple[float, float], y: tuple[float, float]) -> Detector:
    """A screen over two intervals; its pixels are square, so the shorter one has `PIXELS`, unless that is too many."""
    widths = x[1] - x[0], y[1] - y[0]
    pixel_m = max(min(widths) / PIXELS, sqrt(widths[0] * widths[1] / MOST_PIXELS))
    columns, rows = (max(3, round(width / pixel_m)) for width in widths)
    column, row = (
        (count - 1) / 2 - sum(span) / 2 / pixel_m for count, span in ((columns, x), (rows, y))
    )
    return Detector(SCREEN, z_m, pixel_m, columns, rows, column, row)


def _fitted(beamline: Beamline, level: str, cache: FieldCache) -> Beamline:
    """The same with a screen as large as the beam on it; looked at twice, because the first look is coarse."""
    for _ in range(2):
        light = evaluate(beamline, SCREEN, level, cache)
        pixel_m = float(light.x_m[1] - light.x_m[0])
        spans = []
        for side in _measured(light):
            half = WIDTHS / 2 * max(side.fwhm_m, 2 * pixel_m)
            spans.append((side.middle_m - half, side.middle_m + half))
        *upstream, old = beamline.elements
        beamline = replace(beamline, elements=(*upstream, _screen(old.z_m, spans[0], spans[1])))
    return beamline


@dataclass(frozen=True)
class _Side:
    middle_m: float
    """Between the half maxima."""
    fwhm_m: float
    center_m: float
    rms_m: float


def _measured(light: Irradiance) -> tuple[_Side, _Side]:
    return (
        _side(light.x_m, light.photons_s.sum(axis=0)),
        _side(light.y_m, light.photons_s.sum(axis=1)),
    )


def _side(position_m: np.ndarray, profile: np.ndarray) -> _Side:
    low, high = half_maxima(position_m, profile)
    return _Side((low + high) / 2, high - low, *mean_and_rms(position_m, profile))
