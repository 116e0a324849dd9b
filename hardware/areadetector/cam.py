"""Cam: what takes the frames (ADCore's ADBase.template)."""

from beamtwin.hardware.device import Device, pv
from beamtwin.hardware.signals import Kind, SignalR, SignalRW
from beamtwin.orchestration.errors import AcquisitionError

__all__ = ["Cam"]

#: areaDetector's names of pixel types, as numpy has them.
DTYPES = {
    "Int8": "|i1",
    "UInt8": "|u1",
    "Int16": "<i2",
    "UInt16": "<u2",
    "Int32": "<i4",
    "UInt32": "<u4",
    "Int64": "<i8",
    "UInt64": "<u8",
    "Float32": "<f4",
    "Float64": "<f8",
}


class Cam(Device):
    """An areaDetector driver."""

    manufacturer: SignalR[str] = pv("Manufacturer_RBV", kind=Kind.config)
    model: SignalR[str] = pv("Model_RBV", kind=Kind.config)

    acquire_time: SignalRW[float] = pv("AcquireTime", rbv=True, kind=Kind.config)
    acquire_period: SignalRW[float] = pv("AcquirePeriod", rbv=True, kind=Kind.config)
    num_images: SignalRW[int] = pv("NumImages", rbv=True, kind=Kind.config)
    image_mode: SignalRW[str] = pv("ImageMode", rbv=True, kind=Kind.config)
    trigger_mode: SignalRW[str] = pv("TriggerMode", rbv=True, kind=Kind.config)
    data_type: SignalRW[str] = pv("DataType", rbv=True, kind=Kind.config)
    min_x: SignalRW[int] = pv("MinX", rbv=True, kind=Kind.config)
    min_y: SignalRW[int] = pv("MinY", rbv=True, kind=Kind.config)
    size_x: SignalRW[int] = pv("SizeX", rbv=True, kind=Kind.config)
    size_y: SignalRW[int] = pv("SizeY", rbv=True, kind=Kind.config)
    bin_x: SignalRW[int] = pv("BinX", rbv=True, kind=Kind.config)
    bin_y: SignalRW[int] = pv("BinY", rbv=True, kind=Kind.config)

    acquire: SignalRW[bool] = pv("Acquire", rbv=True, kind=Kind.omitted)
    array_callbacks: SignalRW[bool] = pv("ArrayCallbacks", rbv=True, kind=Kind.omitted)
    array_counter: SignalRW[int] = pv("ArrayCounter", rbv=True, kind=Kind.omitted)
    wait_for_plugins: SignalRW[bool] = pv("WaitForPlugins", kind=Kind.omitted)
    max_size_x: SignalR[int] = pv("MaxSizeX_RBV", kind=Kind.omitted)
    max_size_y: SignalR[int] = pv("MaxSizeY_RBV", kind=Kind.omitted)
    array_size_x: SignalR[int] = pv("ArraySizeX_RBV", kind=Kind.omitted)
    array_size_y: SignalR[int] = pv("ArraySizeY_RBV", kind=Kind.omitted)
    detector_state: SignalR[str] = pv("DetectorState_RBV", kind=Kind.omitted)
    status_message: SignalR[str] = pv("StatusMessage_RBV", kind=Kind.omitted)

    @property
    def frame_shape(self) -> tuple[int, int]:
        """Rows and columns of a frame: of the last one, or as set where there has been none."""
        rows = self.array_size_y.get() or self.size_y.get() // self.bin_y.get()
        columns = self.array_size_x.get() or self.size_x.get() // self.bin_x.get()
        return rows, columns

    @property
    def frame_dtype(self) -> str:
        """The type of a pixel, as numpy names it."""
        return DTYPES[self.data_type.get()]

    def exposure(self, frames: int) -> float:
        """Seconds that ``frames`` frames take."""
        return frames * max(self.acquire_time.get(), self.acquire_period.get())

    def check_state(self) -> None:
        """Raise `AcquisitionError` where the driver says that something went wrong."""
        if self.detector_state.get() == "Error":
            message = self.status_message.get() or "no reason given"
            raise AcquisitionError(
                f"{self.name}: in error: {message} ({self.prefix}StatusMessage_RBV)"
            )
