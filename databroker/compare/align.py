"""Two profiles on one axis: that of the measured points."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from beamtwin.databroker.compare.estimate import Estimate
from beamtwin.databroker.compare.metrics import score
from beamtwin.databroker.compare.profile import Profile, Space
from beamtwin.databroker.errors import ComparisonError

__all__ = ["Aligned", "align", "find_shift"]

#: Fewer common points than this are no comparison.
_LEAST_POINTS = 4
_COARSE_STEPS = 21


@dataclass(frozen=True, eq=False)
class Aligned:
    """Both curves at the measured points where both are known."""

    measured: Profile
    simulated: np.ndarray
    """Shape (n,), interpolated, on the simulation's own scale."""
    coverage: float
    """Which part of the measured points the simulation covers, 0 to 1."""


def align(
    measured: Profile, simulated: Profile, shift: float = 0.0, space: Space = "log10"
) -> Aligned:
    """The simulated curve at the measured points, interpolated by a monotone cubic spline (PCHIP).

    Parameters
    ----------
    measured, simulated : Profile
    shift : float
        In the measured axis' units: how far the simulated curve is moved to the right.
    space : {"log10", "linear"}
        In which to interpolate; what has no logarithm is left out of ``"log10"``.

    Raises
    ------
    ComparisonError
        If fewer than four points are common to both.
    """
    from scipy.interpolate import PchipInterpolator

    points, curve = measured.usable(space), simulated.to(measured.units).usable(space)
    axis, first = np.unique(curve.axis + shift, return_index=True)
    inside = (points.axis >= axis[0]) & (points.axis <= axis[-1]) if len(axis) else []
    if np.sum(inside) < _LEAST_POINTS:
        raise ComparisonError(
            f"{measured.axis_name}: measured {_span(points)} and simulated {_span(curve)} have "
            f"{np.sum(inside):.0f} points in common; at least {_LEAST_POINTS} are needed"
        )
    sigma = None if points.sigma is None else points.sigma[inside]
    common = replace(points, axis=points.axis[inside], values=points.values[inside], sigma=sigma)
    heights = curve.log10 if space == "log10" else curve.values
    found = PchipInterpolator(axis, heights[first])(common.axis)
    values = 10.0**found if space == "log10" else found
    return Aligned(common, values, len(common.axis) / len(points.axis))


def find_shift(
    measured: Profile,
    simulated: Profile,
    limit: float,
    *,
    space: Space = "log10",
    background: bool = False,
) -> Estimate:
    """The shift of the simulated curve, within ± ``limit``, that leaves the least residual.

    The uncertainty is that of a least-squares fit, from the scatter of the residuals. Choose the
    limit smaller than half a fringe, or the next fringe may be found.
    """
    from scipy.optimize import minimize_scalar

    def misfit(shift: float) -> float:
        both = align(measured, simulated, shift, space)
        points = both.measured
        left = score(points.values, both.simulated, points.sigma, space, background=background)
        return left.rms**2

    coarse = np.linspace(-limit, limit, _COARSE_STEPS)
    step = coarse[1] - coarse[0]
    best = coarse[np.argmin([misfit(shift) for shift in coarse])]
    bounds = (max(best - step, -limit), min(best + step, limit))
    found: Any = minimize_scalar(misfit, bounds=bounds, method="bounded")
    shift = float(found.x)
    curvature = (misfit(shift + step) - 2 * misfit(shift) + misfit(shift - step)) / step**2
    degrees = len(align(measured, simulated, shift, space).simulated) - 2 - background
    variance = 2 * misfit(shift) / curvature / degrees if curvature > 0 else np.nan
    return Estimate(shift, float(np.sqrt(variance)))


def _span(profile: Profile) -> str:
    if not len(profile.axis):
        return "(nothing positive)"
    return f"{profile.axis[0]:g} to {profile.axis[-1]:g} {profile.units}"
