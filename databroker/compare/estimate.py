"""Estimate: a number and how well it is known."""

from math import floor, isfinite, log10
from typing import NamedTuple

__all__ = ["Estimate"]


class Estimate(NamedTuple):
    """A value and its standard uncertainty, in the same unit.

    >>> print(Estimate(675.33, 2.81))
    675.3 ± 2.8
    >>> print(Estimate(12345.0, 678.0))
    12340 ± 680
    """

    value: float
    sigma: float
    """NaN where it is not known."""

    def __str__(self) -> str:
        if not isfinite(self.sigma) or self.sigma <= 0:
            return f"{self.value:.5g}"
        decimals = 1 - floor(log10(self.sigma))
        shown = max(decimals, 0)
        return f"{round(self.value, decimals):.{shown}f} ± {round(self.sigma, decimals):.{shown}f}"
