"""ProcessPlugin: background, flat field, scale, clips, and a recursive filter."""

import numpy as np

from beamtwin.twin.areadetector.frame import Frame
from beamtwin.twin.areadetector.plugin import Network, Plugin
from beamtwin.twin.areadetector.region import cast
from beamtwin.twin.areadetector.roi import output_dtype
from beamtwin.twin.areadetector.templates.process import COEFFICIENTS, FILTERS, PROCESS
from beamtwin.twin.database import Database

__all__ = ["ProcessPlugin"]

#: What FilterType sets.
FILTERED = ("OC1", "OC2", "OC3", "OC4", "FC1", "FC2", "FC3", "FC4", "RC1", "RC2")
STEPS = ("EnableBackground", "EnableFlatField", "EnableOffsetScale", "EnableHighClip")
SWITCHES = (*STEPS, "EnableLowClip", "EnableFilter")


class ProcessPlugin(Plugin):
    """NDProcess.template; the arithmetic is that of NDPluginProcess's documentation, in real numbers."""

    plugin_type = "NDPluginProcess"

    def __init__(self, network: Network, database: Database, prefix: str, name: str, source: str):
        super().__init__(network, database, prefix, name, source, PROCESS)
        self._saved: dict[str, np.ndarray] = {}
        self._filter: np.ndarray | None = None
        for what in ("Background", "FlatField"):
            self.port.on_put(f"Save{what}", lambda start, what=what: self._save(what, start))
        self.port.on_put("FilterType", self._set_filter)
        self.port.on_put("AutoOffsetScale", self._adjust)

    def handle(self, frame: Frame) -> Frame | None:
        """Compute; returns None where only every Nth filtered frame goes on."""
        port, data = self.port, frame.data
        for what in ("Background", "FlatField"):
            port[f"Valid{what}"] = int(self._valid(what, data) is not None)
        if any(port[switch] for switch in SWITCHES):
            data = self._clipped(self._corrected(data.astype(np.float64)))
            if port["EnableFilter"]:
                data = self._filtered(data)
        port.count()
        dtype = output_dtype(port.choice("DataTypeOut"), frame.data.dtype)
        output = frame._replace(data=cast(data, dtype))
        port.set_output(output.data.shape, output.data.nbytes)
        waits = port["EnableFilter"] and port["FilterCallbacks"]
        return None if waits and port["NumFiltered"] != max(1, port["NumFilter"]) else output

    def _valid(self, what: str, data: np.ndarray) -> np.ndarray | None:
        saved = self._saved.get(what)
        return saved if saved is not None and saved.shape == data.shape else None

    def _corrected(self, data: np.ndarray) -> np.ndarray:
        port = self.port
        background, flat = self._valid("Background", data), self._valid("FlatField", data)
        if port["EnableBackground"] and background is not None:
            data = data - background
        if port["EnableFlatField"] and flat is not None:
            data = np.divide(data * port["ScaleFlatField"], flat, out=data, where=flat != 0)
        if port["EnableOffsetScale"]:
            data = (data + port["Offset"]) * port["Scale"]
        return data

    def _clipped(self, data: np.ndarray) -> np.ndarray:
        port = self.port
        if port["EnableHighClip"]:
            data = np.where(data > port["HighClipThresh"], port["HighClipValue"], data)
        if port["EnableLowClip"]:
            data = np.where(data < port["LowClipThresh"], port["LowClipValue"], data)
        return data

    def _filtered(self, data: np.ndarray) -> np.ndarray:
        port = self.port
        c = {name: port[name] for name in COEFFICIENTS}
        number = max(1, port["NumFilter"])
        old = self._filter
        is_new = old is None or old.shape != data.shape
        full = port["NumFiltered"] >= number and port["AutoResetFilter"]
        if old is None or is_new or port["ResetFilter"] or full:
            old = c["ROffset"] + c["RC1"] * (data if old is None or is_new else old)
            old = old + c["RC2"] * data
            port["NumFiltered"] = 0
            port.reset("ResetFilter", 0)
        n = port["NumFiltered"] = min(port["NumFiltered"] + 1, number)
        output = c["OOffset"] + c["OScale"] * (
            (c["OC1"] + c["OC2"] / n) * old + (c["OC3"] + c["OC4"] / n) * data
        )
        self._filter = c["FOffset"] + c["FScale"] * (
            (c["FC1"] + c["FC2"] / n) * old + (c["FC3"] + c["FC4"] / n) * data
        )
        return output

    # --- what clients ask for -------------------------------------------------------------------

    def _save(self, what: str, start: int) -> None:
        """Keep the last frame, as background or flat field."""
        if start and self.port.last is not None:
            self._saved[what] = self.port.last.data.astype(np.float64)
            self.port[f"Valid{what}"] = 1
        self.port.reset(f"Save{what}", 0)

    def _set_filter(self, kind: int) -> None:
        reciprocal = 1 / max(1, self.port["NumFilter"])
        self.port["NumFilterRecip"] = reciprocal
        values = tuple(FILTERS.values())[kind]
        for name, value in zip(FILTERED, values, strict=True):
            self.port.reset(name, reciprocal if value == "N" else float(value))

    def _adjust(self, start: int) -> None:
        """Scale the last frame to the whole range of its type."""
        frame = self.port.last
        if start and frame is not None and frame.data.max() > frame.data.min():
            low, high = float(frame.data.min()), float(frame.data.max())
            top = 2.0 ** (8 * frame.data.itemsize) - 1
            self.port.reset("Scale", top / (high - low))
            self.port.reset("Offset", -low)
            self.port.reset("LowClipThresh", 0.0)
            self.port.reset("HighClipThresh", top)
            for switch in ("EnableOffsetScale", "EnableLowClip", "EnableHighClip"):
                self.port.reset(switch, 1)
        self.port.reset("AutoOffsetScale", 0)
