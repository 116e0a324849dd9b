"""busy: a binary output whose puts complete when it is set to 0 (synApps)."""

from collections.abc import Mapping
from typing import Any

from beamtwin.orchestration.status import Status
from beamtwin.twin.clock import SimClock
from beamtwin.twin.field import Field, menu, string, unsigned
from beamtwin.twin.menus import YES_NO
from beamtwin.twin.records.binary import BoRecord
from beamtwin.twin.records.value import OnPut

__all__ = ["BusyRecord"]


class BusyRecord(BoRecord):
    """What takes as long as the record is 1: a put of 1 completes, and FLNK is processed, when it is 0 again.

    As in EPICS, a put of 0 with completion waits for that too, behind the put of 1; what ends it without is `send`.
    """

    record_type = "busy"
    fields: Mapping[str, Field] = {
        **{name: field for name, field in BoRecord.fields.items() if name != "SDLY"},
        "ZNAM": string("Done", size=25, pp=True),
        "ONAM": string("Busy", size=25, pp=True),
        "SIMM": menu(*YES_NO),
        "OVAL": unsigned(writable=False),
    }

    def __init__(
        self, clock: SimClock, name: str, on_put: OnPut | None = None, **field_values: Any
    ):
        self._done: Status | None = None
        super().__init__(clock, name, on_put, **field_values)

    def configure(self) -> None:
        """See `ValueRecord.configure`: there is more to do than to tell a value."""
        super().configure()
        self.simple = False

    @property
    def is_exclusive(self) -> bool:
        """Always: the end of one put is the 0 that another may put."""
        return True

    def conclude(self) -> Status | None:
        """Let puts wait while it is 1."""
        self.values["OVAL"] = self.values["VAL"]
        reaction = super().conclude()
        if self.values["VAL"]:
            self._done = self._done or Status(self.clock, name=f"{self.name}: busy")
        self.wait_for(self._done)
        return reaction

    def forward(self) -> Status | None:
        """Process the record that FLNK names, and let puts complete; not while it is 1."""
        if self.values["VAL"] and self.values["OVAL"]:
            return None
        forwarded = super().forward()
        if self._done is not None:
            done, self._done = self._done, None
            done.set_finished()
        return forwarded

    @property
    def under_way(self) -> str:
        """See `Record.under_way`."""
        return "it is busy" if self._done is not None else super().under_way
