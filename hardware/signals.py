"""Signals: a PV with a type, a name and a place in a device."""

from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any, TypeVar

from beamtwin.hardware.arriving import arrive
from beamtwin.hardware.base_signal import Signal, Subscriber
from beamtwin.hardware.channel import Channel, Reading
from beamtwin.hardware.conversion import describe_datatype
from beamtwin.hardware.documents import Document, describe_values, document
from beamtwin.hardware.kind import Kind
from beamtwin.hardware.sequence import sequence
from beamtwin.orchestration.errors import LimitsError
from beamtwin.orchestration.status import Status

__all__ = [
    "Document",
    "Kind",
    "Signal",
    "SignalR",
    "SignalRW",
    "SignalW",
    "Subscriber",
    "check_limits",
    "document",
]

T = TypeVar("T")


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


class SignalR(Signal[T]):
    """A value to read."""

    __slots__ = ()

    def get(self) -> T:
        """The value now."""
        return self.convert(self.readback.get().value)

    def convert(self, value: Any) -> T:
        """A value of the PV as the declared type."""
        convert = self.typed_converter
        return value if convert is None else convert(value)

    @property
    def typed_converter(self) -> Callable[[Any], Any] | None:
        """How values become the declared type; None where they are of it as they come."""
        reads = self._reads or self._bound()[0]
        return reads.typed or reads.from_pv

    @property
    def converter(self) -> Callable[[Any], Any] | None:
        """How values become those of documents; None where they are so as they come."""
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

        def read(readings: Sequence[Reading]) -> Document:
            value, timestamp, severity, _ = reading = readings[at]
            if severity or from_pv is not None:
                return document(reading, from_pv)
            return {"value": value, "timestamp": timestamp}

        return read

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
        return key | describe_values(metadata, reads.dtype)


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
                f" (declared {describe_datatype(self.datatype)}): {error}"
            ) from None


class SignalRW(SignalR[T], SignalW[T]):
    """A value to read and write."""

    __slots__ = ()

    def locate(self) -> Document:
        """What was asked for, and what there is."""
        asked = self.channel.get().value
        convert = self._bound()[1].from_pv
        return {"setpoint": asked if convert is None else convert(asked), "readback": self.get()}

    def set_and_wait(
        self, value: T, *, tolerance: float | None = None, timeout: float | None = None
    ) -> Status:
        """Set, and wait until the readback is there.

        Parameters
        ----------
        tolerance : float, optional
            How far from ``value`` a number may be; default: the signal's, else its last digit (its precision).
        timeout : float, optional
            Seconds for both; None waits for as long as it takes.

        Returns
        -------
        Status
            Fails with `StatusTimeoutError` where it is elsewhere by then: saying where.

        Raises
        ------
        LimitsError
            Before anything is written, as `set`.
        """
        self.check_value(value)
        name = f"{self.name}: set to {value!r} and wait for {self.readback.name}"
        return sequence(self.transport.clock, arrive(self, value, tolerance, timeout), name)
