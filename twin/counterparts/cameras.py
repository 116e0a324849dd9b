"""Cameras' counterparts: areaDetector drivers with their plugins, which look at nothing but a background."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

import numpy as np

from beamtwin.hardware.areadetector import (
    AreaDetector,
    EigerDetector,
    ProsilicaDetector,
    SimDetector,
)
from beamtwin.hardware.device import Device
from beamtwin.orchestration.errors import DeclarationError
from beamtwin.twin.areadetector import (
    Camera,
    Driver,
    EigerDriver,
    Pattern,
    ProsilicaDriver,
    SimDriver,
)
from beamtwin.twin.counterparts.populate import EVERY_MOTOR, SEED, Builder
from beamtwin.twin.database import Database
from beamtwin.twin.noise import stream

__all__ = ["COUNTERPARTS", "DRIVERS", "Background", "build_camera"]

#: By the name in settings: a driver, and the type of its pixels.
DRIVERS: Mapping[str, tuple[Callable[..., Driver], str]] = {
    "camera": (Driver, "|u1"),
    "eiger": (EigerDriver, "<u4"),
    "prosilica": (ProsilicaDriver, "|u1"),
    "simulation": (SimDriver, "|u1"),
}

#: Rows and columns, where nothing is said.
SHAPE = (1024, 1280)


class Background:
    """A `FrameSource` of the same mean everywhere.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    dtype : str
        Of the pixels.
    rate_Hz : float
        Counts/s in each pixel.
    noise : numpy.random.Generator, optional
        Draws Poisson counts.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        dtype: str,
        rate_Hz: float = 0.0,
        noise: np.random.Generator | None = None,
    ):
        self.shape = shape
        self.dtype = np.dtype(dtype)
        self._rate_Hz = rate_Hz
        self._noise = noise

    def expose(self, duration_s: float) -> "Future[np.ndarray]":
        """One image."""
        mean = self._rate_Hz * duration_s
        if self._noise is None or not mean:
            image = np.full(self.shape, round(mean))
        else:
            image = self._noise.poisson(mean, self.shape)
        future: Future[np.ndarray] = Future()
        future.set_result(np.minimum(image, np.iinfo(self.dtype).max).astype(self.dtype))
        return future


def build_camera(detector: AreaDetector, database: Database, settings: Mapping[str, Any]) -> None:
    """Add a camera and its plugins.

    Settings: ``driver``, one of `DRIVERS` (default: by the detector's class); ``shape``, rows and columns;
    ``background_Hz``, counts/s in each pixel;
    ``begin``, what PVs begin with, by port, as of `Camera`; ``manufacturer``, ``model`` and other driver options.
    """
    options = {key: value for key, value in settings.items() if key not in (SEED, EVERY_MOTOR)}
    driver, dtype = _driver(detector, options.pop("driver", None))
    shape = tuple(options.pop("shape", SHAPE))
    rate_Hz, seed = options.pop("background_Hz", 0.0), settings.get(SEED)
    frames: Any
    if driver is SimDriver:
        frames = Pattern(shape, dtype, getattr(seed, "seed", seed) or 0)
    else:
        noise = None if seed is None else stream(seed, detector.prefix)
        frames = Background(shape, dtype, rate_Hz, noise)
    begin = options.pop("begin", None)
    Camera(database, detector.prefix, frames, driver=driver, settings=begin, **options)


def _driver(detector: AreaDetector, name: str | None) -> tuple[Callable[..., Driver], str]:
    """The driver that is asked for, or that of the detector's class; and its pixels' type."""
    if name is None:
        name = next((each for cls, each in CLASSES.items() if isinstance(detector, cls)), "camera")
    if name not in DRIVERS:
        raise DeclarationError(f"driver = {name!r}: there are {', '.join(map(repr, DRIVERS))}")
    return DRIVERS[name]


CLASSES: Mapping[type[AreaDetector], str] = {
    EigerDetector: "eiger",
    ProsilicaDetector: "prosilica",
    SimDetector: "simulation",
}

COUNTERPARTS: dict[type[Device], Builder] = {AreaDetector: build_camera}
