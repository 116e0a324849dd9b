"""Driver: the ``cam1:`` PVs of a camera, and its acquisition."""

import math
from collections.abc import Generator, Sequence
from concurrent.futures import Future
from typing import Any

import numpy as np
import simpy

from beamtwin.orchestration.status import Status
from beamtwin.twin.areadetector.frame import Frame, FrameSource, data_type_of
from beamtwin.twin.areadetector.parameters import choice, flag, path, real, text, whole
from beamtwin.twin.areadetector.plugin import Plugin
from beamtwin.twin.areadetector.port import INVALID, MAJOR, MINOR, Port
from beamtwin.twin.database import Database
from beamtwin.twin.record import STATUSES

__all__ = ["Driver"]

SINGLE, MULTIPLE, CONTINUOUS = range(3)

STATES = (
    *("Idle", "Acquire", "Readout", "Correct", "Saving", "Aborting", "Error", "Waiting"),
    *("Initializing", "Disconnected", "Aborted"),
)
Steps = Generator[simpy.Event, Any, None]


class Driver:
    """ADBase.template: a camera that takes its frames from a `FrameSource`.

    A put of Acquire=1 completes when the last frame has been through the plugins. A frame that cannot be
    had ends the acquisition: DetectorState_RBV is Error, in INVALID alarm, and StatusMessage_RBV says why.

    Parameters
    ----------
    database : Database
        Takes the records in.
    prefix : str
        Of the PVs: ``XF:11IDB-ES{Det:Eig4M}cam1:``.
    frames : FrameSource
        What it looks at.
    plugins : sequence of Plugin
        Where frames go, in this order.
    """

    def __init__(
        self,
        database: Database,
        prefix: str,
        frames: FrameSource,
        plugins: Sequence[Plugin],
        manufacturer: str = "beamtwin",
        model: str = "twin",
    ):
        self.clock = database.clock
        self.frames = frames
        self.plugins = plugins
        self.port = Port(database, prefix, "CAM")
        self._process: simpy.Process | None = None
        self._completion: Status | None = None
        self._taken = 0
        self._add_parameters(manufacturer, model)
        self.port.on_put("Acquire", self._acquire)

    def _add_parameters(self, manufacturer: str, model: str) -> None:
        port, (rows, columns) = self.port, self.frames.shape
        port.settings(
            {
                "Acquire": flag("Done", "Acquire", ONAM="Acquiring", OSV=MINOR),
                "AcquireTime": real(1.0),
                "AcquirePeriod": real(),
                "ImageMode": choice("Single", "Multiple", "Continuous", value=CONTINUOUS),
                "NumImages": whole(1),
            }
        )
        port.fixed(
            {
                "TriggerMode": choice("Internal", "External"),
                "NumExposures": whole(1),
                **dict.fromkeys(("BinX", "BinY"), whole(1)),
                **dict.fromkeys(("MinX", "MinY"), whole()),
                "SizeX": whole(columns),
                "SizeY": whole(rows),
            }
        )
        port.commands({"WaitForPlugins": flag("No", "Yes", value=1)})
        port.readings({"AcquireBusy": flag("Done", "Acquiring", OSV=MINOR)}, suffix="")
        port.readings(
            {
                "DetectorState": choice(*STATES, FVSV=MINOR, SXSV=MAJOR, NISV=INVALID, TESV=MINOR),
                "StatusMessage": path(),
                "NumImagesCounter": whole(),
                "MaxSizeX": whole(columns),
                "MaxSizeY": whole(rows),
                "Manufacturer": text(manufacturer),
                "Model": text(model),
                **dict.fromkeys(("SerialNumber", "SDKVersion", "FirmwareVersion"), text()),
            }
        )
        for name, size in (("X", columns), ("Y", rows), ("0", columns), ("1", rows)):
            port[f"ArraySize{name}"] = size
        port.reset("DataType", data_type_of(self.frames.dtype))

    def _acquire(self, start: int) -> Status | None:
        if start and self._process is None:
            self._begin()
        elif not start and self._process is not None:
            self._process.interrupt()
        return self._completion

    def _begin(self) -> None:
        port, env = self.port, self.clock.env
        port.readbacks["DetectorState"].set_alarm(0)
        port["NumImagesCounter"] = 0
        port["AcquireBusy"] = 1
        self._say("Acquire", "Acquiring data")
        self._completion = Status(self.clock, name=f"{port.prefix}Acquire")
        self._process = env.process(self._run())

    def _run(self) -> Steps:
        port = self.port
        try:
            yield from self._take_all()
            self._say("Idle", "Acquisition complete")
        except simpy.Interrupt:
            self._say(
                "Idle" if port["ImageMode"] == CONTINUOUS else "Aborted", "Acquisition stopped"
            )
        except Exception as error:  # whatever it was must not end the timeline
            self._say("Error", f"No frame: {error}")
            port.readbacks["DetectorState"].set_alarm(INVALID, STATUSES.index("READ"))
        port.reset("Acquire", 0)
        port["AcquireBusy"] = 0
        completion, self._completion, self._process = self._completion, None, None
        assert completion is not None
        completion.set_finished()

    def _say(self, state: str, message: str) -> None:
        self.port["StatusMessage"] = message
        self.port["DetectorState"] = STATES.index(state)

    def _take_all(self) -> Steps:
        port, env = self.port, self.clock.env
        wanted = {SINGLE: 1, MULTIPLE: max(1, port["NumImages"]), CONTINUOUS: math.inf}
        left = wanted[port["ImageMode"]]
        while True:
            next_due = env.now + port["AcquirePeriod"]
            yield from self._take_one()
            left -= 1
            if left <= 0:
                return
            if next_due > env.now:
                self._say("Waiting", "Waiting for the next period")
                yield env.timeout(next_due - env.now)

    def _take_one(self) -> Steps:
        exposure_s = max(0.0, self.port["AcquireTime"])
        self._say("Acquire", "Acquiring data")
        future = self.frames.expose(exposure_s)
        yield self.clock.env.timeout(exposure_s)
        ended = self.clock.time()
        self._say("Readout", "Reading from detector")
        yield self.clock.result(_outcome(future))
        data = np.asarray(future.result(), self.frames.dtype).view()
        if data.shape != self.frames.shape:
            raise ValueError(f"its shape is {data.shape}, not {self.frames.shape}")
        data.flags.writeable = False
        self._taken += 1
        self._publish(Frame(data, self._taken, ended))

    def _publish(self, frame: Frame) -> None:
        port = self.port
        port.announce(frame)
        port.count()
        port["NumImagesCounter"] += 1
        if port["ArrayCallbacks"]:
            for plugin in self.plugins:
                plugin.process(frame)


def _outcome(future: "Future[Any]") -> "Future[Any]":
    """A future of a future, which never fails: simpy would end the timeline with a failure nobody awaits."""
    outcome: Future[Any] = Future()
    future.add_done_callback(outcome.set_result)
    return outcome
