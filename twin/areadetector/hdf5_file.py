"""HDF5 files as areaDetector's NDFileHDF5 lays them out, written so that no frame is ever half there."""

import os
import tempfile
from typing import TYPE_CHECKING, Any

import numpy as np

from beamtwin.orchestration.errors import BeamtwinError
from beamtwin.twin.areadetector.frame import EPICS_EPOCH, Frame

if TYPE_CHECKING:
    import h5py

__all__ = ["COMPRESSIONS", "HDF5File", "WriteError", "make_room"]

#: NDFileHDF5's compressions, by number.
COMPRESSIONS = ("None", "N-bit", "szip", "zlib", "Blosc", "BSLZ4", "LZ4", "JPEG")

#: Those that this module writes, with h5py's names.
FILTERS = {"None": None, "zlib": "gzip"}

METADATA_BYTES = 2**18
"""What a file needs beside its frames; more than enough."""

ATTRIBUTES = {
    "NDArrayUniqueId": "<i4",
    "NDArrayTimeStamp": "<f8",
    "NDArrayEpicsTSSec": "<u4",
    "NDArrayEpicsTSnSec": "<u4",
}


class WriteError(BeamtwinError):
    """A frame could not be written; those before it are safe."""


class HDF5File:
    """A file that grows by frames, and is complete on disk after each.

    ``/entry/data/data`` has the frames, (N, rows, columns), a frame a chunk; ``/entry/instrument/detector/data``
    is another name for it. ``/entry/instrument/NDAttributes`` has what is known of each frame.

    Parameters
    ----------
    path : str
        Of the file; one that is there is replaced, as by areaDetector.
    shape, dtype
        Of its frames.
    compression : str
        One of `COMPRESSIONS`; not all can be had.
    swmr : bool
        Whether readers that open it in SWMR mode may follow it.

    Raises
    ------
    WriteError
        Saying what is wrong with the path, the disk or the compression.
    """

    def __init__(
        self,
        path: str,
        shape: tuple[int, ...],
        dtype: Any,
        compression: str = "None",
        swmr: bool = False,
    ):
        if compression not in FILTERS:
            raise WriteError(
                f"{path}: compression {compression} is not one of {', '.join(FILTERS)}"
            )
        self.path = path
        self.frames = 0
        try:
            make_room(path, METADATA_BYTES)
            self._file = self._open(swmr)
            self._lay_out(shape, dtype, FILTERS[compression])
            if swmr:
                self._file.swmr_mode = True
        except (OSError, RuntimeError, ValueError) as error:
            raise self._failure(error) from error

    def append(self, frame: Frame) -> None:
        """Add a frame; it is on its way to the disk when this returns.

        Raises
        ------
        WriteError
            Where there is no room, or another shape; the file is then as it was.
        """
        if frame.data.shape != self._data.shape[1:]:
            raise WriteError(
                f"{self.path}: a frame of {frame.data.shape} after {self._data.shape[1:]}"
            )
        seconds = frame.timestamp - EPICS_EPOCH
        nanoseconds = round(seconds % 1 * 1e9)
        values = (frame.unique_id, seconds, int(seconds), nanoseconds)
        try:
            make_room(self.path, frame.data.nbytes + METADATA_BYTES)
            for dataset, value in zip(self._attributes, values, strict=True):
                _append(dataset, value)
            _append(self._data, frame.data)
            self._file.flush()
        except (OSError, RuntimeError, ValueError) as error:
            raise self._failure(error) from error
        self.frames += 1

    def flush(self) -> None:
        """Let readers have all there is."""
        self._file.flush()

    def close(self) -> None:
        """The file is complete. Idempotent."""
        try:
            self._file.close()
        except (OSError, RuntimeError, ValueError) as error:
            raise self._failure(error) from error

    def _open(self, swmr: bool) -> "h5py.File":
        import h5py

        # A file that SWMR is not meant for stays readable for others, now and after a crash, if it has neither
        # a lock nor the consistency flags of the later formats.
        if swmr:
            return h5py.File(self.path, "w", libver="latest")
        return h5py.File(self.path, "w", libver=("earliest", "v110"), locking=False)

    def _lay_out(self, shape: tuple[int, ...], dtype: Any, compression: str | None) -> None:
        file = self._file
        for name, nexus_class in GROUPS.items():
            file.create_group(name).attrs["NX_class"] = nexus_class
        self._data = file.create_dataset(
            "entry/data/data",
            shape=(0, *shape),
            maxshape=(None, *shape),
            chunks=(1, *shape),
            dtype=dtype,
            compression=compression,
        )
        self._data.attrs["signal"] = 1
        file["entry/instrument/detector/data"] = self._data
        self._attributes = [
            file.create_dataset(
                f"entry/instrument/NDAttributes/{name}",
                (0,),
                dtype,
                maxshape=(None,),
                chunks=(1024,),
            )
            for name, dtype in ATTRIBUTES.items()
        ]
        file.flush()

    def _failure(self, error: Exception) -> WriteError:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return WriteError(f"{self.path}: {reason}")


GROUPS = {
    "entry": "NXentry",
    "entry/data": "NXdata",
    "entry/instrument": "NXinstrument",
    "entry/instrument/detector": "NXdetector",
    "entry/instrument/NDAttributes": "NXcollection",
}


def make_room(path: str, size: int) -> None:
    """See that a folder takes a number of bytes more.

    HDF5 must never meet a full disk: a file that it cannot flush cannot be closed either, and may take the
    process with it.

    Raises
    ------
    OSError
        Where it does not.
    """
    with tempfile.TemporaryFile(dir=os.path.dirname(path) or ".") as probe:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(probe.fileno(), 0, size)
        else:  # macOS
            probe.write(bytes(size))


def _append(dataset: "h5py.Dataset", value: "np.ndarray | float") -> None:
    length = len(dataset)
    dataset.resize(length + 1, axis=0)
    dataset[length] = value
