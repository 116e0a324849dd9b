"""Encoder: what a motor's controller reads, as fields of the record."""

from beamtwin.twin.record import STATUSES, Record
from beamtwin.twin.records.motor.axis import Axis
from beamtwin.twin.records.motor.fields import status_word
from beamtwin.twin.records.motor.plan import whole_steps
from beamtwin.twin.records.motor.setup import user_of

__all__ = ["Encoder"]


class Encoder:
    """The dial, the switches and the status of an axis.

    Attributes
    ----------
    shift : float
        What SET has added to the dial: dial = position + shift. The stage itself has not moved.
    """

    def __init__(self, motor: Record, axis: Axis):
        self.shift = 0.0
        self._motor = motor
        self._axis = axis
        self._switches = (False, False, False)

    def position_of(self, dial: float) -> float:
        """Where the axis is when the dial is as near as its steps let it be."""
        return whole_steps(self._motor.values, dial) - self.shift

    def report(self, position: float) -> None:
        """Post what dial and switches say of a position."""
        motor, axis, values = self._motor, self._axis, self._motor.values
        dial = whole_steps(values, position + self.shift)
        motor.post("DRBV", dial)
        motor.post("RBV", user_of(motor, dial))
        at_home = abs(position - axis.home) < 0.5 * values["MRES"]
        switches = (position <= axis.low, position >= axis.high, at_home)
        if switches != self._switches:
            self._switches = switches
            motor.post("LLS", int(switches[values["DIR"]]))
            motor.post("HLS", int(switches[1 - values["DIR"]]))
            motor.post("ATHM", int(at_home))

    def post_status(self) -> None:
        """Post MSTA, and the alarm of a switch where HLSV asks for one."""
        motor, values = self._motor, self._motor.values
        motor.post("MSTA", status_word(values))
        if values["HLSV"]:
            switch = "HIGH" if values["HLS"] else "LOW" if values["LLS"] else "NO_ALARM"
            status = STATUSES.index(switch)
            motor.set_alarm(values["HLSV"] if status else 0, status)
