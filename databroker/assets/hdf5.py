"""Rows of an HDF5 dataset: one event's frames are one or several entries along its first axis."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beamtwin.databroker.assets.paths import of_resource, of_uri
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
    """

    def __init__(self, path: Path, dataset: str, shape: Sequence[int], frames: int | None = None):
        self._path = path
        self._dataset = dataset
        self._shape = tuple(shape)
        self._frames = frames

    def describe(self) -> tuple[tuple[int, ...], "np.dtype[Any]"]:
        """The shape of one row, and the dtype."""
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
            return dataset[begin:end].reshape(count, *self._row_shape(dataset))

    def _frames_per_row(self, dataset: "h5py.Dataset") -> int:
        if self._frames is not None:
            return self._frames
        return self._shape[0] if len(self._shape) == dataset.ndim else 1

    def _row_shape(self, dataset: "h5py.Dataset") -> tuple[int, ...]:
        stored = (self._frames_per_row(dataset), *dataset.shape[1:])
        known = None not in self._shape
        return self._shape if known and prod(self._shape) == prod(stored) else stored

    @contextmanager
    def _open(self) -> Iterator["h5py.Dataset"]:
        import h5py

        if not self._path.exists():
            raise AssetError(f"{self._path} is not there")
        try:
            file = h5py.File(self._path, "r", locking=False)
        except OSError as error:
            raise AssetError(f"{self._path} cannot be read as HDF5: {error}") from error
        with file:
            dataset = file.get(self._dataset)
            if not isinstance(dataset, h5py.Dataset):
                raise AssetError(f"{self._path} has no dataset {self._dataset}")
            yield dataset


def stream_resource(resource: Mapping[str, Any], shape: Sequence[int]) -> Hdf5Rows:
    """The rows that a stream_resource of mimetype ``application/x-hdf5`` announces."""
    return Hdf5Rows(of_uri(resource["uri"]), resource["parameters"]["dataset"], shape)


def area_detector(resource: Mapping[str, Any], shape: Sequence[int]) -> Hdf5Rows:
    """The rows that a resource of spec ``AD_HDF5`` announces."""
    frames = resource["resource_kwargs"].get("frame_per_point", 1)
    return Hdf5Rows(of_resource(resource), _AREA_DETECTOR_DATASET, shape, frames)
