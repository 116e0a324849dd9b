"""Soft device support: values that come and go through links, for real or in simulation mode."""

from collections.abc import Callable, Mapping
from typing import Any

from beamtwin.hardware.channel import SEVERITIES
from beamtwin.twin.field import Field, link, menu, real, severity
from beamtwin.twin.link import Link
from beamtwin.twin.menus import INVALID_OUTPUT, OUTPUT_MODES, SIMULATION, YES_NO
from beamtwin.twin.records.value import ValueRecord

__all__ = [
    "INPUT",
    "OUTPUT",
    "RawInput",
    "drive_unless_invalid",
    "fetch_input",
    "fetch_output",
    "fetch_text",
    "is_due",
    "is_raw",
    "masked",
    "simulation",
    "write_output",
]

INVALID = SEVERITIES.index("INVALID")
RAW = SIMULATION.index("RAW")
CLOSED_LOOP = OUTPUT_MODES.index("closed_loop")
NOT_DRIVEN, SET_TO_IVOV = (INVALID_OUTPUT.index(choice) for choice in INVALID_OUTPUT[1:])


def simulation(direction: str, has_raw: bool = True) -> dict[str, Field]:
    """The fields of simulation mode; SIOL is an INLINK or an OUTLINK."""
    return {
        "SIOL": link(direction),
        "SIML": link("INLINK"),
        "SIMM": menu(*(SIMULATION if has_raw else YES_NO)),
        "SIMS": severity(),
        "SDLY": real(-1.0),
    }


INPUT = {"INP": link("INLINK")}
OUTPUT = {
    "OUT": link("OUTLINK"),
    "DOL": link("INLINK"),
    "OMSL": menu(*OUTPUT_MODES),
    "IVOA": menu(*INVALID_OUTPUT),
}

#: Reads a link; None where that fails.
Read = Callable[[Link], Any]


def fetch_input(
    record: ValueRecord, take: Callable[[Any], None], take_raw: Callable[[Any], None], read: Read
) -> bool:
    """Have an input's value from INP, or in simulation mode from SIOL.

    Returns
    -------
    bool
        Whether it has one, be it that which it had because its link is constant.
    """
    values = record.values
    mode = values["SIMM"]
    source = record.links.get("SIOL" if mode else "INP")
    if source is None:
        return True
    value = read(source)
    if value is None:
        return False
    if mode:
        values["SVAL"] = value
    if mode == RAW or (not mode and is_raw(record)):
        take_raw(int(value))
    else:
        take(value)
    return True


def fetch_text(record: ValueRecord, take: Callable[[Any], None]) -> None:
    """Have an input's text; it is defined where it comes from somewhere."""
    is_read = fetch_input(record, take, take, Link.text)
    if is_read and ("INP" in record.links or record.values["SIMM"]):
        record.values["UDF"] = 0


class RawInput(ValueRecord):
    """An input with a raw value, RVAL: what its types have in common beside the conversion."""

    def fetch(self) -> None:
        """Read INP."""
        if fetch_input(self, self._take, self._take_raw, Link.number):
            self.values["UDF"] = 0

    def post(self, field: str, value: Any) -> None:
        """Store the record's own new value; a raw one, too. See `Record.post`."""
        if field == "RVAL":
            self._take_raw(value)
            field, value = "VAL", self.values["VAL"]
        super().post(field, value)

    def _take(self, value: Any) -> None:
        """Have a value."""
        raise NotImplementedError

    def _take_raw(self, raw: int) -> None:
        """Have a raw value, and that which it means."""
        raise NotImplementedError


def masked(values: Mapping[str, Any], raw: float) -> float:
    """The bits of a raw value that are a record's, where MASK names any; SHFT says where they begin."""
    mask = int(values["MASK"])
    return float(int(raw) & (mask << values["SHFT"]) if mask else raw)


def fetch_output(record: ValueRecord, read: Read) -> Any:
    """What DOL says an output is to be, in a closed loop; None where nobody says anything."""
    source = record.links.get("DOL")
    if source is None or record.values["OMSL"] != CLOSED_LOOP:
        return None
    return read(source)


def write_output(record: ValueRecord, value: Callable[[], Any]) -> bool:
    """Write an output's value to OUT, or in simulation mode to SIOL; not where IVOA forbids it.

    Parameters
    ----------
    value : callable
        What is written: asked for once IVOV is there, where that is to be.

    Returns
    -------
    bool
        Whether the output was driven.
    """
    is_simulated = record.values.get("SIMM")

    def write() -> None:
        target = record.links.get("SIOL" if is_simulated else "OUT")
        if target is not None:
            target.put(value())

    return drive_unless_invalid(record, write) and not is_simulated


def drive_unless_invalid(record: ValueRecord, write: Callable[[], None]) -> bool:
    """Write, unless the record is in INVALID alarm and IVOA says otherwise; whether that was done."""
    values = record.values
    if values["NSEV"] >= INVALID:
        if values["IVOA"] == NOT_DRIVEN:
            return False
        if values["IVOA"] == SET_TO_IVOV:
            values["VAL"] = record.drive(values["IVOV"])
    write()
    return True


def is_raw(record: ValueRecord) -> bool:
    """Whether its links carry raw values."""
    return record.values["DTYP"] == "Raw Soft Channel"


def is_due(when: int, value: float, last: float, has_changed: bool) -> bool:
    """Whether an output is to be written: a choice of ``OOPT``."""
    return (
        True,
        has_changed,
        value == 0,
        value != 0,
        value == 0 and last != 0,
        value != 0 and last == 0,
    )[when]
