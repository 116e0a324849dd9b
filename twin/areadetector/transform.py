"""TransformPlugin: frames turned and mirrored."""

from collections.abc import Callable

import numpy as np

from beamtwin.twin.areadetector.frame import Frame
from beamtwin.twin.areadetector.plugin import Network, Plugin
from beamtwin.twin.areadetector.templates.region import COLOR_CONVERT, OVERLAY, TRANSFORM
from beamtwin.twin.database import Database

__all__ = ["ColorConvertPlugin", "OverlayPlugin", "TransformPlugin"]


def _turned(quarters: int, mirrored: bool) -> Callable[[np.ndarray], np.ndarray]:
    """Clockwise by so many quarters; then mirrored about the central column."""
    step = -1 if mirrored else 1
    return lambda data: np.rot90(data, -quarters)[:, ::step]


#: By Type: NDPluginTransform's.
TYPES = tuple(_turned(quarters, mirrored) for mirrored in (False, True) for quarters in range(4))


class TransformPlugin(Plugin):
    """NDTransform.template."""

    plugin_type = "NDPluginTransform"

    def __init__(self, network: Network, database: Database, prefix: str, name: str, source: str):
        super().__init__(network, database, prefix, name, source, TRANSFORM)

    def handle(self, frame: Frame) -> Frame:
        """Turn the frame."""
        kind = self.port["Type"]
        data = np.ascontiguousarray(TYPES[kind](frame.data)) if kind else frame.data
        self.port.set_output(data.shape, data.nbytes)
        self.port.count()
        return frame._replace(data=data) if kind else frame


class OverlayPlugin(Plugin):
    """NDOverlay.template; nothing is drawn."""

    plugin_type = "NDPluginOverlay"

    def __init__(self, network: Network, database: Database, prefix: str, name: str, source: str):
        super().__init__(network, database, prefix, name, source, OVERLAY)

    def handle(self, frame: Frame) -> Frame:
        """Pass the frame on."""
        self.port["MaxSizeY"], self.port["MaxSizeX"] = frame.data.shape
        self.port.count()
        return frame


class ColorConvertPlugin(Plugin):
    """NDColorConvert.template; the twin's frames are monochrome, and stay so."""

    plugin_type = "NDPluginColorConvert"

    def __init__(self, network: Network, database: Database, prefix: str, name: str, source: str):
        super().__init__(network, database, prefix, name, source, COLOR_CONVERT)

    def handle(self, frame: Frame) -> Frame:
        """Pass the frame on."""
        self.port.count()
        return frame
