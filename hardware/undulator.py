"""Undulators: a gap that moves once its brakes are off, and the energies that it shines at."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from beamtwin.hardware.channel import Transport
from beamtwin.hardware.device import Device, pv, sub
from beamtwin.hardware.motor import Motor
from beamtwin.hardware.sequence import Steps, sequence
from beamtwin.hardware.signals import Document, Kind, SignalR, SignalRW
from beamtwin.orchestration.errors import LimitsError, MoveError
from beamtwin.orchestration.status import Status

__all__ = ["EnergyTable", "Undulator"]

#: Seconds that brakes may take to open.
BRAKES_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class EnergyTable:
    """First-harmonic energy against gap, as measured; in between a monotonic cubic (Fritsch and Carlson 1980, PCHIP).

    Parameters
    ----------
    gap_mm, e1_eV : tuple of float
        Ascending, both.
    """

    gap_mm: tuple[float, ...]
    e1_eV: tuple[float, ...]

    @classmethod
    def from_csv(cls, path: Path | str) -> "EnergyTable":
        """Read the columns ``gap_mm`` and ``e1_keV``; lines that begin with ``#`` are comments."""
        with Path(path).open(newline="") as file:
            rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
        return cls(
            gap_mm=tuple(float(row["gap_mm"]) for row in rows),
            e1_eV=tuple(float(row["e1_keV"]) * 1e3 for row in rows),
        )

    def energy_eV(self, gap_mm: float, harmonic: int = 1) -> float:
        """Photon energy of a harmonic at a gap; raises LimitsError outside the table."""
        _check("gap", gap_mm, self.gap_mm[0], self.gap_mm[-1], "mm")
        return harmonic * float(self._energy_of_gap(gap_mm))

    def gap_for(self, energy_eV: float, harmonic: int = 1) -> float:
        """The gap in mm at which a harmonic has this energy; raises LimitsError outside the table."""
        low, high = (harmonic * energy for energy in (self.e1_eV[0], self.e1_eV[-1]))
        _check(f"energy of harmonic {harmonic}", energy_eV, low, high, "eV")
        return float(self._gap_of_energy(energy_eV / harmonic))

    def harmonic_for(self, energy_eV: float, lowest_gap_mm: float = 0.0) -> int:
        """The highest odd harmonic that reaches this energy at ``lowest_gap_mm`` or more.

        The higher the harmonic, the smaller the gap and the brighter the beam.
        """
        lowest_eV = self.energy_eV(max(lowest_gap_mm, self.gap_mm[0]))
        harmonic = int(energy_eV / lowest_eV)
        harmonic -= 1 - harmonic % 2
        if harmonic < 1:
            raise LimitsError(
                f"photon energy: {energy_eV:g} eV is below {lowest_eV:g} eV, the least that the undulator reaches"
            )
        return harmonic

    @cached_property
    def _energy_of_gap(self) -> Any:
        from scipy.interpolate import PchipInterpolator

        return PchipInterpolator(self.gap_mm, self.e1_eV)

    @cached_property
    def _gap_of_energy(self) -> Any:
        from scipy.interpolate import PchipInterpolator

        return PchipInterpolator(self.e1_eV, self.gap_mm)


def _check(what: str, value: float, low: float, high: float, unit: str) -> None:
    if not low <= value <= high:
        raise LimitsError(
            f"undulator {what}: {value:.6g} {unit} is outside [{low:.6g}, {high:.6g}] {unit} (the range of its table)"
        )


class Undulator(Device):
    """An in-vacuum undulator of NSLS-II: a gap, and brakes that must be off for it to move.

    It is an axis itself: setting it sets the gap.

    Parameters
    ----------
    table : EnergyTable or path, optional
        What `energy_eV` and `gap_for` go by; a path is of a file as `EnergyTable.from_csv` reads it.
    release_brakes : bool
        Release the brakes before each move, as NSLS-II's profiles do; else a move with engaged brakes is refused.
    """

    gap: Motor = sub("-Ax:Gap}-Mtr")
    brakes_disengaged: SignalRW[bool] = pv(
        "}BrakesDisengaged-SP", readback="}BrakesDisengaged-Sts", kind=Kind.config
    )

    def __init__(
        self,
        prefix: str,
        name: str,
        transport: Transport,
        *,
        table: EnergyTable | Path | str | None = None,
        release_brakes: bool = False,
        parent: Any = None,
    ):
        super().__init__(prefix, name, transport, parent=parent)
        self._table = EnergyTable.from_csv(table) if isinstance(table, Path | str) else table
        self._release = release_brakes

    @property
    def table(self) -> EnergyTable:
        """Energies by gap; raises LimitsError where none was given."""
        if self._table is None:
            raise LimitsError(
                f"{self.name}: it has no table of energies against gap: Undulator(..., table=...)"
            )
        return self._table

    @property
    def user_readback(self) -> SignalR[float]:
        """The gap's."""
        return self.gap.user_readback

    @property
    def user_setpoint(self) -> SignalRW[float]:
        """The gap's."""
        return self.gap.user_setpoint

    @property
    def position(self) -> float:
        """The gap, in `egu`."""
        return self.gap.position

    @property
    def egu(self) -> str:
        """The unit of the gap."""
        return self.gap.egu

    @property
    def moving(self) -> bool:
        """Whether the gap moves."""
        return self.gap.moving

    def locate(self) -> Document:
        """Where the gap was sent, and where it is."""
        return self.gap.locate()

    def targets(self, value: float, planned: Mapping[Any, float]) -> "dict[Undulator, float]":
        """Which axes go where for the gap to be ``value``: itself."""
        return {self: value}

    def check_value(self, value: float) -> None:
        """Raise `LimitsError` for a gap that is outside its soft limits."""
        self.gap.check_value(value)

    def set(self, value: float, *, timeout: float | None = None) -> Status:
        """Move the gap; see `Motor.set`.

        Raises
        ------
        MoveError
            Where the brakes are engaged.
        """
        self.check_value(value)
        if self.brakes_disengaged.get():
            return self.gap.set(value, timeout=timeout)
        if self._release:
            name = f"{self.name}: move to {value:g} {self.egu}"
            return sequence(self.clock, self._released(value, timeout), name)
        raise MoveError(
            f"{self.name}: cannot go to {value:g} {self.egu}: its brakes are engaged"
            f" ({self.brakes_disengaged.readback.name}); {self.name}.brakes_disengaged.set(True) releases them"
        )

    def stop(self, *, success: bool = False) -> None:
        """Stop the gap."""
        self.gap.stop(success=success)

    def energy_eV(self, harmonic: int = 1) -> float:
        """Photon energy of a harmonic, at the gap as it is."""
        return self.table.energy_eV(self.gap.position, harmonic)

    def _released(self, value: float, timeout: float | None) -> Steps:
        yield self.brakes_disengaged.set(True)
        yield self.brakes_disengaged.when(bool, BRAKES_TIMEOUT_S)
        yield self.gap.set(value, timeout=timeout)
