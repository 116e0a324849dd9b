"""How far a simulated curve is from a measured one, in numbers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from beamtwin.databroker.compare.estimate import Estimate
from beamtwin.databroker.compare.profile import Space
from beamtwin.databroker.errors import ComparisonError

__all__ = ["Scores", "score"]

_TINY = np.finfo(float).tiny


@dataclass(frozen=True, eq=False)
class Scores:
    """The outcome of `score`."""

    scale: Estimate
    """By which the simulated values were multiplied."""
    background: Estimate
    """What was added to them."""
    scaled: np.ndarray
    """Shape (n,): the simulated values after both."""
    residuals: np.ndarray
    """Shape (n,): measured minus scaled, of the values or in decades."""
    chi2_red: float | None
    """Squared residuals in units of sigma, per degree of freedom; None where no sigma is known."""
    rms: float
    """Of the residuals."""
    nrmse: float
    """`rms` over the range of the measured values, in the space of the residuals."""
    r_factor: float
    """Sum of the absolute residuals of the values over the sum of the measured values."""
    correlation: float
    """Pearson's, in the space of the residuals."""


def score(
    measured: np.ndarray,
    simulated: np.ndarray,
    sigma: np.ndarray | None = None,
    space: Space = "log10",
    *,
    background: bool = False,
) -> Scores:
    """Scale the simulated values to the measured ones by least squares, and say what is left.

    Parameters
    ----------
    measured, simulated : (n,) arrays
        Positive where ``space`` is ``"log10"``.
    sigma : (n,) array, optional
        Standard uncertainties of the measured values. For counts take them from the simulation, not
        from the counts: weights from observed counts pull the scale down.
    space : {"log10", "linear"}
    background : bool
        Add a constant to the simulated values: what reaches the detector whatever is simulated.

    Notes
    -----
    The uncertainties of scale and background are taken from the scatter of the residuals.
    """
    unit = _units(measured, sigma, space)
    scale, constant = _fit(measured, simulated, unit, space, background)
    scaled = scale.value * simulated + constant.value
    left, right = _SPACES[space](measured), _SPACES[space](scaled)
    residuals = left - right
    rms = float(np.sqrt(np.mean(residuals**2)))
    degrees = len(residuals) - 1 - background
    return Scores(
        scale=scale,
        background=constant,
        scaled=scaled,
        residuals=residuals,
        chi2_red=None if sigma is None else float(np.sum((residuals / unit) ** 2) / degrees),
        rms=rms,
        nrmse=rms / float(np.ptp(left)),
        r_factor=float(np.sum(np.abs(measured - scaled)) / np.sum(np.abs(measured))),
        correlation=float(np.corrcoef(left, right)[0, 1]),
    )


_SPACES: dict[Space, Callable[[np.ndarray], np.ndarray]] = {
    "linear": np.asarray,
    "log10": lambda values: np.log10(np.maximum(values, _TINY)),
}


def _units(measured: np.ndarray, sigma: np.ndarray | None, space: Space) -> np.ndarray:
    """What a residual of one standard uncertainty is in the space; 1 where none is known."""
    if sigma is None:
        return np.ones(len(measured))
    return sigma / measured / np.log(10) if space == "log10" else sigma


def _fit(
    measured: np.ndarray, simulated: np.ndarray, unit: np.ndarray, space: Space, background: bool
) -> tuple[Estimate, Estimate]:
    from scipy.optimize import least_squares

    transform = _SPACES[space]
    columns = np.stack([simulated, np.ones(len(simulated))][: 1 + background], axis=1)
    target = transform(measured)
    power = np.sum(simulated**2)
    if not power > 0:
        raise ComparisonError("the simulated curve is zero wherever something was measured")
    start = np.array([np.sum(measured * simulated) / power, measured.min()][: 1 + background])
    found: Any = least_squares(
        lambda factors: (target - transform(columns @ factors)) / unit,
        np.maximum(start, _TINY),
        bounds=(0, np.inf),
        x_scale=np.maximum(start, _TINY),
        **dict.fromkeys(("ftol", "xtol", "gtol"), 1e-12),
    )
    scatter = 2 * found.cost / (len(measured) - len(start))
    sigmas = np.sqrt(np.diag(np.linalg.pinv(found.jac.T @ found.jac)) * scatter)
    estimates = [Estimate(*map(float, pair)) for pair in zip(found.x, sigmas, strict=True)]
    return estimates[0], estimates[1] if background else Estimate(0.0, 0.0)
