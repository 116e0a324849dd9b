"""longin and longout: whole numbers."""

from collections.abc import Mapping
from typing import Any

from beamtwin.twin.field import Field, each, integer, menu, real
from beamtwin.twin.link import Link
from beamtwin.twin.menus import WHEN, YES_NO
from beamtwin.twin.records import soft
from beamtwin.twin.records.numeric import RANGED, NumericRecord, numeric_fields

__all__ = ["LonginRecord", "LongoutRecord"]


def _number(**about: Any) -> Field:
    return integer(units="EGU", **about)


class LonginRecord(NumericRecord):
    """Integer input."""

    record_type = "longin"
    fields: Mapping[str, Field] = {
        **numeric_fields(_number),
        **soft.INPUT,
        **soft.simulation("INLINK", has_raw=False),
        "AFTC": real(units=""),
        "SDLY": real(-1.0, units=""),
        "SVAL": _number(),
    }
    constants: Mapping[str, str] = {"INP": "VAL", "SIOL": "SVAL"}
    displayed = controlled = RANGED | {"SVAL"}

    def settle_in(self) -> None:
        """Have the other fields agree with the value."""
        self.begin_told()

    def fetch(self) -> None:
        """Read INP."""
        if soft.fetch_input(self, self._take, self._take, Link.number):
            self.values["UDF"] = 0

    def _take(self, value: float) -> None:
        self.values["VAL"] = int(value)


class LongoutRecord(NumericRecord):
    """Integer output."""

    record_type = "longout"
    fields: Mapping[str, Field] = {
        **numeric_fields(_number),
        **soft.OUTPUT,
        **soft.simulation("OUTLINK", has_raw=False),
        "SDLY": real(-1.0, units=""),
        **each("DRVH DRVL", _number(pp=True, prop=True)),
        **each("IVOV PVAL", _number()),
        "OOPT": menu(*WHEN),
        "OOCH": menu(*YES_NO, default=1),
    }
    constants: Mapping[str, str] = {"DOL": "VAL"}
    unusual = (*NumericRecord.unusual, "OOPT")

    _is_redirected = True

    def settle_in(self) -> None:
        """Have the other fields agree with the value."""
        self.begin_told()
        self.values["PVAL"] = self.values["VAL"]

    def fetch(self) -> None:
        """Read DOL, in a closed loop, and keep to the limits."""
        wanted = soft.fetch_output(self, Link.number)
        if wanted is not None:
            self.values["VAL"] = int(wanted)
            self.values["UDF"] = 0
        self.values["VAL"] = self.drive(self.values["VAL"])

    def drive(self, value: int) -> int:
        """Keep to DRVL and DRVH."""
        return self.clamp(value)

    def emit(self) -> bool:
        """Write OUT, if OOPT says so now."""
        values = self.values
        value, last = values["VAL"], values["PVAL"]
        is_due = soft.is_due(values["OOPT"], value, last, self._is_redirected or value != last)
        self._is_redirected = False
        return (is_due or bool(values["SIMM"])) and soft.write_output(self, self.output)

    def news(self) -> int:
        """See `NumericRecord.news`."""
        self.values["PVAL"] = self.values["VAL"]
        return super().news()

    def store(self, field: str, value: Any) -> None:
        """Keep what has been written; another OUT is written to at once. See `Record.store`."""
        super().store(field, value)
        self._is_redirected |= field == "OUT" and bool(self.values["OOCH"])

    def limits(self, field: str) -> tuple[float, float] | None:
        """Control limits: DRVH and DRVL, or else HOPR and LOPR."""
        return self._driven_range(field)
