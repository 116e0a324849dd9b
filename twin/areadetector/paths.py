"""Folders and names of files, as areaDetector's asynNDArrayDriver makes them."""

import os
from contextlib import suppress
from pathlib import Path

from beamtwin.orchestration.errors import BeamtwinError
from beamtwin.twin.areadetector.port import Port

__all__ = ["WriteError", "check_path", "create_folder", "file_name", "next_file_name"]


class WriteError(BeamtwinError):
    """A frame could not be written; those before it are safe."""


def check_path(port: Port) -> None:
    """Say whether FilePath exists; make it where CreateDirectory lets us; let it end with a slash."""
    if not port["FilePath"]:
        return
    folder = port["FilePath"].rstrip("/") + "/"
    port["FilePath"] = folder
    if port["CreateDirectory"] and not os.path.isdir(folder):
        create_folder(folder, port["CreateDirectory"])
    port["FilePathExists"] = int(os.path.isdir(folder))


def next_file_name(port: Port) -> str:
    """The name of a file that is about to be opened; FileNumber goes on where AutoIncrement is on.

    Raises
    ------
    WriteError
        Where there is no folder, or FileTemplate has no place for a name.
    """
    check_path(port)
    if not port["FilePathExists"]:
        raise WriteError(f"{port['FilePath'] or 'FilePath'}: no such folder")
    number = port["FileNumber"]
    name = file_name(port["FileTemplate"], port["FilePath"], port["FileName"], number)
    if port["AutoIncrement"]:
        port.reset("FileNumber", number + 1)
    return name


def file_name(template: str, *parts: str | int) -> str:
    """The name that a template of C's printf makes of folder, name and number.

    Raises
    ------
    WriteError
        Where the template is not one.
    """
    # Like printf, leave over what the template has no use for.
    for count in range(len(parts), 0, -1):
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
