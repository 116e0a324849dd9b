"""Whether files are what they were: documents may carry their SHA-256."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from beamtwin.databroker.assets.registry import Assets, parameters_of

__all__ = ["FileReport", "verify"]


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of a file."""

    path: Path
    """Where it is now."""
    state: Literal["same", "changed", "missing", "unstated"]
    """``unstated``: it is there, and no checksum says what it was."""


def verify(assets: Assets, resource: Mapping[str, Any]) -> FileReport:
    """Look at the file that a resource or stream_resource announces.

    Its checksum is ``sha256`` among the ``resource_kwargs`` or ``parameters``. Where the document names only what
    several files' names begin with, the file of that very name is missing, and no checksum is stated.
    """
    path = assets.path(resource)
    stated = parameters_of(resource).get("sha256")
    if stated is None:
        there = path.exists() or any(path.parent.glob(f"{path.name}*"))
        return FileReport(path, "unstated" if there else "missing")
    if not path.is_file():
        return FileReport(path, "missing")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    return FileReport(path, "same" if found == str(stated).lower() else "changed")
