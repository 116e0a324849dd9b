"""Beam stops."""

from beamtwin.hardware.axes import AxisGroup
from beamtwin.hardware.device import sub
from beamtwin.hardware.motor import Motor

__all__ = ["SAXSBeamStop"]


class SAXSBeamStop(AxisGroup):
    """CHX's beam stop before the small-angle detector: the stop (``x``, ``y1``) and its frame (``x2``, ``y2``)."""

    axes = ("x", "y1", "x2", "y2")

    x: Motor = sub("-Ax:X}Mtr")
    y1: Motor = sub("-Ax:YFT}Mtr")
    x2: Motor = sub("-Ax:XFB}Mtr")
    y2: Motor = sub("-Ax:YFB}Mtr")
