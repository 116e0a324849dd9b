"""Numbers with alarm limits, deadbands for monitors and a range: what analogue, integer and calc records share."""

from collections.abc import Callable, Container
from typing import Any, NamedTuple

from beamtwin.hardware.channel import Range
from beamtwin.twin.dbcommon import COMMON
from beamtwin.twin.field import Field, each, severity, string
from beamtwin.twin.menus import STATUSES
from beamtwin.twin.record import LOG, UDF, VALUE
from beamtwin.twin.records.alarm_filter import AlarmFilter
from beamtwin.twin.records.value import ValueRecord

__all__ = ["RANGED", "NumericRecord", "numeric_fields"]


class Side(NamedTuple):
    """An alarm limit: its field, its severity's, the status that it gives, its side, and its place among the ranges."""

    limit: str
    severity: str
    status: int
    sign: int
    rank: int


#: In the order of precedence.
SIDES = (
    Side("HIHI", "HHSV", STATUSES.index("HIHI"), 1, 5),
    Side("LOLO", "LLSV", STATUSES.index("LOLO"), -1, 1),
    Side("HIGH", "HSV", STATUSES.index("HIGH"), 1, 4),
    Side("LOW", "LSV", STATUSES.index("LOW"), -1, 2),
)
NORMAL = 3
HIHI, LOLO, HIGH, LOW = SIDES

#: Fields whose range is that of the value.
RANGED = frozenset(("VAL", "HIHI", "HIGH", "LOW", "LOLO", "LALM", "ALST", "MLST"))

ALARM_RANGES = {"warning_limits": (LOW, HIGH), "alarm_limits": (LOLO, HIHI)}


def numeric_fields(number: Callable[..., Field]) -> dict[str, Field]:
    """The fields of a record about a number of one type."""
    return {
        **COMMON,
        "VAL": number(pp=True),
        "EGU": string(size=15, prop=True),
        **each("HOPR LOPR", number(prop=True)),
        **each("HIHI LOLO HIGH LOW", number(pp=True, prop=True)),
        **each("HHSV LLSV HSV LSV", severity(pp=True, prop=True)),
        **each("HYST ADEL MDEL", number()),
        **each("LALM ALST MLST", number(writable=False)),
    }


class NumericRecord(ValueRecord):
    """A number; alarms and deadbands as in EPICS base's ``checkAlarms`` and ``recGblCheckDeadband``."""

    displayed: Container[str] = RANGED
    controlled: Container[str] = RANGED

    _filter: AlarmFilter | None = None

    def configure(self) -> None:
        """Prepare the alarm limits that count."""
        super().configure()
        values = self.values
        self._sides = tuple(side for side in SIDES if values[side.severity])
        if self._filter is None and values.get("AFTC", 0.0) > 0.0:
            self._filter = AlarmFilter()

    def check(self) -> None:
        """Raise the alarm of a value that is not a number, or beyond a limit."""
        values = self.values
        value = values["VAL"]
        if value != value:  # NaN alone differs from itself
            values["UDF"] = 1
        if values["UDF"]:
            self.alarm_at_least(values["UDFS"], UDF)
            if self._filter is not None:
                self._filter.reset()
        elif self._sides:
            self._check_limits(value)
        else:
            values["LALM"] = value
        self.check_fault()

    def _check_limits(self, value: float) -> None:
        values = self.values
        side = next((side for side in self._sides if self._is_beyond(side, value)), None)
        if self._filter is not None and values["AFTC"] > 0.0:
            rank = NORMAL if side is None else side.rank
            rank = self._filter.rank(rank, self.timestamp, values["AFTC"])
            side = next((side for side in self._sides if side.rank == rank), None)
        if side is None:
            values["LALM"] = value
        elif self.alarm_at_least(values[side.severity], side.status):
            values["LALM"] = values[side.limit]

    def _is_beyond(self, side: Side, value: float) -> bool:
        values = self.values
        limit = values[side.limit]
        slack = max(0, values["HYST"]) if values["LALM"] == limit else 0
        return side.sign * (value - limit) >= -slack

    def news(self) -> int:
        """Whether the value has left the deadbands around those that were told last."""
        values = self.values
        value = values["VAL"]
        events = 0
        if _is_outside(values["MDEL"], values["MLST"], value):
            values["MLST"] = value
            events = VALUE
        if _is_outside(values["ADEL"], values["ALST"], value):
            values["ALST"] = value
            events |= LOG
        return events

    def limits(self, field: str) -> tuple[float, float] | None:
        """Control limits: HOPR and LOPR, where they differ."""
        return self._range("LOPR", "HOPR") if field in self.controlled else None

    def ranges(self, field: str) -> dict[str, Any]:
        """LOPR and HOPR; of VAL also the alarm limits that have a severity."""
        if field not in self.displayed:
            return {}
        display = {"display_limits": self._range("LOPR", "HOPR")}
        if field != "VAL":
            return display
        return display | {name: self._active(*sides) for name, sides in ALARM_RANGES.items()}

    def _active(self, lowest: Side, highest: Side) -> Range | None:
        """Alarm limits, as far as they have severities."""
        values = self.values
        low, high = (
            values[side.limit] if values[side.severity] else None for side in (lowest, highest)
        )
        return None if low is None and high is None else (low, high)

    def _range(self, lowest: str, highest: str) -> tuple[float, float] | None:
        low, high = self.values[lowest], self.values[highest]
        return (low, high) if low < high else None

    def _driven_range(self, field: str) -> tuple[float, float] | None:
        """Control limits of an output: DRVL and DRVH, or else LOPR and HOPR."""
        if field not in self.controlled:
            return None
        return self._range("DRVL", "DRVH") or self._range("LOPR", "HOPR")

    def settle_in(self) -> None:
        """Have LALM, MLST and ALST agree with a value that a model gives; others are news when it is processed."""
        if self.values["STAT"] != UDF:
            self.begin_told()

    def begin_told(self) -> None:
        """Have LALM, MLST and ALST agree with the value: as some types do whoever gives it."""
        values = self.values
        values["MLST"] = values["ALST"] = values["LALM"] = values["VAL"]

    def clamp(self, value: Any) -> Any:
        """A value within DRVL and DRVH, where these differ."""
        low, high = self.values["DRVL"], self.values["DRVH"]
        return min(max(value, low), high) if low < high else value


def _is_outside(deadband: float, last: float, value: float) -> bool:
    change = abs(value - last)
    if change > deadband:
        return True
    if change == change:
        return False
    same = value == last or (value != value and last != last)
    return deadband < 0 or not same
