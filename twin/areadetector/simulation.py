"""SimDriver: ADSimDetector, a camera that makes its images up."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import numpy as np

from beamtwin.orchestration.errors import DeclarationError
from beamtwin.twin.areadetector.driver import Driver
from beamtwin.twin.areadetector.frame import DATA_TYPES
from beamtwin.twin.areadetector.plugin import Network
from beamtwin.twin.areadetector.port import Port
from beamtwin.twin.areadetector.region import cast
from beamtwin.twin.areadetector.templates.simulation import SIM_DETECTOR
from beamtwin.twin.database import Database
from beamtwin.twin.noise import stream

__all__ = ["Pattern", "SimDriver"]

#: Widths of a peak that are drawn, to each side.
PEAK_SIGMAS = 4

#: How often a change of these begins the pattern anew: at once.
RESETTING = (
    *("DataType", "SimMode", "Gain", "GainX", "GainY", "Offset", "Noise", "PeakVariation"),
    *(f"Peak{what}{axis}" for what in ("Start", "Num", "Step", "Width") for axis in "XY"),
    *(f"{axis}SineOperation" for axis in "XY"),
)


class Pattern:
    """Images as ADSimDetector computes them, in monochrome: a `FrameSource`.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    dtype
        Of pixels, at first; DataType decides.
    seed : int
        Of the noise, with the camera's name and the number of the image.
    """

    def __init__(self, shape: tuple[int, int] = (1024, 1024), dtype: Any = "|u1", seed: int = 0):
        self.shape = shape
        self.dtype = np.dtype(dtype)
        self.port: Port | None = None
        self._seed = seed
        self._images = 0
        self._ramp = np.zeros(shape)
        self._modes: tuple[Callable[[Port], np.ndarray], ...] = (
            self._linear_ramp,
            self._peaks,
            self._sine,
            lambda port: np.zeros(self.shape),
        )

    def reset(self) -> None:
        """Begin anew."""
        self._images = 0

    def expose(self, duration_s: float) -> "Future[np.ndarray]":
        """The next image, whatever the exposure."""
        port = self.port
        if port is None:
            raise DeclarationError("a Pattern has its settings from a camera of driver=SimDriver")
        if port["Reset"]:
            self.reset()
            port.reset("Reset", 0)
        dtype = np.dtype(DATA_TYPES[port["DataType"]].lower())
        # Integers wrap around, as in C.
        whole = self._modes[port["SimMode"]](port) + self._background(port)
        wrapped = whole.astype(np.int64) if dtype.kind in "iu" else whole
        self._images += 1
        future: Future[np.ndarray] = Future()
        future.set_result(cast(wrapped, dtype))
        return future

    def _noise(self, port: Port) -> np.random.Generator:
        return stream(self._seed, f"{port.prefix}image {port['ArrayCounter']}")

    def _background(self, port: Port) -> Any:
        offset, noise = port["Offset"], port["Noise"]
        if not noise:
            return offset
        return offset + noise * (self._noise(port).random(self.shape) - 0.5)

    def _linear_ramp(self, port: Port) -> np.ndarray:
        """Rises with column, row and image."""
        rows, columns = self.shape
        slopes = port["GainX"] * np.arange(columns) + port["GainY"] * np.arange(rows)[:, None]
        return port["Gain"] * (slopes + self._images)

    def _peaks(self, port: Port) -> np.ndarray:
        """A grid of Gaussian peaks."""
        image = np.zeros(self.shape)
        variation = port["PeakVariation"] / 100.0
        numbers = self._noise(port).random((port["PeakNumY"], port["PeakNumX"])) - 0.5
        for i, j in np.ndindex(numbers.shape):
            height = port["Gain"] * (1 + variation * numbers[i, j])
            y = port["PeakStartY"] + i * port["PeakStepY"]
            x = port["PeakStartX"] + j * port["PeakStepX"]
            self._add_peak(image, height, (y, x), (port["PeakWidthY"], port["PeakWidthX"]))
        return image

    def _add_peak(
        self, image: np.ndarray, height: float, centre: tuple[int, int], width: tuple[int, int]
    ) -> None:
        profiles, parts = [], []
        for middle, sigma, size in zip(centre, width, self.shape, strict=True):
            reach = PEAK_SIGMAS * max(1, sigma)
            first, last = max(0, middle - reach), min(size, middle + reach + 1)
            away = np.arange(first, last) - middle
            profiles.append(np.exp(-0.5 * (away / max(1, sigma)) ** 2))
            parts.append(slice(first, last))
        image[parts[0], parts[1]] += height * np.outer(*profiles)

    def _sine(self, port: Port) -> np.ndarray:
        """Sums or products of sines along columns and rows, which move from image to image."""
        rows, columns = self.shape
        along_x = self._waves(port, "X", columns)
        along_y = self._waves(port, "Y", rows)
        return port["Gain"] * (along_y[:, None] + along_x)

    def _waves(self, port: Port, axis: str, size: int) -> np.ndarray:
        time = (self._images * size + np.arange(size)) * port[f"Gain{axis}"] / size
        first, second = (
            port[f"{axis}Sine{n}Amplitude"]
            * np.sin(
                2
                * np.pi
                * (time * port[f"{axis}Sine{n}Frequency"] + port[f"{axis}Sine{n}Phase"] / 360)
            )
            for n in (1, 2)
        )
        return first * second if port[f"{axis}SineOperation"] else first + second


class SimDriver(Driver):
    """simDetector.template. Colours are not simulated.

    Parameters
    ----------
    frames : Pattern
    """

    table = SIM_DETECTOR

    def __init__(
        self, network: Network, database: Database, prefix: str, frames: Pattern, **options: Any
    ):
        options = {"manufacturer": "Simulated detector", "model": "Basic simulator", **options}
        super().__init__(network, database, prefix, frames, **options)
        frames.port = self.port
        for parameter in RESETTING:
            self.port.on_put(parameter, lambda _: self.port.reset("Reset", 1))

    @property
    def dtype(self) -> np.dtype:
        """As DataType says."""
        return np.dtype(DATA_TYPES[self.port["DataType"]].lower())

    def can_have_type(self, number: int) -> bool:
        """Any."""
        return True
