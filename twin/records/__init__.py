"""EPICS record types, one family a module."""

from beamtwin.twin.records.analog import AiRecord, AoRecord
from beamtwin.twin.records.binary import BiRecord, BoRecord
from beamtwin.twin.records.integer import LonginRecord, LongoutRecord
from beamtwin.twin.records.motor import MotorRecord
from beamtwin.twin.records.multibit import MbbiRecord, MbboRecord
from beamtwin.twin.records.scaler import ScalerRecord
from beamtwin.twin.records.string import StringinRecord, StringoutRecord
from beamtwin.twin.records.waveform import TextRecord, WaveformRecord

__all__ = [
    "AiRecord",
    "AoRecord",
    "BiRecord",
    "BoRecord",
    "LonginRecord",
    "LongoutRecord",
    "MbbiRecord",
    "MbboRecord",
    "MotorRecord",
    "ScalerRecord",
    "StringinRecord",
    "StringoutRecord",
    "TextRecord",
    "WaveformRecord",
]
