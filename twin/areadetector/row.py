"""Rows: what a template says of one parameter, and by which records it is served."""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, NamedTuple

from beamtwin.hardware.channel import SEVERITIES
from beamtwin.twin.records.analog import AiRecord, AoRecord
from beamtwin.twin.records.binary import BiRecord, BoRecord
from beamtwin.twin.records.integer import LonginRecord, LongoutRecord
from beamtwin.twin.records.multibit import MbbiRecord, MbboRecord
from beamtwin.twin.records.string import StringinRecord, StringoutRecord
from beamtwin.twin.records.value import ValueRecord
from beamtwin.twin.records.waveform import TextRecord, WaveformRecord

__all__ = [
    "Access",
    "Row",
    "array",
    "busy",
    "choice",
    "commands",
    "fixed",
    "flag",
    "outputs",
    "path",
    "plain",
    "readings",
    "real",
    "settings",
    "text",
    "whole",
    "with_values",
]


class Access(Enum):
    """By which records a parameter ``X`` is served: has an output ``X``, follows it, has an input ``X`` + suffix."""

    SETTING = (True, True, "_RBV")
    FIXED = (True, False, "_RBV")
    """``X`` asks in vain: the hardware has no such thing."""
    COMMAND = (True, True, None)
    READING = (False, False, "_RBV")
    PLAIN = (False, False, "")
    """An input record without a suffix."""

    @property
    def has_output(self) -> bool:
        """Whether there is a record to write to."""
        return self.value[0]

    @property
    def follows(self) -> bool:
        """Whether the parameter becomes what is written."""
        return self.value[1]

    @property
    def input_suffix(self) -> str | None:
        """What follows the name in the input record's; None where there is no such record."""
        return self.value[2]


class Row(NamedTuple):
    """One parameter."""

    output: Callable[..., ValueRecord]
    input: Callable[..., ValueRecord]
    value: Any
    """What it begins with; None for arrays."""
    fields: Mapping[str, Any]
    """Of both records."""
    input_fields: Mapping[str, Any] = {}
    states: tuple[str, ...] = ()
    is_busy: bool = False
    """Whether a put waits for the end of one before, as with busy records."""
    access: Access = Access.SETTING

    @property
    def is_text(self) -> bool:
        """Whether it is text in a waveform of bytes."""
        return self.output is TextRecord

    @property
    def is_array(self) -> bool:
        """Whether it is an array of numbers."""
        return self.output is WaveformRecord


def real(value: float = 0.0, **fields: Any) -> Row:
    """A real number (ao, ai)."""
    return Row(AoRecord, AiRecord, value, {"PREC": 3, **fields})


def whole(value: int = 0, **fields: Any) -> Row:
    """A whole number (longout, longin)."""
    return Row(LongoutRecord, LonginRecord, value, fields)


def flag(off: str = "No", on: str = "Yes", value: int = 0, **input_fields: Any) -> Row:
    """One of two states (bo, bi); an ``ONAM`` among the fields is the input's own word for on."""
    fields = {"ZNAM": off, "ONAM": on}
    return Row(BoRecord, BiRecord, value, fields, input_fields, (off, on))


def busy(off: str, on: str, on_now: str) -> Row:
    """Something to be done, and whether it is being done (busy, bi)."""
    minor = SEVERITIES.index("MINOR")
    return flag(off, on, ONAM=on_now, OSV=minor)._replace(output=_Busy, is_busy=True)


class _Busy(BoRecord):
    """It says what it is; what busy records do is `parameter_record`'s."""

    record_type = "busy"


def choice(*states: str, value: int = 0, **input_fields: Any) -> Row:
    """One of several states (mbbo, mbbi)."""
    return Row(MbboRecord, MbbiRecord, value, {"states": states}, input_fields, states)


def text(value: str = "") -> Row:
    """Short text (stringout, stringin)."""
    return Row(StringoutRecord, StringinRecord, value, {})


def path(value: str = "", count: int = 256) -> Row:
    """Long text (waveforms of bytes)."""
    return Row(TextRecord, TextRecord, value, {"count": count})


def array(dtype: str, count: int) -> Row:
    """Numbers (waveforms)."""
    return Row(WaveformRecord, WaveformRecord, None, {"dtype": dtype, "count": count})


def _all(access: Access, rows: Mapping[str, Row]) -> dict[str, Row]:
    return {name: row._replace(access=access) for name, row in rows.items()}


def settings(**rows: Row) -> dict[str, Row]:
    """``X``, and ``X_RBV``, which follows it."""
    return _all(Access.SETTING, rows)


def fixed(**rows: Row) -> dict[str, Row]:
    """``X``, which asks in vain, and ``X_RBV``."""
    return _all(Access.FIXED, rows)


def commands(**rows: Row) -> dict[str, Row]:
    """``X`` alone, to be written."""
    return _all(Access.COMMAND, rows)


def readings(**rows: Row) -> dict[str, Row]:
    """``X_RBV`` alone."""
    return _all(Access.READING, rows)


def plain(**rows: Row) -> dict[str, Row]:
    """``X`` alone, to be read."""
    return _all(Access.PLAIN, rows)


def outputs(table: Mapping[str, Row], *names: str) -> dict[str, Row]:
    """Readings that can be written too, which changes nothing: ADCore has them to reset plots."""
    return {name: table[name]._replace(access=Access.SETTING) for name in names}


def with_values(table: Mapping[str, Row], values: Mapping[str, Any]) -> dict[str, Row]:
    """A table whose parameters begin with other values."""
    return {**table, **{name: table[name]._replace(value=value) for name, value in values.items()}}
