"""Spheres: form factor, and the Schulz distribution of their radii."""

from dataclasses import dataclass

import numpy as np

from beamtwin.twin.checks import check_at_least_zero, check_positive

__all__ = ["Radii", "form_amplitude", "schulz"]

#: Below this q R the closed form loses digits, and its series has all of them.
SERIES_BELOW = 1e-2

#: Points of a distribution's quadrature, and the probability that is cut off at either end.
POINTS = 201
NEGLIGIBLE = 1e-15


def form_amplitude(q_per_m: np.ndarray, radius_m: np.ndarray | float) -> np.ndarray:
    """Amplitude of scattering by a sphere, 1 at q = 0 (Lord Rayleigh, Proc. R. Soc. A 84 (1910) 25).

    ``3 (sin x - x cos x) / x^3`` with ``x = q R``; its square is the form factor P(q). Arguments broadcast.
    """
    x = np.asarray(q_per_m * radius_m, dtype=float)
    series = 1 - x**2 / 10 + x**4 / 280
    safe = np.where(x < SERIES_BELOW, 1.0, x)
    closed = 3 * (np.sin(safe) - safe * np.cos(safe)) / safe**3
    return np.where(x < SERIES_BELOW, series, closed)


@dataclass(frozen=True, eq=False)
class Radii:
    """Radii, and how frequent each is among the spheres: the points and weights of a quadrature."""

    radius_m: np.ndarray
    weight: np.ndarray
    """Sums to 1."""

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Mean of something that is known at each radius (last axis)."""
        return values @ self.weight


def schulz(mean_radius_m: float, polydispersity: float) -> Radii:
    """Schulz's distribution (Kotlarchyk and Chen, J. Chem. Phys. 79 (1983) 2461).

    Parameters
    ----------
    mean_radius_m : float
    polydispersity : float
        Standard deviation over mean; 0 gives one radius.

    Raises
    ------
    LimitsError
        For a radius that is not above 0, or a negative polydispersity.
    """
    check_positive("spheres", mean_radius_m=mean_radius_m)
    check_at_least_zero("spheres", polydispersity=polydispersity)
    if polydispersity == 0:
        return Radii(np.array([mean_radius_m]), np.array([1.0]))
    from scipy.special import gammainccinv, gammaincinv

    # Schulz's distribution is a gamma distribution; on a bell, equal steps converge faster than any power.
    shape, scale = polydispersity**-2, mean_radius_m * polydispersity**2
    limits = gammaincinv(shape, NEGLIGIBLE), gammainccinv(shape, NEGLIGIBLE)
    reduced = np.linspace(*limits, POINTS)
    density = np.exp((shape - 1) * np.log(reduced / shape) - (reduced - shape))
    return Radii(scale * reduced, density / density.sum())
