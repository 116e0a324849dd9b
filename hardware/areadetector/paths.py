"""Folders: where files go, as their writer sees it and as their readers do."""

import time
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath

__all__ = ["Folders"]


@dataclass(frozen=True)
class Folders:
    """Two names of the same folders.

    Both may have fields for the date, as ``/data/%Y/%m/%d``, which is that of the detector's clock in UTC.

    Parameters
    ----------
    read : str
        The folder for readers.
    write : str, optional
        The same folder, as the file writer sees it; on Windows with backslashes. Default: ``read``.
    """

    read: str
    write: str | None = None

    @property
    def root(self) -> Path:
        """What does not depend on the date: the part that changes when files are mounted elsewhere."""
        parts = Path(self.read).parts
        fixed = next((n for n, part in enumerate(parts) if "%" in part), len(parts))
        return Path(*parts[:fixed])

    def at(self, now: float) -> tuple[Path, PurePath]:
        """The folder of that time, in seconds since the Unix epoch: to be read from, and to be written to."""
        read, write = (
            time.strftime(folder, time.gmtime(now))
            for folder in (self.read, self.write or self.read)
        )
        kind = PureWindowsPath if "\\" in write else PurePosixPath
        return Path(read), kind(write)
