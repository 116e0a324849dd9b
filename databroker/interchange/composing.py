"""Documents of runs that were measured elsewhere: the same numbers always give the same uids."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

from beamtwin.databroker.stores.base import NamedDocument

__all__ = ["NAMESPACE", "Points", "compose"]

#: Under which the uids of imported documents are made.
NAMESPACE = UUID("0d3d5cf4-4c0a-5f0e-9a6e-1f1f6b65616d")


@dataclass(frozen=True, slots=True)
class Points:
    """The events of one stream."""

    name: str
    object_name: str
    """Of the device that all columns are said to be of."""
    source: str
    """Where the columns are from: ``file:cuts.csv``."""
    rows: Sequence[Mapping[str, float]]
    times: Sequence[float]
    """Seconds since the Unix epoch."""
    units: Mapping[str, str] = field(default_factory=dict)
    axis: str | None = None
    """The column that was scanned."""


def compose(start: dict[str, Any], streams: Sequence[Points]) -> Iterator[NamedDocument]:
    """The documents of a run of these streams, all of whose rows have the columns of the first."""
    run = UUID(start["uid"])
    yield "start", start
    for points in streams:
        keys = list(points.rows[0]) if points.rows else []
        descriptor = str(uuid5(run, points.name))
        yield "descriptor", _descriptor(start, descriptor, points, keys)
        for number, (row, time) in enumerate(zip(points.rows, points.times, strict=True), 1):
            yield (
                "event",
                {
                    "uid": str(uuid5(run, f"{points.name}/{number}")),
                    "descriptor": descriptor,
                    "seq_num": number,
                    "time": time,
                    "data": {key: row[key] for key in keys},
                    "timestamps": dict.fromkeys(keys, time),
                },
            )
    last = max((time for points in streams for time in points.times), default=start["time"])
    yield (
        "stop",
        {
            "uid": str(uuid5(run, "stop")),
            "run_start": start["uid"],
            "time": last,
            "exit_status": "success",
            "num_events": {points.name: len(points.rows) for points in streams},
        },
    )


def _descriptor(
    start: Mapping[str, Any], uid: str, points: Points, keys: Sequence[str]
) -> dict[str, Any]:
    name = points.object_name
    data_keys = {
        key: {"dtype": "number", "dtype_numpy": "<f8", "shape": [], "source": points.source}
        | ({"units": points.units[key]} if key in points.units else {})
        | {"object_name": name}
        for key in keys
    }
    return {
        "uid": uid,
        "run_start": start["uid"],
        "time": start["time"],
        "name": points.name,
        "data_keys": data_keys,
        "object_keys": {name: list(keys)},
        "configuration": {name: {"data": {}, "timestamps": {}, "data_keys": {}}},
        "hints": {name: {"fields": [key for key in keys if key != points.axis]}},
    }
