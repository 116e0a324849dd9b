"""stringin and stringout: up to 39 bytes of text."""

from collections.abc import Mapping

from beamtwin.twin.record import Field, Record, string
from beamtwin.twin.records.value import ValueRecord

__all__ = ["StringinRecord", "StringoutRecord"]


class StringinRecord(ValueRecord):
    """String input."""

    record_type = "stringin"
    fields: Mapping[str, Field] = {**Record.fields, "VAL": string()}


class StringoutRecord(StringinRecord):
    """String output."""

    record_type = "stringout"
