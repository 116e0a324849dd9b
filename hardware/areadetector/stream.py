"""FrameStream: how the frames of one file are announced (event-model's stream_resource and stream_datum)."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

__all__ = ["FrameStream"]

#: Where areaDetector's HDF5 plugin puts the frames in its files.
DATASET = "/entry/data/data"


class FrameStream:
    """A file whose frames belong to events, one after the other.

    Parameters
    ----------
    data_key : str
        The frames' key in the descriptor.
    path : Path
        The file.
    uid : callable
        Makes the resource's uid; that of a datum is the resource's with the index of its first event.
    """

    def __init__(self, data_key: str, path: Path, uid: Callable[[], str]):
        self.data_key = data_key
        self.path = path
        self._uid = uid
        self._resource = ""
        self._announced = 0

    def documents(
        self, events: int, frame_shape: tuple[int, int]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """What is new since the last call.

        Parameters
        ----------
        events : int
            How many events have their frames in the file.
        frame_shape : (int, int)
            Rows and columns.

        Yields
        ------
        name, document
            ``run_start``, ``descriptor`` and ``seq_nums`` are the engine's to fill.
        """
        if events <= self._announced:
            return
        if not self._resource:
            self._resource = self._uid()
            yield "stream_resource", self._stream_resource(frame_shape)
        start, self._announced = self._announced, events
        yield (
            "stream_datum",
            {
                "uid": f"{self._resource}/{start}",
                "stream_resource": self._resource,
                "descriptor": "",
                "indices": {"start": start, "stop": events},
                "seq_nums": {"start": 0, "stop": 0},
            },
        )

    def _stream_resource(self, frame_shape: tuple[int, int]) -> dict[str, Any]:
        return {
            "uid": self._resource,
            "data_key": self.data_key,
            "mimetype": "application/x-hdf5",
            "uri": f"file://localhost{quote(self.path.absolute().as_posix())}",
            "parameters": {
                "dataset": DATASET,
                "swmr": False,
                "chunk_shape": [1, *frame_shape],
            },
        }
