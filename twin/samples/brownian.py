"""Brownian motion: where spheres are, and how far they have gone."""

from math import pi, sqrt

import numpy as np

from beamtwin.orchestration.errors import LimitsError
from beamtwin.twin.checks import check_at_least_zero, check_positive
from beamtwin.twin.constants import BOLTZMANN_J_K

__all__ = ["diffuse", "diffusion_m2_s", "scatter", "water_viscosity_Pa_s"]

#: Liquid water at the pressure of the air.
WATER_K = (273.15, 373.15)


def water_viscosity_Pa_s(temperature_K: float) -> float:
    """Of water, within 2.5 % (Al-Shemmeri, Engineering Fluid Mechanics, 2012, p. 18).

    Raises
    ------
    LimitsError
        Where water is no liquid.
    """
    low, high = WATER_K
    if not low <= temperature_K <= high:
        raise LimitsError(f"water: {temperature_K:g} K is outside [{low}, {high}] K (it is liquid)")
    return 2.414e-5 * 10 ** (247.8 / (temperature_K - 140.0))


def diffusion_m2_s(radius_m: float, temperature_K: float, viscosity_Pa_s: float) -> float:
    """Of a sphere far from others: Stokes and Einstein's kT / (6 pi viscosity radius)."""
    check_positive(
        "sphere", radius_m=radius_m, temperature_K=temperature_K, viscosity_Pa_s=viscosity_Pa_s
    )
    return BOLTZMANN_J_K * temperature_K / (6 * pi * viscosity_Pa_s * radius_m)


def scatter(
    count: int, box_m: tuple[float, float, float], noise: np.random.Generator
) -> np.ndarray:
    """Spheres anywhere in a box around the origin, each without heed of the others.

    Returns
    -------
    ndarray, shape (count, 3)
        x, y, z in metres.
    """
    check_positive("spheres", count=count, x_m=box_m[0], y_m=box_m[1], z_m=box_m[2])
    return (noise.random((count, 3)) - 0.5) * np.asarray(box_m)


def diffuse(
    positions_m: np.ndarray,
    diffusion_m2_s: float,
    duration_s: float,
    noise: np.random.Generator,
    box_m: tuple[float, float, float] | None = None,
) -> np.ndarray:
    """Where spheres are a while later. A step of any duration is exact: free diffusion has no memory.

    Parameters
    ----------
    positions_m : ndarray, shape (n, 3)
    diffusion_m2_s, duration_s : float
    noise : numpy.random.Generator
    box_m : (float, float, float), optional
        Who leaves this box around the origin, comes in on its other side: their number in the beam stays.
    """
    check_at_least_zero("diffusion", diffusion_m2_s=diffusion_m2_s, duration_s=duration_s)
    step = sqrt(2 * diffusion_m2_s * duration_s)
    moved = positions_m + step * noise.standard_normal(positions_m.shape)
    if box_m is not None:
        moved -= np.asarray(box_m) * np.rint(moved / np.asarray(box_m))
    return moved
