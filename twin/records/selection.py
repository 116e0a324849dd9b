"""sel, fanout, dfanout, seq and event: which records are read, written or processed, and when."""

import math
import statistics
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from beamtwin.orchestration.status import Status
from beamtwin.twin.clock import SimClock
from beamtwin.twin.dbcommon import COMMON
from beamtwin.twin.field import (
    Field,
    integer,
    link,
    menu,
    real,
    short,
    string,
    unsigned_short,
)
from beamtwin.twin.link import INVALID, Link
from beamtwin.twin.menus import INVALID_OUTPUT, OUTPUT_MODES, STATUSES
from beamtwin.twin.processing import ProcessedRecord
from beamtwin.twin.record import LOG, UDF, VALUE
from beamtwin.twin.records import soft
from beamtwin.twin.records.arguments import (
    argument_fields,
    constants,
    fetch_arguments,
    followed,
)
from beamtwin.twin.records.numeric import RANGED, NumericRecord, numeric_fields
from beamtwin.twin.records.value import ValueRecord
from beamtwin.twin.unlimited import DELAYS_S

__all__ = ["DfanoutRecord", "EventRecord", "FanoutRecord", "SelRecord", "SeqRecord"]

SOFT = STATUSES.index("SOFT")
SIXTEEN = "0123456789ABCDEF"
DELAYS = tuple(f"DLY{digit}" for digit in SIXTEEN)
OUTPUTS = "ABCDEFGHIJKLMNOP"
TWELVE = "ABCDEFGHIJKL"

SELECTION = ("All", "Specified", "Mask")
ALL, SPECIFIED, MASK = range(3)

CHOSEN: Mapping[str, Field] = {
    "SELM": menu(*SELECTION),
    "SELN": unsigned_short(1),
    "SELL": link("INLINK"),
}


class SelRecord(NumericRecord):
    """One of twelve numbers: that which SELN says, the highest, the lowest, or the median."""

    record_type = "sel"
    fields: Mapping[str, Field] = {
        **numeric_fields(real),
        **argument_fields(TWELVE),
        **dict.fromkeys(TWELVE, real(math.nan, pp=True)),
        **{f"L{letter}": real(writable=False) for letter in TWELVE},
        "VAL": real(writable=False),
        "PREC": short(prop=True),
        "SELM": menu("Specified", "High Signal", "Low Signal", "Median Signal"),
        "SELN": unsigned_short(),
        "NLST": unsigned_short(writable=False),
        "NVL": link("INLINK"),
    }
    constants: Mapping[str, str] = {**constants(TWELVE), "NVL": "SELN"}
    followed = (("SELN", "NLST"), *followed(TWELVE))
    displayed = controlled = RANGED | {*TWELVE, *(f"L{letter}" for letter in TWELVE)}

    def settle_in(self) -> None:
        """Forget arguments, as an IOC does that begins, but for what constant links say."""
        values = self.values
        if values["STAT"] == UDF:
            forgotten = [x for x in TWELVE if not values[f"INP{x}"] or f"INP{x}" in self.links]
            values.update(dict.fromkeys(forgotten, math.nan))

    def fetch(self) -> None:
        """Read the links and select."""
        values = self.values
        if values["SELM"] == 0:
            selected = self._specified()
        else:
            fetch_arguments(self, TWELVE)
            selected = self._ranked()
        if selected is not None:
            values["VAL"] = selected
            values["UDF"] = 0

    def _specified(self) -> float | None:
        values = self.values
        source = self.links.get("NVL")
        if source is not None:
            number = source.number()
            if number is None:
                return None
            values["SELN"] = int(number)
        if values["SELN"] >= len(TWELVE):
            self.alarm_at_least(INVALID, SOFT)
            return None
        letter = TWELVE[values["SELN"]]
        return values[letter] if fetch_arguments(self, letter) else None

    def _ranked(self) -> float:
        """The highest, lowest or median of those that are numbers; SELN says which, or of how many."""
        values = self.values
        mode = values["SELM"]
        numbers = {
            index: values[letter]
            for index, letter in enumerate(TWELVE)
            if not math.isnan(values[letter])
        }
        if mode == 3:
            values["SELN"] = len(numbers)
            return statistics.median_high(numbers.values()) if numbers else math.nan
        if not numbers:
            return -math.inf if mode == 1 else math.inf
        values["SELN"] = (max if mode == 1 else min)(numbers, key=lambda index: numbers[index])
        return numbers[values["SELN"]]


class ChoosingRecord(ProcessedRecord):
    """Some of sixteen links, as SELM, SELN, OFFS and SHFT say."""

    fields: Mapping[str, Field] = {
        **COMMON,
        **CHOSEN,
        "VAL": integer(pp=True),
        "OFFS": short(),
        "SHFT": short(-1),
    }
    constants: Mapping[str, str] = {"SELL": "SELN"}

    def chosen(self) -> Iterable[str]:
        """The digits of the links that are meant now."""
        values = self.values
        _fetch_selection(self)
        number, mode = values["SELN"], values["SELM"]
        if mode == ALL:
            return SIXTEEN
        if mode == SPECIFIED:
            index = number + values["OFFS"]
            if 0 <= index < len(SIXTEEN):
                return SIXTEEN[index]
        elif abs(values["SHFT"]) < len(SIXTEEN):
            shift = values["SHFT"]
            bits = number >> shift if shift >= 0 else number << -shift
            return [digit for index, digit in enumerate(SIXTEEN) if bits & 1 << index]
        self.alarm_at_least(INVALID, SOFT)
        return ()

    def tell(self, last: int) -> None:
        """Tell what has changed."""
        self.values["UDF"] = 0
        self.tell_alarm()
        if self.values["SELN"] != last:
            self.notify("SELN", VALUE | LOG)


class FanoutRecord(ChoosingRecord):
    """Processes up to sixteen records, LNK0 to LNKF."""

    record_type = "fanout"
    fields: Mapping[str, Field] = {
        **ChoosingRecord.fields,
        **{f"LNK{digit}": link("FWDLINK") for digit in SIXTEEN},
    }

    def conclude(self) -> Status | None:
        """Process those that are chosen."""
        last = self.values["SELN"]
        for digit in self.chosen():
            target = self.links.get(f"LNK{digit}")
            if target is not None:
                self.wait_for(target.forward())
        self.tell(last)
        return None


class SeqRecord(ChoosingRecord):
    """Writes up to sixteen values, one after the other: DOL0 to LNK0 after DLY0 seconds, and so on."""

    record_type = "seq"
    fields: Mapping[str, Field] = {
        **ChoosingRecord.fields,
        "OLDN": unsigned_short(),
        "PREC": short(),
        **{delay: real(units="s", precision=2) for delay in DELAYS},
        **{f"DOL{digit}": link("INLINK") for digit in SIXTEEN},
        **{f"DO{digit}": real(units="") for digit in SIXTEEN},
        **{f"LNK{digit}": link("OUTLINK") for digit in SIXTEEN},
    }
    constants: Mapping[str, str] = {
        **ChoosingRecord.constants,
        **{f"DOL{digit}": f"DO{digit}" for digit in SIXTEEN},
    }
    displayed = (*DELAYS, *(f"DO{digit}" for digit in SIXTEEN))
    controlled = DELAYS

    def __init__(self, clock: SimClock, name: str, **field_values: Any):
        super().__init__(clock, name, **field_values)
        self.values["OLDN"] = self.values["SELN"]

    def limits(self, field: str) -> tuple[float, float] | None:
        """Control limits: of the delays."""
        return DELAYS_S if field in DELAYS else None

    def begin(self) -> Status | None:
        """Go through those that are chosen; the first one that is delayed has the rest wait."""
        self._last = self.values["SELN"]
        digits = iter([digit for digit in self.chosen() if self._does_something(digit)])
        return self._go_on(digits, None)

    def conclude(self) -> Status | None:
        """Tell."""
        self.tell(self._last)
        self.values["OLDN"] = self.values["SELN"]
        return None

    def _does_something(self, digit: str) -> bool:
        return f"LNK{digit}" in self.links or f"DOL{digit}" in self.links

    def _go_on(self, digits: Iterator[str], whole: Status | None) -> Status | None:
        for digit in digits:
            delay = self.values[f"DLY{digit}"]
            if delay > 0.0:
                whole = whole or Status(self.clock, name=f"{self.name}: sequence")
                self._write_later(delay, digit, digits, whole)
                return whole
            self._write(digit)
        if whole is not None:
            whole.set_finished()
        return whole

    def _write_later(self, delay: float, digit: str, digits: Iterator[str], whole: Status) -> None:
        def go_on(_: Any) -> None:
            self._write(digit)
            self._go_on(digits, whole)

        self.later(delay, f"DLY{digit}").add_callback(go_on)

    def _write(self, digit: str) -> None:
        values, field = self.values, f"DO{digit}"
        source, target = self.links.get(f"DOL{digit}"), self.links.get(f"LNK{digit}")
        before = values[field]
        if source is not None and (value := source.number()) is not None:
            values[field] = float(value)
        self.timestamp = self.clock.time()
        if target is not None:
            target.put(values[field])
        if values[field] != before:
            self.notify(field, VALUE | LOG)


class DfanoutRecord(NumericRecord):
    """Writes a number to up to sixteen places, OUTA to OUTP."""

    record_type = "dfanout"
    fields: Mapping[str, Field] = {
        **numeric_fields(real),
        **CHOSEN,
        "PREC": short(prop=True),
        **{f"OUT{letter}": link("OUTLINK") for letter in OUTPUTS},
        "DOL": link("INLINK"),
        "OMSL": menu(*OUTPUT_MODES),
        "IVOA": menu(*INVALID_OUTPUT),
        "IVOV": real(),
    }
    constants: Mapping[str, str] = {"SELL": "SELN", "DOL": "VAL"}
    controlled = ("VAL", "LALM", "ALST", "MLST")

    def fetch(self) -> None:
        """Read DOL, in a closed loop, and SELL."""
        wanted = soft.fetch_output(self, Link.number)
        if wanted is not None:
            self.values["VAL"] = float(wanted)
            self.values["UDF"] = 0
        _fetch_selection(self)

    def emit(self) -> bool:
        """Write to those that are chosen."""
        return soft.drive_unless_invalid(self, self._write)

    def _write(self) -> None:
        values = self.values
        number, mode = values["SELN"], values["SELM"]
        if mode == SPECIFIED and number > len(OUTPUTS):
            self.alarm_at_least(INVALID, SOFT)
        for index, letter in enumerate(OUTPUTS):
            target = self.links.get(f"OUT{letter}")
            is_chosen = (True, index == number - 1, bool(number & 1 << index))[mode]
            if target is not None and is_chosen:
                target.put(values["VAL"])


class EventRecord(ValueRecord):
    """Posts the event that VAL names: records with SCAN Event and that EVNT are processed."""

    record_type = "event"
    fields: Mapping[str, Field] = {
        **COMMON,
        "VAL": string(),
        **soft.INPUT,
        **soft.simulation("INLINK", has_raw=False),
        "SVAL": string(),
    }
    constants: Mapping[str, str] = {"INP": "VAL", "SIOL": "SVAL"}

    def fetch(self) -> None:
        """Read INP."""
        soft.fetch_text(self, self._take)

    def check(self) -> None:
        """Raise the alarm of a fault alone: events that are undefined give none."""
        self.check_fault()

    def emit(self) -> bool:
        """Post the event."""
        if self.database is not None:
            self.database.post_event(self.values["VAL"])
        return True

    def _take(self, text: str) -> None:
        self.values["VAL"] = text


def _fetch_selection(record: Any) -> None:
    """Read SELL."""
    source = record.links.get("SELL")
    if source is not None and (number := source.number()) is not None:
        record.values["SELN"] = int(number)
