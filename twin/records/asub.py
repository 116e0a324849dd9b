"""aSub: a Python function of arrays."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from beamtwin.orchestration.errors import PutError
from beamtwin.orchestration.status import Status
from beamtwin.twin.clock import SimClock
from beamtwin.twin.dbcommon import COMMON
from beamtwin.twin.field import Field, integer, link, menu, severity, short, string, unsigned
from beamtwin.twin.link import INVALID
from beamtwin.twin.menus import TYPES
from beamtwin.twin.processing import ProcessedRecord
from beamtwin.twin.record import LOG, VALUE
from beamtwin.twin.records.arguments import LETTERS
from beamtwin.twin.records.calculated import BAD_SUB, SOFT
from beamtwin.twin.records.waveform import DTYPES

__all__ = ["AsubFunction", "AsubRecord"]

READ = 1
NEVER, ON_CHANGE = 0, 1
DOUBLE = TYPES.index("DOUBLE")

#: What an aSub record does: arrays A to U, by name, to arrays VALA to VALU, as many of them as it makes.
AsubFunction = Callable[[Mapping[str, np.ndarray]], Mapping[str, Any]]

ARRAY = Field("<f8", None, is_array=True)

FIELDS: Mapping[str, Field] = {
    **COMMON,
    "VAL": integer(),
    "OVAL": integer(writable=False),
    "SNAM": string(size=40),
    "INAM": string(writable=False, size=40),
    "ONAM": string(writable=False, size=40),
    "SUBL": link("INLINK", writable=False),
    "LFLG": menu("IGNORE", "READ"),
    "EFLG": menu("NEVER", "ON CHANGE", "ALWAYS", default=ON_CHANGE),
    "BRSV": severity(pp=True),
    "PREC": short(prop=True),
    **{f"INP{letter}": link("INLINK") for letter in LETTERS},
    **{f"OUT{letter}": link("OUTLINK") for letter in LETTERS},
    **{
        f"{kind}{letter}": menu(*TYPES, default=DOUBLE, writable=False)
        for kind in ("FT", "FTV")
        for letter in LETTERS
    },
    **{
        f"{kind}{letter}": unsigned(1.0, writable=False)
        for kind in ("NO", "NE", "NOV", "NEV")
        for letter in LETTERS
    },
    **dict.fromkeys(LETTERS, ARRAY),
    **{f"VAL{letter}": ARRAY for letter in LETTERS},
}


class AsubRecord(ProcessedRecord):
    """Arrays that a Python function makes of others.

    Parameters
    ----------
    functions : mapping of str to callable
        What SNAM may name. One that raises gives a SOFT alarm with the severity BRSV.
    """

    record_type = "aSub"
    takes_functions = True
    fields: Mapping[str, Field] = FIELDS
    controlled = ()

    def __init__(
        self,
        clock: SimClock,
        name: str,
        functions: Mapping[str, AsubFunction] | None = None,
        **field_values: Any,
    ):
        self.functions = functions or {}
        arrays = {
            f"{prefix}{letter}": self._array_field(field_values, kind, letter)
            for prefix, kind in (("", ""), ("VAL", "V"))
            for letter in LETTERS
        }
        self.fields = {**self.fields, **arrays}
        super().__init__(clock, name, **{**dict.fromkeys(arrays, ()), **field_values})

    def _array_field(self, given: Mapping[str, Any], kind: str, letter: str) -> Field:
        element = given.get(f"FT{kind}{letter}", DOUBLE)
        element = element if isinstance(element, str) else TYPES[element]
        count = max(1, int(float(given.get(f"NO{kind}{letter}", 1))))
        return ARRAY._replace(dtype=DTYPES[element], nelm=count)

    def convert(self, field: str, value: Any) -> Any:
        """A client's value as the field holds it."""
        spec = self.fields[field]
        if not spec.is_array:
            return super().convert(field, value)
        try:
            array = np.array(value, dtype=spec.dtype).reshape(-1)[: spec.nelm]
        except (TypeError, ValueError, OverflowError) as error:
            raise PutError(f"{self.name}.{field}: array refused: {error}") from error
        array.flags.writeable = False
        return array

    def conclude(self) -> Status | None:
        """Read, call, write, tell."""
        values = self.values
        if self._fetch():
            values["VAL"] = self._call()
        if values["VAL"] == 0:
            for letter in LETTERS:
                target = self.links.get(f"OUT{letter}")
                if target is not None:
                    target.put(values[f"VAL{letter}"])
        self._tell()
        return None

    def _fetch(self) -> bool:
        values = self.values
        source = self.links.get("SUBL")
        if values["LFLG"] == READ and source is not None:
            name = source.text()
            if name is None:
                return False
            values["SNAM"] = values["ONAM"] = name
        for letter in LETTERS:
            source = self.links.get(f"INP{letter}")
            if source is not None:
                array = source.array()
                if array is None:
                    return False
                values[letter] = self.convert(letter, array)
                values[f"NE{letter}"] = float(len(values[letter]))
        return True

    def _call(self) -> int:
        """Call the function; 0 where that went well."""
        values = self.values
        if not values["SNAM"]:
            return 0
        function = self.functions.get(values["SNAM"])
        if function is None:
            self.alarm_at_least(INVALID, BAD_SUB)
            return BAD_SUB
        try:
            made = function({letter: values[letter] for letter in LETTERS})
            converted = {field: self.convert(field, array) for field, array in made.items()}
        except Exception:  # of somebody else's code: what EPICS has a negative return for
            self.alarm_at_least(values["BRSV"], SOFT)
            return -1
        values["UDF"] = 0
        self._take(converted)
        return 0

    def _take(self, made: Mapping[str, np.ndarray]) -> None:
        values = self.values
        for field, array in made.items():
            is_news = not np.array_equal(values[field], array)
            values[field] = array
            values[f"NEV{field[-1]}"] = float(len(array))
            if values["EFLG"] != NEVER and (is_news or values["EFLG"] != ON_CHANGE):
                self.notify(field, VALUE | LOG)

    def _tell(self) -> None:
        values = self.values
        self.tell_alarm()
        if values["VAL"] != values["OVAL"]:
            values["OVAL"] = values["VAL"]
            self.notify("VAL", VALUE | LOG)
