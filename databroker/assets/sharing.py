"""Which files a document announces, to hand them on: only those of folders that somebody vouched for.

Documents may come from anywhere, and may name any file of this machine.
"""

import glob
import re
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from beamtwin.databroker.assets.paths import inside
from beamtwin.databroker.errors import AssetError

if TYPE_CHECKING:
    import h5py

__all__ = ["shared_files"]

#: areaDetector's: path, what is between, name, number, what comes after it.
_AREA_DETECTOR = re.compile(r"%s/?([^%]*)%s[^%]*%[\d.]*d([^%]*)")
#: What h5py says of a damaged file.
_UNREADABLE = (OSError, RuntimeError)
#: So many roots are named in a message.
_MOST_ROOTS = 5


def shared_files(
    resource: Mapping[str, Any], path: Path, roots: Sequence[str | Path]
) -> list[Path]:
    """The files that a document announces, with those that HDF5 files among them link to; each once.

    Parameters
    ----------
    resource : dict
        A resource or stream_resource document.
    path : Path
        Where its file is, its folder, or what the names of its files begin with.
    roots : sequence of path-like
        The folders of which files may be handed on, with all below them.

    Raises
    ------
    AssetError
        Naming the first file that is in none of them, wherever its links lead, and the way out.
    """
    allowed = list(dict.fromkeys(Path(root).expanduser().resolve() for root in roots))
    _require_shared(path, allowed)
    found: dict[Path, None] = {}
    waiting = deque([path] if path.is_file() else _series(resource, path))
    while waiting:
        file = waiting.popleft()
        if file not in found:
            _require_shared(file, allowed)
            found[file] = None
            waiting += _linked(file)
    return list(found)


def _require_shared(path: Path, allowed: Sequence[Path]) -> None:
    real = _real(path)
    if any(real.is_relative_to(root) for root in allowed):
        return
    leads = "" if real == path else f" (it leads to {real})"
    known = ", ".join(map(str, allowed[:_MOST_ROOTS])) + ", ..." * (len(allowed) > _MOST_ROOTS)
    raise AssetError(
        f"{path}{leads} is not in a folder of which files may be handed on; these are: {known or 'none'}; "
        f"if it may be, say so: --root {real.parent}, or Broker.open(..., roots=[{str(real.parent)!r}])"
    )


def _real(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:  # links in a circle
        raise AssetError(f"{path} leads nowhere: {error}") from error


def _series(resource: Mapping[str, Any], path: Path) -> list[Path]:
    """The files of a folder whose names are as the document says, in alphabetical order."""
    begin, end = _names(resource) if path.is_dir() else (path.name, "")
    if "/" in begin + end:
        raise AssetError(f"{path}: its files lie in folders below, and are not handed on")
    folder = path if path.is_dir() else path.parent
    pattern = f"{glob.escape(begin)}*{glob.escape(end)}"
    return sorted(file for file in folder.glob(pattern) if file.is_file())


def _names(resource: Mapping[str, Any]) -> tuple[str, str]:
    """What the names of a resource's files begin and end with, as far as it says so."""
    if "uri" in resource:
        begin, _, rest = _text(resource, "parameters", "template").partition("{")
        return begin, rest.partition("}")[2]
    template = _AREA_DETECTOR.fullmatch(_text(resource, "resource_kwargs", "template"))
    between, end = template.groups() if template else ("", "")
    return between + _text(resource, "resource_kwargs", "filename"), end


def _text(resource: Mapping[str, Any], section: str, key: str) -> str:
    given = resource.get(section)
    value = given.get(key) if isinstance(given, Mapping) else None
    return value if isinstance(value, str) else ""


def _linked(path: Path) -> list[Path]:
    """The files beside an HDF5 file, or below, that it links to or is made of; Eiger's master files are such.

    A file that cannot be opened leads nowhere: nobody else can open it either.
    """
    import h5py

    if not h5py.is_hdf5(path):
        return []
    names: dict[str, None] = {}

    def follow(_: str, link: Any) -> None:
        if isinstance(link, h5py.ExternalLink):
            names[link.filename] = None

    def look_at(_: str, node: Any) -> None:
        if isinstance(node, h5py.Dataset) and node.is_virtual:
            names.update(dict.fromkeys(source.file_name for source in node.virtual_sources()))

    try:
        file = _opened(path)
    except _UNREADABLE:
        return []
    try:
        with file:
            file.visititems_links(follow)
            file.visititems(look_at)
    except (*_UNREADABLE, ValueError, LookupError) as error:
        raise AssetError(f"{path}: where it leads cannot be found out: {error}") from error
    return [file for name in names for file in _neighbour(path, name)]


def _opened(path: Path) -> "h5py.File":
    """An HDF5 file, also one that a writer has left open, or has open still."""
    import h5py

    try:
        return h5py.File(path, "r", locking=False)
    except _UNREADABLE:
        return h5py.File(path, "r", locking=False, swmr=True)


def _neighbour(path: Path, name: str) -> list[Path]:
    """The file of a link, if it is one that would be read: see `hdf5_links`."""
    try:
        file = Path(inside(PurePosixPath(path.parent), str(PurePosixPath(path.parent, name))))
    except AssetError:
        return []
    return [file] if file != path and file.is_file() else []
