"""Plans that look at what they measure: they find what they are sent to find."""

import math
from typing import Any

import pytest
from bluesky import plans as bluesky_plans

from beamtwin.orchestration import plans, stubs
from beamtwin.orchestration.engine import RunEngine
from beamtwin.orchestration.errors import PlanError, RampFail
from beamtwin.orchestration.messages import Msg

PEAK, SIGMA = 3.0, 0.1


@pytest.fixture
def peak(make: Any, motor: Any) -> Any:
    """A detector that sees a Gaussian of height 100 at 3 mm, 0.1 mm wide."""
    det = make("Detector", "peak")

    def read() -> Any:
        value = 100 * math.exp(-0.5 * ((motor.value - PEAK) / SIGMA) ** 2)
        return {"peak": {"value": value, "timestamp": 0.0}}

    det.read = read
    return det


def adaptive(lib: Any, det: Any, motor: Any, start: float, stop: float) -> Any:
    return lib.adaptive_scan([det], "peak", motor, start, stop, 0.01, 1.2, 10, True)


def where(documents: Any) -> list[float]:
    positions = documents.column("m")
    documents.clear()
    return positions


def test_an_adaptive_scan_is_the_same_in_both_directions(
    RE: RunEngine, peak: Any, motor: Any, documents: Any
) -> None:
    """Mirrored at the peak, it takes the mirrored steps, and sees the peak's top both ways."""
    RE(adaptive(plans, peak, motor, 1.0, 5.0))
    up = where(documents)
    RE(adaptive(plans, peak, motor, 5.0, 1.0))
    down = where(documents)
    assert down == pytest.approx([2 * PEAK - position for position in up])
    assert min(abs(position - PEAK) for position in down) < SIGMA / 2
    assert sum(abs(position - PEAK) < 3 * SIGMA for position in down) > 10


def test_upwards_it_goes_where_blueskys_goes(
    RE: RunEngine, peak: Any, motor: Any, documents: Any
) -> None:
    RE(adaptive(plans, peak, motor, 1.0, 5.0))
    ours = where(documents)
    RE(adaptive(bluesky_plans, peak, motor, 1.0, 5.0))
    assert ours == pytest.approx(where(documents))


def test_without_backsteps_it_never_goes_back(
    RE: RunEngine, peak: Any, motor: Any, documents: Any
) -> None:
    RE(plans.adaptive_scan([peak], "peak", motor, 5, 1, 0.01, 1.2, 10, False))
    positions = documents.column("m")
    assert positions == sorted(positions, reverse=True)


@pytest.mark.parametrize(("start", "stop"), [(2.0, 4.5), (4.5, 2.0)])
@pytest.mark.parametrize("snake", [False, True])
def test_tune_centroid_goes_to_the_peak(
    RE: RunEngine, peak: Any, motor: Any, start: float, stop: float, snake: bool
) -> None:
    RE(plans.tune_centroid([peak], "peak", motor, start, stop, 0.001, 20, snake=snake))
    assert motor.value == pytest.approx(PEAK, abs=0.001)


def test_tune_centroid_stays_where_there_is_no_signal(
    RE: RunEngine, det: Any, motor: Any, documents: Any
) -> None:
    det.read = lambda: {"det": {"value": 0, "timestamp": 0.0}}
    RE(plans.tune_centroid([det], "det", motor, 0, 1, 0.01, 5))
    assert documents.column("m") == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert motor.value == 1.0


def test_tune_centroid_stays_within_its_first_scan(
    RE: RunEngine, det: Any, motor: Any, documents: Any
) -> None:
    """A signal of both signs has its centroid anywhere."""
    det.read = lambda: {"det": {"value": motor.value - 0.4, "timestamp": 0.0}}
    RE(plans.tune_centroid([det], "det", motor, 0, 1, 0.001, 5))
    assert 0.0 <= min(documents.column("m")) <= max(documents.column("m")) <= 1.0
    assert 0.0 <= motor.value <= 1.0


@pytest.mark.parametrize(
    "plan",
    [
        lambda det, m: plans.adaptive_scan([det], "det", m, 0, 1, 0.1, 0.4, 1, True),
        lambda det, m: plans.tune_centroid([det], "det", m, 0, 1, 0.01),
        lambda det, m: plans.tweak(det, "det", m, 0.1),
        lambda det, m: plans.rel_scan([det], m, -1, 1, 3),
        lambda det, m: plans.rel_adaptive_scan([det], "det", m, 0, 1, 0.1, 0.4, 1, True),
    ],
)
def test_plans_can_be_looked_at_without_an_engine(det: Any, motor: Any, plan: Any) -> None:
    """They end, though nobody answers."""
    assert Msg("close_run", None, exit_status=None, reason=None) in list(plan(det, motor))


@pytest.mark.parametrize(
    ("plan", "complaint"),
    [
        (lambda d, m: plans.adaptive_scan([d], "x", m, 0, 1, 0.5, 0.4, 1, True), "min_step < max"),
        (
            lambda d, m: plans.adaptive_scan([d], "x", m, 0, 1, 0.1, 0.4, 1, True),
            "'x' is not among",
        ),
        (lambda d, m: plans.tune_centroid([d], "x", m, 0, 1, 0), "min_step > 0"),
        (lambda d, m: plans.tune_centroid([d], "x", m, 0, 1, 0.1), "'x' is not among.*: det, m"),
    ],
)
def test_what_makes_no_sense(
    RE: RunEngine, det: Any, motor: Any, plan: Any, complaint: str
) -> None:
    with pytest.raises(PlanError, match=complaint):
        RE(plan(det, motor))


def obey(plan: Any, answers: list[str]) -> list[float]:
    """Where a plan goes when a user answers so."""
    answer, targets, left = None, [], iter(answers)
    try:
        while True:
            msg, answer = plan.send(answer), None
            if msg.command == "read":
                answer = msg.obj.read()
            elif msg.command == "input":
                answer = next(left)
            elif msg.command == "set":
                msg.obj.value = msg.args[0]
                targets.append(msg.args[0])
    except StopIteration:
        return targets


def test_tweak_asks_for_each_step(det: Any, motor: Any) -> None:
    """An empty answer takes the last step again; what is no number ends the plan."""
    targets = obey(plans.tweak(det, "det", motor, 0.1), ["", "0.5", "", "q"])
    assert targets == pytest.approx([0.1, 0.6, 1.1])


# --- ramps -------------------------------------------------------------------------------------


def test_a_ramp_takes_data_while_it_goes(
    RE: RunEngine, det: Any, make: Any, documents: Any
) -> None:
    """10 s, every 2 s, once before and once after; in virtual time also when taking data takes none."""
    furnace, sensor = make("Motor", "furnace", seconds=10.0), make("Signal", "sensor")
    take = lambda: stubs.trigger_and_read([det])  # noqa: E731
    RE(plans.ramp_plan(stubs.abs_set(furnace, 500), sensor, take, period=2.0))
    assert len(documents.events()) == 1 + 5 + 1
    assert documents.start["plan_name"] == "ramp_plan"
    assert len(documents.events("sensor_monitor")) == 1


def test_a_ramp_must_be_done_in_time(RE: RunEngine, det: Any, make: Any, documents: Any) -> None:
    furnace, sensor = make("Motor", "furnace", seconds=10.0), make("Signal", "sensor")
    take = lambda: stubs.trigger_and_read([det])  # noqa: E731
    with pytest.raises(RampFail, match="not done after 1 s"):
        RE(plans.ramp_plan(stubs.abs_set(furnace, 500), sensor, take, timeout=1.0))
    assert documents.stop["exit_status"] == "fail"
