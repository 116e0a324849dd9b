"""mbbiDirect and mbboDirect: a number, and its bits in B0 to B1F."""

from collections.abc import Mapping
from typing import Any

from beamtwin.orchestration.errors import PutError
from beamtwin.twin.dbcommon import COMMON
from beamtwin.twin.field import Field, byte, each, integer, menu, short, unsigned, unsigned_short
from beamtwin.twin.link import Link
from beamtwin.twin.menus import OUTPUT_MODES
from beamtwin.twin.record import LOG, VALUE
from beamtwin.twin.records import soft
from beamtwin.twin.records.value import ValueRecord

__all__ = ["MbbiDirectRecord", "MbboDirectRecord"]

BITS = {f"B{number:X}": 1 << number for number in range(32)}
SIGN, MODULUS = 2**31, 2**32

DIRECT: Mapping[str, Field] = {
    **COMMON,
    "VAL": integer(pp=True),
    "NOBT": short(writable=False, prop=True),
    "RVAL": unsigned(pp=True),
    **each("ORAW MASK", unsigned(writable=False)),
    "MLST": integer(writable=False),
    "SHFT": unsigned_short(),
}


class DirectRecord(ValueRecord):
    """A number, and its bits."""

    followed = (("RVAL", "ORAW"),)

    def settle_in(self) -> None:
        """Have the other fields agree with the value, or it with its bits."""
        values = self.values
        if not values["VAL"]:
            values["VAL"] = _signed(sum(bit for field, bit in BITS.items() if values[field]))
        if values["MASK"] == 0.0:
            values["MASK"] = float(2 ** values["NOBT"] - 1)
        values["MLST"] = values["VAL"]
        self._set_bits()

    def news(self) -> int:
        """Tell which bits have changed; whether the number is another than that told last."""
        values = self.values
        self._set_bits()
        if values["VAL"] == values["MLST"]:
            return 0
        values["MLST"] = values["VAL"]
        return VALUE | LOG

    def _set_bits(self) -> None:
        values = self.values
        for field, bit in BITS.items():
            is_set = int(values["VAL"] & bit != 0)
            if values[field] != is_set:
                values[field] = is_set
                self.notify(field, VALUE | LOG)


class MbbiDirectRecord(soft.RawInput, DirectRecord):
    """Bits of hardware, read."""

    record_type = "mbbiDirect"
    fields: Mapping[str, Field] = {
        **DIRECT,
        **dict.fromkeys(BITS, byte(pp=True)),
        **soft.INPUT,
        **soft.simulation("INLINK"),
        "SVAL": integer(),
    }
    constants: Mapping[str, str] = {"INP": "VAL", "SIOL": "SVAL"}

    def _take(self, value: float) -> None:
        self.values["VAL"] = _signed(int(value))

    def _take_raw(self, raw: int) -> None:
        values = self.values
        values["RVAL"] = soft.masked(values, raw)
        values["VAL"] = _signed(int(values["RVAL"]) >> values["SHFT"])


class MbboDirectRecord(DirectRecord):
    """Bits of hardware, written; each is a PV of its own."""

    record_type = "mbboDirect"
    fields: Mapping[str, Field] = {
        **DIRECT,
        **dict.fromkeys(BITS, byte(pp=True)),
        **soft.OUTPUT,
        **soft.simulation("OUTLINK"),
        "OMSL": menu(*OUTPUT_MODES, pp=True),
        "RVAL": unsigned(writable=False, pp=True),
        **each("RBV ORBV", unsigned(writable=False)),
        "OBIT": integer(writable=False),
        "IVOV": integer(),
    }
    constants: Mapping[str, str] = {"DOL": "VAL"}

    def settle_in(self) -> None:
        """See `DirectRecord.settle_in`; bits are a value."""
        super().settle_in()
        if self.values["VAL"]:
            self.values["UDF"] = 0

    def news(self) -> int:
        """See `DirectRecord.news`."""
        self.values["OBIT"] = self.values["VAL"]
        return super().news()

    def store(self, field: str, value: Any) -> None:
        """Keep what has been written; a bit is one of the value's, too. See `Record.store`."""
        if field not in BITS:
            super().store(field, value)
            return
        values = self.values
        if values["OMSL"]:
            raise PutError(f"{self.name}.{field}: {value!r} refused: DOL says what the bits are")
        bit = BITS[field]
        for number in ("VAL", "OBIT"):
            values[number] = _signed((values[number] & ~bit | (bit if value else 0)) % MODULUS)
        values["UDF"] = 0
        self.drive(values["VAL"])
        super().store(field, value)

    def fetch(self) -> None:
        """Read DOL, in a closed loop."""
        wanted = soft.fetch_output(self, Link.number)
        if wanted is not None:
            self.values["VAL"] = _signed(int(wanted))
            self.values["UDF"] = 0
        if not self.values["UDF"]:
            self.drive(self.values["VAL"])

    def drive(self, value: int) -> int:
        """Have the raw value."""
        values = self.values
        values["RVAL"] = float(value % MODULUS << values["SHFT"])
        return value

    def emit(self) -> bool:
        """Write OUT."""
        field = "RVAL" if soft.is_raw(self) else "VAL"
        return soft.write_output(self, lambda: self.values[field])


def _signed(number: int) -> int:
    """32 bits as a signed number."""
    return (number + SIGN) % MODULUS - SIGN
