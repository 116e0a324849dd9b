"""A pixel detector that counts single photons, like the DECTRIS Eiger."""

from dataclasses import dataclass

import numpy as np

__all__ = ["PhotonCounter"]

UINT32_MAX = 2**32 - 1

#: Above, numpy draws no Poisson numbers.
HIGHEST_MEAN = 1e18


@dataclass(frozen=True)
class PhotonCounter:
    """Counts photons, each pixel by itself.

    Pixels between modules read 0 (the real detector's files say 4294967295 there, which no sum survives).
    """

    name: str
    plane: str
    """The detector among the beamline's elements whose light it counts."""
    quantum_efficiency: float = 1.0
    dead_time_s: float = 0.0
    """Not paralysing: at a rate n a pixel counts n / (1 + n dead_time)."""
    cutoff: int = UINT32_MAX
    """No pixel of one exposure counts higher."""
    column_gaps: tuple[tuple[int, int], ...] = ()
    """Blind columns: the first, and the next that sees again."""
    row_gaps: tuple[tuple[int, int], ...] = ()

    def expected(self, photons_s: np.ndarray, exposure_s: float) -> np.ndarray:
        """Mean counts of an exposure, before the cut-off; the shape of ``photons_s``."""
        rate = photons_s * self.quantum_efficiency
        if self.dead_time_s:
            rate /= 1 + rate * self.dead_time_s
        rate *= exposure_s
        for first, stop in self.column_gaps:
            rate[:, first:stop] = 0
        for first, stop in self.row_gaps:
            rate[first:stop] = 0
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
        drawn = np.rint(limited) if noise is None else noise.poisson(limited)
        return np.minimum(drawn, self.cutoff).astype(np.uint32)
