"""RecordChannel: the way to a field of a record in the same process."""

from collections.abc import Callable
from typing import Any, Protocol

from beamtwin.hardware.channel import Metadata, Reading
from beamtwin.orchestration.errors import NotConnectedError, PutError
from beamtwin.orchestration.status import Status, finished
from beamtwin.twin.clock import SimClock
from beamtwin.twin.record import Record

__all__ = ["RecordChannel"]

Callback = Callable[[Reading], object]


class Records(Protocol):
    """Where records are found."""

    @property
    def clock(self) -> SimClock:
        """The timeline."""
        ...

    def find(self, pv: str) -> tuple[Record, str]:
        """The record and the field of a name, if it is connected; raises `NotConnectedError`."""
        ...


class RecordChannel:
    """A channel to a field of a record in the same process; connected as soon as there is one."""

    def __init__(self, database: Records, pv: str):
        self.name = pv
        self._database = database
        self._record: Record | None = None
        self._field = "VAL"
        self._subscriptions: list[_Subscription] = []
        self._pending: list[Status] = []
        self._watchers: tuple[Callable[[], object], ...] = ()

    @property
    def connected(self) -> bool:
        """Whether there is a record, and it is connected; see `Channel.connected`."""
        try:
            return self.record is not None
        except NotConnectedError:
            return False

    @property
    def record(self) -> Record:
        """The record, once there is one.

        Raises
        ------
        NotConnectedError
            Where there is none, or it is disconnected.
        """
        if self._record is None:
            self._record, self._field = self._database.find(self.name)
        return self._record

    @property
    def metadata(self) -> Metadata:
        """What the field holds, as of now."""
        return self.record.metadata(self._field)

    def get(self) -> Reading:
        """The value now; see `Channel.get`."""
        return (self._record or self.record).read(self._field)

    def put(self, value: Any, *, completion: bool = True, timeout: float | None = None) -> Status:
        """Write; see `Channel.put`."""
        record = self._record or self.record
        try:
            ended = (record.put if completion else record.send)(self._field, value)
        except PutError as error:
            status = Status(self._database.clock, name=self.name)
            status.set_exception(error)
            return status
        if ended is None:
            return finished(self._database.clock, self.name)
        if timeout is not None:
            ended.limit(timeout)
        self._pending = [status for status in self._pending if not status.done]
        self._pending.append(ended)
        return ended

    def subscribe(self, callback: Callback) -> Callable[[], None]:
        """Monitor the value, across disconnections; see `Channel.subscribe`."""
        record = self.record
        subscription = _Subscription(callback)
        self._subscriptions.append(subscription)
        subscription.open(record, self._field)

        def end() -> None:
            if subscription in self._subscriptions:
                self._subscriptions.remove(subscription)
                subscription.close()

        return end

    def on_change(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Be told of disconnections and of their end; see `Channel.on_change`."""
        self._watchers += (callback,)

        def end() -> None:
            self._watchers = tuple(one for one in self._watchers if one is not callback)

        return end

    def cut(self) -> None:
        """Lose the record: puts under way fail, and monitors fall silent."""
        self._record = None
        for subscription in self._subscriptions:
            subscription.close()
        for status in tuple(self._pending):
            status.set_exception(NotConnectedError(f"{self.name}: disconnected during a put"))
        for callback in self._watchers:
            callback()

    def restore(self) -> None:
        """Find the record again: monitors hear how it is now."""
        for subscription in tuple(self._subscriptions):
            subscription.open(self.record, self._field)
        for callback in self._watchers:
            callback()

    def __repr__(self) -> str:
        return f"<RecordChannel {self.name!r}>"


class _Subscription:
    def __init__(self, callback: Callback):
        self.callback = callback
        self.close: Callable[[], None] = _nothing

    def open(self, record: Record, field: str) -> None:
        self.close = record.subscribe(field, self.callback)


def _nothing() -> None:
    """Closes what is not open."""
