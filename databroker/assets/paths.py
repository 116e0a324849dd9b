"""Where files are that documents announce: as recorded, and where their roots have been moved to."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any
from urllib.parse import unquote, urlparse

from beamtwin.databroker.errors import AssetError

__all__ = ["inside", "is_there", "moved", "of_resource", "of_uri", "recorded", "require", "stated"]

_ABOVE = ".."


def recorded(document: Mapping[str, Any]) -> Path:
    """The path that a resource or stream_resource document names.

    Raises
    ------
    AssetError
        Where it leads out of its root, upwards, or to another machine; or where the document names none.
    """
    try:
        return of_uri(document["uri"]) if "uri" in document else of_resource(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise AssetError(
            f"the document {str(document.get('uid'))[:40]!r} names no file: {error!r}"
        ) from error


def stated(document: Mapping[str, Any]) -> str:
    """The words in which a resource or stream_resource document names a path."""
    if "uri" in document:
        return f"uri {document['uri']!r}"
    return f"root {document.get('root')!r}, resource_path {document.get('resource_path')!r}"


def of_uri(uri: str) -> Path:
    """The path of a ``file://localhost/`` URI.

    Raises
    ------
    AssetError
        Where it is on another machine, no file at all, or has ``..`` in it.
    """
    parts = urlparse(uri)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
        raise AssetError(f"{uri} is not a file on this machine (file://localhost/...)")
    return Path(_checked(PurePosixPath(unquote(parts.path))))


def of_resource(resource: Mapping[str, Any]) -> Path:
    """The path that a resource document's root and path within it make.

    Raises
    ------
    AssetError
        If the path leads out of the root.
    """
    flavour = PureWindowsPath if resource.get("path_semantics") == "windows" else PurePosixPath
    root = PurePosixPath(flavour(resource.get("root") or "/").as_posix())
    return Path(inside(root, flavour(resource["resource_path"]).as_posix()))


def inside(root: PurePosixPath, relative: str) -> PurePosixPath:
    """The path of ``relative`` in a folder.

    Raises
    ------
    AssetError
        If it leads out of the folder: by ``..``, or by being absolute.
    """
    path = _checked(root / relative)
    if not path.is_relative_to(root):
        raise AssetError(f"{relative!r} leads out of {root}, and is refused")
    return path


def moved(path: Path, root_map: Mapping[str, str | Path]) -> Path:
    """Where a recorded path is now: the longest root that it begins with is replaced."""
    roots = sorted(root_map, key=len, reverse=True)
    for root in roots:
        if path.is_relative_to(PureWindowsPath(root).as_posix()):
            return Path(root_map[root], path.relative_to(PureWindowsPath(root).as_posix()))
    return path


def is_there(path: Path) -> bool:
    """Whether there is a file or a folder.

    Raises
    ------
    AssetError
        Naming the path, if it cannot be looked at.
    """
    try:
        return path.exists()
    except OSError as error:
        raise AssetError(f"{str(path)[:255]} cannot be reached: {error.strerror}") from error


def require(path: Path) -> Path:
    """The path of a file that is there.

    Raises
    ------
    AssetError
        Naming the path, if it is not, or cannot be looked at.
    """
    if not is_there(path):
        raise AssetError(
            f"{path} is not there; if files were moved, say where to: "
            "Broker.open(..., root_map={'/old/root': '/new/root'})"
        )
    return path


def _checked(path: PurePosixPath) -> PurePosixPath:
    if _ABOVE in path.parts or "\0" in str(path):
        raise AssetError(f"{str(path)!r} leads upwards, and is refused")
    return path
