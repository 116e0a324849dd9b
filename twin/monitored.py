"""What of a record clients see: the values of its fields, its alarm, and monitors of both."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from beamtwin.hardware.channel import Reading
from beamtwin.orchestration.errors import NotConnectedError
from beamtwin.twin.clock import SimClock

__all__ = ["ALARM", "LOG", "NEWS", "PROPERTY", "VALUE", "Callback", "Monitored"]

#: What monitors may want to hear of: Channel Access's DBE_VALUE, DBE_LOG, DBE_ALARM and DBE_PROPERTY.
VALUE, LOG, ALARM, PROPERTY = 1, 2, 4, 8
NEWS = VALUE | ALARM

Callback = Callable[[Reading], object]

#: What a named tuple's own constructor calls, without the detour: a scan reads eight fields a point.
_new = tuple.__new__


class Monitored:
    """Values by field, with an alarm and a time, and who wants to hear of them.

    Attributes
    ----------
    values : dict
        By field.
    timestamp : float
        When they were processed last, in seconds since the Unix epoch.
    monitors : dict
        Callbacks, and the events that they want to hear of, by field.
    """

    #: Fields whose monitors are called when the alarm changes.
    alarmed: tuple[str, ...] = ("VAL", "SEVR", "STAT")

    def __init__(self, clock: SimClock, name: str, values: Mapping[str, Any]):
        self.clock = clock
        self.name = name
        self.timestamp = clock.time()
        self.values: dict[str, Any] = {**values}
        self.monitors: dict[str, tuple[tuple[Callback, int], ...]] = {}

    def read(self, field: str = "VAL") -> Reading:
        """What a field holds now.

        Raises
        ------
        NotConnectedError
            Where the record has no such field.
        """
        values = self.values
        try:
            value = values[field]
        except KeyError:
            raise self._unknown(field) from None
        return _new(Reading, (value, self.timestamp, values["SEVR"], values["STAT"]))

    def post(self, field: str, value: Any) -> None:
        """Store the record's own new value, and tell it to whoever monitors the field."""
        values = self.values
        if values[field] != value:
            values[field] = value
            self.timestamp = self.clock.time()
            if field in self.monitors:
                self.notify(field)

    def post_all(self, news: Iterable[tuple[str, Any]]) -> None:
        """Store new values of several fields, and tell them, one after the other."""
        values, now = self.values, self.clock.time()
        for field, value in news:
            if values[field] != value:
                values[field] = value
                self.timestamp = now
                if field in self.monitors:
                    self.notify(field)

    def notify(self, field: str, events: int = VALUE | LOG | ALARM) -> None:
        """Call the monitors of a field that want to hear of such events, changed or not."""
        monitors = self.monitors.get(field)
        if monitors:
            values = self.values
            reading = Reading(values[field], self.timestamp, values["SEVR"], values["STAT"])
            for callback, wanted in monitors:
                if wanted & events:
                    callback(reading)

    def subscribe(self, field: str, callback: Callback, events: int = NEWS) -> Callable[[], None]:
        """Monitor a field: ``callback(reading)`` now and on every change.

        Parameters
        ----------
        events : int
            Of what: `VALUE`, `LOG`, `ALARM` and `PROPERTY`, added up.

        Returns
        -------
        callable
            Ends that. Idempotent.
        """
        reading = self.read(field)
        monitors, monitor = self.monitors, (callback, events)
        monitors[field] = (*monitors.get(field, ()), monitor)
        active = True

        def unsubscribe() -> None:
            nonlocal active
            if active:
                active = False
                left = list(monitors[field])
                left.remove(monitor)
                monitors[field] = tuple(left)
                if not left:
                    del monitors[field]

        callback(reading)
        return unsubscribe

    # --- alarms

    def set_alarm(self, severity: int, status: int = 0) -> None:
        """Let the record be in alarm, for a reason that its model knows.

        Parameters
        ----------
        severity, status
            Indices into `SEVERITIES` and `STATUSES`; 0 for none.
        """
        if self.raise_alarm(severity, status):
            self.timestamp = self.clock.time()
            for field in self.alarmed:
                self.notify(field)

    def raise_alarm(self, severity: int, status: int) -> bool:
        """Store an alarm without a word to anybody; whether it is another than before."""
        values = self.values
        if values["SEVR"] == severity and values["STAT"] == status:
            return False
        values["SEVR"] = severity
        values["STAT"] = status
        if severity >= values["ACKS"] or not values["ACKT"]:
            values["ACKS"] = severity
        return True

    def alarm_at_least(self, severity: int, status: int) -> bool:
        """Let the alarm at the end of this processing be at least this one; whether it is (``recGblSetSevr``)."""
        values = self.values
        if severity <= values["NSEV"]:
            return False
        values["NSEV"] = severity
        values["NSTA"] = status
        return True

    def acknowledge(self, severity: int) -> None:
        """An operator has seen alarms up to this severity (DBR_PUT_ACKS)."""
        if severity >= self.values["ACKS"]:
            self.post("ACKS", 0)

    def acknowledge_transients(self, wanted: bool) -> None:
        """Whether alarms that have gone still need to be acknowledged (DBR_PUT_ACKT)."""
        self.post("ACKT", int(wanted))
        if not wanted and self.values["ACKS"] > self.values["SEVR"]:
            self.post("ACKS", self.values["SEVR"])

    def _unknown(self, field: str) -> NotConnectedError:
        return NotConnectedError(f"{self.name}.{field}: there is no field {field}")
