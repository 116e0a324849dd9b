"""Detectors that give a current: ion chambers and photodiodes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import exp, expm1, sqrt

import numpy as np

from beamtwin.orchestration.errors import LimitsError
from beamtwin.twin.checks import check_at_least_zero, check_positive
from beamtwin.twin.constants import ELECTRON_CHARGE_C
from beamtwin.twin.detectors.sensor import Sensor

__all__ = ["GASES", "Diode", "Gas", "IonChamber", "fluctuating_A"]

#: J/(mol K), exact.
GAS_CONSTANT = 8.31446261815324

#: Mean energy for an electron-hole pair in silicon, by X-rays at room temperature (Scholze et al., J. Appl. Phys. 84
#: (1998) 2926).
SILICON_PAIR_EV = 3.66


@dataclass(frozen=True)
class Gas:
    """What an ion chamber is filled with."""

    composition: str
    """A formula that xraylib knows."""
    molar_mass_kg: float
    pair_energy_eV: float
    """W: the mean energy for an ion pair (ICRU report 31, for electrons)."""


#: By name.
GASES: Mapping[str, Gas] = {
    "He": Gas("He", 4.0026e-3, 41.3),
    "N2": Gas("N", 28.0134e-3, 34.8),
    "Ar": Gas("Ar", 39.948e-3, 26.4),
    "Kr": Gas("Kr", 83.798e-3, 24.4),
    "Xe": Gas("Xe", 131.293e-3, 22.1),
    "air": Gas("Air, Dry (near sea level)", 28.965e-3, 33.97),
}


@dataclass(frozen=True)
class IonChamber:
    """A parallel-plate chamber; the charges are all collected, and no pair recombines."""

    name: str
    plane: str
    """The element of the beamline behind which it stands."""
    gas: str = "N2"
    """One of `GASES`."""
    length_m: float = 0.1
    """Of the plates, along the beam."""
    pressure_Pa: float = 101_325.0
    temperature_K: float = 293.15
    dark_current_A: float = 0.0

    def __post_init__(self) -> None:
        if self.gas not in GASES:
            raise LimitsError(
                f"{self.name}: there is no gas {self.gas!r}; there are {', '.join(GASES)}"
            )
        check_positive(self.name, length_m=self.length_m, temperature_K=self.temperature_K)
        check_at_least_zero(self.name, pressure_Pa=self.pressure_Pa)

    def transmission(self, energy_eV: float) -> float:
        """The part of the photons that gets through its gas."""
        return exp(-self._depths(energy_eV)[0])

    def current_A(self, flux_ph_s: float, energy_eV: float) -> float:
        """Mean current: the energy that stays in the gas, over W; photons/s in front of it come in.

        Along the path the beam is attenuated by all that happens to it, and leaves mu_en / mu of that as energy.
        """
        check_at_least_zero(self.name, flux_ph_s=flux_ph_s)
        attenuated, absorbed = self._depths(energy_eV)
        share = -expm1(-attenuated) * absorbed / attenuated if attenuated else 0.0
        pairs = flux_ph_s * energy_eV * share / GASES[self.gas].pair_energy_eV
        return pairs * ELECTRON_CHARGE_C + self.dark_current_A

    def _depths(self, energy_eV: float) -> tuple[float, float]:
        """Of the gas: by all interactions, and by those that leave energy."""
        import xraylib

        gas = GASES[self.gas]
        # kg/m2, as g/cm2
        layer = self.pressure_Pa * gas.molar_mass_kg / (GAS_CONSTANT * self.temperature_K)
        layer *= 0.1 * self.length_m
        try:
            total = xraylib.CS_Total_CP(gas.composition, energy_eV * 1e-3)
            absorbed = xraylib.CS_Energy_CP(gas.composition, energy_eV * 1e-3)
        except ValueError as error:
            raise LimitsError(
                f"{self.name}: photon energy: {energy_eV:g} eV is outside xraylib's tables: {error}"
            ) from None
        return layer * total, layer * absorbed


@dataclass(frozen=True)
class Diode:
    """A PIN photodiode: each absorbed photon makes a pair for each 3.66 eV of its energy."""

    name: str
    plane: str
    """The element of the beamline behind which it stands."""
    sensor: Sensor = field(default=Sensor("Si", 300e-6))
    pair_energy_eV: float = SILICON_PAIR_EV
    dark_current_A: float = 0.0

    def __post_init__(self) -> None:
        check_positive(self.name, pair_energy_eV=self.pair_energy_eV)

    def current_A(self, flux_ph_s: float, energy_eV: float) -> float:
        """Mean current in this flux."""
        check_at_least_zero(self.name, flux_ph_s=flux_ph_s)
        pairs = flux_ph_s * self.sensor.efficiency(energy_eV) * energy_eV / self.pair_energy_eV
        return pairs * ELECTRON_CHARGE_C + self.dark_current_A


def fluctuating_A(
    mean_A: float,
    photons_s: float,
    integration_s: float,
    noise: np.random.Generator | None,
    *,
    electrometer_A: float = 0.0,
) -> float:
    """A current as it is read.

    Parameters
    ----------
    mean_A : float
    photons_s : float
        That make it: their number in the integration time is Poisson's.
    integration_s : float
    noise : numpy.random.Generator, optional
        Without it, the current is its mean.
    electrometer_A : float
        Rms of the electrometer's own noise in this time.
    """
    check_positive("electrometer", integration_s=integration_s)
    check_at_least_zero("electrometer", photons_s=photons_s, electrometer_A=electrometer_A)
    if noise is None:
        return mean_A
    shot = mean_A / sqrt(photons_s * integration_s) if photons_s else 0.0
    return float(mean_A + np.hypot(shot, electrometer_A) * noise.standard_normal())
