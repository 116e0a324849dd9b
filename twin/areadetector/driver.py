"""Driver: the ``cam1:`` PVs of a camera, and its acquisition."""

import math
from collections.abc import Generator, Mapping
from concurrent.futures import Future
from typing import Any

import numpy as np
import simpy
from simpy.events import Initialize

from beamtwin.orchestration.errors import BeamtwinError
from beamtwin.orchestration.status import Status
from beamtwin.twin.areadetector.frame import Frame, FrameSource, data_type_of
from beamtwin.twin.areadetector.plugin import Network
from beamtwin.twin.areadetector.port import Port
from beamtwin.twin.areadetector.row import Row, with_values
from beamtwin.twin.areadetector.shutter import Shutter
from beamtwin.twin.areadetector.templates.base import INVALID
from beamtwin.twin.areadetector.templates.driver import AD_BASE
from beamtwin.twin.areadetector.window import Window
from beamtwin.twin.database import Database
from beamtwin.twin.record import STATUSES

__all__ = ["AcquisitionRefusedError", "Driver", "Steps"]

Steps = Generator[simpy.Event, Any, None]

#: How many frames an ImageMode takes; None: as many as NumImages says.
FRAMES = {"Single": 1, "Multiple": None, "Continuous": math.inf}


class AcquisitionRefusedError(BeamtwinError):
    """An acquisition that the settings do not allow."""


class Driver:
    """ADBase.template: a camera that takes its frames from a `FrameSource`.

    A put of Acquire=1 completes when the last frame has been taken, with WaitForPlugins when it has been through the
    plugins too; one while it acquires, and one of 0, complete at once. A frame that cannot be had ends the acquisition:
    DetectorState_RBV is Error, in INVALID alarm, and StatusMessage_RBV says why.

    Parameters
    ----------
    network : Network
        Where frames go.
    database : Database
        Takes the records in.
    prefix : str
        Of the PVs: ``XF:11IDB-ES{Det:Eig4M}cam1:``.
    frames : FrameSource
        What it looks at.
    port_name : str
    readout_s : float
        From the end of an exposure until its frame is there, and the next exposure can begin.
    **identity
        What it says of itself: manufacturer, model, serial_number, sdk_version, firmware_version.
    """

    table: Mapping[str, Row] = AD_BASE
    #: Trigger modes in which each frame waits for `trigger`.
    triggered: tuple[str, ...] = ("External",)
    #: StatusMessage when it has done.
    at_rest = "Waiting for acquisition"

    def __init__(
        self,
        network: Network,
        database: Database,
        prefix: str,
        frames: FrameSource,
        *,
        port_name: str = "CAM",
        readout_s: float = 0.0,
        **identity: str,
    ):
        self.clock = database.clock
        self.frames = frames
        self.network = network
        self.readout_s = readout_s
        self.port = Port(database, prefix, port_name, self._filled_in(port_name, identity))
        self._shutter = Shutter(self.port)
        self._process: simpy.Process | None = None
        self._completion: Status | None = None
        self._awaited: simpy.Event | None = None
        self._drained: simpy.Event | None = None
        self.port.on_put("Acquire", self._acquire)
        self.port.while_at("Acquire", lambda: "acquiring frames" if self._completion else "")
        self._window = Window(self.port, frames.shape, lambda: self.dtype.itemsize)
        self.port.accept_if("DataType", self.can_have_type)
        network.on_queue = self._see_queue

    def trigger(self) -> bool:
        """A pulse at the camera's trigger input; returns whether one was awaited, else it has no effect."""
        event, self._awaited = self._awaited, None
        if event is not None:
            event.succeed()
        return event is not None

    @property
    def acquiring(self) -> bool:
        """Whether frames are being taken."""
        return self._process is not None

    # --- what clients ask for ------------------------------------------------------------------

    def _acquire(self, start: int) -> Status | None:
        """As records of ADCore do it, only the put that begins an acquisition completes with it."""
        if start and self._process is None:
            return self._begin()
        if not start:
            self._stop()
        return None

    def _stop(self) -> None:
        process = self._process
        if process is not None and isinstance(process.target, Initialize):  # begun at this instant
            timeout = self.clock.env.timeout(0)
            assert timeout.callbacks is not None
            timeout.callbacks.append(lambda _: process.interrupt())
        elif process is not None:
            process.interrupt()

    def _begin(self) -> Status:
        port = self.port
        port.set_alarm("DetectorState", 0)
        port["NumImagesCounter"] = 0
        port["AcquireBusy"] = 1
        self.say("Acquire", "Acquiring data")
        # Of the acquisition before, if its frames are still in queues: AcquireBusy clears once, for both.
        self._completion = self._completion or Status(self.clock, name=f"{port.prefix}Acquire")
        self._process = self.clock.env.process(self._run())
        return self._completion

    # --- an acquisition -------------------------------------------------------------------------

    @property
    def dtype(self) -> np.dtype:
        """The type of the frames' pixels."""
        return np.dtype(self.frames.dtype)

    def can_have_type(self, number: int) -> bool:
        """Whether pixels can be of this DataType: not where something else decides on it."""
        return False

    def take_all(self) -> Steps:
        """Take the frames of one acquisition."""
        yield from self.take_series(self.number_of_frames)

    @property
    def number_of_frames(self) -> float:
        """What ImageMode and NumImages say."""
        return FRAMES[self.port.choice("ImageMode")] or max(1, self.port["NumImages"])

    def take_series(self, frames: float) -> Steps:
        """Take frames, each AcquirePeriod after the one before."""
        port, env = self.port, self.clock.env
        while True:
            yield from self.await_frame()
            next_due = env.now + port["AcquirePeriod"]
            yield from self.take_one()
            frames -= 1
            if frames <= 0:
                return
            if next_due > env.now:
                self.say("Waiting")
                yield env.timeout(next_due - env.now)

    def await_frame(self) -> Steps:
        """Go on at once, or at the next trigger, as TriggerMode says."""
        if self.port.choice("TriggerMode") in self.triggered:
            self.say("Waiting", "Waiting for a trigger")
            yield self.next_trigger()

    def next_trigger(self) -> simpy.Event:
        """Happens with the next `trigger`."""
        self._awaited = self.clock.env.event()
        return self._awaited

    def take_one(self) -> Steps:
        """Take a frame: exposure, readout, plugins."""
        port, env = self.port, self.clock.env
        exposure_s = max(0.0, port["AcquireTime"]) * max(1, port["NumExposures"])
        self.say("Acquire", "Acquiring data")
        yield from self._shutter.set(1)
        port["TimeRemaining"] = exposure_s
        future = self.frames.expose(exposure_s)
        yield env.timeout(exposure_s)
        ended = self.clock.time()
        port["TimeRemaining"] = 0.0
        port["NumExposuresCounter"] = port["NumExposures"]
        yield from self._shutter.set(0)
        self.say("Readout", "Reading from detector")
        if self.readout_s:
            yield env.timeout(self.readout_s)
        yield self.clock.result(_outcome(future))
        yield from self._publish(self._window.read_out(self.pixels(future.result())), ended)

    def say(self, state: str, message: str | None = None) -> None:
        """Set DetectorState and StatusMessage."""
        if message is not None:
            self.port["StatusMessage"] = message
        self.port.choose("DetectorState", state)

    def pixels(self, image: Any) -> np.ndarray:
        """What the camera makes of an image: here, the same."""
        return np.asarray(image, self.dtype)

    def _publish(self, data: np.ndarray, ended: float) -> Steps:
        port = self.port
        port.count()
        port["NumImagesCounter"] += 1
        frame = port.with_attributes(Frame(data, port["ArrayCounter"], ended))
        port.announce(frame)
        port.set_output((data.shape[0], data.shape[1]), data.nbytes)
        held_up_s = self.deliver(frame)
        if held_up_s:
            yield self.clock.env.timeout(held_up_s)

    def deliver(self, frame: Frame) -> float:
        """Give a frame to the plugins; see `Network.deliver`."""
        return self.network.deliver(self.port, frame)

    def _run(self) -> Steps:
        port = self.port
        try:
            yield from self.take_all()
            self.say("Idle", self.at_rest)
        except simpy.Interrupt:
            was_endless = self.number_of_frames == math.inf
            self.say("Idle" if was_endless else "Aborted", "Acquisition stopped")
        except AcquisitionRefusedError as error:
            self.say("Error", str(error))
        except Exception as error:  # whatever it was must not end the timeline
            self.say("Error", f"No frame: {error}")
            port.set_alarm("DetectorState", INVALID, STATUSES.index("READ"))
        self.rest()
        self._process, self._awaited = None, None
        port.reset("Acquire", 0)
        if port["WaitForPlugins"] and self.network.queued:
            self._drained = self._drained or self.clock.env.event()
            yield self._drained
        if self._process is None:
            self._complete()

    def rest(self) -> None:
        """Be as one is between acquisitions."""
        self.port["TimeRemaining"] = 0.0

    def _complete(self) -> None:
        self.port["AcquireBusy"] = 0
        completion, self._completion = self._completion, None
        assert completion is not None
        completion.set_finished()

    def _see_queue(self, queued: int) -> None:
        self.port["NumQueuedArrays"] = queued
        if not queued and self._drained is not None:
            event, self._drained = self._drained, None
            event.succeed()

    def _filled_in(self, port_name: str, identity: Mapping[str, str]) -> dict[str, Row]:
        rows, columns = self.frames.shape
        values = {
            "PortName": port_name,
            **{f"MaxSize{name}": size for name, size in (("X", columns), ("Y", rows))},
            **{f"Size{name}": size for name, size in (("X", columns), ("Y", rows))},
            **{IDENTITY[name]: text for name, text in identity.items()},
        }
        states, native = self.table["DataType"].states, data_type_of(self.frames.dtype)
        if native in states:
            values["DataType"] = states.index(native)
        return with_values(self.table, values)


IDENTITY = {
    "manufacturer": "Manufacturer",
    "model": "Model",
    "serial_number": "SerialNumber",
    "sdk_version": "SDKVersion",
    "firmware_version": "FirmwareVersion",
}


def _outcome(future: "Future[Any]") -> "Future[Any]":
    """A future of a future, which never fails: simpy would end the timeline with a failure nobody awaits."""
    outcome: Future[Any] = Future()
    future.add_done_callback(outcome.set_result)
    return outcome
