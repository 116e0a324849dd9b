"""Leases: how a reader tells a run that is being written from one whose writer died.

Whoever writes runs holds a lock on a small file beside the store, and signs the runs with its name. The operating
system lets go of the lock when the process ends, however it ends; so a run that has no stop document was
interrupted if nobody holds the lock of its writer.

The file takes some room on the disk, which the writer gives up when there is none left: it is enough for a run's
stop document, so that a full disk ends a run, and does not interrupt it.
"""

import fcntl
import os
from pathlib import Path
from uuid import uuid4

__all__ = ["Leases"]

#: What a stop document needs in SQLite's log, several times over.
ROOM_BYTES = 128 * 1024


class Leases:
    """The locks of the writers of one store.

    Parameters
    ----------
    path : Path, optional
        The store's file; None for a store in memory, whose only writer is as alive as the store.
    """

    def __init__(self, path: Path | None):
        self._path = path
        self._file: int | None = None
        self._held: str | None = None

    def hold(self) -> str:
        """The name to sign runs with, locked until `release`. Call it in a transaction, as `sweep`."""
        if self._held is None:
            self._held = uuid4().hex[:12]
            if self._path is not None:
                self._file = os.open(self._lock(self._held), os.O_CREAT | os.O_RDWR, 0o666)
                fcntl.flock(self._file, fcntl.LOCK_EX)
                os.write(self._file, bytes(ROOM_BYTES))
        return self._held

    def give_room(self) -> None:
        """The disk is full: let others have what this writer's file takes of it."""
        if self._file is not None:
            os.ftruncate(self._file, 0)

    def alive(self, name: str | None) -> bool:
        """Whether a writer of that name holds its lock."""
        if self._path is None:
            return True
        return name is not None and _is_locked(self._lock(name))

    def sweep(self) -> None:
        """Remove the files of writers that died."""
        if self._path is not None:
            for file in self._path.parent.glob(f"{self._path.name}-writer-*"):
                if not _is_locked(file):
                    file.unlink(missing_ok=True)

    def release(self) -> None:
        """Let go of this writer's lock."""
        if self._file is not None and self._held is not None:
            self._lock(self._held).unlink(missing_ok=True)
            os.close(self._file)
        self._file = self._held = None

    def _lock(self, name: str) -> Path:
        assert self._path is not None
        return self._path.with_name(f"{self._path.name}-writer-{name}")


def _is_locked(file: Path) -> bool:
    try:
        handle = os.open(file, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
