"""motor: the EPICS motor record, and the axis behind it."""

from beamtwin.twin.records.motor.axis import IDLE_PERIOD_S, UPDATE_PERIOD_S, Axis
from beamtwin.twin.records.motor.mechanics import Drift, Encoder, Mechanics, Noise, Vibration
from beamtwin.twin.records.motor.motion import Motion, Ramp
from beamtwin.twin.records.motor.record import MotorRecord

__all__ = [
    "IDLE_PERIOD_S",
    "UPDATE_PERIOD_S",
    "Axis",
    "Drift",
    "Encoder",
    "Mechanics",
    "Motion",
    "MotorRecord",
    "Noise",
    "Ramp",
    "Vibration",
]
