"""Shutters' and valves' counterparts: they take their time, need a permit, and can be made to fail."""

from collections.abc import Callable, Mapping
from typing import Any

from beamtwin.hardware.device import Device
from beamtwin.hardware.shutter import FourPVShutter, TwoPVShutter
from beamtwin.hardware.two_state import EPSTwoState
from beamtwin.twin.clock import SimClock
from beamtwin.twin.counterparts.populate import Builder
from beamtwin.twin.database import Database
from beamtwin.twin.records import BiRecord, BoRecord, MbbiRecord

__all__ = [
    "COUNTERPARTS",
    "EPSRecords",
    "FourPVRecords",
    "TwoStateModel",
    "TwoStateRecords",
    "build_two_pv",
]


class TwoStateModel:
    """Something that opens and closes.

    Parameters
    ----------
    is_open : bool
    travel_s : float
        From one end to the other.
    tell : callable
        Called when it leaves an end (with None), and when it arrives.

    Attributes
    ----------
    permitted : bool
        Without, it does not move.
    deaf : int
        A fault: so many commands are ignored.
    jammed : bool
        A fault: it leaves its end and does not arrive.
    """

    def __init__(
        self,
        clock: SimClock,
        is_open: bool,
        travel_s: float,
        tell: Callable[[bool | None], object],
    ):
        self._clock = clock
        self._travel_s = travel_s
        self._tell = tell
        self._target = is_open
        self.is_open: bool | None = is_open
        self.permitted = True
        self.deaf = 0
        self.jammed = False

    def go(self, wanted: bool) -> None:
        """Begin to open or to close."""
        if self.deaf:
            self.deaf -= 1
        elif self.permitted and wanted is not self._target:
            self._target = wanted
            self._say(None)
            if not self.jammed:
                event = self._clock.env.timeout(self._travel_s)
                event.callbacks.append(lambda _: self._arrive(wanted))

    @property
    def under_way(self) -> str:
        """Where it is going; nothing at an end."""
        if self.is_open is not None:
            return ""
        return "opens" if self._target else "closes"

    def state(self) -> dict[str, Any]:
        """What is needed to restore it at rest."""
        return {"is_open": self.is_open}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Be at the end where it was."""
        self.is_open = self._target = state["is_open"]

    def _arrive(self, wanted: bool) -> None:
        if wanted is self._target:  # else it has been sent back since
            self._say(wanted)

    def _say(self, is_open: bool | None) -> None:
        self.is_open = is_open
        self._tell(is_open)


class TwoStateRecords:
    """A two-state device with a button each way. Settings: ``open``, ``travel_s``.

    Attributes
    ----------
    model : TwoStateModel
    """

    #: What follows its buttons' names, by the way; and the states of its flags.
    ways: Mapping[bool, tuple[str, str]] = {True: ("Open", "Opn"), False: ("Close", "Cls")}
    states: Mapping[str, Any] = {"ZNAM": "False", "ONAM": "True"}

    def __init__(self, database: Database, prefix: str, settings: Mapping[str, Any]):
        self.database = database
        self.prefix = prefix
        self.began_open = bool(settings.get("open", False))
        travel_s = settings.get("travel_s", 1.0)
        self.model = TwoStateModel(database.clock, self.began_open, travel_s, self.tell)
        database.models[prefix] = self.model
        for way, (label, short) in self.ways.items():
            self._add_button(way, f"{prefix}Cmd:{short}-Cmd", label)

    def press(self, way: bool) -> None:
        """Do as a button says."""
        self.model.go(way)

    def tell(self, is_open: bool | None) -> None:
        """Say what it is; None on its way."""
        raise NotImplementedError

    def flag(self, pv: str, value: bool = False) -> BiRecord:
        """A flag to read."""
        record = BiRecord(self.database.clock, self.prefix + pv, VAL=int(value), **self.states)
        return self.database.add(record)

    def _add_button(self, way: bool, pv: str, label: str) -> None:
        """A command that goes back to 0 by itself."""

        def act(value: int) -> None:
            if value:
                self.press(way)
                record.post("VAL", 0)

        record = BoRecord(self.database.clock, pv, on_put=act, ZNAM="None", ONAM=label)
        self.database.add(record)


class FourPVRecords(TwoStateRecords):
    """A shutter with a command and a status each way."""

    def __init__(self, database: Database, prefix: str, settings: Mapping[str, Any]):
        super().__init__(database, prefix, settings)
        self._flags = {
            way: self.flag(f"Cmd:{short}-Sts", self.began_open is way)
            for way, (_, short) in self.ways.items()
        }

    def tell(self, is_open: bool | None) -> None:
        """Say which end it is at."""
        for way, flag in self._flags.items():
            flag.post("VAL", int(is_open is way))


class EPSRecords(TwoStateRecords):
    """A two-state device under equipment protection. Settings, besides: ``enabled``.

    Attributes
    ----------
    enabled : BiRecord
        The permit.
    faults : dict
        Its failure bits, by the way.
    """

    def __init__(self, database: Database, prefix: str, settings: Mapping[str, Any]):
        super().__init__(database, prefix, settings)
        states = ("Open", "Not Open")
        self._position = database.add(
            MbbiRecord(database.clock, f"{prefix}Pos-Sts", states, VAL=int(not self.began_open))
        )
        self.enabled = self.flag("Enbl-Sts", settings.get("enabled", True))
        self.faults = {
            way: self.flag(f"Sts:Fail{short}-Sts") for way, (_, short) in self.ways.items()
        }

    def press(self, way: bool) -> None:
        """Do as a button says, where that is permitted."""
        self.model.permitted = bool(self.enabled.values["VAL"])
        self.faults[way].post("VAL", int(not self.model.permitted))
        self.model.go(way)

    def tell(self, is_open: bool | None) -> None:
        """Say which end it is at: of two states, the one before counts until the other end is reached."""
        if is_open is not None:
            self._position.post("VAL", int(not is_open))


def build_two_pv(shutter: TwoPVShutter, database: Database, settings: Mapping[str, Any]) -> None:
    """Add a level to write, and one to read that follows it. Settings: ``open``, ``travel_s`` (default 5 ms)."""
    clock, is_open = database.clock, bool(settings.get("open", False))
    value_open = bool(shutter.open_value)

    def level(opened: bool) -> int:
        return int(opened is value_open)

    status = database.add(
        BiRecord(clock, shutter.status_signal.readback.name, VAL=level(is_open), ZNAM="0", ONAM="1")
    )

    def tell(opened: bool | None) -> None:
        if opened is not None:
            status.post("VAL", level(opened))

    model = TwoStateModel(clock, is_open, settings.get("travel_s", 0.005), tell)
    database.models[status.name] = model
    database.add(
        BoRecord(
            clock,
            shutter.command_signal.channel.name,
            on_put=lambda value: model.go(bool(value) is value_open),
            VAL=level(is_open),
            ZNAM="0",
            ONAM="1",
        )
    )


def _build_four_pv(shutter: FourPVShutter, database: Database, settings: Mapping[str, Any]) -> None:
    FourPVRecords(database, shutter.prefix, settings)


def _build_eps(device: EPSTwoState, database: Database, settings: Mapping[str, Any]) -> None:
    EPSRecords(database, device.prefix, settings)


COUNTERPARTS: dict[type[Device], Builder] = {
    FourPVShutter: _build_four_pv,
    EPSTwoState: _build_eps,
    TwoPVShutter: build_two_pv,
}
