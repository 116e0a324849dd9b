"""A bending magnet: the light of electrons on an arc.

With the critical energy ``E_c = 3 hbar gamma^2 e B / 2 m`` and ``y = E / E_c`` (K.-J. Kim, AIP Conf. Proc. 184
(1989) 565; X-Ray Data Booklet, section 2.1):

- all that one milliradian of the arc sends, at any height: ``sqrt(3) alpha gamma I G1(y) / 2 pi e`` per relative
  bandwidth and radian, ``G1(y) = y * integral of K5/3 from y on``;
- at the angle ``psi`` above the orbit's plane, per radian in both directions:
  ``3 alpha gamma^2 I y^2 (1 + X^2)^2 [K2/3(xi)^2 + X^2 / (1 + X^2) K1/3(xi)^2] / 4 pi^2 e``,
  ``X = gamma psi``, ``xi = y (1 + X^2)^(3/2) / 2``.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import pi, sqrt

import numpy as np

from beamtwin.twin.constants import (
    ELECTRON_CHARGE_C,
    ELECTRON_REST_ENERGY_EV,
    FINE_STRUCTURE,
    HC_EV_M,
    SPEED_OF_LIGHT_M_S,
)
from beamtwin.twin.ring import ElectronBeam

__all__ = ["BendingMagnet", "universal_flux"]

#: Fluxes are per this relative bandwidth.
BAND = 1e-3

#: Light whose xi is larger than this, exp(-2 xi) of what is on the axis, is none.
DARK_XI = 20.0


@dataclass(frozen=True)
class BendingMagnet:
    """A vertical field that bends electrons to one side; the beamline's axis is the tangent at its middle, z = 0."""

    name: str
    field_T: float
    length_m: float
    """Along the arc."""

    def radius_m(self, beam: ElectronBeam) -> float:
        """Of the orbit: gamma m c / e B."""
        return beam.gamma * ELECTRON_REST_ENERGY_EV / (SPEED_OF_LIGHT_M_S * abs(self.field_T))

    def critical_energy_eV(self, beam: ElectronBeam) -> float:
        """Half of the power is in photons above it."""
        hbar_per_mass = HC_EV_M * SPEED_OF_LIGHT_M_S / (2 * pi * ELECTRON_REST_ENERGY_EV)
        return 1.5 * hbar_per_mass * beam.gamma**2 * abs(self.field_T)

    def flux_per_rad(self, beam: ElectronBeam, energy_eV: float) -> float:
        """Photons/s/0.1 % per radian of the horizontal angle, at any height."""
        relative = energy_eV / self.critical_energy_eV(beam)
        strength = sqrt(3) / (2 * pi) * FINE_STRUCTURE * beam.gamma * BAND * _electrons_s(beam)
        return strength * universal_flux(relative)

    def density_per_rad2(
        self, beam: ElectronBeam, energy_eV: float, angle_rad: np.ndarray
    ) -> np.ndarray:
        """Photons/s/0.1 %/rad^2 of electrons without size, at angles above the orbit's plane."""
        from scipy.special import kv

        relative = energy_eV / self.critical_energy_eV(beam)
        across2 = (beam.gamma * np.asarray(angle_rad)) ** 2
        xi = relative / 2 * (1 + across2) ** 1.5
        shape = (1 + across2) ** 2 * kv(2 / 3, xi) ** 2
        shape += (1 + across2) * across2 * kv(1 / 3, xi) ** 2
        strength = 3 / (4 * pi**2) * FINE_STRUCTURE * beam.gamma**2 * BAND * _electrons_s(beam)
        return strength * relative**2 * shape

    def reach_rad(self, beam: ElectronBeam, energy_eV: float) -> float:
        """The angle above the orbit's plane beyond which it is dark."""
        relative = energy_eV / self.critical_energy_eV(beam)
        return sqrt((2 * (DARK_XI / relative + 0.5)) ** (2 / 3) - 1) / beam.gamma

    def divergence_rad(self, beam: ElectronBeam, energy_eV: float) -> float:
        """Of one electron's light above and below the orbit's plane, rms."""
        reach_rad = self.reach_rad(beam, energy_eV)
        angle_rad = np.linspace(-reach_rad, reach_rad, 1001)
        density = self.density_per_rad2(beam, energy_eV, angle_rad)
        return sqrt(float(density @ angle_rad**2 / density.sum()))


@lru_cache
def universal_flux(relative: float) -> float:
    """G1(y), y the photon energy in units of the critical one."""
    from scipy.integrate import quad
    from scipy.special import kv

    integral, _ = quad(lambda x: kv(5 / 3, x), relative, relative + 40, epsrel=1e-8, limit=200)
    return relative * integral


def _electrons_s(beam: ElectronBeam) -> float:
    return beam.current_A / ELECTRON_CHARGE_C
