"""Readout: what a device reads at one go, worked out once."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, runtime_checkable

from beamtwin.hardware.channel import Channel, Reading, Transport
from beamtwin.hardware.signals import Document, Kind, Subscriber

__all__ = ["Leaf", "Readout"]

Reader = Callable[[Sequence[Reading]], Document]


@runtime_checkable
class Leaf(Protocol):
    """What ends up as one key of a reading: a signal, or something computed from signals."""

    name: str

    @property
    def kind(self) -> Kind:
        """Whether it is read, recorded, hinted."""
        ...

    @property
    def sources(self) -> tuple[Channel, ...]:
        """The channels that its document is made from."""
        ...

    def reader(self, at: int) -> Reader:
        """Makes its document from the readings of many channels, its own from index ``at`` on."""
        ...

    def describe(self) -> dict[str, Document]:
        """Its data key, under its name."""
        ...


class Readout:
    """Several leaves, read in one round trip."""

    def __init__(self, transport: Transport, leaves: Iterable[Leaf]):
        self._get_many = transport.get_many
        self._leaves = tuple(leaves)
        self._readers: list[tuple[str, Reader]] = []
        channels: list[Channel] = []
        for leaf in self._leaves:
            self._readers.append((leaf.name, leaf.reader(len(channels))))
            channels += leaf.sources
        self._channels = tuple(channels)

    def read(self) -> dict[str, Document]:
        """The documents, by name."""
        return self._compose(self._get_many(self._channels))

    def describe(self) -> dict[str, Document]:
        """The data keys, by name."""
        return {name: key for leaf in self._leaves for name, key in leaf.describe().items()}

    def subscribe(self, function: Subscriber) -> Callable[[], None]:
        """Call ``function(self.read())`` once all are there, and with each later value of any."""
        latest: list[Reading | None] = [None] * len(self._channels)

        def watch(index: int) -> Callable[[Reading], None]:
            def take(reading: Reading) -> None:
                latest[index] = reading
                known = [reading for reading in latest if reading is not None]
                if len(known) == len(latest):
                    function(self._compose(known))

            return take

        ends = [channel.subscribe(watch(index)) for index, channel in enumerate(self._channels)]

        def end() -> None:
            for end_one in ends:
                end_one()

        return end

    def _compose(self, readings: Sequence[Reading]) -> dict[str, Document]:
        return {name: compose(readings) for name, compose in self._readers}
