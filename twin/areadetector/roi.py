"""ROIPlugin: a part of each frame."""

import numpy as np

from beamtwin.twin.areadetector.frame import Frame
from beamtwin.twin.areadetector.plugin import Network, Plugin
from beamtwin.twin.areadetector.region import Axis, cast, cut
from beamtwin.twin.areadetector.templates.region import ROI
from beamtwin.twin.database import Database

__all__ = ["ROIPlugin", "output_dtype"]


class ROIPlugin(Plugin):
    """NDROI.template: cuts out, bins, reverses, scales.

    What is asked for beyond the frame is cut back, and remembered for larger ones.
    """

    plugin_type = "NDPluginROI"

    def __init__(self, network: Network, database: Database, prefix: str, name: str, source: str):
        super().__init__(network, database, prefix, name, source, ROI)

    def handle(self, frame: Frame) -> Frame:
        """Cut the region out."""
        port = self.port
        rows, columns = frame.data.shape
        data = cut(frame.data, self._axis("X", columns), self._axis("Y", rows))
        dtype = output_dtype(port.choice("DataTypeOut"), data.dtype)
        scale = port["Scale"]
        if port["EnableScale"] and scale not in (0, 1):
            data = data / scale
        output = frame._replace(data=cast(data, dtype))
        port.set_output(output.data.shape, output.data.nbytes)
        port.count()
        return output

    def _axis(self, name: str, available: int) -> Axis:
        port = self.port
        port[f"MaxSize{name}"] = port[f"Max{name}"] = available
        if not port[f"Enable{name}"]:
            return Axis(0, available)
        size = available if port[f"AutoSize{name}"] else port.asked(f"Size{name}")
        asked = Axis(
            port.asked(f"Min{name}"), size, port[f"Bin{name}"], bool(port[f"Reverse{name}"])
        )
        axis = asked.within(available)
        port[f"Min{name}"], port[f"Size{name}"] = axis.first, axis.size
        port[f"Bin{name}"] = axis.binning
        return axis


def output_dtype(state: str, dtype: np.dtype) -> np.dtype:
    """The type that a DataTypeOut stands for; ``dtype`` for Automatic."""
    return dtype if state == "Automatic" else np.dtype(state.lower())
