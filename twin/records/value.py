"""What the records have in common that are about one value, in VAL."""

from collections.abc import Callable
from functools import partial
from typing import Any

from beamtwin.orchestration.status import Status
from beamtwin.twin.clock import SimClock
from beamtwin.twin.menus import STATUSES
from beamtwin.twin.processing import ProcessedRecord
from beamtwin.twin.record import ALARM, LOG, UDF, VALUE

__all__ = ["OnPut", "ValueRecord"]

SIMULATED = STATUSES.index("SIMM")

#: What TSE says of a time that the device gives.
DEVICE_TIME = -2

#: How a model reacts to a value that a client has written: a status is done when it has done so.
OnPut = Callable[[Any], "Status | None"]


class ValueRecord(ProcessedRecord):
    """A record about one value.

    A model gives it values with `post`, as a device does with I/O Intr, and learns of values with ``on_put``, as device
    support does.

    Parameters
    ----------
    on_put : callable, optional
        Called with the value whenever the record is processed, but not for what a model posts; monitors know it
        then. A status that it returns is the put's completion.
    """

    #: Whether a value only needs to be judged and told: there are no links, nor anything else to do.
    simple = False
    #: Fields that, where they are not 0, leave more to do.
    unusual: tuple[str, ...] = ("SCAN", "DISP", "TSE", "TPRO")
    #: Fields that are told after VAL where they have changed, and those that keep what was told last.
    followed: tuple[tuple[str, str], ...] = ()

    def __init__(
        self, clock: SimClock, name: str, on_put: OnPut | None = None, **field_values: Any
    ):
        super().__init__(clock, name, **field_values)
        self.on_put = on_put
        self._fault = (0, 0)
        self.configure()
        self.settle_in()
        values = self.values
        if values["STAT"] != UDF:  # else it is as in an IOC that has just begun
            self.check()
            values["SEVR"], values["STAT"] = values["NSEV"], values["NSTA"]
            values["NSEV"] = values["NSTA"] = 0

    # --- for types

    def settle_in(self) -> None:
        """Have the fields that follow from the value that it begins with."""

    @property
    def is_exclusive(self) -> bool:
        """Whether puts wait for each other; a model says itself what a second one means."""
        return self.on_put is None

    def fetch(self) -> None:
        """Get the value from where links say it comes from."""

    def drive(self, value: Any) -> Any:
        """What becomes of a value that is wanted: an output's limits."""
        return value

    def check(self) -> None:
        """Raise the alarms that the value brings with it."""
        if self.values["UDF"]:
            self.alarm_at_least(self.values["UDFS"], UDF)
        self.check_fault()

    def check_fault(self) -> None:
        """Raise the alarm that is there whatever the value."""
        if self._fault[0]:
            self.alarm_at_least(*self._fault)

    def emit(self) -> bool:
        """Write the value to where links say; whether a model is told of it, too."""
        return True

    def news(self) -> int:
        """Of what monitors of VAL are to hear: `VALUE` and `LOG`."""
        return VALUE | LOG

    def output(self) -> Any:
        """The value that a model is told."""
        return self.values["VAL"]

    # --- writing and being told

    def put(self, field: str, value: Any) -> Status | None:
        """Write a field; see `Record.put`."""
        ahead = self._ahead
        if field != "VAL" or not self.simple or (ahead is not None and not ahead.done):
            return super().put(field, value)
        self.show(self.drive(self.convert(field, value)))
        return None if self.on_put is None else self.on_put(self.output())

    def post(self, field: str, value: Any) -> None:
        """Store the record's own new value: of VAL, as a device does with I/O Intr."""
        values = self.values
        if field != "VAL":
            super().post(field, value)
            self.configure()
        elif self.simple or values["PACT"] or values["DISA"] == values["DISV"]:
            self.show(value)
        elif not values.get("SIMM"):  # else nobody looks at the device
            self.run(_nothing, partial(self.show, value))

    def show(self, value: Any) -> None:
        """Have a value, judge it, and tell."""
        values = self.values
        values["VAL"] = value
        values["UDF"] = 0
        self.timestamp = self.clock.time()
        self.check()
        self.tell(self.news())

    def tell(self, events: int) -> None:
        """Have the alarm that has been raised, and tell monitors of it and of VAL (``recGblResetAlarms``)."""
        values = self.values
        severity, status = values["NSEV"], values["NSTA"]
        if severity:
            values["NSEV"] = values["NSTA"] = 0
        if self.raise_alarm(severity, status):
            events |= ALARM
            for field in ("SEVR", "STAT", "ACKS"):
                self.notify(field)
        if events:
            self.notify("VAL", events)
        for field, last in self.followed:
            if values[field] != values[last]:
                values[last] = values[field]
                self.notify(field, events | VALUE | LOG)

    def set_alarm(self, severity: int, status: int = 0) -> None:
        """Let the record be in alarm whatever its value; see `Record.set_alarm`."""
        self._fault = (severity, status)
        values = self.values
        self.check()
        if (values["NSEV"], values["NSTA"]) != (values["SEVR"], values["STAT"]):
            self.timestamp = self.clock.time()
        self.tell(0)

    # --- processing

    def begin(self) -> Status | None:
        """In simulation mode with a delay, wait."""
        values = self.values
        if "SIMM" not in values:
            return None
        link = self.links.get("SIML")
        if link is not None:
            values["SIMM"] = int(link.number() or 0)
        if not values["SIMM"]:
            return None
        self.alarm_at_least(values["SIMS"], SIMULATED)
        delay = values.get("SDLY", -1.0)
        return self.later(delay, "simulation") if delay >= 0.0 else None

    def conclude(self) -> Status | None:
        """Fetch, judge, write, tell."""
        self.fetch()
        self.stamp()
        self.check()
        is_driven = self.emit()
        self.tell(self.news())
        return self.on_put(self.output()) if is_driven and self.on_put is not None else None

    def stamp(self) -> None:
        """Have the time, from where TSEL and TSE say."""
        link = self.links.get("TSEL")
        if link is not None and link.pv.endswith(".TIME"):
            self.timestamp = link.time()
            return
        if link is not None:
            self.values["TSE"] = int(link.number() or 0)
        if self.values["TSE"] != DEVICE_TIME:
            self.timestamp = self.clock.time()

    def configure(self) -> None:
        """Prepare what follows from the fields."""
        values = self.values
        self.simple = self.fields["VAL"].pp and not (
            self.links
            or any(values[field] for field in self.unusual)
            or values["DISA"] == values["DISV"]
            or values.get("SIMM")
            or values.get("IVOA")
        )

    # --- snapshots

    def state(self) -> dict[str, Any]:
        """See `Record.state`."""
        return {**super().state(), **({"fault": list(self._fault)} if self._fault[0] else {})}

    def restore(self, state: Any) -> None:
        """See `Record.restore`."""
        severity, status = state.get("fault", (0, 0))
        self._fault = (severity, status)
        super().restore(state)


def _nothing() -> None:
    """Begin what has happened already."""
