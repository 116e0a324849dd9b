"""Region: a part of a frame, binned and reversed, as NDArrayPool's convert cuts it out."""

from typing import Any, NamedTuple

import numpy as np

__all__ = ["Axis", "cast", "cut"]


class Axis(NamedTuple):
    """What is taken along one direction of a frame."""

    first: int
    size: int
    """Pixels of the frame, not of what comes out."""
    binning: int = 1
    reverse: bool = False

    def within(self, available: int) -> "Axis":
        """The nearest that a frame of so many pixels has."""
        first = min(max(self.first, 0), available - 1)
        size = min(max(self.size, 1), available - first)
        binning = min(max(self.binning, 1), size)
        return self._replace(first=first, size=size, binning=binning)


def cut(data: np.ndarray, x: Axis, y: Axis) -> np.ndarray:
    """A region of a frame; the frame itself, where that is all of it.

    Binning sums pixels in the frame's own type, in which they may overflow, as in ADCore; what is left over at the end
    falls off.
    """
    rows, columns = (axis.size // axis.binning for axis in (y, x))
    part = data[
        y.first : y.first + rows * y.binning,
        x.first : x.first + columns * x.binning,
    ]
    if x.binning > 1 or y.binning > 1:
        blocks = part.reshape(rows, y.binning, columns, x.binning)
        part = blocks.sum(axis=(1, 3), dtype=data.dtype)
    part = part[:: -1 if y.reverse else 1, :: -1 if x.reverse else 1]
    return data if part.shape == data.shape and not (x.reverse or y.reverse) else _sealed(part)


def cast(data: np.ndarray, dtype: Any) -> np.ndarray:
    """A frame in another type, as C casts it."""
    with np.errstate(invalid="ignore", over="ignore"):
        return _sealed(data.astype(dtype, copy=False))


def _sealed(data: np.ndarray) -> np.ndarray:
    data = np.ascontiguousarray(data)
    data.flags.writeable = False
    return data
