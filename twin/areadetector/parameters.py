"""Parameters: what asyn calls the parameter library of a port, and the records that serve it.

A template says which parameters there are: a table of rows. A setting ``X`` is served by an output record ``X`` that
asks for a value, and by an input record ``X_RBV`` that says what it is; a reading by ``X_RBV`` alone, and so on. The
values live here; records are made when somebody looks at them.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, cast

import numpy as np

from beamtwin.orchestration.status import Status
from beamtwin.twin.areadetector.record import parameter_record
from beamtwin.twin.areadetector.row import Row
from beamtwin.twin.database import Database
from beamtwin.twin.record import Record
from beamtwin.twin.records.value import OnPut, ValueRecord
from beamtwin.twin.records.waveform import TextRecord

__all__ = ["Parameters"]


class Parameters:
    """The parameters of one port, by name.

    Parameters
    ----------
    database : Database
        Takes the records in.
    prefix : str
        Before each name: ``XF:11IDB-ES{Det:Eig4M}cam1:``.
    table : mapping
        The rows, by name.
    """

    def __init__(self, database: Database, prefix: str, table: Mapping[str, Row]):
        self.database = database
        self.clock = database.clock
        self.prefix = prefix
        self._table = table
        self._began = self.clock.time()
        self._values: dict[str, Any] = {name: row.value for name, row in table.items()}
        self._asked: dict[str, Any] = {}
        self._times: dict[str, float] = {}
        self._reactions: dict[str, OnPut] = {}
        self._guards: dict[str, Callable[[Any], bool]] = {}
        self._actions: dict[str, Callable[[], str]] = {}
        self._inputs: dict[str, ValueRecord] = {}
        self._outputs: dict[str, ValueRecord] = {}
        database.extend(self._records())

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __setitem__(self, name: str, value: Any) -> None:
        values = self._values
        if values[name] == value:  # as asyn: what is set to what it is, is no news
            return
        values[name] = value
        self.tell(name)

    def tell(self, name: str) -> None:
        """Tell monitors what a parameter is now; of one that a client writes, before that has been done."""
        self._times[name] = self.clock.time()
        record = self._inputs.get(name)
        if record is not None:
            _show(record, self._values[name])

    def __contains__(self, name: str) -> bool:
        return name in self._table

    def post_array(self, name: str, make: Callable[[], np.ndarray]) -> None:
        """Give a parameter an array, which is news whatever is in it; it is made when somebody wants it."""
        self._values[name] = make
        self._times[name] = self.clock.time()
        record = self._inputs.get(name)
        if record is not None:
            record.post("VAL", make())

    def choice(self, name: str) -> str:
        """The state that a choice is in."""
        return self._table[name].states[self._values[name]]

    def choose(self, name: str, state: str) -> None:
        """Put a choice into a state."""
        self[name] = self._table[name].states.index(state)

    def asked(self, name: str) -> Any:
        """What clients have asked for last, which may not be what is."""
        return self._asked.get(name, self._table[name].value)

    def is_watched(self, name: str) -> bool:
        """Whether somebody has ever looked at the record that says what a parameter is."""
        return name in self._inputs

    def reset(self, name: str, value: Any) -> None:
        """Give a parameter a value in both its records, as asyn:READBACK does."""
        self._asked[name] = value
        record = self._outputs.get(name)
        if record is not None:
            _show(record, value)
        self[name] = value

    def begin_with(self, values: Mapping[str, Any]) -> None:
        """Let parameters have other values than the table's: text for choices.

        Raises
        ------
        KeyError
            Where there is no such parameter.
        """
        for name, value in values.items():
            states = self._table[name].states
            self.reset(name, states.index(value) if isinstance(value, str) and states else value)
            self._react(name, self._values[name])

    def on_put(self, name: str, reaction: OnPut) -> None:
        """What a client's writing of a parameter sets off; see `ValueRecord`."""
        self._reactions[name] = reaction

    def accept_if(self, name: str, condition: Callable[[Any], bool]) -> None:
        """Which values clients may give a parameter; asked for another, it stays as it is."""
        self._guards[name] = condition

    def while_at(self, name: str, action: Callable[[], str]) -> None:
        """What is under way that a parameter stands for: ``action()`` says it, or nothing; see `Record.under_way`."""
        self._actions[name] = action

    def set_alarm(self, name: str, severity: int, status: int = 0) -> None:
        """Let the record that says what a parameter is be in alarm; see `Record.set_alarm`."""
        suffix = self._table[name].access.input_suffix or ""
        record = cast(ValueRecord, self.database.records[self.prefix + name + suffix])
        if severity or name in self._inputs:
            record.values  # noqa: B018 - which makes it
            record.set_alarm(severity, status)

    # --- for the records -----------------------------------------------------------------------

    def make(self, record: ValueRecord, name: str, is_output: bool) -> None:
        """Make a record what the table says; see `beamtwin.twin.areadetector.record`."""
        row = self._table[name]
        fields: dict[str, Any] = {**row.fields}
        if is_output:
            fields |= {"on_put": partial(self._put, name)}
        else:
            fields |= row.input_fields
        kind: Any = row.output if is_output else row.input
        kind.__init__(record, self.clock, record.name, **fields)
        held = self._held(name, is_output)
        _show(record, held() if callable(held) else held)
        record.timestamp = self._times.get(name, self._began)
        (self._outputs if is_output else self._inputs)[name] = record

    def state(self, name: str, is_output: bool) -> dict[str, Any]:
        """What a record's snapshot holds: its value, where that is not the table's; no arrays."""
        value = self._held(name, is_output)
        row = self._table[name]
        return {} if row.is_array or value == row.value else {"VAL": value}

    def restore(self, name: str, is_output: bool, state: Mapping[str, Any]) -> None:
        """Undo what has happened since a snapshot."""
        row = self._table[name]
        if row.is_array:
            return
        value = state.get("VAL", row.value)
        if not is_output:
            self[name] = value
            return
        self._asked[name] = value
        record = self._outputs.get(name)
        if record is not None:
            _show(record, value)

    def is_busy(self, name: str) -> bool:
        """Whether a parameter is written by a busy record."""
        return self._table[name].is_busy

    def under_way(self, name: str) -> str:
        """What is under way; see `while_at`."""
        return self._actions[name]() if name in self._actions else ""

    def _held(self, name: str, is_output: bool) -> Any:
        return self.asked(name) if is_output else self._values[name]

    def _put(self, name: str, value: Any) -> Status | None:
        row = self._table[name]
        value = _text(value) if row.is_text else value
        self._asked[name] = value
        guard = self._guards.get(name)
        if not row.access.follows or (guard is not None and not guard(value)):
            return None
        if row.is_array:
            self.post_array(name, lambda: value)
            return self._react(name, value)
        changed = self._values[name] != value
        self._values[name] = value
        status = self._react(name, value)
        if changed:  # as asyn: what is done comes first, then the news
            self.tell(name)
        return status

    def _react(self, name: str, value: Any) -> Status | None:
        reaction = self._reactions.get(name)
        return None if reaction is None else reaction(value)

    def _records(self) -> Iterator[Record]:
        for name, row in self._table.items():
            access, pv = row.access, self.prefix + name
            if access.has_output:
                yield parameter_record(row.output)(self, name, pv, True)
            if (suffix := access.input_suffix) is not None:
                yield parameter_record(row.input)(self, name, pv + suffix, False)


def _show(record: ValueRecord, value: Any) -> None:
    """Let a record hold a parameter's value."""
    if value is None:  # an array that there is not yet
        return
    if isinstance(record, TextRecord) and isinstance(value, str):
        record.say(value)
    else:
        record.post("VAL", value)


def _text(value: Any) -> str:
    """What a client has written into a waveform of bytes."""
    if isinstance(value, str):
        return value
    return value.tobytes().partition(b"\0")[0].decode(errors="replace")
