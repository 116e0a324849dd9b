"""What is known of a record's fields: their types, limits, choices, and what values they take."""

import difflib
from collections.abc import Container, Iterable, Mapping
from typing import Any, ClassVar

from beamtwin.hardware.channel import Metadata
from beamtwin.hardware.ranges import WHOLE
from beamtwin.orchestration.errors import NotConnectedError, PutError
from beamtwin.twin.clock import SimClock
from beamtwin.twin.dbcommon import COMMON
from beamtwin.twin.field import LINKS, Field, convert
from beamtwin.twin.link_text import link_text
from beamtwin.twin.monitored import Monitored
from beamtwin.twin.unlimited import EVERYTHING, NOTHING, Unlimited

__all__ = ["Described", "similar"]


class Described(Monitored):
    """Fields as a table describes them: a type's, or one record's own."""

    record_type = ""
    fields: Mapping[str, Field] = COMMON
    #: Fields with display limits, and with control limits, of the record's own, be they 0 to 0; those of others are
    #: what their types hold.
    displayed: Container[str] = EVERYTHING
    controlled: Container[str] = EVERYTHING
    _of_type: ClassVar[Mapping[str, Any]] = {}

    def __init_subclass__(cls, **arguments: Any):
        super().__init_subclass__(**arguments)
        cls._of_type = {name: field.default for name, field in cls.fields.items()}

    def __init__(self, clock: SimClock, name: str):
        super().__init__(clock, name, self._first_values())
        self.values |= {"NAME": name, "RTYP": self.record_type}

    def _first_values(self) -> Mapping[str, Any]:
        if self.fields is not type(self).fields:  # those of this one record
            return {name: field.default for name, field in self.fields.items()}
        return self._of_type

    def metadata(self, field: str) -> Metadata:
        """What a field holds, in which unit, and within which limits."""
        spec = self.field(field)
        return Metadata(
            dtype=spec.dtype,
            count=spec.nelm,
            is_array=spec.is_array,
            units=spec.units.replace("EGU", self.values.get("EGU", "")),
            precision=self._precision(spec),
            limits=self.limits(field),
            choices=self.choices(field),
            writable=spec.writable,
            **self.ranges(field),
        )

    def _precision(self, spec: Field) -> int | None:
        if spec.dtype[1] != "f":
            return None
        if spec.precision is not None:
            return spec.precision
        return 0 if spec.dbf == "ULONG" else self.values.get("PREC")

    def field(self, name: str) -> Field:
        """The entry of a field in the type's table."""
        try:
            return self.fields[name]
        except KeyError:
            raise self._unknown(name) from None

    def choices(self, field: str) -> tuple[str, ...]:
        """An enum field's strings."""
        return self.field(field).choices

    def limits(self, field: str) -> tuple[float, float] | None:
        """Control limits of a field; None where there are none."""
        return None

    def ranges(self, field: str) -> dict[str, Any]:
        """Display, warning and alarm limits of a field, as `Metadata` calls them, where there are such."""
        return {}

    def unlimited(self, field: str) -> Unlimited:
        """What Channel Access says of a field in place of the limits that `metadata` has not."""
        whole = WHOLE.get(self.field(field).dbf, NOTHING)
        display, control = (
            NOTHING if field in own else whole for own in (self.displayed, self.controlled)
        )
        return Unlimited(display, control)

    def convert(self, field: str, value: Any) -> Any:
        """A client's value as the field holds it.

        Raises
        ------
        PutError
            Where it cannot: naming the PV, the value, and what is allowed.
        """
        spec = self.fields[field]
        try:
            converted = convert(value, spec, self.choices(field) if spec.dtype == "enum" else ())
            if spec.dbf in LINKS:
                converted = link_text(converted, spec.dbf == "FWDLINK")
        except (TypeError, ValueError, OverflowError) as error:
            raise PutError(f"{self.name}.{field}: {value!r} refused: {error}") from error
        return converted

    def _unknown(self, field: str) -> NotConnectedError:
        return NotConnectedError(
            f"{self.name}.{field}: the {self.record_type} record has no field {field}"
            + similar(field, self.fields)
        )


def similar(name: str, known: Iterable[str]) -> str:
    """The end of a message about a name that is unknown: what may have been meant."""
    matches = difflib.get_close_matches(name, known, n=3)
    return f"; did you mean {' or '.join(matches)}?" if matches else ""
