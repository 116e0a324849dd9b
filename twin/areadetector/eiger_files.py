"""The files of an Eiger's FileWriter: a master file, and data files with so many images each."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from beamtwin.twin.areadetector.frame import Frame
from beamtwin.twin.areadetector.hdf5_file import METADATA_BYTES, make_room
from beamtwin.twin.areadetector.paths import WriteError

if TYPE_CHECKING:
    import h5py

__all__ = ["SeriesFiles"]


class SeriesFiles:
    """One series: ``<path>_master.h5`` with links ``/entry/data/data_000001`` ... to ``<path>_data_000001.h5`` ...

    Parameters
    ----------
    path : str
        What the files' names begin with.
    images_per_file : int
    about : mapping
        Numbers about the detector, for ``/entry/instrument/detector`` of the master file.

    Raises
    ------
    WriteError
        Naming the file that cannot be written.
    """

    def __init__(self, path: str, images_per_file: int, about: Mapping[str, float]):
        self.master = f"{path}_master.h5"
        self._path = path
        self._images_per_file = images_per_file
        self._written = 0
        self._data: h5py.Dataset | None = None
        with self._new(self.master) as file:
            detector = file.create_group("entry/instrument/detector")
            for name, value in about.items():
                detector[name] = value
            file.create_group("entry/data").attrs["NX_class"] = "NXdata"

    def append(self, frame: Frame) -> None:
        """Add an image; with the first of each data file, a link in the master file."""
        if self._written % self._images_per_file == 0:
            self._begin(frame)
        try:
            make_room(self._path, frame.data.nbytes + METADATA_BYTES)
            assert self._data is not None
            self._data.resize(len(self._data) + 1, axis=0)
            self._data[-1] = frame.data
            self._data.attrs["image_nr_high"] = self._written + 1
        except (OSError, RuntimeError) as error:
            raise WriteError(f"{self._path}: {error}") from error
        self._written += 1

    def close(self) -> None:
        """All files are complete. Idempotent."""
        data, self._data = self._data, None
        if data is not None:
            data.file.close()

    def _begin(self, frame: Frame) -> None:
        import h5py

        self.close()
        name = f"data_{self._written // self._images_per_file + 1:06d}"
        path = f"{self._path}_{name}.h5"
        shape = frame.data.shape
        data = self._new(path).create_dataset(
            "entry/data/data",
            (0, *shape),
            frame.data.dtype,
            maxshape=(None, *shape),
            chunks=(1, *shape),
        )
        data.attrs["image_nr_low"] = self._written + 1
        self._data = data
        with h5py.File(self.master, "a", locking=False) as master:
            master[f"entry/data/{name}"] = h5py.ExternalLink(
                os.path.basename(path), "entry/data/data"
            )

    def _new(self, path: str) -> Any:
        import h5py

        try:
            return h5py.File(path, "w", locking=False)
        except OSError as error:
            raise WriteError(f"{path}: {error}") from error
