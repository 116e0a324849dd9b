"""Powders: Debye's rings on a flat detector."""

from dataclasses import dataclass

import numpy as np

from beamtwin.twin.checks import check_positive
from beamtwin.twin.constants import HC_EV_M
from beamtwin.twin.samples.crystal import Crystal
from beamtwin.twin.samples.geometry import scattering_angle_rad

__all__ = ["Powder"]

#: Points of the curve from which an image is made, for each width of a line.
POINTS_PER_WIDTH = 8


@dataclass(frozen=True)
class Powder:
    """Many small crystals in all directions.

    Lines are Gaussian. Intensities are relative: multiplicity times |F|^2 times the Lorentz factor of a flat detector,
    1 / (4 sin^2(theta) cos(theta)); polarization, absorption and texture are left out.
    """

    crystal: Crystal
    width_rad: float = 5e-4
    """Of each line in 2 theta, at half its height."""

    def __post_init__(self) -> None:
        check_positive("powder", width_rad=self.width_rad)

    def curve(self, two_theta_rad: np.ndarray, energy_eV: float) -> np.ndarray:
        """Intensity per solid angle over the angle, 1 at the top of the strongest line of all up to the largest angle.

        Parameters
        ----------
        two_theta_rad : ndarray, shape (n,)
            Below pi.
        """
        wavelength = HC_EV_M / energy_eV
        largest = min(float(np.max(two_theta_rad)) + 3 * self.width_rad, np.pi)
        lines = self.crystal.reflections(energy_eV, wavelength / (2 * np.sin(largest / 2)))
        total = np.zeros(np.shape(two_theta_rad))
        sigma = self.width_rad / (8 * np.log(2)) ** 0.5
        strongest = 0.0
        for line in lines:
            middle = line.two_theta_rad(wavelength)
            strength = line.strength / (np.sin(middle / 2) * np.sin(middle))
            strongest = max(strongest, strength)
            total += strength * np.exp(-(((two_theta_rad - middle) / sigma) ** 2) / 2)
        return total / strongest if strongest else total

    def rings(
        self, x_m: np.ndarray, y_m: np.ndarray, distance_m: float, energy_eV: float
    ) -> np.ndarray:
        """The curve at each pixel of a flat detector; shape (ny, nx).

        Parameters
        ----------
        x_m, y_m : ndarray
            The pixels' middles, from where the direct beam hits the detector.
        """
        angle = scattering_angle_rad(x_m, y_m, distance_m)
        span = float(angle.max() - angle.min())
        points = 2 + int(span / self.width_rad * POINTS_PER_WIDTH)
        axis = np.linspace(angle.min(), angle.max(), points)
        return np.interp(angle, axis, self.curve(axis, energy_eV))
