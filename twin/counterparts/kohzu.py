"""The counterpart of a monochromator under synApps' sequence program ``kohzuSeq``."""

from collections.abc import Callable, Mapping
from typing import Any

import simpy

from beamtwin.hardware.device import Device
from beamtwin.hardware.monochromator import HC_EV_A, SI_111, Crystal, KohzuMonochromator
from beamtwin.orchestration.status import Status
from beamtwin.twin.counterparts.derived import SampledRecord
from beamtwin.twin.counterparts.lag import FirstOrder
from beamtwin.twin.counterparts.populate import Builder
from beamtwin.twin.database import Database
from beamtwin.twin.records import AoRecord, BiRecord, BoRecord

__all__ = ["COUNTERPARTS", "KohzuRecords"]

MANUAL, AUTO = 0, 1


class KohzuRecords:
    """Energy, angle and wavelength that say the same, and crystals that turn at a constant speed when they are told to.

    Settings: ``energy_keV`` at first, ``d_spacing_A``, ``speed`` in degrees/s.
    """

    def __init__(self, database: Database, prefix: str, settings: Mapping[str, Any]):
        clock = self._clock = database.clock
        crystal = Crystal(settings.get("d_spacing_A", SI_111.d_spacing_A))
        angle = crystal.bragg_deg(1e3 * settings.get("energy_keV", 9.0))
        self._theta = FirstOrder(angle, tau_s=0.0, rate=settings.get("speed", 0.2))
        self._completion: Status | None = None
        #: By the PV's part: its unit, the value of an angle, and the angle of a value.
        quantities: Mapping[str, tuple[str, Callable[[float], float], Callable[[float], float]]] = {
            "BraggE": (
                "keV",
                lambda theta: 1e-3 * crystal.energy_eV(theta),
                lambda energy: crystal.bragg_deg(1e3 * energy),
            ),
            "BraggTheta": ("deg", lambda theta: theta, lambda theta: theta),
            "BraggLambda": (
                "A",
                lambda theta: HC_EV_A / crystal.energy_eV(theta),
                lambda wavelength: crystal.bragg_deg(HC_EV_A / wavelength),
            ),
        }
        self._setpoints: dict[str, AoRecord] = {}
        self._values = {name: value for name, (_, value, _) in quantities.items()}
        for name, (unit, value, angle_of) in quantities.items():
            fields = {"EGU": unit, "PREC": 4}
            self._setpoints[name] = database.add(
                AoRecord(
                    clock,
                    f"{prefix}{name}AO",
                    on_put=lambda wanted, angle_of=angle_of: self._set(angle_of(wanted)),
                    VAL=value(angle),
                    **fields,
                )
            )
            database.add(
                SampledRecord(
                    clock,
                    f"{prefix}{name}RdbkAO",
                    lambda value=value: value(self._theta.value(clock.env.now)),
                    period_s=0.1,
                    **fields,
                )
            )
        self._wanted = angle
        database.models[prefix] = self
        states: dict[str, Any] = {"ZNAM": "Done", "ONAM": "Busy"}
        self._moving = database.add(BiRecord(clock, f"{prefix}KohzuMoving", **states))
        self._mode = database.add(
            BoRecord(clock, f"{prefix}KohzuModeBO", ZNAM="Manual", ONAM="Auto")
        )
        database.add(BoRecord(clock, f"{prefix}KohzuPutBO", on_put=self._go, **states))
        stop = BoRecord(clock, f"{prefix}allstop", on_put=self._stop, ZNAM="0", ONAM="stop")
        database.add(stop)

    @property
    def under_way(self) -> str:
        """Where it turns to; nothing at rest."""
        return "" if self._completion is None else f"turns to {self._theta.target:g} deg"

    def state(self) -> dict[str, Any]:
        """What is needed to restore it at rest."""
        return {"theta": self._theta.state(), "wanted": self._wanted}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Be where it was."""
        self._theta.restore(state["theta"])
        self._wanted = state["wanted"]

    def _set(self, angle: float) -> Status | None:
        """Say so in the other ways, and go there where the mode is automatic."""
        self._wanted = angle
        for name, record in self._setpoints.items():
            record.post("VAL", self._values[name](angle))
        return self._go(1) if self._mode.values["VAL"] == AUTO else None

    def _go(self, value: int) -> Status | None:
        if not value:
            return self._completion
        now = self._clock.env.now
        self._theta.send(now, self._wanted)
        if self._completion is None:
            self._completion = Status(self._clock, name="kohzu: move")
        self._moving.post("VAL", 1)
        left = abs(self._wanted - self._theta.value(now)) / self._theta.rate
        event = self._clock.env.timeout(left, self._wanted)
        event.callbacks.append(self._arrived)
        return self._completion

    def _arrived(self, event: simpy.Event) -> None:
        if event.value == self._theta.target:  # else it has been sent elsewhere since, or stopped
            self._finish()

    def _stop(self, value: int) -> None:
        if value and self._completion is not None:
            self._theta.hold(self._clock.env.now)
            self._finish()

    def _finish(self) -> None:
        completion, self._completion = self._completion, None
        self._moving.post("VAL", 0)
        if completion is not None:
            completion.set_finished()


def _build(mono: KohzuMonochromator, database: Database, settings: Mapping[str, Any]) -> None:
    KohzuRecords(database, mono.prefix, settings)


COUNTERPARTS: dict[type[Device], Builder] = {KohzuMonochromator: _build}
