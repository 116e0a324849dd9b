"""Files and folders that are there whole, or not at all."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from beamtwin.databroker.errors import ExportError

__all__ = ["replacing", "safe_name"]

#: What HDF5 says of an error of the system: the only place where the reason is found.
_HDF5_REASON = re.compile(r"error message = '([^']+)'")


@contextmanager
def replacing(path: Path, *, force: bool = False) -> Iterator[Path]:
    """Where to write a file or a folder; only when all is written does it become ``path``.

    Parameters
    ----------
    path : Path
    force : bool
        Whether it may take the place of a file. A folder is never replaced.

    Raises
    ------
    ExportError
        If something is there already, or it cannot be written; ``path`` is then what it was.
    """
    _refuse_to_overwrite(path, force)
    workshop = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        workshop.mkdir()
        yield workshop / path.name
        _sync(workshop / path.name)
        (workshop / path.name).replace(path)
    except OSError as error:
        raise ExportError(f"{path}: cannot be written: {_reason(error)}; nothing was") from error
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def safe_name(text: str) -> str:
    """A text as the name of a file: no separators, no dot in front."""
    return re.sub(r"[^\w.-]", "_", text, flags=re.ASCII).lstrip(".") or "_"


def _refuse_to_overwrite(path: Path, force: bool) -> None:
    if path.is_dir():
        raise ExportError(f"{path}: is a folder, and folders are never replaced; choose another")
    if path.exists() and not force:
        raise ExportError(f"{path}: is there already; choose another, or replace it with --force")
    if not path.parent.is_dir():
        raise ExportError(f"{path}: there is no folder {path.parent}; make it first")


def _sync(path: Path) -> None:
    """Wait for the disk: a name must not outlive its content."""
    if path.is_file():
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _reason(error: OSError) -> str:
    found = _HDF5_REASON.search(str(error))
    return found[1] if found else error.strerror or str(error)
