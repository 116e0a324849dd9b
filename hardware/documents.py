"""Readings and data keys, as event-model has them."""

from collections.abc import Callable
from typing import Any

from beamtwin.hardware.channel import Metadata, Range, Reading

__all__ = ["Document", "describe_values", "document"]

Document = dict[str, Any]

#: Data types that have limits, and those that have a precision.
NUMBERS, REALS = ("number", "integer"), ("number", "array")


def document(reading: Reading, from_pv: Callable[[Any], Any] | None = None) -> Document:
    """A reading as Bluesky has it; ``alarm_severity`` and ``message`` are there only where there is an alarm."""
    value, timestamp, severity, _ = reading
    if from_pv is not None:
        value = from_pv(value)
    if severity:
        alarm = {"alarm_severity": severity, "message": reading.alarm}
        return {"value": value, "timestamp": timestamp, **alarm}
    return {"value": value, "timestamp": timestamp}


def describe_values(metadata: Metadata, dtype: str) -> Document:
    """What only some data keys have: units, precision, limits, choices."""
    limits = _limits(metadata) if dtype in NUMBERS else {}
    optional: Document = {
        "units": metadata.units or None,
        "precision": metadata.precision if dtype in REALS else None,
        "limits": limits or None,
        "choices": list(metadata.choices) if dtype == "string" and metadata.choices else None,
    }
    return {key: value for key, value in optional.items() if value is not None}


def _limits(metadata: Metadata) -> Document:
    ranges: dict[str, Range | None] = {
        "control": metadata.limits,
        "display": metadata.display_limits,
        "warning": metadata.warning_limits,
        "alarm": metadata.alarm_limits,
    }
    return {
        name: {"low": sides[0], "high": sides[1]}
        for name, sides in ranges.items()
        if sides is not None
    }
