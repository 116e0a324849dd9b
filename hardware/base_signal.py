"""What every signal has: its one or two PVs, and how their values become those of its type."""

import weakref
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

from beamtwin.hardware.channel import Channel, Metadata, Transport
from beamtwin.hardware.conversion import Conversion, conversion, describe_datatype, describe_type
from beamtwin.hardware.documents import Document
from beamtwin.hardware.kind import Kind, Part
from beamtwin.orchestration.errors import NotConnectedError

__all__ = ["Signal", "Subscriber"]

T = TypeVar("T")

Subscriber = Callable[[dict[str, Document]], object]


class Signal(Part, Generic[T]):
    """What every signal has; see `SignalR`, `SignalW`, `SignalRW`.

    Parameters
    ----------
    datatype : type
        float, int, bool, str or `numpy.ndarray`. An enum can be had as int (index), str (choice), bool, or as an
        `enum.StrEnum` whose members are the server's choices; a waveform of characters as str.
    transport : Transport
        Where the PV is.
    pv : str
        Its name; the one that is written, where there are two.
    readback : str, optional
        The PV that is read, where that is another one, as areaDetector's ``X_RBV``.
    name : str
        The key of its readings.
    completion : bool
        Whether a put is done when the server says so; else it is done when it has been sent.
    tolerance : float, optional
        How far the readback may be from what was set for `SignalRW.set_and_wait`; default: its last digit.
    """

    __slots__ = (
        "__weakref__",
        "_completion",
        "_kind",
        "_metadata",
        "_reads",
        "_subscriptions",
        "_watches",
        "_writes",
        "channel",
        "datatype",
        "name",
        "parent",
        "readback",
        "tolerance",
        "transport",
    )

    def __init__(
        self,
        datatype: type[T],
        transport: Transport,
        pv: str,
        *,
        readback: str | None = None,
        name: str = "",
        kind: Kind = Kind.normal,
        parent: Any = None,
        completion: bool = True,
        tolerance: float | None = None,
    ):
        self.datatype = datatype
        self.transport = transport
        self.name = name or pv
        self.parent = parent
        self.channel: Channel = transport.channel(pv)
        self.readback: Channel = self.channel if readback is None else transport.channel(readback)
        self.tolerance = tolerance
        self._kind = kind
        self._completion = completion
        self._watches = False
        self._metadata: Metadata | None = None
        self._reads: Conversion | None = None
        self._writes: Conversion | None = None
        self._subscriptions: dict[Subscriber, Callable[[], None]] = {}

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The one or two PVs behind it."""
        return (self.channel,) if self.readback is self.channel else (self.channel, self.readback)

    @property
    def metadata(self) -> Metadata:
        """What its values are now; of the readback where there are two PVs."""
        if self._metadata is None:
            self._bound()
        assert self._metadata is not None
        return self._metadata

    @property
    def limits(self) -> tuple[float, float] | None:
        """What may be written: the control limits; None where there are none."""
        return self.channel.metadata.limits

    def walk_signals(self) -> Iterator["Signal[Any]"]:
        """Itself: as a device yields all of its own."""
        yield self

    def bind(self) -> list[str]:
        """Settle how values are converted; returns what stands against it, PV by PV."""
        if not self._watches:
            self._watches = True
            for channel in self.channels:
                _watch(channel, self)
        problems = [text for channel in self.channels if (text := self._problem(channel))]
        return problems or self._settle()

    def _settle(self) -> list[str]:
        problems = [text for channel in self.channels if (text := self._mismatch(channel))]
        if not problems:
            self._metadata = self.readback.metadata
            self._reads = conversion(self.datatype, self.readback.metadata)
            self._writes = conversion(self.datatype, self.channel.metadata)
        return problems

    def _problem(self, channel: Channel) -> str | None:
        mismatch = self._mismatch(channel)
        if mismatch is None and not channel.connected:
            return f"{channel.name}: not connected ({self.name})"
        return mismatch

    def _mismatch(self, channel: Channel) -> str | None:
        try:
            metadata = channel.metadata
        except NotConnectedError as error:
            return f"{error} ({self.name})"
        if conversion(self.datatype, metadata) is None:
            declared = describe_datatype(self.datatype)
            return f"{channel.name}: {describe_type(metadata)}; {self.name} is declared {declared}"
        return None

    def look_again(self) -> None:
        """A server has said something else: have it worked out anew how values are converted."""
        self._metadata = self._reads = self._writes = None
        if self.parent is not None:
            self.parent.forget_readings()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.channel.name!r}, name={self.name!r})"

    def _bound(self) -> tuple[Conversion, Conversion]:
        problems = self._settle()
        if self._reads is None or self._writes is None:
            raise NotConnectedError("; ".join(problems))
        return self._reads, self._writes


def _watch(channel: Channel, signal: Signal[Any]) -> None:
    """Have a signal look again when its channel has changed, for as long as there is the signal."""
    watching = weakref.ref(signal)

    def look() -> None:
        alive = watching()
        if alive is None:
            end()
        else:
            alive.look_again()

    end = channel.on_change(look)
