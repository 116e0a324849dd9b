"""TimeSeries: the statistics of the frames since TSControl said so."""

from collections.abc import Mapping

import numpy as np

from beamtwin.twin.areadetector.port import Port
from beamtwin.twin.areadetector.templates.analysis import TIME_SERIES

__all__ = ["TimeSeries"]


class TimeSeries:
    """TSControl, TSNumPoints, TSCurrentPoint and the TS waveforms of a statistics plugin.

    As in ADCore, the waveforms are up to date when TSRead or TSControl=Read has been written, and at the end.

    Parameters
    ----------
    port : Port
    """

    def __init__(self, port: Port):
        self._port = port
        self._points: list[list[float]] = []
        self._actions = (self._begin, self._go_on, self._stop, self._read)
        port.on_put("TSControl", lambda choice: self._actions[choice]())
        port.on_put("TSRead", lambda _: self._read())

    def add(self, results: Mapping[str, float]) -> None:
        """Note what was computed of a frame."""
        port = self._port
        if not port["TSAcquiring"]:
            return
        self._points.append([results.get(name, 0.0) for name in TIME_SERIES])
        port["TSCurrentPoint"] = len(self._points)
        if len(self._points) >= port["TSNumPoints"]:
            self._stop()

    def _begin(self) -> None:
        self._points = []
        self._port["TSCurrentPoint"] = 0
        self._go_on()

    def _go_on(self) -> None:
        self._port["TSAcquiring"] = int(len(self._points) < self._port["TSNumPoints"])

    def _stop(self) -> None:
        self._port["TSAcquiring"] = 0
        self._port.reset("TSControl", 2)
        self._read()

    def _read(self) -> None:
        table = np.array(self._points, float).reshape(-1, len(TIME_SERIES))
        for number, name in enumerate(TIME_SERIES):
            self._post(f"TS{name}", table[:, number].copy())

    def _post(self, name: str, column: np.ndarray) -> None:
        self._port.post_array(name, lambda: column)
