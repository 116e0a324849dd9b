"""FilePlugin: when frames go to which file."""

import os
from abc import abstractmethod
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol

from beamtwin.orchestration.status import Status
from beamtwin.twin.areadetector.frame import Frame
from beamtwin.twin.areadetector.paths import WriteError, check_path, next_file_name
from beamtwin.twin.areadetector.plugin import Network, Plugin
from beamtwin.twin.areadetector.row import Row
from beamtwin.twin.database import Database

__all__ = ["FilePlugin", "FrameFile"]

SINGLE, CAPTURE, STREAM = range(3)


class FrameFile(Protocol):
    """A file that is open for frames. What it cannot do it raises a `WriteError` about."""

    def append(self, frame: Frame) -> None:
        """Add a frame."""
        ...

    def close(self) -> None:
        """The file is complete."""
        ...


class FilePlugin(Plugin):
    """NDFile.template.

    What cannot be written ends the capture: WriteStatus is 1, WriteMessage says why, NumCaptured_RBV counts
    only the frames that are safe. A frame of another size or type than the first is left out.

    Attributes
    ----------
    multiple : bool
        Whether a file can hold several frames; else each frame has its own, in Capture and Stream mode too.
    """

    multiple = False

    def __init__(
        self,
        network: Network,
        database: Database,
        prefix: str,
        name: str,
        source: str,
        table: Mapping[str, Row],
    ):
        super().__init__(network, database, prefix, name, source, table)
        self._file: FrameFile | None = None
        self._final_name = ""
        self._like: Frame | None = None
        self._buffer: list[Frame] = []
        self._completion: Status | None = None
        self._lazy = False
        self._handlers = (self._save_single, self._keep, self._stream)
        for parameter, reaction in (
            ("FilePath", lambda _: check_path(self.port)),
            ("Capture", self._capture),
            ("WriteFile", self._write_file),
            ("FreeCapture", self._free),
        ):
            self.port.on_put(parameter, reaction)
        self.port.while_at("Capture", self._doing)

    @abstractmethod
    def open_file(self, path: str, frame: Frame) -> FrameFile:
        """Begin a file for frames like this one."""

    def handle(self, frame: Frame) -> Frame | None:
        """Do with a frame what FileWriteMode says."""
        written = self._attempt(self._handlers[self.port["FileWriteMode"]], frame)
        return frame if written else None

    # --- what happens to frames

    def _save_single(self, frame: Frame) -> bool:
        if not self.port["AutoSave"]:
            return False
        self.port["WriteFile"] = 1
        self._save_one(frame)
        self.port.reset("WriteFile", 0)
        self.port.count()
        return True

    def _keep(self, frame: Frame) -> bool:
        port = self.port
        if not port["Capture"]:
            return False
        self._check_likeness(frame)
        self._buffer.append(frame)
        port["NumCaptured"] = len(self._buffer)
        port.count()
        if len(self._buffer) == port["NumCapture"]:
            if port["AutoSave"]:
                self._save_buffer()
            self._end_capture()
        return False

    def _stream(self, frame: Frame) -> bool:
        port = self.port
        if not port["Capture"]:
            return False
        if self._file is None or not self.multiple:
            self._close()
            self._begin_file(frame)
        self._check_likeness(frame)
        assert self._file is not None
        self._file.append(frame)
        self._delete_original(frame)
        if not self.multiple:
            self._close()
        port["NumCaptured"] += 1
        port.count()
        if port["NumCaptured"] == port["NumCapture"]:
            self._end_capture()
        return True

    def _check_likeness(self, frame: Frame) -> None:
        first = self._like
        if first is None:
            self._like = frame
        elif frame.data.shape != first.data.shape or frame.data.dtype != first.data.dtype:
            raise InvalidFrameError("Invalid frame. Ignoring.")

    def _save(self, frames: list[Frame]) -> None:
        for frame in frames:
            if self._file is None:
                self._begin_file(frame)
            assert self._file is not None
            self._file.append(frame)
            self._delete_original(frame)
            if not self.multiple:
                self._close()
        self._close()

    def _save_one(self, frame: Frame) -> None:
        """A file of one frame."""
        self.port["NumCaptured"] = 1
        self._save([frame])

    def _save_buffer(self) -> None:
        if not self._buffer:
            raise WriteError("ERROR, no capture buffer present")
        self._save(self._buffer)
        self._free(1)

    def _delete_original(self, frame: Frame) -> None:
        """Delete the file that the driver has made of a frame."""
        original = frame.attributes.get("DriverFileName")
        if self.port["DeleteDriverFile"] and original is not None and original.value:
            with suppress(OSError):
                os.remove(original.value)

    # --- what clients ask for

    def _capture(self, start: int) -> Status | None:
        if start and self._completion is None:
            completion = self._completion = Status(self.clock, name=f"{self.port.prefix}Capture")
            self._attempt(self._begin_capture)
            return completion
        if not start:
            self._attempt(self._end_capture)
        return self._completion

    def _begin_capture(self) -> None:
        port, last = self.port, self.port.last
        self._clear_error()
        self._free(1)
        self._like = None
        self._lazy = bool(port["LazyOpen"])
        port["FullFileName"] = ""
        mode = port["FileWriteMode"]
        if mode == SINGLE:
            raise WriteError("ERROR: capture not supported in Single mode")
        if last is None and (mode == CAPTURE or not self._lazy):
            raise WriteError(
                "ERROR, must collect an array to get dimensions first (or LazyOpen=Yes to stream)"
            )
        if mode == STREAM and self.multiple and last is not None and not self._lazy:
            self._begin_file(last)
            self._like = last
        if mode == STREAM:
            port["WriteFile"] = 1
        if self._lazy:
            port["WriteMessage"] = "Lazy Open..."

    def _end_capture(self) -> None:
        self._close()
        self.port.reset("Capture", 0)
        self.port.reset("WriteFile", 0)
        completion, self._completion = self._completion, None
        if completion is not None:
            completion.set_finished()

    def _write_file(self, start: int) -> None:
        """Write the last frame, or in Capture mode those that were kept."""
        if start:
            self.port.tell("WriteFile")
            self._attempt(self._write_now)
            self.port.reset("WriteFile", 0)

    def _write_now(self) -> None:
        if self.port["FileWriteMode"] == CAPTURE:
            self._save_buffer()
        elif self.port.last is None:
            raise WriteError("ERROR, no valid array to write")
        else:
            self._save_one(self.port.last)

    def _free(self, start: int) -> None:
        """Forget what was kept."""
        self._buffer = []
        self.port["NumCaptured"] = 0

    def _doing(self) -> str:
        return f"capturing to {self._final_name or 'a file'}" if self._completion else ""

    # --- files

    def _begin_file(self, frame: Frame) -> None:
        self._clear_error()
        name = next_file_name(self.port)
        self.port["FullFileName"] = name
        self._file = self.open_file(name + self.port["TempSuffix"], frame)
        self._final_name = name

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is None:
            return
        file.close()
        suffix = self.port["TempSuffix"]
        if suffix:
            with suppress(OSError):
                os.rename(self._final_name + suffix, self._final_name)

    def _attempt(self, action: Callable[..., Any], *args: Any) -> Any:
        """Do something to a file; if it fails, say so and end the capture."""
        try:
            return action(*args)
        except InvalidFrameError as error:
            self._tell_error(error)
        except WriteError as error:
            with suppress(WriteError):
                self._close()
            self._tell_error(error)
            self._end_capture()
        return None

    def _tell_error(self, error: WriteError) -> None:
        self.port["WriteMessage"] = str(error)
        self.port["WriteStatus"] = 1

    def _clear_error(self) -> None:
        self.port["WriteStatus"] = 0
        self.port["WriteMessage"] = ""


class InvalidFrameError(WriteError):
    """A frame that does not belong into the file."""
