"""Leaves: plain records for signals of which nothing more is known than the declared type."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from beamtwin.hardware.conversion import choices_of
from beamtwin.hardware.signals import Signal, SignalW
from beamtwin.orchestration.errors import DeclarationError
from beamtwin.twin.database import Database
from beamtwin.twin.record import Field, Record, integer, menu, real, string
from beamtwin.twin.records import (
    AiRecord,
    AoRecord,
    BiRecord,
    BoRecord,
    LonginRecord,
    LongoutRecord,
    MbbiRecord,
    MbboRecord,
    StringinRecord,
    StringoutRecord,
    WaveformRecord,
)
from beamtwin.twin.records.value import ValueRecord

__all__ = ["CHOICES", "add_leaf"]

#: The key, in a text's settings, that makes an enum of it: its strings.
CHOICES = "choices"

#: The states of a flag about which nothing is said.
STATES = ("Off", "On")


class Leaf(NamedTuple):
    """What serves a type: the record that is written, the one that is read, and what they begin with."""

    output: Callable[..., ValueRecord]
    input: Callable[..., ValueRecord]
    fields: Mapping[str, Any]
    as_field: Callable[[], Field] | None
    """Of another record; None where it cannot be one."""


_ARRAY = Leaf(WaveformRecord, WaveformRecord, {"count": 1024}, None)
_REAL = Leaf(AoRecord, AiRecord, {"PREC": 4}, real)
_WHOLE = Leaf(LongoutRecord, LonginRecord, {}, integer)
_TEXT = Leaf(StringoutRecord, StringinRecord, {}, string)
_FLAG = Leaf(
    BoRecord, BiRecord, dict(zip(("ZNAM", "ONAM"), STATES, strict=True)), lambda: menu(*STATES)
)
_CHOICE = Leaf(MbboRecord, MbbiRecord, {}, None)

LEAVES: Mapping[type, Leaf] = {
    float: _REAL,
    int: _WHOLE,
    bool: _FLAG,
    str: _TEXT,
    np.ndarray: _ARRAY,
    list: _ARRAY,
}


def add_leaf(database: Database, signal: Signal[Any], settings: Mapping[str, Any]) -> None:
    """Add what is missing of a signal's one or two records.

    Where there are two, what is written to the one is what the other reads.

    Parameters
    ----------
    settings : mapping
        Fields of the records; ``choices`` makes an enum of a text.
    """
    if signal.transport is not database:
        return  # it has no PV
    leaf, fields = _leaf(signal, settings)
    writable = isinstance(signal, SignalW)
    made = [
        _add(database, channel.name, leaf, fields, writable and channel is signal.channel)
        for channel in signal.channels
    ]
    if len(made) == 2 and isinstance(made[0], ValueRecord) and isinstance(made[1], ValueRecord):
        made[0].on_put = _follower(made[1])


def _leaf(signal: Signal[Any], settings: Mapping[str, Any]) -> tuple[Leaf, dict[str, Any]]:
    fields = dict(settings)
    choices = fields.pop(CHOICES, None) or choices_of(signal.datatype)
    if choices:
        fields["states"] = choices
        return _CHOICE, fields
    datatype = signal.datatype
    if datatype not in LEAVES:  # whatever the server says it is
        datatype = type(fields.get("VAL", 0.0))
    leaf = LEAVES.get(datatype, _REAL)
    return leaf, {**leaf.fields, **fields}


def _add(
    database: Database, pv: str, leaf: Leaf, fields: Mapping[str, Any], writable: bool
) -> Record | None:
    """The record that is new, if it is."""
    name, _, field = pv.removesuffix(".VAL").rpartition(".")
    if name:
        _add_field(database, name, field, leaf, fields)
        return None
    if field in database.records:
        return None
    make = leaf.output if writable else leaf.input
    return database.add(make(database.clock, field, **fields))


def _add_field(
    database: Database, name: str, field: str, leaf: Leaf, fields: Mapping[str, Any]
) -> None:
    """Have a record with one more field: a client names records of types that the twin does not know."""
    record = database.records.get(name)
    if record is None:
        record = database.add(AiRecord(database.clock, name))
    if field in record.fields:
        return
    if leaf.as_field is None:
        raise DeclarationError(
            f"{name}.{field}: there is no plain field of this type; add its record"
        )
    spec = leaf.as_field()
    record.fields = {**record.fields, field: spec}
    record.values[field] = record.convert(field, fields.get("VAL", spec.default))


def _follower(readback: ValueRecord) -> Callable[[Any], None]:
    return lambda value: readback.post("VAL", value)
