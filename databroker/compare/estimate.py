"""Estimate: a number and how well it is known."""

from math import floor, isfinite, log10
from typing import NamedTuple

__all__ = ["Estimate"]


#: Numbers below this are written with a power of ten.
SMALL = 1e-3


class Estimate(NamedTuple):
    """A value and its standard uncertainty, in the same unit.

    >>> print(Estimate(675.33, 2.81))
    675.3 ± 2.8
    >>> print(Estimate(12345.0, 678.0))
    12340 ± 680
    >>> print(Estimate(9.31e-6, 4.4e-7))
    (9.31 ± 0.44)e-06
    """

    value: float
    sigma: float
    """NaN where it is not known."""

    def __str__(self) -> str:
        if not isfinite(self.sigma) or self.sigma <= 0:
            return f"{self.value:.5g}"
        if 0 < abs(self.value) < SMALL:
            power = floor(log10(abs(self.value)))
            return f"({Estimate(self.value / 10**power, self.sigma / 10**power)})e{power:+03d}"
        decimals = 1 - floor(log10(self.sigma))
        shown = max(decimals, 0)
        return f"{round(self.value, decimals):.{shown}f} ± {round(self.sigma, decimals):.{shown}f}"
