"""What matter does to X-rays: refraction, attenuation, reflection (xraylib: Schoonjans et al., SAB 66 (2011) 776)."""

import cmath
import importlib
from functools import lru_cache
from math import exp, pi, sin
from typing import Any

from beamtwin.orchestration.errors import BeamtwinError
from beamtwin.twin.constants import HC_EV_M

__all__ = [
    "MaterialError",
    "attenuation_length_m",
    "density_g_cm3",
    "mirror_reflectivity",
    "refraction",
    "transmission",
]


class MaterialError(BeamtwinError, ValueError):
    """A formula that xraylib does not know, or a compound without a density."""


def density_g_cm3(material: str) -> float:
    """Of a chemical element."""
    return _ask(
        material, lambda xraylib: xraylib.ElementDensity(xraylib.SymbolToAtomicNumber(material))
    )


@lru_cache
def refraction(material: str, energy_eV: float, density: float = 0.0) -> tuple[float, float]:
    """Delta and beta of the refractive index 1 - delta + i beta.

    Parameters
    ----------
    material : str
        A chemical formula.
    density : float
        In g/cm^3; 0 is that of the element.
    """
    density = density or density_g_cm3(material)
    energy_keV = energy_eV * 1e-3

    def ask(xraylib: Any) -> tuple[float, float]:
        real = xraylib.Refractive_Index_Re(material, energy_keV, density)
        return 1 - real, xraylib.Refractive_Index_Im(material, energy_keV, density)

    return _ask(material, ask)


def attenuation_length_m(material: str, energy_eV: float, density: float = 0.0) -> float:
    """Where the intensity has fallen to 1/e: wavelength / (4 pi beta)."""
    _, beta = refraction(material, energy_eV, density)
    return HC_EV_M / energy_eV / (4 * pi * beta)


def transmission(
    material: str, thickness_m: float, energy_eV: float, density: float = 0.0
) -> float:
    """Of a plate's photons."""
    return exp(-thickness_m / attenuation_length_m(material, energy_eV, density))


def mirror_reflectivity(
    coating: str, grazing_rad: float, energy_eV: float, roughness_m: float = 0.0
) -> float:
    """Fresnel's reflectivity of a thick coating, times Nevot and Croce's factor for its roughness."""
    delta, beta = refraction(coating, energy_eV)
    k_m = 2 * pi * energy_eV / HC_EV_M
    outside = sin(grazing_rad)
    inside = cmath.sqrt(outside**2 - 2 * delta + 2j * beta)
    amplitude = (outside - inside) / (outside + inside)
    smooth = cmath.exp(-2 * (k_m * roughness_m) ** 2 * outside * inside)
    return abs(amplitude * smooth) ** 2


def _ask(material: str, question: Any) -> Any:
    try:
        return question(importlib.import_module("xraylib"))
    except ValueError as error:
        raise MaterialError(
            f"material {material!r}: {error}: write a chemical formula, as in Be or Si3N4, "
            "and the density of what is no element"
        ) from error
