"""The stored electrons, as far as the light they give depends on them."""

from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

from beamtwin.twin.constants import ELECTRON_REST_ENERGY_EV

__all__ = ["NO_ELECTRONS", "Electron", "ElectronBeam"]


@dataclass(frozen=True)
class ElectronBeam:
    """A Gaussian electron beam, by its Twiss parameters and dispersion in the middle of the source.

    ``x`` is horizontal and ``y`` vertical; sizes are rms. In a straight with its waist in the middle, alpha is 0.
    """

    energy_eV: float
    current_A: float
    x_emittance_m: float
    """In m rad."""
    y_emittance_m: float
    x_beta_m: float
    y_beta_m: float
    energy_spread: float
    """Relative, rms."""
    name: str = "ring"
    x_alpha: float = 0.0
    y_alpha: float = 0.0
    x_dispersion_m: float = 0.0
    y_dispersion_m: float = 0.0
    x_dispersion_slope: float = 0.0
    """Its derivative along the beam."""
    y_dispersion_slope: float = 0.0

    @property
    def gamma(self) -> float:
        """The Lorentz factor."""
        return self.energy_eV / ELECTRON_REST_ENERGY_EV

    @property
    def x_sigma_m(self) -> float:
        """Horizontal size."""
        return _rms(self.x_emittance_m * self.x_beta_m, self.x_dispersion_m * self.energy_spread)

    @property
    def y_sigma_m(self) -> float:
        """Vertical size."""
        return _rms(self.y_emittance_m * self.y_beta_m, self.y_dispersion_m * self.energy_spread)

    @property
    def x_divergence_rad(self) -> float:
        """Horizontal divergence."""
        betatron = self.x_emittance_m * (1 + self.x_alpha**2) / self.x_beta_m
        return _rms(betatron, self.x_dispersion_slope * self.energy_spread)

    @property
    def y_divergence_rad(self) -> float:
        """Vertical divergence."""
        betatron = self.y_emittance_m * (1 + self.y_alpha**2) / self.y_beta_m
        return _rms(betatron, self.y_dispersion_slope * self.energy_spread)

    @property
    def x_covariance_m(self) -> float:
        """The mean of position times angle: zero at a waist."""
        chromatic = self.x_dispersion_m * self.x_dispersion_slope * self.energy_spread**2
        return chromatic - self.x_emittance_m * self.x_alpha

    @property
    def y_covariance_m(self) -> float:
        """The mean of position times angle: zero at a waist."""
        chromatic = self.y_dispersion_m * self.y_dispersion_slope * self.energy_spread**2
        return chromatic - self.y_emittance_m * self.y_alpha

    def size_at_m(self, axis: str, z_m: float) -> float:
        """The rms size that the beam would have so far from the source, in free flight; axis is ``x`` or ``y``."""
        sigma_m, divergence_rad, covariance_m = {
            "x": (self.x_sigma_m, self.x_divergence_rad, self.x_covariance_m),
            "y": (self.y_sigma_m, self.y_divergence_rad, self.y_covariance_m),
        }[axis]
        return sqrt(sigma_m**2 + 2 * z_m * covariance_m + (z_m * divergence_rad) ** 2)

    @property
    def has_waist(self) -> bool:
        """Whether position and angle go independently, as they do in the middle of a straight."""
        return self.x_covariance_m == self.y_covariance_m == 0.0


#: Of a beamline whose source is not a ring's.
NO_ELECTRONS = ElectronBeam(
    energy_eV=0.0,
    current_A=1.0,
    x_emittance_m=0.0,
    y_emittance_m=0.0,
    x_beta_m=1.0,
    y_beta_m=1.0,
    energy_spread=0.0,
)


def _rms(betatron: float, chromatic: float) -> float:
    return sqrt(betatron + chromatic**2)


class Electron(NamedTuple):
    """One of them, by how it differs from the ideal one in the middle of the straight."""

    x_m: float = 0.0
    x_angle_rad: float = 0.0
    y_m: float = 0.0
    y_angle_rad: float = 0.0
    energy: float = 0.0
    """Relative."""
