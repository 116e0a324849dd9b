"""bi and bo: two states."""

from collections.abc import Mapping
from functools import partial

from beamtwin.twin.dbcommon import COMMON
from beamtwin.twin.field import (
    Field,
    each,
    menu,
    real,
    severity,
    string,
    unsigned,
    unsigned_short,
)
from beamtwin.twin.link import Link
from beamtwin.twin.menus import STATUSES
from beamtwin.twin.record import LOG, VALUE
from beamtwin.twin.records import soft
from beamtwin.twin.records.value import ValueRecord
from beamtwin.twin.unlimited import DELAYS_S

__all__ = ["BINARY", "BiRecord", "BinaryRecord", "BoRecord"]

STATE, COS = STATUSES.index("STATE"), STATUSES.index("COS")

BINARY: Mapping[str, Field] = {
    **COMMON,
    "VAL": menu(pp=True),
    **each("ZNAM ONAM", string(size=25, pp=True, prop=True)),
    **each("ZSV OSV COSV", severity(pp=True)),
    "RVAL": unsigned(pp=True),
    **each("ORAW MASK", unsigned(writable=False)),
    **each("MLST LALM", unsigned_short(writable=False)),
}


class BinaryRecord(ValueRecord):
    """Two states: ZNAM and ONAM name them, ZSV and OSV are the severities they bring, COSV that of a change."""

    followed = (("RVAL", "ORAW"),)
    is_input = False

    def settle_in(self) -> None:
        """Have MLST, LALM and the raw value of an output agree with the value."""
        values = self.values
        values["MLST"] = values["LALM"] = values["VAL"]
        if not self.is_input:
            values["RVAL"] = values["ORAW"] = self.to_raw(values["VAL"])

    def to_raw(self, state: int) -> float:
        """The raw value of a state."""
        mask = self.values["MASK"]
        return (mask if state else 0.0) if mask else float(state)

    def choices(self, field: str) -> tuple[str, ...]:
        """An enum field's strings."""
        values = self.values
        return (values["ZNAM"], values["ONAM"]) if field == "VAL" else super().choices(field)

    def check(self) -> None:
        """Raise the alarms of the state, and of its change."""
        values = self.values
        value = values["VAL"]
        super().check()
        if self.is_input and values["UDF"]:
            return
        if values["OSV" if value else "ZSV"]:
            self.alarm_at_least(values["OSV" if value else "ZSV"], STATE)
        if value != values["LALM"]:
            self.alarm_at_least(values["COSV"], COS)
            values["LALM"] = value

    def news(self) -> int:
        """Whether the state is another than that told last."""
        values = self.values
        if values["VAL"] == values["MLST"]:
            return 0
        values["MLST"] = values["VAL"]
        return VALUE | LOG


class BiRecord(soft.RawInput, BinaryRecord):
    """Binary input."""

    record_type = "bi"
    fields: Mapping[str, Field] = {
        **BINARY,
        **soft.INPUT,
        **soft.simulation("INLINK"),
        "SVAL": unsigned(),
    }
    constants: Mapping[str, str] = {"INP": "VAL", "SIOL": "SVAL"}
    is_input = True

    def _take(self, value: float) -> None:
        self.values["VAL"] = int(value)

    def _take_raw(self, raw: int) -> None:
        values = self.values
        values["RVAL"] = raw & int(values["MASK"]) if values["MASK"] else raw
        values["VAL"] = int(values["RVAL"] != 0)


class BoRecord(BinaryRecord):
    """Binary output; HIGH is for how long it stays 1, in seconds, where it is not 0."""

    record_type = "bo"
    fields: Mapping[str, Field] = {
        **BINARY,
        **soft.OUTPUT,
        **soft.simulation("OUTLINK"),
        "HIGH": real(units="s", precision=2),
        **each("RBV ORBV", unsigned(writable=False)),
        "IVOV": unsigned_short(),
    }
    constants: Mapping[str, str] = {"DOL": "VAL"}
    unusual = (*BinaryRecord.unusual, "HIGH")
    controlled = ("HIGH",)

    _falls: object = None

    def fetch(self) -> None:
        """Read DOL, in a closed loop."""
        wanted = soft.fetch_output(self, Link.number)
        if wanted is not None:
            self.values["VAL"] = int(wanted)
            self.values["UDF"] = 0
        self.drive(self.values["VAL"])

    def drive(self, value: int) -> int:
        """Have the raw value."""
        self.values["RVAL"] = self.to_raw(value)
        return value

    def emit(self) -> bool:
        """Write OUT, and let it fall back to 0 later where HIGH says so."""
        raw = soft.is_raw(self)
        is_driven = soft.write_output(self, lambda: self.values["RVAL" if raw else "VAL"])
        if self.values["VAL"] == 1 and self.values["HIGH"] > 0.0:
            self._fall_later()
        return is_driven

    def _fall_later(self) -> None:
        """See `_fall`; what was to be before is not any more."""
        self._falls = object()
        self.clock.after(self.values["HIGH"], partial(self._fall, self._falls))

    def _fall(self, which: object) -> None:
        if which is not self._falls:  # it has been set once more since
            return
        self._falls = None
        if self.values["PACT"]:
            self._fall_later()
        else:
            self.values["VAL"] = 0
            self.process_quietly()

    def limits(self, field: str) -> tuple[float, float] | None:
        """Control limits: of HIGH."""
        return DELAYS_S if field == "HIGH" else None

    @property
    def under_way(self) -> str:
        """See `Record.under_way`."""
        return "it is HIGH for a while" if self._falls is not None else super().under_way
