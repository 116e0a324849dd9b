"""areaDetector in virtual time: cameras, their plugins, and their PVs under ADCore's names."""

from beamtwin.twin.areadetector.camera import PLUGINS, Camera
from beamtwin.twin.areadetector.driver import Driver
from beamtwin.twin.areadetector.eiger import EigerDriver
from beamtwin.twin.areadetector.frame import Frame, FrameSource
from beamtwin.twin.areadetector.prosilica import ProsilicaDriver
from beamtwin.twin.areadetector.simulation import Pattern, SimDriver

__all__ = [
    "PLUGINS",
    "Camera",
    "Driver",
    "EigerDriver",
    "Frame",
    "FrameSource",
    "Pattern",
    "ProsilicaDriver",
    "SimDriver",
]
