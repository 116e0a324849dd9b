"""Where files are that documents announce."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any
from urllib.parse import unquote, urlparse

from beamtwin.databroker.errors import AssetError

__all__ = ["of_resource", "of_uri"]


def of_uri(uri: str) -> Path:
    """The path of a ``file://localhost/`` URI.

    Raises
    ------
    AssetError
        Where it is on another machine, or no file at all.
    """
    parts = urlparse(uri)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
        raise AssetError(f"{uri} is not a file on this machine (file://localhost/...)")
    return Path(unquote(parts.path))


def of_resource(resource: Mapping[str, Any]) -> Path:
    """The path that a resource document's root and path within it make."""
    windows = resource.get("path_semantics") == "windows"
    relative = (PureWindowsPath if windows else PurePosixPath)(resource["resource_path"]).as_posix()
    return Path(resource["root"], relative)
