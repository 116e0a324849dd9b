"""Port: what areaDetector's drivers and plugins have in common, as its asynNDArrayDriver."""

from collections.abc import Mapping

import numpy as np

from beamtwin.orchestration.status import Status
from beamtwin.twin.areadetector.attributes import AttributesError, Collector
from beamtwin.twin.areadetector.frame import Frame, data_type_of
from beamtwin.twin.areadetector.parameters import Parameters
from beamtwin.twin.areadetector.row import Row
from beamtwin.twin.areadetector.templates.base import DIMENSIONS
from beamtwin.twin.database import Database

__all__ = ["Port"]


class Port(Parameters):
    """A driver's or a plugin's parameters, and the frame that it has seen last.

    Parameters
    ----------
    database : Database
        Takes the records in.
    prefix : str
        Of the port's PVs: ``XF:11IDB-ES{Det:Eig4M}cam1:``.
    name : str
        Of the port: ``"CAM"``.
    table : mapping
        The rows of its parameters.
    """

    def __init__(self, database: Database, prefix: str, name: str, table: Mapping[str, Row]):
        super().__init__(database, prefix, table)
        self.name = name
        self.last: Frame | None = None
        self._rate = RateMeter(self)
        by_lower_case = {known.lower(): known for known in table}
        self._attributes = Collector(database, lambda name: self[by_lower_case[name]])
        self._attributes_file = ""
        self.on_put("NDAttributesFile", self._load_attributes)

    def announce(self, frame: Frame) -> None:
        """Say what a frame that has come is like."""
        self.last = frame
        data = frame.data
        self.choose("DataType", data_type_of(data.dtype))
        if data.shape != (self["ArraySize1"], self["ArraySize0"]):
            self._set_dimensions(data.shape)
        self["TimeStamp"] = frame.epics_timestamp
        self["EpicsTSSec"], self["EpicsTSNsec"] = frame.epics_time
        self["UniqueId"] = frame.unique_id

    def count(self) -> None:
        """One more frame has been dealt with."""
        self["ArrayCounter"] += 1
        self._rate.look()

    def set_output(self, shape: tuple[int, ...], size: int) -> None:
        """Say how large the frames are that come out: rows and columns, bytes."""
        self["ArraySizeY"], self["ArraySizeX"] = shape
        self["ArraySize"] = size
        self["PoolUsedMem"] = size / 2**20
        self["PoolAllocBuffers"] = 1

    def with_attributes(self, frame: Frame) -> Frame:
        """A frame with what is to be noted here."""
        if self["NDAttributesFile"] != self._attributes_file:  # a snapshot has been restored
            self._load_attributes(self["NDAttributesFile"])
        attributes = self._attributes.add_to(frame.attributes)
        return frame if attributes is frame.attributes else frame._replace(attributes=attributes)

    def _set_dimensions(self, shape: tuple[int, ...]) -> None:
        dimensions = (*reversed(shape), *(0,) * (DIMENSIONS - len(shape)))
        for number, size in enumerate(dimensions):
            self[f"ArraySize{number}"] = size
        self.post_array("Dimensions", lambda: np.array(dimensions, "<i4"))
        self["NDimensions"] = len(shape)

    def _load_attributes(self, file: str) -> Status | None:
        self._attributes_file = file
        try:
            self._attributes.load(file)
            self["NDAttributesStatus"] = 0
        except AttributesError as error:
            self["NDAttributesStatus"] = error.status


class RateMeter:
    """ArrayRate_RBV: once a second, how many frames there have been; nothing happens where nobody looks.

    Parameters
    ----------
    port : Port
    """

    period_s = 1.0

    def __init__(self, port: Port):
        self._port = port
        self._counted = 0
        self._running = False

    def look(self) -> None:
        """A frame has come."""
        if not self._running and self._port.is_watched("ArrayRate"):
            self._running = True
            self._counted = self._port["ArrayCounter"] - 1
            self._wait()

    def _wait(self) -> None:
        clock = self._port.clock
        clock.call_at(clock.time() + self.period_s, self._tell)

    def _tell(self) -> None:
        counted, self._counted = self._counted, self._port["ArrayCounter"]
        new = max(0, self._counted - counted)
        self._port["ArrayRate"] = new / self.period_s
        self._running = new > 0
        if self._running:
            self._wait()
