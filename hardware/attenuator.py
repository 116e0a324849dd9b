"""Attenuators: foils that let a wanted fraction of the beam pass."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import exp, inf, log
from typing import Any

from beamtwin.hardware.channel import Transport
from beamtwin.hardware.derived import DerivedR
from beamtwin.hardware.device import Device, pv, sub
from beamtwin.hardware.materials import attenuation_length_m
from beamtwin.hardware.motor import Motor
from beamtwin.hardware.signals import Document, Kind, SignalR, SignalRW, check_limits
from beamtwin.orchestration.errors import LimitsError
from beamtwin.orchestration.status import Status, gather

__all__ = ["CHX_FOILS", "Attenuator", "FilterBank", "FilterSlot", "Foil", "FoilLadder"]

Foils = tuple["Foil", ...]


@dataclass(frozen=True)
class Foil:
    """A foil, and where its ladder holds it in the beam."""

    material: str
    thickness_um: float
    position: float = 0.0

    def transmission(self, energy_eV: float) -> float:
        """The fraction of the beam that passes: Beer and Lambert."""
        if self.thickness_um == 0:
            return 1.0
        return exp(-self.thickness_um * 1e-6 / attenuation_length_m(self.material, energy_eV))


def _together(foils: Sequence[Foil], energy_eV: float) -> float:
    transmission = 1.0
    for foil in foils:
        transmission *= foil.transmission(energy_eV)
    return transmission


class Attenuator(Device):
    """Foils that are chosen for a transmission; subclasses say which there are, and how they are inserted.

    It is read, and set, as a transmission.

    Parameters
    ----------
    energy_pv : str, optional
        The PV of the photon energy in eV, such as the monochromator's readback.
    energy_eV : float, optional
        The photon energy, where there is no such PV.
    """

    def __init__(
        self,
        prefix: str,
        name: str,
        transport: Transport,
        *,
        energy_pv: str | None = None,
        energy_eV: float | None = None,
        parent: Any = None,
    ):
        super().__init__(prefix, name, transport, parent=parent)
        self._fixed_eV = energy_eV
        self.energy: SignalR[float] | None = None
        if energy_pv is not None:
            self.energy = SignalR(
                float, transport, energy_pv, name=f"{name}_energy", kind=Kind.config, parent=self
            )
            self.add("energy", self.energy)

    @property
    def energy_eV(self) -> float:
        """The photon energy; raises LimitsError where nobody has said."""
        if self.energy is not None:
            return self.energy.get()
        if self._fixed_eV is None:
            raise LimitsError(
                f"{self.name}: at which photon energy? Make it with energy_pv or energy_eV"
            )
        return self._fixed_eV

    # --- for subclasses

    def settings(self) -> Mapping[Hashable, Foils]:
        """Every way to set it, and the foils that are in the beam then."""
        raise NotImplementedError

    def setting(self, *, sent: bool = False) -> Hashable | None:
        """How it is set, or was ``sent``; None in between."""
        raise NotImplementedError

    def apply(self, setting: Any, timeout: float | None = None) -> Status:
        """Set it in one of the ways of `settings`."""
        raise NotImplementedError

    # --- transmissions

    @property
    def position(self) -> float:
        """The transmission as it is now; not a number in between."""
        return self._transmission_of(self.setting())

    def locate(self) -> Document:
        """The transmissions as it was sent, and as it is."""
        return {
            "setpoint": self._transmission_of(self.setting(sent=True)),
            "readback": self.position,
        }

    def choose(self, transmission: float, energy_eV: float | None = None) -> tuple[Any, float]:
        """The setting whose transmission is nearest, by ratio, and that transmission; for 0, the least there is."""
        energy = self.energy_eV if energy_eV is None else energy_eV
        offered = {way: _together(foils, energy) for way, foils in self.settings().items()}
        if transmission <= 0:
            return min(offered.items(), key=lambda entry: entry[1])
        return min(offered.items(), key=lambda entry: abs(_log(entry[1]) - log(transmission)))

    def check_value(self, value: float) -> None:
        """Raise `LimitsError` for what is no transmission."""
        check_limits(self.name, value, (0.0, 1.0), "", "transmission")

    def set(self, value: float, *, timeout: float | None = None) -> Status:
        """Insert the foils whose transmission is nearest to ``value``, at the photon energy as it is."""
        self.check_value(value)
        setting, _ = self.choose(value)
        return self.apply(setting, timeout)

    def stop(self, *, success: bool = False) -> None:
        """Stop what moves."""
        for part in self.children().values():
            if hasattr(part, "stop"):
                part.stop(success=success)

    def add_transmission(self, signals: Sequence[SignalR[Any]], foils_of: Any) -> None:
        """Have the transmission among the readings, computed from ``foils_of(*values)`` of signals."""

        def compute(*values: Any) -> float:
            *states, energy_eV = values if self.energy else (*values, self.energy_eV)
            foils = foils_of(*states)
            return float("nan") if foils is None else _together(foils, energy_eV)

        sources = [*signals, *([self.energy] if self.energy else [])]
        named = {signal.name: signal for signal in sources}
        self.add("transmission", DerivedR(self.name, compute, named, kind=Kind.hinted, parent=self))

    def _transmission_of(self, setting: Any) -> float:
        foils = None if setting is None else self.settings()[setting]
        return float("nan") if foils is None else _together(foils, self.energy_eV)


def _log(transmission: float) -> float:
    return log(transmission) if transmission > 0 else -inf


#: CHX's silicon foils behind its monitor (chxtools' ``attfuncs2``); its empty place is at -18.5 mm.
CHX_FOILS: Foils = (
    Foil("Si", 0.0, -18.5),
    *(Foil("Si", 200.0 * n, -18.5 + 0.75 + 2.0 * n) for n in range(1, 10)),
)


class FoilLadder(Attenuator):
    """Foils beside one another on one motor; its motor is the device's prefix.

    Parameters
    ----------
    foils : sequence of Foil, or of mapping
        With their positions; one of no thickness is the empty place.
    tolerance : float
        How far from its position a foil still covers the beam.
    """

    motor: Motor = sub("", kind=Kind.normal)

    def __init__(
        self,
        prefix: str,
        name: str,
        transport: Transport,
        *,
        foils: Sequence[Foil | Mapping[str, Any]] = CHX_FOILS,
        tolerance: float = 0.5,
        **arguments: Any,
    ):
        super().__init__(prefix, name, transport, **arguments)
        self.foils = tuple(foil if isinstance(foil, Foil) else Foil(**foil) for foil in foils)
        self.tolerance = tolerance
        if self.energy is not None or self._fixed_eV is not None:
            self.add_transmission([self.motor.user_readback], self._foils_at)

    def settings(self) -> Mapping[Hashable, Foils]:
        """A foil each."""
        return {index: (foil,) for index, foil in enumerate(self.foils)}

    def setting(self, *, sent: bool = False) -> int | None:
        """Which foil is in the beam."""
        signal = self.motor.user_setpoint if sent else self.motor.user_readback
        return self._index_at(signal.get())

    def apply(self, setting: int, timeout: float | None = None) -> Status:
        """Move a foil into the beam."""
        return self.motor.set(self.foils[setting].position, timeout=timeout)

    def _index_at(self, position: float) -> int | None:
        for index, foil in enumerate(self.foils):
            if abs(foil.position - position) <= self.tolerance:
                return index
        return None

    def _foils_at(self, position: float) -> Foils | None:
        index = self._index_at(position)
        return None if index is None else (self.foils[index],)


class FilterSlot(Device):
    """One of a `FilterBank`'s foils, which compressed air moves in or out."""

    inserted: SignalRW[bool] = pv("Set", kind=Kind.normal)
    material: SignalRW[str] = pv("Material", kind=Kind.config)
    thickness_um: SignalRW[float] = pv("Thickness", kind=Kind.config)

    def foil(self) -> Foil:
        """What it holds."""
        return Foil(self.material.get(), self.thickness_um.get())


class FilterBank(Attenuator):
    """Foils that go in and out one by one: the PVs of synApps' ``filterDrive``, whose own choice is not used.

    Parameters
    ----------
    slots : int
        How many there are, numbered from 1.
    """

    def __init__(
        self, prefix: str, name: str, transport: Transport, *, slots: int = 4, **arguments: Any
    ):
        super().__init__(prefix, name, transport, **arguments)
        self.slots: tuple[FilterSlot, ...] = tuple(
            self._add_slot(number) for number in range(1, slots + 1)
        )
        if self.energy is not None or self._fixed_eV is not None:
            self.add_transmission([slot.inserted for slot in self.slots], self._foils_of)

    def settings(self) -> Mapping[Hashable, Foils]:
        """Every combination of its slots."""
        foils = [slot.foil() for slot in self.slots]
        return {
            states: tuple(foil for foil, is_in in zip(foils, states, strict=True) if is_in)
            for states in product((False, True), repeat=len(foils))
        }

    def setting(self, *, sent: bool = False) -> tuple[bool, ...]:
        """Which slots are in the beam."""
        return tuple(slot.inserted.get() for slot in self.slots)

    def apply(self, setting: tuple[bool, ...], timeout: float | None = None) -> Status:
        """Move slots in and out."""
        puts = [
            slot.inserted.set(is_in, timeout=timeout)
            for slot, is_in in zip(self.slots, setting, strict=True)
        ]
        return gather(self.clock, puts, f"{self.name}: set filters")

    def _foils_of(self, *states: int) -> Foils:
        return tuple(slot.foil() for slot, is_in in zip(self.slots, states, strict=True) if is_in)

    def _add_slot(self, number: int) -> FilterSlot:
        slot = FilterSlot(
            f"{self.prefix}Fi{number}:", f"{self.name}_filter{number}", self.transport, parent=self
        )
        self.add(f"filter{number}", slot)
        return slot
