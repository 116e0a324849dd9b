"""How far a run is."""

from typing import Any

import pytest
from rich.console import Console

from beamtwin.app.running import RunProgress
from beamtwin.hardware.signals import SignalRW
from beamtwin.hardware.soft import SoftTransport
from beamtwin.orchestration import RunEngine, stubs
from beamtwin.orchestration.errors import RunEngineInterrupted
from beamtwin.orchestration.preprocessors import baseline_wrapper, set_run_key_wrapper
from beamtwin.twin.clock import SimClock


@pytest.fixture
def RE() -> RunEngine:
    return RunEngine(clock=SimClock(0.0), context_managers=[])


@pytest.fixture
def gauge(RE: RunEngine) -> SignalRW[float]:
    return SignalRW(float, SoftTransport(RE.clock, {"P": 1.0}), "P", name="gauge")


@pytest.fixture
def progress() -> RunProgress:
    return RunProgress(Console(quiet=True))


def how_far(progress: RunProgress) -> list[tuple[float, float | None]]:
    return [(task.completed, task.total) for task in progress._progress.tasks]


def test_a_point_that_is_taken_again_counts_once(
    RE: RunEngine, gauge: Any, progress: RunProgress
) -> None:
    def plan() -> Any:
        yield from stubs.open_run({"num_points": 2})
        yield from stubs.checkpoint()
        yield from stubs.trigger_and_read([gauge])
        yield from stubs.pause()
        yield from stubs.trigger_and_read([gauge])
        yield from stubs.close_run()

    events: list[int] = []
    RE.subscribe(progress)
    RE.subscribe(lambda _, event: events.append(event["seq_num"]), "event")
    with pytest.raises(RunEngineInterrupted):
        RE(plan())
    assert how_far(progress) == [(1, 2)]
    RE.resume()
    assert events == [1, 1, 2]
    assert how_far(progress) == [(2, 2)]


def test_a_baseline_is_no_point(RE: RunEngine, gauge: Any, progress: RunProgress) -> None:
    def plan() -> Any:
        yield from stubs.open_run({"num_points": 1})
        yield from stubs.trigger_and_read([gauge])
        yield from stubs.close_run()

    RE(baseline_wrapper(plan(), [gauge]), progress)
    assert how_far(progress) == [(1, 1)]


def test_runs_within_runs_have_their_own(RE: RunEngine, gauge: Any, progress: RunProgress) -> None:
    def run(points: int, within: Any = ()) -> Any:
        yield from stubs.open_run({"num_points": points})
        yield from within
        for _ in range(points):
            yield from stubs.trigger_and_read([gauge])
        yield from stubs.close_run()

    RE(set_run_key_wrapper(run(3, set_run_key_wrapper(run(2), "inner")), "outer"), progress)
    assert how_far(progress) == [(3, 3), (2, 2)]
