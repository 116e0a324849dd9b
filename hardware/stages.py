"""Stages: motors that belong together, with NSLS-II's names."""

from beamtwin.hardware.axes import AxisGroup
from beamtwin.hardware.device import sub
from beamtwin.hardware.motor import Motor

__all__ = ["XYRotationStage", "XYStage", "XYZStage"]


class XYStage(AxisGroup):
    """Across the beam: of a beam position monitor, a window, a detector."""

    axes = ("x", "y")

    x: Motor = sub("-Ax:X}Mtr")
    y: Motor = sub("-Ax:Y}Mtr")


class XYZStage(XYStage):
    """Across and along the beam."""

    axes = ("x", "y", "z")

    z: Motor = sub("-Ax:Z}Mtr")


class XYRotationStage(XYStage):
    """Across the beam, and an angle to it: as of CHX's grazing-incidence mirror."""

    axes = ("x", "y", "theta")

    theta: Motor = sub("-Ax:Th}Mtr")
