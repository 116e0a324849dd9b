"""Whether PVs are connected, as something to read, record and suspend plans by."""

from collections.abc import Callable
from typing import Any

from beamtwin.hardware.channel import Channel
from beamtwin.hardware.documents import Document
from beamtwin.hardware.signals import Subscriber

__all__ = ["Connected"]


class Connected:
    """True while all PVs of some devices, or signals, are connected.

    A plan waits for an IOC to come back with ``RE.install_suspender(SuspendBoolLow(Connected(m1), sleep=1.0))``.

    Parameters
    ----------
    *devices : Device or Signal
        At least one; all of one clock.
    name : str
        The key of its readings; default: the first device's, and ``_connected``.
    """

    parent = None

    def __init__(self, *devices: Any, name: str = ""):
        self.name = name or f"{devices[0].name}_connected"
        signals = [signal for device in devices for signal in device.walk_signals()]
        self._clock = signals[0].transport.clock
        self._channels: tuple[Channel, ...] = tuple(
            dict.fromkeys(channel for signal in signals for channel in signal.channels)
        )
        self._subscriptions: dict[Subscriber, Callable[[], None]] = {}

    def get(self) -> bool:
        """Whether all are connected now."""
        return all(channel.connected for channel in self._channels)

    def missing(self) -> list[str]:
        """The PVs that are not."""
        return [channel.name for channel in self._channels if not channel.connected]

    def read(self) -> dict[str, Document]:
        """Its reading, under its name."""
        return {self.name: {"value": self.get(), "timestamp": self._clock.time()}}

    def describe(self) -> dict[str, Document]:
        """The data key of its reading, under its name."""
        key = {"source": "connections", "dtype": "boolean", "shape": [], "dtype_numpy": "|b1"}
        return {self.name: key}

    def subscribe(self, function: Subscriber) -> None:
        """Call ``function(self.read())`` now, and when it has changed."""
        self.clear_sub(function)
        last: bool | None = None

        def look() -> None:
            nonlocal last
            now = self.get()
            if now is not last:
                last = now
                function(self.read())

        ends = [channel.on_change(look) for channel in self._channels]

        def end() -> None:
            for end_one in ends:
                end_one()

        self._subscriptions[function] = end
        look()

    def clear_sub(self, function: Subscriber) -> None:
        """No more calls of ``function``."""
        end = self._subscriptions.pop(function, None)
        if end is not None:
            end()
