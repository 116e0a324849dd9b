"""Plugins: what is done with each frame (ADCore's NDPluginBase.template and those built upon it)."""

from typing import Any

import numpy as np

from beamtwin.hardware.device import Device, pv
from beamtwin.hardware.signals import Kind, SignalR, SignalRW
from beamtwin.orchestration.errors import AcquisitionError

__all__ = [
    "CircularBufferPlugin",
    "ImagePlugin",
    "Plugin",
    "ProcessPlugin",
    "ROIPlugin",
    "StatsPlugin",
    "TransformPlugin",
]


class Plugin(Device):
    """What all plugins have."""

    port_name: SignalR[str] = pv("PortName_RBV", kind=Kind.omitted)
    nd_array_port: SignalRW[str] = pv("NDArrayPort", rbv=True, kind=Kind.config)
    enable: SignalRW[bool] = pv("EnableCallbacks", rbv=True, kind=Kind.omitted)
    array_callbacks: SignalRW[bool] = pv("ArrayCallbacks", rbv=True, kind=Kind.omitted)
    blocking_callbacks: SignalRW[bool] = pv("BlockingCallbacks", rbv=True, kind=Kind.omitted)
    min_callback_time: SignalRW[float] = pv("MinCallbackTime", rbv=True, kind=Kind.omitted)
    array_counter: SignalRW[int] = pv("ArrayCounter", rbv=True, kind=Kind.omitted)
    dropped_arrays: SignalRW[int] = pv("DroppedArrays", rbv=True, kind=Kind.omitted)
    queue_size: SignalRW[int] = pv("QueueSize", rbv=True, kind=Kind.omitted)
    array_size0: SignalR[int] = pv("ArraySize0_RBV", kind=Kind.omitted)
    array_size1: SignalR[int] = pv("ArraySize1_RBV", kind=Kind.omitted)
    data_type: SignalR[str] = pv("DataType_RBV", kind=Kind.omitted)
    unique_id: SignalR[int] = pv("UniqueId_RBV", kind=Kind.omitted)

    def settings_in_use(self) -> dict[SignalRW[Any], Any]:
        """What it needs to be of use."""
        return {self.enable: True}

    @property
    def seen_shape(self) -> tuple[int, int]:
        """Rows and columns of the last frame that it got; zeros where there has been none."""
        return self.array_size1.get(), self.array_size0.get()

    def check_dropped(self) -> None:
        """Raise `AcquisitionError` where frames did not get through."""
        dropped = self.dropped_arrays.get()
        if dropped:
            raise AcquisitionError(
                f"{self.name}: {dropped} frames were dropped ({self.prefix}DroppedArrays_RBV): they come faster than it"
                f" works, and its queue of {self.queue_size.get()} is full; make queue_size or the camera's"
                " acquire_period longer, or set blocking_callbacks"
            )


class ImagePlugin(Plugin):
    """The latest frame as a PV."""

    array_data: SignalR[np.ndarray] = pv("ArrayData", kind=Kind.omitted)

    def image(self) -> np.ndarray:
        """The latest frame: (rows, columns), counts."""
        rows, columns = self.seen_shape
        return self.array_data.get()[: rows * columns].reshape(rows, columns)


class StatsPlugin(Plugin):
    """Statistics of each frame; positions in pixels from its corner."""

    compute_statistics: SignalRW[bool] = pv("ComputeStatistics", rbv=True, kind=Kind.omitted)
    compute_centroid: SignalRW[bool] = pv("ComputeCentroid", rbv=True, kind=Kind.omitted)
    compute_profiles: SignalRW[bool] = pv("ComputeProfiles", rbv=True, kind=Kind.omitted)
    compute_histogram: SignalRW[bool] = pv("ComputeHistogram", rbv=True, kind=Kind.omitted)
    bgd_width: SignalRW[int] = pv("BgdWidth", rbv=True, kind=Kind.config)
    centroid_threshold: SignalRW[float] = pv("CentroidThreshold", rbv=True, kind=Kind.config)

    total: SignalR[float] = pv("Total_RBV", kind=Kind.hinted)
    net: SignalR[float] = pv("Net_RBV", kind=Kind.omitted)
    centroid_x: SignalR[float] = pv("CentroidX_RBV", kind=Kind.hinted)
    centroid_y: SignalR[float] = pv("CentroidY_RBV", kind=Kind.hinted)
    sigma_x: SignalR[float] = pv("SigmaX_RBV")
    sigma_y: SignalR[float] = pv("SigmaY_RBV")
    sigma_xy: SignalR[float] = pv("SigmaXY_RBV", kind=Kind.omitted)
    min_value: SignalR[float] = pv("MinValue_RBV")
    max_value: SignalR[float] = pv("MaxValue_RBV")
    max_x: SignalR[float] = pv("MaxX_RBV", kind=Kind.omitted)
    max_y: SignalR[float] = pv("MaxY_RBV", kind=Kind.omitted)
    mean_value: SignalR[float] = pv("MeanValue_RBV")
    sigma: SignalR[float] = pv("Sigma_RBV", kind=Kind.omitted)

    def settings_in_use(self) -> dict[SignalRW[Any], Any]:
        """What is read is computed: centroid and widths only where one of them is."""
        moments = (self.centroid_x, self.centroid_y, self.sigma_x, self.sigma_y, self.sigma_xy)
        return super().settings_in_use() | {
            self.compute_statistics: True,
            self.compute_centroid: any(signal.kind & Kind.normal for signal in moments),
        }


class ROIPlugin(Plugin):
    """A part of each frame."""

    min_x: SignalRW[int] = pv("MinX", rbv=True, kind=Kind.config)
    min_y: SignalRW[int] = pv("MinY", rbv=True, kind=Kind.config)
    size_x: SignalRW[int] = pv("SizeX", rbv=True, kind=Kind.config)
    size_y: SignalRW[int] = pv("SizeY", rbv=True, kind=Kind.config)
    bin_x: SignalRW[int] = pv("BinX", rbv=True, kind=Kind.config)
    bin_y: SignalRW[int] = pv("BinY", rbv=True, kind=Kind.config)
    reverse_x: SignalRW[bool] = pv("ReverseX", rbv=True, kind=Kind.omitted)
    reverse_y: SignalRW[bool] = pv("ReverseY", rbv=True, kind=Kind.omitted)
    enable_x: SignalRW[bool] = pv("EnableX", rbv=True, kind=Kind.omitted)
    enable_y: SignalRW[bool] = pv("EnableY", rbv=True, kind=Kind.omitted)
    auto_size_x: SignalRW[bool] = pv("AutoSizeX", rbv=True, kind=Kind.omitted)
    auto_size_y: SignalRW[bool] = pv("AutoSizeY", rbv=True, kind=Kind.omitted)
    enable_scale: SignalRW[bool] = pv("EnableScale", rbv=True, kind=Kind.omitted)
    scale: SignalRW[float] = pv("Scale", rbv=True, kind=Kind.omitted)
    data_type_out: SignalRW[str] = pv("DataTypeOut", rbv=True, kind=Kind.omitted)
    max_size_x: SignalR[int] = pv("MaxSizeX_RBV", kind=Kind.omitted)
    max_size_y: SignalR[int] = pv("MaxSizeY_RBV", kind=Kind.omitted)


class ProcessPlugin(Plugin):
    """Arithmetic on frames."""

    enable_background: SignalRW[bool] = pv("EnableBackground", rbv=True, kind=Kind.config)
    save_background: SignalRW[bool] = pv("SaveBackground", rbv=True, kind=Kind.omitted)
    valid_background: SignalR[bool] = pv("ValidBackground_RBV", kind=Kind.omitted)
    enable_flat_field: SignalRW[bool] = pv("EnableFlatField", rbv=True, kind=Kind.config)
    save_flat_field: SignalRW[bool] = pv("SaveFlatField", rbv=True, kind=Kind.omitted)
    enable_offset_scale: SignalRW[bool] = pv("EnableOffsetScale", rbv=True, kind=Kind.config)
    offset: SignalRW[float] = pv("Offset", rbv=True, kind=Kind.omitted)
    scale: SignalRW[float] = pv("Scale", rbv=True, kind=Kind.omitted)
    enable_filter: SignalRW[bool] = pv("EnableFilter", rbv=True, kind=Kind.config)
    num_filter: SignalRW[int] = pv("NumFilter", rbv=True, kind=Kind.config)
    num_filtered: SignalR[int] = pv("NumFiltered_RBV", kind=Kind.omitted)
    filter_callbacks: SignalRW[str] = pv("FilterCallbacks", rbv=True, kind=Kind.omitted)
    reset_filter: SignalRW[bool] = pv("ResetFilter", rbv=True, kind=Kind.omitted)
    auto_reset_filter: SignalRW[bool] = pv("AutoResetFilter", rbv=True, kind=Kind.omitted)
    data_type_out: SignalRW[str] = pv("DataTypeOut", rbv=True, kind=Kind.omitted)


class TransformPlugin(Plugin):
    """Frames turned and mirrored."""

    type_: SignalRW[str] = pv("Type", kind=Kind.config)


class CircularBufferPlugin(Plugin):
    """The frames around a trigger."""

    # As with files: to begin, and to end, nothing is waited for but the readback.
    capture: SignalRW[bool] = pv("Capture", rbv=True, kind=Kind.omitted, completion=False)
    trigger_: SignalRW[bool] = pv("Trigger", rbv=True, kind=Kind.omitted)
    pre_count: SignalRW[int] = pv("PreCount", rbv=True, kind=Kind.config)
    post_count: SignalRW[int] = pv("PostCount", rbv=True, kind=Kind.config)
    preset_trigger_count: SignalRW[int] = pv("PresetTriggerCount", rbv=True, kind=Kind.omitted)
    actual_trigger_count: SignalR[int] = pv("ActualTriggerCount_RBV", kind=Kind.omitted)
    flush_on_soft_trigger: SignalRW[str] = pv("FlushOnSoftTrg", rbv=True, kind=Kind.omitted)
    status_message: SignalR[str] = pv("StatusMessage", kind=Kind.omitted)
