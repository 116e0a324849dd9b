"""The process database: records by name, and what they need of each other."""

from bisect import bisect
from collections.abc import Callable, Iterable, KeysView, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from beamtwin.orchestration.errors import NotConnectedError, StateError
from beamtwin.twin.clock import SimClock
from beamtwin.twin.dbfile import read_declarations
from beamtwin.twin.menus import PINI
from beamtwin.twin.record import Record, similar
from beamtwin.twin.scan import Scanner

__all__ = ["Model", "ProcessDatabase"]

#: The choices of PINI that have a record processed when it is taken in.
AT_START = tuple(PINI.index(choice) for choice in ("YES", "RUN", "RUNNING"))

#: So many names are told in a message.
SHOWN = 3

#: So many names, to either side, are asked what an unknown one may have meant.
NEAR = 100

AnyRecord = TypeVar("AnyRecord", bound=Record)


class Model(Protocol):
    """Something behind records that remembers more than they do; see `Record.state` and `Record.restore`."""

    @property
    def under_way(self) -> str:
        """What is being done, for messages; nothing at rest."""
        ...

    def state(self) -> dict[str, Any]:
        """What is needed to restore it at rest, as JSON can hold it."""
        ...

    def restore(self, state: Mapping[str, Any]) -> None:
        """Be as it was."""
        ...


class ProcessDatabase:
    """Records that find, scan and process each other.

    Parameters
    ----------
    clock : SimClock
        Whose timeline they live on.

    Attributes
    ----------
    clock : SimClock
        The timeline.
    records : dict
        By name.
    models : dict of Model
        What snapshots have to keep besides the records, by name.
    """

    def __init__(self, clock: SimClock):
        self.clock = clock
        self.records: dict[str, Record] = {}
        self.models: dict[str, Model] = {}
        self._aliases: dict[str, str] = {}
        self._sorted: list[str] = []
        self._scanner = Scanner(clock)
        self._awaited: list[tuple[str, Callable[[], object]]] = []

    def add(self, record: AnyRecord) -> AnyRecord:
        """Take a record in; from now on it is scanned, and its links lead somewhere.

        Raises
        ------
        ValueError
            Where another has its name.
        """
        self.extend((record,))
        return record

    def extend(self, records: Iterable[Record]) -> None:
        """Take records in that belong together: all are there before the first is processed (PINI) or scanned.

        Raises
        ------
        ValueError
            Where another has the name of one.
        """
        new = {record.name: record for record in records}
        for name in new:
            if name in self:
                raise ValueError(f"{name}: there is a record of this name already")
        for name, record in new.items():
            self.records[name] = record
            record.database = self
        starting = [record for record in new.values() if record.needs_start]
        for record in sorted(starting, key=lambda record: record.values["PHAS"]):
            if record.values["PINI"] in AT_START:
                record.process_quietly()
        for record in starting:
            record.start()
        if self._awaited:
            self._call_back(new.keys())

    def load(
        self,
        file: str | Path,
        macros: Mapping[str, str] | None = None,
        functions: Mapping[str, Any] | None = None,
    ) -> list[Record]:
        """Take in the records of an EPICS .db file; see `loads`."""
        path = Path(file)
        text = path.read_text(encoding="utf-8", errors="replace")
        return self._load(text, macros, functions, path.name, path.parent)

    def loads(
        self,
        text: str,
        macros: Mapping[str, str] | None = None,
        functions: Mapping[str, Any] | None = None,
    ) -> list[Record]:
        """Take in the records of a text as it stands in an EPICS .db file.

        Parameters
        ----------
        macros : mapping, optional
            What ``$(NAME)`` stands for.
        functions : mapping of str to callable, optional
            What SNAM of sub and aSub records may name.

        Returns
        -------
        list of Record
            In the order of the text.

        Raises
        ------
        RecordFileError
            Naming the line, the record and the field; no record is taken in then.
        """
        return self._load(text, macros, functions, "text", None)

    def _load(
        self, text: str, macros: Any, functions: Any, file: str, folder: Path | None
    ) -> list[Record]:
        from beamtwin.twin.recordmaker import make_records  # imports all record types

        declarations = read_declarations(text, macros or {}, file, folder)
        records = make_records(self.clock, declarations, functions)
        self.extend(records)
        for declared in declarations:
            for name in declared.aliases:
                self._aliases[name] = declared.name
        return records

    def schedule(self, record: Record) -> None:
        """See to it that a record is scanned as its fields say now."""
        self._scanner.schedule(record)

    def post_event(self, name: str) -> None:
        """Process the records with SCAN Event and this EVNT."""
        self._scanner.post_event(name)

    def await_record(self, pv: str, callback: Callable[[], object]) -> None:
        """Call back when there is a record of this name, or of its part before the last dot."""
        self._awaited.append((pv, callback))

    def _call_back(self, names: KeysView[str]) -> None:
        awaited, self._awaited = self._awaited, []
        for pv, callback in awaited:
            if names.isdisjoint((pv, pv.rpartition(".")[0])):
                self._awaited.append((pv, callback))
            else:
                callback()

    # --- snapshots

    def state(self) -> dict[str, dict[str, Any]]:
        """The state of every record, by name; see `Record.state`.

        Raises
        ------
        StateError
            While something is under way: naming the records, and what they do.
        """
        self._refuse_if_busy()
        return {name: record.state() for name, record in self.records.items()}

    def restore(self, states: Mapping[str, Mapping[str, Any]]) -> None:
        """Have records be as they were; those without a state stay as they are.

        Raises
        ------
        StateError
            Where a record is unknown, or something is under way: nothing has changed then.
        """
        unknown = [name for name in states if name not in self.records]
        if unknown:
            raise StateError(f"the twin has no records {_some(unknown)}")
        self._refuse_if_busy()
        for name, state in states.items():
            self.records[name].restore(state)

    def _refuse_if_busy(self) -> None:
        busy = [f"{name} ({doing})" for name, r in self.records.items() if (doing := r.under_way)]
        if busy:
            raise StateError(f"the twin is not at rest: {_some(busy)}")

    # --- names

    def __contains__(self, name: object) -> bool:
        """Whether there is a record of this name, or with this alias."""
        return name in self.records or name in self._aliases

    def resolve(self, pv: str) -> tuple[Record, str]:
        """The record and the field that a PV's name (``RECORD`` or ``RECORD.FIELD``) means.

        Raises
        ------
        NotConnectedError
            Where there is none: naming those that come close.
        """
        record = self.records.get(pv)
        if record is not None:
            return record, "VAL"
        if pv in self._aliases:
            return self.records[self._aliases[pv]], "VAL"
        name, _, field = pv.rpartition(".")
        record = self.records.get(self._aliases.get(name, name))
        if record is None:
            raise NotConnectedError(
                f"{pv}: the twin has no such record" + similar(name or pv, self._near(name or pv))
            )
        record.field(field)
        return record, field

    def _near(self, name: str) -> list[str]:
        """The names next to this one in the alphabet: of tens of thousands not all can be compared with it."""
        if len(self._sorted) != len(self.records):
            self._sorted = sorted(self.records)
        place = bisect(self._sorted, name)
        return self._sorted[max(0, place - NEAR) : place + NEAR]


def _some(names: Sequence[str]) -> str:
    """The first few of many."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
