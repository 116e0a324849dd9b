"""A dictionary as a Transport: for the tests of devices, without records, network or threads."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from beamtwin.hardware.channel import Channel, Metadata, Reading
from beamtwin.orchestration.clock import Clock
from beamtwin.orchestration.errors import NotConnectedError, PutError
from beamtwin.orchestration.status import Status, finished, gather

__all__ = ["SoftChannel", "SoftTransport"]

Hook = Callable[[Any], Status | None]


class SoftTransport:
    """Serves the PVs of a dictionary.

    Parameters
    ----------
    clock : Clock
        Stamps the readings.
    values : mapping
        PV name to first value, or to ``(value, Metadata)`` where the value does not tell enough: units,
        limits, the choices of an enum.

    Examples
    --------
    >>> from beamtwin.orchestration.clock import WallClock
    >>> transport = SoftTransport(WallClock(), {"T": (295.0, Metadata("<f8", units="K"))})
    >>> transport.channel("T").put(300.0).success, transport.channel("T").get().value
    (True, 300.0)
    """

    scheme = "soft"

    def __init__(self, clock: Clock, values: Mapping[str, Any] | None = None):
        self.clock = clock
        self._channels: dict[str, SoftChannel] = {}
        for pv, value in (values or {}).items():
            self.serve(pv, value)

    def serve(self, pv: str, value: Any) -> None:
        """Have one more PV: a value, or ``(value, Metadata)``."""
        described = isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], Metadata)
        first, metadata = value if described else (value, _metadata_of(value))
        self.channel(pv).serve(first, metadata)

    def channel(self, pv: str) -> "SoftChannel":
        """The channel of a PV; one that is not served will not connect."""
        channel = self._channels.get(pv)
        if channel is None:
            channel = self._channels[pv] = SoftChannel(pv, self.clock)
        return channel

    def connect(self, channels: Iterable[Channel], timeout: float | None = None) -> None:
        """Raise `NotConnectedError`, naming all that are not served; nothing to wait for."""
        missing = [channel.name for channel in channels if not self.channel(channel.name).connected]
        if missing:
            raise NotConnectedError(f"no answer from {', '.join(missing)}")

    def get_many(self, channels: Sequence[Channel]) -> list[Reading]:
        """The readings of all."""
        return [channel.get() for channel in channels]

    def close(self) -> None:
        """Nothing to let go of."""

    def on_put(self, pv: str, hook: Hook) -> None:
        """Call ``hook(value)`` after each put; the put ends when the status it returns does, else at once."""
        self.channel(pv).hook = hook

    def set(self, pv: str, value: Any, severity: int = 0) -> None:
        """Change a value as its server would: no hook is called."""
        self.channel(pv).post(value, severity)

    def disconnect(self, pv: str) -> None:
        """From now on, nobody answers for this PV."""
        self.channel(pv).connected = False

    def reconnect(self, pv: str) -> None:
        """Its server is back."""
        self.channel(pv).connected = True


class SoftChannel:
    """One value of a `SoftTransport`."""

    __slots__ = ("_callbacks", "_clock", "_metadata", "_reading", "connected", "hook", "name")

    def __init__(self, name: str, clock: Clock):
        self.name = name
        self.connected = False
        self.hook: Hook | None = None
        self._clock = clock
        self._metadata = Metadata("<f8")
        self._reading = Reading(None, 0.0)
        self._callbacks: dict[object, Callable[[Reading], object]] = {}

    @property
    def metadata(self) -> Metadata:
        """What the values are."""
        self._check_connected()
        return self._metadata

    def get(self) -> Reading:
        """The value."""
        if not self.connected:
            self._check_connected()
        return self._reading

    def put(self, value: Any, *, completion: bool = True, timeout: float | None = None) -> Status:
        """Store a value; fails as a server would."""
        try:
            self._check_connected()
            self.post(self._accept(value))
        except (NotConnectedError, PutError) as error:
            status = Status(self._clock, name=f"put to {self.name}")
            status.set_exception(error)
            return status
        ended = None if self.hook is None else self.hook(self._reading.value)
        if ended is None or not completion:
            return finished(self._clock, f"put to {self.name}")
        return gather(self._clock, [ended], f"put to {self.name}", timeout=timeout)

    def subscribe(self, callback: Callable[[Reading], object]) -> Callable[[], None]:
        """Call ``callback`` now and with each later value."""
        key = object()
        self._callbacks[key] = callback
        if self.connected:
            callback(self._reading)

        def end() -> None:
            self._callbacks.pop(key, None)

        return end

    def serve(self, value: Any, metadata: Metadata) -> None:
        """Be there, with this value."""
        self._metadata = metadata
        self.connected = True
        self.post(value)

    def post(self, value: Any, severity: int = 0) -> None:
        """Have a new value, and tell who listens."""
        value = _convert(value, self._metadata)
        self._reading = Reading(value, self._clock.time(), severity)
        for callback in tuple(self._callbacks.values()):
            callback(self._reading)
        self._clock.wake()

    def _accept(self, value: Any) -> Any:
        if not self._metadata.writable:
            raise PutError(f"{self.name}: cannot be written")
        try:
            return _convert(value, self._metadata)
        except (TypeError, ValueError) as error:
            raise PutError(f"{self.name}: {value!r} was refused ({error})") from error

    def _check_connected(self) -> None:
        if not self.connected:
            raise NotConnectedError(f"{self.name}: not connected")


def _metadata_of(value: Any) -> Metadata:
    if isinstance(value, str):
        return Metadata("|S40")
    array = np.asarray(value)
    dtype = "<i4" if array.ndim == 0 and array.dtype.kind in "bi" else array.dtype.str
    return Metadata(dtype, count=max(1, array.size), is_array=array.ndim > 0)


def _convert(value: Any, metadata: Metadata) -> Any:
    if metadata.dtype == "enum":
        return metadata.choices.index(value) if isinstance(value, str) else int(value)
    if metadata.is_array or metadata.count > 1:
        array = np.array(value, dtype=metadata.dtype)
        array.setflags(write=False)
        return array
    return _SCALARS[np.dtype(metadata.dtype).kind](value)


_SCALARS: dict[str, Callable[[Any], Any]] = {"f": float, "i": int, "u": int, "S": str}
