"""Energy: one axis for a beamline's monochromator and undulator."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from beamtwin.hardware.axes import PseudoPositioner
from beamtwin.hardware.channel import Transport
from beamtwin.hardware.device import sub
from beamtwin.hardware.monochromator import SI_111, Crystal
from beamtwin.hardware.motor import Motor
from beamtwin.hardware.positioner import PseudoAxis
from beamtwin.hardware.signals import Kind
from beamtwin.hardware.undulator import EnergyTable, Undulator

__all__ = ["Energy"]


class Energy(PseudoPositioner):
    """The photon energy in eV: the Bragg angle decides it, and the undulator's gap follows.

    ``energy.energy`` is the axis; ``energy.set({"energy": 9650.0})`` moves it too.

    Parameters
    ----------
    prefix : str
        The monochromator's.
    undulator : str
        The undulator's prefix.
    table : EnergyTable or path
        Of the undulator.
    d_spacing_A : float, optional
        Of the monochromator's crystals, in Å.
    harmonic : int, optional
        Default: the highest odd one for which the gap is within its limits.
    undulator_offset_eV : float, optional
        The harmonic is set this much higher than the monochromator: an undulator's flux peaks below its harmonic.
    track : bool
        Whether the gap follows. May be changed at any time, as ``harmonic`` and ``undulator_offset_eV``.
    """

    bragg: Motor = sub("-Ax:B}Mtr", kind=Kind.normal)

    motors = ("bragg", "undulator")
    axes = ("energy",)
    units: ClassVar[Mapping[str, str]] = {"energy": "eV"}
    energy: PseudoAxis
    undulator: Undulator

    def __init__(
        self,
        prefix: str,
        name: str,
        transport: Transport,
        *,
        undulator: str,
        table: EnergyTable | Path | str,
        d_spacing_A: float = SI_111.d_spacing_A,
        harmonic: int | None = None,
        undulator_offset_eV: float = 0.0,
        track: bool = True,
        release_brakes: bool = False,
        parent: Any = None,
    ):
        self._undulator_prefix = undulator
        self._undulator_arguments = {"table": table, "release_brakes": release_brakes}
        super().__init__(prefix, name, transport, parent=parent)
        self.crystal = Crystal(d_spacing_A)
        self.harmonic = harmonic
        self.undulator_offset_eV = undulator_offset_eV
        self.track = track

    def build_axes(self) -> None:
        """Make the undulator, and then the energy."""
        undulator = Undulator(
            self._undulator_prefix,
            f"{self.name}_undulator",
            self.transport,
            parent=self,
            **self._undulator_arguments,
        )
        undulator.kind = Kind.normal
        self.add("undulator", undulator)
        super().build_axes()

    def forward(self, *values: float) -> Sequence[float]:
        """Bragg angle in degrees and gap in mm, for an energy in eV."""
        (energy_eV,) = values
        bragg_deg = self.crystal.bragg_deg(energy_eV)
        if not self.track:
            return bragg_deg, self.undulator.user_setpoint.get()
        target_eV = energy_eV + self.undulator_offset_eV
        return bragg_deg, self.undulator.table.gap_for(target_eV, self.harmonic_for(target_eV))

    def inverse(self, *positions: float) -> Sequence[float]:
        """The energy in eV, from the Bragg angle in degrees."""
        return (self.crystal.energy_eV(positions[0]),)

    def harmonic_for(self, energy_eV: float) -> int:
        """The harmonic that is used."""
        if self.harmonic is not None:
            return self.harmonic
        low, high = self.undulator.gap.limits
        return self.undulator.table.harmonic_for(energy_eV, low if low < high else 0.0)
