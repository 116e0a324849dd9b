"""Cams: what takes the frames (ADCore's ADBase.template, and what drivers add to it)."""

from collections.abc import Mapping
from typing import Any, ClassVar

from beamtwin.hardware.device import Device, pv
from beamtwin.hardware.signals import Kind, SignalR, SignalRW, SignalW
from beamtwin.orchestration.errors import AcquisitionError

__all__ = ["Cam", "EigerCam", "ProsilicaCam", "SimCam"]

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

#: States of the driver after an acquisition that did not come to its end, in words.
_BAD_ENDS = {"Error": "in error", "Aborted": "aborted", "Disconnected": "disconnected"}


class Cam(Device):
    """An areaDetector driver.

    Attributes
    ----------
    trigger_modes : mapping
        The driver's words for ``"internal"`` and ``"edge"`` triggers; without them TriggerMode is left as it is.
    """

    trigger_modes: ClassVar[Mapping[str, str]] = {}

    manufacturer: SignalR[str] = pv("Manufacturer_RBV", kind=Kind.config)
    model: SignalR[str] = pv("Model_RBV", kind=Kind.config)
    serial_number: SignalR[str] = pv("SerialNumber_RBV", kind=Kind.omitted)
    port_name: SignalR[str] = pv("PortName_RBV", kind=Kind.omitted)

    acquire_time: SignalRW[float] = pv("AcquireTime", rbv=True, kind=Kind.config)
    acquire_period: SignalRW[float] = pv("AcquirePeriod", rbv=True, kind=Kind.config)
    num_exposures: SignalRW[int] = pv("NumExposures", rbv=True, kind=Kind.config)
    num_images: SignalRW[int] = pv("NumImages", rbv=True, kind=Kind.config)
    image_mode: SignalRW[str] = pv("ImageMode", rbv=True, kind=Kind.config)
    trigger_mode: SignalRW[str] = pv("TriggerMode", rbv=True, kind=Kind.config)
    data_type: SignalRW[str] = pv("DataType", rbv=True, kind=Kind.config)
    color_mode: SignalRW[str] = pv("ColorMode", rbv=True, kind=Kind.omitted)
    gain: SignalRW[float] = pv("Gain", rbv=True, kind=Kind.config)
    min_x: SignalRW[int] = pv("MinX", rbv=True, kind=Kind.config)
    min_y: SignalRW[int] = pv("MinY", rbv=True, kind=Kind.config)
    size_x: SignalRW[int] = pv("SizeX", rbv=True, kind=Kind.config)
    size_y: SignalRW[int] = pv("SizeY", rbv=True, kind=Kind.config)
    bin_x: SignalRW[int] = pv("BinX", rbv=True, kind=Kind.config)
    bin_y: SignalRW[int] = pv("BinY", rbv=True, kind=Kind.config)
    reverse_x: SignalRW[bool] = pv("ReverseX", rbv=True, kind=Kind.config)
    reverse_y: SignalRW[bool] = pv("ReverseY", rbv=True, kind=Kind.config)
    shutter_mode: SignalRW[str] = pv("ShutterMode", rbv=True, kind=Kind.config)
    shutter_control: SignalRW[str] = pv("ShutterControl", rbv=True, kind=Kind.omitted)
    temperature: SignalRW[float] = pv("Temperature", rbv=True, kind=Kind.omitted)
    temperature_actual: SignalR[float] = pv("TemperatureActual", kind=Kind.config)

    acquire: SignalRW[bool] = pv("Acquire", rbv=True, kind=Kind.omitted)
    acquire_busy: SignalR[bool] = pv("AcquireBusy", kind=Kind.omitted)
    array_callbacks: SignalRW[bool] = pv("ArrayCallbacks", rbv=True, kind=Kind.omitted)
    array_counter: SignalRW[int] = pv("ArrayCounter", rbv=True, kind=Kind.omitted)
    array_rate: SignalR[float] = pv("ArrayRate_RBV", kind=Kind.omitted)
    num_images_counter: SignalR[int] = pv("NumImagesCounter_RBV", kind=Kind.omitted)
    wait_for_plugins: SignalRW[bool] = pv("WaitForPlugins", kind=Kind.omitted)
    max_size_x: SignalR[int] = pv("MaxSizeX_RBV", kind=Kind.omitted)
    max_size_y: SignalR[int] = pv("MaxSizeY_RBV", kind=Kind.omitted)
    array_size_x: SignalR[int] = pv("ArraySizeX_RBV", kind=Kind.omitted)
    array_size_y: SignalR[int] = pv("ArraySizeY_RBV", kind=Kind.omitted)
    time_remaining: SignalR[float] = pv("TimeRemaining_RBV", kind=Kind.omitted)
    detector_state: SignalR[str] = pv("DetectorState_RBV", kind=Kind.omitted)
    status_message: SignalR[str] = pv("StatusMessage_RBV", kind=Kind.omitted)

    def settings_for(self, images: int, trigger: str = "internal") -> dict[SignalRW[Any], Any]:
        """What makes an acquisition take so many images, at ``"internal"`` or ``"edge"`` triggers.

        Raises
        ------
        AcquisitionError
            Where the driver has no word for such a trigger.
        """
        settings: dict[SignalRW[Any], Any] = {
            self.image_mode: "Multiple",
            self.num_images: images,
        }
        return settings | self.trigger_settings(trigger)

    def trigger_settings(self, trigger: str) -> dict[SignalRW[Any], Any]:
        """What makes the driver await such triggers."""
        if trigger in self.trigger_modes:
            return {self.trigger_mode: self.trigger_modes[trigger]}
        if trigger == "internal":
            return {}
        raise AcquisitionError(
            f"{self.name}: no word is known for {trigger!r} triggers: set {self.prefix}TriggerMode yourself, or use the"
            " class of this driver (SimDetector, ProsilicaDetector, EigerDetector)"
        )

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

    def exposure(self, images: int) -> float:
        """Seconds that so many images take."""
        one = self.acquire_time.get() * max(1, self.num_exposures.get())
        return images * max(one, self.acquire_period.get())

    def check_state(self) -> None:
        """Raise `AcquisitionError` where the driver says that it did not come to its end."""
        ended = _BAD_ENDS.get(self.detector_state.get())
        if ended:
            message = self.status_message.get() or "no reason given"
            raise AcquisitionError(
                f"{self.name}: {ended}: {message} ({self.prefix}StatusMessage_RBV)"
            )

    def describe_state(self) -> str:
        """What the driver says it is doing, for messages."""
        said = self.status_message.get()
        state = f"{self.prefix}DetectorState_RBV is {self.detector_state.get()}"
        return f"{state}: {said!r}" if said else state


class SimCam(Cam):
    """ADSimDetector."""

    trigger_modes: ClassVar[Mapping[str, str]] = {"internal": "Internal", "edge": "External"}

    sim_mode: SignalRW[str] = pv("SimMode", rbv=True, kind=Kind.config)
    gain_x: SignalRW[float] = pv("GainX", rbv=True, kind=Kind.omitted)
    gain_y: SignalRW[float] = pv("GainY", rbv=True, kind=Kind.omitted)
    offset: SignalRW[float] = pv("Offset", rbv=True, kind=Kind.omitted)
    noise: SignalRW[float] = pv("Noise", rbv=True, kind=Kind.omitted)
    reset: SignalRW[int] = pv("Reset", rbv=True, kind=Kind.omitted)
    peak_start_x: SignalRW[int] = pv("PeakStartX", rbv=True, kind=Kind.omitted)
    peak_start_y: SignalRW[int] = pv("PeakStartY", rbv=True, kind=Kind.omitted)
    peak_width_x: SignalRW[int] = pv("PeakWidthX", rbv=True, kind=Kind.omitted)
    peak_width_y: SignalRW[int] = pv("PeakWidthY", rbv=True, kind=Kind.omitted)
    peak_num_x: SignalRW[int] = pv("PeakNumX", rbv=True, kind=Kind.omitted)
    peak_num_y: SignalRW[int] = pv("PeakNumY", rbv=True, kind=Kind.omitted)
    peak_step_x: SignalRW[int] = pv("PeakStepX", rbv=True, kind=Kind.omitted)
    peak_step_y: SignalRW[int] = pv("PeakStepY", rbv=True, kind=Kind.omitted)
    peak_variation: SignalRW[float] = pv("PeakVariation", rbv=True, kind=Kind.omitted)


class ProsilicaCam(Cam):
    """ADProsilica."""

    trigger_modes: ClassVar[Mapping[str, str]] = {"internal": "Fixed Rate", "edge": "Sync In 1"}

    trigger_software: SignalW[bool] = pv("TriggerSoftware", kind=Kind.omitted)
    trigger_event: SignalRW[str] = pv("TriggerEvent", rbv=True, kind=Kind.omitted)
    trigger_delay: SignalRW[float] = pv("TriggerDelay", rbv=True, kind=Kind.omitted)
    frames_completed: SignalR[int] = pv("PSFramesCompleted_RBV", kind=Kind.omitted)
    frames_dropped: SignalR[int] = pv("PSFramesDropped_RBV", kind=Kind.omitted)


class EigerCam(Cam):
    """ADEiger: an acquisition is NumTriggers series of NumImages."""

    trigger_modes: ClassVar[Mapping[str, str]] = {
        "internal": "Internal Series",
        "edge": "External Enable",
    }

    num_triggers: SignalRW[int] = pv("NumTriggers", rbv=True, kind=Kind.config)
    manual_trigger: SignalRW[bool] = pv("ManualTrigger", rbv=True, kind=Kind.config)
    special_trigger_button: SignalRW[float] = pv("Trigger", kind=Kind.omitted)
    beam_center_x: SignalRW[float] = pv("BeamX", rbv=True, kind=Kind.config)
    beam_center_y: SignalRW[float] = pv("BeamY", rbv=True, kind=Kind.config)
    wavelength: SignalRW[float] = pv("Wavelength", rbv=True, kind=Kind.config)
    det_distance: SignalRW[float] = pv("DetDist", rbv=True, kind=Kind.config)
    photon_energy: SignalRW[float] = pv("PhotonEnergy", rbv=True, kind=Kind.config)
    threshold_energy: SignalRW[float] = pv("ThresholdEnergy", rbv=True, kind=Kind.config)
    bit_depth: SignalR[int] = pv("BitDepthImage_RBV", kind=Kind.config)
    sequence_id: SignalR[int] = pv("SequenceId", kind=Kind.omitted)
    armed: SignalR[bool] = pv("Armed", kind=Kind.omitted)
    data_source: SignalRW[str] = pv("DataSource", rbv=True, kind=Kind.config)
    stream_enable: SignalRW[bool] = pv("StreamEnable", rbv=True, kind=Kind.omitted)
    save_files: SignalRW[bool] = pv("SaveFiles", rbv=True, kind=Kind.omitted)
    fw_enable: SignalRW[bool] = pv("FWEnable", rbv=True, kind=Kind.omitted)
    fw_compression: SignalRW[bool] = pv("FWCompression", rbv=True, kind=Kind.omitted)
    fw_name_pattern: SignalRW[str] = pv("FWNamePattern", rbv=True, kind=Kind.omitted)
    fw_num_images_per_file: SignalRW[int] = pv("FWNImagesPerFile", rbv=True, kind=Kind.omitted)
    file_path: SignalRW[str] = pv("FilePath", rbv=True, kind=Kind.omitted)

    def settings_for(self, images: int, trigger: str = "internal") -> dict[SignalRW[Any], Any]:
        """At internal triggers one series; at edges an image each."""
        series = (images, 1) if trigger == "internal" else (1, images)
        return self.trigger_settings(trigger) | {
            self.manual_trigger: False,
            self.num_images: series[0],
            self.num_triggers: series[1],
        }
