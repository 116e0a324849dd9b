"""Where scattered light goes: from a detector's pixels to scattering vectors and solid angles."""

import numpy as np

from beamtwin.twin.checks import check_positive

__all__ = ["scattering_angle_rad", "scattering_vector_per_m", "solid_angle_sr"]


def scattering_angle_rad(x_m: np.ndarray, y_m: np.ndarray, distance_m: float) -> np.ndarray:
    """2 theta at each pixel of a flat detector across the beam; shape (ny, nx).

    ``x_m`` and ``y_m`` are the pixels' middles, from where the direct beam hits the detector.
    """
    check_positive("detector", distance_m=distance_m)
    return np.arctan(np.hypot(x_m, y_m[:, None]) / distance_m)


def scattering_vector_per_m(
    x_m: np.ndarray, y_m: np.ndarray, distance_m: float, wavelength_m: float
) -> np.ndarray:
    """q = 4 pi sin(theta) / wavelength at each pixel; shape (ny, nx)."""
    check_positive("scattering", distance_m=distance_m, wavelength_m=wavelength_m)
    squared = np.add.outer(np.square(y_m / distance_m), np.square(x_m / distance_m))
    secant = np.sqrt(1 + squared)
    # sin^2(theta) = (1 - 1 / secant) / 2, without the difference of two numbers near 1
    return 4 * np.pi / wavelength_m * np.sqrt(squared / (2 * secant * (secant + 1)))


def solid_angle_sr(
    x_m: np.ndarray, y_m: np.ndarray, distance_m: float, pixel_m: float
) -> np.ndarray:
    """Of each pixel, seen from the sample: the pixel's area times cos^3(2 theta) / distance^2."""
    check_positive("detector", distance_m=distance_m, pixel_m=pixel_m)
    squared = (np.square(x_m) + np.square(y_m)[:, None]) / distance_m**2
    return (pixel_m / distance_m) ** 2 * (1 + squared) ** -1.5
