"""Numbers with alarm limits, a deadband for monitors and a range: what analogue and integer records share."""

from collections.abc import Callable, Mapping
from typing import Any

from beamtwin.hardware.channel import SEVERITIES
from beamtwin.twin.clock import SimClock
from beamtwin.twin.record import STATUSES, Field, Record, Write, menu, string
from beamtwin.twin.records.value import OnPut, ValueRecord

__all__ = ["NumericOutput", "NumericRecord", "numeric_fields", "output_fields"]

#: Alarm limit, its severity, the status it gives, and the side it watches, in the order of precedence.
ALARMS = (
    ("HIHI", "HHSV", STATUSES.index("HIHI"), 1),
    ("LOLO", "LLSV", STATUSES.index("LOLO"), -1),
    ("HIGH", "HSV", STATUSES.index("HIGH"), 1),
    ("LOW", "LSV", STATUSES.index("LOW"), -1),
)
UNDEFINED = (SEVERITIES.index("INVALID"), STATUSES.index("UDF"))


def numeric_fields(number: Callable[[], Field]) -> dict[str, Field]:
    """The fields of a record about a number of one type."""
    names = ("VAL", "HOPR", "LOPR", "HIHI", "HIGH", "LOW", "LOLO", "HYST", "MDEL", "ADEL")
    severities = {field: menu(*SEVERITIES) for field in ("HHSV", "HSV", "LSV", "LLSV")}
    return {**Record.fields, "EGU": string(), **{name: number() for name in names}, **severities}


def output_fields(number: Callable[[], Field]) -> dict[str, Field]:
    """The fields of an output record about a number of one type."""
    return {**numeric_fields(number), "DRVH": number(), "DRVL": number()}


class NumericRecord(ValueRecord):
    """A number; alarms and deadband as in EPICS base's ``checkAlarms`` and ``recGblCheckDeadband``."""

    def __init__(
        self, clock: SimClock, name: str, on_put: OnPut | None = None, **field_values: Any
    ):
        self._last_alarm = 0.0
        super().__init__(clock, name, on_put, **field_values)
        self._last_told = self.values["VAL"]

    def alarm_of(self, value: float) -> tuple[int, int]:
        """Severity and status of a value."""
        values = self.values
        values["UDF"] = int(value != value)  # NaN alone differs from itself
        if values["UDF"]:
            return UNDEFINED
        for limit, severity, status, side in ALARMS:
            if values[severity]:
                level = values[limit]
                slack = values["HYST"] if self._last_alarm == level else 0.0
                if side * (value - level) >= -slack:
                    self._last_alarm = level
                    return values[severity], status
        self._last_alarm = value
        return 0, 0

    def is_news(self, value: float) -> bool:
        """Whether a value has left the deadband around the last one told."""
        if abs(value - self._last_told) <= self.values["MDEL"]:
            return False
        self._last_told = value
        return True

    def limits(self, field: str) -> tuple[float, float] | None:
        """Control limits: HOPR and LOPR, where they differ."""
        low, high = self.values["LOPR"], self.values["HOPR"]
        return (low, high) if field == "VAL" and low < high else None


class NumericOutput(NumericRecord):
    """A number that clients set, clamped to DRVL and DRVH where these differ."""

    def limits(self, field: str) -> tuple[float, float] | None:
        """Control limits: DRVH and DRVL, or else HOPR and LOPR."""
        low, high = self.values["DRVL"], self.values["DRVH"]
        return (low, high) if field == "VAL" and low < high else super().limits(field)

    def _drive(self, field: str, value: float) -> None:
        low, high = self.values["DRVL"], self.values["DRVH"]
        self.post(field, min(max(value, low), high) if low < high else value)

    writes: Mapping[str, Write] = {"VAL": _drive}
