"""Statistics of an image, as NDPluginStats defines them.

As real numbers an image does not fit into the processor's caches: it is gone through in blocks of rows that do.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

__all__ = ["Moments", "extremes", "histogram", "moments", "net_total"]

#: Pixels a block: half a megabyte as real numbers.
BLOCK = 2**16


def _blocks(data: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Blocks of rows as real numbers, each with the index of its first row; the same memory for all."""
    rows = max(1, BLOCK // data.shape[1])
    memory = np.empty((min(rows, len(data)), data.shape[1]))
    for first in range(0, len(data), rows):
        part = data[first : first + rows]
        block = memory[: len(part)]
        np.copyto(block, part, casting="unsafe")
        yield first, block


def extremes(data: np.ndarray) -> dict[str, float]:
    """Smallest and largest pixel and where they are, sum, mean and standard deviation."""
    lowest, highest = (
        divmod(int(index), data.shape[1]) for index in (data.argmin(), data.argmax())
    )
    total = squares = 0.0
    for _, block in _blocks(data):
        values = block.reshape(-1)
        total += float(values.sum())
        squares += float(np.einsum("i,i->", values, values))  # BLAS would start threads for this
    mean = total / data.size
    return {
        "MinValue": float(data[lowest]),
        "MinX": float(lowest[1]),
        "MinY": float(lowest[0]),
        "MaxValue": float(data[highest]),
        "MaxX": float(highest[1]),
        "MaxY": float(highest[0]),
        "Total": total,
        "MeanValue": mean,
        "Sigma": max(0.0, squares / data.size - mean**2) ** 0.5,
    }


def net_total(data: np.ndarray, total: float, width: int) -> float:
    """A sum less the background: the mean of a frame of so many pixels, whose corners count twice, as in ADCore."""
    if width <= 0:
        return total
    edges = (data[:, :width], data[:, -width:], data[:width], data[-width:])
    counts = sum(float(edge.sum(dtype=np.float64)) for edge in edges)
    return total - counts / sum(edge.size for edge in edges) * data.size


@dataclass(frozen=True)
class Moments:
    """Centroid, width and higher moments, in pixels, of what is not below a threshold; all 0 where nothing is."""

    values: dict[str, float]
    """By ADCore's names; SigmaXY is the correlation, Orientation is in degrees."""
    average_x: np.ndarray
    """Mean of each column."""
    average_y: np.ndarray
    threshold_x: np.ndarray
    """The same of what is not below the threshold."""
    threshold_y: np.ndarray


def moments(data: np.ndarray, threshold: float) -> Moments:
    """The `Moments` of an image."""
    rows, columns = data.shape
    x, y = np.arange(columns, dtype=float), np.arange(rows, dtype=float)
    all_x, all_y = np.zeros(columns), np.empty(rows)
    over_x, over_y = np.zeros(columns), np.empty(rows)
    mixed = 0.0
    for first, block in _blocks(data):
        here = slice(first, first + len(block))
        all_x += block.sum(axis=0)
        all_y[here] = block.sum(axis=1)
        over = np.multiply(block, block >= threshold, out=block)
        over_x += over.sum(axis=0)
        over_y[here] = over.sum(axis=1)
        mixed += float(y[here] @ np.einsum("ij,j->i", over, x))
    values = _of_profiles(x, over_x, y, over_y, mixed)
    return Moments(values, all_x / rows, all_y / columns, over_x / rows, over_y / columns)


def _of_profiles(
    x: np.ndarray, over_x: np.ndarray, y: np.ndarray, over_y: np.ndarray, mixed: float
) -> dict[str, float]:
    total = float(over_x.sum())
    if not total > 0:
        return dict.fromkeys(_NAMES, 0.0) | {"CentroidTotal": total}
    mean_x, var_x, skew_x, kurtosis_x = _along(x, over_x / total)
    mean_y, var_y, skew_y, kurtosis_y = _along(y, over_y / total)
    covariance = mixed / total - mean_x * mean_y
    spread = (var_x * var_y) ** 0.5
    both = var_x + var_y
    round_off = (var_x - var_y) ** 2 - 4 * covariance**2
    return {
        "CentroidTotal": total,
        "CentroidX": mean_x,
        "CentroidY": mean_y,
        "SigmaX": var_x**0.5,
        "SigmaY": var_y**0.5,
        "SigmaXY": covariance / spread if spread else 0.0,
        "SkewX": skew_x,
        "SkewY": skew_y,
        "KurtosisX": kurtosis_x,
        "KurtosisY": kurtosis_y,
        "Eccentricity": round_off / both**2 if both else 0.0,
        "Orientation": 0.5 * float(np.degrees(np.arctan2(2 * covariance, var_x - var_y))),
    }


_NAMES = (
    *("CentroidTotal", "CentroidX", "CentroidY", "SigmaX", "SigmaY", "SigmaXY"),
    *("SkewX", "SkewY", "KurtosisX", "KurtosisY", "Eccentricity", "Orientation"),
)


def _along(position: np.ndarray, weights: np.ndarray) -> tuple[float, float, float, float]:
    """Mean, variance, skewness and excess kurtosis along an axis."""
    mean = float(weights @ position)
    away = position - mean
    variance = max(0.0, float(weights @ away**2))
    if not variance:
        return mean, 0.0, 0.0, 0.0
    skew = float(weights @ away**3) / variance**1.5
    return mean, variance, skew, float(weights @ away**4) / variance**2 - 3.0


def histogram(
    data: np.ndarray, bins: int, low: float, high: float
) -> tuple[np.ndarray, int, int, float]:
    """Counts in bins around evenly spaced values from ``low`` to ``high``.

    Returns
    -------
    counts : array
    below, above : int
        Pixels beyond the ends.
    entropy : float
        As ADCore has it: minus the sum of ``n log n`` over the bins, a pixel.
    """
    scale = (bins - 1) / (high - low)
    counts = np.zeros(bins)
    below = above = 0
    for _, block in _blocks(data):
        values = block.reshape(-1)
        under, over = values < low, values > high
        below += int(under.sum())
        above += int(over.sum())
        inside = values[~(under | over)]
        counts += np.bincount(((inside - low) * scale + 0.5).astype(int), minlength=bins)
    occupied = np.maximum(counts, 1)
    return counts, below, above, -float((occupied * np.log(occupied)).sum()) / data.size
