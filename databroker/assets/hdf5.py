"""Rows of an HDF5 dataset: one event's frames are one or several entries along its first axis."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beamtwin.databroker.assets.hdf5_links import open_dataset
from beamtwin.databroker.assets.rows import fitting
from beamtwin.databroker.errors import AssetError

if TYPE_CHECKING:
    import h5py
    import numpy as np

__all__ = ["Hdf5Rows", "area_detector", "stream_resource"]

#: Where areaDetector's HDF5 plugin puts the frames.
_AREA_DETECTOR_DATASET = "/entry/data/data"


class Hdf5Rows:
    """The rows of one dataset. The file is open only while something is read.

    Parameters
    ----------
    path : Path
    dataset : str
        Its path in the file.
    shape : sequence of int
        One event's data, as the data key says.
    frames : int, optional
        How many entries of the dataset are one event's; found from ``shape`` where not given.
    swmr : bool
        Whether the file may be read while it is written.
    """

    def __init__(
        self,
        path: Path,
        dataset: str,
        shape: Sequence[int],
        frames: int | None = None,
        *,
        swmr: bool = False,
    ):
        self._path = path
        self._dataset = dataset
        self._shape = tuple(shape)
        self._frames = frames
        self._swmr = swmr

    def describe(self, row: int = 0) -> tuple[tuple[int, ...], "np.dtype[Any]"]:
        """The shape of one row, and the dtype."""
        del row  # all are alike
        with self._open() as dataset:
            return self._row_shape(dataset), dataset.dtype

    def read(self, first: int, count: int) -> "np.ndarray":
        """Rows ``first`` to ``first + count``, shape (count, ...).

        Raises
        ------
        AssetError
            Naming the file, if it is not there, is no HDF5, lacks the dataset or the rows.
        """
        with self._open() as dataset:
            frames = self._frames_per_row(dataset)
            begin, end = first * frames, (first + count) * frames
            if end > len(dataset):
                raise AssetError(
                    f"{self._path}: {self._dataset} has {len(dataset)} frames, and {end} were announced"
                )
            return self._values(dataset, begin, end).reshape(count, *self._row_shape(dataset))

    def _values(self, dataset: "h5py.Dataset", begin: int, end: int) -> "np.ndarray":
        try:
            return dataset[begin:end]
        except OSError as error:
            raise AssetError(f"{self._path}: {self._dataset} cannot be read: {error}") from error

    def _frames_per_row(self, dataset: "h5py.Dataset") -> int:
        if dataset.ndim == 0:
            raise AssetError(f"{self._path}: {self._dataset} is a single value, and has no rows")
        if self._frames is not None:
            return self._frames
        return self._shape[0] if len(self._shape) == dataset.ndim else 1

    def _row_shape(self, dataset: "h5py.Dataset") -> tuple[int, ...]:
        return fitting(self._shape, (self._frames_per_row(dataset), *dataset.shape[1:]))

    @contextmanager
    def _open(self) -> Iterator["h5py.Dataset"]:
        with open_dataset(self._path, self._dataset, swmr=self._swmr) as dataset:
            yield dataset


def stream_resource(path: Path, parameters: Mapping[str, Any], shape: Sequence[int]) -> Hdf5Rows:
    """The rows that a stream_resource of mimetype ``application/x-hdf5`` announces."""
    return Hdf5Rows(path, parameters["dataset"], shape, swmr=bool(parameters.get("swmr")))


def area_detector(path: Path, parameters: Mapping[str, Any], shape: Sequence[int]) -> Hdf5Rows:
    """The rows that a resource of spec ``AD_HDF5`` announces."""
    return Hdf5Rows(path, _AREA_DETECTOR_DATASET, shape, parameters.get("frame_per_point", 1))
