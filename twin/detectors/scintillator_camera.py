"""A camera that looks at a scintillator: X-rays, visible light, electrons, numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from beamtwin.orchestration.errors import LimitsError
from beamtwin.twin.checks import check_at_least_zero, check_fraction, check_light, check_positive
from beamtwin.twin.detectors.point_spread import PointSpread

__all__ = ["Gain", "ScintillatorCamera"]

#: Above, a count of photons is drawn from a Gaussian: numpy draws no Poisson numbers beyond 9e18.
HIGHEST_MEAN = 1e18


@dataclass(frozen=True)
class Gain:
    """A gain mode of the camera's amplifiers."""

    electrons_per_count: float
    full_well_e: float
    """More electrons a pixel does not show."""
    read_noise_e: float = 0.0
    """Rms."""

    def __post_init__(self) -> None:
        check_positive(
            "gain", electrons_per_count=self.electrons_per_count, full_well_e=self.full_well_e
        )
        check_at_least_zero("gain", read_noise_e=self.read_noise_e)


#: Like a scientific CMOS camera's: 30,000 electrons deep, or quiet.
GAINS: Mapping[str, Gain] = {
    "high well": Gain(0.46, 30_000.0, 1.6),
    "low noise": Gain(0.03, 1_900.0, 1.2),
}

SHARP = PointSpread((0.0,))


@dataclass(frozen=True)
class ScintillatorCamera:
    """Integrates the visible light of X-rays, with dark current and readout noise."""

    name: str
    plane: str
    """The detector among the beamline's elements whose light it sees."""
    electrons_per_photon: float
    """That an absorbed X-ray photon makes in the camera: light yield * energy * optics * camera's efficiency."""
    quantum_efficiency: float = 1.0
    """The part of the X-rays that the scintillator absorbs: `Sensor.efficiency`."""
    point_spread: PointSpread = SHARP
    gains: Mapping[str, Gain] = field(default_factory=lambda: GAINS, hash=False)
    gain: str = "high well"
    dark_current_e_s: float = 0.0
    offset: float = 100.0
    """Counts without an electron."""
    bits: int = 16

    def __post_init__(self) -> None:
        check_fraction(self.name, quantum_efficiency=self.quantum_efficiency)
        check_positive(self.name, electrons_per_photon=self.electrons_per_photon)
        check_at_least_zero(self.name, dark_current_e_s=self.dark_current_e_s, offset=self.offset)
        if self.gain not in self.gains:
            raise LimitsError(
                f"{self.name}: there is no gain {self.gain!r}; there are {', '.join(self.gains)}"
            )
        if not 1 <= self.bits <= 16:
            raise LimitsError(f"{self.name}: bits = {self.bits} is outside [1, 16]")

    def counts(
        self,
        photons_s: np.ndarray,
        exposure_s: float,
        noise: np.random.Generator | None = None,
    ) -> np.ndarray:
        """One exposure.

        X-ray photons are Poisson's, and so are the electrons that each makes; light spreads after that, so that
        neighbouring pixels share their noise.

        Parameters
        ----------
        photons_s : ndarray, shape (rows, columns)
            X-ray photons/s on each pixel.
        exposure_s : float
        noise : numpy.random.Generator, optional
            Without it, counts are the rounded means.

        Returns
        -------
        ndarray of uint16, shape (rows, columns)
        """
        check_light(self.name, photons_s)
        check_at_least_zero(self.name, exposure_s=exposure_s)
        gain = self.gains[self.gain]
        absorbed = photons_s * (self.quantum_efficiency * exposure_s)
        if noise is not None:
            absorbed = noise.poisson(np.minimum(absorbed, HIGHEST_MEAN)).astype(np.float32)
        electrons = self.point_spread.spread(absorbed)
        electrons *= self.electrons_per_photon
        electrons += self.dark_current_e_s * exposure_s
        if noise is not None:
            # The electrons of the photons that are there, and of the amplifier: many, so Gaussian.
            spread = np.sqrt(electrons + gain.read_noise_e**2)
            spread *= noise.standard_normal(spread.shape, dtype=np.float32)
            electrons += spread
        return self._digitized(electrons, gain)

    def _digitized(self, electrons: np.ndarray, gain: Gain) -> np.ndarray:
        counts = np.minimum(electrons, gain.full_well_e, out=electrons)
        counts /= gain.electrons_per_count
        counts += self.offset
        return np.clip(np.rint(counts, out=counts), 0, 2**self.bits - 1).astype(np.uint16)
