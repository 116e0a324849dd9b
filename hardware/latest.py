"""Latest: what channels last said, kept by their monitors."""

from collections.abc import Callable, Sequence
from typing import Any

from beamtwin.hardware.channel import Channel, Reading, Transport

__all__ = ["Latest"]


class Latest:
    """The values of channels that change seldom, without a round trip each time.

    The monitors begin with the first question, which is answered by asking.

    Parameters
    ----------
    transport : Transport
    channels : sequence of Channel
    """

    def __init__(self, transport: Transport, channels: Sequence[Channel]):
        self._transport = transport
        self._channels = tuple(channels)
        self._values: list[Any] = []

    def values(self) -> list[Any]:
        """The values, in the order of the channels. Not to be changed."""
        if not self._values:
            self._values = [reading[0] for reading in self._transport.get_many(self._channels)]
            for index, channel in enumerate(self._channels):
                channel.subscribe(self._taker(index))
        return self._values

    def _taker(self, index: int) -> Callable[[Reading], None]:
        def take(reading: Reading) -> None:
            self._values[index] = reading[0]

        return take
