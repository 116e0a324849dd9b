"""Electrometers: currents of diodes and of beam position monitors."""

from typing import Any

from beamtwin.hardware.channel import Transport
from beamtwin.hardware.device import Device, pv, sub
from beamtwin.hardware.sequence import Steps
from beamtwin.hardware.signals import Kind, SignalR, SignalRW
from beamtwin.orchestration.status import Status

__all__ = ["XBPM", "ElectrometerSums", "PointDetector", "QuadEM", "StatsMean"]

#: Seconds that a reading may take beyond its averaging time.
GRACE_S = 10.0


class PointDetector(Device):
    """A detector that is one number, always there: a gauge, a diode behind an amplifier, the ring's current."""

    value: SignalR[float] = pv("", kind=Kind.hinted, primary=True)


class XBPM(Device):
    """NSLS-II's beam position monitor with four electrodes; always there."""

    x: SignalR[float] = pv("Pos:X-I", kind=Kind.hinted)
    y: SignalR[float] = pv("Pos:Y-I", kind=Kind.hinted)
    total: SignalR[float] = pv("Ampl:CurrTotal-I", kind=Kind.hinted)
    a: SignalR[float] = pv("Ampl:ACurrAvg-I")
    b: SignalR[float] = pv("Ampl:BCurrAvg-I")
    c: SignalR[float] = pv("Ampl:CCurrAvg-I")
    d: SignalR[float] = pv("Ampl:DCurrAvg-I")


class StatsMean(Device):
    """The mean of one of a `QuadEM`'s quantities over its averaging time."""

    mean: SignalR[float] = pv("MeanValue_RBV", kind=Kind.hinted, primary=True)


class ElectrometerSums(Device):
    """An electrometer of which the sums alone matter: CHX's AH401B."""

    sum_x: StatsMean = sub("SumX:", kind=Kind.normal)
    sum_y: StatsMean = sub("SumY:", kind=Kind.normal)
    sum_all: StatsMean = sub("SumAll:")


class QuadEM(Device):
    """Four currents, and what a beam position monitor makes of them: the quadEM driver's PVs (TetrAMM, NSLS_EM, AH501).

    Staged, it takes single readings: `trigger` averages for ``averaging_time`` seconds. A driver that ran freely before
    does so again when it is unstaged.
    """

    averaging_time: SignalRW[float] = pv("AveragingTime", rbv=True, kind=Kind.config)
    values_per_read: SignalRW[int] = pv("ValuesPerRead", rbv=True, kind=Kind.config)
    range: SignalRW[str] = pv("Range", rbv=True, kind=Kind.config)
    geometry: SignalRW[str] = pv("Geometry", rbv=True, kind=Kind.config)
    acquire: SignalRW[bool] = pv("Acquire", kind=Kind.omitted)
    acquire_mode: SignalRW[str] = pv("AcquireMode", rbv=True, kind=Kind.config)

    current1: StatsMean = sub("Current1:")
    current2: StatsMean = sub("Current2:")
    current3: StatsMean = sub("Current3:")
    current4: StatsMean = sub("Current4:")
    sum_x: StatsMean = sub("SumX:", kind=Kind.normal)
    sum_y: StatsMean = sub("SumY:", kind=Kind.normal)
    sum_all: StatsMean = sub("SumAll:", kind=Kind.normal)
    pos_x: StatsMean = sub("PosX:", kind=Kind.normal)
    pos_y: StatsMean = sub("PosY:", kind=Kind.normal)

    def __init__(self, prefix: str, name: str, transport: Transport, *, parent: Any = None):
        super().__init__(prefix, name, transport, parent=parent)
        self._ran_freely = False
        self.stage_sigs[self.acquire_mode] = "Single"

    @property
    def count_time(self) -> SignalRW[float]:
        """Seconds to average for, as plans call it."""
        return self.averaging_time

    def stage_steps(self) -> Steps:
        """Stop, and then take single readings."""
        self._ran_freely = self.acquire.get()
        if self._ran_freely:
            self.acquire.send(False)
            yield self.acquire.when(lambda running: not running, GRACE_S)
        yield from super().stage_steps()

    def unstage_steps(self) -> Steps:
        """As it was; a free run is begun without waiting for its end, which never comes."""
        yield from super().unstage_steps()
        if self._ran_freely:
            self._ran_freely = False
            self.acquire.send(True)

    def trigger(self) -> Status:
        """Take one reading."""
        return self.acquire.set(True, timeout=self.averaging_time.get() + GRACE_S)

    def stop(self, *, success: bool = False) -> None:
        """End the reading under way."""
        self.acquire.send(False)
