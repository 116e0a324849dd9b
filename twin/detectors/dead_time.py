"""Dead time: what a counter that is blind for a while after each photon still counts.

Knoll, Radiation Detection and Measurement, chapter 4.7. ``rate`` is of the photons that it would count without.
"""

from collections.abc import Callable, Mapping

import numpy as np

__all__ = ["DEAD_TIMES", "nonparalyzable", "paralyzable", "pile_up_fraction"]


def nonparalyzable(rate_Hz: np.ndarray, dead_time_s: float) -> np.ndarray:
    """Blind for a fixed time after each photon that is counted: n / (1 + n dead_time). Never above 1 / dead_time."""
    return rate_Hz / (1 + rate_Hz * dead_time_s)


def paralyzable(rate_Hz: np.ndarray, dead_time_s: float) -> np.ndarray:
    """Each photon prolongs the blindness: n exp(-n dead_time). Falls again beyond n = 1 / dead_time."""
    return rate_Hz * np.exp(-rate_Hz * dead_time_s)


#: By the name that a description knows.
DEAD_TIMES: Mapping[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "nonparalyzable": nonparalyzable,
    "paralyzable": paralyzable,
}


def pile_up_fraction(rate_Hz: np.ndarray, resolving_time_s: float) -> np.ndarray:
    """The part of the pulses on which another photon's is piled up: 1 - exp(-n time)."""
    return -np.expm1(-rate_Hz * resolving_time_s)
