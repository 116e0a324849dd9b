"""Finding a dataset in an HDF5 file that nobody vouches for.

HDF5 follows links to any file that the reader may read. Here a file leads only to files in its own folder, or below.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from beamtwin.databroker.assets.limits import check_dtype
from beamtwin.databroker.assets.paths import inside, require
from beamtwin.databroker.errors import AssetError

if TYPE_CHECKING:
    import h5py

__all__ = ["child_names", "open_dataset", "open_file"]

#: How many links may lead to a dataset.
_MOST_HOPS = 8


@contextmanager
def open_file(path: Path, *, swmr: bool = False) -> "Iterator[h5py.File]":
    """An HDF5 file, to be read; ``swmr``: while another process writes it.

    Raises
    ------
    AssetError
        Naming the file, if it is not there or is no HDF5.
    """
    import h5py

    require(path)
    try:
        file = h5py.File(path, "r", locking=False, swmr=swmr)
    except OSError as error:
        raise AssetError(f"{path} cannot be read as HDF5: {error}") from error
    with file:
        yield file


@contextmanager
def open_dataset(path: Path, name: str, *, swmr: bool = False) -> "Iterator[h5py.Dataset]":
    """A dataset, whatever links of the file's own folder lead to it.

    Raises
    ------
    AssetError
        Naming the file: also where a link leads out of its folder, or the dataset holds objects or is compressed in a
        way that is not installed.
    """
    with ExitStack() as stack:
        finder = _Finder(stack, path.parent, swmr)
        dataset = finder.find(path, name)
        check_dtype(dataset.dtype, f"{path}: {name}")
        _require_filters(dataset, path)
        yield dataset


def child_names(path: Path, name: str) -> list[str]:
    """What a group of a file has, in alphabetical order; nothing if there is no such group."""
    import h5py

    with ExitStack() as stack:
        found = _Finder(stack, path.parent, swmr=False).reach(path, name)
        return sorted(found) if isinstance(found, h5py.Group) else []


class _Finder:
    """Follows links with every step looked at; the files stay open until the stack is left."""

    def __init__(self, stack: ExitStack, folder: Path, swmr: bool):
        self._stack = stack
        self._folder = folder
        self._swmr = swmr
        self._files: dict[Path, h5py.File] = {}
        self._sound: set[tuple[Path, str]] = set()

    def reach(self, path: Path, name: str, hops: int = _MOST_HOPS) -> Any:
        """What is at a path in a file; None if there is nothing."""
        return self._walk(path, self._open(path), name, hops)

    def find(self, path: Path, name: str, hops: int = _MOST_HOPS) -> "h5py.Dataset":
        """The dataset at a path in a file."""
        import h5py

        found = self.reach(path, name, hops)
        if not isinstance(found, h5py.Dataset):
            raise AssetError(f"{path} has no dataset {name}")
        self._check_sources(Path(found.file.filename), found, hops)
        return found

    def _open(self, path: Path) -> "h5py.File":
        if path not in self._files:
            self._files[path] = self._stack.enter_context(open_file(path, swmr=self._swmr))
        return self._files[path]

    def _walk(self, path: Path, group: Any, name: str, hops: int) -> Any:
        """What is at a path below a group; None if there is nothing."""
        import h5py

        if hops == 0:
            raise AssetError(f"{path}: {name} is behind more than {_MOST_HOPS} links")
        node = group.file if name.startswith("/") else group
        for part in PurePosixPath(name).parts:
            if part == "/":
                continue
            link = node.get(part, getlink=True) if isinstance(node, h5py.Group) else None
            node = self._step(node, part, link, hops)
        return node

    def _step(self, node: Any, part: str, link: Any, hops: int) -> Any:
        import h5py

        if link is None:
            return None
        path = Path(node.file.filename)
        match link:
            case h5py.HardLink():
                return node[part]
            case h5py.SoftLink():
                return self._walk(path, node, link.path, hops - 1)
            case h5py.ExternalLink():
                target = self._neighbour(path, link.filename)
                return self._walk(target, self._open(target), link.path, hops - 1)
        return None

    def _check_sources(self, path: Path, dataset: "h5py.Dataset", hops: int) -> None:
        """A virtual dataset's parts are there, in the folder; HDF5 would give zeros for those that are not."""
        if dataset.external:
            raise AssetError(f"{path}: {dataset.name} is raw bytes of other files, and is refused")
        for source in dataset.virtual_sources() if dataset.is_virtual else ():
            target = path if source.file_name == "." else self._neighbour(path, source.file_name)
            if (target, source.dset_name) not in self._sound:
                self._sound.add((target, source.dset_name))
                self.find(target, source.dset_name, hops - 1)

    def _neighbour(self, path: Path, name: str) -> Path:
        if "%" in name:
            raise AssetError(f"{path} leads to files by a pattern, {name!r}, and is refused")
        try:
            return Path(inside(PurePosixPath(self._folder), str(PurePosixPath(path.parent, name))))
        except AssetError as error:
            raise AssetError(f"{path} leads to another file: {error}") from error


def _require_filters(dataset: "h5py.Dataset", path: Path) -> None:
    """Have the filters by which a dataset is compressed."""
    from h5py import h5z  # pyright: ignore[reportAttributeAccessIssue]

    plan = dataset.id.get_create_plist()
    for number in range(plan.get_nfilters()):
        code, _, _, name = plan.get_filter(number)
        if not h5z.filter_avail(code) and not _has_plugin(code):
            raise AssetError(
                f"{path} is compressed by filter {code} ({name.decode(errors='replace')}); pip install hdf5plugin"
            )


def _has_plugin(code: int) -> bool:
    from h5py import h5z  # pyright: ignore[reportAttributeAccessIssue]

    try:
        import hdf5plugin  # noqa: F401  # registers its filters  # pyright: ignore[reportMissingImports]
    except ImportError:
        return False
    return bool(h5z.filter_avail(code))
