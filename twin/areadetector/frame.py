"""Frames: what a camera takes, and what it takes them from."""

from concurrent.futures import Future
from typing import Any, NamedTuple, Protocol

import numpy as np

__all__ = ["DATA_TYPES", "EPICS_EPOCH", "Frame", "FrameSource", "data_type_of"]

#: ADCore's data types (``NDDataType_t``), by number.
DATA_TYPES = (
    *("Int8", "UInt8", "Int16", "UInt16", "Int32", "UInt32", "Int64", "UInt64"),
    *("Float32", "Float64"),
)

EPICS_EPOCH = 631_152_000
"""1990-01-01, where areaDetector's time stamps begin, in seconds since the Unix epoch."""


class FrameSource(Protocol):
    """What a camera looks at."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of its frames."""
        ...

    @property
    def dtype(self) -> Any:
        """Their numpy dtype: one of ADCore's."""
        ...

    def expose(self, duration_s: float) -> "Future[np.ndarray]":
        """Begin an exposure with the world as it is now; the result is a frame nobody writes to again."""
        ...


class Frame(NamedTuple):
    """An ADCore NDArray."""

    data: np.ndarray
    """(rows, columns); read-only."""
    unique_id: int
    timestamp: float
    """When the exposure ended: seconds since the Unix epoch."""


def data_type_of(dtype: Any) -> int:
    """ADCore's number for a numpy dtype."""
    return [name.lower() for name in DATA_TYPES].index(np.dtype(dtype).name)
