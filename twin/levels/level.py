"""What every level offers, and what may be kept between two questions."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np

from beamtwin.twin.cache import PlaneCache
from beamtwin.twin.levels.path import Path

__all__ = ["FieldCache", "Level", "Light", "Pattern"]

#: What a cache does not hold.
NOTHING = object()


class FieldCache:
    """Keeps what is dear to compute, the least recently used first to go.

    One belongs to one thread. A level's key holds everything that its value depends on.

    Parameters
    ----------
    capacity : int
        How many values are kept.
    planes : PlaneCache, optional
        Where SRW's wavefronts are kept; by default, in memory alone.
    """

    def __init__(self, capacity: int = 256, planes: PlaneCache | None = None):
        self.capacity = capacity
        self.planes = PlaneCache() if planes is None else planes
        self._values: OrderedDict[Hashable, Any] = OrderedDict()

    def get(self, key: Hashable, compute: Callable[[], Any]) -> Any:
        """The value under this key, computed where it is not there."""
        value = self._values.get(key, NOTHING)
        if value is not NOTHING:
            self._values.move_to_end(key)
            return value
        value = self._values[key] = compute()
        if len(self._values) > self.capacity:
            self._values.popitem(last=False)
        return value


@dataclass(frozen=True, eq=False)
class Pattern:
    """How the light that passes the opening falls on the screen."""

    fractions: np.ndarray
    """Of that light, per pixel; shape (rows, columns). The rest falls beside the detector."""
    mesh: str
    error: float
    """Estimated, of the brightest pixel, relative: without that of the flux."""


@dataclass(frozen=True, eq=False)
class Light:
    """On a plane: on a detector's pixels, or behind an aperture, whose opening then is the one pixel."""

    photons_s: np.ndarray
    """Photons/s in each pixel; shape (ny, nx)."""
    x_m: np.ndarray
    """Pixel middles, shape (nx,)."""
    y_m: np.ndarray
    """Pixel middles, shape (ny,)."""
    flux_ph_s: float
    """Photons/s that reach the plane, those beside the detector too."""
    mesh: str
    flux_error: float
    """Of the flux, estimated, relative."""
    pattern_error: float
    """Of the brightest pixel, estimated, relative, besides that of the flux."""


@dataclass(frozen=True)
class Level:
    """Two functions; both are pure, but for what they keep in the cache."""

    flux: Callable[[Path, FieldCache], float]
    """Through the opening, in photons/s/0.1 % bandwidth."""
    flux_error: float
    """Estimated, relative."""
    pattern: Callable[[Path, FieldCache], Pattern]
    """Undefined where nothing is open: not to be asked then."""
