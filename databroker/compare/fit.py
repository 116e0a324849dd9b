"""Fit a model of a pattern to a measured one. The physics is the caller's: a model is a function."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from beamtwin.databroker.compare.estimate import Estimate
from beamtwin.databroker.compare.profile import Profile
from beamtwin.databroker.errors import ComparisonError

__all__ = ["Fit", "Parameter", "fit_profile"]

#: ``model(axis, name=value, ...)``: values (n,) at the positions (n,) of the axis.
Model = Callable[..., np.ndarray]


class Parameter(NamedTuple):
    """Where a parameter begins, and where it must stay."""

    start: float
    low: float = -np.inf
    high: float = np.inf
    vary: bool = True


@dataclass(frozen=True, eq=False)
class Fit:
    """The outcome of `fit_profile`."""

    parameters: Mapping[str, Estimate]
    """Uncertainties are scaled by the residuals' scatter; 0 for what was held, NaN where the data do not tell."""
    curve: np.ndarray
    """Shape (n,): the fitted model at the measured points."""
    rms: float
    """Of the residuals, in decades."""
    chi2_red: float | None
    """None where the profile has no sigma."""
    points: int


def fit_profile(model: Model, profile: Profile, parameters: Mapping[str, Parameter]) -> Fit:
    """Fit in log intensity, so that minima and far fringes count as much as the central maximum.

    Parameters
    ----------
    model : callable
        ``model(axis, **parameters)``, with positive values, the axis in the profile's units.
    profile : Profile
        With its sigma, if it has one, as weights.
    parameters : dict of Parameter
        What the model takes.

    Raises
    ------
    ComparisonError
        If there are fewer points than parameters, or the fit does not end.
    """
    import lmfit

    points = profile.positive()
    free = sum(parameter.vary for parameter in parameters.values())
    if len(points.axis) <= free:
        raise ComparisonError(f"{len(points.axis)} points are too few for {free} parameters")
    sigma = points.log10_sigma

    def residuals(values: Any) -> np.ndarray:
        difference = points.log10 - np.log10(model(points.axis, **values.valuesdict()))
        return difference if sigma is None else difference / sigma

    found: Any = lmfit.minimize(residuals, _guess(parameters), scale_covar=True)
    if not found.success:
        raise ComparisonError(f"the fit did not end: {found.message}")
    curve = model(points.axis, **found.params.valuesdict())
    return Fit(
        {name: _estimate(found.params[name]) for name in parameters},
        curve,
        float(np.sqrt(np.mean((points.log10 - np.log10(curve)) ** 2))),
        None if sigma is None else float(found.redchi),
        len(points.axis),
    )


def _guess(parameters: Mapping[str, Parameter]) -> Any:
    import lmfit

    guess = lmfit.Parameters()
    for name, (start, low, high, vary) in parameters.items():
        guess.add(name, start, min=low, max=high, vary=vary)
    return guess


def _estimate(parameter: Any) -> Estimate:
    if not parameter.vary:
        return Estimate(float(parameter.value), 0.0)
    known = parameter.stderr is not None
    return Estimate(float(parameter.value), float(parameter.stderr) if known else np.nan)
