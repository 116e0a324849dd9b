"""A folder for the files that imported runs bring: there once the runs are, and not without them.

Who imports holds a locked note beside the folder until the runs are filed. The note of an import that was killed is
not locked, and tells the next import of the same file which folder to clear away.
"""

import fcntl
import json
import os
import re
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from itertools import chain, count
from pathlib import Path
from typing import Any

from beamtwin.databroker.broker import Broker
from beamtwin.databroker.errors import ImportFileError

__all__ = ["new_folder"]

_LONGEST_NOTE = 2**20


@contextmanager
def new_folder(
    broker: Broker, wanted: Path, uids: Collection[str], unpack: Callable[[Path], None]
) -> Iterator[Path]:
    """The folder that ``unpack`` filled, for the runs of these uids; removed if they cannot be filed within.

    Parameters
    ----------
    broker : Broker
        Where the runs will be.
    wanted : Path
        The folder, if there is none yet; else one beside it.
    uids : collection of str
    unpack : callable
        Makes the folder of the path that it is given, and fills it.

    Raises
    ------
    ImportFileError
        If another process is at it.
    """
    workshop = wanted.with_name(f".{wanted.name}.part")
    with _noted(wanted.with_name(f".{wanted.name}.note")) as note:
        _clear(broker, note, wanted)
        folder = _free(wanted)
        try:
            shutil.rmtree(workshop, ignore_errors=True)
            unpack(workshop)
            _write(note, {"store": _store(broker), "folder": folder.name, "runs": list(uids)})
            workshop.rename(folder)
            yield folder
        except BaseException:
            shutil.rmtree(workshop, ignore_errors=True)
            shutil.rmtree(folder, ignore_errors=True)
            raise


@contextmanager
def _noted(path: Path) -> Iterator[int]:
    """A note that no other process holds; it goes with the context, and stays if the process is killed."""
    try:
        note = _locked(path)
    except BlockingIOError:
        raise ImportFileError(
            f"{path}: another process imports this file: wait for it, then try again"
        ) from None
    except OSError as error:
        raise ImportFileError(
            f"{path.parent}: cannot have the files of an import: {error.strerror}"
        ) from error
    try:
        yield note
    finally:
        path.unlink(missing_ok=True)
        os.close(note)


def _locked(path: Path) -> int:
    """The file, open and locked."""
    path.parent.mkdir(parents=True, exist_ok=True)
    note = os.open(path, os.O_CREAT | os.O_RDWR, 0o666)
    try:
        fcntl.flock(note, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not path.exists() or not os.path.samestat(os.fstat(note), path.stat()):
            raise BlockingIOError  # whoever held it has just ended
    except OSError:
        os.close(note)
        raise
    return note


def _write(note: int, said: dict[str, Any]) -> None:
    os.ftruncate(note, 0)
    os.pwrite(note, json.dumps(said).encode(), 0)
    os.fsync(note)


def _clear(broker: Broker, note: int, wanted: Path) -> None:
    """Remove the folder of an import into the same store that was killed before its runs were filed."""
    try:
        said = json.loads(os.pread(note, _LONGEST_NOTE, 0))
        store, folder, uids = said["store"], str(said["folder"]), list(said["runs"])
    except (ValueError, KeyError, TypeError):
        return  # a new note, or one that was not written to its end: then there is no folder
    if store != _store(broker) or not re.fullmatch(rf"{re.escape(wanted.name)}(-\d+)?", folder):
        return
    here = [broker.store.find({"uid": {"$in": uids}}, limit=1, hidden=h) for h in (False, True)]
    if not any(map(any, here)):
        shutil.rmtree(wanted.with_name(folder), ignore_errors=True)


def _store(broker: Broker) -> str:
    """The store, by what other processes call it, too."""
    path = getattr(broker.store, "path", None)
    return repr(broker.store) if path is None else str(Path(path).resolve())


def _free(folder: Path) -> Path:
    """The folder, or one beside it: those that are there are files of other runs, or of another catalogue."""
    others = (folder.with_name(f"{folder.name}-{number}") for number in count(2))
    return next(path for path in chain([folder], others) if not path.exists())
