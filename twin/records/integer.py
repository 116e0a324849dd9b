"""longin and longout: whole numbers."""

from collections.abc import Mapping

from beamtwin.twin.record import Field, integer
from beamtwin.twin.records.numeric import (
    NumericOutput,
    NumericRecord,
    numeric_fields,
    output_fields,
)

__all__ = ["LonginRecord", "LongoutRecord"]


def _number() -> Field:
    return integer(units="EGU")


class LonginRecord(NumericRecord):
    """Integer input."""

    record_type = "longin"
    fields: Mapping[str, Field] = numeric_fields(_number)


class LongoutRecord(NumericOutput):
    """Integer output."""

    record_type = "longout"
    fields: Mapping[str, Field] = output_fields(_number)
