"""Optics' counterparts: a mirror's pitch in its feedback loop, a monochromator's energy, an undulator's brakes."""

from collections.abc import Mapping
from math import inf
from typing import Any, cast

from beamtwin.hardware.device import Device
from beamtwin.hardware.mirror import PitchLoop
from beamtwin.hardware.monochromator import DCM
from beamtwin.hardware.positioner import Transform
from beamtwin.hardware.undulator import Undulator
from beamtwin.orchestration.status import Status
from beamtwin.twin.counterparts.lag import FirstOrder, LagRecord
from beamtwin.twin.counterparts.motors import motor_fields
from beamtwin.twin.counterparts.populate import Builder, part_settings, populate
from beamtwin.twin.counterparts.soft_motor import SoftMotorRecord
from beamtwin.twin.database import Database
from beamtwin.twin.records import AoRecord, BiRecord, BoRecord, MotorRecord

__all__ = ["COUNTERPARTS", "Brakes", "build_dcm", "build_pitch", "build_undulator"]

#: Of a pitch about which nothing is said: in µrad, and in s.
PITCH: Mapping[str, Any] = {"EGU": "urad", "PREC": 3}
PITCH_TAU_S = 0.3

#: Of a monochromator about which nothing is said.
ENERGY_EV = 9000.0


def build_pitch(loop: PitchLoop, database: Database, settings: Mapping[str, Any]) -> None:
    """Add a set point, and a pitch that follows it as a first-order lag.

    Settings: ``VAL`` (µrad), ``tau_s``, and fields of the records.
    """
    fields = {key: value for key, value in settings.items() if key[:1].isupper()}
    value = fields.pop("VAL", 0.0)
    lag = FirstOrder(value, settings.get("tau_s", PITCH_TAU_S))
    readback = database.add(
        LagRecord(database.clock, f"{loop.prefix}Pos-I", lag, **{**PITCH, **fields})
    )
    database.add(
        AoRecord(
            database.clock,
            f"{loop.prefix}PID-SP",
            on_put=readback.send_to,
            VAL=value,
            **{**PITCH, **fields},
        )
    )


class Brakes:
    """The brakes of a gap: it does not move while they are engaged."""

    def __init__(
        self, database: Database, prefix: str, gap: MotorRecord, disengaged: bool, release_s: float
    ):
        states = {"ZNAM": "Engaged", "ONAM": "Disengaged", "VAL": int(disengaged)}
        clock = self._clock = database.clock
        self._gap = gap
        self._release_s = release_s
        self._status = database.add(BiRecord(clock, f"{prefix}}}BrakesDisengaged-Sts", **states))
        self._command = database.add(
            BoRecord(clock, f"{prefix}}}BrakesDisengaged-SP", on_put=self._operate, **states)
        )
        self._moves = False
        gap.stuck = not disengaged
        database.models[prefix] = self

    @property
    def under_way(self) -> str:
        """Whether they are about to change."""
        return "moves its brakes" if self._moves else ""

    def state(self) -> dict[str, Any]:
        """Nothing that their records, and the gap's, do not have."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Be as the records say."""
        self._gap.stuck = not self._status.values["VAL"]

    def _operate(self, disengaged: int) -> Status:
        """Begin to do so; it takes its time."""
        clock = self._clock
        done = Status(clock, name=f"{self._command.name}: brakes")

        self._moves = True

        def finish() -> None:
            self._moves = False
            self._status.post("VAL", disengaged)
            self._gap.stuck = not disengaged
            done.set_finished()

        clock.env.timeout(self._release_s).callbacks.append(lambda _: finish())
        return done


def build_undulator(undulator: Undulator, database: Database, settings: Mapping[str, Any]) -> None:
    """Add a gap and its brakes.

    Settings: of the gap, ``{"gap": {...}}``; ``brakes_disengaged`` at first (default: True), and ``release_s``.
    """
    populate(database, undulator.gap, part_settings(settings, "gap", undulator.gap))
    gap = cast(MotorRecord, database.records[undulator.gap.prefix])
    disengaged = bool(settings.get("brakes_disengaged", True))
    Brakes(database, undulator.prefix, gap, disengaged, settings.get("release_s", 1.0))


def build_dcm(dcm: DCM, database: Database, settings: Mapping[str, Any]) -> None:
    """Add the crystals' motors, and the soft motor that is the energy: where that is said to be, the Bragg angle is.

    Settings are the motors'; an energy in keV where its EGU says so.
    """
    defaults = {"EGU": "eV", "PREC": 2, "MRES": 1e-3, "LLM": 0.0, "HLM": 0.0}
    own = part_settings(settings, "energy", dcm.energy)
    energy = motor_fields({**defaults, **own})
    scale = 1e-3 if energy["EGU"] == "keV" else 1.0
    crystal = dcm.crystal
    bragg = dict(part_settings(settings, "bragg", dcm.bragg))
    if "VAL" in energy or "VAL" not in bragg:
        bragg["VAL"] = crystal.bragg_deg(energy.get("VAL", scale * ENERGY_EV) / scale)
    populate(database, dcm.bragg, {"EGU": "deg", "MRES": 1e-6, **bragg})
    link = cast(MotorRecord, database.records[dcm.bragg.prefix])
    transform = Transform(
        lambda bragg_deg: scale * crystal.energy_eV(bragg_deg) if bragg_deg > 0 else inf,
        lambda value, _: (crystal.bragg_deg(value / scale),),
    )
    database.add(SoftMotorRecord(database.clock, dcm.energy.prefix, [link], transform, **energy))


COUNTERPARTS: dict[type[Device], Builder] = {
    DCM: build_dcm,
    PitchLoop: build_pitch,
    Undulator: build_undulator,
}
