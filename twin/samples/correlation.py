"""Correlation of a series of frames in time: what XPCS measures."""

import numpy as np

from beamtwin.orchestration.errors import LimitsError

__all__ = ["g2"]


def g2(frames: np.ndarray, lags: np.ndarray) -> np.ndarray:
    """Intensity correlation of pixels that see the same mean, as those of a ring of one q do.

    ``<I(t) I(t + lag)> / (<I(t)> <I(t + lag)>)``, the means over pixels and times.

    Parameters
    ----------
    frames : ndarray, shape (times, ...)
        Equally spaced in time. Of counts, lag 0 has their shot noise.
    lags : ndarray of int, shape (n,)
        In frames.

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    LimitsError
        For a lag that no two frames of the series have.
    """
    series = np.asarray(frames, dtype=float).reshape(len(frames), -1)
    return np.array([_correlation(series, int(lag)) for lag in lags])


def _correlation(series: np.ndarray, lag: int) -> float:
    if not 0 <= lag < len(series):
        raise LimitsError(f"g2: a lag of {lag} frames is outside [0, {len(series) - 1}]")
    earlier, later = series[: len(series) - lag], series[lag:]
    product = np.einsum("tp,tp->", earlier, later) / earlier.size
    return float(product / (earlier.mean() * later.mean()))
