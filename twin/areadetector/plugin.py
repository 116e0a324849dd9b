"""Plugin: what is done with frames, and how they get there."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from beamtwin.twin.areadetector.frame import Frame
from beamtwin.twin.areadetector.port import Port
from beamtwin.twin.areadetector.row import Row, with_values
from beamtwin.twin.database import Database

__all__ = ["Network", "Plugin"]


class Network:
    """The ports of a camera, and the way of frames between them.

    Attributes
    ----------
    plugins : list of Plugin
    queued : int
        Frames that wait in plugins' queues, or are being processed.
    on_queue : callable
        Told of ``queued`` when that changes.
    """

    def __init__(self) -> None:
        self.plugins: list[Plugin] = []
        self.queued = 0
        self.on_queue: Callable[[int], object] = _nobody

    def queue(self, number: int) -> None:
        """So many frames more, or less, are in queues."""
        self.queued += number
        self.on_queue(self.queued)

    def deliver(self, port: Port, frame: Frame) -> float:
        """Give a frame to the plugins whose NDArrayPort a port is.

        Returns
        -------
        float
            Seconds for which those with BlockingCallbacks hold up whoever delivers.
        """
        if not port["ArrayCallbacks"]:
            return 0.0
        name = port.name
        return sum(
            plugin.take(frame)
            for plugin in self.plugins
            if plugin.port["EnableCallbacks"] and plugin.port["NDArrayPort"] == name
        )


def _nobody(queued: int) -> None:
    """Hears of queues where there is no camera."""


class Plugin(ABC):
    """NDPluginBase.template: a plugin that handles frames while EnableCallbacks is on.

    Parameters
    ----------
    network : Network
        Takes the plugin in.
    database : Database
        Takes its records in.
    prefix : str
        Of the plugin's PVs: ``XF:11IDB-ES{Det:Eig4M}Stats1:``.
    name, source : str
        Of its own port, and of that its frames come from at first.
    table : mapping
        The rows of its parameters.

    Attributes
    ----------
    bytes_per_second : float
        How fast it is; infinite by default. One that is slow lets frames queue, and drops those that its queue has no
        room for; with BlockingCallbacks it holds the camera up.
    """

    plugin_type = ""
    bytes_per_second = float("inf")

    def __init__(
        self,
        network: Network,
        database: Database,
        prefix: str,
        name: str,
        source: str,
        table: Mapping[str, Row],
    ):
        self.clock = database.clock
        self.network = network
        values = {"PortName": name, "PluginType": self.plugin_type, "NDArrayPort": source}
        self.port = Port(database, prefix, name, with_values(table, values))
        for parameter, reaction in (
            ("ProcessPlugin", self._process_again),
            ("MaxArrayRate", self._limit_rate),
            ("MinCallbackTime", self._tell_rate),
            ("QueueSize", self._resize),
        ):
            self.port.on_put(parameter, reaction)
        self._queue: deque[Frame] = deque()
        self._last_taken = float("-inf")
        self._busy = False
        network.plugins.append(self)

    def take(self, frame: Frame) -> float:
        """Take a frame, or let it pass; see `Network.deliver` for what is returned."""
        port, now = self.port, self.clock.env.now
        pause = port["MinCallbackTime"]
        if self._busy or (pause and now - self._last_taken <= pause):
            return 0.0
        self._last_taken = now
        duration = frame.data.nbytes / self.bytes_per_second
        if port["BlockingCallbacks"] or not (duration or self._queue):
            port["ExecutionTime"] = duration * 1e3
            return duration + self._process(frame)
        self._enqueue(frame)
        return 0.0

    @abstractmethod
    def handle(self, frame: Frame) -> Frame | None:
        """Do what the plugin is for; returns what it gives to others."""

    def _process(self, frame: Frame) -> float:
        port = self.port
        port.announce(frame)
        self._busy = True  # what comes back to it in a circle ends here
        try:
            output = self.handle(frame)
            return 0.0 if output is None else self._deliver(output)
        finally:
            self._busy = False

    def _deliver(self, frame: Frame) -> float:
        return self.network.deliver(self.port, self.port.with_attributes(frame))

    # --- the queue ------------------------------------------------------------------------------

    def _enqueue(self, frame: Frame) -> None:
        if len(self._queue) > self.port["QueueSize"]:  # one is being processed
            self.port["DroppedArrays"] += 1
            return
        self._queue.append(frame)
        self.network.queue(1)
        self._show_queue()
        if len(self._queue) == 1:
            self._work()

    def _work(self) -> None:
        """Be at the first frame of the queue for as long as it takes."""
        duration = self._queue[0].data.nbytes / self.bytes_per_second
        self.port["ExecutionTime"] = duration * 1e3
        event = self.clock.env.timeout(duration)
        assert event.callbacks is not None
        event.callbacks.append(self._finish)

    def _finish(self, _: Any) -> None:
        self._process(self._queue[0])
        self._queue.popleft()
        self.network.queue(-1)
        self._show_queue()
        if self._queue:
            self._work()

    def _show_queue(self) -> None:
        size = self.port["QueueSize"]
        used = max(0, len(self._queue) - 1)
        self.port["QueueFree"] = size - used
        self.port["QueueUse"] = float(used)

    # --- what clients ask for -------------------------------------------------------------------

    def _process_again(self, _: int) -> None:
        """Process the last frame once more."""
        if self.port.last is not None:
            self._process(self.port.last)

    def _limit_rate(self, rate_Hz: float) -> None:
        self.port.reset("MinCallbackTime", 1 / rate_Hz if rate_Hz else 0.0)

    def _tell_rate(self, pause_s: float) -> None:
        self.port["MaxArrayRate"] = 1 / pause_s if pause_s else 0.0

    def _resize(self, _: int) -> None:
        self._show_queue()
