"""bi and bo: two states."""

from collections.abc import Mapping

from beamtwin.hardware.channel import SEVERITIES
from beamtwin.twin.record import STATUSES, Field, Record, menu, string
from beamtwin.twin.records.value import ValueRecord

__all__ = ["BiRecord", "BoRecord"]


class BiRecord(ValueRecord):
    """Binary input: ZNAM and ONAM name its states, ZSV and OSV are the severities they bring."""

    record_type = "bi"
    fields: Mapping[str, Field] = {
        **Record.fields,
        "VAL": menu(),
        "ZNAM": string(),
        "ONAM": string(),
        "ZSV": menu(*SEVERITIES),
        "OSV": menu(*SEVERITIES),
    }

    def choices(self, field: str) -> tuple[str, ...]:
        """An enum field's strings."""
        values = self.values
        return (values["ZNAM"], values["ONAM"]) if field == "VAL" else super().choices(field)

    def alarm_of(self, value: int) -> tuple[int, int]:
        """Severity and status of a state."""
        severity = self.values["OSV" if value else "ZSV"]
        return severity, STATUSES.index("STATE") if severity else 0


class BoRecord(BiRecord):
    """Binary output."""

    record_type = "bo"
