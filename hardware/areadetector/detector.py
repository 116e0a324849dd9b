"""AreaDetector: a camera, what is computed of its frames, and the files that they go to."""

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from beamtwin.hardware.areadetector.documents import ANNOUNCERS, NamedDocument
from beamtwin.hardware.areadetector.flight import Flight, FrameSequence
from beamtwin.hardware.areadetector.parts import Parts, known
from beamtwin.hardware.areadetector.paths import Folders
from beamtwin.hardware.areadetector.recording import Recording
from beamtwin.hardware.areadetector.setup import (
    settings_to_stage,
    settings_to_warm_up,
    written_frame,
)
from beamtwin.hardware.areadetector.triggering import ContinuousTrigger, SingleTrigger, Triggering
from beamtwin.hardware.channel import Transport
from beamtwin.hardware.sequence import Steps, regardless, sequence
from beamtwin.hardware.signals import Document, Kind, SignalRW
from beamtwin.orchestration.errors import (
    AcquisitionError,
    NoReplayAllowed,
    StatusTimeoutError,
)
from beamtwin.orchestration.status import Status

__all__ = ["AreaDetector"]


def new_uid() -> str:
    """A random one."""
    return str(uuid4())


class AreaDetector(Parts):
    """A detector of frames, by the PVs of areaDetector.

    Staged, each trigger takes what makes one event, and has succeeded when all of its frames are in the file. Plugins
    whose kind is not omitted are enabled, and read; frames are announced under the key ``<name>_image``. Unstaged,
    frames go to no file.

    It can fly, too: ``prepare`` says which frames it is to take by itself between ``kickoff`` and ``complete``; they
    are announced as they are written.

    Parameters
    ----------
    prefix, name, transport, parent
        As of every `Device`.
    directory : path
        The folder for files, as their readers see it; may have fields for the date, see `Folders`.
    write_directory : str, optional
        The same folder, as the file writer sees it.
    create_depth : int
        How many levels of the folder the file writer may create.
    frames : int
        Frames a trigger, where ``triggering`` says nothing else.
    triggering : Triggering, optional
        What a trigger is made of; default: one acquisition of so many frames.
    writer : str or None
        ``"hdf1"``, ``"tiff1"``, or None for no files.
    assets : str
        How frames are announced: ``"stream"`` documents, or a ``"datum"`` an event.
    without : collection of str
        Plugins that this IOC does not have: ``["tiff1", "stats5"]``.
    file_name : callable, optional
        Names the file of each stage, without its ending; default: the detector's name and a uid.
    uid : callable
        Makes uids; default: random ones.

    Attributes
    ----------
    overhead_s : float
        What an acquisition may take beyond its exposures before it fails.
    """

    overhead_s = 60.0

    def __init__(
        self,
        prefix: str,
        name: str,
        transport: Transport,
        *,
        directory: Path | str,
        write_directory: str | None = None,
        create_depth: int = 0,
        frames: int = 1,
        triggering: Triggering | None = None,
        writer: str | None = "hdf1",
        assets: str = "stream",
        without: Collection[str] = (),
        file_name: Callable[[], str] | None = None,
        uid: Callable[[], str] = new_uid,
        parent: Any = None,
    ):
        needless = set() if isinstance(triggering, ContinuousTrigger) else {"cb1"}
        super().__init__(prefix, name, transport, without={*without, *needless}, parent=parent)
        self.directory = directory
        self.write_directory = write_directory
        self.create_depth = create_depth
        self.triggering: Triggering = triggering or SingleTrigger(frames)
        self.writer = None if writer is None else self.file_plugin(writer)
        if self.writer is not None:
            self.writer.kind = Kind.config
        self.image_key = f"{name}_image"
        self._uid = uid
        self._new_announcer = known(name, "assets", assets, ANNOUNCERS)
        self._file_name = file_name or (lambda: f"{name}_{uid()}")
        self._recording: Recording | None = None
        self._flight: Flight | None = None
        self._triggered: Status | None = None

    @property
    def count_time(self) -> SignalRW[float]:
        """Seconds of exposure, as plans call it."""
        return self.cam.acquire_time

    # --- step by step ---------------------------------------------------------------------------

    def trigger(self) -> Status:
        """Take what makes one event.

        Returns
        -------
        Status
            Fails with `AcquisitionError` where the frames were not taken, or not written.
        """
        self._flight = None
        self._triggered = sequence(self.clock, self._trigger_steps(), f"{self.name}: trigger")
        return self._triggered

    def stop(self, *, success: bool = False) -> None:
        """End an acquisition that is under way; it fails, unless it was to be ended."""
        self.cam.acquire.send(False)
        if self._flight is not None:
            self._flight.stop(success)

    def pause(self) -> None:
        """Take up a trigger again later.

        Raises
        ------
        NoReplayAllowed
            In flight: what has been flown cannot be flown again.
        """
        if self._flight is not None and self._flight.is_under_way:
            raise NoReplayAllowed(f"{self.name}: it flies, and cannot begin in the middle again")
        if self._triggered is not None and not self._triggered.done:
            self.stop()

    def resume(self) -> None:
        """Nothing to do: the engine triggers again."""

    def read(self) -> dict[str, Document]:
        """Readings of what is of kind normal or hinted; a datum's id for frames that are announced so."""
        readings = super().read()
        value = None if self._recording is None else self._recording.value
        if value is not None:
            readings[self.image_key] = {"value": value, "timestamp": self.clock.time()}
        return readings

    def describe(self) -> dict[str, Document]:
        """The data keys of `read`, and that of the frames."""
        return super().describe() | self._describe_frames(self.triggering.frames)

    # --- in flight ------------------------------------------------------------------------------

    def prepare(self, value: FrameSequence | Mapping[str, Any] | int) -> Status:
        """Say what it is to take in flight: a `FrameSequence`, its arguments, or a number of events."""
        self._flight = Flight(self, FrameSequence.of(value))
        return self._flight.prepare()

    def kickoff(self) -> Status:
        """Begin; done when it acquires."""
        return self._in_flight().kickoff()

    def complete(self) -> Status:
        """Done when all frames have been taken and written."""
        return self._in_flight().complete()

    def describe_collect(self) -> dict[str, Document]:
        """The data key of the frames."""
        frames = self.triggering.frames if self._flight is None else self._flight.plan.frames
        return self._describe_frames(frames)

    def get_index(self) -> int:
        """How many events have their frames in the file."""
        return 0 if self._recording is None else self._recording.events

    def collect_asset_docs(self, index: int | None = None) -> Iterator[NamedDocument]:
        """Announce the frames that are new, up to those of event ``index``; see `Recording.documents`."""
        if self._recording is not None:
            yield from self._recording.documents(index)

    # --- staging --------------------------------------------------------------------------------

    def stage_steps(self) -> Steps:
        """Set up camera and plugins, open a new file."""
        self.cam.acquire.send(False)
        self._flight = None
        yield from self.set_for_stage(settings_to_stage(self))
        yield from super().stage_steps()
        yield from self.record(self.triggering.frames)
        yield from self.triggering.begin(self)

    def unstage_steps(self) -> Steps:
        """Close the file, and put everything back."""
        yield from regardless(self._end(), super().unstage_steps())

    def set_for_stage(self, settings: Mapping[SignalRW[Any], Any]) -> Steps:
        """Set what `unstage` will put back."""
        for signal, value in settings.items():
            self._originals.setdefault(signal, signal.get())
            yield signal.set(value)

    def record(self, frames: int) -> Steps:
        """Have a new file for frames, so many an event; what there was is closed."""
        if self.writer is None:
            return
        if self._recording is not None:
            yield from self._recording.finish()
        folders = Folders(str(self.directory), self.write_directory)
        read, write = folders.at(self.clock.time())
        self._recording = Recording(
            self.writer,
            read=read,
            write=write,
            root=folders.root,
            name=self._file_name(),
            data_key=self.image_key,
            frames=frames,
            announcer=self._new_announcer(self._uid),
            frame_shape=lambda: written_frame(self)[0],
        )
        yield from self._recording.begin()

    @property
    def recording(self) -> Recording | None:
        """Where frames go; None while it is not staged."""
        return self._recording

    def acquire(self, images: int, timeout: float | None = None) -> Steps:
        """Take so many images, as they have been set.

        Raises
        ------
        StatusTimeoutError, AcquisitionError
            Where that does not come to its end, or to a bad one.
        """
        timeout = timeout or self.cam.exposure(images) + self.overhead_s
        try:
            yield self.cam.acquire.set(True, timeout=timeout)
        except StatusTimeoutError:
            raise StatusTimeoutError(
                f"{self.name}: {images} images have not been taken in {timeout:g} s; {self.cam.describe_state()};"
                f" does it wait for triggers ({self.cam.prefix}TriggerMode_RBV is {self.cam.trigger_mode.get()})?"
            ) from None
        self.cam.check_state()

    def warm_up(self) -> Status:
        """Take one frame, so that all plugins know of which size frames are; everything is put back."""
        return sequence(self.clock, self._warm_up_steps(), f"{self.name}: warm up")

    def _trigger_steps(self) -> Steps:
        recording = self._recording
        if recording is None:
            yield from self.triggering.take(self)
            return
        if not recording.is_whole:
            yield from self.record(self.triggering.frames)
            recording = self._recording
            assert recording is not None
        event = recording.events
        yield from self.triggering.take(self)
        yield from recording.wait_for(event + 1)
        recording.skip_to(event)

    def _end(self) -> Steps:
        self._flight = None
        self.stop()
        recording, self._recording = self._recording, None
        finish = () if recording is None else (recording.finish(),)
        yield from regardless(self.triggering.end(self), *finish)

    def _warm_up_steps(self) -> Steps:
        self.cam.acquire.send(False)
        yield from self.set_for_stage(settings_to_warm_up(self))
        yield from regardless(self.acquire(1), super().unstage_steps())

    def _describe_frames(self, frames: int) -> dict[str, Document]:
        if self.writer is None:
            return {}
        shape, dtype = written_frame(self)
        key = {
            "source": f"{self.transport.scheme}://{self.writer.full_file_name.readback.name}",
            "dtype": "array",
            "shape": [frames, *shape],
            "dtype_numpy": dtype,
            "external": self._new_announcer(str).external,
        }
        return {self.image_key: key}

    def _in_flight(self) -> Flight:
        if self._flight is None:
            raise AcquisitionError(f"{self.name}: there is nothing to fly: prepare it first")
        return self._flight
