"""areaDetector in virtual time: a camera, its plugins, and their PVs under ADCore's names."""

from beamtwin.twin.areadetector.camera import Camera
from beamtwin.twin.areadetector.frame import Frame, FrameSource

__all__ = ["Camera", "Frame", "FrameSource"]
