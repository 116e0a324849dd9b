"""Readings become documents: one RunBundler for each open run."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from beamtwin.orchestration.assets import Assets, asset_documents
from beamtwin.orchestration.clock import Clock
from beamtwin.orchestration.documents import (
    Document,
    compose_descriptor,
    compose_event_page,
    compose_start,
    compose_stop,
)
from beamtwin.orchestration.errors import DeviceError, IllegalMessageSequence, ReadingError
from beamtwin.orchestration.flying import Fliers, describe_collect
from beamtwin.orchestration.monitors import Monitors
from beamtwin.orchestration.streams import Described, Stream

__all__ = ["RunBundler"]


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
        self._predeclared: set[str] = set()
        self._bundle: str | None = None
        self._readings: dict[str, Any] = {}
        self._read: list[Any] = []
        self.uid = new_uid()
        self.assets = Assets(self.uid, emit)
        self.fliers = Fliers(self)
        self.monitors = Monitors(self._emit_event)

    # --- the run --------------------------------------------------------------------------------

    def open(self, metadata: Mapping[str, Any]) -> str:
        """Emit the start document; returns the run's uid."""
        self._emit("start", compose_start(self.uid, self._clock.time(), metadata))
        return self.uid

    def close(self, exit_status: str, reason: str) -> str:
        """Emit the stop document, whatever ending the monitors raises; returns the run's uid."""
        try:
            self.monitors.end_all()
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
        if not self._readings.keys().isdisjoint(reading):
            taken = self._readings.keys() & reading.keys()
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
            stream.check_keys(data.keys())
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
        documents = [each for device in stream.collectors for each in asset_documents(device)]
        width = self.assets.emit(stream, documents)
        if width > 1:
            raise DeviceError(
                f"stream {stream.name!r}: stream_datum of {width} frames came for one event"
            )

    def emit_page(self, stream: Stream, parts: Sequence[Document]) -> None:
        """Emit the events of several pages as one."""
        page = compose_event_page(
            stream.descriptor["uid"], stream.events + 1, parts, self._clock.time(), self._new_uid
        )
        stream.events += len(page["uid"])
        self._emit("event_page", page)

    # --- streams --------------------------------------------------------------------------------

    def declare(
        self,
        name: str,
        devices: Iterable[Any],
        describe: Callable[[], Described] | None = None,
        *,
        anew: bool = False,
    ) -> Stream:
        """Emit the descriptor of a stream, whose events will be of these devices.

        Again, as when a plan is taken up from its last checkpoint, it does nothing.

        Parameters
        ----------
        describe : callable, optional
            What the events hold; default: what ``describe`` of each device says.
        anew : bool
            Whether the stream may have had events of other devices until now, as old flyers' streams may.
        """
        devices = tuple(devices)
        known = self._streams.get(name)
        if known is not None and not (anew and known.devices != devices):
            known.check(devices)
            return known
        if describe is None:
            describe = partial(_describe, devices)
        stream = Stream(devices, describe, self._compose_descriptor(name, describe()))
        if known is not None:
            stream.events = stream.events_at_checkpoint = known.events
        self._streams[name] = stream
        self._emit("descriptor", stream.descriptor)
        return stream

    def predeclare(self, name: str, devices: Sequence[Any], *, collect: bool = False) -> Stream:
        """Emit the descriptor of a stream at a plan's wish; ``collect`` will fill it, or ``save``.

        Again, it emits a new one for the events to come, if there have been some.
        """
        known = name in self._streams
        describe = partial(describe_collect, name, devices) if collect else None
        stream = self.declare(name, devices, describe)
        self._predeclared.add(name)
        if known and stream.events:
            self._renew(name, stream)
        return stream

    def declared(self, devices: Iterable[Any]) -> dict[str, Stream]:
        """The streams that a plan has declared for exactly these devices."""
        devices = frozenset(devices)
        return {
            name: each
            for name, each in self._streams.items()
            if name in self._predeclared and each.device_set == devices
        }

    def reconfigured(self, device: Any) -> None:
        """Emit the descriptors of the streams that hold ``device`` anew: its configuration has changed."""
        for name, stream in self._streams.items():
            if device in stream.device_set:
                self._renew(name, stream)

    def _renew(self, name: str, stream: Stream) -> None:
        stream.use(self._compose_descriptor(name, stream.describe()))
        self._emit("descriptor", stream.descriptor)

    def _compose_descriptor(self, name: str, described: Described) -> Document:
        return compose_descriptor(self._new_uid(), self._clock.time(), self.uid, name, described)

    # --- outside any bundle ---------------------------------------------------------------------

    def monitor(
        self,
        device: Any,
        name: str,
        deliver: Callable[[Callable[[], None]], None],
        **kwargs: Any,
    ) -> None:
        """Emit an event of stream ``name`` whenever ``device`` has news; see `Monitors.begin`."""
        if device in self.monitors:
            raise IllegalMessageSequence(
                f"{device.name} is monitored already: 'unmonitor' it first"
            )
        self.monitors.begin(device, self.declare(name, [device]), deliver, **kwargs)

    def declare_interruptions(self) -> None:
        """From now on `record_interruption` emits an event."""
        key = {"source": "RunEngine", "dtype": "string", "shape": []}
        descriptor = compose_descriptor(
            self._new_uid(), self._clock.time(), self.uid, "interruptions", {}
        )
        descriptor["data_keys"] = {"interruption": key}
        self._streams["interruptions"] = Stream((), dict, descriptor)
        self._emit("descriptor", descriptor)

    def record_interruption(self, what: str) -> None:
        """Emit an event that says what happened to the plan, if that was asked for."""
        stream = self._streams.get("interruptions")
        if stream is not None:
            now = self._clock.time()
            self._emit_event(stream, {"interruption": {"value": what, "timestamp": now}})
            stream.checkpoint()

    # --- checkpoints ----------------------------------------------------------------------------

    def checkpoint(self) -> None:
        """What has been emitted until now stays as it is when the plan is taken up again."""
        for stream in self._streams.values():
            stream.checkpoint()

    def rewind(self) -> None:
        """Number the events after the last checkpoint again, and forget the open one."""
        self._discard()
        for stream in self._streams.values():
            stream.events = stream.events_at_checkpoint


def _describe(devices: Iterable[Any]) -> Described:
    return {device: device.describe() for device in devices}
