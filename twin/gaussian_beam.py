"""A Gaussian beam: a laser's, or a stand-in for a source of which only size and divergence are known.

Its rms size in intensity is ``sigma(z) = sigma sqrt(1 + (z / z_R)^2)``, ``z_R = 4 pi sigma^2 / wavelength``, and its
wave fronts have the radius ``z + z_R^2 / z`` (A. E. Siegman, Lasers, 17.1; w = 2 sigma).
"""

from dataclasses import dataclass
from math import hypot, inf, pi

__all__ = ["GaussianBeam"]


@dataclass(frozen=True)
class GaussianBeam:
    """Fully coherent light with its waist at z = 0 and of linear, horizontal polarisation."""

    name: str
    x_sigma_m: float
    """At the waist, rms of the intensity."""
    y_sigma_m: float
    spectral_flux: float
    """Photons/s in 0.1 % of bandwidth."""

    def sigma_m(self, axis: str, wavelength_m: float, z_m: float) -> float:
        """The rms size at a distance from the waist; the axis is ``x`` or ``y``."""
        return hypot(self.waist_m(axis), z_m * self.divergence_rad(axis, wavelength_m))

    def divergence_rad(self, axis: str, wavelength_m: float) -> float:
        """Rms, far from the waist."""
        return wavelength_m / (4 * pi * self.waist_m(axis))

    def radius_m(self, axis: str, wavelength_m: float, z_m: float) -> float:
        """Of the wave fronts; they are flat at the waist."""
        rayleigh_m = self.waist_m(axis) / self.divergence_rad(axis, wavelength_m)
        return z_m + rayleigh_m**2 / z_m if z_m else inf

    def waist_m(self, axis: str) -> float:
        """The rms size at the waist."""
        return {"x": self.x_sigma_m, "y": self.y_sigma_m}[axis]
