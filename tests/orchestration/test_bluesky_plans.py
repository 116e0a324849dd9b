"""Bluesky's own plans, unchanged, on this engine: its plans are messages, and messages are all there is to know."""

from typing import Any

import pytest
from bluesky import plan_stubs as bps
from bluesky import plans as bp
from bluesky import preprocessors as bpp

from beamtwin.orchestration import plans
from beamtwin.orchestration.engine import RunEngine
from beamtwin.orchestration.errors import RunEngineInterrupted


def trace(documents: Any) -> list[Any]:
    """What was measured where, in which order."""
    return [event["data"] for event in documents.of("event")]


def test_count(RE: RunEngine, det: Any, documents: Any) -> None:
    RE(bp.count([det], 3, delay=0.0))
    assert documents.names == ["start", "descriptor", *["event"] * 3, "stop"]
    assert documents.start["plan_name"] == "count"
    assert det.calls == ["stage", *["trigger"] * 3, "unstage"]


@pytest.mark.parametrize(
    "plan",
    [
        lambda lib, det, a, b: lib.scan([det], a, -1, 1, b, 5, 6, 7),
        lambda lib, det, a, b: lib.list_scan([det], a, [3, 1, 2], b, [5, 5, 6]),
        lambda lib, det, a, b: lib.grid_scan([det], a, 0, 1, 3, b, 5, 8, 4),
        lambda lib, det, a, b: lib.grid_scan([det], a, 0, 1, 3, b, 5, 8, 4, snake_axes=True),
    ],
    ids=["scan", "list_scan", "grid_scan", "snake"],
)
def test_ours_measure_what_blueskys_do(RE: RunEngine, make: Any, documents: Any, plan: Any) -> None:
    traces, starts = [], []
    for library in (plans, bp):
        documents.clear()
        devices = make("Detector", "det"), make("Motor", "a"), make("Motor", "b")
        RE(plan(library, *devices))
        traces.append(trace(documents))
        starts.append(documents.start)
    assert traces[0] == traces[1]
    ours, theirs = starts
    assert ours["motors"] == list(theirs["motors"])
    for key in ("detectors", "num_points", "num_intervals", "plan_name", "plan_pattern"):
        assert ours[key] == theirs[key]


@pytest.mark.parametrize(
    "plan",
    [
        lambda det, motor: bp.rel_scan([det], motor, -1, 1, 3),
        lambda det, motor: bp.log_scan([det], motor, 0, 2, 3),
        lambda det, motor: bp.spiral_square([det], motor, det.other, 0, 0, 1, 1, 3, 3),
        lambda det, motor: bp.x2x_scan([det], motor, det.other, -1, 1, 3),
    ],
    ids=["rel_scan", "log_scan", "spiral_square", "x2x_scan"],
)
def test_plans_that_are_not_ours_yet(
    RE: RunEngine, det: Any, motor: Any, make: Any, documents: Any, plan: Any
) -> None:
    det.other = make("Motor", "other")
    RE(plan(det, motor))
    assert len(documents.events()) >= 3
    assert documents.stop["exit_status"] == "success"


def test_stubs_and_preprocessors(RE: RunEngine, det: Any, slow: Any, documents: Any) -> None:
    heard: list[str] = []

    @bpp.subs_decorator({"stop": lambda name, _: heard.append(name)})
    @bpp.stage_decorator([det])
    @bpp.run_decorator(md={"sample": "gold"})
    def plan() -> Any:
        yield from bps.mv(slow, 4)
        assert (yield from bps.rd(slow)) == 4
        yield from bps.checkpoint()
        yield from bps.trigger_and_read([det, slow])
        yield from bps.sleep(1)
        yield from bps.abs_set(slow, 5, group="g")
        done = yield from bps.wait("g", timeout=1, error_on_timeout=False)
        assert not done
        yield from bps.wait("g")

    RE(plan())
    assert trace(documents) == [{"det": 1, "slow": 4}]
    assert documents.start["sample"] == "gold"
    assert heard == ["stop"]


def test_baseline_and_relative_positions(
    RE: RunEngine, det: Any, motor: Any, documents: Any
) -> None:
    RE.preprocessors.append(bpp.SupplementalData(baseline=[motor]))
    motor.value = 10.0
    RE(bp.rel_scan([det], motor, -1, 1, 3))
    assert documents.column("m") == [10.0, 9.0, 10.0, 11.0, 11.0]
    assert motor.value == 10.0
    assert documents.stop["num_events"] == {"baseline": 2, "primary": 3}


def test_a_plan_of_theirs_that_fails(RE: RunEngine, det: Any, motor: Any, documents: Any) -> None:
    def refuse(value: float) -> Any:
        raise OSError("beyond the limit")

    motor.set = refuse
    with pytest.raises(OSError, match="beyond the limit"):
        RE(bp.scan([det], motor, 0, 1, 2))
    assert (documents.stop["exit_status"], documents.stop["reason"]) == ("fail", "beyond the limit")
    assert det.calls == ["stage", "unstage"]


def test_a_plan_of_theirs_that_is_paused(
    RE: RunEngine, make: Any, clock: Any, documents: Any
) -> None:
    det, motor = make("Detector", "det", seconds=0.5), make("Motor", "m", seconds=1.0)
    clock.call_at(clock.time() + 2.0, RE.request_pause)
    with pytest.raises(RunEngineInterrupted):
        RE(bp.scan([det], motor, 1, 4, 4))
    RE.resume()
    assert documents.column("m") == [1.0, 2.0, 3.0, 4.0]
    assert documents.seq_nums() == [1, 2, 3, 4]


def test_ctrl_c_ends_a_plan_of_theirs(RE: RunEngine, det: Any, documents: Any) -> None:
    RE.subscribe(lambda *_: RE.abort("Ctrl-C"), "event")
    with pytest.raises(RunEngineInterrupted, match="Ctrl-C"):
        RE(bp.count([det], None))
    assert len(documents.events()) == 1
    assert documents.stop["exit_status"] == "abort"
