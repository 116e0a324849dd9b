"""Documents of runs that were measured elsewhere: the same numbers always give the same uids."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

from beamtwin.databroker.stores.base import NamedDocument

__all__ = ["NAMESPACE", "Points", "compose", "metadata_of"]

#: Under which the uids of imported documents are made.
NAMESPACE = UUID("0d3d5cf4-4c0a-5f0e-9a6e-1f1f6b65616d")
#: What a data key says of its values.
_NUMBER, _TEXT = {"dtype": "number", "dtype_numpy": "<f8"}, {"dtype": "string"}


@dataclass(frozen=True, slots=True)
class Points:
    """The events of one stream."""

    name: str
    object_name: str
    """Of the device that all columns are said to be of."""
    source: str
    """Where the columns are from: ``file:cuts.csv``."""
    rows: Sequence[Mapping[str, float | str]]
    """Each with the same keys, numbers or texts."""
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


def metadata_of(said: Mapping[str, Any], columns: Collection[str]) -> dict[str, Any]:
    """What a run that is made of a table has of the run that was exported to it.

    Parameters
    ----------
    said : dict
        The exported run's start document, as the table has it. Nobody vouches for it: the store will check it.
    columns : collection of str
        The table's, which become the stream ``primary``: of what was scanned, only these are left.
    """
    hints = said.get("hints")
    hints = dict(hints) if isinstance(hints, Mapping) else {}
    try:
        scanned = [list(keys) for keys, _ in hints.pop("dimensions", ())]
        scanned = [keys for keys in scanned if keys and all(key in columns for key in keys)]
    except (TypeError, ValueError):
        scanned = []
    if scanned:
        hints["dimensions"] = [[keys, "primary"] for keys in scanned]
    return {key: value for key, value in said.items() if key != "uid"} | {"hints": hints}


def _descriptor(
    start: Mapping[str, Any], uid: str, points: Points, keys: Sequence[str]
) -> dict[str, Any]:
    name = points.object_name
    texts = {key for key in keys if isinstance(points.rows[0][key], str)}
    data_keys = {
        key: (_TEXT if key in texts else _NUMBER)
        | {"shape": [], "source": points.source}
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
