"""A pixel detector that counts single photons, like the DECTRIS Eiger."""

from dataclasses import dataclass

import numpy as np

from beamtwin.orchestration.errors import LimitsError
from beamtwin.twin.checks import check_at_least_zero, check_fraction, check_light
from beamtwin.twin.detectors.dead_time import DEAD_TIMES

__all__ = ["PhotonCounter"]

UINT32_MAX = 2**32 - 1

#: Above, numpy draws no Poisson numbers.
HIGHEST_MEAN = 1e18

#: Bits of DECTRIS' pixel mask.
GAP, DEAD = 1, 2


@dataclass(frozen=True)
class PhotonCounter:
    """Counts photons, each pixel by itself.

    Pixels between modules and bad ones read 0 (the real detector's files say 4294967295 there, which no sum survives).
    """

    name: str
    plane: str
    """The detector among the beamline's elements whose light it counts."""
    quantum_efficiency: float = 1.0
    dead_time_s: float = 0.0
    """Of each pixel after a photon. It lowers the mean; that it also narrows the counts' spread is left out."""
    cutoff: int = UINT32_MAX
    """No pixel of one exposure counts higher."""
    column_gaps: tuple[tuple[int, int], ...] = ()
    """Blind columns: the first, and the next that sees again."""
    row_gaps: tuple[tuple[int, int], ...] = ()
    dead_time_model: str = "nonparalyzable"
    """One of `beamtwin.twin.detectors.dead_time.DEAD_TIMES`."""
    bad_pixels: tuple[tuple[int, int], ...] = ()
    """Row and column of each pixel that sees nothing."""

    def __post_init__(self) -> None:
        check_fraction(self.name, quantum_efficiency=self.quantum_efficiency)
        check_at_least_zero(self.name, dead_time_s=self.dead_time_s)
        if self.dead_time_model not in DEAD_TIMES:
            raise LimitsError(
                f"{self.name}: dead_time_model = {self.dead_time_model!r}: there are {', '.join(DEAD_TIMES)}"
            )
        if not 0 < self.cutoff <= UINT32_MAX:
            raise LimitsError(f"{self.name}: cutoff = {self.cutoff} is outside [1, {UINT32_MAX}]")

    def mask(self, shape: tuple[int, int]) -> np.ndarray:
        """What is wrong with each pixel, in DECTRIS' bits: 1 is a gap, 2 is dead, 0 is well; uint32."""
        mask = np.zeros(shape, np.uint32)
        for first, stop in self.column_gaps:
            mask[:, first:stop] = GAP
        for first, stop in self.row_gaps:
            mask[first:stop] = GAP
        mask[self._bad(shape)] |= DEAD
        return mask

    def expected(self, photons_s: np.ndarray, exposure_s: float) -> np.ndarray:
        """Mean counts of an exposure, before the cut-off; the shape of ``photons_s``.

        Raises
        ------
        LimitsError
            Where light or exposure are negative or no numbers, or a bad pixel is not among the light's.
        """
        check_light(self.name, photons_s)
        check_at_least_zero(self.name, exposure_s=exposure_s)
        rate = photons_s * self.quantum_efficiency
        if self.dead_time_s:
            rate = DEAD_TIMES[self.dead_time_model](rate, self.dead_time_s)
        rate *= exposure_s
        for first, stop in self.column_gaps:
            rate[:, first:stop] = 0
        for first, stop in self.row_gaps:
            rate[first:stop] = 0
        rate[self._bad(rate.shape)] = 0
        return rate

    def counts(
        self,
        photons_s: np.ndarray,
        exposure_s: float,
        noise: np.random.Generator | None = None,
    ) -> np.ndarray:
        """One exposure.

        Parameters
        ----------
        photons_s : ndarray, shape (rows, columns)
            Photons/s on each pixel.
        exposure_s : float
        noise : numpy.random.Generator, optional
            Draws Poisson counts; without it, they are the rounded means.

        Returns
        -------
        ndarray of uint32, shape (rows, columns)
        """
        mean = self.expected(photons_s, exposure_s)
        limited = np.minimum(mean, HIGHEST_MEAN, out=mean)
        drawn = np.rint(limited).astype(float) if noise is None else noise.poisson(limited)
        return np.minimum(drawn, self.cutoff).astype(np.uint32)

    def _bad(self, shape: tuple[int, ...]) -> tuple[list[int], list[int]]:
        for row, column in self.bad_pixels:
            if not (0 <= row < shape[0] and 0 <= column < shape[1]):
                raise LimitsError(
                    f"{self.name}: the bad pixel ({row}, {column}) is outside the detector's {shape}"
                )
        return [row for row, _ in self.bad_pixels], [column for _, column in self.bad_pixels]
