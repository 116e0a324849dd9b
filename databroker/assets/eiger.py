"""Frames of an Eiger's file writer: a master file, and data files that it links to."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beamtwin.databroker.assets.hdf5_links import child_names, open_dataset
from beamtwin.databroker.assets.limits import check_size
from beamtwin.databroker.assets.rows import fitting
from beamtwin.databroker.errors import AssetError

if TYPE_CHECKING:
    import numpy as np

__all__ = ["EigerRows", "sequence", "sequence_number"]

_DATA = "/entry/data"
_LINK = re.compile(r"data_\d+")


class EigerRows:
    """One row a sequence: all the frames that a master file leads to.

    Parameters
    ----------
    prefix : Path
        Of the master files' names: ``<prefix>_<sequence>_master.h5``.
    shape : sequence of int
        One event's data, as the data key says.
    """

    def __init__(self, prefix: Path, shape: Sequence[int]):
        self._prefix = prefix
        self._shape = tuple(shape)

    def describe(self, row: int = 0) -> tuple[tuple[int, ...], "np.dtype[Any]"]:
        """The shape of a sequence's frames, and their dtype."""
        master = self._master(row)
        shapes = []
        dtype: Any = None
        for name in _links(master):
            with open_dataset(master, name) as data:
                shapes.append(data.shape)
                dtype = data.dtype
        frames = sum(shape[0] for shape in shapes)
        return fitting(self._shape, (frames, *shapes[0][1:])), dtype

    def read(self, first: int, count: int) -> "np.ndarray":
        """The frames of the sequences ``first`` to ``first + count``, shape (count, frames, rows, columns).

        Raises
        ------
        AssetError
            Naming the file that is not there, or cannot be read.
        """
        import numpy as np

        return np.stack([self._sequence(number) for number in range(first, first + count)])

    def _sequence(self, number: int) -> "np.ndarray":
        import numpy as np

        shape, dtype = self.describe(number)
        master = self._master(number)
        check_size(shape, dtype, master)
        return np.concatenate([_frames(master, name) for name in _links(master)]).reshape(shape)

    def _master(self, number: int) -> Path:
        return self._prefix.with_name(f"{self._prefix.name}_{number}_master.h5")


def sequence(path: Path, parameters: Mapping[str, Any], shape: Sequence[int]) -> EigerRows:
    """The rows that a resource of spec ``AD_EIGER`` or ``AD_EIGER2`` announces."""
    del parameters
    return EigerRows(path, shape)


def sequence_number(datum: Mapping[str, Any]) -> int:
    """Which sequence a datum stands for."""
    return datum["seq_id"]


def _links(master: Path) -> list[str]:
    """The data files' names in a master file, in order."""
    names = [name for name in child_names(master, _DATA) if _LINK.fullmatch(name)]
    if not names:
        raise AssetError(f"{master} has no {_DATA}/data_000001")
    return [f"{_DATA}/{name}" for name in names]


def _frames(master: Path, name: str) -> "np.ndarray":
    with open_dataset(master, name) as data:
        return data[()]
