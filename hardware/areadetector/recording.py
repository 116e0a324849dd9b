"""Recording: the frames of one stage in a file, and which of them have been announced."""

from collections.abc import Callable, Iterator
from pathlib import Path, PurePath
from typing import Any

from beamtwin.hardware.areadetector.documents import Announcer, NamedDocument, Place
from beamtwin.hardware.areadetector.files import FilePlugin
from beamtwin.hardware.sequence import Steps

__all__ = ["Recording"]


class Recording:
    """A file, or a folder of files, whose frames belong to events, one after the other.

    Parameters
    ----------
    writer : FilePlugin
    read, write : path
        The folder, for readers and for the writer.
    root : Path
        Of the documents' paths.
    name : str
        What the files' names begin with.
    data_key : str
        The frames' key in the descriptor.
    frames : int
        In each event.
    announcer : Announcer
    frame_shape : callable
        Rows and columns, once there are frames.
    """

    def __init__(
        self,
        writer: FilePlugin,
        *,
        read: Path,
        write: PurePath,
        root: Path,
        name: str,
        data_key: str,
        frames: int,
        announcer: Announcer,
        frame_shape: Callable[[], tuple[int, int]],
    ):
        self.writer = writer
        self.frames = frames
        self._read, self._write, self._root = read, write, root
        self._name = name
        self._data_key = data_key
        self._announcer = announcer
        self._frame_shape = frame_shape
        self._announced = 0

    @property
    def events(self) -> int:
        """How many events have all their frames in the file."""
        return self.writer.num_captured.get() // self.frames

    @property
    def is_whole(self) -> bool:
        """Whether the last event has all its frames: else those that follow would be out of step."""
        return self.writer.num_captured.get() % self.frames == 0

    @property
    def value(self) -> Any:
        """What the event itself holds for its frames; None for nothing."""
        return self._announcer.value(self._announced)

    def begin(self) -> Steps:
        """Open it for frames."""
        yield from self.writer.start(self._write, self._name)

    def finish(self) -> Steps:
        """Close it."""
        yield from self.writer.finish()

    def wait_for(self, events: int) -> Steps:
        """Wait until so many events have their frames in the file."""
        yield from self.writer.written(events * self.frames)

    def skip_to(self, event: int) -> None:
        """What was taken before that event and not announced, nobody wanted: a plan has dropped it, or gone back."""
        self._announced = event

    def documents(self, limit: int | None = None) -> Iterator[NamedDocument]:
        """Announce what is new, up to event ``limit``."""
        written = self.events
        first, last = self._announced, written if limit is None else min(limit, written)
        if last > first:
            self._announced = last
            yield from self._announcer.announce(self._place, first, last)

    def _place(self) -> Place:
        writer = self.writer
        return Place(
            self._data_key,
            Path(writer.path(self._read, self._name)),
            self._root,
            writer.spec,
            writer.mimetype,
            writer.stream_parameters(self._name, self._frame_shape()),
            writer.resource_kwargs(self._name, self.frames),
        )
