"""EPICS record types, one family a module."""

from collections.abc import Mapping
from typing import Any

from beamtwin.twin.records.analog import AiRecord, AoRecord
from beamtwin.twin.records.asub import AsubRecord
from beamtwin.twin.records.binary import BiRecord, BoRecord
from beamtwin.twin.records.busy import BusyRecord
from beamtwin.twin.records.calculated import CalcoutRecord, CalcRecord, SubRecord
from beamtwin.twin.records.direct import MbbiDirectRecord, MbboDirectRecord
from beamtwin.twin.records.integer import LonginRecord, LongoutRecord
from beamtwin.twin.records.motor import MotorRecord
from beamtwin.twin.records.multibit import MbbiRecord, MbboRecord
from beamtwin.twin.records.scaler import ScalerRecord
from beamtwin.twin.records.selection import (
    DfanoutRecord,
    EventRecord,
    FanoutRecord,
    SelRecord,
    SeqRecord,
)
from beamtwin.twin.records.string import LsiRecord, LsoRecord, StringinRecord, StringoutRecord
from beamtwin.twin.records.transform import TransformRecord
from beamtwin.twin.records.waveform import AaiRecord, AaoRecord, TextRecord, WaveformRecord

__all__ = [
    "RECORD_TYPES",
    "AaiRecord",
    "AaoRecord",
    "AiRecord",
    "AoRecord",
    "AsubRecord",
    "BiRecord",
    "BoRecord",
    "BusyRecord",
    "CalcRecord",
    "CalcoutRecord",
    "DfanoutRecord",
    "EventRecord",
    "FanoutRecord",
    "LonginRecord",
    "LongoutRecord",
    "LsiRecord",
    "LsoRecord",
    "MbbiDirectRecord",
    "MbbiRecord",
    "MbboDirectRecord",
    "MbboRecord",
    "MotorRecord",
    "ScalerRecord",
    "SelRecord",
    "SeqRecord",
    "StringinRecord",
    "StringoutRecord",
    "SubRecord",
    "TextRecord",
    "TransformRecord",
    "WaveformRecord",
]

#: The record types, by EPICS's names.
RECORD_TYPES: Mapping[str, Any] = {
    kind.record_type: kind
    for kind in (
        *(AaiRecord, AaoRecord, AiRecord, AoRecord, AsubRecord, BiRecord, BoRecord, BusyRecord),
        *(CalcRecord, CalcoutRecord, DfanoutRecord, EventRecord, FanoutRecord),
        *(LonginRecord, LongoutRecord, LsiRecord, LsoRecord, MbbiDirectRecord, MbbiRecord),
        *(MbboDirectRecord, MbboRecord, MotorRecord, ScalerRecord, SelRecord, SeqRecord),
        *(StringinRecord, StringoutRecord, SubRecord, TransformRecord, WaveformRecord),
    )
}
