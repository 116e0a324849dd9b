"""A colloidal suspension in the beam: a description's `[[optics.sample]]` of the kind ``suspension``."""

from dataclasses import dataclass

from beamtwin.twin.samples.brownian import diffusion_m2_s, water_viscosity_Pa_s
from beamtwin.twin.samples.suspension import Suspension

__all__ = ["Colloid"]


@dataclass(frozen=True)
class Colloid:
    """Spheres in a capillary, in Brownian motion."""

    name: str
    plane: str
    """The screen among the beamline's elements at whose place it is."""
    radius_m: float
    volume_fraction: float
    thickness_m: float
    """Along the beam."""
    x_size_m: float
    """Of the box in which spheres are followed: three widths of the beam, and more."""
    y_size_m: float
    polydispersity: float = 0.0
    particle: str = "SiO2"
    liquid: str = "water"
    temperature_K: float = 295.0
    viscosity_Pa_s: float = 0.0
    """0: water's."""
    spheres: int = 1000
    """That stand for all in the box."""

    @property
    def suspension(self) -> Suspension:
        """How strongly it scatters."""
        return Suspension(
            self.radius_m,
            self.volume_fraction,
            self.thickness_m,
            self.polydispersity,
            self.particle,
            self.liquid,
        )

    @property
    def diffusion_m2_s(self) -> float:
        """Of one sphere, by Stokes and Einstein."""
        viscosity = self.viscosity_Pa_s or water_viscosity_Pa_s(self.temperature_K)
        return diffusion_m2_s(self.radius_m, self.temperature_K, viscosity)
