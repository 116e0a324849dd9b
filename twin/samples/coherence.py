"""Partial coherence: the contrast of speckle, and the modes of a Gaussian Schell-model beam.

Coherence is Gaussian, ``exp(-(d / xi)^2 / 2)`` for two points at a distance d (`levels.closed.coherence_length_m`
gives xi behind an undulator). The contrast is the variance of the intensity over its mean squared, beta in XPCS; that
of a beam is the product of its horizontal and its vertical one.
"""

from math import erf, exp, pi, sqrt

import numpy as np

from beamtwin.orchestration.errors import LimitsError
from beamtwin.twin.checks import check_positive

__all__ = ["contrast_of_gaussian", "contrast_of_slit", "gaussian_modes"]

#: Modes with less than this part of the light are left out.
NEGLIGIBLE = 1e-4


def contrast_of_slit(gap_m: float, coherence_length_m: float) -> float:
    """In one direction, of speckle from light that is uniform across a slit.

    The mean of ``exp(-(d / xi)^2)`` over all pairs of points of the slit.
    """
    check_positive("slit", gap_m=gap_m, coherence_length_m=coherence_length_m)
    a = gap_m / coherence_length_m
    if a < 1e-4:
        return 1 - a**2 / 6
    return (sqrt(pi) * a * erf(a) - 1 + exp(-(a**2))) / a**2


def contrast_of_gaussian(sigma_m: float, coherence_length_m: float) -> float:
    """In one direction, of speckle from a Gaussian beam of this rms size.

    The global degree of coherence of Vartanyants and Singer, New J. Phys. 12 (2010) 035004.
    """
    check_positive("beam", sigma_m=sigma_m, coherence_length_m=coherence_length_m)
    return 1 / sqrt(1 + (2 * sigma_m / coherence_length_m) ** 2)


def gaussian_modes(x_m: np.ndarray, sigma_m: float, coherence_length_m: float) -> np.ndarray:
    """Coherent modes of a Gaussian Schell-model beam in one direction.

    Starikov and Wolf, J. Opt. Soc. Am. 72 (1982) 923: functions of Hermite and Gauss, whose powers fall as a geometric
    series. For two directions, multiply each horizontal with each vertical mode.

    Parameters
    ----------
    x_m : ndarray, shape (n,)
    sigma_m, coherence_length_m : float
        Rms size of the intensity, and rms width of the degree of coherence.

    Returns
    -------
    ndarray, shape (modes, n)
        In 1/sqrt(m): the squares of all add up to the beam's normalized profile.

    Raises
    ------
    LimitsError
        For a beam of more than 500 modes: so incoherent that its speckle has a contrast of 0.004.
    """
    check_positive("beam", sigma_m=sigma_m, coherence_length_m=coherence_length_m)
    a, b = 1 / (4 * sigma_m**2), 1 / (2 * coherence_length_m**2)
    c = sqrt(a**2 + 2 * a * b)
    ratio = b / (a + b + c)
    count = 1 + int(np.log(NEGLIGIBLE) / np.log(ratio))
    if count > 500:
        raise LimitsError(
            f"beam: {count} modes are too many: coherence length {coherence_length_m:g} m, rms size {sigma_m:g} m"
        )
    powers = (1 - ratio) * ratio ** np.arange(count)
    functions = _hermite_functions(np.asarray(x_m) * sqrt(2 * c), count)
    return np.sqrt(powers)[:, None] * (2 * c) ** 0.25 * functions


def _hermite_functions(u: np.ndarray, count: int) -> np.ndarray:
    """Of Hermite and Gauss, orthonormal in u; shape (count, n)."""
    functions = np.empty((count, *u.shape))
    functions[0] = pi**-0.25 * np.exp(-(u**2) / 2)
    if count > 1:
        functions[1] = sqrt(2) * u * functions[0]
    for n in range(2, count):
        functions[n] = sqrt(2 / n) * u * functions[n - 1] - sqrt((n - 1) / n) * functions[n - 2]
    return functions
