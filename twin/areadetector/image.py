"""ImagePlugin: frames as a waveform."""

from typing import Any

import numpy as np

from beamtwin.twin.areadetector.frame import Frame
from beamtwin.twin.areadetector.plugin import Network, Plugin
from beamtwin.twin.areadetector.templates import analysis
from beamtwin.twin.database import Database

__all__ = ["ImagePlugin"]

#: The waveform's type for pixels that Channel Access has none for: nothing unsigned is wider than a byte there, and
#: nothing of 64 bits is whole. (Files keep the detector's own.)
WAVEFORM = {"<u2": "<i4", "<u4": "<i4", "<i8": "<f8", "<u8": "<f8"}


class ImagePlugin(Plugin):
    """NDStdArrays.template.

    Parameters
    ----------
    dtype, pixels
        Of frames, at the most.
    """

    plugin_type = "NDPluginStdArrays"

    def __init__(
        self,
        network: Network,
        database: Database,
        prefix: str,
        name: str,
        source: str,
        *,
        dtype: Any,
        pixels: int,
    ):
        kind = np.dtype(dtype).str
        self._dtype = np.dtype(WAVEFORM.get(kind, kind))
        table = analysis.image(self._dtype.str, pixels)
        super().__init__(network, database, prefix, name, source, table)

    def handle(self, frame: Frame) -> Frame:
        """Serve the frame's pixels, row by row."""
        self.port.post_array("ArrayData", lambda: self._waveform(frame.data))
        self.port.count()
        return frame

    def _waveform(self, data: np.ndarray) -> np.ndarray:
        both_whole = data.dtype.kind in "iu" and self._dtype.kind in "iu"
        if both_whole and data.dtype.itemsize == self._dtype.itemsize:
            return data.view(self._dtype).reshape(-1)
        return data.astype(self._dtype).reshape(-1)
