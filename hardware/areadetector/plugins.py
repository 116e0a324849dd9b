"""Plugins: what is done with each frame (ADCore's NDPluginBase.template, NDStats.template, NDStdArrays.template)."""

import numpy as np

from beamtwin.hardware.device import Device, pv
from beamtwin.hardware.signals import Kind, SignalR, SignalRW

__all__ = ["ImagePlugin", "Plugin", "StatsPlugin"]


class Plugin(Device):
    """What all plugins have."""

    array_port: SignalRW[str] = pv("NDArrayPort", rbv=True, kind=Kind.config)
    enable_callbacks: SignalRW[bool] = pv("EnableCallbacks", rbv=True, kind=Kind.omitted)
    array_counter: SignalRW[int] = pv("ArrayCounter", rbv=True, kind=Kind.omitted)
    dropped_arrays: SignalRW[int] = pv("DroppedArrays", rbv=True, kind=Kind.omitted)


class ImagePlugin(Plugin):
    """The latest frame as a PV."""

    array_data: SignalR[np.ndarray] = pv("ArrayData", kind=Kind.omitted)
    array_size0: SignalR[int] = pv("ArraySize0_RBV", kind=Kind.omitted)
    array_size1: SignalR[int] = pv("ArraySize1_RBV", kind=Kind.omitted)
    unique_id: SignalR[int] = pv("UniqueId_RBV", kind=Kind.omitted)

    def image(self) -> np.ndarray:
        """The latest frame: (rows, columns), counts."""
        rows, columns = self.array_size1.get(), self.array_size0.get()
        return self.array_data.get()[: rows * columns].reshape(rows, columns)


class StatsPlugin(Plugin):
    """Statistics of each frame; positions in pixels from its corner."""

    compute_statistics: SignalRW[bool] = pv("ComputeStatistics", rbv=True, kind=Kind.omitted)
    compute_centroid: SignalRW[bool] = pv("ComputeCentroid", rbv=True, kind=Kind.omitted)
    centroid_threshold: SignalRW[float] = pv("CentroidThreshold", rbv=True, kind=Kind.config)

    total: SignalR[float] = pv("Total_RBV", kind=Kind.hinted)
    centroid_x: SignalR[float] = pv("CentroidX_RBV", kind=Kind.hinted)
    centroid_y: SignalR[float] = pv("CentroidY_RBV", kind=Kind.hinted)
    sigma_x: SignalR[float] = pv("SigmaX_RBV")
    sigma_y: SignalR[float] = pv("SigmaY_RBV")
    min_value: SignalR[float] = pv("MinValue_RBV")
    max_value: SignalR[float] = pv("MaxValue_RBV")
    mean_value: SignalR[float] = pv("MeanValue_RBV")
