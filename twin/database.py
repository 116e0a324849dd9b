"""Database: a twin's records by PV name, and the in-process way to them."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from typing import Any

from beamtwin.hardware.channel import Channel, Reading
from beamtwin.hardware.latest import follow
from beamtwin.orchestration.errors import NotConnectedError
from beamtwin.twin.clock import SimClock
from beamtwin.twin.process_database import Model, ProcessDatabase
from beamtwin.twin.record import Record
from beamtwin.twin.record_channel import RecordChannel

__all__ = ["Database", "Model", "RecordChannel"]


class Database(ProcessDatabase):
    """The records of a twin; as a `Transport`, the way to them without a network.

    Parameters
    ----------
    clock : SimClock
        Whose timeline they live on.

    Attributes
    ----------
    resources : ExitStack
        What is let go of with it: the processes of a world's physics.
    """

    scheme = "twin"

    def __init__(self, clock: SimClock):
        super().__init__(clock)
        self.resources = ExitStack()
        self._channels: dict[str, RecordChannel] = {}
        self._disconnected: set[str] = set()

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

    def keep(self, channels: Sequence[Channel]) -> Callable[[], list[Any]]:
        """Follow their monitors; see `Transport.keep`."""
        return follow(channels)

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
