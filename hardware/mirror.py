"""Mirrors: stages, and a pitch that a feedback loop holds."""

from beamtwin.hardware.axes import AxisGroup
from beamtwin.hardware.device import pv, sub
from beamtwin.hardware.motor import Motor
from beamtwin.hardware.pv_positioner import PVPositionerIsClose
from beamtwin.hardware.signals import Kind, SignalR, SignalRW

__all__ = ["HorizontalMirror", "PitchLoop"]


class PitchLoop(PVPositionerIsClose):
    """A pitch in µrad that a feedback loop brings to its set point, and holds there; the loop must be on."""

    readback: SignalR[float] = pv("Pos-I", kind=Kind.hinted, primary=True)
    setpoint: SignalRW[float] = pv("PID-SP")

    tolerance = 0.05
    settle_s = 0.5
    timeout_s = 30.0


class HorizontalMirror(AxisGroup):
    """A horizontally deflecting mirror with NSLS-II's names: CHX's HDM."""

    axes = ("x", "y", "pitch")

    x: Motor = sub("-Ax:X}Mtr", kind=Kind.normal)
    y: Motor = sub("-Ax:Y}Mtr", kind=Kind.normal)
    pitch: PitchLoop = sub("-Ax:P}")
