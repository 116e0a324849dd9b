"""Camera: a driver with its usual plugins."""

from typing import Any

from beamtwin.twin.areadetector.driver import Driver
from beamtwin.twin.areadetector.frame import FrameSource
from beamtwin.twin.areadetector.hdf5 import HDF5Plugin
from beamtwin.twin.areadetector.plugin import ImagePlugin, StatsPlugin
from beamtwin.twin.database import Database

__all__ = ["Camera"]


class Camera:
    """An areaDetector camera: ``cam1:``, ``image1:``, ``Stats1:`` and ``HDF1:``.

    Parameters
    ----------
    database : Database
        Takes the records in.
    prefix : str
        Of all PVs: ``XF:11IDB-ES{Det:Eig4M}``.
    frames : FrameSource
        What it looks at.
    manufacturer, model : str, optional
        What it says of itself.
    """

    def __init__(self, database: Database, prefix: str, frames: FrameSource, **identity: Any):
        rows, columns = frames.shape
        self.image = ImagePlugin(
            database, f"{prefix}image1:", "IMAGE1", "CAM", frames.dtype, rows * columns
        )
        self.stats = StatsPlugin(database, f"{prefix}Stats1:", "STATS1", "CAM")
        self.hdf5 = HDF5Plugin(database, f"{prefix}HDF1:", "HDF1", "CAM")
        plugins = (self.hdf5, self.stats, self.image)
        self.driver = Driver(database, f"{prefix}cam1:", frames, plugins, **identity)
