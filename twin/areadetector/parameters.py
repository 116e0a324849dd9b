"""Parameters: the PVs of one areaDetector port, from tables.

As in asyn's parameter library, a parameter ``X`` is served by an output record ``X`` that asks for a value, and
by an input record ``X_RBV`` that says what it is.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from beamtwin.orchestration.status import Status
from beamtwin.twin.database import Database
from beamtwin.twin.records.analog import AiRecord, AoRecord
from beamtwin.twin.records.binary import BiRecord, BoRecord
from beamtwin.twin.records.integer import LonginRecord, LongoutRecord
from beamtwin.twin.records.multibit import MbbiRecord, MbboRecord
from beamtwin.twin.records.string import StringinRecord, StringoutRecord
from beamtwin.twin.records.value import OnPut, ValueRecord
from beamtwin.twin.records.waveform import TextRecord, WaveformRecord

__all__ = ["Parameters", "Row", "array", "choice", "flag", "path", "real", "text", "whole"]


class Row(NamedTuple):
    """One parameter: the records that serve it, and what they begin with."""

    output: Callable[..., ValueRecord]
    input: Callable[..., ValueRecord]
    fields: Mapping[str, Any]
    input_fields: Mapping[str, Any] = {}


def real(value: float = 0.0, **fields: Any) -> Row:
    """A real number (ao, ai)."""
    return Row(AoRecord, AiRecord, {"VAL": value, "PREC": 3, **fields})


def whole(value: int = 0) -> Row:
    """A whole number (longout, longin)."""
    return Row(LongoutRecord, LonginRecord, {"VAL": value})


def flag(off: str, on: str, value: int = 0, **input_fields: Any) -> Row:
    """One of two states (bo, bi)."""
    return Row(BoRecord, BiRecord, {"VAL": value, "ZNAM": off, "ONAM": on}, input_fields)


def choice(*states: str, value: int = 0, **input_fields: Any) -> Row:
    """One of several states (mbbo, mbbi)."""
    return Row(MbboRecord, MbbiRecord, {"VAL": value, "states": states}, input_fields)


def text(value: str = "") -> Row:
    """Short text (stringout, stringin)."""
    return Row(StringoutRecord, StringinRecord, {"VAL": value})


def path(value: str = "", count: int = 256) -> Row:
    """Long text (waveforms of bytes)."""
    return Row(TextRecord, TextRecord, {"VAL": value, "count": count})


def array(dtype: str, count: int) -> Row:
    """Numbers (waveforms)."""
    return Row(WaveformRecord, WaveformRecord, {"dtype": dtype, "count": count})


class Parameters:
    """The parameters of one port, by name.

    Parameters
    ----------
    database : Database
        Takes the records in.
    prefix : str
        Before each name: ``XF:11IDB-ES{Det:Eig4M}cam1:``.

    Attributes
    ----------
    readbacks : dict
        The record that says what a parameter is, by the parameter's name.
    """

    def __init__(self, database: Database, prefix: str):
        self.database = database
        self.prefix = prefix
        self.readbacks: dict[str, ValueRecord] = {}
        self._outputs: dict[str, ValueRecord] = {}
        self._reactions: dict[str, OnPut] = {}

    def settings(self, rows: Mapping[str, Row]) -> None:
        """Add ``X`` and ``X_RBV``, which follows it."""
        for name, row in rows.items():
            self._output(name, row, partial(self._follow, name))
            self._input(name, "_RBV", row)

    def fixed(self, rows: Mapping[str, Row]) -> None:
        """Add ``X``, which asks in vain, and ``X_RBV``: settings that this camera does not have."""
        for name, row in rows.items():
            self._output(name, row, None)
            self._input(name, "_RBV", row)

    def commands(self, rows: Mapping[str, Row]) -> None:
        """Add ``X`` alone, to be written."""
        for name, row in rows.items():
            self.readbacks[name] = self._output(name, row, partial(self._follow, name))

    def readings(self, rows: Mapping[str, Row], suffix: str = "_RBV") -> None:
        """Add ``X_RBV`` alone; or ``X``, with another suffix."""
        for name, row in rows.items():
            self._input(name, suffix, row)

    def __getitem__(self, name: str) -> Any:
        record = self.readbacks[name]
        return record.text if isinstance(record, TextRecord) else record.values["VAL"]

    def __setitem__(self, name: str, value: Any) -> None:
        record = self.readbacks[name]
        if isinstance(record, TextRecord) and isinstance(value, str):
            record.say(value)
        else:
            record.post("VAL", value)

    def reset(self, name: str, value: Any) -> None:
        """Give a parameter a value in both its records, as asyn:READBACK does."""
        self._outputs[name].post("VAL", value)
        self[name] = value

    def on_put(self, name: str, reaction: OnPut) -> None:
        """What a client's writing of a parameter sets off; see `ValueRecord`."""
        self._reactions[name] = reaction

    def _follow(self, name: str, value: Any) -> Status | None:
        self[name] = value
        reaction = self._reactions.get(name)
        return None if reaction is None else reaction(value)

    def _output(self, name: str, row: Row, on_put: OnPut | None) -> ValueRecord:
        record = row.output(self.database.clock, self.prefix + name, on_put=on_put, **row.fields)
        self._outputs[name] = record
        self.database.add(record)
        return record

    def _input(self, name: str, suffix: str, row: Row) -> None:
        full_name = self.prefix + name + suffix
        record = row.input(self.database.clock, full_name, **{**row.fields, **row.input_fields})
        self.readbacks[name] = record
        self.database.add(record)
