"""Shutters: personnel protection's, and fast ones."""

from typing import Any

from beamtwin.hardware.device import pv
from beamtwin.hardware.sequence import Steps
from beamtwin.hardware.signals import Kind, SignalR, SignalRW
from beamtwin.hardware.two_state import EPSTwoState, TwoState
from beamtwin.orchestration.status import Status

__all__ = ["DigitalOutputShutter", "EPSShutter", "FastShutter", "FourPVShutter", "TwoPVShutter"]


class TwoPVShutter(TwoState):
    """A shutter with one PV to write and one to read; subclasses declare ``command_signal`` and ``status_signal``."""

    command_signal: SignalRW[bool]
    status_signal: SignalR[bool]
    #: What is written, and read, where it is open.
    open_value: Any = True

    @property
    def is_open(self) -> bool:
        """Whether it is."""
        return self.status_signal.get() == self.open_value

    def command(self, wanted: bool) -> Status:
        """Write the level."""
        return self.command_signal.put(self._level(wanted))

    def arrival(self, wanted: bool) -> Steps:
        """Wait for the level."""
        yield self.limited(self.status_signal, self._level(wanted))

    def _level(self, wanted: bool) -> bool:
        return self.open_value if wanted else not self.open_value


class FastShutter(TwoPVShutter):
    """A fast shutter that a Zebra's first soft input drives, and its first output tells of: CHX's."""

    command_signal: SignalRW[bool] = pv("SOFT_IN:B0", kind=Kind.omitted)
    status_signal: SignalR[bool] = pv("OUT1_TTL:STA", kind=Kind.hinted, primary=True)

    timeout_s = 2.0


class DigitalOutputShutter(TwoPVShutter):
    """A shutter on a digital output with NSLS-II's names: ``XF:11IDB-ES{Pel-IO:1}DO:8``."""

    command_signal: SignalRW[bool] = pv("-Cmd", kind=Kind.omitted)
    status_signal: SignalR[bool] = pv("-Sts", kind=Kind.hinted, primary=True)


class FourPVShutter(TwoState):
    """A shutter of personnel protection with a command and a status each way: CHX's front-end and photon shutters."""

    open_command: SignalRW[bool] = pv("Cmd:Opn-Cmd", kind=Kind.omitted)
    open_status: SignalR[bool] = pv("Cmd:Opn-Sts", kind=Kind.hinted, primary=True)
    close_command: SignalRW[bool] = pv("Cmd:Cls-Cmd", kind=Kind.omitted)
    close_status: SignalR[bool] = pv("Cmd:Cls-Sts")

    @property
    def is_open(self) -> bool | None:
        """Whether it is; None where the two status PVs do not contradict each other as they should."""
        opened, closed = self.open_status.get(), self.close_status.get()
        return opened if opened is not closed else None

    def command(self, wanted: bool) -> Status:
        """Press the button."""
        return (self.open_command if wanted else self.close_command).put(True)

    def arrival(self, wanted: bool) -> Steps:
        """Wait for both status PVs."""
        yield self.limited(self.open_status, wanted)
        yield self.limited(self.close_status, not wanted)


class EPSShutter(EPSTwoState):
    """A photon shutter of equipment protection: nslsii's ``TwoButtonShutter``."""
