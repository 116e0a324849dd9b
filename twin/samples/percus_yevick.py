"""Hard spheres in a liquid: the structure factor of Percus and Yevick."""

import numpy as np

from beamtwin.orchestration.errors import LimitsError

__all__ = ["structure_factor"]

#: Below this q times diameter the closed form loses digits.
SERIES_BELOW = 0.2

#: Where hard spheres freeze, and liquids end (Hoover and Ree, J. Chem. Phys. 49 (1968) 3609).
FREEZING = 0.494


def structure_factor(q_per_m: np.ndarray, radius_m: float, volume_fraction: float) -> np.ndarray:
    """S(q) of hard spheres (Wertheim, Phys. Rev. Lett. 10 (1963) 321; Ashcroft and Lekner, Phys. Rev. 145 (1966) 83).

    The direct correlation function is ``-(a + b s + c s^3)`` inside a diameter (s = r / diameter) and 0 outside;
    S is 1 / (1 - n c(q)).

    Raises
    ------
    LimitsError
        For a volume fraction outside [0, 0.494], where the spheres would freeze.
    """
    if not 0 <= volume_fraction <= FREEZING:
        raise LimitsError(
            f"volume fraction: {volume_fraction:g} is outside [0, {FREEZING}] (hard spheres freeze there)"
        )
    x = np.asarray(2 * q_per_m * radius_m, dtype=float)
    a, b, c = _direct_correlation(volume_fraction)
    transform = np.where(x < SERIES_BELOW, _series(x, a, b, c), _closed(x, a, b, c))
    return 1 / (1 + 24 * volume_fraction * transform)


def _direct_correlation(fraction: float) -> tuple[float, float, float]:
    a = (1 + 2 * fraction) ** 2 / (1 - fraction) ** 4
    b = -6 * fraction * (1 + fraction / 2) ** 2 / (1 - fraction) ** 4
    return a, b, fraction * a / 2


def _closed(x: np.ndarray, a: float, b: float, c: float) -> np.ndarray:
    """Integral of s^2 (a + b s + c s^3) sin(x s) / (x s) over s in [0, 1]."""
    x = np.maximum(x, SERIES_BELOW)
    sine, cosine = np.sin(x), np.cos(x)
    first = (sine - x * cosine) / x**3
    second = (2 * x * sine + (2 - x**2) * cosine - 2) / x**4
    third = -(x**4) * cosine + 4 * ((3 * x**2 - 6) * cosine + (x**3 - 6 * x) * sine + 6)
    return a * first + b * second + c * third / x**6


def _series(x: np.ndarray, a: float, b: float, c: float) -> np.ndarray:
    """The same, in powers of x."""
    terms = [a / (n + 3) + b / (n + 4) + c / (n + 6) for n in (0, 2, 4)]
    return terms[0] - terms[1] * x**2 / 6 + terms[2] * x**4 / 120
