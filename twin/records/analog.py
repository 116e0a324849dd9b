"""ai and ao: real numbers, raw ones of hardware, and what is between them."""

from collections.abc import Mapping
from typing import Any

from beamtwin.twin.field import Field, byte, each, integer, menu, real, short, unsigned
from beamtwin.twin.link import Link
from beamtwin.twin.menus import CONVERSIONS
from beamtwin.twin.record import LOG, VALUE
from beamtwin.twin.records import soft
from beamtwin.twin.records.numeric import RANGED, NumericRecord, numeric_fields

__all__ = ["AiRecord", "AoRecord"]

MOST, LEAST = 2**31 - 1, -(2**31)

ANALOG: Mapping[str, Field] = {
    **numeric_fields(real),
    "PREC": short(prop=True),
    "LINR": menu(*CONVERSIONS, pp=True),
    **each("EGUF EGUL EOFF AOFF", real(pp=True)),
    **each("ESLO", real(1.0, pp=True)),
    "ROFF": unsigned(pp=True),
    "RVAL": integer(pp=True),
    "ORAW": integer(writable=False),
}


def from_raw(values: Mapping[str, Any], raw: float) -> float:
    """The value of a raw one: ROFF, ASLO, AOFF, and of LINR not NO CONVERSION ESLO and EOFF."""
    value = raw + values["ROFF"]
    if values["ASLO"]:
        value *= values["ASLO"]
    value += values["AOFF"]
    return value * values["ESLO"] + values["EOFF"] if values["LINR"] else value


def to_raw(values: Mapping[str, Any], value: float) -> int:
    """The raw value of one: `from_raw`, the other way; rounded, and within 32 bits."""
    if values["LINR"]:
        value = (value - values["EOFF"]) / values["ESLO"] if values["ESLO"] else 0.0
    value -= values["AOFF"]
    if values["ASLO"]:
        value /= values["ASLO"]
    value -= values["ROFF"]
    if not LEAST < value < MOST:
        return MOST if value > 0 else LEAST
    return int(value + 0.5) if value >= 0.0 else int(value - 0.5)


class AiRecord(soft.RawInput, NumericRecord):
    """Analogue input."""

    record_type = "ai"
    fields: Mapping[str, Field] = {
        **ANALOG,
        **soft.INPUT,
        **soft.simulation("INLINK"),
        "ASLO": real(1.0, units="", pp=True),
        "AOFF": real(units="", pp=True),
        "SMOO": real(units=""),
        "AFTC": real(),
        "SVAL": real(),
    }
    constants: Mapping[str, str] = {"INP": "VAL", "SIOL": "SVAL"}
    displayed = controlled = RANGED | {"SVAL"}
    followed = (("RVAL", "ORAW"),)

    _is_new = True

    def _take(self, value: float) -> None:
        values = self.values
        smooth = values["SMOO"]
        if smooth and not self._is_new and abs(values["VAL"]) < float("inf"):
            value = value * (1.0 - smooth) + values["VAL"] * smooth
        self._is_new = False
        values["VAL"] = float(value)

    def _take_raw(self, raw: int) -> None:
        self.values["RVAL"] = raw
        self._take(from_raw(self.values, raw))


class AoRecord(NumericRecord):
    """Analogue output."""

    record_type = "ao"
    fields: Mapping[str, Field] = {
        **ANALOG,
        **soft.OUTPUT,
        **soft.simulation("OUTLINK"),
        "ASLO": real(units="", pp=True),
        "AOFF": real(units="", pp=True),
        **each("DRVH DRVL", real(pp=True, prop=True)),
        **each("OVAL OROC IVOV", real()),
        "PVAL": real(writable=False),
        "OIF": menu("Full", "Incremental"),
        **each("RBV ORBV", integer(writable=False)),
        "OMOD": byte(writable=False),
    }
    constants: Mapping[str, str] = {"DOL": "VAL"}
    displayed = RANGED | {"OVAL", "PVAL", "IVOV"}
    controlled = RANGED | {"OVAL", "PVAL"}
    followed = (("RVAL", "ORAW"),)

    def settle_in(self) -> None:
        """Have the other fields agree with the value."""
        self.begin_told()
        values = self.values
        values["OVAL"] = values["PVAL"] = values["VAL"]

    def fetch(self) -> None:
        """Read DOL, in a closed loop, and keep to the limits."""
        values = self.values
        wanted = soft.fetch_output(self, Link.number)
        if wanted is not None:
            values["VAL"] = wanted + (values["PVAL"] if values["OIF"] else 0.0)
        values["UDF"] = 0
        values["VAL"] = self.drive(values["VAL"])

    def drive(self, value: float) -> float:
        """Keep to DRVL and DRVH, and go there as fast as OROC allows."""
        values = self.values
        value = values["PVAL"] = self.clamp(value)
        output = value
        rate, last = values["OROC"], values["OVAL"]
        if rate and abs(value - last) > rate:
            output = last + (rate if value > last else -rate)
        values["RVAL"] = to_raw(values, output)
        if output != last:
            values["OVAL"] = output
            self.notify("OVAL", VALUE | LOG)
        return value

    def emit(self) -> bool:
        """Write OUT."""
        raw = soft.is_raw(self)
        return soft.write_output(self, lambda: self.values["RVAL" if raw else "OVAL"])

    def output(self) -> float:
        """The value that a model is told: OVAL."""
        return self.values["OVAL"]

    def limits(self, field: str) -> tuple[float, float] | None:
        """Control limits: DRVH and DRVL, or else HOPR and LOPR."""
        return self._driven_range(field)
