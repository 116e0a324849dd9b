"""Links: how records of a database read, write and process each other."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from beamtwin.hardware.channel import SEVERITIES, Reading
from beamtwin.orchestration.errors import BeamtwinError, NotConnectedError, PutError
from beamtwin.orchestration.status import Status
from beamtwin.twin.described import Described
from beamtwin.twin.field import Field
from beamtwin.twin.link_text import Target, number_of
from beamtwin.twin.menus import SCAN, STATUSES

if TYPE_CHECKING:
    from beamtwin.twin.record import Record

__all__ = ["INVALID", "Link", "Surroundings"]

LINK, INVALID = STATUSES.index("LINK"), SEVERITIES.index("INVALID")
PASSIVE = SCAN.index("Passive")

#: What goes wrong with a link: the record is not there, or the value is of no use.
FAULTS = (BeamtwinError, TypeError, ValueError, OverflowError)

#: How long a record takes to follow a change that it has caused itself, through a link with CP.
LATENCY_S = 1e-3

#: How many digits a number gets as text where the record does not say.
PRECISION = 6
LARGEST_PLAIN = 1e16


class Surroundings(Protocol):
    """What a record needs of the database that it is in."""

    def resolve(self, pv: str) -> "tuple[Record, str]":
        """The record and the field of a name; raises `NotConnectedError`."""
        ...

    def schedule(self, record: Any) -> None:
        """See to it that a record is scanned as its fields say."""
        ...

    def post_event(self, name: str) -> None:
        """Process the records that wait for an event."""
        ...

    def await_record(self, pv: str, callback: Callable[[], object]) -> None:
        """Call back when there is a record of this name."""
        ...


class Link:
    """One link of a record to a field of another.

    What it cannot do it tells as EPICS does: the record that it belongs to gets a LINK alarm.

    Parameters
    ----------
    owner : Record
    target : Target
    """

    def __init__(self, owner: Any, target: Target):
        self.owner = owner
        self.pv, self.mode, self.alarm = target
        self._found: tuple[Record, str] | None = None
        self._end: Callable[[], None] | None = None
        self._is_open = False
        self._is_following = False

    @property
    def found(self) -> "tuple[Record, str]":
        """The record and the field that it leads to; raises `NotConnectedError`."""
        if self._found is None:
            database: Surroundings | None = self.owner.database
            if database is None:
                raise NotConnectedError(f"{self.pv}: {self.owner.name} is in no database")
            self._found = database.resolve(self.pv.removesuffix("$").removesuffix(".TIME"))
        return self._found

    @property
    def is_connected(self) -> bool:
        """Whether there is such a record, with such a field."""
        try:
            return self.found is not None
        except NotConnectedError:
            return False

    def number(self) -> float | None:
        """What the field holds, as a number; None where that fails."""
        return self._get(_as_number)

    def text(self) -> str | None:
        """What the field holds, as text; None where that fails."""
        return self._get(_as_text)

    def array(self) -> Any:
        """What the field holds, as an array; None where that fails."""
        return self._get(_as_array)

    def time(self) -> float:
        """When the record that it leads to was processed last; by its owner's clock where there is none."""
        try:
            return self.found[0].timestamp
        except NotConnectedError:
            self._fail()
            return self.owner.clock.time()

    def described(self) -> dict[str, Any]:
        """What the field's own record says of it, as `Metadata` calls it: unit, precision, display and alarm limits."""
        record, field = self.found
        about = Described.metadata(record, field)  # which follows no links in turn
        return {
            "units": about.units,
            "precision": about.precision or 0,
            "display_limits": about.display_limits,
            "warning_limits": about.warning_limits,
            "alarm_limits": about.alarm_limits,
        }

    def put(self, value: Any) -> None:
        """Write to the field, and process its record if the link says so."""
        try:
            record, field = self.found
            spec = record.field(field)
            if not spec.writable:
                raise PutError(f"{record.name}.{field}: this field is read-only")
            converted = record.convert(field, _fit(value, spec, record))
        except FAULTS:
            self._fail()
            return
        self._pass_on_alarm(record)
        process = field == "PROC" or (self.mode == "PP" and record.values["SCAN"] == PASSIVE)
        if self.mode in ("CA", "CP", "CPP"):
            process = record.is_processed_by(field)
        try:
            self._write(record, field, converted, process)
        except FAULTS:
            self._fail()

    def _write(self, record: "Record", field: str, value: Any, process: bool) -> None:
        busy = record.values["PACT"]
        if process:
            self._hand_over(record)
        self.owner.wait_for(record.accept(field, value, process and not busy))
        if process and busy:
            record.process()  # which finds it busy, and counts that

    def forward(self) -> Status | None:
        """Process the record that it leads to, if that is Passive; the status is done when it has ended."""
        try:
            return self._process(self.found[0])
        except FAULTS:
            return None

    def open(self) -> None:
        """Have the owner processed at every change of the field, if the link says so."""
        self._is_open = True
        if self.mode not in ("CP", "CPP") or self._end is not None:
            return
        try:
            record, field = self.found
        except NotConnectedError:
            if self.owner.database is not None:
                self.owner.database.await_record(self.pv, self._reopen)
            return
        self._end = record.subscribe(field, self._hear)

    def close(self) -> None:
        """The end of `open`."""
        self._is_open = False
        if self._end is not None:
            self._end()
            self._end = None

    def _reopen(self) -> None:
        if self._is_open:
            self.open()

    def _hear(self, _: Reading) -> None:
        owner, record = self.owner, self.found[0]
        if owner.quiet or record.quiet or (self.mode == "CPP" and owner.values["SCAN"] != PASSIVE):
            return
        record.afterwards(self._follow)

    def _follow(self) -> None:
        """Process the owner, for the field has changed."""
        owner = self.owner
        if owner.is_waiting:
            owner.values["RPRO"] = 1
        elif owner.values["PACT"]:
            owner.afterwards(self._follow)
        elif self._is_following:  # in a circle: it goes on, but lets time go on too
            owner.clock.after(LATENCY_S, self._follow)
        else:
            self._is_following = True
            try:
                owner.process_quietly()
            finally:
                self._is_following = False

    def _get(self, convert: "Callable[[Any, Record, str], Any]") -> Any:
        try:
            record, field = self.found
            if self.mode == "PP":
                self.owner.wait_for(self._process(record))
            value = convert(record.read(field).value, record, field)
        except FAULTS:
            self._fail()
            return None
        if record is not self.owner:
            severity, status = record.values["SEVR"], record.values["STAT"]
            self._inherit(self.owner, severity, status)
        return value

    def _process(self, record: "Record") -> Status | None:
        if record.values["SCAN"] != PASSIVE:
            return None
        self._hand_over(record)
        return record.process()

    def _hand_over(self, record: "Record") -> None:
        """A client's put goes on through links: what is busy then is processed once more."""
        values = record.values
        if not values["PACT"]:
            values["PUTF"] = self.owner.values["PUTF"]
        elif self.owner.values["PUTF"] and record.is_waiting:
            values["RPRO"] = 1

    def _pass_on_alarm(self, record: "Record") -> None:
        self._inherit(record, self.owner.values["NSEV"], self.owner.values["NSTA"])

    def _inherit(self, record: Any, severity: int, status: int) -> None:
        """As ``recGblInheritSevr``: maximise severity, perhaps with the status, perhaps only if INVALID."""
        if self.alarm == "NMS" or (self.alarm == "MSI" and severity < INVALID):
            return
        record.alarm_at_least(severity, status if self.alarm == "MSS" else LINK)

    def _fail(self) -> None:
        self.owner.alarm_at_least(INVALID, LINK)

    def __repr__(self) -> str:
        return f"<Link {self.owner.name} -> {self.pv} {self.mode} {self.alarm}>"


def _as_number(value: Any, record: "Record", field: str) -> float:
    if isinstance(value, np.ndarray):
        return value[0].item()
    return float(value) if isinstance(value, str) else value


def _as_text(value: Any, record: "Record", field: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, np.ndarray):
        if value.dtype != np.uint8:
            return _digits(value[0].item(), record)
        return value.tobytes().partition(b"\0")[0].decode(errors="replace")
    if record.field(field).dtype == "enum":
        return record.choices(field)[value]
    return _digits(value, record)


def _as_array(value: Any, record: "Record", field: str) -> Any:
    return value if isinstance(value, np.ndarray) else [value]


def _digits(value: float, record: "Record") -> str:
    if isinstance(value, int):
        return str(value)
    precision = record.values.get("PREC", PRECISION)
    return f"{value:.{precision}{'f' if abs(value) < LARGEST_PLAIN else 'e'}}"


def _fit(value: Any, spec: Field, record: "Record") -> Any:
    """A value that goes through a link, as a client of the other record would write it."""
    if spec.is_array:
        return value
    if isinstance(value, np.ndarray):
        value = value[0].item()
    if isinstance(value, str):
        return value if spec.dtype in ("|S40", "enum") else number_of(value)
    if spec.dtype == "|S40":
        return _digits(value, record)
    return value if spec.dtype in ("<f8", "<f4") and spec.dbf != "ULONG" else int(value)
