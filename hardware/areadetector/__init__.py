"""Area detectors, by the PVs of areaDetector's ADCore."""

from beamtwin.hardware.areadetector.cam import Cam
from beamtwin.hardware.areadetector.detector import AreaDetector
from beamtwin.hardware.areadetector.hdf5 import HDF5Plugin
from beamtwin.hardware.areadetector.plugins import ImagePlugin, Plugin, StatsPlugin

__all__ = ["AreaDetector", "Cam", "HDF5Plugin", "ImagePlugin", "Plugin", "StatsPlugin"]
