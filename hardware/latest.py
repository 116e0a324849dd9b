"""Latest: the values of channels that change seldom, without a round trip each time."""

from collections.abc import Callable, Sequence
from typing import Any

from beamtwin.hardware.channel import Channel, Reading, Transport

__all__ = ["Latest", "follow"]


class Latest:
    """What channels say now; from the first question on their transport keeps them.

    Parameters
    ----------
    transport : Transport
    channels : sequence of Channel
    """

    def __init__(self, transport: Transport, channels: Sequence[Channel]):
        self._transport = transport
        self._channels = tuple(channels)
        self._ask: Callable[[], list[Any]] | None = None

    def values(self) -> list[Any]:
        """The values, in the order of the channels. Not to be changed."""
        if self._ask is None:
            self._ask = self._transport.keep(self._channels)
        return self._ask()


def follow(channels: Sequence[Channel]) -> Callable[[], list[Any]]:
    """`Transport.keep`, where a monitor is called before the put that changes its value has returned.

    The monitors begin with the first question.
    """
    values: list[Any] = []

    def taker(index: int) -> Callable[[Reading], None]:
        def take(reading: Reading) -> None:
            values[index] = reading.value

        return take

    def ask() -> list[Any]:
        if not values:
            values.extend(channel.get().value for channel in channels)
            for index, channel in enumerate(channels):
                channel.subscribe(taker(index))
        return values

    return ask
