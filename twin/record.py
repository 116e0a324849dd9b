"""Record: an EPICS record in virtual time, with its fields, alarms, monitors and put-completion.

A record type is a table of `Field`, and a table of what happens when one of them is written.
Records live on one timeline, and in one thread.
"""

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from beamtwin.hardware.channel import SEVERITIES, Metadata, Reading
from beamtwin.orchestration.errors import NotConnectedError, PutError
from beamtwin.orchestration.status import Status
from beamtwin.twin.clock import SimClock
from beamtwin.twin.field import Field, convert, integer, menu, real, short, string, unsigned

__all__ = [
    "STATUSES",
    "Field",
    "Record",
    "Write",
    "integer",
    "menu",
    "real",
    "short",
    "similar",
    "string",
    "unsigned",
]

#: EPICS alarm statuses (``menuAlarmStat``), by number.
STATUSES = (
    *("NO_ALARM", "READ", "WRITE", "HIHI", "HIGH", "LOLO", "LOW", "STATE", "COS", "COMM"),
    *("TIMEOUT", "HWLIMIT", "CALC", "SCAN", "LINK", "SOFT", "BAD_SUB", "UDF", "DISABLE"),
    *("SIMM", "READ_ACCESS", "WRITE_ACCESS"),
)

Callback = Callable[[Reading], object]


#: What happens on a write: the record, the field, the value (converted, not yet stored).
Write = Callable[[Any, str, Any], "Status | None"]


class Record:
    """One record of a twin's database.

    Parameters
    ----------
    clock : SimClock
        Whose timeline it lives on.
    name : str
        The PV's name: ``XF:11IDB-OP{Slt:2-Ax:HGap}Mtr``.
    **field_values
        What fields begin with, where that is not the type's default; read-only ones too.
    """

    record_type = ""
    fields: Mapping[str, Field] = {
        "NAME": string(writable=False),
        "RTYP": string(writable=False),
        "DESC": string(),
        "SEVR": menu(*SEVERITIES, writable=False),
        "STAT": menu(*STATUSES, writable=False),
        "UDF": short(writable=False),
    }
    #: Fields whose writing does more than store a value.
    writes: Mapping[str, Write] = {}
    #: Fields whose monitors are called when the alarm changes.
    alarmed: tuple[str, ...] = ("VAL", "SEVR", "STAT")

    def __init__(self, clock: SimClock, name: str, **field_values: Any):
        self.clock = clock
        self.name = name
        self.timestamp = clock.time()
        self.monitors: dict[str, tuple[Callback, ...]] = {}
        self.values: dict[str, Any] = {key: field.default for key, field in self.fields.items()}
        self.values |= {"NAME": name, "RTYP": self.record_type}
        for field, value in field_values.items():
            self.field(field)
            self.values[field] = self.convert(field, value)

    def read(self, field: str = "VAL") -> Reading:
        """What a field holds now.

        Raises
        ------
        NotConnectedError
            Where the record has no such field.
        """
        values = self.values
        try:
            value = values[field]
        except KeyError:
            raise self._unknown(field) from None
        return Reading(value, self.timestamp, values["SEVR"], values["STAT"])

    def put(self, field: str, value: Any) -> Status | None:
        """Write a field, as a client does.

        Parameters
        ----------
        value
            A number; text for strings; an index or a choice for enums; an array.

        Returns
        -------
        Status or None
            Done when the record has done what the value asks of it; None where that is so already.

        Raises
        ------
        PutError
            Where the field cannot be written, or not with this value.
        """
        if not (self.fields.get(field) or self.field(field)).writable:
            raise PutError(f"{self.name}.{field}: {value!r} refused: this field is read-only")
        converted = self.convert(field, value)
        write = self.writes.get(field)
        return self.post(field, converted) if write is None else write(self, field, converted)

    def post(self, field: str, value: Any) -> None:
        """Store the record's own new value, and tell it to whoever monitors the field."""
        values = self.values
        if values[field] != value:
            values[field] = value
            self.timestamp = self.clock.time()
            if field in self.monitors:
                self.notify(field)

    def notify(self, field: str) -> None:
        """Call the monitors of a field, changed or not."""
        monitors = self.monitors.get(field)
        if monitors:
            values = self.values
            reading = Reading(values[field], self.timestamp, values["SEVR"], values["STAT"])
            for callback in monitors:
                callback(reading)

    def subscribe(self, field: str, callback: Callback) -> Callable[[], None]:
        """Monitor a field: ``callback(reading)`` now and on every change.

        Returns
        -------
        callable
            Ends that. Idempotent.
        """
        reading = self.read(field)
        monitors = self.monitors
        monitors[field] = (*monitors.get(field, ()), callback)
        active = True

        def unsubscribe() -> None:
            nonlocal active
            if active:
                active = False
                left = list(monitors[field])
                left.remove(callback)
                monitors[field] = tuple(left)
                if not left:
                    del monitors[field]

        callback(reading)
        return unsubscribe

    def metadata(self, field: str) -> Metadata:
        """What a field holds, in which unit, and within which limits."""
        spec = self.field(field)
        return Metadata(
            dtype=spec.dtype,
            count=spec.nelm,
            is_array=spec.is_array,
            units=spec.units.replace("EGU", self.values.get("EGU", "")),
            precision=self.values.get("PREC") if spec.dtype[1] == "f" else None,
            limits=self.limits(field),
            choices=self.choices(field),
            writable=spec.writable,
        )

    def field(self, name: str) -> Field:
        """The entry of a field in the type's table."""
        try:
            return self.fields[name]
        except KeyError:
            raise self._unknown(name) from None

    def choices(self, field: str) -> tuple[str, ...]:
        """An enum field's strings."""
        return self.field(field).choices

    def limits(self, field: str) -> tuple[float, float] | None:
        """Control limits of a field; None where there are none."""
        return None

    def set_alarm(self, severity: int, status: int = 0) -> None:
        """Let the record be in alarm, for a reason that its model knows.

        Parameters
        ----------
        severity, status
            Indices into `SEVERITIES` and `STATUSES`; 0 for none.
        """
        if self.raise_alarm(severity, status):
            self.timestamp = self.clock.time()
            for field in self.alarmed:
                self.notify(field)

    def raise_alarm(self, severity: int, status: int) -> bool:
        """Store an alarm without a word to anybody; whether it is another than before."""
        values = self.values
        if values["SEVR"] == severity and values["STAT"] == status:
            return False
        values["SEVR"] = severity
        values["STAT"] = status
        return True

    def convert(self, field: str, value: Any) -> Any:
        """A client's value as the field holds it.

        Raises
        ------
        PutError
            Where it cannot: naming the PV, the value, and what is allowed.
        """
        dtype = self.fields[field].dtype
        try:
            return convert(value, dtype, self.choices(field) if dtype == "enum" else ())
        except (TypeError, ValueError, OverflowError) as error:
            raise PutError(f"{self.name}.{field}: {value!r} refused: {error}") from error

    def _unknown(self, field: str) -> NotConnectedError:
        return NotConnectedError(
            f"{self.name}.{field}: the {self.record_type} record has no field {field}"
            + similar(field, self.fields)
        )

    def __repr__(self) -> str:
        return f"<{self.record_type} record {self.name!r}>"


def similar(name: str, known: Iterable[str]) -> str:
    """The end of a message about a name that is unknown: what may have been meant."""
    matches = difflib.get_close_matches(name, known, n=3)
    return f"; did you mean {' or '.join(matches)}?" if matches else ""
