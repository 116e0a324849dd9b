"""Bluesky's own plans, unchanged, on this engine: its plans are messages, and messages are all there is to know."""

from typing import Any

import pytest
from bluesky import plan_stubs as bps
from bluesky import plans as bp
from bluesky import preprocessors as bpp
from bluesky.run_engine import RunEngine as BlueskyEngine

from beamtwin.orchestration import plans, preprocessors
from beamtwin.orchestration.clock import WallClock
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
        lambda lib, det, a, b: lib.grid_scan([det], a, 0, 1, 3, b, 5, 8, 4, True),
        lambda lib, det, a, b: lib.list_grid_scan([det], a, [3, 1], b, [5, 6], snake_axes=True),
        lambda lib, det, a, b: lib.log_scan([det], a, -1, 2, 4),
        lambda lib, det, a, b: lib.inner_product_scan([det], 3, a, 0, 1, b, 4, 6),
        lambda lib, det, a, b: lib.rel_scan([det], a, -1, 1, b, 2, 3, 5),
        lambda lib, det, a, b: lib.rel_list_scan([det], a, [3, 1], b, [0, 2]),
        lambda lib, det, a, b: lib.rel_log_scan([det], a, 0, 1, 3),
        lambda lib, det, a, b: lib.rel_grid_scan([det], a, 0, 1, 3, b, 5, 8, 2, snake_axes=[b]),
        lambda lib, det, a, b: lib.rel_list_grid_scan([det], a, [0, 1], b, [5, 8]),
        lambda lib, det, a, b: lib.relative_inner_product_scan([det], 3, a, 0, 1),
        lambda lib, det, a, b: lib.x2x_scan([det], a, b, -1, 1, 5),
        lambda lib, det, a, b: lib.spiral([det], a, b, 0, 1, 2, 3, 0.5, 4, tilt=0.2),
        lambda lib, det, a, b: lib.spiral_fermat([det], a, b, 0, 1, 2, 3, 0.5, 1, dr_y=0.3),
        lambda lib, det, a, b: lib.spiral_square([det], a, b, 0, 1, 2, 3, 3, 4),
        lambda lib, det, a, b: lib.rel_spiral([det], a, b, 2, 3, 0.5, 4),
        lambda lib, det, a, b: lib.rel_spiral_fermat([det], a, b, 2, 3, 0.5, 1),
        lambda lib, det, a, b: lib.rel_spiral_square([det], a, b, 2, 3, 3, 4),
        lambda lib, det, a, b: lib.adaptive_scan([det], "det", a, 0, 2, 0.1, 0.5, 1, True),
        lambda lib, det, a, b: lib.rel_adaptive_scan([det], "det", a, 0, 2, 0.1, 0.5, 1, False),
        lambda lib, det, a, b: lib.tune_centroid([det], "det", a, 0, 2, 0.1, 4),
    ],
)
def test_ours_measure_what_blueskys_do(RE: RunEngine, make: Any, documents: Any, plan: Any) -> None:
    traces, starts = [], []
    for library in (plans, bp):
        documents.clear()
        det, a, b = make("Detector", "det"), make("Motor", "a"), make("Motor", "b")
        a.value, b.value = 2.0, 20.0
        RE(plan(library, det, a, b))
        traces.append([*trace(documents), {"a": a.value, "b": b.value}])
        starts.append(documents.start)
    assert [list(each) for each in traces[0]] == [list(each) for each in traces[1]]
    for ours, theirs in zip(*traces, strict=True):
        assert ours == pytest.approx(theirs)
    ours, theirs = starts
    assert theirs.keys() <= ours.keys()
    assert set(ours["motors"]) == set(theirs["motors"])
    assert set(theirs["plan_args"]) <= set(ours["plan_args"])
    assert plainly(ours["hints"]) == plainly(theirs["hints"])
    for key in ("detectors", "num_points", "num_intervals", "plan_name", "shape", "extents"):
        assert plainly(ours.get(key)) == plainly(theirs.get(key))


def plainly(value: Any) -> Any:
    """Lists in place of tuples."""
    if isinstance(value, dict):
        return {key: plainly(each) for key, each in value.items()}
    return [plainly(each) for each in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize(
    "plan",
    [
        lambda det, a, b: plans.count([det], 3),
        lambda det, a, b: plans.scan([det], a, 0, 1, 3),
        lambda det, a, b: plans.rel_grid_scan([det], a, 0, 1, 3, b, 0, 1, 2, snake_axes=True),
        lambda det, a, b: plans.spiral_fermat([det], a, b, 0, 0, 1, 1, 0.3, 1),
        lambda det, a, b: plans.adaptive_scan([det], "det", a, 2, 0, 0.1, 0.5, 1, True),
        lambda det, a, b: plans.tune_centroid([det], "det", a, 0, 2, 0.1, 4),
        lambda det, a, b: preprocessors.SupplementalData(baseline=[b])(plans.count([det], 2)),
    ],
)
def test_plans_of_ours_on_their_engine(make: Any, plan: Any) -> None:
    """Which runs them to the end, and measures what ours does."""
    traces: list[list[Any]] = []
    motors = ("Motor", "a"), ("Motor", "b")
    for engine in (BlueskyEngine(context_managers=[]), RunEngine(context_managers=[])):
        events: list[Any] = []
        engine.subscribe(lambda _, event, events=events: events.append(event["data"]), "event")
        clock = WallClock()
        devices = [make(*each, on=clock) for each in (("Detector", "det"), *motors)]
        engine(plan(*devices))
        traces.append(events)
    assert traces[0] == traces[1]
    assert len(traces[0]) > 1


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
def test_plans_of_theirs(
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
