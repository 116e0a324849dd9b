"""calc, calcout and sub: numbers that follow from others, by an expression or by a Python function."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from beamtwin.hardware.channel import Metadata
from beamtwin.orchestration.errors import PutError
from beamtwin.orchestration.status import Status
from beamtwin.twin.calc import CalcError, Calculation, compile_expression
from beamtwin.twin.clock import SimClock
from beamtwin.twin.field import (
    Field,
    each,
    integer,
    link,
    menu,
    real,
    severity,
    short,
    string,
    unsigned_short,
)
from beamtwin.twin.link import INVALID
from beamtwin.twin.menus import INVALID_OUTPUT, STATUSES, WHEN
from beamtwin.twin.noise import stream
from beamtwin.twin.record import VALUE
from beamtwin.twin.records import soft
from beamtwin.twin.records.arguments import (
    LETTERS,
    argument_fields,
    constants,
    fetch_arguments,
    followed,
)
from beamtwin.twin.records.numeric import RANGED, NumericRecord, numeric_fields
from beamtwin.twin.records.value import OnPut
from beamtwin.twin.unlimited import DELAYS_S

__all__ = ["CalcRecord", "CalcoutRecord", "SubFunction", "SubRecord"]

CALC, SOFT, BAD_SUB = (STATUSES.index(name) for name in ("CALC", "SOFT", "BAD_SUB"))
USE_OCAL = 1

#: Whether the record that a link leads to is there: ``calcoutINAV``.
LINK_STATES = ("Ext PV NC", "Ext PV OK", "Local PV", "Constant")
MISSING, LOCAL, CONSTANT = (
    LINK_STATES.index(name) for name in ("Ext PV NC", "Local PV", "Constant")
)

ARGUMENTS: Mapping[str, Field] = {
    **numeric_fields(real),
    **argument_fields(LETTERS),
    "PREC": short(prop=True),
}

#: The fields that are about arguments.
ARGUED = frozenset((*LETTERS, *(f"L{letter}" for letter in LETTERS)))

#: What a sub record does: its fields A, B, ..., which it may change, to VAL.
SubFunction = Callable[[dict[str, float]], float]


class ArgumentsRecord(NumericRecord):
    """A number that follows from the fields A to U."""

    constants = constants(LETTERS)
    followed = followed(LETTERS)
    displayed = RANGED | ARGUED

    def metadata(self, field: str) -> Metadata:
        """See `Described.metadata`; of an argument, what the field says that it comes from."""
        source = self.links.get(f"INP{field[-1]}") if field in ARGUED else None
        if source is None or not source.is_connected:
            return super().metadata(field)
        return replace(super().metadata(field), **source.described())

    def ranges(self, field: str) -> dict[str, Any]:
        """See `NumericRecord.ranges`; arguments have none of their own."""
        return {} if field in ARGUED else super().ranges(field)

    def calculate(self, calculation: Calculation | None, last: float) -> float | None:
        """What an expression comes to now; None, and an alarm, where there is none."""
        if calculation is None:
            self.alarm_at_least(INVALID, CALC)
            return None
        values = self.values
        arguments = [values[letter] for letter in LETTERS]
        result = calculation(arguments, last, self.random)
        values.update(zip(LETTERS, arguments, strict=True))
        return result

    def random(self) -> float:
        """RNDM: from a stream of the record's own."""
        if self._stream is None:
            self._stream = stream(self.seed, f"{self.name}.RNDM")
        return float(self._stream.random())

    seed = 0
    _stream: Any = None


class CalcRecord(ArgumentsRecord):
    """A number that an expression says; see `beamtwin.twin.calc`."""

    record_type = "calc"
    fields: Mapping[str, Field] = {
        **ARGUMENTS,
        "VAL": real(),
        "CALC": string("0", size=159, pp=True),
        "AFTC": real(),
    }

    def configure(self) -> None:
        """Prepare the expression."""
        super().configure()
        self._calculation = compile_expression(self.values["CALC"], LETTERS)

    def convert(self, field: str, value: Any) -> Any:
        """A client's value as the field holds it; an expression has to have a meaning."""
        converted = super().convert(field, value)
        if field == "CALC":
            try:
                compile_expression(converted, LETTERS)
            except CalcError as error:
                raise PutError(f"{self.name}.CALC refused: {error}") from error
        return converted

    def fetch(self) -> None:
        """Read the links and calculate."""
        if not fetch_arguments(self, LETTERS):
            return
        result = self.calculate(self._calculation, self.values["VAL"])
        if result is not None:
            self.values["VAL"] = result
            self.values["UDF"] = 0


class CalcoutRecord(ArgumentsRecord):
    """A calc that is written to OUT: when OOPT says so, ODLY seconds later; its own value, or that of OCAL."""

    record_type = "calcout"
    fields: Mapping[str, Field] = {
        **ARGUMENTS,
        "VAL": real(),
        **each("CALC OCAL", string("0", size=159, pp=True)),
        **each("CLCV OCLV", integer()),
        **each("PVAL OVAL POVL IVOV", real()),
        "OUT": link("OUTLINK"),
        "OOPT": menu(*WHEN),
        "ODLY": real(units="s", precision=2),
        "DLYA": unsigned_short(writable=False),
        "DOPT": menu("Use CALC", "Use OCAL"),
        "OEVT": string(),
        "IVOA": menu(*INVALID_OUTPUT),
        **{f"IN{letter}V": menu(*LINK_STATES, default=1, writable=False) for letter in LETTERS},
        "OUTV": menu(*LINK_STATES, writable=False),
    }
    followed = (*followed(LETTERS), ("OVAL", "POVL"))
    controlled = RANGED | {"ODLY"}

    _is_due = False

    def settle_in(self) -> None:
        """Have the other fields agree with the value."""
        self.begin_told()
        values = self.values
        values["PVAL"] = values["VAL"]
        values["POVL"] = values["OVAL"]

    def configure(self) -> None:
        """Prepare the expressions; one without a meaning is kept, and CLCV or OCLV says so."""
        super().configure()
        self._calculation = self._compile("CALC", "CLCV")
        self._output_calculation = self._compile("OCAL", "OCLV")
        self._judge_links()

    def start(self) -> None:
        """See `Record.start`."""
        super().start()
        self._judge_links()

    def begin(self) -> Status | None:
        """Read the links and calculate; wait for as long as ODLY says."""
        values = self.values
        if fetch_arguments(self, LETTERS):
            result = self.calculate(self._calculation, values["VAL"])
            if result is not None:
                values["VAL"] = result
                values["UDF"] = 0
        self.stamp()
        self.check()
        value, last = values["VAL"], values["PVAL"]
        has_changed = not abs(value - last) <= values["MDEL"]
        self._is_due = soft.is_due(values["OOPT"], value, last, has_changed)
        values["PVAL"] = value
        if not self._is_due or values["ODLY"] <= 0.0:
            return None
        self._set_waiting(1)
        return self.later(values["ODLY"], "ODLY")

    def conclude(self) -> Status | None:
        """Write what is to be written, and tell."""
        if self.values["DLYA"]:
            self.stamp()
            self._set_waiting(0)
        is_driven = self._is_due and self._write()
        self.tell(self.news())
        return self.on_put(self.output()) if is_driven and self.on_put is not None else None

    def drive(self, value: float) -> float:
        """Have what is written where IVOA says so."""
        self.values["OVAL"] = value
        return self.values["VAL"]

    def output(self) -> float:
        """The value that a model is told: OVAL."""
        return self.values["OVAL"]

    def limits(self, field: str) -> tuple[float, float] | None:
        """Control limits: HOPR and LOPR, and those of ODLY."""
        return DELAYS_S if field == "ODLY" else super().limits(field)

    def _write(self) -> bool:
        values = self.values
        values["OVAL"] = values["VAL"]
        if values["DOPT"] == USE_OCAL:
            result = self.calculate(self._output_calculation, values["OVAL"])
            values["OVAL"] = values["OVAL"] if result is None else result
            if values["OVAL"] != values["OVAL"]:
                values["UDF"] = 1
                self.check()
        is_driven = soft.write_output(self, self.output)
        if is_driven and values["OEVT"] and self.database is not None:
            self.database.post_event(values["OEVT"])
        return is_driven

    def _set_waiting(self, waiting: int) -> None:
        self.values["DLYA"] = waiting
        self.notify("DLYA", VALUE)

    def _compile(self, field: str, verdict: str) -> Calculation | None:
        try:
            calculation = compile_expression(self.values[field], LETTERS)
        except CalcError:
            calculation = None
        invalid = -1 if calculation is None else 0
        if self.values[verdict] != invalid:
            self.values[verdict] = invalid
            self.notify(verdict, VALUE)
        return calculation

    def _judge_links(self) -> None:
        for field, verdict in (
            *((f"INP{letter}", f"IN{letter}V") for letter in LETTERS),
            ("OUT", "OUTV"),
        ):
            state = CONSTANT
            if field in self.links:
                state = LOCAL if self.links[field].is_connected else MISSING
            if self.values[verdict] != state:
                self.values[verdict] = state
                self.notify(verdict, VALUE)


class SubRecord(ArgumentsRecord):
    """A number that a Python function says.

    Parameters
    ----------
    functions : mapping of str to callable
        What SNAM may name: ``function(arguments)``, with the fields A to U by name, returns VAL. One that raises
        gives a SOFT alarm with the severity BRSV.
    """

    record_type = "sub"
    takes_functions = True
    fields: Mapping[str, Field] = {
        **ARGUMENTS,
        "SNAM": string(),
        "INAM": string(writable=False),
        "BRSV": severity(pp=True),
    }

    def __init__(
        self,
        clock: SimClock,
        name: str,
        functions: Mapping[str, SubFunction] | None = None,
        on_put: OnPut | None = None,
        **field_values: Any,
    ):
        self.functions = functions or {}
        super().__init__(clock, name, on_put, **field_values)

    def fetch(self) -> None:
        """Read the links and call the function."""
        if not fetch_arguments(self, LETTERS):
            return
        values = self.values
        function = self.functions.get(values["SNAM"])
        if function is None:
            self.alarm_at_least(INVALID, BAD_SUB)
            return
        arguments = {letter: values[letter] for letter in LETTERS}
        try:
            result = float(function(arguments))
        except Exception:  # of somebody else's code: what EPICS has a negative return for
            self.alarm_at_least(values["BRSV"], SOFT)
            return
        values.update({letter: float(arguments[letter]) for letter in LETTERS})
        values["VAL"] = result
        values["UDF"] = 0
