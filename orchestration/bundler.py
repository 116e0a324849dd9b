"""Readings become documents: one RunBundler for each open run."""

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import ExitStack
from typing import Any

from beamtwin.orchestration.clock import Clock
from beamtwin.orchestration.documents import (
    Document,
    compose_descriptor,
    compose_start,
    compose_stop,
)
from beamtwin.orchestration.errors import IllegalMessageSequence, ReadingError

__all__ = ["RunBundler"]


class Stream:
    """A named sequence of events that hold the same keys."""

    __slots__ = (
        "collectors",
        "descriptor",
        "device_set",
        "devices",
        "events",
        "events_at_checkpoint",
        "filled",
        "keys",
    )

    def __init__(self, devices: Iterable[Any], descriptor: Document):
        self.devices = tuple(devices)
        self.device_set = frozenset(self.devices)
        self.collectors = [d for d in self.devices if hasattr(d, "collect_asset_docs")]
        self.events = 0
        self.events_at_checkpoint = 0
        self.use(descriptor)

    def use(self, descriptor: Document) -> None:
        """From now on the events are of this descriptor."""
        self.descriptor = descriptor
        external = {
            k: key["external"] for k, key in descriptor["data_keys"].items() if "external" in key
        }
        self.keys = {key for key in descriptor["data_keys"] if external.get(key) != "STREAM:"}
        self.filled = {key: False for key in external if key in self.keys}

    def check(self, devices: Collection[Any]) -> None:
        """Raise where an event of these devices does not belong here."""
        if len(devices) != len(self.devices) or self.device_set != frozenset(devices):
            raise IllegalMessageSequence(
                f"stream {self.descriptor['name']!r} has events of {_names(self.devices)}, and not of "
                f"{_names(devices)}: give them a stream of their own"
            )


class RunBundler:
    """The documents of one run.

    Parameters
    ----------
    clock : Clock
        Stamps the documents.
    emit : callable
        Takes each document as ``emit(name, document)``.
    new_uid : callable
        Makes each document's uid.
    """

    def __init__(
        self, clock: Clock, emit: Callable[[str, Document], None], new_uid: Callable[[], str]
    ):
        self._clock = clock
        self._emit = emit
        self._new_uid = new_uid
        self._streams: dict[str, Stream] = {}
        self._bundle: str | None = None
        self._readings: dict[str, Any] = {}
        self._read: list[Any] = []
        self._monitors: dict[Any, Callable[..., None]] = {}
        self.uid = ""

    # --- the run --------------------------------------------------------------------------------

    def open(self, metadata: Mapping[str, Any]) -> str:
        """Emit the start document; returns the run's uid."""
        self.uid = self._new_uid()
        self._emit("start", compose_start(self.uid, self._clock.time(), metadata))
        return self.uid

    def close(self, exit_status: str, reason: str) -> str:
        """Emit the stop document, whatever ending the monitors raises; returns the run's uid."""
        try:
            self.end_monitors()
        finally:
            counts = {name: stream.events for name, stream in self._streams.items()}
            stop = compose_stop(
                self._new_uid(), self._clock.time(), self.uid, exit_status, reason, counts
            )
            self._emit("stop", stop)
        return self.uid

    # --- a bundle of readings, saved as one event -----------------------------------------------

    @property
    def bundling(self) -> bool:
        """Whether an event is being put together."""
        return self._bundle is not None

    def create(self, name: str) -> None:
        """Begin an event of the stream ``name``."""
        if self._bundle is not None:
            raise IllegalMessageSequence(
                f"'create' for stream {name!r} while an event of {self._bundle!r} is open: 'save' or 'drop' that first"
            )
        self._bundle = name

    def read(self, device: Any, reading: Mapping[str, Any]) -> None:
        """Put a device's reading into the open event."""
        taken = self._readings.keys() & reading.keys()
        if taken:
            raise ReadingError(
                f"{device.name}: {sorted(taken)} were read already in this event; two devices share a name, "
                "or one is read twice"
            )
        self._readings.update(reading)
        self._read.append(device)

    def drop(self) -> None:
        """Forget the open event."""
        if self._bundle is None:
            raise IllegalMessageSequence("'drop' without a 'create' before it")
        self._discard()

    def save(self) -> None:
        """Emit the open event, after the descriptor if it is its stream's first; an empty one is forgotten."""
        name = self._bundle
        if name is None:
            raise IllegalMessageSequence("'save' without a 'create' before it")
        readings, read = self._readings, self._read
        self._discard()
        if not read:
            return
        stream = self._streams.get(name) or self.declare(name, read)
        if tuple(read) != stream.devices:
            stream.check(read)
        if stream.collectors:
            self._emit_assets(stream)
        self._emit_event(stream, readings)

    def _discard(self) -> None:
        self._bundle, self._readings, self._read = None, {}, []

    def _emit_event(self, stream: Stream, readings: Mapping[str, Any]) -> None:
        data = {key: reading["value"] for key, reading in readings.items()}
        if data.keys() != stream.keys:
            raise ReadingError(_key_mismatch(stream, data.keys()))
        stream.events += 1
        self._emit(
            "event",
            {
                "uid": self._new_uid(),
                "time": self._clock.time(),
                "data": data,
                "timestamps": {key: reading["timestamp"] for key, reading in readings.items()},
                "seq_num": stream.events,
                "filled": stream.filled.copy(),
                "descriptor": stream.descriptor["uid"],
            },
        )

    def _emit_assets(self, stream: Stream) -> None:
        """Emit what the stream's devices say of the files they have written for the event to come."""
        stream_datum = {
            "descriptor": stream.descriptor["uid"],
            "seq_nums": {"start": stream.events + 1, "stop": stream.events + 2},
        }
        added = {
            "resource": {"run_start": self.uid},
            "stream_resource": {"run_start": self.uid},
            "stream_datum": stream_datum,
        }
        for device in stream.collectors:
            for name, document in device.collect_asset_docs():
                self._emit(name, {**document, **added.get(name, {})})

    # --- streams --------------------------------------------------------------------------------

    def declare(self, name: str, devices: Iterable[Any]) -> Stream:
        """Emit the descriptor of a stream, whose events will be of these devices.

        Again, as when a plan is taken up from its last checkpoint, it does nothing.
        """
        devices = tuple(devices)
        known = self._streams.get(name)
        if known is not None:
            known.check(devices)
            return known
        stream = self._streams[name] = Stream(devices, self._describe(name, devices))
        self._emit("descriptor", stream.descriptor)
        return stream

    def reconfigured(self, device: Any) -> None:
        """Emit the descriptors of the streams that hold ``device`` anew: its configuration has changed."""
        for name, stream in self._streams.items():
            if device in stream.device_set:
                stream.use(self._describe(name, stream.devices))
                self._emit("descriptor", stream.descriptor)

    def _describe(self, name: str, devices: Iterable[Any]) -> Document:
        described = {device: device.describe() for device in devices}
        return compose_descriptor(self._new_uid(), self._clock.time(), self.uid, name, described)

    # --- monitors: events as they come, outside any bundle --------------------------------------

    def monitor(
        self, device: Any, name: str, deliver: Callable[[Callable[[], None]], None]
    ) -> None:
        """Emit an event of stream ``name`` whenever ``device`` has news.

        Parameters
        ----------
        deliver : callable
            Takes a function from whatever thread the news came in, and calls it in the engine's.
        """
        if device in self._monitors:
            raise IllegalMessageSequence(
                f"{device.name} is monitored already: 'unmonitor' it first"
            )
        stream = self.declare(name, [device])

        def emit(readings: Mapping[str, Any]) -> None:
            if self._monitors.get(device) is news:  # the monitor may have ended meanwhile
                self._emit_event(stream, readings)
                # Never taken back: nobody can ask for this event again.
                stream.events_at_checkpoint = stream.events

        def news(reading: Mapping[str, Any] | None = None, **_: Any) -> None:
            readings = device.read() if reading is None else dict(reading)
            deliver(lambda: emit(readings))

        self._monitors[device] = news
        device.subscribe(news)

    def unmonitor(self, device: Any) -> None:
        """End what `monitor` began."""
        if device not in self._monitors:
            raise IllegalMessageSequence(f"{device.name} is not monitored")
        device.clear_sub(self._monitors.pop(device))

    def end_monitors(self) -> None:
        """End all of them, whatever one of them raises."""
        with ExitStack() as stack:
            for device in self._monitors:
                stack.callback(self.unmonitor, device)

    def suspend_monitors(self) -> None:
        """Hear no more news for now."""
        for device, news in self._monitors.items():
            device.clear_sub(news)

    def restore_monitors(self) -> None:
        """Hear news again."""
        for device, news in self._monitors.items():
            device.subscribe(news)

    # --- checkpoints ----------------------------------------------------------------------------

    def checkpoint(self) -> None:
        """What has been emitted until now stays as it is when the plan is taken up again."""
        for stream in self._streams.values():
            stream.events_at_checkpoint = stream.events

    def rewind(self) -> None:
        """Number the events after the last checkpoint again, and forget the open one."""
        self._discard()
        for stream in self._streams.values():
            stream.events = stream.events_at_checkpoint


def _names(devices: Iterable[Any]) -> str:
    return ", ".join(sorted(device.name for device in devices))


def _key_mismatch(stream: Stream, keys: Iterable[str]) -> str:
    missing, extra = stream.keys - set(keys), set(keys) - stream.keys
    return (
        f"stream {stream.descriptor['name']!r}: the readings differ from what the devices described"
        f"{'; missing: ' + ', '.join(sorted(missing)) if missing else ''}"
        f"{'; not described: ' + ', '.join(sorted(extra)) if extra else ''}"
    )
