"""HDF5Plugin: frames into files (ADCore's NDFile.template, NDFileHDF5.template)."""

from pathlib import Path

from beamtwin.hardware.areadetector.plugins import Plugin
from beamtwin.hardware.device import pv
from beamtwin.hardware.sequence import Steps
from beamtwin.hardware.signals import Kind, SignalR, SignalRW
from beamtwin.orchestration.errors import AcquisitionError, StatusTimeoutError

__all__ = ["HDF5Plugin"]

#: Seconds for the file writer to open or close a file, or to write what it has.
WRITER_TIMEOUT_S = 10.0


class HDF5Plugin(Plugin):
    """A file writer, used to stream every frame into one file until it is told to stop."""

    file_path: SignalRW[str] = pv("FilePath", rbv=True, kind=Kind.omitted)
    file_name: SignalRW[str] = pv("FileName", rbv=True, kind=Kind.omitted)
    file_template: SignalRW[str] = pv("FileTemplate", rbv=True, kind=Kind.omitted)
    full_file_name: SignalR[str] = pv("FullFileName_RBV", kind=Kind.omitted)
    file_path_exists: SignalR[bool] = pv("FilePathExists_RBV", kind=Kind.omitted)
    file_write_mode: SignalRW[str] = pv("FileWriteMode", rbv=True, kind=Kind.config)
    compression: SignalRW[str] = pv("Compression", rbv=True, kind=Kind.config)
    lazy_open: SignalRW[bool] = pv("LazyOpen", rbv=True, kind=Kind.omitted)
    num_capture: SignalRW[int] = pv("NumCapture", rbv=True, kind=Kind.omitted)
    num_captured: SignalR[int] = pv("NumCaptured_RBV", kind=Kind.omitted)
    # The put is answered when the last frame is in: to begin, and to end, nothing is waited for but the readback.
    capture: SignalRW[bool] = pv("Capture", rbv=True, kind=Kind.omitted, completion=False)
    write_status: SignalR[int] = pv("WriteStatus", kind=Kind.omitted)
    write_message: SignalR[str] = pv("WriteMessage", kind=Kind.omitted)

    def start(self, path: Path) -> Steps:
        """Begin to write frames to ``path``, as soon as there is one.

        Raises
        ------
        AcquisitionError
            Where the writer has no such folder, or cannot begin.
        """
        yield self.file_path.set(f"{path.parent}/")
        yield self.file_name.set(path.stem)
        yield self.file_template.set(f"%s%s{path.suffix}")
        if not self.file_path_exists.get():
            raise AcquisitionError(
                f"{self.name}: the file writer has no folder {path.parent}"
                f" ({self.prefix}FilePathExists_RBV is 0); create it, or name another as `directory`"
            )
        yield self.capture.put(True)
        try:
            yield self.capture.when(bool, WRITER_TIMEOUT_S)
        except StatusTimeoutError:
            raise self._failure(f"does not begin to capture to {path}") from None

    def written(self, count: int) -> Steps:
        """Wait until ``count`` frames are in the file.

        Raises
        ------
        AcquisitionError
            Where a frame could not be written, or has not been within 10 s.
        """
        self._check_status()
        if self.num_captured.get() < count:
            try:
                yield self.num_captured.when(lambda number: number >= count, WRITER_TIMEOUT_S)
            except StatusTimeoutError:
                number = self.num_captured.get()
                raise self._failure(f"has written {number} of {count} frames") from None
            self._check_status()

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
        return AcquisitionError(
            f"{self.name}: {what}: {message} ({self.prefix}WriteMessage; file {file or 'not opened'})"
        )
