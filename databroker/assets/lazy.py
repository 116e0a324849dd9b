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

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        return (type(self).__name__, self._column.token, self.shape, str(self.dtype))

    def _read(self, key: tuple[Any, ...]) -> np.ndarray:
        first = key[0]
        # A range is not yet an array: what is too much is refused before anything is made.
        events = range(self.shape[0])[first] if isinstance(first, int | slice) else first
        single = isinstance(events, int)
        block = self._column.read([events] if single else events)
        for axis in reversed(range(1, len(self.shape))):
            block = block[(slice(None),) * axis + (key[axis],)]
        return block[0] if single else block


def lazy(column: ExternalColumn, count: int) -> indexing.LazilyIndexedArray:
    """The data of ``count`` events, shape (count, ...)."""
    return indexing.LazilyIndexedArray(_ExternalArray(column, count))
