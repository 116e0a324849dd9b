"""EigerDriver: ADEiger, which arms, is triggered, and writes files of its own."""

import itertools
from collections.abc import Mapping
from typing import Any

from beamtwin.twin.areadetector.driver import AcquisitionRefusedError, Driver, Steps
from beamtwin.twin.areadetector.eiger_files import SeriesFiles
from beamtwin.twin.areadetector.frame import Frame, FrameSource
from beamtwin.twin.areadetector.paths import check_path
from beamtwin.twin.areadetector.plugin import Network
from beamtwin.twin.areadetector.templates.eiger import EIGER
from beamtwin.twin.database import Database

__all__ = ["EigerDriver"]

HC_EV_ANGSTROM = 12398.419843
"""Photon energy in eV times wavelength in Å (CODATA 2018)."""


class EigerDriver(Driver):
    """eigerBase.template and eiger1.template.

    An acquisition is NumTriggers series of NumImages; in the Enable modes a trigger takes one image. With
    ManualTrigger a series begins when Trigger is written, in the External modes with `Driver.trigger`.

    Frames go to plugins where DataSource is FileWriter or Stream, as they are taken; with FWEnable and SaveFiles they
    go into a master file and data files in FilePath, too (uncompressed, whatever FWCompression says).

    Parameters
    ----------
    readout_s : float
        Dead time between frames.
    """

    table = EIGER
    at_rest = "Ready"

    def __init__(
        self,
        network: Network,
        database: Database,
        prefix: str,
        frames: FrameSource,
        *,
        readout_s: float = 3e-6,
        **options: Any,
    ):
        options = {"manufacturer": "Dectris", "model": "Eiger 4M", **options}
        super().__init__(network, database, prefix, frames, readout_s=readout_s, **options)
        port = self.port
        self._files: SeriesFiles | None = None
        self._clicked = False
        port["DeadTime"] = readout_s
        port["BitDepthImage"] = 8 * self.dtype.itemsize
        port["Description"] = f"{port['Manufacturer']} {port['Model']}"
        for parameter, reaction in (
            ("FilePath", lambda _: check_path(port)),
            ("PhotonEnergy", self._set_energy),
            ("Wavelength", self._set_wavelength),
            ("Trigger", self._trigger_by_hand),
            ("AcquirePeriod", self._limit_period),
            ("AcquireTime", self._limit_period),
        ):
            port.on_put(parameter, reaction)

    def take_all(self) -> Steps:
        """Arm, take each trigger's series, disarm."""
        port = self.port
        self._check()
        self._arm()
        mode = port.choice("TriggerMode")
        images = 1 if mode.endswith("Enable") else max(1, port["NumImages"])
        series = itertools.count() if mode == "Continuous" else range(max(1, port["NumTriggers"]))
        for _ in series:
            yield from self._await_trigger()
            yield from self.take_series(images)

    @property
    def number_of_frames(self) -> float:
        """ImageMode means nothing to an Eiger."""
        return self.port["NumImages"] * self.port["NumTriggers"]

    def await_frame(self) -> Steps:
        """Triggers are of series."""
        yield from ()

    def _await_trigger(self) -> Steps:
        """Go on at once, at a click on Trigger, or at a pulse."""
        port = self.port
        if port.choice("TriggerMode").startswith("External"):
            port["StatusMessage"] = "Waiting for external triggers (press Stop when done)"
            yield self.next_trigger()
        elif port["ManualTrigger"]:
            port["StatusMessage"] = "Waiting for manual triggers"
            if not self._clicked:
                yield self.next_trigger()
            self._clicked = False
        else:
            port["StatusMessage"] = "Triggering"

    def rest(self) -> None:
        """Disarmed, with all files closed."""
        super().rest()
        files, self._files = self._files, None
        if files is not None:
            files.close()
        self._clicked = False
        self.port["Armed"] = 0

    def deliver(self, frame: Frame) -> float:
        """Give a frame to files and plugins."""
        if self._files is not None:
            self._files.append(frame)
        if self.port.choice("DataSource") == "None":
            return 0.0
        return super().deliver(frame)

    def _check(self) -> None:
        port = self.port
        source = port.choice("DataSource")
        check_path(port)
        for refused, reason in (
            (source == "FileWriter" and not port["FWEnable"], "FileWriter API is disabled"),
            (source == "Stream" and not port["StreamEnable"], "Stream API is disabled"),
            (self._saves and not port["FilePathExists"], "Invalid file path"),
        ):
            if refused:
                raise AcquisitionRefusedError(reason)

    @property
    def _saves(self) -> bool:
        return bool(self.port["FWEnable"] and self.port["SaveFiles"])

    def _arm(self) -> None:
        port = self.port
        port["StatusMessage"] = "Armed"
        port["SequenceId"] += 1
        port["Armed"] = 1
        if self._saves:
            name = port["FWNamePattern"].replace("$id", str(port["SequenceId"]))
            self._files = SeriesFiles(
                port["FilePath"] + name, max(1, port["FWNImagesPerFile"]), self._about()
            )
            port["FullFileName"] = self._files.master

    def _about(self) -> Mapping[str, float]:
        port = self.port
        return {
            "beam_center_x": port["BeamX"],
            "beam_center_y": port["BeamY"],
            "count_time": port["AcquireTime"],
            "frame_time": port["AcquirePeriod"],
            "detector_distance": port["DetDist"],
            "x_pixel_size": port["XPixelSize"],
            "y_pixel_size": port["YPixelSize"],
            "incident_wavelength": port["Wavelength"],
            "photon_energy": port["PhotonEnergy"],
            "threshold_energy": port["ThresholdEnergy"],
        }

    # --- what clients ask for -------------------------------------------------------------------

    def _trigger_by_hand(self, _: float) -> None:
        if self.port["ManualTrigger"] and not self.trigger():
            self._clicked = self.acquiring  # while it arms, or is at a series

    def _set_energy(self, energy_eV: float) -> None:
        if energy_eV > 0:
            self.port["Wavelength"] = HC_EV_ANGSTROM / energy_eV
            self.port.reset("ThresholdEnergy", energy_eV / 2)

    def _set_wavelength(self, wavelength_A: float) -> None:
        if wavelength_A > 0:
            energy_eV = self.port["PhotonEnergy"] = HC_EV_ANGSTROM / wavelength_A
            self.port.reset("ThresholdEnergy", energy_eV / 2)

    def _limit_period(self, _: float) -> None:
        """As the detector does: a frame takes at least its exposure and the dead time."""
        least = self.port["AcquireTime"] + self.readout_s
        if self.port["AcquirePeriod"] < least:
            self.port.reset("AcquirePeriod", least)
