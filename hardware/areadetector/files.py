"""File plugins: frames into files (ADCore's NDFile.template, NDFileHDF5.template, NDFileTIFF.template)."""

from pathlib import PurePath
from typing import Any, ClassVar

from beamtwin.hardware.areadetector.plugins import Plugin
from beamtwin.hardware.device import pv
from beamtwin.hardware.sequence import Steps
from beamtwin.hardware.signals import Kind, SignalR, SignalRW
from beamtwin.orchestration.errors import AcquisitionError, StatusTimeoutError

__all__ = ["FilePlugin", "HDF5Plugin", "TIFFPlugin"]

#: Seconds for the file writer to open or close a file, or to write what it has.
WRITER_TIMEOUT_S = 10.0


class FilePlugin(Plugin):
    """A file writer, which is used in Stream mode until it is told to stop.

    Attributes
    ----------
    spec, mimetype : str
        What ``resource`` and ``stream_resource`` documents call its files.
    template : str
        What makes a path of folder, name and number.
    """

    spec: ClassVar[str]
    mimetype: ClassVar[str]
    template: ClassVar[str]

    file_path: SignalRW[str] = pv("FilePath", rbv=True, kind=Kind.omitted)
    file_name: SignalRW[str] = pv("FileName", rbv=True, kind=Kind.omitted)
    file_template: SignalRW[str] = pv("FileTemplate", rbv=True, kind=Kind.omitted)
    file_number: SignalRW[int] = pv("FileNumber", rbv=True, kind=Kind.omitted)
    auto_increment: SignalRW[bool] = pv("AutoIncrement", rbv=True, kind=Kind.omitted)
    auto_save: SignalRW[bool] = pv("AutoSave", rbv=True, kind=Kind.omitted)
    create_directory: SignalRW[int] = pv("CreateDirectory", rbv=True, kind=Kind.omitted)
    full_file_name: SignalR[str] = pv("FullFileName_RBV", kind=Kind.omitted)
    file_path_exists: SignalR[bool] = pv("FilePathExists_RBV", kind=Kind.omitted)
    file_write_mode: SignalRW[str] = pv("FileWriteMode", rbv=True, kind=Kind.config)
    lazy_open: SignalRW[bool] = pv("LazyOpen", rbv=True, kind=Kind.omitted)
    num_capture: SignalRW[int] = pv("NumCapture", rbv=True, kind=Kind.omitted)
    num_captured: SignalR[int] = pv("NumCaptured_RBV", kind=Kind.omitted)
    # The put is answered when the last frame is in: to begin, and to end, nothing is waited for but the readback.
    capture: SignalRW[bool] = pv("Capture", rbv=True, kind=Kind.omitted, completion=False)
    write_status: SignalR[int] = pv("WriteStatus", kind=Kind.omitted)
    write_message: SignalR[str] = pv("WriteMessage", kind=Kind.omitted)

    def settings_to_write(self) -> dict[SignalRW[Any], Any]:
        """What lets it stream every frame."""
        return {
            self.enable: True,
            self.dropped_arrays: 0,
            self.auto_save: False,
            self.auto_increment: True,
            self.file_write_mode: "Stream",
            self.lazy_open: True,
            self.num_capture: 0,
        }

    def path(self, folder: PurePath, name: str) -> PurePath:
        """Where frames go whose files have that name: a file, or where there are many, their folder."""
        raise NotImplementedError

    def stream_parameters(self, name: str, frame_shape: tuple[int, int]) -> dict[str, Any]:
        """Of a ``stream_resource``."""
        raise NotImplementedError

    def resource_kwargs(self, name: str, frames: int) -> dict[str, Any]:
        """Of a ``resource``."""
        raise NotImplementedError

    def start(self, folder: PurePath, name: str) -> Steps:
        """Begin to write frames, as soon as there is one.

        Parameters
        ----------
        folder : path
            As the file writer sees it.
        name : str
            What the name of the file, or files, begins with.

        Raises
        ------
        AcquisitionError
            Where the writer has no such folder, or cannot begin.
        """
        separator = "\\" if "\\" in str(folder) else "/"
        yield self.file_path.set(str(folder).rstrip(separator) + separator)
        yield self.file_name.set(name)
        yield self.file_template.set(self.template)
        yield self.file_number.set(0)
        if not self.file_path_exists.get():
            raise AcquisitionError(
                f"{self.name}: the file writer has no folder {folder}"
                f" ({self.prefix}FilePathExists_RBV is 0); create it, or name another as `directory`"
            )
        yield self.capture.put(True)
        try:
            yield self.capture.when(bool, WRITER_TIMEOUT_S)
        except StatusTimeoutError:
            raise self._failure(f"does not begin to capture to {folder / name}") from None

    def written(self, count: int) -> Steps:
        """Wait until ``count`` frames are in the file.

        Raises
        ------
        AcquisitionError
            Where a frame was dropped, could not be written, or has not been within 10 s.
        """
        self._check_status()
        if self.num_captured.get() < count:
            try:
                yield self.num_captured.when(lambda number: number >= count, WRITER_TIMEOUT_S)
            except StatusTimeoutError:
                self.check_dropped()
                self._check_status()
                number = self.num_captured.get()
                raise self._failure(f"has written {number} of {count} frames") from None
            self._check_status()
        self.check_dropped()

    def finish(self) -> Steps:
        """Close the file."""
        yield self.capture.put(False)
        yield self.capture.when(lambda capturing: not capturing, WRITER_TIMEOUT_S)

    def _check_status(self) -> None:
        if self.write_status.get():
            raise self._failure("could not write")

    def _failure(self, what: str) -> AcquisitionError:
        message = self.write_message.get() or "no reason given"
        file = self.full_file_name.get()
        rows, columns = self.seen_shape
        came = f"; the last frame that came is {rows} x {columns}" if rows else "; no frame came"
        return AcquisitionError(
            f"{self.name}: {what}: {message} ({self.prefix}WriteMessage; file {file or 'not opened'}{came})"
        )


class HDF5Plugin(FilePlugin):
    """All frames in one HDF5 file."""

    spec = "AD_HDF5"
    mimetype = "application/x-hdf5"
    template = "%s%s.h5"

    compression: SignalRW[str] = pv("Compression", rbv=True, kind=Kind.config)
    num_frames_chunks: SignalRW[int] = pv("NumFramesChunks", rbv=True, kind=Kind.omitted)
    swmr_mode: SignalRW[bool] = pv("SWMRMode", rbv=True, kind=Kind.omitted)
    flush_now: SignalRW[bool] = pv("FlushNow", kind=Kind.omitted)

    def path(self, folder: PurePath, name: str) -> PurePath:
        """The file."""
        return folder / f"{name}.h5"

    def stream_parameters(self, name: str, frame_shape: tuple[int, int]) -> dict[str, Any]:
        """Of a ``stream_resource`` of ``application/x-hdf5``."""
        chunk = max(1, self.num_frames_chunks.get())
        return {
            "dataset": "/entry/data/data",
            "swmr": self.swmr_mode.get(),
            "chunk_shape": [chunk, *frame_shape],
        }

    def resource_kwargs(self, name: str, frames: int) -> dict[str, Any]:
        """Of a ``resource`` of AD_HDF5."""
        return {"frame_per_point": frames}


class TIFFPlugin(FilePlugin):
    """A TIFF file for each frame."""

    spec = "AD_TIFF"
    mimetype = "multipart/related;type=image/tiff"
    template = "%s%s_%6.6d.tiff"

    def path(self, folder: PurePath, name: str) -> PurePath:
        """The folder."""
        return folder

    def stream_parameters(self, name: str, frame_shape: tuple[int, int]) -> dict[str, Any]:
        """Of a ``stream_resource`` of TIFF files."""
        return {"template": f"{name}_{{:06d}}.tiff", "chunk_shape": [1, *frame_shape]}

    def resource_kwargs(self, name: str, frames: int) -> dict[str, Any]:
        """Of a ``resource`` of AD_TIFF."""
        return {"template": self.template, "filename": name, "frame_per_point": frames}
