"""A camera on a bench, and a client that reads and writes its PVs."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import numpy as np
import pytest

from beamtwin.hardware.channel import SEVERITIES
from beamtwin.orchestration.status import Status
from beamtwin.twin.areadetector import Camera
from beamtwin.twin.areadetector.frame import FrameSource
from beamtwin.twin.clock import SimClock
from beamtwin.twin.database import Database

PREFIX = "XF:11IDB-ES{Det:Eig4M}"
SHAPE = (6, 8)


def done(value: Any) -> "Future[Any]":
    future: Future[Any] = Future()
    future.set_result(value)
    return future


class Numbers:
    """Frames that are numbered, from 1."""

    dtype: Any = np.dtype("<u2")

    def __init__(self, shape: tuple[int, int] = SHAPE):
        self.shape = shape
        self.exposures: list[float] = []
        self.failure: Exception | None = None
        self.image: Any = None

    def expose(self, duration_s: float) -> "Future[Any]":
        self.exposures.append(duration_s)
        if self.failure is not None:
            future: Future[Any] = Future()
            future.set_exception(self.failure)
            return future
        number = np.full(self.shape, len(self.exposures), self.dtype)
        return done(number if self.image is None else self.image)


class Bench:
    """A camera, and a client of its PVs, which are given without the prefix."""

    def __init__(self, clock: SimClock, frames: FrameSource, **options: Any):
        self.clock = clock
        self.database = Database(clock)
        self.frames = frames
        self.camera = Camera(self.database, PREFIX, frames, **options)

    def channel(self, pv: str) -> Any:
        return self.database.channel(PREFIX + pv)

    def get(self, pv: str) -> Any:
        value = self.channel(pv).get().value
        if isinstance(value, np.ndarray) and value.dtype == np.uint8 and "Array" not in pv:
            return value.tobytes().split(b"\0")[0].decode()
        return value

    def choice(self, pv: str) -> str:
        return self.channel(pv).metadata.choices[self.get(pv)]

    def severity(self, pv: str) -> str:
        return SEVERITIES[self.channel(pv).get().severity]

    def put(self, **values: Any) -> Status:
        """Write without waiting: ``cam1_AcquireTime=1.0``."""
        for pv, value in values.items():
            status = self.channel(pv.replace("_", ":", 1)).put(value)
        return status

    def send(self, **values: Any) -> None:
        """Write and ask for no completion: what would wait behind the very thing that it is to end."""
        for pv, value in values.items():
            self.channel(pv.replace("_", ":", 1)).put(value, completion=False)

    def heard(self, *pvs: str) -> list[tuple[str, Any]]:
        """What monitors of these PVs hear from now on."""
        news: list[tuple[str, Any]] = []
        for pv in pvs:
            self.channel(pv).subscribe(lambda reading, pv=pv: news.append((pv, reading.value)))
        news.clear()
        return news

    def enable(self, *plugins: str) -> None:
        for plugin in plugins:
            self.put(**{f"{plugin}_EnableCallbacks": "Enable"})

    def acquire(self) -> None:
        self.put(cam1_Acquire=1).wait()

    def stream_to(self, folder: Any, plugin: str = "HDF1", **values: Any) -> Status:
        """Begin to stream every frame into the folder."""
        settings = {
            "EnableCallbacks": 1,
            "NumCapture": 0,
            "LazyOpen": 1,
            "FilePath": str(folder),
            "FileName": "scan",
            "FileWriteMode": "Stream",
        }
        self.put(**{f"{plugin}_{name}": value for name, value in (settings | values).items()})
        return self.put(**{f"{plugin}_Capture": 1})


@pytest.fixture
def frames() -> Numbers:
    return Numbers()


@pytest.fixture
def bench(clock: SimClock, frames: Numbers) -> Bench:
    bench = Bench(clock, frames)
    bench.put(cam1_ImageMode="Single", cam1_AcquireTime=0.5)
    return bench


@pytest.fixture
def make_bench(clock: SimClock) -> Callable[..., Bench]:
    """``make_bench(frames, **options)``: another camera."""
    return lambda frames=None, **options: Bench(clock, frames or Numbers(), **options)


@pytest.fixture
def numbers() -> type[Numbers]:
    """The class of the frames."""
    return Numbers
