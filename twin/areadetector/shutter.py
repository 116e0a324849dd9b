"""Shutter: ADDriver's, of cameras that open one for each exposure."""

from collections.abc import Generator
from typing import Any

import simpy

from beamtwin.twin.areadetector.port import Port

__all__ = ["Shutter"]


class Shutter:
    """ShutterMode, ShutterControl and what follows from them.

    In the mode ``EPICS PV`` it tells ShutterControlEPICS, and waits for ShutterOpenDelay and ShutterCloseDelay; in
    ``Detector output`` only ShutterStatus follows; in ``None`` nothing.

    Parameters
    ----------
    port : Port
        The camera's.
    """

    def __init__(self, port: Port):
        self._port = port
        port.on_put("ShutterControl", self._control)

    def set(self, is_open: int) -> Generator[simpy.Event, Any, None]:
        """Open or close it, and wait until it is so."""
        mode = self._port["ShutterMode"]
        if not mode:
            return
        self._control(is_open)
        delay_s = self._port["ShutterOpenDelay" if is_open else "ShutterCloseDelay"]
        if mode == 1 and delay_s > 0:
            yield self._port.clock.env.timeout(delay_s)

    def _control(self, is_open: int) -> None:
        port = self._port
        mode = port.choice("ShutterMode")
        if mode == "EPICS PV":
            port["ShutterControlEPICS"] = is_open
            port["ShutterStatusEPICS"] = is_open
        elif mode == "Detector output":
            port["ShutterStatus"] = is_open
