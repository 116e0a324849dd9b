"""Where the time of one event of a scan goes, from a profile."""

import cProfile
import pstats
from pathlib import Path
from typing import Any, NamedTuple

EVENTS = 3000
TOP = 10


class Hotspot(NamedTuple):
    """A function's own time for one event."""

    function: str
    calls: float
    share: float
    """Of all the time, from 0 to 1."""


def hotspots(work: Any) -> list[Hotspot]:
    """The functions with the most own time, of ``work(events)``; a profiler makes calls dearer than they are."""
    work(EVENTS)
    profile = cProfile.Profile()
    profile.runcall(work, EVENTS)
    # In its stats attribute: {(file, line, function): (primitive calls, calls, own time, time in all, callers)}.
    stats: dict[Any, Any] = vars(pstats.Stats(profile))["stats"]
    whole = sum(row[2] for row in stats.values())
    spots = [
        Hotspot(_label(*place), row[1] / EVENTS, row[2] / whole) for place, row in stats.items()
    ]
    return sorted(spots, key=lambda spot: -spot.share)[:TOP]


def _label(file: str, line: int, function: str) -> str:
    if file == "~":
        return function.strip("<>").removeprefix("built-in method ")
    return f"{Path(file).stem}.{function}"
