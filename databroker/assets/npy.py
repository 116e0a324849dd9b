"""NumPy's own files. What would need pickle is refused."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beamtwin.databroker.assets.paths import require
from beamtwin.databroker.assets.rows import fitting
from beamtwin.databroker.assets.series import SeriesRows, formatted
from beamtwin.databroker.errors import AssetError

if TYPE_CHECKING:
    import numpy as np

__all__ = ["NpyRows", "one_file", "series", "stream_series"]


class NpyRows:
    """The rows of one array in a file, along its first axis."""

    def __init__(self, path: Path, shape: Sequence[int]):
        self._path = path
        self._shape = tuple(shape)

    def describe(self, row: int = 0) -> tuple[tuple[int, ...], "np.dtype[Any]"]:
        """The shape of one row, and the dtype."""
        del row  # all are alike
        array = _mapped(require(self._path))
        return fitting(self._shape, array.shape[1:]), array.dtype

    def read(self, first: int, count: int) -> "np.ndarray":
        """Rows ``first`` to ``first + count``, shape (count, ...).

        Raises
        ------
        AssetError
            Naming the file, if it is not there, is no array of numbers, or lacks the rows.
        """
        array = _mapped(require(self._path))
        if array.ndim == 0 or first + count > len(array):
            raise AssetError(
                f"{self._path} has {array.shape[:1]} rows, and {first + count} were announced"
            )
        return array[first : first + count].reshape(count, *fitting(self._shape, array.shape[1:]))


class _Npy:
    """See `FrameFile`."""

    def head(self, path: Path) -> tuple[tuple[int, ...], "np.dtype[Any]"]:
        array = _mapped(path)
        return array.shape, array.dtype

    def load(self, path: Path) -> "np.ndarray":
        return _mapped(path)


def one_file(path: Path, parameters: Mapping[str, Any], shape: Sequence[int]) -> NpyRows:
    """The rows that a stream_resource of mimetype ``application/x-npy`` announces."""
    del parameters
    return NpyRows(path, shape)


def stream_series(path: Path, parameters: Mapping[str, Any], shape: Sequence[int]) -> SeriesRows:
    """The rows of ``multipart/related;type=application/x-npy``: a folder of numbered files."""
    return SeriesRows(_Npy(), formatted(path, parameters), shape, 1)


def series(path: Path, parameters: Mapping[str, Any], shape: Sequence[int]) -> SeriesRows:
    """The rows of spec ``NPY_SEQ``, which ophyd's simulated detectors write: ``path_0.npy``, ``path_1.npy``, ..."""
    del parameters
    return SeriesRows(
        _Npy(), lambda number: path.with_name(f"{path.name}_{number}.npy"), shape, frames=1
    )


def _mapped(path: Path) -> "np.ndarray":
    """The array, its values read as they are used: a head that declares more than the file has fails here."""
    import numpy as np

    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError, SyntaxError) as error:
        raise AssetError(f"{path} cannot be read as an array of numbers: {error}") from error
