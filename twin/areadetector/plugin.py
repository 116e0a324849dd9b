"""Plugins: what is done with each frame."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from beamtwin.twin.areadetector.frame import Frame
from beamtwin.twin.areadetector.parameters import array, flag, real, text, whole
from beamtwin.twin.areadetector.port import MINOR, Port
from beamtwin.twin.database import Database

__all__ = ["ImagePlugin", "Plugin", "StatsPlugin"]


class Plugin(ABC):
    """NDPluginBase.template: a plugin that handles frames while EnableCallbacks is on.

    Parameters
    ----------
    database : Database
        Takes the records in.
    prefix : str
        Of the plugin's PVs: ``XF:11IDB-ES{Det:Eig4M}Stats1:``.
    name, source : str
        Of its own port, and of that its frames come from.
    """

    plugin_type = ""

    def __init__(self, database: Database, prefix: str, name: str, source: str):
        self.clock = database.clock
        self.port = Port(database, prefix, name)
        self.port.readings({"PluginType": text(self.plugin_type)})
        self.port.settings({"EnableCallbacks": flag("Disable", "Enable", value=1, OSV=MINOR)})
        self.port.fixed(
            {
                "NDArrayPort": text(source),
                "NDArrayAddress": whole(),
                "BlockingCallbacks": flag("No", "Yes", value=1),
                "MinCallbackTime": real(EGU="s"),
                "DroppedArrays": whole(),
                "QueueSize": whole(20),
            }
        )

    def process(self, frame: Frame) -> None:
        """Take a frame."""
        if self.port["EnableCallbacks"]:
            self.port.announce(frame)
            self.handle(frame)

    @abstractmethod
    def handle(self, frame: Frame) -> None:
        """Do what the plugin is for."""


#: The waveform's type for pixels that Channel Access has none for: nothing unsigned is wider than a byte there.
#: (Files keep the detector's own.)
SIGNED = {np.dtype("u2"): np.dtype("i4"), np.dtype("u4"): np.dtype("i4")}


class ImagePlugin(Plugin):
    """NDStdArrays.template: frames as a waveform."""

    plugin_type = "NDPluginStdArrays"

    def __init__(
        self, database: Database, prefix: str, name: str, source: str, dtype: Any, pixels: int
    ):
        super().__init__(database, prefix, name, source)
        kind = np.dtype(dtype)
        ftvl = SIGNED.get(kind, kind).str
        self.port.readings({"ArrayData": array(ftvl, pixels)}, suffix="")

    def handle(self, frame: Frame) -> None:
        """Serve the frame's pixels, row by row."""
        self.port["ArrayData"] = frame.data
        self.port.count()


class StatsPlugin(Plugin):
    """NDStats.template: numbers about frames."""

    plugin_type = "NDPluginStats"

    def __init__(self, database: Database, prefix: str, name: str, source: str):
        super().__init__(database, prefix, name, source)
        statistics = ("MinValue", "MaxValue", "MeanValue", "Sigma", "Total")
        centroid = ("CentroidTotal", "CentroidX", "CentroidY", "SigmaX", "SigmaY", "SigmaXY")
        self.port.readings({name: real() for name in (*statistics, *centroid)})
        self.port.readings({name: real() for name in ("MinX", "MinY", "MaxX", "MaxY")})
        self.port.settings(
            {
                "ComputeStatistics": flag("No", "Yes", value=1, OSV=MINOR),
                "ComputeCentroid": flag("No", "Yes", value=1, OSV=MINOR),
                "CentroidThreshold": real(1.0),
            }
        )
        self.port.fixed(
            {
                **{name: flag("No", "Yes") for name in ("ComputeProfiles", "ComputeHistogram")},
                **{name: whole() for name in ("BgdWidth", "CursorX", "CursorY", "HistSize")},
                **{name: real() for name in ("HistMin", "HistMax")},
            }
        )
        self.port.readings({name: whole() for name in ("ProfileSizeX", "ProfileSizeY")})

    def handle(self, frame: Frame) -> None:
        """Compute what is asked for."""
        results: dict[str, float] = {}
        if self.port["ComputeStatistics"]:
            results |= statistics(frame.data)
        if self.port["ComputeCentroid"]:
            results |= centroid(frame.data, self.port["CentroidThreshold"])
        for name, value in results.items():
            self.port[name] = value
        self.port.count()


def statistics(data: np.ndarray) -> dict[str, float]:
    """Extremes and where they are, sum, mean and standard deviation of all pixels."""
    lowest, highest = (
        np.unravel_index(index, data.shape) for index in (data.argmin(), data.argmax())
    )
    total = float(data.sum(dtype=np.float64))
    return {
        "MinValue": float(data[lowest]),
        "MinX": float(lowest[1]),
        "MinY": float(lowest[0]),
        "MaxValue": float(data[highest]),
        "MaxX": float(highest[1]),
        "MaxY": float(highest[0]),
        "Total": total,
        "MeanValue": total / data.size,
        "Sigma": float(data.std(dtype=np.float64)),
    }


def centroid(data: np.ndarray, threshold: float) -> dict[str, float]:
    """First and second moments, in pixels, of what is not below a threshold.

    SigmaXY is the correlation, as NDPluginStats defines it; where nothing is above, all are 0.
    """
    weights = np.where(data >= threshold, data, 0).astype(np.float64)
    total = float(weights.sum())
    names = ("CentroidX", "CentroidY", "SigmaX", "SigmaY", "SigmaXY")
    if not total > 0:
        return {"CentroidTotal": total, **dict.fromkeys(names, 0.0)}
    y, x = np.arange(data.shape[0]), np.arange(data.shape[1])
    along_x, along_y = weights.sum(axis=0) / total, weights.sum(axis=1) / total
    mean_x, mean_y = along_x @ x, along_y @ y
    sigma_x = np.sqrt(max(0.0, along_x @ (x - mean_x) ** 2))
    sigma_y = np.sqrt(max(0.0, along_y @ (y - mean_y) ** 2))
    covariance = (y - mean_y) @ weights @ (x - mean_x) / total
    spread = sigma_x * sigma_y
    values = (mean_x, mean_y, sigma_x, sigma_y, covariance / spread if spread else 0.0)
    return {"CentroidTotal": total, **{n: float(v) for n, v in zip(names, values, strict=True)}}
