import asyncio
from collections.abc import Callable
from typing import Any

import bluesky.plans as bluesky_plans
import pytest

from beamtwin.hardware.motor import Motor
from beamtwin.hardware.slits import Slits
from beamtwin.orchestration import plans as our_plans
from beamtwin.orchestration import stubs
from beamtwin.orchestration.errors import DeviceError, LimitsError, PlanError
from beamtwin.orchestration.messages import Msg, Plan
from beamtwin.orchestration.plans import count, grid_scan, scan
from beamtwin.orchestration.simulators import (
    Imagination,
    RunEngineSimulator,
    assert_message_and_return_remaining,
    check_limits,
    check_limits_async,
    find_violations,
    plan_lines,
    plot_raster_path,
    raster_path,
    summarize_plan,
    walk,
)
from beamtwin.twin.clock import SimClock
from beamtwin.twin.database import Database
from beamtwin.twin.records import MotorRecord

PREFIX = "Slt"


@pytest.fixture
def database() -> Database:
    return Database(SimClock(0.0))


@pytest.fixture
def th(database: Database) -> Motor:
    """At 95 deg, of [-100, 100]."""
    record = MotorRecord(database.clock, "th", VELO=10.0, EGU="deg", HLM=100.0, LLM=-100.0)
    database.add(record)
    motor = Motor("th", "th", database)
    motor.connect()
    motor.set(95.0).wait()
    return motor


@pytest.fixture
def slits(database: Database) -> Slits:
    """Blades at 0, of [-5, 5] mm."""
    for blade in "TBOI":
        name = f"{PREFIX}-Ax:{blade}}}Mtr"
        database.add(MotorRecord(database.clock, name, EGU="mm", HLM=5.0, LLM=-5.0))
    device = Slits(PREFIX, "s", database)
    device.connect()
    return device


# --- limits -------------------------------------------------------------------------------------


def test_all_violations_come_in_one_report(th: Motor) -> None:
    with pytest.raises(LimitsError) as caught:
        check_limits(scan([], th, 90, 110, 5))
    assert str(caught.value).splitlines() == [
        "2 positions out of reach:",
        "th: 105 deg is outside [-100, 100] deg (soft limits of th)",
        "th: 110 deg is outside [-100, 100] deg (soft limits of th)",
    ]
    assert th.position == 95.0


def test_a_plan_within_the_limits_has_no_violation(th: Motor) -> None:
    check_limits(scan([], th, -100, 100, 5))


def test_relative_moves_count_from_where_the_device_is(th: Motor) -> None:
    assert find_violations(stubs.mvr(th, 4)) == []
    assert len(find_violations(stubs.mvr(th, 6))) == 1
    for library in (our_plans, bluesky_plans):
        (violation,) = find_violations(library.rel_scan([], th, -10, 10, 3))
        assert violation.startswith("th: 105 deg is outside [-100, 100] deg")


def test_relative_moves_count_from_where_the_plan_has_sent_the_device(th: Motor) -> None:
    def plan() -> Plan[None]:
        yield from stubs.mv(th, 0)
        yield from stubs.mvr(th, 99)
        yield from stubs.mvr(th, 2)

    assert find_violations(plan()) == ["th: 101 deg is outside [-100, 100] deg (soft limits of th)"]


def test_a_pseudo_axis_is_checked_from_where_the_plan_leaves_its_motors(slits: Slits) -> None:
    def plan() -> Plan[None]:
        yield from stubs.mv(slits.v_center, 4.0)
        yield from stubs.mv(slits.v_gap, 1.0)
        yield from stubs.mv(slits.v_gap, 4.0)

    violations = find_violations(plan())
    assert len(violations) == 1
    assert violations[0].startswith("s_v_gap = 4.0: s_top: 6 mm is outside [-5, 5] mm")


def test_slits_set_by_axis_are_checked_blade_by_blade(slits: Slits) -> None:
    def plan() -> Plan[None]:
        yield from stubs.mv(slits, {"h_center": 4.5, "h_gap": 2.0})

    (violation,) = find_violations(plan())
    assert "s_outboard: 5.5 mm" in violation


def test_a_pseudo_axis_is_found_where_the_plan_has_put_it(slits: Slits) -> None:
    def plan() -> Plan[Any]:
        yield from stubs.mv(slits.v_center, 2.0)
        yield from stubs.mv(slits.top, 3.0)
        return (yield from stubs.rd(slits.v_center)), (yield Msg("locate", slits.v_gap))["setpoint"]

    simulator = RunEngineSimulator()
    simulator.simulate_plan(plan())
    assert simulator.return_value == (2.5, 1.0)


ADAPTIVE = {
    "adaptive_scan": lambda det, motor: ([det], "det", motor, 90, 120, 0.5, 5.0, 1.0, True),
    "rel_adaptive_scan": lambda det, motor: ([det], "det", motor, -5, 25, 0.5, 5.0, 1.0, True),
    "tune_centroid": lambda det, motor: ([det], "det", motor, 90, 101, 0.5, 5),
}


@pytest.fixture(params=[our_plans, bluesky_plans], ids=["ours", "bluesky's"])
def adaptive_plan(request: pytest.FixtureRequest, th: Motor, det: Any) -> Callable[[str], Any]:
    """Make a plan that looks at what it measures, by name."""
    return lambda name: getattr(request.param, name)(*ADAPTIVE[name](det, th))


@pytest.mark.parametrize("name", ADAPTIVE)
def test_adaptive_plans_can_be_checked(adaptive_plan: Any, name: str, th: Motor) -> None:
    violations = find_violations(adaptive_plan(name))
    assert violations
    assert all("is outside [-100, 100] deg" in violation for violation in violations)
    assert th.position == 95.0


@pytest.mark.parametrize("name", ADAPTIVE)
def test_adaptive_plans_work_in_every_simulator(
    adaptive_plan: Any, name: str, th: Motor, det: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    summarize_plan(adaptive_plan(name))
    *_, count = capsys.readouterr().out.splitlines()
    assert int(count.split()[4]) > 5  # events
    positions = [x for x, _ in raster_path(adaptive_plan(name), th, det)]
    assert len(set(positions)) > 5
    messages = RunEngineSimulator().simulate_plan(adaptive_plan(name))
    went = [msg.args[0] for msg in messages if msg.command == "set"]
    assert went[: len(positions)] == positions
    assert det.calls == []
    assert th.position == 95.0


@pytest.mark.parametrize("name", ADAPTIVE)
def test_an_adaptive_plan_goes_where_the_readings_of_a_test_send_it(
    adaptive_plan: Any, name: str, th: Motor, det: Any
) -> None:
    """A peak of 10 at 97 deg, 4 deg wide, is found."""
    place = [95.0]

    def read(msg: Msg) -> Any:
        height = max(0.0, 10.0 - 5.0 * abs(place[-1] - 97.0))
        key, value = ("det", height) if msg.obj is det else ("th", place[-1])
        return {key: {"value": value, "timestamp": 0.0}}

    simulator = RunEngineSimulator()
    simulator.add_handler("set", lambda msg: place.append(msg.args[0]))
    simulator.add_handler("read", read)
    simulator.simulate_plan(adaptive_plan(name))
    assert min(abs(each - 97.0) for each in place) < 0.3
    if name == "tune_centroid":
        assert place[-1] == pytest.approx(97.0, abs=0.3)


def test_a_device_that_cannot_be_asked_is_warned_of_once(motor: Any) -> None:
    with pytest.warns(UserWarning, match=r"m has no check_value\(\)") as warned:
        check_limits(scan([], motor, 0, 1, 5))
    assert len(warned) == 1


@pytest.fixture
def loops(motor: Any) -> list[Any]:
    """The event loops in which the motor, which refuses what is beyond 1, was asked."""
    loops = []

    async def check_value(value: float) -> None:
        loops.append(asyncio.get_running_loop())
        if value > 1:
            raise ValueError(f"{value} is too far")

    motor.check_value = check_value
    return loops


def test_devices_that_check_in_a_coroutine_are_asked(motor: Any, loops: list[Any]) -> None:
    assert find_violations(scan([], motor, 0, 2, 3)) == ["2.0 is too far"]
    assert len(loops) == 3


def test_where_a_loop_runs_they_are_asked_there(motor: Any, th: Motor, loops: list[Any]) -> None:
    async def check() -> None:
        await check_limits_async(scan([], motor, 0, 1, 3))
        await check_limits_async(scan([], motor, 0, 2, th, 0, 200, 3))

    with pytest.raises(LimitsError) as caught:
        asyncio.run(check())
    assert str(caught.value).splitlines()[:2] == ["2 positions out of reach:", "2.0 is too far"]
    assert len(set(loops)) == 1


# --- in words -----------------------------------------------------------------------------------


def test_a_plan_in_words(th: Motor, det: Any, capsys: pytest.CaptureFixture[str]) -> None:
    summarize_plan(scan([det], th, 0, 1, 2))
    assert capsys.readouterr().out.splitlines() == [
        "=== open scan ===",
        "th -> 0 deg",
        "  read det, th",
        "th -> 1 deg",
        "  read det, th",
        "=== close run ===",
        "1 run, 2 moves, 2 events",
    ]
    assert det.calls == []


def test_its_sleep_is_summed(det: Any) -> None:
    assert list(plan_lines(count([det], 3, 10)))[-1] == "1 run, 3 events, 20 s of sleep"


def test_nothing_to_do() -> None:
    assert list(plan_lines([Msg("null")])) == ["nothing to do"]


def test_the_path_of_a_raster(make: Callable[..., Any]) -> None:
    y, x = make("Motor", "y"), make("Motor", "x")
    plan = grid_scan([], y, 0, 1, 2, x, 0, 2, 3, snake_axes=True)
    assert raster_path(plan, x, "y") == [(0, 0), (1, 0), (2, 0), (2, 1), (1, 1), (0, 1)]


@pytest.mark.parametrize("radius", [None, 0.2])
def test_the_path_is_plotted(make: Callable[..., Any], radius: float | None) -> None:
    from matplotlib.figure import Figure

    y, x = make("Motor", "y"), make("Motor", "x")
    ax = Figure().subplots()
    artists = plot_raster_path(grid_scan([], y, 0, 1, 2, x, 0, 2, 3), "x", "y", ax, radius)
    assert artists["path"].get_xydata().tolist()[-1] == [2.0, 1.0]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x", "y")


# --- walking ------------------------------------------------------------------------------------


def test_a_plan_that_never_ends_is_given_up() -> None:
    def forever() -> Plan[None]:
        while True:
            yield Msg("null")

    with pytest.raises(PlanError, match="goes on after 100 messages"):
        list(walk(forever(), Imagination(), most=100))


def test_an_error_of_an_answer_goes_into_the_plan() -> None:
    def plan() -> Plan[str]:
        try:
            yield Msg("read", None)
        except DeviceError:
            return "caught"
        return "missed"

    def refuse(msg: Msg) -> None:
        raise DeviceError("gone")

    simulator = RunEngineSimulator()
    simulator.add_handler("read", refuse)
    simulator.simulate_plan(plan())
    assert simulator.return_value == "caught"


def test_a_rehearsal_may_answer_in_its_own_way(det: Any) -> None:
    seconds = []
    imagination = Imagination()
    trigger = imagination.answers["trigger"]
    imagination.answers["trigger"] = lambda msg: (seconds.append(1.0), trigger(msg))[1]
    list(walk(count([det], 4), imagination))
    assert sum(seconds) == 4.0


# --- a recorder ---------------------------------------------------------------------------------


def test_messages_are_recorded(motor: Any) -> None:
    messages = RunEngineSimulator().simulate_plan(stubs.mv(motor, 2.0))
    assert [msg.command for msg in messages] == ["set", "wait"]
    remaining = assert_message_and_return_remaining(messages, lambda msg: msg.command == "wait")
    assert len(remaining) == 1
    with pytest.raises(AssertionError):
        assert_message_and_return_remaining(remaining, lambda msg: msg.command == "set")


def test_messages_of_another_group_do_not_fit(motor: Any) -> None:
    messages = [Msg("set", motor, 1, group="a"), Msg("set", motor, 2, group="b")]
    is_set = lambda msg: msg.command == "set"  # noqa: E731
    assert assert_message_and_return_remaining(messages, is_set, "b") == messages[1:]


def test_readings_are_given(make: Any, det: Any) -> None:
    sensor = make("Device", "sensor")

    def plan() -> Plan[Any]:
        both = yield Msg("read", det)
        return (yield from stubs.rd(sensor)), both["b"]["value"]

    simulator = RunEngineSimulator()
    simulator.add_read_handler_for(sensor, 7.5)
    simulator.add_read_handler_for_multiple(det, a=1, b={"value": 2, "timestamp": 3.0})
    simulator.simulate_plan(plan())
    assert simulator.return_value == (7.5, 2)


def test_the_latest_handler_answers_unless_it_is_put_last(motor: Any) -> None:
    simulator = RunEngineSimulator()
    simulator.add_handler("null", lambda msg: 1)
    simulator.add_handler(["null"], lambda msg: 2, lambda msg: not msg.args)
    simulator.add_handler("null", lambda msg: 3, index="end")

    def plan() -> Plan[Any]:
        return (yield Msg("null")), (yield Msg("null", None, "x"))

    simulator.simulate_plan(plan())
    assert simulator.return_value == (2, 1)


def test_something_happens_when_a_group_is_awaited(motor: Any) -> None:
    waited = []
    simulator = RunEngineSimulator()
    simulator.add_wait_handler(lambda msg: waited.append("any"))
    simulator.add_wait_handler(lambda msg: waited.append("b"), group="b")
    simulator.simulate_plan([Msg("wait", None, "a"), Msg("wait", None, group="b")])
    assert waited == ["any", "b"]


def test_subscribers_are_given_documents() -> None:
    seen = []

    def plan() -> Plan[None]:
        yield from stubs.subscribe("event", lambda name, doc: seen.append(doc))
        yield Msg("save")
        yield Msg("save")

    simulator = RunEngineSimulator()
    simulator.add_callback_handler_for("save", "event", {"seq_num": 1})
    simulator.add_callback_handler_for("null", "stop", {})
    simulator.simulate_plan(plan())
    simulator.fire_callback("start", {})
    assert seen == [{"seq_num": 1}]
