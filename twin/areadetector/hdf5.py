"""HDF5Plugin: the ``HDF1:`` PVs, and when frames go to which file."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from beamtwin.orchestration.status import Status
from beamtwin.twin.areadetector.frame import Frame
from beamtwin.twin.areadetector.hdf5_file import COMPRESSIONS, HDF5File, WriteError
from beamtwin.twin.areadetector.parameters import choice, flag, path, text, whole
from beamtwin.twin.areadetector.plugin import Plugin
from beamtwin.twin.areadetector.port import MAJOR, MINOR
from beamtwin.twin.database import Database

__all__ = ["HDF5Plugin"]

SINGLE, CAPTURE, STREAM = range(3)


class HDF5Plugin(Plugin):
    """NDFileHDF5.template.

    What cannot be written ends the capture: WriteStatus is 1, WriteMessage says why, NumCaptured_RBV counts
    only the frames that are safe.
    """

    plugin_type = "NDFileHDF5"

    def __init__(self, database: Database, prefix: str, name: str, source: str):
        super().__init__(database, prefix, name, source)
        self._file: HDF5File | None = None
        self._buffer: list[Frame] = []
        self._completion: Status | None = None
        self._add_parameters()
        self._handlers = (self._save_single, self._keep, self._stream)
        for parameter, reaction in (
            ("FilePath", self._check_path),
            ("Capture", self._capture),
            ("WriteFile", self._write_file),
            ("FlushNow", self._flush),
        ):
            self.port.on_put(parameter, reaction)

    def _add_parameters(self) -> None:
        port = self.port
        port.settings(
            {
                **{name: path() for name in ("FilePath", "FileName")},
                "FileTemplate": path("%s%s_%6.6d.h5"),
                "FileNumber": whole(1),
                "AutoIncrement": flag("No", "Yes", value=1),
                "AutoSave": flag("No", "Yes"),
                "CreateDirectory": whole(),
                "FileWriteMode": choice("Single", "Capture", "Stream"),
                "Capture": flag("Done", "Capture", ONAM="Capturing", OSV=MINOR),
                "WriteFile": flag("Done", "Write", ONAM="Writing", OSV=MINOR),
                "NumCapture": whole(1),
                "LazyOpen": flag("No", "Yes"),
                "SWMRMode": flag("Off", "On"),
                "Compression": choice(*COMPRESSIONS),
            }
        )
        port.fixed(
            {
                "FileFormat": choice("HDF5", "Invalid"),
                "NumFramesChunks": whole(1),
                "ChunkSizeAuto": flag("No", "Yes", value=1),
                "NumExtraDims": whole(),
                "PositionMode": flag("Off", "On"),
                "XMLFileName": path(),
                "TempSuffix": text(),
            }
        )
        port.commands({"FlushNow": flag("Done", "Flush")})
        port.readings(
            {
                "FilePathExists": flag("No", "Yes", ZSV=MAJOR),
                "FullFileName": path(count=512),
                "NumCaptured": whole(),
            }
        )
        port.readings(
            {"WriteStatus": flag("Write OK", "Write error", OSV=MAJOR), "WriteMessage": path()},
            suffix="",
        )

    def handle(self, frame: Frame) -> None:
        """Do with a frame what FileWriteMode says."""
        self._attempt(self._handlers[self.port["FileWriteMode"]], frame)

    # --- what happens to frames

    def _save_single(self, frame: Frame) -> None:
        if self.port["AutoSave"]:
            self._save([frame])
            self.port.count()

    def _keep(self, frame: Frame) -> None:
        if not self.port["Capture"]:
            return
        self._buffer.append(frame)
        self.port["NumCaptured"] = len(self._buffer)
        self.port.count()
        if len(self._buffer) == self.port["NumCapture"]:
            if self.port["AutoSave"]:
                self._save(self._buffer)
            self._end_capture()

    def _stream(self, frame: Frame) -> None:
        if not self.port["Capture"]:
            return
        if self._file is None:
            self._file = self._open(frame)
        self._file.append(frame)
        self.port["NumCaptured"] += 1
        self.port.count()
        if self.port["NumCaptured"] == self.port["NumCapture"]:
            self._end_capture()

    def _save(self, frames: list[Frame]) -> None:
        self._file = self._open(frames[0])
        for frame in frames:
            self._file.append(frame)
        self._close()

    # --- what clients ask for

    def _check_path(self, _: object) -> None:
        port = self.port
        folder = port["FilePath"].rstrip("/") + "/"
        port["FilePath"] = folder
        if port["CreateDirectory"]:
            create_folder(folder, port["CreateDirectory"])
        port["FilePathExists"] = int(os.path.isdir(folder))

    def _capture(self, start: int) -> Status | None:
        if start and self._completion is None:
            completion = self._completion = Status(self.clock, name=f"{self.port.prefix}Capture")
            self._attempt(self._begin_capture)
            return completion
        if not start:
            self._attempt(self._end_capture)
        return self._completion

    def _begin_capture(self) -> None:
        port = self.port
        self._clear_error()
        self._buffer = []
        port["NumCaptured"] = 0
        mode, last = port["FileWriteMode"], port.last
        if mode == SINGLE:
            raise WriteError("Capture is not supported in Single mode")
        if last is None and not port["LazyOpen"]:
            raise WriteError("No frame has come yet to take dimensions from, and LazyOpen is No")
        if mode == STREAM and last is not None and not port["LazyOpen"]:
            self._file = self._open(last)

    def _end_capture(self) -> None:
        self._close()
        self.port.reset("Capture", 0)
        completion, self._completion = self._completion, None
        if completion is not None:
            completion.set_finished()

    def _write_file(self, start: int) -> None:
        """Write the last frame, or in Capture mode those that were kept."""
        if start:
            last = [] if self.port.last is None else [self.port.last]
            kept = self._buffer if self.port["FileWriteMode"] == CAPTURE else last
            self._attempt(self._save if kept else self._refuse_empty, kept)
            self.port.reset("WriteFile", 0)

    def _refuse_empty(self, _: list[Frame]) -> None:
        raise WriteError("There is no frame to write")

    def _flush(self, start: int) -> None:
        if start and self._file is not None:
            self._attempt(self._file.flush)
        self.port["FlushNow"] = 0

    # --- files

    def _open(self, frame: Frame) -> HDF5File:
        port = self.port
        self._clear_error()
        self._check_path(None)
        if not port["FilePathExists"]:
            raise WriteError(f"{port['FilePath']}: no such folder")
        number = port["FileNumber"]
        name = file_name(port["FileTemplate"], port["FilePath"], port["FileName"], number)
        data, compression = frame.data, COMPRESSIONS[port["Compression"]]
        file = HDF5File(name, data.shape, data.dtype, compression, bool(port["SWMRMode"]))
        port["FullFileName"] = name
        if port["AutoIncrement"]:
            port.reset("FileNumber", number + 1)
        return file

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _attempt(self, action: Callable[..., None], *args: Any) -> None:
        """Do something to a file; if it fails, say so and end the capture."""
        try:
            action(*args)
        except WriteError as error:
            with suppress(WriteError):
                self._close()
            self.port["WriteMessage"] = str(error)
            self.port["WriteStatus"] = 1
            self._end_capture()

    def _clear_error(self) -> None:
        self.port["WriteStatus"] = 0
        self.port["WriteMessage"] = ""


def file_name(template: str, *parts: str | int) -> str:
    """The name that a template of C's printf makes of folder, name and number.

    Raises
    ------
    WriteError
        Where the template is not one.
    """
    for count in range(
        len(parts), 0, -1
    ):  # like printf, leave over what the template has no use for
        try:
            return template % parts[:count]
        except TypeError:
            continue
        except ValueError:
            break
    raise WriteError(f"FileTemplate {template!r} has no place for a path, a name and a number")


def create_folder(folder: str, depth: int) -> None:
    """Make a folder, as areaDetector's CreateDirectory says.

    Parameters
    ----------
    depth : int
        Above 0: how many levels of the path must be there already; below 0: how many may be missing.
    """
    parts = Path(folder).parts
    levels = len(parts) - 1
    given = depth if depth > 0 else max(1, levels + depth)
    if Path(*parts[: given + 1]).is_dir():
        with suppress(OSError):  # FilePathExists tells
            os.makedirs(folder, exist_ok=True)
