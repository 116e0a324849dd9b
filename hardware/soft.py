"""A dictionary as a Transport: for the tests of devices, without records, network or threads."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from beamtwin.hardware.channel import Channel, Metadata, Reading
from beamtwin.hardware.latest import follow
from beamtwin.orchestration.clock import Clock
from beamtwin.orchestration.errors import AccessError, NotConnectedError, PutError
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

    def keep(self, channels: Sequence[Channel]) -> Callable[[], list[Any]]:
        """Follow their monitors; see `Transport.keep`."""
        return follow(channels)

    def close(self) -> None:
        """Nothing to let go of."""

    def on_put(self, pv: str, hook: Hook) -> None:
        """Call ``hook(value)`` after each put; the put ends when the status it returns does, else at once."""
        self.channel(pv).hook = hook

    def set(self, pv: str, value: Any, severity: int = 0, status: int = 0) -> None:
        """Change a value as its server would: no hook is called."""
        self.channel(pv).post(value, severity, status)

    def describe(self, pv: str, metadata: Metadata) -> None:
        """Have other metadata, as when its server's limits are changed."""
        self.channel(pv).describe(metadata)

    def disconnect(self, pv: str) -> None:
        """From now on, nobody answers for this PV; puts under way fail."""
        self.channel(pv).disconnect()

    def reconnect(self, pv: str) -> None:
        """Its server is back, and says to subscribers how things are."""
        self.channel(pv).reconnect()


class SoftChannel:
    """One value of a `SoftTransport`."""

    __slots__ = (
        "_callbacks",
        "_clock",
        "_metadata",
        "_pending",
        "_reading",
        "_watchers",
        "connected",
        "hook",
        "name",
    )

    def __init__(self, name: str, clock: Clock):
        self.name = name
        self.connected = False
        self.hook: Hook | None = None
        self._clock = clock
        self._metadata: Metadata | None = None
        self._reading = Reading(None, 0.0)
        self._callbacks: dict[object, Callable[[Reading], object]] = {}
        self._watchers: dict[object, Callable[[], object]] = {}
        self._pending: list[Status] = []

    @property
    def metadata(self) -> Metadata:
        """What the values are."""
        if self._metadata is None:
            raise NotConnectedError(f"{self.name}: no answer")
        return self._metadata

    def get(self) -> Reading:
        """The value."""
        if not self.connected:
            self._check_connected()
        return self._reading

    def put(self, value: Any, *, completion: bool = True, timeout: float | None = None) -> Status:
        """Store a value; fails as a server would."""
        name = f"put to {self.name}"
        try:
            self._check_connected()
            self.post(self._accept(value))
        except (NotConnectedError, PutError) as error:
            status = Status(self._clock, name=name)
            status.set_exception(error)
            return status
        ended = None if self.hook is None else self.hook(self._reading.value)
        if ended is None or not completion:
            return finished(self._clock, name)
        status = gather(self._clock, [ended], name, timeout=timeout)
        self._pending = [*(one for one in self._pending if not one.done), status]
        return status

    def subscribe(self, callback: Callable[[Reading], object]) -> Callable[[], None]:
        """Call ``callback`` now and with each later value."""
        end = _register(self._callbacks, callback)
        if self.connected:
            callback(self._reading)
        return end

    def on_change(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Call ``callback`` when it connects or disconnects, or is described anew."""
        return _register(self._watchers, callback)

    def serve(self, value: Any, metadata: Metadata) -> None:
        """Be there, with this value."""
        self._metadata = metadata
        self.connected = True
        self.post(value)
        self._changed()

    def post(self, value: Any, severity: int = 0, status: int = 0) -> None:
        """Have a new value, and tell who listens."""
        value = _convert(value, self.metadata)
        self._reading = Reading(value, self._clock.time(), severity, status)
        self._tell()

    def describe(self, metadata: Metadata) -> None:
        """Be something else from now on."""
        self._metadata = metadata
        self._changed()

    def disconnect(self) -> None:
        """Have no server."""
        self.connected = False
        pending, self._pending = self._pending, []
        for status in pending:
            status.set_exception(NotConnectedError(f"{self.name}: disconnected during a put"))
        self._changed()

    def reconnect(self) -> None:
        """Have one again."""
        self.connected = True
        self._changed()
        self._tell()

    def _tell(self) -> None:
        for callback in tuple(self._callbacks.values()):
            callback(self._reading)
        self._clock.wake()

    def _changed(self) -> None:
        for callback in tuple(self._watchers.values()):
            callback()
        self._clock.wake()

    def _accept(self, value: Any) -> Any:
        if not self.metadata.writable:
            raise AccessError(f"{self.name}: cannot put {value!r}: it is read-only")
        try:
            return _convert(value, self.metadata)
        except (TypeError, ValueError) as error:
            raise PutError(f"{self.name}: {value!r} was refused ({error})") from error

    def _check_connected(self) -> None:
        if not self.connected:
            raise NotConnectedError(f"{self.name}: not connected")


def _register(callbacks: dict[object, Any], callback: Any) -> Callable[[], None]:
    key = object()
    callbacks[key] = callback

    def end() -> None:
        callbacks.pop(key, None)

    return end


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
