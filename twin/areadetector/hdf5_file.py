"""HDF5 files as areaDetector's NDFileHDF5 lays them out, written so that no frame is ever half there."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from beamtwin.twin.areadetector.frame import Attribute, Frame
from beamtwin.twin.areadetector.paths import WriteError

if TYPE_CHECKING:
    import h5py

__all__ = ["FILTERS", "HDF5File", "Layout", "WriteError", "make_room"]

#: NDFileHDF5's compressions that HDF5 may have, with their filters' numbers.
FILTERS = {"szip": 4, "zlib": 1, "Blosc": 32001, "BSLZ4": 32008, "LZ4": 32004}

METADATA_BYTES = 2**18
"""What a file needs beside its frames; more than enough."""

GROUPS = {
    "entry": "NXentry",
    "entry/data": "NXdata",
    "entry/instrument": "NXinstrument",
    "entry/instrument/detector": "NXdetector",
    "entry/instrument/detector/NDAttributes": "NXcollection",
    "entry/instrument/NDAttributes": "NXcollection",
}


@dataclass(frozen=True)
class Layout:
    """How frames lie in a file."""

    several: bool = True
    """Whether there is a dimension for the frames' number: not in Single mode."""
    chunk: tuple[int, ...] = ()
    """Of (frames, rows, columns); default: a frame."""
    compression: str = "None"
    """``"None"``, or one of `FILTERS`."""
    zlib_level: int = 6
    swmr: bool = False
    """Whether readers that open it in SWMR mode may follow it."""
    flush_every: int = 1
    """So many frames are on their way to the disk together."""
    with_attributes: bool = True
    """Whether what is known of each frame is noted."""


class HDF5File:
    """A file that grows by frames, and is complete on disk after each flush.

    ``/entry/instrument/detector/data`` has the frames, (N, rows, columns); ``/entry/data/data`` is another name for it.
    ``/entry/instrument/NDAttributes`` has what is known of each frame.

    Parameters
    ----------
    path : str
        Of the file; one that is there is replaced, as by areaDetector.
    like : Frame
        What its frames are like: size, type, attributes.
    layout : Layout

    Raises
    ------
    WriteError
        Saying what is wrong with the path, the disk or the compression.
    """

    def __init__(self, path: str, like: Frame, layout: Layout = Layout()):
        self.path = path
        self.frames = 0
        self._layout = layout
        with self._explained():
            make_room(path, METADATA_BYTES)
            self._file = self._open(layout.swmr)
            self._lay_out(like)
            if layout.swmr:
                self._file.swmr_mode = True

    def append(self, frame: Frame) -> None:
        """Add a frame.

        Raises
        ------
        WriteError
            Where there is no room; the file is then as it was.
        """
        with self._explained():
            make_room(self.path, frame.data.nbytes + METADATA_BYTES)
            for column, read in self._columns:
                _append(column, read(frame))
            self._add(frame.data)
            self.frames += 1
            if self.frames % self._layout.flush_every == 0:
                self._file.flush()

    def flush(self) -> None:
        """Let readers have all there is."""
        with self._explained():
            self._file.flush()

    def close(self) -> None:
        """The file is complete. Idempotent."""
        with self._explained():
            self._file.close()

    def _add(self, data: np.ndarray) -> None:
        dataset = self._data
        if not self._layout.several:
            dataset[...] = data
            return
        dataset.resize(self.frames + 1, axis=0)
        if dataset.chunks == (1, *data.shape) and self._layout.compression == "None":
            dataset.id.write_direct_chunk((self.frames, 0, 0), data)  # without a copy
        else:
            dataset[self.frames] = data

    def _open(self, swmr: bool) -> "h5py.File":
        import h5py

        # A file that SWMR is not meant for stays readable for others, now and after a crash, if it has neither
        # a lock nor the consistency flags of the later formats.
        if swmr:
            return h5py.File(self.path, "w", libver="latest")
        return h5py.File(self.path, "w", libver=("earliest", "v110"), locking=False)

    def _lay_out(self, like: Frame) -> None:
        file = self._file
        for name, nexus_class in GROUPS.items():
            file.create_group(name).attrs["NX_class"] = nexus_class
        self._data = self._make_data(like.data)
        self._data.attrs["signal"] = 1
        file["entry/data/data"] = self._data
        wanted = _columns(like) if self._layout.with_attributes else ()
        self._columns = [(self._make_column(name, what), read) for name, what, read in wanted]
        file.flush()

    def _make_data(self, data: np.ndarray) -> "h5py.Dataset":
        layout = self._layout
        shape, most, chunk = data.shape, None, layout.chunk or (1, *data.shape)
        if layout.several:
            shape, most = (0, *data.shape), (None, *data.shape)
        return self._file.create_dataset(
            "entry/instrument/detector/data",
            shape,
            data.dtype,
            maxshape=most,
            chunks=chunk[-len(shape) :],
            **_compression(layout),
        )

    def _make_column(self, name: str, what: Attribute) -> "h5py.Dataset":
        column = self._file.create_dataset(name, (0,), what.dtype, maxshape=(None,), chunks=(1024,))
        column.attrs["NDAttrName"] = name.rpartition("/")[2]
        column.attrs["NDAttrDescription"] = what.description
        column.attrs["NDAttrSourceType"] = what.source_type
        column.attrs["NDAttrSource"] = what.source
        return column

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (OSError, RuntimeError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise WriteError(f"{self.path}: {reason}") from error


Read = Callable[[Frame], Any]


def _columns(like: Frame) -> Iterator[tuple[str, Attribute, Read]]:
    """What is noted of each frame: where, of which type, and how it is had of a frame."""
    for name, (dtype, read) in ALWAYS.items():
        yield f"entry/instrument/NDAttributes/{name}", Attribute(0, dtype), read
    for name, attribute in like.attributes.items():
        missing = np.nan if attribute.dtype[1] == "f" else np.zeros((), attribute.dtype)[()]
        yield f"entry/instrument/NDAttributes/{name}", attribute, _reader(name, missing)
    color = Attribute(0, "<i4", "Color mode", "Driver")
    yield "entry/instrument/detector/NDAttributes/ColorMode", color, lambda _: 0


def _reader(name: str, missing: Any) -> Read:
    def read(frame: Frame) -> Any:
        attribute = frame.attributes.get(name)
        return missing if attribute is None else attribute.value

    return read


ALWAYS: dict[str, tuple[str, Read]] = {
    "NDArrayUniqueId": ("<i4", lambda frame: frame.unique_id),
    "NDArrayTimeStamp": ("<f8", lambda frame: frame.epics_timestamp),
    "NDArrayEpicsTSSec": ("<u4", lambda frame: frame.epics_time[0]),
    "NDArrayEpicsTSnSec": ("<u4", lambda frame: frame.epics_time[1]),
}


def _compression(layout: Layout) -> dict[str, Any]:
    if layout.compression == "None":
        return {}
    number = FILTERS[layout.compression]
    if layout.compression == "zlib":
        return {"compression": "gzip", "compression_opts": layout.zlib_level}
    return {"compression": "szip"} if layout.compression == "szip" else {"compression": number}


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
