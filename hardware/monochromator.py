"""Monochromators: crystals and multilayers, and how their angle and their energy follow from one another.

Bragg's law: ``hc / E = 2 d sin(theta)`` (X-ray Data Booklet, section 4.1). Between two parallel crystals with their
surfaces ``g`` apart the beam runs for ``g / sin(theta)`` at ``2 theta`` to where it came from: it leaves
``h = 2 g cos(theta)`` beside itself. Refraction, which adds about 1e-4 of the angle, is left out.
"""

from dataclasses import dataclass
from math import asin, cos, degrees, radians, sin
from typing import Any

from beamtwin.hardware.axes import AxisGroup
from beamtwin.hardware.channel import Transport
from beamtwin.hardware.device import Device, pv, sub
from beamtwin.hardware.motor import Motor
from beamtwin.hardware.pv_positioner import PVPositioner
from beamtwin.hardware.signals import Kind, SignalR, SignalRW
from beamtwin.orchestration.errors import LimitsError

__all__ = ["DCM", "HC_EV_A", "SI_111", "Crystal", "KohzuMonochromator", "MultilayerMonochromator"]

#: hc in eV Å (CODATA 2018, exact).
HC_EV_A = 12398.419843320026


@dataclass(frozen=True)
class Crystal:
    """Lattice planes.

    Parameters
    ----------
    d_spacing_A : float
        In Å.
    """

    d_spacing_A: float

    def energy_eV(self, bragg_deg: float) -> float:
        """Photon energy that is reflected at an angle to the planes."""
        return HC_EV_A / (2 * self.d_spacing_A * sin(radians(bragg_deg)))

    def bragg_deg(self, energy_eV: float) -> float:
        """The angle that reflects a photon energy; raises LimitsError below that of 90 degrees."""
        lowest_eV = HC_EV_A / (2 * self.d_spacing_A)
        if not energy_eV >= lowest_eV:
            raise LimitsError(
                f"photon energy: {energy_eV:g} eV is below {lowest_eV:.6g} eV, the least that planes"
                f" {self.d_spacing_A:g} Å apart reflect"
            )
        return degrees(asin(lowest_eV / energy_eV))

    @staticmethod
    def gap_mm(offset_mm: float, bragg_deg: float) -> float:
        """How far apart two crystals are, from surface to surface, that put the beam ``offset_mm`` beside itself."""
        return offset_mm / (2 * cos(radians(bragg_deg)))

    @staticmethod
    def offset_mm(gap_mm: float, bragg_deg: float) -> float:
        """How far beside itself two crystals put the beam."""
        return 2 * gap_mm * cos(radians(bragg_deg))


#: Silicon (111) at the temperature of CHX's cryogenic monochromator.
SI_111 = Crystal(3.13379852)


class DCM(AxisGroup):
    """A double-crystal monochromator with NSLS-II's names; its energy has a motor record of its own, in eV.

    Parameters
    ----------
    d_spacing_A : float, optional
        Of its crystals, in Å; default: `SI_111`.
    """

    axes = ("energy", "bragg", "roll", "x", "fine_pitch", "pitch")

    energy: Motor = sub("-Ax:Energy}Mtr")
    bragg: Motor = sub("-Ax:B}Mtr")
    roll: Motor = sub("-Ax:R}Mtr", kind=Kind.normal)
    x: Motor = sub("-Ax:X}Mtr", kind=Kind.normal)
    fine_pitch: Motor = sub("-Ax:FP}Mtr", kind=Kind.normal)
    pitch: Motor = sub("-Ax:P}Mtr", kind=Kind.normal)

    def __init__(
        self,
        prefix: str,
        name: str,
        transport: Transport,
        *,
        d_spacing_A: float = SI_111.d_spacing_A,
        parent: Any = None,
    ):
        super().__init__(prefix, name, transport, parent=parent)
        self.crystal = Crystal(d_spacing_A)


class MultilayerMonochromator(AxisGroup):
    """A double-multilayer monochromator with NSLS-II's names."""

    axes = ("bragg", "roll", "x", "y", "fine_pitch")

    bragg: Motor = sub("-Ax:B}Mtr")
    roll: Motor = sub("-Ax:R}Mtr", kind=Kind.normal)
    x: Motor = sub("-Ax:X}Mtr", kind=Kind.normal)
    y: Motor = sub("-Ax:Y}Mtr", kind=Kind.normal)
    fine_pitch: Motor = sub("-Ax:FP}Mtr", kind=Kind.normal)


class _KohzuAxis(PVPositioner):
    """One of the three ways to say where the crystals are; the sequence program moves them all."""

    done_value = False

    def __init__(self, prefix: str, name: str, transport: Transport, **arguments: Any):
        super().__init__(prefix, name, transport, **arguments)
        mono = arguments["parent"]
        self.done, self.actuate, self.stop_signal = mono.moving, mono.move_button, mono.all_stop


class KohzuEnergy(_KohzuAxis):
    """In keV."""

    readback: SignalR[float] = pv("BraggERdbkAO", kind=Kind.hinted, primary=True)
    setpoint: SignalRW[float] = pv("BraggEAO")


class KohzuAngle(_KohzuAxis):
    """In degrees."""

    readback: SignalR[float] = pv("BraggThetaRdbkAO", kind=Kind.hinted, primary=True)
    setpoint: SignalRW[float] = pv("BraggThetaAO")


class KohzuWavelength(_KohzuAxis):
    """In Å."""

    readback: SignalR[float] = pv("BraggLambdaRdbkAO", kind=Kind.hinted, primary=True)
    setpoint: SignalRW[float] = pv("BraggLambdaAO")


class KohzuMonochromator(Device):
    """A monochromator under synApps' sequence program ``kohzuSeq``; apstools' names."""

    moving: SignalR[bool] = pv("KohzuMoving", kind=Kind.omitted)
    move_button: SignalRW[bool] = pv("KohzuPutBO", kind=Kind.omitted)
    all_stop: SignalRW[bool] = pv("allstop", kind=Kind.omitted, completion=False)
    mode: SignalRW[str] = pv("KohzuModeBO", kind=Kind.config)
    y_offset: SignalRW[float] = pv("Kohzu_yOffsetAO", kind=Kind.config)
    message: SignalR[str] = pv("KohzuSeqMsg2SI", kind=Kind.config)

    energy: KohzuEnergy = sub("")
    theta: KohzuAngle = sub("", kind=Kind.normal)
    wavelength: KohzuWavelength = sub("", kind=Kind.normal)
