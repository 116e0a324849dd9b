"""mbbi and mbbo: up to sixteen states."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from beamtwin.hardware.channel import Metadata
from beamtwin.twin.clock import SimClock
from beamtwin.twin.dbcommon import COMMON
from beamtwin.twin.field import (
    Field,
    convert,
    each,
    menu,
    real,
    severity,
    short,
    string,
    unsigned,
    unsigned_short,
)
from beamtwin.twin.link import INVALID, Link
from beamtwin.twin.menus import STATUSES
from beamtwin.twin.record import LOG, PROPERTY, VALUE
from beamtwin.twin.records import soft
from beamtwin.twin.records.alarm_filter import AlarmFilter
from beamtwin.twin.records.binary import COS, STATE
from beamtwin.twin.records.value import OnPut, ValueRecord

__all__ = ["MbbiRecord", "MbboRecord", "MultibitRecord"]

NUMERALS = (
    *("ZR", "ON", "TW", "TH", "FR", "FV", "SX", "SV"),
    *("EI", "NI", "TE", "EL", "TV", "TT", "FT", "FF"),
)
NAMES = tuple(f"{numeral}ST" for numeral in NUMERALS)
RAW = tuple(f"{numeral}VL" for numeral in NUMERALS)
ALARMS = tuple(f"{numeral}SV" for numeral in NUMERALS)
SOFT = STATUSES.index("SOFT")

#: What VAL is where the raw value is that of no state.
UNKNOWN = 65535

WITHOUT_NAMES = unsigned_short()

MULTIBIT: Mapping[str, Field] = {
    **COMMON,
    "VAL": menu(pp=True),
    **dict.fromkeys(NAMES, string(size=25, pp=True, prop=True)),
    **dict.fromkeys(RAW, unsigned(pp=True)),
    **dict.fromkeys(ALARMS, severity(pp=True)),
    **each("UNSV COSV", severity(pp=True)),
    "RVAL": unsigned(pp=True),
    **each("ORAW MASK", unsigned(writable=False)),
    **each("NOBT MLST LALM", unsigned_short(writable=False)),
    "SDEF": short(writable=False),
    "SHFT": unsigned_short(),
}


class MultibitRecord(ValueRecord):
    """Up to sixteen states, each with a name, a severity, and a raw value.

    Parameters
    ----------
    states : iterable of str
        What ZRST, ONST, TWST, ... begin with: the states' names, by index.
    """

    followed = (("RVAL", "ORAW"),)
    is_input = False

    _names: tuple[str, ...] | None = None
    _filter: AlarmFilter | None = None

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

    def settle_in(self) -> None:
        """Have MLST, LALM and the raw value of an output agree with the value."""
        values = self.values
        if values["MASK"] == 0.0:
            values["MASK"] = float(2 ** values["NOBT"] - 1)
        values["MLST"] = values["LALM"] = values["VAL"]
        if not self.is_input and values["VAL"] < len(RAW):
            values["RVAL"] = values["ORAW"] = self.to_raw(values["VAL"])

    def configure(self) -> None:
        """Prepare the states."""
        super().configure()
        values = self.values
        self._names = self._states()
        if self._filter is None and values.get("AFTC", 0.0) > 0.0:
            self._filter = AlarmFilter()
        values["SDEF"] = int(bool(self._names) or any(values[field] for field in RAW))

    def _states(self) -> tuple[str, ...]:
        """The names up to the last state that has one."""
        names = [self.values[name] for name in NAMES]
        while names and not names[-1]:
            names.pop()
        return tuple(names)

    def choices(self, field: str) -> tuple[str, ...]:
        """An enum field's strings; of VAL those up to the last state that has a name."""
        if field != "VAL":
            return super().choices(field)
        return self._states() if self._names is None else self._names

    def convert(self, field: str, value: Any) -> Any:
        """A client's value as the field holds it; of VAL any number, where no state has a name."""
        if field == "VAL" and not self.choices("VAL") and not isinstance(value, str):
            return convert(value, WITHOUT_NAMES, ())
        return super().convert(field, value)

    def check(self) -> None:
        """Raise the alarms of the state, and of its change."""
        values = self.values
        value = values["VAL"]
        super().check()
        if self.is_input and values["UDF"]:
            return
        severity = values[ALARMS[value]] if value < len(ALARMS) else values["UNSV"]
        if self._filter is not None and values["AFTC"] > 0.0:
            severity = self._filter.rank(severity, self.timestamp, values["AFTC"])
        if severity:
            self.alarm_at_least(severity, STATE)
        if value != values["LALM"] and not self.alarm_at_least(values["COSV"], COS):
            values["LALM"] = value

    def news(self) -> int:
        """Whether the state is another than that told last."""
        values = self.values
        if values["VAL"] == values["MLST"]:
            return 0
        values["MLST"] = values["VAL"]
        return VALUE | LOG

    def store(self, field: str, value: Any) -> None:
        """Keep what has been written; the name of the state that it is in is news. See `Record.store`."""
        super().store(field, value)
        if field in NAMES and NAMES.index(field) == self.values["VAL"]:
            self.notify("VAL", VALUE | LOG | PROPERTY)

    def to_raw(self, state: int) -> float:
        """The raw value of a state."""
        values = self.values
        raw = values[RAW[state]] if values["SDEF"] else state
        return float(int(raw) << values["SHFT"])

    def from_raw(self, raw: float) -> int:
        """The state of a raw value."""
        values = self.values
        bits = int(raw) >> values["SHFT"]
        if not values["SDEF"]:
            return bits
        return next((n for n, field in enumerate(RAW) if values[field] == bits), UNKNOWN)


class MbbiRecord(soft.RawInput, MultibitRecord):
    """Multi-bit binary input."""

    record_type = "mbbi"
    fields: Mapping[str, Field] = {
        **MULTIBIT,
        **soft.INPUT,
        **soft.simulation("INLINK"),
        "SVAL": unsigned(),
        "AFTC": real(units=""),
    }
    constants: Mapping[str, str] = {"INP": "VAL", "SIOL": "SVAL"}
    is_input = True

    def _take(self, value: float) -> None:
        self.values["VAL"] = int(value)

    def _take_raw(self, raw: int) -> None:
        values = self.values
        values["RVAL"] = soft.masked(values, raw)
        values["VAL"] = self.from_raw(values["RVAL"])


class MbboRecord(MultibitRecord):
    """Multi-bit binary output."""

    record_type = "mbbo"
    fields: Mapping[str, Field] = {
        **MULTIBIT,
        **soft.OUTPUT,
        **soft.simulation("OUTLINK"),
        **each("RBV ORBV", unsigned(writable=False)),
        "IVOV": unsigned_short(),
    }
    constants: Mapping[str, str] = {"DOL": "VAL"}

    def metadata(self, field: str) -> Metadata:
        """See `Described.metadata`; without states VAL is no enum, but a number."""
        about = super().metadata(field)
        is_number = field == "VAL" and not self.values["SDEF"]
        return replace(about, dtype=WITHOUT_NAMES.dtype) if is_number else about

    def fetch(self) -> None:
        """Read DOL, in a closed loop."""
        wanted = soft.fetch_output(self, Link.number)
        if wanted is not None:
            self.values["VAL"] = int(wanted)
            self.values["UDF"] = 0
        if not self.values["UDF"]:
            self.drive(self.values["VAL"])

    def drive(self, value: int) -> int:
        """Have the raw value."""
        if self.values["SDEF"] and value >= len(RAW):
            self.alarm_at_least(INVALID, SOFT)
        else:
            self.values["RVAL"] = self.to_raw(value)
        return value

    def emit(self) -> bool:
        """Write OUT."""
        if soft.is_raw(self):
            return soft.write_output(self, self._masked)
        return soft.write_output(self, lambda: self.values["VAL"])

    def _masked(self) -> int:
        values = self.values
        mask = int(values["MASK"]) or 2**32 - 1
        return int(values["RVAL"]) & (mask << values["SHFT"])
