"""StatsPlugin: numbers about frames."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from beamtwin.twin.areadetector.frame import Frame
from beamtwin.twin.areadetector.plugin import Network, Plugin
from beamtwin.twin.areadetector.statistics import Moments, extremes, histogram, moments, net_total
from beamtwin.twin.areadetector.templates import analysis
from beamtwin.twin.areadetector.time_series import TimeSeries
from beamtwin.twin.database import Database

__all__ = ["StatsPlugin"]


class StatsPlugin(Plugin):
    """NDStats.template: computes what its Compute... switches ask for, and nothing else.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns of frames, at the most.
    """

    plugin_type = "NDPluginStats"

    def __init__(
        self,
        network: Network,
        database: Database,
        prefix: str,
        name: str,
        source: str,
        *,
        shape: tuple[int, int],
    ):
        rows, columns = shape
        table = analysis.stats(columns, rows)
        super().__init__(network, database, prefix, name, source, table)
        self._series = TimeSeries(self.port)
        for parameter in ("HistSize", "HistMin", "HistMax"):
            self.port.on_put(parameter, self._set_bins)
        self.port.on_put("Reset", self._reset)
        self._set_bins(None)

    def handle(self, frame: Frame) -> Frame:
        """Compute what is asked for."""
        port, data = self.port, frame.data
        results: dict[str, float] = {}
        if port["ComputeStatistics"]:
            results |= extremes(data)
            results["Net"] = net_total(data, results["Total"], port["BgdWidth"])
        found = None
        if port["ComputeCentroid"] or port["ComputeProfiles"]:
            found = moments(data, port["CentroidThreshold"])
            port["ProfileSizeY"], port["ProfileSizeX"] = data.shape
        if found is not None and port["ComputeCentroid"]:
            results |= found.values
        self._tell(results)
        if found is not None and port["ComputeProfiles"]:
            self._tell_profiles(data, found)
        if port["ComputeHistogram"]:
            self._tell_histogram(data)
        self._series.add(results | {"Timestamp": frame.epics_timestamp})
        port.count()
        return frame

    def _tell(self, results: Mapping[str, float]) -> None:
        for name, value in results.items():
            self.port[name] = value

    def _tell_profiles(self, data: np.ndarray, found: Moments) -> None:
        rows, columns = data.shape
        row, column = found.values["CentroidY"], found.values["CentroidX"]
        cursor_row = min(max(self.port["CursorY"], 0), rows - 1)
        cursor_column = min(max(self.port["CursorX"], 0), columns - 1)
        profiles = {
            "AverageX": found.average_x,
            "AverageY": found.average_y,
            "ThresholdX": found.threshold_x,
            "ThresholdY": found.threshold_y,
            "CentroidX": data[min(int(row + 0.5), rows - 1)],
            "CentroidY": data[:, min(int(column + 0.5), columns - 1)],
            "CursorX": data[cursor_row],
            "CursorY": data[:, cursor_column],
        }
        for name, profile in profiles.items():
            self._post(f"Profile{name}", profile)
        self.port["CursorVal"] = float(data[cursor_row, cursor_column])

    def _tell_histogram(self, data: np.ndarray) -> None:
        bins, low, high = self._bins()
        counts, below, above, entropy = histogram(data, bins, low, high)
        self._post("Histogram", counts)
        self.port["HistBelow"], self.port["HistAbove"] = below, above
        self.port["HistEntropy"] = entropy

    def _bins(self) -> tuple[int, float, float]:
        port = self.port
        low, high = port["HistMin"], port["HistMax"]
        return min(max(1, port["HistSize"]), analysis.BINS), low, high if high > low else low + 1

    def _set_bins(self, _: Any) -> None:
        bins, low, high = self._bins()
        self._post("HistogramX", low + np.arange(bins) * ((high - low) / bins))

    def _post(self, name: str, array: np.ndarray) -> None:
        self.port.post_array(name, lambda: array)

    def _reset(self, start: int) -> None:
        """Set all results to 0."""
        if start:
            self._tell(dict.fromkeys((*analysis.STATISTICS, *analysis.CENTROID), 0.0))
            self.port.reset("Reset", 0)
