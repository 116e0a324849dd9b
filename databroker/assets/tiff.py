"""Frames in TIFF files, one each; one event's frames are one or several files."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beamtwin.databroker.assets.paths import of_resource, of_uri
from beamtwin.databroker.errors import AssetError

if TYPE_CHECKING:
    import numpy as np

__all__ = ["TiffRows", "area_detector", "stream_resource"]

#: Axes of a frame: rows, columns.
_FRAME_NDIM = 2


class TiffRows:
    """The rows of a folder of numbered files.

    Parameters
    ----------
    path : callable
        The path of the file of a number, from 0.
    shape : sequence of int
        One event's data, as the data key says.
    frames : int
        How many files are one event's.
    """

    def __init__(self, path: Callable[[int], Path], shape: Sequence[int], frames: int):
        self._path = path
        self._shape = tuple(shape)
        self._frames = frames

    def describe(self) -> tuple[tuple[int, ...], "np.dtype[Any]"]:
        """The shape of one row, and the dtype."""
        row = self.read(0, 1)
        return row.shape[1:], row.dtype

    def read(self, first: int, count: int) -> "np.ndarray":
        """Rows ``first`` to ``first + count``, shape (count, ...).

        Raises
        ------
        AssetError
            Naming the file, if it is not there, is no TIFF, or its frame has another shape than those before.
        """
        import numpy as np

        numbers = range(first * self._frames, (first + count) * self._frames)
        images = [self._read(number) for number in numbers]
        for number, image in zip(numbers, images, strict=True):
            if image.shape != images[0].shape:
                raise AssetError(
                    f"{self._path(number)} has a frame of {image.shape}, and the others are of {images[0].shape}"
                )
        stored = (self._frames, *images[0].shape)
        is_same = None not in self._shape and np.prod(self._shape) == np.prod(stored)
        return np.stack(images).reshape(count, *(self._shape if is_same else stored))

    def _read(self, number: int) -> "np.ndarray":
        import tifffile

        path = self._path(number)
        if not path.exists():
            raise AssetError(f"{path} is not there")
        try:
            return tifffile.imread(path)
        except (OSError, tifffile.TiffFileError) as error:
            raise AssetError(f"{path} cannot be read as TIFF: {error}") from error


def stream_resource(resource: Mapping[str, Any], shape: Sequence[int]) -> TiffRows:
    """The rows that a stream_resource of mimetype ``multipart/related;type=image/tiff`` announces."""
    folder, template = of_uri(resource["uri"]), resource["parameters"]["template"]
    frames = shape[0] if len(shape) > _FRAME_NDIM else 1
    return TiffRows(lambda number: folder / template.format(number), shape, frames)


def area_detector(resource: Mapping[str, Any], shape: Sequence[int]) -> TiffRows:
    """The rows that a resource of spec ``AD_TIFF`` announces."""
    folder, kwargs = of_resource(resource), resource["resource_kwargs"]
    template, name = kwargs["template"], kwargs["filename"]
    return TiffRows(
        lambda number: Path(template % (f"{folder}/", name, number)),
        shape,
        kwargs.get("frame_per_point", 1),
    )
