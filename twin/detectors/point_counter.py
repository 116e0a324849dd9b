"""A detector without pixels: a diode or an ion chamber on a scaler channel."""

from dataclasses import dataclass

import numpy as np

from beamtwin.twin.checks import check_at_least_zero

__all__ = ["PointCounter"]


@dataclass(frozen=True)
class PointCounter:
    """Takes in all the light of a plane, and gives pulses in proportion to it.

    A diode's current, amplified and turned into a frequency, is ``pulses_per_photon`` far below 1.
    """

    name: str
    plane: str
    """The element of the beamline behind which it stands."""
    quantum_efficiency: float = 1.0
    pulses_per_photon: float = 1.0
    dark_rate_Hz: float = 0.0

    def counts(
        self, flux_ph_s: float, exposure_s: float, noise: np.random.Generator | None = None
    ) -> int:
        """Pulses of one exposure to a flux.

        With a generator the photons taken in fluctuate (Poisson), and so do the pulses of the dark; without
        one, the count is the rounded mean. Raises LimitsError for a flux or an exposure that is negative or no number.
        """
        check_at_least_zero(self.name, flux_ph_s=flux_ph_s, exposure_s=exposure_s)
        photons = flux_ph_s * self.quantum_efficiency * exposure_s
        dark = self.dark_rate_Hz * exposure_s
        if noise is not None:
            photons, dark = noise.poisson(photons), noise.poisson(dark)
        return round(photons * self.pulses_per_photon + dark)
