"""Derived signals: values computed from others, and set by way of them.

>>> from beamtwin.hardware.device import Device, pv
>>> from beamtwin.hardware.signals import SignalRW
>>> class Stage(Device):
...     angle_deg: SignalRW[float] = pv("Ang")
...     angle_mrad: DerivedRW = derived(
...         lambda deg: 17.453292519943295 * deg,
...         "angle_deg",
...         inverse=lambda mrad: {"angle_deg": mrad / 17.453292519943295},
...         units="mrad",
...     )
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from beamtwin.hardware.channel import Channel, Reading, Transport
from beamtwin.hardware.declaration import Declaration
from beamtwin.hardware.documents import Document, document
from beamtwin.hardware.kind import Kind, Part
from beamtwin.hardware.readout import Readout
from beamtwin.hardware.signals import SignalR, SignalRW, Subscriber
from beamtwin.orchestration.errors import BeamtwinError, DeclarationError, LimitsError
from beamtwin.orchestration.status import Status, gather

__all__ = ["Derived", "DerivedR", "DerivedRW", "derived"]

#: The data types of event-model, and numpy's, by the type of a value.
DTYPES = {
    bool: ("boolean", "|b1"),
    int: ("integer", "<i8"),
    float: ("number", "<f8"),
    str: ("string", "<U40"),
}

Compute = Callable[..., Any]
#: From the value that is wanted to those of the signals, by attribute.
Inverse = Callable[[Any], Mapping[str, Any]]


class DerivedR(Part):
    """A value computed from signals; it is read, described, monitored and hinted as a signal is.

    Parameters
    ----------
    name : str
        The key of its readings.
    compute : callable
        Its value, from those of the signals in their order.
    signals : mapping of str to SignalR
        By the names that ``inverse`` uses; all of one transport.
    datatype : type
        Of its value: float, int, bool or str.
    units : str
    precision : int, optional
    """

    def __init__(
        self,
        name: str,
        compute: Compute,
        signals: Mapping[str, SignalR[Any]],
        *,
        datatype: type = float,
        units: str = "",
        precision: int | None = None,
        kind: Kind = Kind.normal,
        parent: Any = None,
    ):
        self.name = name
        self.parent = parent
        self.datatype = datatype
        self.units = units
        self.precision = precision
        self.signals = dict(signals)
        self._compute = compute
        self._kind = kind
        self._subscriptions: dict[Subscriber, Callable[[], None]] = {}

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The PVs that it depends on."""
        return tuple(channel for signal in self.signals.values() for channel in signal.channels)

    @property
    def transport(self) -> Transport:
        """That of its signals."""
        return next(iter(self.signals.values())).transport

    @property
    def sources(self) -> tuple[Channel, ...]:
        """The channels that it is computed from."""
        return tuple(signal.readback for signal in self.signals.values())

    def reader(self, at: int) -> Callable[[Sequence[Reading]], Document]:
        """Makes its document from the readings of many channels, its own from index ``at`` on."""
        end = at + len(self.signals)
        derive = self._deriver()
        return lambda readings: document(derive(readings[at:end]))

    def get(self) -> Any:
        """The value now."""
        return self._derive(self.transport.get_many(self.sources)).value

    def read(self) -> dict[str, Document]:
        """Its reading, under its name: as late as the latest of its signals, and as alarmed as the worst."""
        return self._readout().read()

    def describe(self) -> dict[str, Document]:
        """Its data key, under its name."""
        dtype, dtype_numpy = DTYPES[self.datatype]
        names = ", ".join(signal.name for signal in self.signals.values())
        key: Document = {
            "source": f"derived from {names}",
            "dtype": dtype,
            "shape": [],
            "dtype_numpy": dtype_numpy,
        }
        if self.units:
            key["units"] = self.units
        if self.precision is not None:
            key["precision"] = self.precision
        return {self.name: key}

    def subscribe(self, function: Subscriber) -> None:
        """Call ``function(self.read())`` once all signals have been heard, and with each later value of any."""
        self.clear_sub(function)
        self._subscriptions[function] = self._readout().subscribe(function)

    def clear_sub(self, function: Subscriber) -> None:
        """No more calls of ``function``."""
        end = self._subscriptions.pop(function, None)
        if end is not None:
            end()

    def _readout(self) -> Readout:
        return Readout(self.transport, [self])

    def _derive(self, readings: Sequence[Reading]) -> Reading:
        return self._deriver()(readings)

    def _deriver(self) -> Callable[[Sequence[Reading]], Reading]:
        converters = [signal.typed_converter for signal in self.signals.values()]
        compute = self._compute
        as_they_come = not any(converters)

        def derive(readings: Sequence[Reading]) -> Reading:
            values = [reading.value for reading in readings]
            if not as_they_come:
                pairs = zip(converters, values, strict=True)
                values = [value if convert is None else convert(value) for convert, value in pairs]
            worst = max(readings, key=_severity)
            return Reading(compute(*values), max(map(_timestamp, readings)), *worst[2:])

        return derive

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, from {', '.join(self.signals)})"


class Derived(DerivedR):
    """A number computed from numbers, in the unit and with the precision of the first unless it has a unit of its own.

    Parameters
    ----------
    name, compute
        As of `DerivedR`.
    signals : sequence of SignalR[float]
    units : str, optional
    """

    def __init__(
        self,
        name: str,
        compute: Compute,
        signals: Sequence[SignalR[float]],
        kind: Kind = Kind.normal,
        units: str | None = None,
    ):
        by_name = {signal.name: signal for signal in signals}
        super().__init__(name, compute, by_name, units=units or "", kind=kind)
        self._first = signals[0] if units is None else None

    def describe(self) -> dict[str, Document]:
        """Its data key, under its name."""
        (key,) = super().describe().values()
        if self._first is not None:
            (first,) = self._first.describe().values()
            key |= {name: first[name] for name in ("units", "precision") if name in first}
        return {self.name: key}


class DerivedRW(DerivedR):
    """A derived value that can be set: by way of the signals, which are all set at once, or none.

    Parameters
    ----------
    inverse : callable
        From the value that is wanted to those of the signals, by their names; those that it leaves out stay.
    **arguments
        As of `DerivedR`.
    """

    def __init__(
        self, name: str, compute: Compute, signals: Any, *, inverse: Inverse, **arguments: Any
    ):
        super().__init__(name, compute, signals, **arguments)
        self._inverse = inverse

    def check_value(self, value: Any) -> None:
        """Raise `LimitsError` for a value that one of the signals cannot have."""
        for signal, wanted in self._plan(value):
            try:
                signal.check_value(wanted)
            except LimitsError as error:
                unit = f" {self.units}" if self.units else ""
                raise LimitsError(f"{self.name}: {value}{unit} is out of reach: {error}") from None

    def set(self, value: Any, *, timeout: float | None = None) -> Status:
        """Set the signals; nothing is written unless all may be."""
        self.check_value(value)
        puts = [signal.set(wanted, timeout=timeout) for signal, wanted in self._plan(value)]
        return gather(self.transport.clock, puts, f"{self.name}: set to {value}")

    def locate(self) -> Document:
        """What was asked for, and what there is."""
        asked = [signal.channel for signal in self.signals.values()]
        setpoint = self._derive(self.transport.get_many(asked)).value
        return {"setpoint": setpoint, "readback": self.get()}

    def _plan(self, value: Any) -> Iterator[tuple[SignalRW[Any], Any]]:
        for name, wanted in self._inverse(value).items():
            signal = self.signals.get(name)
            if not isinstance(signal, SignalRW):
                raise BeamtwinError(f"{self.name}: {name} is no signal of it that can be set")
            yield signal, wanted


def derived(
    compute: Compute,
    *signals: str,
    inverse: Inverse | None = None,
    datatype: type = float,
    units: str = "",
    precision: int | None = None,
    kind: Kind = Kind.normal,
) -> Any:
    """Declare a signal computed from others: ``power: DerivedR = derived(lambda u, i: u * i, "u", "i", units="W")``.

    Parameters
    ----------
    compute : callable
        The value, from those of the signals.
    *signals : str
        Attributes of signals declared before; with dots, those of parts.
    inverse : callable, optional
        From a value to those of the signals, by attribute; for a `DerivedRW`.
    datatype, units, precision, kind
        Of the value.
    """
    common = {"datatype": datatype, "units": units, "precision": precision, "kind": kind}
    return _Derived(compute, signals, inverse, common)


@dataclass(frozen=True)
class _Derived(Declaration):
    compute: Compute
    signals: tuple[str, ...]
    inverse: Inverse | None
    common: dict[str, Any]

    def problem(self, annotation: Any) -> str | None:
        wanted = DerivedR if self.inverse is None else DerivedRW
        if annotation is not wanted:
            return f"annotate it with {wanted.__name__}"
        known = self.common["datatype"] in DTYPES
        return None if known else f"a derived signal can be of {_names(DTYPES)}"

    def build(self, device: Any, attribute: str, annotation: Any) -> DerivedR:
        signals = {name: self._signal(device, attribute, name) for name in self.signals}
        name = f"{device.name}_{attribute}"
        arguments = {**self.common, "parent": device}
        if self.inverse is None:
            return DerivedR(name, self.compute, signals, **arguments)
        return DerivedRW(name, self.compute, signals, inverse=self.inverse, **arguments)

    def _signal(self, device: Any, attribute: str, name: str) -> SignalR[Any]:
        signal = None
        if name.partition(".")[0] in device.children():
            signal = attrgetter(name)(device)
        if not isinstance(signal, SignalR):
            raise DeclarationError(
                f"{type(device).__name__}.{attribute}: declare the signal {name} before it"
            )
        return signal


def _severity(reading: Reading) -> int:
    return reading.severity


def _timestamp(reading: Reading) -> float:
    return reading.timestamp


def _names(types: Mapping[type, Any]) -> str:
    return ", ".join(one.__name__ for one in types)
