"""The stored electrons, as far as the light they give depends on them."""

from dataclasses import dataclass
from math import sqrt

from beamtwin.twin.constants import ELECTRON_REST_ENERGY_EV

__all__ = ["ElectronBeam"]


@dataclass(frozen=True)
class ElectronBeam:
    """A Gaussian electron beam with its waist (alpha = 0) in the middle of the straight, no dispersion.

    ``x`` is horizontal and ``y`` vertical; sizes are rms: sqrt(emittance * beta), sqrt(emittance / beta).
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

    @property
    def gamma(self) -> float:
        """The Lorentz factor."""
        return self.energy_eV / ELECTRON_REST_ENERGY_EV

    @property
    def x_sigma_m(self) -> float:
        """Horizontal size at the waist."""
        return sqrt(self.x_emittance_m * self.x_beta_m)

    @property
    def y_sigma_m(self) -> float:
        """Vertical size at the waist."""
        return sqrt(self.y_emittance_m * self.y_beta_m)

    @property
    def x_divergence_rad(self) -> float:
        """Horizontal divergence."""
        return sqrt(self.x_emittance_m / self.x_beta_m)

    @property
    def y_divergence_rad(self) -> float:
        """Vertical divergence."""
        return sqrt(self.y_emittance_m / self.y_beta_m)
