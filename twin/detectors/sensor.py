"""Sensors: the part of the photons that they stop, from xraylib's cross-sections."""

from dataclasses import dataclass
from math import exp, expm1

from beamtwin.hardware.materials import attenuation_length_m, photoabsorption_length_m
from beamtwin.twin.checks import check_at_least_zero, check_positive

__all__ = ["Sensor"]


@dataclass(frozen=True)
class Sensor:
    """A layer that detects, perhaps behind a layer that does not."""

    material: str
    """Of `beamtwin.hardware.materials`, like ``"Si"`` or ``"CdTe"``; a scintillator's like ``"LuAG"``."""
    thickness_m: float
    window: str = "Si"
    window_thickness_m: float = 0.0
    """Of the entrance window or dead layer."""

    def __post_init__(self) -> None:
        check_positive("sensor", thickness_m=self.thickness_m)
        check_at_least_zero("sensor", window_thickness_m=self.window_thickness_m)

    def efficiency(self, energy_eV: float) -> float:
        """The part of the photons that the sensor absorbs by the photoelectric effect."""
        absorbed = -expm1(-self.thickness_m / photoabsorption_length_m(self.material, energy_eV))
        return absorbed * exp(
            -self.window_thickness_m / attenuation_length_m(self.window, energy_eV)
        )
