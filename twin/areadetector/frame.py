"""Frames: what a camera takes, and what it takes them from."""

from collections.abc import Mapping
from concurrent.futures import Future
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

import numpy as np

__all__ = ["DATA_TYPES", "EPICS_EPOCH", "Attribute", "Frame", "FrameSource", "data_type_of"]

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


class Attribute(NamedTuple):
    """An ADCore NDAttribute: something else that is known of a frame."""

    value: Any
    """A number or text."""
    dtype: str
    """As numpy names it."""
    description: str = ""
    source: str = ""
    source_type: str = "NDAttrSourceDriver"


class Frame(NamedTuple):
    """An ADCore NDArray."""

    data: np.ndarray
    """(rows, columns); read-only."""
    unique_id: int
    timestamp: float
    """When the exposure ended: seconds since the Unix epoch."""
    attributes: Mapping[str, Attribute] = MappingProxyType({})

    @property
    def epics_timestamp(self) -> float:
        """The same in seconds since EPICS's epoch."""
        return self.timestamp - EPICS_EPOCH

    @property
    def epics_time(self) -> tuple[int, int]:
        """The same in whole seconds and nanoseconds; 0 seconds for times before that."""
        seconds, fraction = divmod(self.epics_timestamp, 1.0)
        return max(0, int(seconds)), int(fraction * 1e9)


@cache
def data_type_of(dtype: Any) -> str:
    """ADCore's name for a numpy dtype."""
    name = np.dtype(dtype).name
    return next(known for known in DATA_TYPES if known.lower() == name)
