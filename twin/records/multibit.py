"""mbbi and mbbo: up to sixteen states."""

from collections.abc import Iterable, Mapping
from typing import Any

from beamtwin.hardware.channel import SEVERITIES
from beamtwin.twin.clock import SimClock
from beamtwin.twin.record import STATUSES, Field, Record, menu, string
from beamtwin.twin.records.value import OnPut, ValueRecord

__all__ = ["MbbiRecord", "MbboRecord"]

NUMERALS = (
    "ZR",
    "ON",
    "TW",
    "TH",
    "FR",
    "FV",
    "SX",
    "SV",
    "EI",
    "NI",
    "TE",
    "EL",
    "TV",
    "TT",
    "FT",
    "FF",
)
NAMES = tuple(f"{numeral}ST" for numeral in NUMERALS)
ALARMS = tuple(f"{numeral}SV" for numeral in NUMERALS)


class MbbiRecord(ValueRecord):
    """Multi-bit binary input.

    Parameters
    ----------
    states : iterable of str
        What ZRST, ONST, TWST, ... begin with: the states' names, by index.
    """

    record_type = "mbbi"
    fields: Mapping[str, Field] = {
        **Record.fields,
        "VAL": menu(),
        **{name: string() for name in NAMES},
        **{alarm: menu(*SEVERITIES) for alarm in ALARMS},
    }

    def __init__(
        self,
        clock: SimClock,
        name: str,
        states: Iterable[str] = (),
        on_put: OnPut | None = None,
        **field_values: Any,
    ):
        names = dict(zip(NAMES, states, strict=False))
        super().__init__(clock, name, on_put, **names, **field_values)

    def choices(self, field: str) -> tuple[str, ...]:
        """An enum field's strings; of VAL those up to the last state that has a name."""
        if field != "VAL":
            return super().choices(field)
        names = [self.values[name] for name in NAMES]
        while names and not names[-1]:
            names.pop()
        return tuple(names)

    def alarm_of(self, value: int) -> tuple[int, int]:
        """Severity and status of a state."""
        severity = self.values[ALARMS[value]]
        return severity, STATUSES.index("STATE") if severity else 0


class MbboRecord(MbbiRecord):
    """Multi-bit binary output."""

    record_type = "mbbo"
