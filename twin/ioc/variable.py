"""A PV that clients know: a field of a record, and who monitors it."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import caproto as ca
import numpy as np

from beamtwin.hardware.channel import Metadata, Reading
from beamtwin.orchestration.status import Status
from beamtwin.twin.ioc.dbr import Payload, native_type, payload, value_of
from beamtwin.twin.record import Record

__all__ = ["Monitor", "Variable"]

#: What a monitor can ask for: values (archived ones are the same here), alarms, and changes of what is said of values.
VALUE: int = ca.SubscriptionType.DBE_VALUE | ca.SubscriptionType.DBE_LOG
ALARM: int = ca.SubscriptionType.DBE_ALARM
NEWS = VALUE | ALARM
PROPERTY: int = ca.SubscriptionType.DBE_PROPERTY

#: The fields that say it: units, precision, limits, an enum's strings.
PROPERTIES = frozenset(
    (
        *("EGU", "PREC", "HOPR", "LOPR", "DRVH", "DRVL", "HIHI", "HIGH", "LOW", "LOLO"),
        *("HLM", "LLM", "DHLM", "DLLM", "VMAX", "VBAS", "ZNAM", "ONAM"),
        *("ZRST", "ONST", "TWST", "THST", "FRST", "FVST", "SXST", "SVST"),
        *("EIST", "NIST", "TEST", "ELST", "TVST", "TTST", "FTST", "FFST"),
    )
)


class Listener(Protocol):
    """Where monitors are sent to."""

    def post(self, monitor: "Monitor", news: Payload) -> None:
        """Send this, or the latest, as soon as the client takes it."""
        ...


class Monitor(NamedTuple):
    """One client's subscription to one PV."""

    listener: Listener
    channel: ca.ServerChannel
    subscriptionid: int
    data_type: ca.ChannelType
    length: int
    mask: int
    """What it wants to hear of: `SubscriptionType`."""


class Variable:
    """A field of a record.

    Parameters
    ----------
    record, field
        Of the database.
    as_characters : bool
        Serve a string as an array of characters, which may be longer: ``NAME.FIELD$``.
    """

    def __init__(self, record: Record, field: str, as_characters: bool = False):
        self.record = record
        self.field = field
        metadata = record.metadata(field)
        self.writable = metadata.writable
        self.data_type, self.count = native_type(metadata), metadata.count
        self._unlimited = record.unlimited(field)
        if as_characters and self.data_type == ca.ChannelType.STRING:
            self.data_type, self.count = ca.ChannelType.CHAR, ca.MAX_STRING_SIZE
        self._monitors: list[Monitor] = []
        self._last: Reading | None = None
        self._metadata: Metadata | None = None
        self._ends: dict[int, list[Callable[[], None]]] = {}

    def read(self, data_type: ca.ChannelType, count: int) -> Payload:
        """The value now; raises ValueError where there is no such conversion."""
        metadata = self.record.metadata(self.field)
        return payload(self.record.read(self.field), metadata, data_type, count, self._unlimited)

    def put(self, request: Any) -> Status | None:
        """Write what a client sends; see `Record.put` and, for those that want no answer, `Record.send`."""
        value = value_of(request, self.record.metadata(self.field))
        if isinstance(request, ca.WriteRequest):
            return self.record.send(self.field, value)
        return self.record.put(self.field, value)

    def add(self, monitor: Monitor) -> None:
        """Send the value now, and what the monitor wants of every later one.

        Raises
        ------
        ValueError
            Where there is no such conversion.
        """
        news = self.read(monitor.data_type, monitor.length)
        for kind, begin in ((NEWS, self._hear_of_news), (PROPERTY, self._hear_of_properties)):
            if monitor.mask & kind and kind not in self._ends:
                self._ends[kind] = begin()
        self._monitors.append(monitor)
        monitor.listener.post(monitor, news)

    def discard(self, monitor: Monitor) -> None:
        """Send no more."""
        if monitor in self._monitors:
            self._monitors.remove(monitor)
        for kind in tuple(self._ends):
            if not any(each.mask & kind for each in self._monitors):
                for end in self._ends.pop(kind):
                    end()

    def _hear_of_news(self) -> list[Callable[[], None]]:
        return [self.record.subscribe(self.field, self._tell_news)]

    def _hear_of_properties(self) -> list[Callable[[], None]]:
        self._metadata = None  # for each of these tells at once what it is
        fields = PROPERTIES & self.record.fields.keys()
        ends = [self.record.subscribe(field, self._tell_properties) for field in fields]
        self._metadata = self.record.metadata(self.field)
        return ends

    def _tell_news(self, reading: Reading) -> None:
        last, self._last = self._last, reading
        self._post(reading, NEWS if last is None else _news(last, reading))

    def _tell_properties(self, _: Reading) -> None:
        """Limits, a unit or choices may be others now."""
        if self._metadata is None:
            return
        metadata = self.record.metadata(self.field)
        if metadata != self._metadata:
            self._metadata = metadata
            self._post(self.record.read(self.field), PROPERTY)

    def _post(self, reading: Reading, mask: int) -> None:
        metadata = self.record.metadata(self.field)
        made: dict[tuple[ca.ChannelType, int], Payload] = {}
        unlimited = self._unlimited
        for monitor in tuple(self._monitors):
            if not monitor.mask & mask:
                continue
            form = monitor.data_type, monitor.length
            try:
                news = made.get(form) or made.setdefault(
                    form, payload(reading, metadata, *form, unlimited)
                )
            except ValueError:  # a text that has been a number, for who wants numbers
                continue
            monitor.listener.post(monitor, news)


def _news(last: Reading, reading: Reading) -> int:
    """What is new: the value, the alarm, or both."""
    if last[2:] == reading[2:]:
        return VALUE
    same = not isinstance(reading.value, np.ndarray) and last.value == reading.value
    return ALARM if same else NEWS
