"""A stream's frames, a block at a time, whatever their number."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from beamtwin.databroker.errors import ExportError
from beamtwin.databroker.stream import Stream

if TYPE_CHECKING:
    import numpy as np
    import xarray

__all__ = ["Frames", "frames_of"]

#: So many bytes are in memory at a time, unless one frame is larger.
_BLOCK_BYTES = 32 * 2**20
#: Axes of a stack of frames: events, rows, columns; with several frames an event, one more.
_NDIMS = (3, 4)


@dataclass(frozen=True)
class Frames:
    """The frames of one key."""

    key: str
    label: str
    """Whose they are, for messages."""
    data: "xarray.DataArray"
    """Shape (events, rows, columns), or (events, frames, rows, columns)."""

    @property
    def per_event(self) -> int:
        """How many frames one event has."""
        return self.data.shape[1] if self.data.ndim == _NDIMS[1] else 1

    @property
    def shape(self) -> tuple[int, int]:
        """Of a frame: rows, columns."""
        rows, columns = self.data.shape[-2:]
        return rows, columns

    @property
    def dtype(self) -> "np.dtype[Any]":
        """Of a pixel."""
        return self.data.dtype

    def blocks(self, events: Sequence[int]) -> Iterator["np.ndarray"]:
        """The frames of the events of these numbers, from 0, in blocks of shape (n, rows, columns)."""
        import numpy as np

        rows, columns = self.shape
        frames = max(1, _BLOCK_BYTES // max(1, rows * columns * self.dtype.itemsize))
        step, part = max(1, frames // self.per_event), min(frames, self.per_event)
        for first in range(0, len(events), step):
            chosen = self.data[np.asarray(events[first : first + step], int)]
            pieces = range(0, self.per_event, part) if chosen.ndim == _NDIMS[1] else [None]
            for begin in pieces:
                block = chosen if begin is None else chosen[:, begin : begin + part]
                yield np.asarray(block).reshape(-1, rows, columns)


def frames_of(stream: Stream, key: str | None = None) -> Frames:
    """The frames of a key, or of the only one that has frames.

    Raises
    ------
    ExportError
        Naming run, stream and the keys to choose from.
    """
    label = f"run {stream.start['uid'][:8]}, stream {stream.name}"
    candidates = [name for name, about in stream.data_keys.items() if len(about["shape"]) > 1]
    if key is None and len(candidates) != 1:
        known = f"several keys with frames; name one with --key: {', '.join(candidates)}"
        raise ExportError(f"{label}: has {known if candidates else 'no key with frames'}")
    chosen = candidates[0] if key is None else key
    if chosen not in candidates:
        raise ExportError(
            f"{label}: {chosen!r} is no key with frames; it has: {', '.join(candidates) or 'none'}"
        )
    data = stream.read([chosen])[chosen]
    if data.ndim not in _NDIMS:
        raise ExportError(
            f"{label}, {chosen}: one event's data have {data.ndim - 1} axes; "
            "frames have two, or three if there are several"
        )
    return Frames(chosen, f"{label}, {chosen}", data)
