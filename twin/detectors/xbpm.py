"""XBPM: a beam position monitor with four quadrants."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from beamtwin.orchestration.errors import LimitsError
from beamtwin.twin.checks import check_at_least_zero, check_light, check_positive

__all__ = ["Quadrants", "Xbpm"]


class Quadrants(NamedTuple):
    """One number of each quadrant: a, b, c, d, counted around the middle from that of positive x and y."""

    upper_outboard: float
    upper_inboard: float
    lower_inboard: float
    lower_outboard: float


@dataclass(frozen=True)
class Xbpm:
    """Four currents in proportion to the light on four quadrants, and the position that electronics make of them."""

    name: str
    plane: str
    """The element of the beamline behind which it stands."""
    amperes_per_photon_s: float
    """Like `Diode.current_A` of one photon/s."""
    x_scale_m: float
    """Position is scale * difference / sum. Of a Gaussian beam: sigma sqrt(pi / 2), near the middle."""
    y_scale_m: float
    x_center_m: float = 0.0
    """Where the monitor stands."""
    y_center_m: float = 0.0
    gap_m: float = 0.0
    """Blind, between quadrants."""

    def __post_init__(self) -> None:
        check_positive(
            self.name,
            amperes_per_photon_s=self.amperes_per_photon_s,
            x_scale_m=self.x_scale_m,
            y_scale_m=self.y_scale_m,
        )
        check_at_least_zero(self.name, gap_m=self.gap_m)

    def gaussian_currents_A(
        self,
        flux_ph_s: float,
        position_m: tuple[float, float],
        sigma_m: tuple[float, float],
    ) -> Quadrants:
        """Of a Gaussian beam at (x, y) of these rms sizes: products of error functions."""
        check_at_least_zero(self.name, flux_ph_s=flux_ph_s)
        check_positive(self.name, x_sigma_m=sigma_m[0], y_sigma_m=sigma_m[1])
        x = self._halves((position_m[0] - self.x_center_m), sigma_m[0])
        y = self._halves((position_m[1] - self.y_center_m), sigma_m[1])
        current = flux_ph_s * self.amperes_per_photon_s
        return Quadrants(*(current * y[v] * x[u] for v, u in ((1, 1), (1, 0), (0, 0), (0, 1))))

    def currents_A(self, photons_s: np.ndarray, x_m: np.ndarray, y_m: np.ndarray) -> Quadrants:
        """Of light on a grid: shape (ny, nx), middles of cells. Each cell belongs where its middle is."""
        check_light(self.name, photons_s, (len(y_m), len(x_m)))
        half = self.gap_m / 2
        x, y = x_m - self.x_center_m, y_m - self.y_center_m
        sides = [
            (y > half, x > half),
            (y > half, x < -half),
            (y < -half, x < -half),
            (y < -half, x > half),
        ]
        sums = (photons_s[np.ix_(up, across)].sum() for up, across in sides)
        return Quadrants(*(float(light) * self.amperes_per_photon_s for light in sums))

    def position_m(self, currents_A: Quadrants) -> tuple[float, float]:
        """What the electronics say: x and y, from the monitor's middle.

        Raises
        ------
        LimitsError
            Where there is no current.
        """
        a, b, c, d = currents_A
        total = a + b + c + d
        if not total > 0:
            raise LimitsError(
                f"{self.name}: without light there is no position: the currents sum to {total:g} A"
            )
        return self.x_scale_m * (a + d - b - c) / total, self.y_scale_m * (a + b - c - d) / total

    def _halves(self, middle_m: float, sigma_m: float) -> tuple[float, float]:
        """The parts of a Gaussian below and above the gap."""
        from scipy.special import ndtr

        half = self.gap_m / 2
        return float(ndtr((-half - middle_m) / sigma_m)), float(ndtr((middle_m - half) / sigma_m))
