"""Window: the part of a camera's frames that is read out."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from beamtwin.twin.areadetector.port import Port
from beamtwin.twin.areadetector.region import Axis, cut

__all__ = ["Window"]

SETTINGS = [f"{name}{axis}" for name in ("Min", "Size", "Bin", "Reverse") for axis in "XY"]


class Window:
    """What MinX, SizeX, BinX, ReverseX and those of Y say; it is always one that there is.

    Parameters
    ----------
    port : Port
        The driver's.
    shape : (int, int)
        Rows and columns of the whole.
    itemsize : callable
        Bytes of a pixel, as they are now.
    """

    def __init__(self, port: Port, shape: tuple[int, int], itemsize: Callable[[], int]):
        self._port = port
        self._shape = shape
        self._itemsize = itemsize
        for parameter in SETTINGS:
            port.on_put(parameter, self._settle)
        self._settle(None)

    def read_out(self, image: np.ndarray) -> np.ndarray:
        """The part of an image, binned and mirrored; read-only, and where it is all of it, no copy."""
        if image.shape != self._shape:
            raise ValueError(f"its shape is {image.shape}, not {self._shape}")
        data = image.view()
        data.flags.writeable = False
        return cut(data, self._axis("X"), self._axis("Y"))

    def _settle(self, _: Any) -> None:
        """Cut what was asked for back to what there is."""
        port = self._port
        sizes = []
        for name, available in zip("YX", self._shape, strict=True):
            axis = self._axis(name).within(available)
            whole_bins = axis.size // axis.binning
            port[f"Min{name}"], port[f"Bin{name}"] = axis.first, axis.binning
            port[f"Size{name}"] = whole_bins * axis.binning
            sizes.append(whole_bins)
        port.set_output((sizes[0], sizes[1]), math.prod(sizes) * self._itemsize())

    def _axis(self, name: str) -> Axis:
        first, size, binning, reverse = (
            self._port[f"{what}{name}"] for what in ("Min", "Size", "Bin", "Reverse")
        )
        return Axis(first, size, binning, bool(reverse))
