"""transform: sixteen values that follow from each other (synApps)."""

import re
from collections.abc import Mapping
from typing import Any

from beamtwin.orchestration.errors import PutError
from beamtwin.orchestration.status import Status
from beamtwin.twin.calc import CalcError, Calculation, compile_expression
from beamtwin.twin.dbcommon import COMMON
from beamtwin.twin.field import Field, integer, link, menu, real, short, single, string
from beamtwin.twin.link import INVALID
from beamtwin.twin.noise import stream
from beamtwin.twin.processing import ProcessedRecord
from beamtwin.twin.record import LOG, VALUE
from beamtwin.twin.records.calculated import CALC, CONSTANT, LINK_STATES, LOCAL, MISSING

__all__ = ["TransformRecord"]

LETTERS = "ABCDEFGHIJKLMNOP"
ALWAYS, DO_NOTHING = 1, 1


def _each(pattern: str, field: Field) -> dict[str, Field]:
    return {pattern.format(letter): field for letter in LETTERS}


class TransformRecord(ProcessedRecord):
    """Values A to P: each read from INPx, or calculated by CLCx from the others, and written to OUTx.

    They are calculated in the order of the alphabet. A value that has just been written to is not, unless COPT is
    Always. A comment CMTx that begins with ``$`` is a name that expressions may use for x.
    """

    record_type = "transform"
    fields: Mapping[str, Field] = {
        **COMMON,
        "VERS": single(5.8, units="", writable=False),
        "VAL": real(units=""),
        **_each("{}", real(units="", pp=True)),
        **_each("L{}", real(units="", writable=False)),
        **_each("INP{}", link("INLINK")),
        **_each("OUT{}", link("OUTLINK")),
        **_each("CLC{}", string(size=119)),
        **_each("CMT{}", string(size=38)),
        **_each("C{}V", integer()),
        **_each("I{}V", menu(*LINK_STATES, default=1, writable=False)),
        **_each("O{}V", menu(*LINK_STATES, default=1, writable=False)),
        "COPT": menu("Conditional", "Always"),
        "IVLA": menu("Ignore error", "Do Nothing"),
        "MAP": short(),
        "EGU": string(size=15),
        "PREC": short(),
    }
    constants: Mapping[str, str] = {f"INP{letter}": letter for letter in LETTERS}

    seed = 0
    _stream: Any = None

    def __init__(self, clock: Any, name: str, **field_values: Any):
        super().__init__(clock, name, **field_values)
        self._is_told = False
        for letter in LETTERS:
            self.values[f"L{letter}"] = self.values[letter]
        self.configure()

    def configure(self) -> None:
        """Prepare the expressions and what is known of the links."""
        names = self._names()
        self._calculations = {letter: self._compile(letter, names) for letter in LETTERS}
        self._judge_links()

    def start(self) -> None:
        """See `Record.start`."""
        super().start()
        self._judge_links()

    def store(self, field: str, value: Any) -> None:
        """Keep what has been written; a value that has a link cannot be written to. See `Record.store`."""
        if field in LETTERS:
            if f"INP{field}" in self.links:
                raise PutError(
                    f"{self.name}.{field}: {value!r} refused: INP{field} says what it is"
                )
            if not self.values["PACT"]:
                self.values["MAP"] |= _bit(field)
            self.values[field] = value
            self.notify(field, VALUE | LOG)
        else:
            super().store(field, value)

    def conclude(self) -> Status | None:
        """Read, calculate, write, tell."""
        values = self.values
        values["UDF"] = 0
        self._fetch()
        if values["NSEV"] >= INVALID and values["IVLA"] == DO_NOTHING:
            self.tell_alarm()
            return None
        for letter in LETTERS:
            self._calculate(letter)
        values["MAP"] = 0
        for letter in LETTERS:
            target = self.links.get(f"OUT{letter}")
            if target is not None:
                target.put(values[letter])
        self.tell_alarm()
        self._tell_values()
        return None

    def _fetch(self) -> None:
        for letter in LETTERS:
            source = self.links.get(f"INP{letter}")
            if source is not None:
                value = source.number()
                self.values[letter] = 0.0 if value is None else float(value)

    def _calculate(self, letter: str) -> None:
        values = self.values
        calculation = self._calculations[letter]
        if calculation is None:
            return
        is_new = values[letter] != values[f"L{letter}"] or values["MAP"] & _bit(letter)
        if values["COPT"] != ALWAYS and (is_new or f"INP{letter}" in self.links):
            return
        arguments = [values[each] for each in LETTERS]
        result = calculation(arguments, values[letter], self._random)
        values.update(zip(LETTERS, arguments, strict=True))
        values[letter] = result
        if result != result:
            values["UDF"] = 1
            self.alarm_at_least(INVALID, CALC)

    def _tell_values(self) -> None:
        values = self.values
        for letter in LETTERS:
            if values[letter] != values[f"L{letter}"] or not self._is_told:
                values[f"L{letter}"] = values[letter]
                self.notify(letter, VALUE | LOG)
        self._is_told = True

    def _names(self) -> list[tuple[str, str]]:
        """Names for values, the longest first."""
        comments = ((self.values[f"CMT{letter}"], letter) for letter in LETTERS)
        names = [(text.split()[0], letter) for text, letter in comments if text.startswith("$")]
        return sorted(names, key=lambda name: len(name[0]), reverse=True)

    def _compile(self, letter: str, names: list[tuple[str, str]]) -> Calculation | None:
        text = self.values[f"CLC{letter}"]
        for name, meant in names:
            text = re.sub(re.escape(name), meant, text, flags=re.IGNORECASE)
        try:
            calculation = compile_expression(text, LETTERS) if text else None
        except CalcError:
            calculation = None
        self._judge(f"C{letter}V", -1 if text and calculation is None else 0)
        return calculation

    def _judge_links(self) -> None:
        for letter in LETTERS:
            for field, verdict in (
                (f"INP{letter}", f"I{letter}V"),
                (f"OUT{letter}", f"O{letter}V"),
            ):
                found = self.links.get(field)
                if found is None:
                    self._judge(verdict, CONSTANT)
                else:
                    self._judge(verdict, LOCAL if found.is_connected else MISSING)

    def _judge(self, verdict: str, state: int) -> None:
        if self.values[verdict] != state:
            self.values[verdict] = state
            self.notify(verdict, VALUE | LOG)

    def _random(self) -> float:
        if self._stream is None:
            self._stream = stream(self.seed, f"{self.name}.RNDM")
        return float(self._stream.random())


def _bit(letter: str) -> int:
    return 1 << LETTERS.index(letter)
