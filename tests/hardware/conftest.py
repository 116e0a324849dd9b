"""Stand-ins for records, on a SoftTransport: what a device can see of them, and what can go wrong."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from beamtwin.hardware.channel import Metadata
from beamtwin.hardware.soft import SoftTransport
from beamtwin.orchestration.clock import Clock
from beamtwin.orchestration.status import Status, finished
from beamtwin.twin.areadetector import Camera, Pattern
from beamtwin.twin.clock import SimClock
from beamtwin.twin.database import Database


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


class SoftDetector:
    """A camera with its plugins, which takes ``AcquireTime`` seconds an image and writes no file."""

    def __init__(self, transport: SoftTransport, prefix: str):
        self.transport = transport
        self.clock: Clock = transport.clock
        self.prefix = prefix
        pvs = detector_pvs()
        for pv, value in pvs.items():
            transport.serve(prefix + pv, value)
            if pv + "_RBV" in pvs:
                transport.on_put(prefix + pv, lambda value, pv=pv: self.post(pv + "_RBV", value))
        transport.on_put(f"{prefix}cam1:Acquire", self._acquire)
        transport.on_put(f"{prefix}HDF1:FilePath", self._find_path)
        transport.on_put(f"{prefix}HDF1:Capture", self._capture)

    def post(self, pv: str, value: Any) -> None:
        self.transport.set(self.prefix + pv, value)

    def read(self, pv: str) -> Any:
        return self.transport.channel(self.prefix + pv).get().value

    def _find_path(self, path: Any) -> None:
        self.post("HDF1:FilePath_RBV", path)
        self.post("HDF1:FilePathExists_RBV", Path(path.tobytes().rstrip(b"\0").decode()).is_dir())

    def _capture(self, on: int) -> Status | None:
        self.post("HDF1:NumCaptured_RBV", 0)
        self.post("HDF1:Capture_RBV", on)
        return Status(self.clock) if on else None  # done when the last frame is in: nobody may wait

    def _acquire(self, on: int) -> Status | None:
        if not on:
            return None
        status = Status(self.clock)
        images = self.read("cam1:NumImages_RBV")

        def end() -> None:
            self.post("HDF1:NumCaptured_RBV", self.read("HDF1:NumCaptured_RBV") + images)
            self.post("Stats1:Total_RBV", 1234.0)
            status.set_finished()

        self.clock.call_at(self.clock.time() + images * self.read("cam1:AcquireTime_RBV"), end)
        return status


@cache
def detector_pvs() -> dict[str, tuple[Any, Metadata]]:
    """What the twin's camera serves at first."""
    database = Database(SimClock())
    Camera(database, "", Pattern((4, 6)), settings={"cam1": {"ImageMode": "Continuous"}})
    channels = map(database.channel, database.records)
    return {channel.name: (channel.get().value, channel.metadata) for channel in channels}


@pytest.fixture
def soft_detector(transport: SoftTransport) -> SoftDetector:
    """A detector's records below ``Det:``."""
    return SoftDetector(transport, "Det:")
