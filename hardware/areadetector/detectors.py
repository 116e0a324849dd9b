"""Area detectors of some makes."""

from beamtwin.hardware.areadetector.cam import EigerCam, ProsilicaCam, SimCam
from beamtwin.hardware.areadetector.detector import AreaDetector
from beamtwin.hardware.device import sub

__all__ = ["EigerDetector", "ProsilicaDetector", "SimDetector"]


class SimDetector(AreaDetector):
    """ADSimDetector."""

    cam: SimCam = sub("cam1:")  # type: ignore[assignment]


class ProsilicaDetector(AreaDetector):
    """ADProsilica."""

    cam: ProsilicaCam = sub("cam1:")  # type: ignore[assignment]


class EigerDetector(AreaDetector):
    """ADEiger; frames come from its stream or its file writer, as DataSource says, and are written by ``HDF1:``."""

    cam: EigerCam = sub("cam1:")  # type: ignore[assignment]
