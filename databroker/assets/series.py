"""Numbered files, one frame each; one event's frames are one or several files."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol

from beamtwin.databroker.assets.limits import check_dtype, check_size
from beamtwin.databroker.assets.paths import inside, require
from beamtwin.databroker.assets.rows import fitting
from beamtwin.databroker.errors import AssetError

if TYPE_CHECKING:
    import numpy as np

__all__ = ["FrameFile", "SeriesRows", "formatted"]

#: Axes of a frame: rows, columns.
_FRAME_NDIM = 2
#: One number in a name: ``det_{:06d}.tiff``. Any other field could reach anything, or be of any width.
_FIELD = re.compile(r"[^{}]*\{0?(:\d{0,3}d?)?\}[^{}]*")


class FrameFile(Protocol):
    """A kind of file that holds one frame."""

    def head(self, path: Path) -> tuple[tuple[int, ...], "np.dtype[Any]"]:
        """The frame's shape and dtype, without its values."""
        ...

    def load(self, path: Path) -> "np.ndarray":
        """The frame."""
        ...


class SeriesRows:
    """The rows of a folder of numbered files.

    Parameters
    ----------
    kind : FrameFile
    path : callable
        The path of the file of a number, from 0.
    shape : sequence of int
        One event's data, as the data key says.
    frames : int, optional
        How many files are one event's; found from ``shape`` where not given.
    """

    def __init__(
        self,
        kind: FrameFile,
        path: Callable[[int], Path],
        shape: Sequence[int],
        frames: int | None = None,
    ):
        self._kind = kind
        self._path = path
        self._shape = tuple(shape)
        self._frames = frames or (shape[0] if len(shape) > _FRAME_NDIM else 1)

    def describe(self, row: int = 0) -> tuple[tuple[int, ...], "np.dtype[Any]"]:
        """The shape of one row, and the dtype."""
        shape, dtype = self._head(row * self._frames)
        return fitting(self._shape, (self._frames, *shape)), dtype

    def read(self, first: int, count: int) -> "np.ndarray":
        """Rows ``first`` to ``first + count``, shape (count, ...).

        Raises
        ------
        AssetError
            Naming the file, if it is not there, cannot be read, or its frame has another shape than those before.
        """
        import numpy as np

        numbers = range(first * self._frames, (first + count) * self._frames)
        images = [self._read(number) for number in numbers]
        for number, image in zip(numbers, images, strict=True):
            if image.shape != images[0].shape:
                raise AssetError(
                    f"{self._path(number)} has a frame of {image.shape}, and the others are of {images[0].shape}"
                )
        shape = fitting(self._shape, (self._frames, *images[0].shape))
        return np.stack(images).reshape(count, *shape)

    def _read(self, number: int) -> "np.ndarray":
        self._head(number)
        return self._kind.load(self._path(number))

    def _head(self, number: int) -> tuple[tuple[int, ...], "np.dtype[Any]"]:
        path = require(self._path(number))
        shape, dtype = self._kind.head(path)
        check_dtype(dtype, path)
        check_size(shape, dtype, path)
        return shape, dtype


def formatted(folder: Path, parameters: Mapping[str, Any]) -> Callable[[int], Path]:
    """The path of the file of a number, by the ``template`` of a stream_resource, such as ``det_{:06d}.tiff``.

    Raises
    ------
    AssetError
        If the template is anything else than a name with one number in it.
    """
    template = parameters["template"]
    if not _FIELD.fullmatch(template):
        raise AssetError(
            f"template {template!r} is not a name with one number, as in 'det_{{:06d}}.tiff'"
        )
    return lambda number: Path(inside(PurePosixPath(folder), template.format(number)))
