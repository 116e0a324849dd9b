"""What NeXus files are made of: the file itself, groups of a class, values, and names that are allowed."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from beamtwin.databroker.stores import jsontext

if TYPE_CHECKING:
    import h5py

__all__ = ["CREATOR", "group", "hdf5", "nexus_name", "put", "text"]

CREATOR = "beamtwin"


@contextmanager
def hdf5(path: Path) -> Iterator["h5py.File"]:
    """A new file that begins as NeXus asks.

    Raises
    ------
    OSError
        If there was no room for it.
    """
    import h5py

    with path.open("w+b", buffering=0) as raw:
        disk = _Disk(raw)
        with h5py.File(disk, "w") as file:
            file.attrs.update(NX_class="NXroot", creator=CREATOR)
            file.attrs["HDF5_Version"] = h5py.version.hdf5_version
            yield file
        if disk.error is not None:
            raise disk.error


class _Disk:
    """A file that takes everything, and remembers what it had no room for.

    HDF5 cannot close a file that it fails to write to: it would try again until the process ends, and crash it then.
    """

    def __init__(self, raw: IO[bytes]):
        self._raw = raw
        self.error: OSError | None = None
        self.seek, self.tell, self.read = raw.seek, raw.tell, raw.read

    def write(self, data: Any) -> int:
        """All of the data, unless an earlier part is missing."""
        rest = memoryview(data).cast("B")
        size = len(rest)
        try:
            while rest and self.error is None:
                rest = rest[self._raw.write(rest) :]
        except OSError as error:
            self.error = error
        return size

    def truncate(self, size: int) -> int:
        """Make it so long."""
        try:
            return self._raw.truncate(size)
        except OSError as error:
            self.error = self.error or error
            return size

    def flush(self) -> None:
        """Nothing is held back."""


def group(parent: "h5py.Group", name: str, nx_class: str) -> "h5py.Group":
    """A group of a NeXus class."""
    made = parent.create_group(name)
    made.attrs["NX_class"] = nx_class
    return made


def put(parent: "h5py.Group", name: str, values: Any, units: str | None = None) -> "h5py.Dataset":
    """A dataset of numbers or texts; what is neither, as JSON."""
    import h5py
    import numpy as np

    array = np.asarray(values)
    if array.dtype.kind in "OUSMm":
        texts = np.array([text(value) for value in array.ravel()], object).reshape(array.shape)
        dataset = parent.create_dataset(name, data=texts, dtype=h5py.string_dtype())
    else:
        dataset = parent.create_dataset(name, data=array)
    if units:
        dataset.attrs["units"] = units
    return dataset


def text(value: Any) -> str:
    """A text as it is, and anything else as JSON."""
    written = value if isinstance(value, str) else jsontext.dumps(value)
    return written.replace("\0", "")  # which ends a string in HDF5


def nexus_name(key: str, parent: "h5py.Group | None") -> str:
    """A key as NeXus has names, and as no other in its group."""
    name = re.sub(r"[^A-Za-z0-9_.]", "_", key).strip(".") or "_"
    number, unique = 1, name
    while parent is not None and unique in parent:
        number += 1
        unique = f"{name}_{number}"
    return unique
