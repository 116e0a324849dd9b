"""Area detectors, by the PVs of areaDetector's ADCore."""

from beamtwin.hardware.areadetector.cam import Cam, EigerCam, ProsilicaCam, SimCam
from beamtwin.hardware.areadetector.detector import AreaDetector
from beamtwin.hardware.areadetector.detectors import EigerDetector, ProsilicaDetector, SimDetector
from beamtwin.hardware.areadetector.files import FilePlugin, HDF5Plugin, TIFFPlugin
from beamtwin.hardware.areadetector.flight import FrameSequence
from beamtwin.hardware.areadetector.plugins import (
    CircularBufferPlugin,
    ImagePlugin,
    Plugin,
    ProcessPlugin,
    ROIPlugin,
    StatsPlugin,
    TransformPlugin,
)
from beamtwin.hardware.areadetector.triggering import (
    Acquisition,
    ContinuousTrigger,
    MultiTrigger,
    SingleTrigger,
)

__all__ = [
    "Acquisition",
    "AreaDetector",
    "Cam",
    "CircularBufferPlugin",
    "ContinuousTrigger",
    "EigerCam",
    "EigerDetector",
    "FilePlugin",
    "FrameSequence",
    "HDF5Plugin",
    "ImagePlugin",
    "MultiTrigger",
    "Plugin",
    "ProcessPlugin",
    "ProsilicaCam",
    "ProsilicaDetector",
    "ROIPlugin",
    "SimCam",
    "SimDetector",
    "SingleTrigger",
    "StatsPlugin",
    "TIFFPlugin",
    "TransformPlugin",
]
