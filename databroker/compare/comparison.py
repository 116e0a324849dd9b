"""A measured and a simulated curve, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from beamtwin.databroker.compare.align import Aligned, align, find_shift
from beamtwin.databroker.compare.estimate import Estimate
from beamtwin.databroker.compare.fit import Fit
from beamtwin.databroker.compare.fringes import Fringes, find_fringes
from beamtwin.databroker.compare.labels import Verdict
from beamtwin.databroker.compare.metrics import Scores, score
from beamtwin.databroker.compare.profile import Profile, Space
from beamtwin.databroker.errors import ComparisonError

__all__ = ["Comparison", "compare"]

_SCORES = ("chi2_red", "rms", "nrmse", "r_factor", "correlation")


@dataclass(frozen=True, eq=False)
class Comparison:
    """The outcome of `compare`."""

    title: str
    measured: Profile
    simulated: Profile
    """As given, but on the measured axis' units."""
    space: Space
    shift: Estimate
    """How far the simulated curve was moved to the right, in the axis' units."""
    aligned: Aligned
    scores: Scores
    measured_fringes: Fringes | None
    simulated_fringes: Fringes | None
    fit: Fit | None = None
    """Of a model to the measured curve, where one was made."""
    verdicts: Sequence[Verdict] = ()

    @property
    def spacing_ratio(self) -> float | None:
        """Simulated over measured fringe spacing."""
        if self.measured_fringes is None or self.simulated_fringes is None:
            return None
        return self.simulated_fringes.spacing.value / self.measured_fringes.spacing.value

    def runs(self) -> dict[str, str]:
        """The uids of the runs that were compared, as ``measured`` and ``simulated``.

        Raises
        ------
        ComparisonError
            If a curve is of no run.
        """
        sides = {"measured": self.measured.source, "simulated": self.simulated.source}
        for role, source in sides.items():
            if "uid" not in source:
                raise ComparisonError(f"the {role} curve is of no run: nothing can be filed of it")
        return {role: source["uid"] for role, source in sides.items()}

    def summary(self) -> dict[str, Any]:
        """The numbers without the curves, as JSON can hold them: what is filed."""
        scores = {name: getattr(self.scores, name) for name in _SCORES}
        return _jsonable(
            {
                "title": self.title,
                "units": self.measured.units,
                "space": self.space,
                "points": len(self.aligned.simulated),
                "coverage": self.aligned.coverage,
                "shift": self.shift,
                "scale": self.scores.scale,
                "background": self.scores.background,
                **scores,
                "spacing_ratio": self.spacing_ratio,
            }
        )

    def to_dict(self) -> dict[str, Any]:
        """All numbers, as JSON can hold them."""
        return self.summary() | _jsonable(
            {
                "axis": self.aligned.measured.axis,
                "measured": self.aligned.measured.values,
                "simulated": self.scores.scaled,
                "residuals": self.scores.residuals,
                "fringes": {
                    "measured": _fringes(self.measured_fringes),
                    "simulated": _fringes(self.simulated_fringes),
                },
                "fit": None if self.fit is None else dict(self.fit.parameters),
                "verdicts": [verdict.text for verdict in self.verdicts],
                "provenance": {
                    "measured": dict(self.measured.source),
                    "simulated": dict(self.simulated.source),
                },
            }
        )


def compare(
    measured: Profile,
    simulated: Profile,
    *,
    title: str = "",
    space: Space = "log10",
    shift_limit: float = 0.0,
    background: bool = False,
    fit: Fit | None = None,
    verdicts: Sequence[Verdict] = (),
) -> Comparison:
    """Bring both onto the measured points, fit scale and shift, and say how far apart they are.

    Parameters
    ----------
    measured, simulated : Profile
    title : str
        For tables and figures.
    space : {"log10", "linear"}
        Where residuals are taken.
    shift_limit : float
        In the measured axis' units: how far the simulated curve may be moved, because the true centre is not known
        better. Keep it under half a fringe.
    background : bool
        Add a constant to the simulated curve, fitted with the scale.
    fit, verdicts
        What else is known of the measured curve; for the report.

    Raises
    ------
    ComparisonError
        If the two have too few points in common, or axes in units that cannot be converted.
    """
    simulated = simulated.to(measured.units)
    shift = Estimate(0.0, 0.0)
    if shift_limit:
        shift = find_shift(measured, simulated, shift_limit, space=space, background=background)
    aligned = align(measured, simulated, shift.value, space)
    points = aligned.measured
    return Comparison(
        title=title,
        measured=measured,
        simulated=simulated,
        space=space,
        shift=shift,
        aligned=aligned,
        scores=score(points.values, aligned.simulated, points.sigma, space, background=background),
        measured_fringes=find_fringes(measured),
        # Where nothing was measured there is nothing to compare; far out a twin's fringes are mostly noise.
        simulated_fringes=find_fringes(simulated.within(measured.axis[0], measured.axis[-1])),
        fit=fit,
        verdicts=tuple(verdicts),
    )


def _fringes(fringes: Fringes | None) -> dict[str, Any] | None:
    if fringes is None:
        return None
    return {
        "spacing": fringes.spacing,
        "centre": fringes.centre,
        "minima": {f"{m.order:g}": m.position for m in fringes.minima},
        "maxima": {f"{m.order:g}": m.position for m in fringes.maxima},
    }


def _jsonable(value: Any) -> Any:
    match value:
        case Estimate():
            return {"value": _jsonable(value.value), "sigma": _jsonable(value.sigma)}
        case dict():
            return {key: _jsonable(item) for key, item in value.items()}
        case np.ndarray():
            return _jsonable(value.tolist())
        case list() | tuple():
            return [_jsonable(item) for item in value]
        case float() if not np.isfinite(value):
            return None
    return value
