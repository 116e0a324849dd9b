"""Whether a fitted value is what its label says."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import hypot

from beamtwin.databroker.compare.estimate import Estimate

__all__ = ["Verdict", "judge"]

#: A label is doubted beyond so many standard uncertainties, if it is also off by more than this part.
_SIGMAS = 3.0
_TOLERANCE = 0.02


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a fit says of a label."""

    name: str
    fitted: Estimate
    label: float
    units: str
    agrees: bool
    instead: tuple[str, ...]
    """Where it does not agree: the other labels that it does agree with."""
    text: str
    """All of this in words."""


def judge(
    fitted: Estimate,
    labels: Mapping[str, float],
    name: str,
    *,
    units: str,
    systematic: float = 0.0,
) -> Verdict:
    """Compare a fitted value with its label; where they disagree, with the other labels.

    Parameters
    ----------
    fitted : Estimate
    labels : dict of float
        What the data are labelled with, by name.
    name : str
        The label that is meant for this value.
    units : str
        Of fitted value and labels.
    systematic : float
        The relative uncertainty that a fit cannot see: of a distance, a wavelength, a pixel.

    Examples
    --------
    >>> labels = {"h": 12.0, "v": 13.9}
    >>> verdict = judge(Estimate(12.2, 0.02), labels, "v", units="um", systematic=0.01)
    >>> verdict.agrees, verdict.instead
    (False, ('h',))
    """
    total = Estimate(fitted.value, hypot(fitted.sigma, systematic * fitted.value))
    label = labels[name]
    agrees = _agree(total, label)
    instead = (
        () if agrees else tuple(k for k, v in labels.items() if k != name and _agree(total, v))
    )
    others = " and ".join(f"{key} ({labels[key]:g} {units})" for key in instead)
    apart = abs(total.value - label)
    shown = f"{total} {units}" + (f" ({100 * systematic:g} % systematic)" if systematic else "")
    if agrees:
        text = f"{name}: the fit gives {shown}, as the label says ({label:g} {units})."
    else:
        text = (
            f"{name}: the fit gives {shown} and the label says {label:g} {units}: "
            f"{100 * apart / label:.0f} % apart, {apart / total.sigma:.0f} times the uncertainty. "
            + (f"It agrees with the label {others}." if instead else "No other label fits.")
        )
    return Verdict(name, total, label, units, agrees, instead, text)


def _agree(fitted: Estimate, label: float) -> bool:
    apart = abs(fitted.value - label)
    return apart <= _SIGMAS * fitted.sigma or apart <= _TOLERANCE * abs(label)
