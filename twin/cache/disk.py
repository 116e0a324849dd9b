"""The second tier: a folder, shared between processes and between their lives."""

import hashlib
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from beamtwin.orchestration.errors import BeamtwinError

__all__ = ["CacheError", "DiskTier"]

#: The checksum before each value: a file that was torn or tampered with is no value.
CHECKSUM_BYTES = hashlib.sha256().digest_size


class CacheError(BeamtwinError):
    """A folder that planes cannot be kept in."""


class DiskTier:
    """One file for each value, which appears whole or not at all.

    Files hold pickles, which can do anything when they are read: the folder must be one that nobody else can write to.

    Parameters
    ----------
    folder : Path
        Made where it is not there.
    capacity_bytes : int
        Of all files; those that were used least recently go first.

    Raises
    ------
    CacheError
        Where the folder cannot be made or written to, or others can write to it.
    """

    def __init__(self, folder: Path, capacity_bytes: int = 4 * 2**30):
        self.capacity_bytes = capacity_bytes
        self._folder = folder
        _make_private(folder)

    def get(self, key: str) -> bytes | None:
        """The value; None where it is not there, or damaged."""
        path = self._folder / key
        try:
            content = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        checksum, value = content[:CHECKSUM_BYTES], content[CHECKSUM_BYTES:]
        return value if hashlib.sha256(value).digest() == checksum else None

    def put(self, key: str, value: bytes) -> None:
        """Keep a value; a full or failing disk keeps nothing, and that is no error."""
        if CHECKSUM_BYTES + len(value) > self.capacity_bytes:
            return
        with suppress(OSError):
            handle, name = tempfile.mkstemp(dir=self._folder, prefix=".", suffix=".part")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(hashlib.sha256(value).digest() + value)
                os.replace(name, self._folder / key)
            except OSError:
                os.unlink(name)
                raise
            self._make_room()

    def _make_room(self) -> None:
        """Another process may do the same at the same time: what has gone already is no error."""
        files = []
        for entry in os.scandir(self._folder):
            with suppress(OSError):
                status = entry.stat()
                files.append((status.st_mtime_ns, status.st_size, entry.path))
        used = sum(size for _, size, _ in files)
        for _, size, path in sorted(files):
            if used <= self.capacity_bytes:
                return
            with suppress(OSError):
                os.unlink(path)
            used -= size


def _make_private(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except OSError as error:
        raise CacheError(
            f"cache folder {folder}: {error.strerror or error}; choose another"
        ) from error
    if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise CacheError(
            f"cache folder {folder}: others can write to it (mode {stat.S_IMODE(status.st_mode):o}), "
            "and what is read from it is run: choose one of your own, or chmod it to 700"
        )
