"""Sources, and of them the undulator: from its gap to its field, and from its field to the energies at which it shines.

On the axis of a planar undulator with period ``u`` the harmonic ``n`` has the energy
``E_n = 2 n gamma^2 h c / (u (1 + K^2 / 2))``, with ``K = e B u / (2 pi m c)`` (X-ray Data Booklet, section 2.1).
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import exp, log, nan, pi, sqrt
from pathlib import Path

import numpy as np

from beamtwin.orchestration.errors import LimitsError
from beamtwin.twin.bending_magnet import BendingMagnet
from beamtwin.twin.constants import HC_EV_M, K_PER_TESLA_METRE
from beamtwin.twin.gaussian_beam import GaussianBeam
from beamtwin.twin.ring import ElectronBeam

__all__ = [
    "FieldUndulator",
    "GapTable",
    "PlanarUndulator",
    "Source",
    "Undulator",
    "deflection_for_energy",
    "deflection_parameter",
    "gap_energy_residuals_eV",
    "harmonic_energy_eV",
    "natural_divergence_rad",
    "natural_source_size_m",
]


def deflection_parameter(field_T: float, period_m: float) -> float:
    """K of a peak field."""
    return K_PER_TESLA_METRE * field_T * period_m


def harmonic_energy_eV(gamma: float, period_m: float, K: float, harmonic: int = 1) -> float:
    """Photon energy of a harmonic on the axis."""
    return 2 * harmonic * gamma**2 * HC_EV_M / (period_m * (1 + K**2 / 2))


def deflection_for_energy(gamma: float, period_m: float, energy_eV: float, harmonic: int) -> float:
    """K at which a harmonic has this energy.

    Raises
    ------
    LimitsError
        Where even K = 0 gives less.
    """
    highest_eV = harmonic_energy_eV(gamma, period_m, 0.0, harmonic)
    if not 0 < energy_eV < highest_eV:
        raise LimitsError(
            f"photon energy: {energy_eV:g} eV is outside (0, {highest_eV:g}) eV "
            f"(harmonic {harmonic} of a period of {period_m * 1e3:g} mm): take another harmonic"
        )
    return sqrt(2 * (highest_eV / energy_eV - 1))


def natural_divergence_rad(wavelength_m: float, length_m: float) -> float:
    """One electron's rms opening angle, sqrt(wavelength / 2 L) (Kim, AIP Conf. Proc. 184 (1989) 565)."""
    return sqrt(wavelength_m / (2 * length_m))


def natural_source_size_m(wavelength_m: float, length_m: float) -> float:
    """One electron's rms source size, sqrt(2 wavelength L) / 4 pi (Kim, as above)."""
    return sqrt(2 * wavelength_m * length_m) / (4 * pi)


@dataclass(frozen=True)
class GapTable:
    """K against gap, as measured: gaps ascending, ln K linear in between."""

    gap_m: tuple[float, ...]
    K: tuple[float, ...]

    @classmethod
    def from_csv(cls, path: Path) -> "GapTable":
        """Read the columns ``gap_mm`` and ``k``; lines that begin with ``#`` are comments."""
        with path.open(newline="") as file:
            rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
        return cls(
            gap_m=tuple(float(row["gap_mm"]) * 1e-3 for row in rows),
            K=tuple(float(row["k"]) for row in rows),
        )

    @cached_property
    def _gaps(self) -> np.ndarray:
        return np.array(self.gap_m)

    @cached_property
    def _log_K(self) -> np.ndarray:
        return np.log(self.K)

    def K_at(self, gap_m: float) -> float:
        """K at a gap; raises LimitsError outside the table."""
        self._check("gap", gap_m * 1e3, self.gap_m[0] * 1e3, self.gap_m[-1] * 1e3, " mm")
        return exp(np.interp(gap_m, self._gaps, self._log_K))

    def gap_at(self, K: float) -> float:
        """The gap that gives K; raises LimitsError outside the table."""
        self._check("K", K, self.K[-1], self.K[0], "")
        return float(np.interp(-log(K), -self._log_K, self._gaps))

    def _check(self, what: str, value: float, low: float, high: float, unit: str) -> None:
        if not low <= value <= high:
            raise LimitsError(
                f"undulator {what}: {value:.6g}{unit} is outside [{low:g}, {high:g}]{unit} "
                "(the range of its table of K against gap)"
            )


class _Planar:
    """What all planar undulators have, once their K is known."""

    period_m: float
    length_m: float

    @property
    def K(self) -> float:
        """The deflection parameter."""
        raise NotImplementedError

    @property
    def field_T(self) -> float:
        """Peak field on the axis."""
        return self.K / (K_PER_TESLA_METRE * self.period_m)

    @property
    def periods(self) -> int:
        """How many periods there are."""
        return round(self.length_m / self.period_m)

    def harmonic_energy_eV(self, beam: ElectronBeam, harmonic: int = 1) -> float:
        """Photon energy of a harmonic on the axis."""
        return harmonic_energy_eV(beam.gamma, self.period_m, self.K, harmonic)

    def harmonic_near(self, beam: ElectronBeam, energy_eV: float) -> int:
        """The odd harmonic whose energy is next to this one."""
        return max(1, 2 * round((energy_eV / self.harmonic_energy_eV(beam) - 1) / 2) + 1)


@dataclass(frozen=True)
class FieldUndulator(_Planar):
    """A planar undulator with a vertical field of a given strength; its middle is the beamline's z = 0."""

    name: str
    period_m: float
    length_m: float
    peak_field_T: float

    @property
    def K(self) -> float:
        """The deflection parameter."""
        return deflection_parameter(self.peak_field_T, self.period_m)


@dataclass(frozen=True)
class Undulator(_Planar):
    """A planar undulator with a vertical field; its middle is the beamline's z = 0.

    The table was measured in a laboratory; the beamline's gap encoder and energy scale differ from it.
    ``E_1(gap) = energy_scale * E_1,table(gap + gap_offset_m)`` is how the two are brought together.
    """

    name: str
    period_m: float
    length_m: float
    gap_m: float
    table: GapTable
    gap_offset_m: float = 0.0
    energy_scale: float = 1.0

    @property
    def K(self) -> float:
        """The deflection parameter at this gap, after calibration."""
        table_K = self.table.K_at(self.gap_m + self.gap_offset_m)
        return sqrt(2 * ((1 + table_K**2 / 2) / self.energy_scale - 1))

    def tuned_to(self, energy_eV: float, harmonic: int, beam: ElectronBeam) -> "Undulator":
        """The same undulator at the gap at which a harmonic has this energy."""
        K = deflection_for_energy(beam.gamma, self.period_m, energy_eV, harmonic)
        table_K = sqrt(2 * ((1 + K**2 / 2) * self.energy_scale - 1))
        return replace(self, gap_m=self.table.gap_at(table_K) - self.gap_offset_m)


def gap_energy_residuals_eV(
    source: Undulator,
    beam: ElectronBeam,
    gaps_m: Sequence[float],
    energies_eV: Sequence[float],
    harmonic: int = 1,
) -> np.ndarray:
    """How far a harmonic's energy at each gap is above a measured one; gaps outside the table give NaN."""

    def energy_eV(gap_m: float) -> float:
        try:
            return replace(source, gap_m=gap_m).harmonic_energy_eV(beam, harmonic)
        except LimitsError:
            return nan

    return np.array([energy_eV(gap_m) for gap_m in gaps_m]) - np.asarray(energies_eV)


PlanarUndulator = Undulator | FieldUndulator

#: What a beamline begins with.
Source = PlanarUndulator | BendingMagnet | GaussianBeam
