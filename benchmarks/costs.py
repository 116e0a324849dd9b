"""What is measured otherwise than by calling it many times: starting up, and memory."""

import gc
import os
import resource
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from typing import Any

from devices import BareDetector

#: Imports and constructors, as a user's first two lines.
OURS = "from beamtwin.orchestration import RunEngine; RunEngine({})"
THEIRS = "from bluesky import RunEngine; RunEngine({})"


def startup(code: str) -> float:
    """CPU seconds of a fresh Python that does this, less those of one that does nothing."""
    return _cpu_of_python(code) - _cpu_of_python("pass")


def _cpu_of_python(code: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, env=dict(os.environ))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def bytes_per_event(engine: Any, count: Callable[..., Any], supplemental_data: Any) -> float:
    """What an engine keeps for each event of a run that has baseline readings, in bytes, while that runs."""
    first, last = 500, 2500
    at: dict[int, int] = {}

    def look(name: str, doc: dict[str, Any]) -> None:
        if doc["seq_num"] in (first, last):
            gc.collect()
            at[doc["seq_num"]] = tracemalloc.get_traced_memory()[0]

    engine.preprocessors.append(supplemental_data(baseline=[BareDetector("temperature")]))
    tracemalloc.start()
    try:
        engine(count([BareDetector("detector")], last + 1), {"event": look})
    finally:
        tracemalloc.stop()
    return (at[last] - at[first]) / (last - first)
