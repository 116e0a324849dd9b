"""Fringes: where a diffraction pattern's minima and maxima lie, and how far apart."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from beamtwin.databroker.compare.estimate import Estimate
from beamtwin.databroker.compare.profile import Profile

__all__ = ["Extremum", "Fringes", "find_fringes"]

#: Between its fringes a slit's far field falls with the square of the distance from the centre.
SLIT_ENVELOPE = 2.0
_LEAST_EXTREMA = 3
#: In sampling steps: beside more than one missing point an extremum is not taken for one.
_WIDEST_HOLE = 2.5


@dataclass(frozen=True, slots=True)
class Extremum:
    """A minimum or a maximum of a pattern."""

    order: float
    """Minima are 1, 2, ... fringes from the centre, maxima 1.5, 2.5, ...; negative to the left."""
    position: Estimate
    """On the profile's axis. Its uncertainty is the larger of what the values' sigma propagates, and of
    the scatter of all of them about equal spacing."""

    @property
    def is_minimum(self) -> bool:
        """Of whole order."""
        return float(self.order).is_integer()


@dataclass(frozen=True, slots=True)
class Fringes:
    """The outcome of `find_fringes`."""

    extrema: tuple[Extremum, ...]
    """From left to right."""
    spacing: Estimate
    """Of neighbouring minima."""
    centre: Estimate
    """Where order 0 would lie."""
    units: str

    @property
    def minima(self) -> list[Extremum]:
        """Those of whole order."""
        return [extremum for extremum in self.extrema if extremum.is_minimum]

    @property
    def maxima(self) -> list[Extremum]:
        """Those half-way between."""
        return [extremum for extremum in self.extrema if not extremum.is_minimum]


def find_fringes(
    profile: Profile, *, prominence: float = 0.1, envelope: float = SLIT_ENVELOPE
) -> Fringes | None:
    """The minima and maxima of a pattern whose centre lies near zero on the axis.

    The fall of the intensity from fringe to fringe would shift them; so it is taken out first, by
    multiplying with a power of the distance from the centre: the far field of a slit of width a is
    sin²(π a x/λz)/x². Each position is the vertex of the parabola through three points of the log
    intensity; the spacing is the slope of a straight line through positions over orders, its
    uncertainty from their scatter about that line. The central maximum and its flanks, where the
    envelope says nothing, are left out.

    Parameters
    ----------
    profile : Profile
    prominence : float
        In decades: lesser ripples are noise.
    envelope : float
        The power of the fall; 0 for fringes of equal height.

    Returns
    -------
    Fringes or None
        None where fewer than three are found.
    """
    points = profile.positive()
    if len(points.axis) < _LEAST_EXTREMA:
        return None
    away = points.axis != 0
    axis, height = points.axis[away], points.log10[away]
    height = height + envelope * np.log10(np.abs(axis))
    sigma = None if points.log10_sigma is None else points.log10_sigma[away]
    minima = list(_vertices(axis, -height, sigma, prominence))
    maxima = list(_vertices(axis, height, sigma, prominence))
    if len(minima) < 2:
        return None
    spacing = float(np.median(np.diff([position.value for position in minima])))
    found = _ordered(minima, maxima, spacing)
    return _regression(found, profile.units) if len(found) >= _LEAST_EXTREMA else None


def _vertices(
    axis: np.ndarray, height: np.ndarray, sigma: np.ndarray | None, prominence: float
) -> Iterator[Estimate]:
    from scipy.signal import find_peaks

    widest = _WIDEST_HOLE * np.median(np.diff(axis))
    for top in find_peaks(height, prominence=prominence)[0]:
        near = slice(top - 1, top + 2)
        if np.diff(axis[near]).max() < widest:
            yield _vertex(axis[near], height[near], None if sigma is None else sigma[near])


def _vertex(x: np.ndarray, y: np.ndarray, sigma: np.ndarray | None) -> Estimate:
    """Of the parabola through three points, with the error that sigma propagates to it."""
    curvature, slope, _ = np.linalg.inv(np.vander(x - x[1]))
    a, b = curvature @ y, slope @ y
    gradient = (b * curvature - a * slope) / (2 * a**2)
    error = np.nan if sigma is None else np.sqrt(np.sum((gradient * sigma) ** 2))
    return Estimate(float(x[1] - b / (2 * a)), float(error))


def _ordered(minima: list[Estimate], maxima: list[Estimate], spacing: float) -> list[Extremum]:
    found = [Extremum(float(round(m.value / spacing)), m) for m in minima]
    found += [Extremum(round(m.value / spacing - 0.5) + 0.5, m) for m in maxima]
    beyond = [extremum for extremum in found if abs(extremum.order) >= 1]
    return sorted(beyond, key=lambda extremum: extremum.position.value)


def _regression(extrema: list[Extremum], units: str) -> Fringes:
    orders = np.array([extremum.order for extremum in extrema])
    positions = np.array([extremum.position.value for extremum in extrema])
    design = np.stack([np.ones_like(orders), orders], axis=1)
    inverse = np.linalg.inv(design.T @ design)
    (centre, spacing) = inverse @ design.T @ positions
    residuals = positions - design @ [centre, spacing]
    scatter = residuals @ residuals / (len(orders) - 2)
    sigmas = np.sqrt(np.diag(inverse) * scatter)
    return Fringes(
        tuple(_at_least(extremum, float(np.sqrt(scatter))) for extremum in extrema),
        Estimate(float(spacing), float(sigmas[1])),
        Estimate(float(centre), float(sigmas[0])),
        units,
    )


def _at_least(extremum: Extremum, scatter: float) -> Extremum:
    value, sigma = extremum.position
    return Extremum(extremum.order, Estimate(value, float(np.fmax(sigma, scatter))))
