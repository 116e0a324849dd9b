"""Free space in one direction: Fresnel's integral from one uniform mesh to any other, by two FFTs.

    E2(x2) = 1 / sqrt(i wavelength d) * integral of E1(x1) exp(i pi (x2 - x1)^2 / (wavelength d)) dx1

With ``x1 = c1 + j s1`` and ``x2 = c2 + k s2`` the exponent splits into one of j, one of k and ``s1 s2 (j - k)^2``: a
convolution with a chirp (L. I. Bluestein, IEEE Trans. AU-18 (1970) 451). So each plane has the mesh it needs, from
edge to edge of its opening: no slit snaps to points that were chosen elsewhere, and a focus is no special place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import pi, sqrt

import numpy as np

from beamtwin.twin.beamline import BeamlineError

__all__ = ["Line", "MeshError", "points_needed", "propagate", "propagate_shifted"]

#: In one direction.
MOST_POINTS = 2**17

#: Even a flat field has an edge.
FEWEST_POINTS = 64


class MeshError(BeamlineError):
    """A mesh that cannot hold the wave on it."""


@dataclass(frozen=True)
class Line:
    """The middles of equal cells that fill an interval."""

    center_m: float
    width_m: float
    points: int

    @property
    def step_m(self) -> float:
        """Between points, and the size of a cell."""
        return self.width_m / self.points

    @property
    def edges_m(self) -> tuple[float, float]:
        """Of the interval."""
        return self.center_m - self.width_m / 2, self.center_m + self.width_m / 2

    @cached_property
    def x_m(self) -> np.ndarray:
        """Shape (points,)."""
        return self.center_m + self._index * self.step_m

    @property
    def _index(self) -> np.ndarray:
        return np.arange(self.points) - (self.points - 1) / 2


def points_needed(width_m: float, frequency_per_m: float, oversampling: float) -> int:
    """So many that a wave of this frequency has more than two a period.

    Raises
    ------
    MeshError
        Where that is more than `MOST_POINTS`.
    """
    points = 2 * width_m * frequency_per_m * oversampling
    if not points < MOST_POINTS:
        raise MeshError(
            f"an opening of {width_m * 1e3:.4g} mm needs {points:.3g} points, more than {MOST_POINTS}: "
            "the light there changes too fast; narrow what stands before it"
        )
    return _rounded(max(FEWEST_POINTS, points))


def _rounded(points: float) -> int:
    """Up, by at most an eighth: a mesh stays as it is while what is behind it moves a little."""
    unit = 2 ** max(1, int(points).bit_length() - 4)
    return unit * (int(points / unit) + 1)


def propagate(
    field: np.ndarray, here: Line, there: Line, distance_m: float, wavelength_m: float
) -> np.ndarray:
    """Fields on a line, shape (m, here.points), as they are on another one; a constant phase is left out.

    The field times the kernel must have more than two points a period on ``here``: see `points_needed`.
    """
    return propagate_shifted(field, here, there, distance_m, wavelength_m, (0.0,))[0]


def propagate_shifted(
    field: np.ndarray,
    here: Line,
    there: Line,
    distance_m: float,
    wavelength_m: float,
    shifts_m: Sequence[float],
) -> np.ndarray:
    """`propagate`, with the other line moved by each of some shifts: shape (shifts, m, there.points)."""
    per_m2 = pi / (wavelength_m * distance_m)
    s1, s2 = here.step_m, there.step_m
    quadratic = per_m2 * (s1 - s2)
    asides_m = [here.center_m - there.center_m - shift_m for shift_m in shifts_m]
    before = [_chirp(here.points, quadratic * s1, 2 * per_m2 * s1 * aside) for aside in asides_m]
    after = [_chirp(there.points, -quadratic * s2, -2 * per_m2 * s2 * aside) for aside in asides_m]
    length, kernel = _kernel(here.points, there.points, per_m2 * s1 * s2)
    spectrum = np.fft.fft(np.array(before)[:, np.newaxis] * field, length)
    spectrum *= kernel
    convolved = np.fft.ifft(spectrum, out=spectrum)[..., : there.points]
    convolved *= np.array(after)[:, np.newaxis]
    convolved *= s1 / sqrt(wavelength_m * distance_m)
    return convolved


@lru_cache(maxsize=256)
def _chirp(points: int, quadratic: float, linear: float) -> np.ndarray:
    index = np.arange(points) - (points - 1) / 2
    return _phasor(index * (quadratic * index + linear))


def _phasor(phase: np.ndarray) -> np.ndarray:
    """exp(i phase), twice as fast as by numpy's exponential."""
    parts = np.empty((*phase.shape, 2))
    np.cos(phase, out=parts[..., 0])
    np.sin(phase, out=parts[..., 1])
    return parts.view(complex)[..., 0]


@lru_cache(maxsize=64)
def _kernel(here: int, there: int, quadratic: float) -> tuple[int, np.ndarray]:
    """The transform of exp(i quadratic (k - j)^2), for all k and j, in the order of a cyclic convolution."""
    import scipy.fft

    length = int(scipy.fft.next_fast_len(here + there - 1) or 0)
    lag = np.arange(length)
    lag[there:] -= length
    kernel = _phasor(quadratic * (lag + (here - there) / 2) ** 2)
    return length, np.fft.fft(kernel)
