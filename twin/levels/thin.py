"""What an element does to the light at its place: the same in every level that follows the whole chain.

All elements are thin and separable: a function of x times a function of y.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, inf, isfinite, pi, sin, sqrt
from typing import Any

import numpy as np

from beamtwin.twin.beamline import BeamlineError
from beamtwin.twin.constants import HC_EV_M
from beamtwin.twin.elements import (
    CRL,
    Aperture,
    Attenuator,
    Element,
    Filter,
    Lens,
    Mirror,
    Monochromator,
    Obstacle,
    ZonePlate,
)
from beamtwin.twin.levels.opening import Opening
from beamtwin.twin.materials import (
    attenuation_length_m,
    mirror_reflectivity,
    refraction,
    transmission,
)

__all__ = ["EVERYWHERE", "Side", "Thin", "thin"]

EVERYWHERE = Opening(0.0, inf)


@dataclass(frozen=True)
class Side:
    """An element's doing in one direction: an opening, a parabolic phase, and whatever else it is."""

    opening: Opening = EVERYWHERE
    blocked: Opening | None = None
    curvature_per_m: float = 0.0
    """1 / focal length: the phase is ``-pi (x - lens_m)^2 curvature / wavelength``."""
    lens_m: float = 0.0
    """Where the lens has its axis."""
    log_amplitude: Callable[[np.ndarray], np.ndarray] | None = None
    """The logarithm of the complex transmission, at positions in m, without the parabola."""

    def factor(self, x_m: np.ndarray, wavelength_m: float) -> np.ndarray | None:
        """The complex transmission inside the opening, the obstacle left out; None where it is one."""
        exponent: Any = 0.0
        if self.curvature_per_m:
            exponent = -1j * pi / wavelength_m * self.curvature_per_m * (x_m - self.lens_m) ** 2
        if self.log_amplitude is not None:
            exponent = exponent + self.log_amplitude(x_m)
        return None if np.isscalar(exponent) else np.exp(exponent)

    @property
    def is_nothing(self) -> bool:
        """Whether the light passes as if there were nothing."""
        return self == Side()


@dataclass(frozen=True)
class Thin:
    """An element as the light sees it."""

    x: Side
    y: Side
    transmission: float = 1.0
    """Of photons, everywhere the same."""

    @property
    def is_nothing(self) -> bool:
        """Whether the light is changed nowhere, but for its strength."""
        return self.x.is_nothing and self.y.is_nothing


def thin(element: Element, energy_eV: float) -> Thin:
    """An element as light of this energy sees it; one without effect for a detector.

    Raises
    ------
    BeamlineError
        For parameters beyond all sense.
    """
    _check(element)
    act = ACTIONS.get(type(element))
    return NOTHING if act is None else act(element, energy_eV)


#: By the end of a parameter's name: the least and the largest magnitude that it can have, besides none at all.
SENSIBLE = {
    "focal_length_m": (1e-6, inf),
    "radius_m": (1e-9, inf),
    "grazing_rad": (1e-9, 1.6),
    "pitch_rad": (0.0, 1e-2),
    "center_m": (0.0, 10.0),
    "gap_m": (0.0, inf),
    "size_m": (0.0, inf),
    "aperture_m": (0.0, inf),
    "design_energy_eV": (0.0, 1e6),
    "pixel_m": (1e-10, 10.0),
    "center_column": (0.0, 1e7),
    "center_row": (0.0, 1e7),
    "lenses": (0, 1000),
}

#: Of these, those that cannot be negative.
POSITIVE = ("pixel_m",)


def _check(element: Element) -> None:
    """Raise BeamlineError for what no beamline has and no level can follow."""
    for name, value in vars(element).items():
        for ending, (least, most) in SENSIBLE.items():
            if not name.endswith(ending):
                continue
            size, signs = (value, "") if ending in POSITIVE else (abs(value), " (either sign)")
            if not least <= size <= most:
                raise BeamlineError(
                    f"{element.name}: {name} = {value:g} is outside [{least:g}, {most:g}]{signs}"
                )


def _aperture(element: Aperture, energy_eV: float) -> Thin:
    return Thin(
        Side(Opening(element.x_center_m, element.x_gap_m)),
        Side(Opening(element.y_center_m, element.y_gap_m)),
    )


def _obstacle(element: Obstacle, energy_eV: float) -> Thin:
    """A wire; what is limited in both directions is no product of a function of x and one of y."""
    if isfinite(element.x_size_m) and isfinite(element.y_size_m):
        raise BeamlineError(
            f"{element.name}: an obstacle that is limited in x and in y cannot be followed: "
            "make one of its sizes inf"
        )
    return Thin(
        Side(blocked=Opening(element.x_center_m, element.x_size_m)),
        Side(blocked=Opening(element.y_center_m, element.y_size_m)),
    )


def _plain(element: Monochromator | Attenuator, energy_eV: float) -> Thin:
    return Thin(Side(), Side(), element.transmission)


def _filter(element: Filter, energy_eV: float) -> Thin:
    if element.inserted < 0.5:
        return NOTHING
    kept = transmission(element.material, element.thickness_m, energy_eV, element.density_g_cm3)
    return Thin(Side(), Side(), kept)


def _lens(element: Lens, energy_eV: float) -> Thin:
    if element.inserted < 0.5:
        return NOTHING
    scale = energy_eV / element.design_energy_eV if element.design_energy_eV else 1.0
    sides = [
        Side(Opening(center, aperture), curvature_per_m=1 / (focal * scale), lens_m=center)
        for center, aperture, focal in (
            (element.x_center_m, element.x_aperture_m, element.x_focal_length_m),
            (element.y_center_m, element.y_aperture_m, element.y_focal_length_m),
        )
    ]
    return Thin(sides[0], sides[1], element.transmission)


def _zone_plate(element: ZonePlate, energy_eV: float) -> Thin:
    """With a square pupil of the same area: a round one is not separable."""
    curvature = HC_EV_M / energy_eV / (element.diameter_m * element.outer_zone_m)
    side_m = element.diameter_m * sqrt(pi) / 2
    sides = [
        Side(Opening(center, side_m), curvature_per_m=curvature, lens_m=center)
        for center in (element.x_center_m, element.y_center_m)
    ]
    return Thin(sides[0], sides[1], element.efficiency)


def _crl(element: CRL, energy_eV: float) -> Thin:
    if element.inserted < 0.5:
        return NOTHING
    delta = element.delta or refraction(element.material, energy_eV)[0]
    length = element.attenuation_length_m or attenuation_length_m(element.material, energy_eV)
    sides = (
        _parabola(
            element, "x" in element.focuses, element.x_center_m, element.x_aperture_m, delta, length
        ),
        _parabola(
            element, "y" in element.focuses, element.y_center_m, element.y_aperture_m, delta, length
        ),
    )
    return Thin(sides[0], sides[1], exp(-element.lenses * element.wall_m / length))


def _parabola(
    element: CRL, focuses: bool, center_m: float, aperture_m: float, delta: float, length_m: float
) -> Side:
    """The thickness of N lenses at x is N x^2 / R, besides the walls."""
    opening = Opening(center_m, aperture_m)
    if not focuses:
        return Side(opening)
    per_m = element.lenses / element.radius_m
    return Side(
        opening,
        curvature_per_m=2 * delta * per_m,
        lens_m=center_m,
        log_amplitude=_Absorption(center_m, per_m / (2 * length_m)),
    )


@dataclass(frozen=True)
class _Absorption:
    center_m: float
    per_m2: float

    def __call__(self, x_m: np.ndarray) -> np.ndarray:
        return -self.per_m2 * (x_m - self.center_m) ** 2


def _mirror(element: Mirror, energy_eV: float) -> Thin:
    slope = sin(element.grazing_rad)
    rest = _Reflection(element, 4 * pi * energy_eV / HC_EV_M)
    flat = not element.profile.position_m and not element.pitch_rad
    tangential = Side(
        Opening(0.0, element.length_m * slope),
        curvature_per_m=2 / (element.tangential_radius_m * slope),
        log_amplitude=None if flat else rest,
    )
    sagittal = Side(
        Opening(0.0, element.width_m), curvature_per_m=2 * slope / element.sagittal_radius_m
    )
    sides = {"x": (tangential, sagittal), "y": (sagittal, tangential)}
    if element.deflects not in sides:
        raise BeamlineError(f"{element.name}: deflects = {element.deflects!r}: there are 'x', 'y'")
    kept = (
        mirror_reflectivity(element.coating, element.grazing_rad, energy_eV, element.roughness_m)
        if element.coating
        else 1.0
    )
    return Thin(*sides[element.deflects], kept)


@dataclass(frozen=True)
class _Reflection:
    """Twice the height error times the sine of the grazing angle, and twice the pitch, as path."""

    mirror: Mirror
    twice_k: float

    def __call__(self, x_m: np.ndarray) -> np.ndarray:
        slope, mirror = sin(self.mirror.grazing_rad), self.mirror
        heights = mirror.profile_scale * mirror.profile.at(x_m / slope)
        return 1j * self.twice_k * (slope * heights + mirror.pitch_rad * x_m)


NOTHING = Thin(Side(), Side())

ACTIONS: dict[type, Callable[[Any, float], Thin]] = {
    Aperture: _aperture,
    Obstacle: _obstacle,
    Monochromator: _plain,
    Attenuator: _plain,
    Filter: _filter,
    Lens: _lens,
    ZonePlate: _zone_plate,
    CRL: _crl,
    Mirror: _mirror,
}
