"""motor: the EPICS motor record, and the axis behind it."""

from beamtwin.twin.records.motor.axis import UPDATE_PERIOD_S, Axis
from beamtwin.twin.records.motor.motion import Motion, Ramp
from beamtwin.twin.records.motor.record import MotorRecord

__all__ = ["UPDATE_PERIOD_S", "Axis", "Motion", "MotorRecord", "Ramp"]
