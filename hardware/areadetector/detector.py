"""AreaDetector: a camera, its statistics, and the files that its frames go to."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

from beamtwin.hardware.areadetector.cam import Cam
from beamtwin.hardware.areadetector.hdf5 import HDF5Plugin
from beamtwin.hardware.areadetector.plugins import ImagePlugin, StatsPlugin
from beamtwin.hardware.areadetector.stream import FrameStream
from beamtwin.hardware.channel import Transport
from beamtwin.hardware.device import Device, sub
from beamtwin.hardware.sequence import Steps, regardless, sequence
from beamtwin.hardware.signals import Document, Kind, SignalRW
from beamtwin.orchestration.status import Status

__all__ = ["AreaDetector"]


def new_uid() -> str:
    """A random one."""
    return str(uuid4())


class AreaDetector(Device):
    """A detector of frames, by the PVs of areaDetector.

    Staged, each trigger takes a frame (or several), and has succeeded when that is in the file. Statistics are read;
    frames are announced by stream documents under the key ``<name>_image``. Unstaged, frames go to no file.

    Parameters
    ----------
    prefix, name, transport, parent
        As of every `Device`.
    directory : path
        The folder for files, as the file writer sees it.
    frames : int
        Frames a trigger, which make one event.
    file_name : callable, optional
        Names the file of each stage, without ``.h5``; default: the detector's name and a uid.
    uid : callable
        Makes uids; default: random ones.

    Attributes
    ----------
    overhead_s : float
        What a trigger may take beyond its exposures before it fails.
    """

    overhead_s = 60.0

    cam: Cam = sub("cam1:")
    image: ImagePlugin = sub("image1:", kind=Kind.omitted)
    stats: StatsPlugin = sub("Stats1:")
    hdf: HDF5Plugin = sub("HDF1:", kind=Kind.config)

    def __init__(
        self,
        prefix: str,
        name: str,
        transport: Transport,
        *,
        directory: Path | str,
        frames: int = 1,
        file_name: Callable[[], str] | None = None,
        uid: Callable[[], str] = new_uid,
        parent: Any = None,
    ):
        super().__init__(prefix, name, transport, parent=parent)
        self.directory = Path(directory)
        self.frames = frames
        self.image_key = f"{name}_image"
        self._uid = uid
        self._file_name = file_name or (lambda: f"{name}_{uid()}")
        self._stream: FrameStream | None = None
        self.stage_sigs |= {
            self.cam.image_mode: "Multiple",
            self.cam.num_images: frames,
            self.cam.array_callbacks: True,
            self.cam.wait_for_plugins: True,
            self.image.enable_callbacks: True,
            self.stats.enable_callbacks: True,
            self.stats.compute_statistics: True,
            self.stats.compute_centroid: True,
            self.hdf.enable_callbacks: True,
            self.hdf.file_write_mode: "Stream",
            self.hdf.lazy_open: True,
            self.hdf.num_capture: 0,
        }

    @property
    def count_time(self) -> SignalRW[float]:
        """Seconds of exposure, as plans call it."""
        return self.cam.acquire_time

    def trigger(self) -> Status:
        """Take what makes one event.

        Returns
        -------
        Status
            Fails with `AcquisitionError` where the frames were not taken, or not written.
        """
        timeout = self.cam.exposure(self.frames) + self.overhead_s
        return sequence(self.clock, self._trigger_steps(), f"{self.name}: trigger", timeout=timeout)

    def stop(self, *, success: bool = False) -> None:
        """End an acquisition that is under way."""
        self.cam.acquire.send(False)

    def describe(self) -> dict[str, Document]:
        """The data keys of `read`, and that of the frames."""
        key = {
            "source": f"{self.transport.scheme}://{self.hdf.full_file_name.readback.name}",
            "dtype": "array",
            "shape": [self.frames, *self.cam.frame_shape],
            "dtype_numpy": self.cam.frame_dtype,
            "external": "STREAM:",
        }
        return super().describe() | {self.image_key: key}

    def get_index(self) -> int:
        """How many events have their frames in the file."""
        return 0 if self._stream is None else self.hdf.num_captured.get() // self.frames

    def collect_asset_docs(self, index: int | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
        """Announce the frames that are new, up to those of event ``index``; see `FrameStream.documents`."""
        if self._stream is not None:
            written = self.get_index()
            events = written if index is None else min(index, written)
            yield from self._stream.documents(events, self.cam.frame_shape)

    def stage_steps(self) -> Steps:
        """Set up camera and plugins, open a new file."""
        self.cam.acquire.send(False)
        yield from super().stage_steps()
        path = self.directory / f"{self._file_name()}.h5"
        yield from self.hdf.start(path)
        self._stream = FrameStream(self.image_key, path, self._uid)

    def unstage_steps(self) -> Steps:
        """Close the file, and put everything back."""
        self._stream = None
        yield from regardless(self._end(), super().unstage_steps())

    def _end(self) -> Steps:
        self.stop()
        yield from self.hdf.finish()

    def _trigger_steps(self) -> Steps:
        before = self.hdf.num_captured.get()
        yield self.cam.acquire.set(True)
        self.cam.check_state()
        if self._stream is not None:
            yield from self.hdf.written(before + self.frames)
