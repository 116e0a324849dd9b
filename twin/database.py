"""Database: a twin's records by PV name, and the in-process way to them."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from typing import Any, TypeVar

from beamtwin.hardware.channel import Channel, Metadata, Reading
from beamtwin.orchestration.errors import NotConnectedError, PutError
from beamtwin.orchestration.status import Status, finished
from beamtwin.twin.clock import SimClock
from beamtwin.twin.record import Record, similar

__all__ = ["Database", "RecordChannel"]

Callback = Callable[[Reading], object]
AnyRecord = TypeVar("AnyRecord", bound=Record)


class RecordChannel:
    """A channel to a field of a record in the same process; connected as soon as there is one."""

    def __init__(self, database: "Database", pv: str):
        self.name = pv
        self._database = database
        self._record: Record | None = None
        self._field = "VAL"
        self._subscriptions: list[_Subscription] = []
        self._pending: list[Status] = []

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
        clock = self._database.clock
        try:
            ended = record.put(self._field, value)
        except PutError as error:
            status = Status(clock, name=self.name)
            status.set_exception(error)
            return status
        if ended is None or not completion:
            return finished(clock, self.name)
        if timeout is not None:
            ended.limit(timeout)
        self._pending = [*(status for status in self._pending if not status.done), ended]
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

    def cut(self) -> None:
        """Lose the record: puts under way fail, and monitors fall silent."""
        self._record = None
        for subscription in self._subscriptions:
            subscription.close()
        for status in tuple(self._pending):
            status.set_exception(NotConnectedError(f"{self.name}: disconnected during a put"))

    def restore(self) -> None:
        """Find the record again: monitors hear how it is now."""
        for subscription in tuple(self._subscriptions):
            subscription.open(self.record, self._field)

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


class Database:
    """The records of a twin; as a `Transport`, the way to them without a network.

    Parameters
    ----------
    clock : SimClock
        Whose timeline they live on.

    Attributes
    ----------
    records : dict
        By name.
    resources : ExitStack
        What is let go of with it: the processes of a world's physics.
    """

    scheme = "twin"

    def __init__(self, clock: SimClock):
        self._clock = clock
        self.records: dict[str, Record] = {}
        self.resources = ExitStack()
        self._channels: dict[str, RecordChannel] = {}
        self._disconnected: set[str] = set()

    @property
    def clock(self) -> SimClock:
        """The timeline."""
        return self._clock

    def add(self, record: AnyRecord) -> AnyRecord:
        """Take a record in.

        Raises
        ------
        ValueError
            Where another has its name.
        """
        if record.name in self.records:
            raise ValueError(f"{record.name}: there is a record of this name already")
        self.records[record.name] = record
        return record

    def resolve(self, pv: str) -> tuple[Record, str]:
        """The record and the field that a PV's name (``RECORD`` or ``RECORD.FIELD``) means.

        Raises
        ------
        NotConnectedError
            Where there is none: naming those that come close.
        """
        record = self.records.get(pv)
        if record is not None:
            return record, "VAL"
        name, _, field = pv.rpartition(".")
        record = self.records.get(name)
        if record is None:
            raise NotConnectedError(
                f"{pv}: the twin has no such record" + similar(name or pv, self.records)
            )
        record.field(field)
        return record, field

    def find(self, pv: str) -> tuple[Record, str]:
        """`resolve`, of what is connected."""
        record, field = self.resolve(pv)
        if record.name in self._disconnected:
            raise NotConnectedError(f"{pv}: the record is disconnected")
        return record, field

    def channel(self, pv: str) -> RecordChannel:
        """The channel of a PV, whether or not there is one; the same object for the same name."""
        channel = self._channels.get(pv)
        if channel is None:
            channel = self._channels[pv] = RecordChannel(self, pv)
        return channel

    def connect(self, channels: Iterable[Channel], timeout: float | None = None) -> None:
        """See that all have their records.

        Raises
        ------
        NotConnectedError
            Naming all that have not, at once: in a twin waiting changes nothing.
        """
        missing = [error for channel in channels if (error := self._missing(channel.name))]
        if len(missing) == 1:
            raise NotConnectedError(missing[0])
        if missing:
            raise NotConnectedError(f"{len(missing)} PVs are missing: " + "; ".join(missing))

    def _missing(self, pv: str) -> str:
        try:
            self.find(pv)
        except NotConnectedError as error:
            return str(error)
        return ""

    def get_many(self, channels: Sequence[Channel]) -> list[Reading]:
        """`Channel.get` of all."""
        return [channel.get() for channel in channels]

    def close(self) -> None:
        """Let go of its resources."""
        self.resources.close()

    def disconnect(self, name: str) -> None:
        """A fault, for tests: a record's channels lose it, and puts under way fail."""
        self._disconnected.add(self.records[name].name)
        for channel in self._channels_of(name):
            channel.cut()

    def reconnect(self, name: str) -> None:
        """The end of `disconnect`."""
        self._disconnected.discard(name)
        for channel in self._channels_of(name):
            channel.restore()

    def _channels_of(self, name: str) -> list[RecordChannel]:
        return [
            channel
            for pv, channel in self._channels.items()
            if pv == name or pv.rpartition(".")[0] == name
        ]
