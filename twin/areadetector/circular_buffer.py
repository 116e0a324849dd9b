"""CircularBufferPlugin: the frames around a trigger."""

from collections import deque

from beamtwin.orchestration.status import Status
from beamtwin.twin.areadetector.frame import Frame
from beamtwin.twin.areadetector.plugin import Network, Plugin
from beamtwin.twin.areadetector.templates.region import CIRCULAR_BUFFER
from beamtwin.twin.database import Database

__all__ = ["CircularBufferPlugin"]


class CircularBufferPlugin(Plugin):
    """NDCircularBuff.template: keeps PreCount frames, and passes them and PostCount more on at a trigger.

    Triggers come from clients; the twin knows none from attributes (TriggerCalc). A put of Capture=1 completes when
    PresetTriggerCount triggers have had their frames, one of Trigger=1 when its own has, except for the last of these:
    as in ADCore, Trigger stays 1 until Capture is written.
    """

    plugin_type = "NDPluginCircularBuff"

    def __init__(self, network: Network, database: Database, prefix: str, name: str, source: str):
        super().__init__(network, database, prefix, name, source, CIRCULAR_BUFFER)
        self._ring: deque[Frame] = deque()
        self._completions: dict[str, Status] = {}
        self.port.on_put("Capture", self._capture)
        self.port.on_put("Trigger", self._trigger)

    def handle(self, frame: Frame) -> None:
        """Keep a frame, or pass it on."""
        port = self.port
        port.count()
        if not port["Capture"]:
            return
        if not port["Trigger"]:
            self._keep(frame)
            return
        port["StatusMessage"] = "Flushing"
        self._flush()
        port["PostTriggerQty"] += 1
        self._deliver(frame)
        if port["PostTriggerQty"] >= port["PostCount"]:
            self._end_trigger()

    def _keep(self, frame: Frame) -> None:
        port = self.port
        self._ring.append(frame)
        while len(self._ring) > port["PreCount"]:
            self._ring.popleft()
        port["CurrentQty"] = len(self._ring)
        if len(self._ring) == port["PreCount"]:
            port["StatusMessage"] = "Buffer Wrapping" if self._ring else "Dropping frames"

    def _flush(self) -> None:
        while self._ring:
            self._deliver(self._ring.popleft())

    def _end_trigger(self) -> None:
        port = self.port
        port["ActualTriggerCount"] += 1
        preset = port["PresetTriggerCount"]
        if preset and port["ActualTriggerCount"] >= preset:
            self._rest("Acquisition Completed")
            return
        port["PostTriggerQty"] = 0
        port["StatusMessage"] = self._waiting
        self._end("Trigger")

    def _capture(self, start: int) -> Status | None:
        port = self.port
        if not start:
            if "Capture" in self._completions:
                self._rest("Acquisition Stopped")
            self._end("Trigger")
            return None
        if "Capture" not in self._completions:
            self._ring.clear()
            port["PostTriggerQty"] = port["ActualTriggerCount"] = port["CurrentQty"] = 0
            port["StatusMessage"] = self._waiting
            self._end("Trigger")
        return self._begin("Capture")

    def _trigger(self, start: int) -> Status | None:
        if not start:
            self._end("Trigger")
            return None
        if self.port["FlushOnSoftTrg"]:
            self._flush()
        return self._begin("Trigger")

    @property
    def _waiting(self) -> str:
        return "Buffer filling" if self.port["PreCount"] else "Dropping frames"

    def _rest(self, message: str) -> None:
        self.port["StatusMessage"] = message
        self._end("Capture")

    def _begin(self, parameter: str) -> Status:
        if parameter not in self._completions:
            name = f"{self.port.prefix}{parameter}"
            self._completions[parameter] = Status(self.clock, name=name)
        return self._completions[parameter]

    def _end(self, parameter: str) -> None:
        self.port.reset(parameter, 0)
        completion = self._completions.pop(parameter, None)
        if completion is not None:
            completion.set_finished()
