"""Stand-ins for records, on a SoftTransport: what a device can see of them, and what can go wrong."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from beamtwin.hardware.channel import Metadata
from beamtwin.hardware.soft import SoftTransport
from beamtwin.orchestration.clock import Clock
from beamtwin.orchestration.status import Status, finished
from beamtwin.twin.clock import SimClock


@pytest.fixture
def transport(clock: SimClock) -> SoftTransport:
    """Without any PV yet."""
    return SoftTransport(clock)


class SoftMotor:
    """A motor record that moves at constant speed.

    Attributes
    ----------
    early : bool
        A fault: puts complete before the motor has moved.
    reach : float
        A fault: it gets no further.
    """

    def __init__(self, transport: SoftTransport, prefix: str, position: float, **fields: Any):
        self.transport = transport
        self.clock: Clock = transport.clock
        self.prefix = prefix
        self.early = False
        self.reach = float("inf")
        self._timer: Any = None
        self._path = (0.0, position, position)
        self._puts: list[Status] = []
        values = {
            "VELO": 1.0,
            "HLM": 10.0,
            "LLM": -10.0,
            "EGU": "mm",
            "VAL": position,
            "RBV": position,
        }
        for field, first in (FIELDS | values | fields).items():
            transport.serve(f"{prefix}.{field}", first)
        for field in ("VAL", "RBV", "HLM", "LLM", "VELO"):
            metadata = Metadata("<f8", units="mm", precision=3, limits=(-10.0, 10.0))
            transport.serve(f"{prefix}.{field}", ((values | fields)[field], metadata))
        transport.on_put(f"{prefix}.VAL", self._move)
        transport.on_put(f"{prefix}.STOP", lambda _: self._stop())

    def post(self, field: str, value: Any) -> None:
        self.transport.set(f"{self.prefix}.{field}", value)

    def read(self, field: str) -> Any:
        return self.transport.channel(f"{self.prefix}.{field}").get().value

    def _move(self, target: float) -> Status:
        if self.read("SET"):
            self.post("RBV", target)
            return finished(self.clock)
        if not self.read("LLM") <= target <= self.read("HLM"):
            self.post("LVIO", True)
            self.post("VAL", self.read("RBV"))
            return finished(self.clock)
        start, now = self.read("RBV"), self.clock.time()
        end = min(target, self.reach)
        self.post("DMOV", False)
        self._path = (now, start, end)
        self._timer = self.clock.call_at(now + abs(end - start) / self.read("VELO"), self._arrive)
        self._puts.append(Status(self.clock))
        return finished(self.clock) if self.early else self._puts[-1]

    def _arrive(self) -> None:
        self.post("RBV", self._path[2])
        self.post("DMOV", True)
        puts, self._puts = self._puts, []
        for put in puts:
            put.set_finished()

    def _stop(self) -> None:
        if self.read("DMOV"):
            return
        self._timer.cancel()
        began, start, end = self._path
        gone = (self.clock.time() - began) * self.read("VELO")
        here = start + (gone if end > start else -gone)
        self.post("VAL", here)
        self._path = (began, start, here)
        self._arrive()


FIELDS: dict[str, Any] = {
    **dict.fromkeys(("OFF", "VMAX", "BDST", "RDBD", "MSTA", "DHLM", "DLLM"), 0.0),
    **dict.fromkeys(("MOVN", "TDIR", "HLS", "LLS", "LVIO", "STOP", "HOMF", "HOMR"), 0),
    "ACCL": 0.5,
    "MRES": 1e-4,
    "PREC": 3,
    "DMOV": 1,
    "OUT": "@twin",
    "DIR": (0, Metadata("enum", choices=("Pos", "Neg"))),
    "FOFF": (0, Metadata("enum", choices=("Variable", "Frozen"))),
    "SET": (0, Metadata("enum", choices=("Use", "Set"))),
}


@pytest.fixture
def serve_motor(transport: SoftTransport) -> Callable[..., SoftMotor]:
    """``serve_motor(prefix, position, **fields)``: one more motor record."""

    def serve(prefix: str, position: float = 0.0, **fields: Any) -> SoftMotor:
        return SoftMotor(transport, prefix, position, **fields)

    return serve


def choices(*names: str, index: int = 0) -> tuple[int, Metadata]:
    return index, Metadata("enum", choices=names)


def text(content: str = "") -> tuple[Any, Metadata]:
    encoded = np.frombuffer(content.encode() + b"\0", "|u1")
    return encoded, Metadata("|u1", count=256, is_array=True)


class SoftDetector:
    """A camera with its plugins, which takes ``AcquireTime`` seconds an image and writes no file.

    Attributes
    ----------
    fault : str
        Why frames cannot be written; none: they can.
    lost : int
        A fault: this many frames never reach the file plugin.
    """

    def __init__(self, transport: SoftTransport, prefix: str):
        self.transport = transport
        self.clock: Clock = transport.clock
        self.prefix = prefix
        self.fault = ""
        self.lost = 0
        for pv, value in DETECTOR.items():
            transport.serve(prefix + pv, value)
        for pv in DETECTOR:
            if pv + "_RBV" in DETECTOR:
                transport.on_put(prefix + pv, lambda value, pv=pv: self.post(pv + "_RBV", value))
        transport.on_put(f"{prefix}cam1:Acquire", self._acquire)
        transport.on_put(f"{prefix}HDF1:FilePath", self._find_path)
        transport.on_put(f"{prefix}HDF1:Capture", self._capture)

    def post(self, pv: str, value: Any) -> None:
        self.transport.set(self.prefix + pv, value)

    def read(self, pv: str) -> Any:
        return self.transport.channel(self.prefix + pv).get().value

    def text(self, pv: str) -> str:
        return self.read(pv).tobytes().partition(b"\0")[0].decode()

    def say(self, pv: str, content: str) -> None:
        self.post(pv, text(content)[0])

    def _find_path(self, _: Any) -> None:
        path = self.text("HDF1:FilePath")
        self.say("HDF1:FilePath_RBV", path)
        self.post("HDF1:FilePathExists_RBV", Path(path).is_dir())

    def _capture(self, on: int) -> Status | None:
        if not on:
            self.post("HDF1:Capture_RBV", 0)
            return None
        if self.fault:
            self.say("HDF1:WriteMessage", self.fault)
            return None
        self.post("HDF1:NumCaptured_RBV", 0)
        self.post("HDF1:Capture_RBV", 1)
        return Status(self.clock)  # done when the last frame is in, which nobody may wait for

    def _acquire(self, on: int) -> Status | None:
        if not on:
            return None
        status = Status(self.clock)
        duration = self.read("cam1:AcquireTime_RBV") * self.read("cam1:NumImages_RBV")

        def end() -> None:
            self._write(self.read("cam1:NumImages_RBV") - self.lost)
            self.post("Stats1:Total_RBV", 1234.0)
            status.set_finished()

        self.clock.call_at(self.clock.time() + duration, end)
        return status

    def _write(self, frames: int) -> None:
        if not self.read("HDF1:Capture_RBV"):
            return
        if self.fault:
            self.post("HDF1:WriteStatus", 1)
            self.say("HDF1:WriteMessage", self.fault)
            return
        self.post("HDF1:NumCaptured_RBV", self.read("HDF1:NumCaptured_RBV") + frames)


def _both(name: str, value: Any) -> dict[str, Any]:
    return {name: value, name + "_RBV": value}


def _plugin(name: str) -> dict[str, Any]:
    return {
        **_both(f"{name}:NDArrayPort", "CAM"),
        **_both(f"{name}:EnableCallbacks", choices("Disable", "Enable")),
        **_both(f"{name}:ArrayCounter", 0),
        **_both(f"{name}:DroppedArrays", 0),
    }


TYPES = (
    "Int8",
    "UInt8",
    "Int16",
    "UInt16",
    "Int32",
    "UInt32",
    "Int64",
    "UInt64",
    "Float32",
    "Float64",
)

DETECTOR: dict[str, Any] = {
    "cam1:Manufacturer_RBV": "beamtwin",
    "cam1:Model_RBV": "soft",
    **_both("cam1:AcquireTime", (0.1, Metadata("<f8", units="s", precision=3))),
    **_both("cam1:AcquirePeriod", 0.1),
    **_both("cam1:NumImages", 5),
    **_both("cam1:ImageMode", choices("Single", "Multiple", "Continuous", index=2)),
    **_both("cam1:TriggerMode", choices("Internal", "External")),
    **_both("cam1:DataType", choices(*TYPES, index=3)),
    **_both("cam1:ColorMode", choices("Mono", "RGB1")),
    **_both("cam1:MinX", 0),
    **_both("cam1:MinY", 0),
    **_both("cam1:SizeX", 6),
    **_both("cam1:SizeY", 4),
    **_both("cam1:BinX", 1),
    **_both("cam1:BinY", 1),
    **_both("cam1:Acquire", choices("Done", "Acquire")),
    **_both("cam1:ArrayCallbacks", choices("Disable", "Enable")),
    **_both("cam1:ArrayCounter", 0),
    "cam1:WaitForPlugins": choices("No", "Yes"),
    "cam1:MaxSizeX_RBV": 6,
    "cam1:MaxSizeY_RBV": 4,
    "cam1:ArraySizeX_RBV": 0,
    "cam1:ArraySizeY_RBV": 0,
    "cam1:DetectorState_RBV": choices("Idle", "Acquire", "Error"),
    "cam1:StatusMessage_RBV": text(),
    **_plugin("image1"),
    "image1:ArrayData": (np.arange(24), Metadata("<u2", count=24, is_array=True)),
    "image1:ArraySize0_RBV": 6,
    "image1:ArraySize1_RBV": 4,
    "image1:UniqueId_RBV": 0,
    **_plugin("Stats1"),
    **_both("Stats1:ComputeStatistics", choices("No", "Yes")),
    **_both("Stats1:ComputeCentroid", choices("No", "Yes")),
    **_both("Stats1:CentroidThreshold", 0.0),
    **{
        f"Stats1:{name}_RBV": 0.0
        for name in ("Total", "CentroidX", "CentroidY", "SigmaX", "SigmaY", "MinValue", "MaxValue")
    },
    "Stats1:MeanValue_RBV": 0.0,
    **_plugin("HDF1"),
    **_both("HDF1:FilePath", text()),
    **_both("HDF1:FileName", text()),
    **_both("HDF1:FileTemplate", text()),
    "HDF1:FullFileName_RBV": text(),
    "HDF1:FilePathExists_RBV": choices("No", "Yes"),
    **_both("HDF1:FileWriteMode", choices("Single", "Capture", "Stream")),
    **_both("HDF1:Compression", choices("None", "zlib")),
    **_both("HDF1:LazyOpen", choices("No", "Yes")),
    **_both("HDF1:NumCapture", 1),
    "HDF1:NumCaptured_RBV": 0,
    **_both("HDF1:Capture", choices("Done", "Capture")),
    "HDF1:WriteStatus": choices("Write OK", "Write error"),
    "HDF1:WriteMessage": text(),
}


@pytest.fixture
def soft_detector(transport: SoftTransport) -> SoftDetector:
    """A detector's records below ``Det:``."""
    return SoftDetector(transport, "Det:")
