"""A colloidal suspension: how strongly it scatters, in absolute terms."""

from dataclasses import dataclass
from functools import cached_property
from math import exp, pi

import numpy as np

from beamtwin.hardware.materials import attenuation_length_m, refraction_decrement
from beamtwin.twin.checks import check_at_least_zero, check_positive
from beamtwin.twin.constants import HC_EV_M
from beamtwin.twin.samples.geometry import scattering_vector_per_m, solid_angle_sr
from beamtwin.twin.samples.percus_yevick import structure_factor
from beamtwin.twin.samples.spheres import Radii, form_amplitude, schulz

__all__ = ["Suspension", "scattering_length_density_per_m2"]

#: Points of the curve from which an image is made: 40 and more for each oscillation of a sphere at q R = 100.
CURVE_POINTS = 4000


def scattering_length_density_per_m2(material: str, energy_eV: float) -> float:
    """Electron density times the classical electron radius: 2 pi delta / wavelength^2."""
    return 2 * pi * refraction_decrement(material, energy_eV) * (energy_eV / HC_EV_M) ** 2


@dataclass(frozen=True)
class Suspension:
    """Spheres in a liquid.

    Scattering is in Born's approximation, polarization left out (below 1e-4 where 2 theta < 0.01), as is multiple
    scattering. Radii are Schulz's; correlation and size are decoupled (Kotlarchyk and Chen, J. Chem. Phys. 79 (1983)
    2461), which is exact for one radius.

    Raises
    ------
    LimitsError
        For a length or a volume fraction that cannot be.
    """

    radius_m: float
    """Mean."""
    volume_fraction: float
    thickness_m: float
    """Along the beam."""
    polydispersity: float = 0.0
    """Standard deviation of the radii over their mean."""
    particle: str = "SiO2"
    """A material of `beamtwin.hardware.materials`."""
    liquid: str = "water"

    def __post_init__(self) -> None:
        check_positive("suspension", radius_m=self.radius_m, thickness_m=self.thickness_m)
        check_at_least_zero("suspension", polydispersity=self.polydispersity)
        structure_factor(np.zeros(1), self.radius_m, self.volume_fraction)

    @cached_property
    def radii(self) -> Radii:
        """Their distribution."""
        return schulz(self.radius_m, self.polydispersity)

    @property
    def number_density_per_m3(self) -> float:
        """Spheres in a cubic metre."""
        return self.volume_fraction / float(self.radii.mean(_volume(self.radii.radius_m)))

    def transmission(self, energy_eV: float) -> float:
        """The fraction of the photons that gets through."""
        parts = {self.particle: self.volume_fraction, self.liquid: 1 - self.volume_fraction}
        depth = sum(part / attenuation_length_m(name, energy_eV) for name, part in parts.items())
        return exp(-depth * self.thickness_m)

    def cross_section_per_m(self, q_per_m: np.ndarray, energy_eV: float) -> np.ndarray:
        """Differential cross-section per volume and solid angle, in 1/(m sr); 1/m is 0.01/cm.

        Parameters
        ----------
        q_per_m : ndarray, shape (n,)
        """
        radius = self.radii.radius_m
        amplitude = _volume(radius) * form_amplitude(q_per_m[:, None], radius)
        order = structure_factor(q_per_m, self.radius_m, self.volume_fraction) - 1
        squares = self.radii.mean(amplitude**2) + order * self.radii.mean(amplitude) ** 2
        return self.number_density_per_m3 * self.contrast_per_m2(energy_eV) ** 2 * squares

    def contrast_per_m2(self, energy_eV: float) -> float:
        """Scattering length density of the spheres, over that of the liquid."""
        particle, liquid = (
            scattering_length_density_per_m2(material, energy_eV)
            for material in (self.particle, self.liquid)
        )
        return particle - liquid

    def scattered_fraction(
        self,
        x_m: np.ndarray,
        y_m: np.ndarray,
        pixel_m: float,
        distance_m: float,
        energy_eV: float,
    ) -> np.ndarray:
        """The part of the incident photons that is scattered into each pixel, on average; shape (ny, nx).

        Parameters
        ----------
        x_m, y_m : ndarray
            The pixels' middles, from where the direct beam hits the detector.
        pixel_m, distance_m : float
            Size of a pixel, and from the sample to the detector.
        """
        q = scattering_vector_per_m(x_m, y_m, distance_m, HC_EV_M / energy_eV)
        curve_q = np.linspace(q.min(), q.max(), CURVE_POINTS)
        curve = self.cross_section_per_m(curve_q, energy_eV)
        fraction = np.interp(q, curve_q, curve)
        fraction *= solid_angle_sr(x_m, y_m, distance_m, pixel_m)
        fraction *= self.thickness_m * self.transmission(energy_eV)
        return fraction


def _volume(radius_m: np.ndarray) -> np.ndarray:
    return 4 / 3 * pi * radius_m**3
