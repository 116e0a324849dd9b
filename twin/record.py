"""Record: an EPICS record in virtual time, with its fields, alarms, monitors and put-completion.

A record type is a table of `Field`, and a table of what happens when one of them is written; what happens when it is
processed is in `beamtwin.twin.processing`. Records live on one timeline, and in one thread.
"""

import base64
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from beamtwin.orchestration.errors import AccessError, PutError
from beamtwin.orchestration.status import Status
from beamtwin.twin.clock import SimClock
from beamtwin.twin.described import Described, similar
from beamtwin.twin.field import LINKS, Field, integer, menu, real, short, string, unsigned
from beamtwin.twin.link import Link, Surroundings
from beamtwin.twin.link_text import Constant, parse_link
from beamtwin.twin.menus import STATUSES
from beamtwin.twin.monitored import ALARM, LOG, NEWS, PROPERTY, VALUE

__all__ = [
    "ALARM",
    "LOG",
    "NEWS",
    "PROPERTY",
    "STATUSES",
    "VALUE",
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

UDF = STATUSES.index("UDF")

#: Fields that say when a record is scanned.
SCANNED = frozenset(("SCAN", "PHAS", "EVNT"))

#: Fields that a snapshot leaves alone.
IDENTITY = frozenset(("NAME", "RTYP"))

#: What happens on a write: the record, the field, the value (converted, not yet stored).
Write = Callable[[Any, str, Any], "Status | None"]


class Record(Described):
    """One record of a twin's database.

    Parameters
    ----------
    clock : SimClock
        Whose timeline it lives on.
    name : str
        The PV's name: ``XF:11IDB-OP{Slt:2-Ax:HGap}Mtr``.
    **field_values
        What fields begin with, where that is not the type's default; read-only ones too.

    Attributes
    ----------
    links : dict
        The links that lead somewhere, by field.
    database : Surroundings or None
        Where it is.
    quiet : bool
        Whether what monitors hear just now is no change, but a snapshot that is restored.
    is_waiting : bool
        Whether its processing goes on later.
    """

    #: Fields whose writing does more than store a value.
    writes: Mapping[str, Write] = {}
    #: Links that, where they are constant, say what a field begins with.
    constants: Mapping[str, str] = {}

    #: Of records from a file: whether they are undefined until they are processed; the field, if any, that says what
    #: their elements are; whether they call functions.
    is_undefined_at_first = False
    array_type: str | None = None
    takes_functions = False

    database: Surroundings | None = None
    #: Whether there is something to do once it is in a database: see `start`.
    needs_start = False
    quiet = False
    is_waiting = False

    def __init__(self, clock: SimClock, name: str, **field_values: Any):
        super().__init__(clock, name)
        self.links: dict[str, Link] = {}
        for field, value in field_values.items():
            self.field(field)
            self.values[field] = self.convert(field, value)
        if self.values["STAT"] == UDF and self.values["UDF"]:
            self.values["SEVR"] = self.values["UDFS"]
        for field in field_values:
            self._prepare(field, is_new=True)

    # --- writing

    def put(self, field: str, value: Any) -> Status | None:
        """Write a field, as a client does that wants to know of the end.

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
        spec = self.fields.get(field) or self.field(field)
        if not spec.writable:
            raise AccessError(f"{self.name}.{field}: {value!r} refused: this field is read-only")
        if self.values["DISP"] and field != "DISP":
            raise PutError(f"{self.name}.{field}: {value!r} refused: DISP is not 0")
        return self.enter(field, self.convert(field, value))

    def send(self, field: str, value: Any) -> None:
        """Write a field and ask for no completion: such a put never waits behind others, as STOP must not."""
        self.put(field, value)

    def enter(self, field: str, value: Any) -> Status | None:
        """Take what a client has written, converted; see `put`."""
        return self.accept(field, value, self.is_processed_by(field))

    def accept(self, field: str, value: Any, process: bool) -> Status | None:
        """Take what a client or a link has written, converted; see `put`.

        Parameters
        ----------
        process : bool
            Whether the record is to be processed then.
        """
        write = self.writes.get(field)
        status = self.store(field, value) if write is None else write(self, field, value)
        return self.process() if process else status

    def store(self, field: str, value: Any) -> None:
        """Keep what a client has written to a field; its monitors hear of it, new or not."""
        self.values[field] = value
        self._prepare(field)
        self.notify(field, VALUE | LOG)
        if self.fields[field].prop:
            for name in tuple(self.monitors):
                self.notify(name, PROPERTY)

    def is_processed_by(self, field: str) -> bool:
        """Whether a client's write to a field has the record processed."""
        return self.fields[field].pp and (self.values["SCAN"] == 0 or field == "PROC")

    # --- processing

    def process(self) -> Status | None:
        """Process the record; types that do nothing then still process the record that FLNK names.

        Returns
        -------
        Status or None
            Done when the record, and all that it processes, have ended; None where they have.
        """
        return self.forward()

    def process_quietly(self) -> None:
        """Process the record where nobody is there to hear of what goes wrong."""
        self.process()

    def forward(self) -> Status | None:
        """Process the record that FLNK names; the status is done when that has ended."""
        link = self.links.get("FLNK")
        return None if link is None else link.forward()

    def afterwards(self, action: Callable[[], object]) -> None:
        """Do something when the processing under way has ended: at once where there is none."""
        action()

    def start(self) -> None:
        """Begin to be scanned, and to follow the fields that links with CP name: all records are there now."""
        for link in self.links.values():
            link.open()
        if self.database is not None:
            self.database.schedule(self)

    # --- snapshots

    @property
    def under_way(self) -> str:
        """What is being done, for messages; nothing at rest."""
        return "it is being processed" if self.values["PACT"] else ""

    def state(self) -> dict[str, Any]:
        """What a snapshot holds of a record at rest, as JSON can: what is not the type's default, and its time.

        Arrays are in base 64.
        """
        state: dict[str, Any] = {"TIME": self.timestamp}
        for name, field in self.fields.items():
            value = self.values[name]
            if field.is_array:
                value = base64.b64encode(value.tobytes()).decode()
            if name not in IDENTITY and value != ("" if field.is_array else field.default):
                state[name] = value
        return state

    def restore(self, state: Mapping[str, Any]) -> None:
        """Be as in a snapshot, and tell monitors; nothing else follows from what changes then.

        Parameters
        ----------
        state : mapping
            What `state` has returned.
        """
        values, changed = self.values, []
        for name, field in self.fields.items():
            if field.is_array:
                data = base64.b64decode(state.get(name, ""))
                values[name] = np.frombuffer(data, values[name].dtype)
            elif name not in IDENTITY and values[name] != (
                wanted := state.get(name, field.default)
            ):
                values[name] = wanted
                changed.append(name)
        self.timestamp = state.get("TIME", self.timestamp)
        self.quiet = True
        try:
            for field in changed:
                self._prepare(field)
            for field in tuple(self.monitors):
                self.notify(field)
        finally:
            self.quiet = False

    # --- details

    def configure(self) -> None:
        """Prepare what follows from the fields: called when one other than VAL has been set."""

    def _prepare(self, field: str, is_new: bool = False) -> None:
        if self.fields[field].dbf in LINKS:
            self._set_link(field, is_new)
        elif field in SCANNED or field == "PINI":
            self.needs_start = True
            if self.database is not None:
                self.database.schedule(self)
        if not is_new:
            self.configure()

    def _set_link(self, field: str, is_new: bool) -> None:
        old = self.links.pop(field, None)
        if old is not None:
            old.close()
        target = parse_link(self.values[field])
        if isinstance(target, Constant):
            if is_new and field in self.constants:
                self.begin_with(self.constants[field], target.value)
        elif target is not None:
            link = self.links[field] = Link(self, target)
            self.needs_start = True
            if self.database is not None:
                link.open()

    def begin_with(self, field: str, value: Any) -> None:
        """Have a field begin with what a constant link says."""
        self.values[field] = self.convert(field, value)
        if field == "VAL":
            self.values["UDF"] = 0

    def wait_for(self, status: Status | None) -> None:
        """Let the put under way end no sooner than this."""

    def __repr__(self) -> str:
        return f"<{self.record_type} record {self.name!r}>"
