"""Slits: four blades, and the centres and gaps that they make: here, in motor records, or in the IOC."""

from beamtwin.hardware.axes import AxisGroup
from beamtwin.hardware.device import pv, sub
from beamtwin.hardware.motor import Motor
from beamtwin.hardware.positioner import PseudoAxis, Transform, pseudo
from beamtwin.hardware.pv_positioner import PVPositioner
from beamtwin.hardware.signals import Kind, SignalR, SignalRW

__all__ = [
    "CENTER",
    "GAP",
    "Blades",
    "CenterGapSlits",
    "MotorSlits",
    "Slits",
    "VirtualCenter",
    "VirtualGap",
    "VirtualMotorSlits",
    "VirtualSlits",
]


def _gap(plus: float, minus: float) -> float:
    return plus - minus


def _center(plus: float, minus: float) -> float:
    return 0.5 * (plus + minus)


def _blades(center: float, gap: float) -> tuple[float, float]:
    return center + 0.5 * gap, center - 0.5 * gap


#: Of two blades, the plus side first: how far apart they are; the centre stays where it is.
GAP = Transform(_gap, lambda gap, plus, minus: _blades(_center(plus, minus), gap))

#: Of two blades, the plus side first: the middle between them; the gap stays as it is.
CENTER = Transform(_center, lambda center, plus, minus: _blades(center, _gap(plus, minus)))


APERTURE = ("h_gap", "h_center", "v_gap", "v_center")


class Blades(AxisGroup):
    """Four blades, each on a motor, named as at NSLS-II; subclasses say what there is besides.

    Positions are along x (outboard) and y (up) for all blades, so that a gap is outboard - inboard, or top - bottom.
    """

    axes = ("top", "bottom", "outboard", "inboard")

    top: Motor = sub("-Ax:T}Mtr", kind=Kind.normal)
    bottom: Motor = sub("-Ax:B}Mtr", kind=Kind.normal)
    outboard: Motor = sub("-Ax:O}Mtr", kind=Kind.normal)
    inboard: Motor = sub("-Ax:I}Mtr", kind=Kind.normal)


class Slits(Blades):
    """Four blades; gaps and centres are computed here, from the blades' motors."""

    axes = APERTURE

    h_gap: PseudoAxis = pseudo(GAP, "outboard", "inboard")
    h_center: PseudoAxis = pseudo(CENTER, "outboard", "inboard")
    v_gap: PseudoAxis = pseudo(GAP, "top", "bottom")
    v_center: PseudoAxis = pseudo(CENTER, "top", "bottom")


class CenterGapSlits(AxisGroup):
    """Slits whose centres and gaps have motor records of their own."""

    axes = APERTURE

    h_gap: Motor = sub("-Ax:XGap}Mtr")
    h_center: Motor = sub("-Ax:XCtr}Mtr")
    v_gap: Motor = sub("-Ax:YGap}Mtr")
    v_center: Motor = sub("-Ax:YCtr}Mtr")


class MotorSlits(CenterGapSlits, Blades):
    """Four blades, and centres and gaps that have (soft) motor records of their own."""

    axes = APERTURE


class VirtualGap(PVPositioner):
    """The gap of two blades, as synApps' ``2slit.db`` makes it in the IOC."""

    readback: SignalR[float] = pv("t2.C", kind=Kind.hinted, primary=True)
    setpoint: SignalRW[float] = pv("size")
    done: SignalR[bool] = pv("DMOV", kind=Kind.omitted)
    done_value = True


class VirtualCenter(PVPositioner):
    """The centre of two blades, as synApps' ``2slit.db`` makes it in the IOC."""

    readback: SignalR[float] = pv("t2.D", kind=Kind.hinted, primary=True)
    setpoint: SignalRW[float] = pv("center")
    done: SignalR[bool] = pv("DMOV", kind=Kind.omitted)
    done_value = True


class VirtualSlits(AxisGroup):
    """Slits whose centres and gaps are virtual: records of the IOC that move its blades' motors."""

    axes = APERTURE

    h_gap: VirtualGap = sub("-Ax:X}")
    h_center: VirtualCenter = sub("-Ax:X}")
    v_gap: VirtualGap = sub("-Ax:Y}")
    v_center: VirtualCenter = sub("-Ax:Y}")


class VirtualMotorSlits(VirtualSlits, Blades):
    """Four blades, and virtual centres and gaps: as of CHX's beam-defining slit."""

    axes = APERTURE
