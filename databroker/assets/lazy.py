"""External columns as variables of an `xarray.Dataset` that read their files only when used."""

from typing import Any

import numpy as np
from xarray.backends import BackendArray
from xarray.core import indexing

from beamtwin.databroker.assets.external import ExternalColumn

__all__ = ["lazy"]


class _ExternalArray(BackendArray):
    """What xarray's lazy indexing asks for values."""

    def __init__(self, column: ExternalColumn, count: int):
        row_shape, self.dtype = column.describe()
        self.shape = (count, *row_shape)
        self._column = column

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(
            key, self.shape, indexing.IndexingSupport.OUTER, self._read
        )

    def _read(self, key: tuple[Any, ...]) -> np.ndarray:
        events = np.arange(self.shape[0])[key[0]]
        block = self._column.read(np.atleast_1d(events))
        for axis in reversed(range(1, len(self.shape))):
            block = block[(slice(None),) * axis + (key[axis],)]
        return block if np.ndim(events) else block[0]


def lazy(column: ExternalColumn, count: int) -> indexing.LazilyIndexedArray:
    """The data of ``count`` events, shape (count, ...)."""
    return indexing.LazilyIndexedArray(_ExternalArray(column, count))
