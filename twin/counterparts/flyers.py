"""Position compare's counterpart: a Zebra that watches motors' stages."""

from collections.abc import Callable, Mapping
from math import inf
from typing import Any

import simpy

from beamtwin.hardware.channel import Reading
from beamtwin.hardware.device import Device
from beamtwin.hardware.zebra import Zebra
from beamtwin.orchestration.errors import DeclarationError
from beamtwin.twin.counterparts.pairs import CHOICE, REAL, WHOLE, Pair, add_pair
from beamtwin.twin.counterparts.populate import Builder
from beamtwin.twin.database import Database
from beamtwin.twin.record import Record
from beamtwin.twin.records import (
    BiRecord,
    BoRecord,
    LonginRecord,
    MotorRecord,
    WaveformRecord,
)

__all__ = ["COUNTERPARTS", "PositionCompare", "build_zebra"]

CAPACITY = 100_000

ENCODERS = ("Enc1", "Enc2", "Enc3", "Enc4")
CHOICES: Mapping[str, tuple[str, ...]] = {
    "PC_ENC": (*ENCODERS, "Enc1-4Av"),
    "PC_DIR": ("Positive", "Negative"),
    "PC_GATE_SEL": ("Position", "Time", "External"),
    "PC_PULSE_SEL": ("Position", "Time", "External"),
    "PC_TSPRE": ("ms", "s", "10s"),
}
REALS = ("PC_GATE_START", "PC_GATE_WID", "PC_PULSE_START", "PC_PULSE_WID", "PC_PULSE_STEP")
WHOLES = ("PC_GATE_NGATE", "PC_PULSE_MAX")
UNITS_S = (1e-3, 1.0, 10.0)


class PositionCompare:
    """Pulses at positions of a motor's stage: each an event on the timeline, at its exact time, while it is armed.

    Parameters
    ----------
    database : Database
    prefix : str
    encoders : mapping of int to str
        Encoder to the PV of the motor whose stage it reads.

    Attributes
    ----------
    on_pulse : list of callable
        Called with the position of each pulse: what it triggers.
    """

    def __init__(self, database: Database, prefix: str, encoders: Mapping[int, str]):
        self._database = database
        self._clock = database.clock
        self._prefix = prefix
        self._encoders = encoders
        self.on_pulse: list[Callable[[float], object]] = []
        self._armed_at = 0.0
        self._next = self._last = 0
        self._times: list[float] = []
        self._places: list[float] = []
        self._end: Callable[[], None] = lambda: None
        self._awaited: simpy.Event | None = None
        self._settings = {pv: self._setting(CHOICE, pv, states) for pv, states in CHOICES.items()}
        self._settings |= {pv: self._setting(REAL, pv) for pv in REALS}
        self._settings |= {pv: self._setting(WHOLE, pv) for pv in WHOLES}
        states = {"ZNAM": "0", "ONAM": "1"}
        self._armed = self._add(BiRecord, "PC_ARM_OUT", **states)
        self._add(BoRecord, "PC_ARM", on_put=self._arm, **states)
        self._add(BoRecord, "PC_DISARM", on_put=lambda value: value and self._disarm(), **states)
        self._count = self._add(LonginRecord, "PC_NUM_CAP")
        self._arrays = {
            name: self._add(WaveformRecord, f"PC_{name}", count=CAPACITY)
            for name in ("TIME", "ENC1", "ENC2", "ENC3", "ENC4")
        }

        database.models[prefix] = self

    @property
    def under_way(self) -> str:
        """Whether it is armed."""
        return "waits for positions" if self._armed.values["VAL"] else ""

    def state(self) -> dict[str, Any]:
        """Nothing that its records do not have."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Be as the records say."""

    # --- records

    def _add(self, make: type[Any], pv: str, *states: tuple[str, ...], **fields: Any) -> Any:
        return self._database.add(make(self._clock, self._prefix + pv, *states, **fields))

    def _setting(self, pair: Pair, pv: str, *states: tuple[str, ...]) -> Record:
        name = self._prefix + pv
        return add_pair(self._database, pair, name, f"{name}:RBV", *states)

    def _value(self, pv: str) -> Any:
        return self._settings[pv].values["VAL"]

    # --- the encoder

    @property
    def _encoder(self) -> int:
        return min(self._value("PC_ENC"), 3) + 1

    @property
    def _motor(self) -> MotorRecord:
        try:
            record = self._database.records[self._encoders[self._encoder]]
        except KeyError:
            raise DeclarationError(
                f"{self._prefix}: encoder {self._encoder} reads no motor of the twin:"
                f' twin settings {{"encoders": {{{self._encoder}: "PV"}}}} say which'
            ) from None
        assert isinstance(record, MotorRecord)
        return record

    @property
    def _sign(self) -> int:
        return -1 if self._value("PC_DIR") else 1

    def _place(self, index: int) -> float:
        """Of a pulse, in the encoder's unit."""
        first = self._value("PC_GATE_START") + self._sign * self._value("PC_PULSE_START")
        return first + self._sign * index * self._value("PC_PULSE_STEP")

    # --- armed

    def _arm(self, value: int) -> None:
        if not value:
            return
        self._disarm()
        self._armed_at = self._clock.env.now
        self._times, self._places, self._next = [], [], 0
        self._last = min(self._value("PC_PULSE_MAX") or CAPACITY, CAPACITY)
        self._count.post("VAL", 0)
        self._armed.post("VAL", 1)
        self._end = self._motor.subscribe("MOVN", self._moves)

    def _disarm(self) -> None:
        self._end()
        self._end = lambda: None
        self._awaited = None
        if self._armed.values["VAL"]:
            scale = UNITS_S[self._value("PC_TSPRE")]
            self._arrays["TIME"].post("VAL", [time / scale for time in self._times])
            self._arrays[f"ENC{self._encoder}"].post("VAL", self._places)
            self._armed.post("VAL", 0)

    def _moves(self, _: Reading) -> None:
        """A motion has begun, or ended: say when it is at the next pulse's position."""
        motor = self._motor
        self._awaited = None
        if motor.axis.moving:
            place = motor.dial_of(self._place(self._next))
            self._await(motor.axis.when(place))

    def _await(self, when: float) -> None:
        now = self._clock.env.now
        if now <= when < inf:  # else it is behind, or not on its way
            event = self._awaited = self._clock.env.timeout(when - now)
            event.callbacks.append(self._reached)

    def _reached(self, event: simpy.Event) -> None:
        if event is not self._awaited:  # another motion has begun since, or it has been disarmed
            return
        motor, place = self._motor, self._place(self._next)
        here = motor.user_of(motor.position)
        if abs(here - place) > 1e-3 * self._value("PC_PULSE_STEP"):  # it has been slowed down since
            self._moves(self._armed.read())
            return
        self._capture(place)

    def _capture(self, place: float) -> None:
        self._times.append(self._clock.env.now - self._armed_at)
        self._places.append(place)
        self._next += 1
        self._count.post("VAL", self._next)
        for pulse in self.on_pulse:
            pulse(place)
        if self._next < self._last:
            self._moves(self._armed.read())
        else:
            self._disarm()


def build_zebra(zebra: Zebra, database: Database, settings: Mapping[str, Any]) -> None:
    """Add a Zebra. Settings: ``encoders``, their numbers to motors' PVs."""
    encoders = {int(number): pv for number, pv in settings.get("encoders", {}).items()}
    PositionCompare(database, zebra.prefix, encoders)


COUNTERPARTS: dict[type[Device], Builder] = {Zebra: build_zebra}
