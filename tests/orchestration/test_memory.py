"""What an engine keeps does not grow with the number of events; bluesky's does, by 3.5 kB each with a baseline."""

import gc
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from beamtwin.orchestration.engine import RunEngine
from beamtwin.orchestration.live import LiveTable
from beamtwin.orchestration.plans import count, scan
from beamtwin.orchestration.preprocessors import SupplementalData
from beamtwin.orchestration.simulators import Imagination, walk
from beamtwin.twin.clock import SimClock

FIRST, LAST = 200, 1200


class Memory:
    """Of a callback: the bytes that are kept for each event, between two of them."""

    def __init__(self) -> None:
        self.at: dict[int, int] = {}

    def __call__(self, name: str, doc: dict[str, Any]) -> None:
        if doc["seq_num"] in (FIRST, LAST):
            gc.collect()
            self.at[doc["seq_num"]] = tracemalloc.get_traced_memory()[0]

    @property
    def per_event(self) -> float:
        return (self.at[LAST] - self.at[FIRST]) / (LAST - FIRST)


def measured(engine: RunEngine, plan: Any, *others: Callable[..., Any]) -> float:
    memory = Memory()
    tracemalloc.start()
    try:
        engine(plan, {"event": memory, "all": list(others)})
    finally:
        tracemalloc.stop()
    return memory.per_event


@pytest.fixture
def engine(clock: SimClock) -> RunEngine:
    """One whose documents nobody keeps."""
    return RunEngine(clock=clock)


def test_a_baseline_keeps_nothing_per_event(engine: RunEngine, make: Callable[..., Any]) -> None:
    engine.preprocessors.append(SupplementalData(baseline=[make("Device", "temperature")]))
    det = make("Detector", "det", seconds=1.0)
    det.calls = Forgetful()
    assert measured(engine, count([det], LAST + 1)) <= 50


def test_moves_in_virtual_time_keep_nothing_per_event(
    engine: RunEngine, make: Callable[..., Any]
) -> None:
    motor, det = make("Motor", "m", seconds=1.0), make("Detector", "det", seconds=1.0)
    motor.calls = det.calls = Forgetful()
    assert measured(engine, scan([det], motor, 0, 1, LAST + 1)) <= 50


def test_a_live_table_keeps_nothing_per_event(engine: RunEngine, det: Any) -> None:
    det.calls = Forgetful()
    table = LiveTable([det], out=lambda line: None)
    assert measured(engine, count([det], LAST + 1), table) <= 50


def test_a_simulation_keeps_nothing_per_event(det: Any) -> None:
    memory = Memory()
    saved = 0
    tracemalloc.start()
    try:
        for msg in walk(count([det], LAST + 1), Imagination()):
            if msg.command == "save":
                saved += 1
                memory("event", {"seq_num": saved})
    finally:
        tracemalloc.stop()
    assert memory.per_event <= 50


class Forgetful(list[Any]):
    """A record of calls that keeps none."""

    def append(self, value: Any) -> None:
        pass
