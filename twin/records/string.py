"""stringin and stringout: up to 39 bytes of text; lsi and lso: up to SIZV."""

from collections.abc import Mapping
from typing import Any

from beamtwin.twin.clock import SimClock
from beamtwin.twin.dbcommon import COMMON
from beamtwin.twin.field import Field, each, menu, string, unsigned, unsigned_short
from beamtwin.twin.link import Link
from beamtwin.twin.menus import POST
from beamtwin.twin.record import LOG, VALUE
from beamtwin.twin.records import soft
from beamtwin.twin.records.value import OnPut, ValueRecord

__all__ = ["LsiRecord", "LsoRecord", "StringinRecord", "StringoutRecord"]

ALWAYS = POST.index("Always")
SHORTEST, LONGEST = 16, 32767

TEXT: Mapping[str, Field] = {
    **COMMON,
    "VAL": string(pp=True),
    "OVAL": string(writable=False),
    **each("MPST APST", menu(*POST)),
}
INPUT: Mapping[str, Field] = {
    **TEXT,
    **soft.INPUT,
    **soft.simulation("INLINK", has_raw=False),
}
OUTPUT: Mapping[str, Field] = {
    **TEXT,
    **soft.OUTPUT,
    **soft.simulation("OUTLINK", has_raw=False),
    "IVOV": string(),
}


class TextualRecord(ValueRecord):
    """Text: monitors hear of changes, or with MPST and APST of everything."""

    def settle_in(self) -> None:
        """Have OVAL agree with the value."""
        self.values["OVAL"] = self.values["VAL"]

    def news(self) -> int:
        """Whether the text is another than that told last."""
        values = self.values
        events = (VALUE if values["MPST"] else 0) | (LOG if values["APST"] else 0)
        if values["VAL"] != values["OVAL"]:
            values["OVAL"] = values["VAL"]
            return VALUE | LOG
        return events

    def _take(self, text: str) -> None:
        size = self.fields["VAL"].size
        self.values["VAL"] = text.encode()[:size].decode(errors="ignore")


class InputRecord(TextualRecord):
    """Text that is read."""

    constants: Mapping[str, str] = {"INP": "VAL", "SIOL": "SVAL"}

    def fetch(self) -> None:
        """Read INP."""
        soft.fetch_text(self, self._take)

    def check(self) -> None:
        """Raise the alarm of a fault alone: texts that are undefined give none."""
        self.check_fault()


class OutputRecord(TextualRecord):
    """Text that is written."""

    constants: Mapping[str, str] = {"DOL": "VAL"}

    def fetch(self) -> None:
        """Read DOL, in a closed loop."""
        wanted = soft.fetch_output(self, Link.text)
        if wanted is not None:
            self._take(wanted)
            self.values["UDF"] = 0

    def emit(self) -> bool:
        """Write OUT."""
        return soft.write_output(self, self.output)


class StringinRecord(InputRecord):
    """String input."""

    record_type = "stringin"
    fields: Mapping[str, Field] = {**INPUT, "SVAL": string(pp=True)}


class StringoutRecord(OutputRecord):
    """String output."""

    record_type = "stringout"
    fields: Mapping[str, Field] = OUTPUT


class _Long(TextualRecord):
    """Text of up to SIZV - 1 bytes: clients see the first 39, or with ``NAME.VAL$`` all.

    Parameters
    ----------
    SIZV : int
        Bytes, with the null at the end; from 16 to 32767.
    """

    def __init__(
        self,
        clock: SimClock,
        name: str,
        on_put: OnPut | None = None,
        SIZV: int = 41,
        **field_values: Any,
    ):
        size = min(max(int(SIZV), SHORTEST), LONGEST)
        own = each("VAL OVAL", self.fields["VAL"]._replace(size=size - 1))
        own["OVAL"] = own["OVAL"]._replace(writable=False, pp=False)
        self.fields = {**self.fields, **own}
        super().__init__(clock, name, on_put, SIZV=size, **field_values)

    def settle_in(self) -> None:
        """Have the other fields agree with the value."""
        super().settle_in()
        values = self.values
        length = len(values["VAL"].encode())
        values["LEN"] = values["OLEN"] = float(length + 1 if length else 0)

    def news(self) -> int:
        """Whether the text is another than that told last; tell its length, once there is a text."""
        values = self.values
        if values["VAL"] or not values["UDF"]:
            values["LEN"] = len(values["VAL"].encode()) + 1.0
        return super().news()

    followed = (("LEN", "OLEN"),)


LONG: Mapping[str, Field] = {
    "SIZV": unsigned_short(41, writable=False),
    **each("LEN OLEN", unsigned(writable=False)),
}


class LsiRecord(_Long, InputRecord):
    """Long string input."""

    record_type = "lsi"
    fields: Mapping[str, Field] = {**INPUT, **LONG}


class LsoRecord(_Long, OutputRecord):
    """Long string output."""

    record_type = "lso"
    fields: Mapping[str, Field] = {**OUTPUT, **LONG}
