"""A PV that clients know: a field of a record, and who monitors it."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import caproto as ca

from beamtwin.hardware.channel import Reading
from beamtwin.orchestration.status import Status
from beamtwin.twin.ioc.dbr import Payload, native_type, payload, value_of
from beamtwin.twin.record import Record

__all__ = ["Monitor", "Variable"]


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
        if as_characters and self.data_type == ca.ChannelType.STRING:
            self.data_type, self.count = ca.ChannelType.CHAR, ca.MAX_STRING_SIZE
        self._monitors: list[Monitor] = []
        self._unsubscribe: Callable[[], None] | None = None

    def read(self, data_type: ca.ChannelType, count: int) -> Payload:
        """The value now; raises ValueError where there is no such conversion."""
        return payload(
            self.record.read(self.field), self.record.metadata(self.field), data_type, count
        )

    def put(self, request: Any) -> Status | None:
        """Write what a client sends; see `Record.put`."""
        return self.record.put(self.field, value_of(request, self.record.metadata(self.field)))

    def add(self, monitor: Monitor) -> None:
        """Send the value now, and every later one; raises ValueError where there is no such conversion."""
        news = self.read(monitor.data_type, monitor.length)
        self._monitors.append(monitor)
        if self._unsubscribe is None:
            self._unsubscribe = self.record.subscribe(self.field, self._post)  # which posts at once
        else:
            monitor.listener.post(monitor, news)

    def discard(self, monitor: Monitor) -> None:
        """Send no more."""
        if monitor in self._monitors:
            self._monitors.remove(monitor)
        if not self._monitors and self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None

    def _post(self, reading: Reading) -> None:
        metadata = self.record.metadata(self.field)
        made: dict[tuple[ca.ChannelType, int], Payload] = {}
        for monitor in tuple(self._monitors):
            form = monitor.data_type, monitor.length
            try:
                news = made.get(form) or made.setdefault(form, payload(reading, metadata, *form))
            except ValueError:  # a text that has been a number, for who wants numbers
                continue
            monitor.listener.post(monitor, news)
