"""Frames in TIFF files."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from beamtwin.databroker.assets.paths import inside
from beamtwin.databroker.assets.series import SeriesRows, formatted
from beamtwin.databroker.errors import AssetError

if TYPE_CHECKING:
    import numpy as np

__all__ = ["area_detector", "stream_resource"]

#: areaDetector's: path, name, number.
_TEMPLATE = re.compile(r"%s[^%]*%s[^%]*%\d{0,2}(\.\d{1,2})?d[^%]*")


class _Tiff:
    """See `FrameFile`."""

    def head(self, path: Path) -> tuple[tuple[int, ...], "np.dtype[Any]"]:
        return self._opened(path, lambda file: (file.series[0].shape, file.series[0].dtype))

    def load(self, path: Path) -> "np.ndarray":
        return self._opened(path, lambda file: file.asarray())

    def _opened(self, path: Path, action: Any) -> Any:
        import tifffile

        try:
            with tifffile.TiffFile(path) as file:
                return action(file)
        except tifffile.TiffFileError:  # which quotes the file
            raise AssetError(f"{path} cannot be read as TIFF: it is none, or damaged") from None
        except (OSError, ValueError, IndexError) as error:
            raise AssetError(f"{path} cannot be read as TIFF: {error}") from error


def stream_resource(path: Path, parameters: Mapping[str, Any], shape: Sequence[int]) -> SeriesRows:
    """The rows that a stream_resource of mimetype ``multipart/related;type=image/tiff`` announces."""
    return SeriesRows(_Tiff(), formatted(path, parameters), shape)


def area_detector(path: Path, parameters: Mapping[str, Any], shape: Sequence[int]) -> SeriesRows:
    """The rows that a resource of spec ``AD_TIFF`` announces."""
    template, name = parameters["template"], parameters["filename"]
    if not _TEMPLATE.fullmatch(template):
        raise AssetError(
            f"template {template!r} is not of path, name and number, as in '%s%s_%6.6d.tiff'"
        )

    def of_number(number: int) -> Path:
        return Path(inside(PurePosixPath(path), template % (f"{path}/", name, number)))

    return SeriesRows(_Tiff(), of_number, shape, parameters.get("frame_per_point", 1))
