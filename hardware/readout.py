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
    """Several leaves, read in one round trip (a transport).

    A leaf whose ``transport`` is another than the device's is read by way of that.
    """

    def __init__(self, transport: Transport, leaves: Iterable[Leaf]):
        self._transport = transport
        self._leaves = tuple(leaves)
        self._readers: list[tuple[str, Reader]] = []
        channels: list[Channel] = []
        ways: list[Transport] = []
        for leaf in self._leaves:
            self._readers.append((leaf.name, leaf.reader(len(channels))))
            channels += leaf.sources
            ways += [getattr(leaf, "transport", transport)] * len(leaf.sources)
        self._channels = tuple(channels)
        self._groups = _grouped(ways)
        single = not self._groups or list(self._groups) == [transport]
        self._get_many = transport.get_many if single else self._get_from_all

    def read(self) -> dict[str, Document]:
        """The documents, by name."""
        return self._compose(self._get_many(self._channels))

    def describe(self) -> dict[str, Document]:
        """The data keys, by name."""
        return {name: key for leaf in self._leaves for name, key in leaf.describe().items()}

    def keep(self) -> None:
        """Have all values sent as they change; see `Transport.keep`."""
        for transport, indices in self._groups.items():
            transport.keep([self._channels[index] for index in indices])

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

    def _get_from_all(self, channels: Sequence[Channel]) -> list[Reading]:
        found: dict[int, Reading] = {}
        for transport, indices in self._groups.items():
            readings = transport.get_many([channels[index] for index in indices])
            found |= zip(indices, readings, strict=True)
        return [found[index] for index in range(len(channels))]

    def _compose(self, readings: Sequence[Reading]) -> dict[str, Document]:
        return {name: compose(readings) for name, compose in self._readers}


def _grouped(ways: Sequence[Transport]) -> dict[Transport, list[int]]:
    groups: dict[Transport, list[int]] = {}
    for index, transport in enumerate(ways):
        groups.setdefault(transport, []).append(index)
    return groups
