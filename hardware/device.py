"""Device: a tree of signals, declared once by annotations.

>>> from beamtwin.hardware.signals import SignalR
>>> class Thermometer(Device):
...     temperature: SignalR[float] = pv("T-I", kind=Kind.hinted)
...     sensor: SignalR[str] = pv("Type-Sts", kind=Kind.config)
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import Any, ClassVar

from beamtwin.hardware.channel import Channel, Transport
from beamtwin.hardware.declaration import Declaration, declarations, pv
from beamtwin.hardware.readout import Leaf, Readout
from beamtwin.hardware.sequence import Steps, regardless, sequence
from beamtwin.hardware.signals import Document, Kind, Signal, SignalRW, SignalW, Subscriber
from beamtwin.orchestration.clock import Clock
from beamtwin.orchestration.errors import DeviceError, NotConnectedError
from beamtwin.orchestration.status import Status, wait

__all__ = ["Device", "connect", "pv", "sub"]

#: Seconds that `Device.configure` waits for its puts.
CONFIGURE_TIMEOUT_S = 10.0


class Device:
    """Something with PVs below one prefix. Subclasses declare them with `pv` and `sub`.

    Parameters
    ----------
    prefix : str
        What its PVs begin with.
    name : str
        What the keys of its readings begin with.
    transport : Transport
        Where its PVs are. Nothing is asked of it before `connect`.
    parent : Device, optional
        The device that it is a part of.

    Attributes
    ----------
    stage_sigs : dict
        Signal to the value that it has while the device is staged.
    """

    _declarations: ClassVar[dict[str, tuple[Declaration, Any]]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        table: dict[str, tuple[Declaration, Any]] = {}
        for base in reversed(cls.__mro__):
            if issubclass(base, Device):
                table |= declarations(base)
        cls._declarations = table

    def __init__(self, prefix: str, name: str, transport: Transport, *, parent: Any = None):
        self.prefix = prefix
        self.name = name
        self.transport = transport
        self.parent = parent
        self.stage_sigs: dict[SignalRW[Any], Any] = {}
        self._kind = Kind.hinted
        self._children: dict[str, Any] = {}
        self._readouts: dict[Kind, Readout] = {}
        self._subscriptions: dict[Subscriber, Callable[[], None]] = {}
        self._originals: dict[SignalRW[Any], Any] = {}
        self._staging: Status | None = None
        for attribute, (declaration, annotation) in self._declarations.items():
            self.add(attribute, declaration.build(self, attribute, annotation))

    def add(self, attribute: str, part: Any) -> None:
        """Have one more part; for devices whose make-up an argument decides."""
        setattr(self, attribute, part)
        self._children[attribute] = part

    @property
    def clock(self) -> Clock:
        """Its transport's."""
        return self.transport.clock

    @property
    def kind(self) -> Kind:
        """What its parent does with it: omitted, only its configuration, its readings, or its hints too."""
        return self._kind

    @kind.setter
    def kind(self, kind: Kind | str) -> None:
        self._kind = Kind[kind] if isinstance(kind, str) else Kind(kind)
        self.forget_readings()

    def children(self) -> Mapping[str, Any]:
        """Its parts, by attribute."""
        return self._children

    def walk_signals(self) -> Iterator[Signal[Any]]:
        """All signals of the tree."""
        for child in self._children.values():
            if isinstance(child, Signal | Device):
                yield from child.walk_signals()

    def connect(self, timeout: float | None = None) -> None:
        """Connect the whole tree; see the function `connect`."""
        connect(self, timeout=timeout)

    def read(self) -> dict[str, Document]:
        """Readings of what is of kind normal or hinted, all in one round trip."""
        return self._readout(Kind.normal).read()

    def describe(self) -> dict[str, Document]:
        """The data keys of `read`."""
        return self._readout(Kind.normal).describe()

    def read_configuration(self) -> dict[str, Document]:
        """Readings of what is of kind config."""
        return self._readout(Kind.config).read()

    def describe_configuration(self) -> dict[str, Document]:
        """The data keys of `read_configuration`."""
        return self._readout(Kind.config).describe()

    @property
    def hints(self) -> Document:
        """The names that are worth showing: its own hinted signals', and its hinted parts'."""
        hinted = (child for child in self._children.values() if _has(child.kind, Kind.hinted))
        return {"fields": [field for child in hinted for field in child.hints["fields"]]}

    def keep(self) -> None:
        """Have all that `read` reads sent as it changes: it needs no round trip then; see `Transport.keep`."""
        self._readout(Kind.normal).keep()

    def configure(self, settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Set signals by attribute and wait: ``detector.configure({"cam.acquire_time": 0.1})``.

        Returns
        -------
        before, after : dict
            What `read_configuration` says.
        """
        before = self.read_configuration()
        signals = {path: self._writable(path) for path in settings}
        for path, value in settings.items():
            signals[path].check_value(value)
        puts = [signals[path].set(value) for path, value in settings.items()]
        wait(self.clock, puts, CONFIGURE_TIMEOUT_S)
        return before, self.read_configuration()

    def subscribe(self, function: Subscriber) -> None:
        """Call ``function(self.read())`` now, and when any of the values is new."""
        self.clear_sub(function)
        self._subscriptions[function] = self._readout(Kind.normal).subscribe(function)

    def clear_sub(self, function: Subscriber) -> None:
        """No more calls of ``function``."""
        end = self._subscriptions.pop(function, None)
        if end is not None:
            end()

    def stage(self) -> Status:
        """Make ready for a run: set `stage_sigs`, stage the parts."""
        self._staging = sequence(self.clock, self.stage_steps(), f"{self.name}: stage")
        return self._staging

    def unstage(self) -> Status:
        """Undo `stage`, in reverse and as far as that got; go on after a failure, and report it."""
        if self._staging is not None:
            self._staging.set_exception(DeviceError(f"{self.name}: unstaged while staging"))
        return sequence(self.clock, self.unstage_steps(), f"{self.name}: unstage")

    def stage_steps(self) -> Steps:
        """What `stage` does; subclasses extend it."""
        for signal, value in self.stage_sigs.items():
            self._originals.setdefault(signal, signal.get())
            yield signal.set(value)
        for part in self._parts():
            yield part.stage()

    def unstage_steps(self) -> Steps:
        """What `unstage` does; subclasses extend it."""
        undo = [part.unstage for part in reversed(self._parts())]
        while self._originals:
            signal, value = self._originals.popitem()
            undo.append(partial(signal.set, value))
        yield from regardless(*map(_single, undo))

    def leaves(self, kind: Kind) -> Iterator[Leaf]:
        """What is of this kind, in itself and in its parts."""
        for child in self._children.values():
            if isinstance(child, Device):
                if child.kind & (kind | Kind.normal):
                    yield from child.leaves(kind)
            elif child.kind & kind and isinstance(child, Leaf):
                yield child

    def forget_readings(self) -> None:
        """Work out anew what is read: a kind has changed."""
        self._readouts.clear()
        if self.parent is not None:
            self.parent.forget_readings()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.prefix!r}, name={self.name!r})"

    def _readout(self, kind: Kind) -> Readout:
        readout = self._readouts.get(kind)
        if readout is None:
            readout = self._readouts[kind] = Readout(self.transport, self.leaves(kind))
        return readout

    def _parts(self) -> "list[Device]":
        return [child for child in self._children.values() if isinstance(child, Device)]

    def _writable(self, path: str) -> SignalW[Any]:
        with suppress(AttributeError):
            signal = attrgetter(path)(self)
            if isinstance(signal, SignalW):
                return signal
        names = ", ".join(key for key, part in self._children.items() if isinstance(part, SignalW))
        raise DeviceError(f"{self.name}: no signal {path!r} to configure; it has {names}")


def connect(*devices: Device | Signal[Any], timeout: float | None = None) -> None:
    """Connect all PVs of the devices at once, and check that each is of the type that is declared.

    Raises
    ------
    NotConnectedError
        Naming every PV that did not answer within ``timeout`` seconds (default: the transport's) or that is of
        another type.
    """
    signals = [signal for device in devices for signal in device.walk_signals()]
    channels: dict[Transport, list[Channel]] = {}
    for signal in signals:
        channels.setdefault(signal.transport, []).extend(signal.channels)
    advice: list[str] = []
    for transport, wanted in channels.items():
        try:
            transport.connect(wanted, timeout)
        except NotConnectedError as error:  # what is missing shows below, with what is mistyped
            advice += [error.advice] if error.advice else []
    problems = [problem for signal in signals for problem in signal.bind()]
    if problems:
        names = ", ".join(device.name for device in devices)
        total = sum(map(len, channels.values()))
        listed = "\n  ".join([*problems, *advice])
        raise NotConnectedError(
            f"{names}: {len(problems)} of {total} PVs are not there as declared:\n  {listed}"
        )


def sub(suffix: str = "", *, kind: Kind = Kind.hinted, **arguments: Any) -> Any:
    """Declare a part that is a device; the annotation says which: ``top: Motor = sub("-Ax:T}Mtr")``.

    Parameters
    ----------
    suffix : str
        The part's prefix, after the device's.
    kind : Kind
        Which of the part's are the device's too: nothing (omitted), its configuration (config), its readings
        as well (normal), its hints as well (hinted).
    **arguments
        Of the part's class.
    """
    return _Sub(suffix, kind, arguments)


@dataclass(frozen=True)
class _Sub(Declaration):
    suffix: str
    kind: Kind
    arguments: dict[str, Any]

    def problem(self, annotation: Any) -> str | None:
        if isinstance(annotation, type) and issubclass(annotation, Device):
            return None
        return "annotate it with the class of the part, as in `top: Motor = sub(...)`"

    def build(self, device: Device, attribute: str, annotation: Any) -> Device:
        part = annotation(
            device.prefix + self.suffix,
            f"{device.name}_{attribute}",
            device.transport,
            parent=device,
            **self.arguments,
        )
        part.kind = self.kind
        return part


def _has(kind: Kind, all_of: Kind) -> bool:
    return kind & all_of == all_of


def _single(begin: Callable[[], Status]) -> Steps:
    yield begin()
