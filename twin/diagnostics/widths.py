"""Widths of profiles."""

import numpy as np

__all__ = ["fwhm", "half_maxima", "mean_and_rms"]


def half_maxima(position: np.ndarray, profile: np.ndarray) -> tuple[float, float]:
    """Where a profile first rises to half of its maximum, and where it last falls to it; linear between points.

    An end of the range, where it is higher there; the first position twice where there is no light.
    """
    half = profile.max() / 2
    if not half > 0:
        return float(position[0]), float(position[0])
    inside = np.flatnonzero(profile >= half)
    first, last = int(inside[0]), int(inside[-1])
    return (
        _crossing(position, profile, half, first, first - 1),
        _crossing(position, profile, half, last, last + 1),
    )


def fwhm(position: np.ndarray, profile: np.ndarray) -> float:
    """Full width at half maximum, between the outermost half maxima."""
    low, high = half_maxima(position, profile)
    return high - low


def _crossing(
    position: np.ndarray, profile: np.ndarray, half: float, inside: int, outside: int
) -> float:
    if not 0 <= outside < profile.size:
        return float(position[inside])
    part = (profile[inside] - half) / (profile[inside] - profile[outside])
    return float(position[inside] + part * (position[outside] - position[inside]))


def mean_and_rms(position: np.ndarray, profile: np.ndarray) -> tuple[float, float]:
    """The centre of gravity, and the root mean square distance from it; zeros where there is no light."""
    total = profile.sum()
    if not total > 0:
        return 0.0, 0.0
    mean = float((position * profile).sum() / total)
    return mean, float(np.sqrt(((position - mean) ** 2 * profile).sum() / total))
