"""ai and ao: real numbers."""

from collections.abc import Mapping

from beamtwin.twin.record import Field, real, short
from beamtwin.twin.records.numeric import (
    NumericOutput,
    NumericRecord,
    numeric_fields,
    output_fields,
)

__all__ = ["AiRecord", "AoRecord"]


class AiRecord(NumericRecord):
    """Analogue input."""

    record_type = "ai"
    fields: Mapping[str, Field] = {**numeric_fields(real), "PREC": short()}


class AoRecord(NumericOutput):
    """Analogue output."""

    record_type = "ao"
    fields: Mapping[str, Field] = {**output_fields(real), "PREC": short()}
