"""Signals: a PV with a type, a name and a place in a device."""

from collections.abc import Callable, Iterator, Sequence
from enum import IntFlag
from math import isfinite
from typing import Any, Generic, TypeVar

from beamtwin.hardware.channel import Channel, Metadata, Reading, Transport
from beamtwin.hardware.conversion import Conversion, conversion, describe_type
from beamtwin.orchestration.errors import LimitsError, NotConnectedError
from beamtwin.orchestration.status import Status

__all__ = ["Kind", "Signal", "SignalR", "SignalRW", "SignalW", "check_limits", "document"]

T = TypeVar("T")

Document = dict[str, Any]
Subscriber = Callable[[dict[str, Document]], object]


class Kind(IntFlag):
    """What a device does with one of its parts; Ophyd's names and numbers."""

    omitted = 0
    """Neither read nor recorded."""
    normal = 1
    """Read at every point."""
    config = 2
    """Recorded once a run."""
    hinted = 5
    """Read at every point, and worth showing."""


def document(reading: Reading, from_pv: Callable[[Any], Any] | None = None) -> Document:
    """A reading as Bluesky has it; ``alarm_severity`` is there only where there is an alarm."""
    value, timestamp, severity, _ = reading
    if from_pv is not None:
        value = from_pv(value)
    if severity:
        return {"value": value, "timestamp": timestamp, "alarm_severity": severity}
    return {"value": value, "timestamp": timestamp}


def check_limits(
    name: str, value: float, limits: tuple[float, float], units: str, source: str
) -> None:
    """Raise `LimitsError` for a value outside ``limits``; as in EPICS, low >= high means that there are none."""
    unit = f" {units}" if units else ""
    if not isfinite(value):
        raise LimitsError(f"{name}: {value}{unit} is not finite")
    low, high = limits
    if low < high and not low <= value <= high:
        raise LimitsError(
            f"{name}: {value:g}{unit} is outside [{low:g}, {high:g}]{unit} ({source})"
        )


class Signal(Generic[T]):
    """What every signal has; see `SignalR`, `SignalW`, `SignalRW`.

    Parameters
    ----------
    datatype : type
        float, int, bool, str or `numpy.ndarray`. An enum can be had as int (index), str (choice) or bool,
        a waveform of characters as str.
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
    """

    __slots__ = (
        "_completion",
        "_kind",
        "_metadata",
        "_reads",
        "_subscriptions",
        "_writes",
        "channel",
        "datatype",
        "name",
        "parent",
        "readback",
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
    ):
        self.datatype = datatype
        self.transport = transport
        self.name = name or pv
        self.parent = parent
        self.channel: Channel = transport.channel(pv)
        self.readback: Channel = self.channel if readback is None else transport.channel(readback)
        self._kind = kind
        self._completion = completion
        self._metadata: Metadata | None = None
        self._reads: Conversion | None = None
        self._writes: Conversion | None = None
        self._subscriptions: dict[Subscriber, Callable[[], None]] = {}

    @property
    def kind(self) -> Kind:
        """What the device does with it; may be changed at any time."""
        return self._kind

    @kind.setter
    def kind(self, kind: Kind | str) -> None:
        self._kind = Kind[kind] if isinstance(kind, str) else Kind(kind)
        if self.parent is not None:
            self.parent.forget_readings()

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The one or two PVs behind it."""
        return (self.channel,) if self.readback is self.channel else (self.channel, self.readback)

    @property
    def metadata(self) -> Metadata:
        """What its values are, as of `connect`; of the readback where there are two PVs."""
        if self._metadata is None:
            self._bound()
        assert self._metadata is not None
        return self._metadata

    @property
    def hints(self) -> Document:
        """Its own name, if it is hinted."""
        return {"fields": [self.name] if self._kind & Kind.hinted == Kind.hinted else []}

    def walk_signals(self) -> Iterator["Signal[Any]"]:
        """Itself: as a device yields all of its own."""
        yield self

    def bind(self) -> list[str]:
        """Settle how values are converted; returns what stands against it, PV by PV."""
        problems = [text for channel in self.channels if (text := self._problem(channel))]
        if not problems:
            self._metadata = self.readback.metadata
            self._reads = conversion(self.datatype, self.readback.metadata)
            self._writes = conversion(self.datatype, self.channel.metadata)
        return problems

    def _problem(self, channel: Channel) -> str | None:
        try:
            metadata = channel.metadata
        except NotConnectedError:
            return f"{channel.name}: no answer ({self.name})"
        if conversion(self.datatype, metadata) is None:
            declared = self.datatype.__name__
            return f"{channel.name}: {describe_type(metadata)}; {self.name} is declared {declared}"
        return None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.channel.name!r}, name={self.name!r})"

    def _bound(self) -> tuple[Conversion, Conversion]:
        problems = self.bind()
        if self._reads is None or self._writes is None:
            raise NotConnectedError("; ".join(problems))
        return self._reads, self._writes


class SignalR(Signal[T]):
    """A value to read."""

    __slots__ = ()

    def get(self) -> T:
        """The value now."""
        return self.convert(self.readback.get().value)

    def convert(self, value: Any) -> T:
        """A value of the PV as the declared type."""
        from_pv = self.converter
        return value if from_pv is None else from_pv(value)

    @property
    def converter(self) -> Callable[[Any], Any] | None:
        """How values become the declared type; None where they are of it as they come."""
        return (self._reads or self._bound()[0]).from_pv

    def read(self) -> dict[str, Document]:
        """Its reading, under its name."""
        return {self.name: document(self.readback.get(), self.converter)}

    def describe(self) -> dict[str, Document]:
        """The data key of its reading, under its name."""
        return {self.name: self._data_key()}

    def reader(self, at: int) -> Callable[[Sequence[Reading]], Document]:
        """Makes its document from the readings of many channels, its own at index ``at``."""
        from_pv = self.converter
        return lambda readings: document(readings[at], from_pv)

    @property
    def sources(self) -> tuple[Channel, ...]:
        """The channels that its document is made from."""
        return (self.readback,)

    def subscribe(self, function: Subscriber) -> None:
        """Call ``function(self.read())`` now and with each later value."""
        self.clear_sub(function)
        self._subscriptions[function] = self.readback.subscribe(
            lambda reading: function({self.name: document(reading, self.converter)})
        )

    def clear_sub(self, function: Subscriber) -> None:
        """No more calls of ``function``."""
        end = self._subscriptions.pop(function, None)
        if end is not None:
            end()

    def when(self, condition: Callable[[T], object], timeout: float | None = None) -> Status:
        """A status that is done once ``condition(value)`` holds, or fails after ``timeout`` seconds."""
        status = Status(
            self.transport.clock, timeout=timeout, name=f"{self.name}: wait for a value"
        )

        def look(reading: Reading) -> None:
            if not status.done and condition(self.convert(reading.value)):
                status.set_finished()

        end = self.readback.subscribe(look)
        status.add_callback(lambda _: end())
        return status

    def _data_key(self) -> Document:
        metadata, reads = self.readback.metadata, self._bound()[0]
        shape = list(self.readback.get().value.shape) if reads.dtype == "array" else []
        key = {
            "source": f"{self.transport.scheme}://{self.readback.name}",
            "dtype": reads.dtype,
            "shape": shape,
            "dtype_numpy": reads.dtype_numpy,
        }
        return key | _optional_keys(metadata, reads.dtype)


class SignalW(Signal[T]):
    """A value to write."""

    __slots__ = ()

    def put(self, value: T) -> Status:
        """Write, whatever the limits."""
        return self._put(self._to_pv(value))

    def set(self, value: T, *, timeout: float | None = None) -> Status:
        """Write a value that the limits allow.

        Parameters
        ----------
        value
            Of the declared type.
        timeout : float, optional
            Seconds until the status fails; None waits for as long as it takes.
        """
        return self._put(self._checked(value), timeout)

    def send(self, value: T) -> None:
        """Write, and do not ask when that is done: a server would answer behind the very thing it is to end."""
        error = self.channel.put(self._to_pv(value), completion=False).exception()
        if error is not None:
            raise error

    def check_value(self, value: T) -> None:
        """Raise `LimitsError` for what may not be written: a value of another kind, or beyond the limits."""
        self._checked(value)

    def _put(self, raw: Any, timeout: float | None = None) -> Status:
        return self.channel.put(raw, completion=self._completion, timeout=timeout)

    def _checked(self, value: T) -> Any:
        raw = self._to_pv(value)
        if self.datatype in (float, int):
            metadata = self.channel.metadata
            if metadata.limits is not None:
                source = f"control limits of {self.channel.name}"
                check_limits(self.name, raw, metadata.limits, metadata.units, source)
        return raw

    def _to_pv(self, value: T) -> Any:
        try:
            return (self._writes or self._bound()[1]).to_pv(value)
        except (TypeError, ValueError) as error:
            raise LimitsError(
                f"{self.name}: {value!r} is not what {self.channel.name} takes"
                f" (declared {self.datatype.__name__}): {error}"
            ) from None


class SignalRW(SignalR[T], SignalW[T]):
    """A value to read and write."""

    __slots__ = ()

    def locate(self) -> Document:
        """What was asked for, and what there is."""
        asked = self.channel.get().value
        convert = self._bound()[1].from_pv
        return {"setpoint": asked if convert is None else convert(asked), "readback": self.get()}


def _optional_keys(metadata: Metadata, dtype: str) -> Document:
    """What only some data keys have: units, precision, limits, choices."""
    keys: Document = {}
    if metadata.units:
        keys["units"] = metadata.units
    if metadata.precision is not None and dtype in ("number", "array"):
        keys["precision"] = metadata.precision
    if metadata.limits is not None and dtype in ("number", "integer"):
        low, high = metadata.limits
        keys["limits"] = {"control": {"low": low, "high": high}}
    if metadata.choices and dtype == "string":
        keys["choices"] = list(metadata.choices)
    return keys
