"""Plan stubs: the messages they are made of, and what they return."""

from collections.abc import Callable
from typing import Any

import pytest
from bluesky import plan_stubs as bluesky_stubs

from beamtwin.orchestration import stubs
from beamtwin.orchestration.engine import RunEngine
from beamtwin.orchestration.errors import PlanError
from beamtwin.orchestration.messages import Msg
from beamtwin.orchestration.status import Status
from beamtwin.twin.clock import SimClock

EPOCH = 1_700_000_000.0
Make = Callable[..., Any]


@pytest.fixture
def returned(RE: RunEngine) -> Callable[[Any], Any]:
    """Run a plan; what it returns."""
    RE.call_returns_result = True
    return lambda plan: RE(plan).plan_result


class Thing:
    """What Bluesky's stubs take for a device of every kind."""

    name = "thing"
    parent = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **kwargs: None


THING = Thing()


@pytest.mark.parametrize(
    ("name", "args", "kwargs"),
    [
        ("null", (), {}),
        ("sleep", (2.5,), {}),
        ("open_run", ({"sample": "gold"},), {}),
        ("close_run", ("fail", "because"), {}),
        ("checkpoint", (), {}),
        ("clear_checkpoint", (), {}),
        ("create", ("dark",), {}),
        ("read", (THING,), {}),
        ("save", (), {}),
        ("drop", (), {}),
        ("stop", (THING,), {}),
        ("trigger", (THING,), {"group": "g"}),
        ("abs_set", (THING, 2.0), {"group": "g"}),
        ("configure", (THING, 1), {"gain": 2}),
        ("monitor", (THING,), {"name": "mon"}),
        ("unmonitor", (THING,), {}),
        ("stage", (THING,), {"group": "g"}),
        ("unstage", (THING,), {"group": "g"}),
        ("subscribe", ("stop", print), {}),
        ("unsubscribe", (5,), {}),
    ],
)
def test_stubs_say_what_blueskys_say(name: str, args: Any, kwargs: Any) -> None:
    ours, theirs = getattr(stubs, name), getattr(bluesky_stubs, name)
    assert list(ours(*args, **kwargs)) == list(theirs(*args, **kwargs))


def test_metadata_may_have_any_key(RE: RunEngine, documents: Any) -> None:
    """Also those that are fields of a message: they are not taken for these."""
    md = {"run": 5, "command": "x", "obj": "y", "args": "z", "cls": 1}

    def plan() -> Any:
        yield from stubs.open_run(md)
        yield from stubs.close_run()

    RE(plan())
    assert documents.start.items() >= md.items()


def test_sets_can_be_waited_for(returned: Any, slow: Any, clock: SimClock) -> None:
    status = returned(stubs.abs_set(slow, 5, wait=True))
    assert isinstance(status, Status)
    assert (status.success, clock.time()) == (True, EPOCH + 2)


def test_triggers_can_be_waited_for(returned: Any, make: Make, clock: SimClock) -> None:
    assert returned(stubs.trigger(make("Detector", "d", seconds=1.5), wait=True)).success
    assert clock.time() == EPOCH + 1.5


def test_mv_moves_together_and_waits(returned: Any, make: Make, clock: SimClock) -> None:
    a, b = make("Motor", "a", seconds=2.0), make("Motor", "b", seconds=3.0)
    statuses = returned(stubs.mv(a, 1, b, 2))
    assert [status.success for status in statuses] == [True, True]
    assert (a.value, b.value, clock.time()) == (1, 2, EPOCH + 3)


def test_mvr_and_rel_set_move_by_distances(RE: RunEngine, motor: Any) -> None:
    motor.value = 10.0
    RE(stubs.mvr(motor, 2.5))
    assert motor.value == 12.5
    RE(stubs.rel_set(motor, -0.5, wait=True))
    assert motor.value == 12.0


def test_where_nobody_answers_a_positioner_is_asked_and_a_signal_is_at_0(
    make: Make, motor: Any
) -> None:
    """A plan that is only iterated: a relative move must not begin at a guess."""
    motor.value = 10.0
    positioner = make("Device", "positioner")
    positioner.position = 3.0
    for device, target in ((motor, 12.5), (positioner, 5.5), (make("Signal", "signal"), 2.5)):
        *_, set_ = stubs.rel_set(device, 2.5)
        assert set_.args == (target,)


@pytest.mark.parametrize("move", [stubs.mv, stubs.mvr])
def test_moves_come_in_pairs(RE: RunEngine, motor: Any, move: Any) -> None:
    with pytest.raises(PlanError, match="1 arguments; expected pairs: device, position"):
        RE(move(motor))


def test_rd_reads_the_one_value(returned: Any, det: Any) -> None:
    det.value = 4.5
    assert returned(stubs.rd(det)) == 4.5


def test_rd_reads_the_one_hinted_value(returned: Any, det: Any) -> None:
    det.hints = {"fields": ["det"]}
    det.read = lambda: {
        "det": {"value": 3, "timestamp": 0},
        "det_gain": {"value": 4, "timestamp": 0},
    }
    assert returned(stubs.rd(det)) == 3
    det.hints = {}
    with pytest.raises(PlanError, match=r"\(det\.\) has 2 values \(\['det', 'det_gain'\]\)"):
        returned(stubs.rd(det))


def test_rd_of_several_hinted_values_is_refused_before_anything_is_read(det: Any) -> None:
    det.hints = {"fields": ["x", "y"]}
    with pytest.raises(PlanError, match=r"\(det\.\) has 2 items hinted \(\['x', 'y'\]\)"):
        next(stubs.rd(det))


def test_rd_of_several_attributes_is_refused_before_anything_is_read(det: Any) -> None:
    """Ophyd's devices say what they read."""
    det.read_attrs = ["x", "y"]
    with pytest.raises(PlanError, match=r"\(det\.\) and has 2 read attrs"):
        next(stubs.rd(det))


def test_rd_of_a_positioner_is_where_it_is(returned: Any, motor: Any) -> None:
    """Not where it was sent, and whatever else it can read."""
    motor.locate = lambda: {"setpoint": 5.0, "readback": 4.9}
    assert returned(stubs.rd(motor)) == 4.9


@pytest.mark.parametrize("kind", ["Motor", "Detector"])
def test_rd_where_nobody_answers(make: Make, kind: str) -> None:
    plan = stubs.rd(make(kind, "it"), default_value=7)
    next(plan)
    with pytest.raises(StopIteration) as end:
        plan.send(None)
    assert end.value.value == 7


def test_trigger_and_read_makes_an_event(
    RE: RunEngine, make: Make, motor: Any, documents: Any, clock: SimClock
) -> None:
    """All are triggered before any is read; what cannot be triggered is only read."""
    one, two = make("Detector", "one", seconds=1.0), make("Detector", "two", seconds=2.0)
    readings: list[Any] = []

    def plan() -> Any:
        yield from stubs.open_run()
        readings.append((yield from stubs.trigger_and_read([one, two, motor], name="dark")))
        yield from stubs.close_run()

    RE(plan())
    (event,) = documents.events("dark")
    assert event["data"] == {"one": 1, "two": 1, "m": 0.0}
    assert event["time"] == EPOCH + 2
    assert {key: reading["value"] for key, reading in readings[0].items()} == event["data"]


def test_a_part_is_read_with_the_whole(RE: RunEngine, make: Make, documents: Any) -> None:
    whole = make("Detector", "whole")
    part = make("Detector", "part", parent=make("Detector", "middle", parent=whole))

    def plan() -> Any:
        yield from stubs.open_run()
        yield from stubs.trigger_and_read([part, whole, whole])
        yield from stubs.close_run()

    RE(plan())
    assert documents.events()[0]["data"] == {"whole": 1}
    assert part.calls == []


def test_a_reading_that_fails_can_be_tried_again(RE: RunEngine, det: Any, documents: Any) -> None:
    read, tries = det.read, iter([OSError("timeout"), None])

    def flaky() -> Any:
        error = next(tries, None)
        if error:
            raise error
        return read()

    det.read = flaky

    def plan() -> Any:
        yield from stubs.open_run()
        try:
            yield from stubs.trigger_and_read([det])
        except OSError:
            yield from stubs.trigger_and_read([det])
        yield from stubs.close_run()

    RE(plan())
    assert documents.seq_nums() == [1]


def test_staging_waits_for_all(RE: RunEngine, clock: SimClock, messages: Any) -> None:
    class Slow:
        def __init__(self, name: str, seconds: float):
            self.name = name
            self.seconds = seconds

        def stage(self) -> Status:
            status = Status(clock, name=f"{self.name}: stage")
            clock.call_at(clock.time() + self.seconds, status.set_finished)
            return status

        unstage = stage

    devices = [Slow("a", 2.0), Slow("b", 3.0)]
    RE(stubs.stage_all(*devices))
    clock_after = clock.time()
    group = messages[0].kwargs["group"]
    assert [msg.kwargs["group"] for msg in messages[:2]] == [group, group]
    assert messages[-1] == Msg("wait", None, group=group)
    assert clock_after == EPOCH + 3 + 2 + 3  # cleaning up takes them one by one
    RE(stubs.stage(devices[0], wait=True))
    assert messages[-1].command == "wait"


def test_one_device_is_staged_without_a_wait_where_there_is_nothing_to_wait_for(
    RE: RunEngine, det: Any, messages: Any
) -> None:
    RE(stubs.stage(det))
    RE(stubs.unstage(det))
    assert [msg.command for msg in messages] == ["stage", "unstage"]


def test_pauses_may_be_deferred() -> None:
    assert list(stubs.pause()) == [Msg("pause", None, defer=False)]
    assert list(stubs.pause(defer=True)) == [Msg("pause", None, defer=True)]


def test_wait_says_how_long(returned: Any, slow: Any) -> None:
    def plan() -> Any:
        yield from stubs.abs_set(slow, 1, group="g")
        first = yield from stubs.wait("g", timeout=0.5, error_on_timeout=False)
        return first, (yield from stubs.wait("g"))

    assert returned(plan()) == (False, True)


@pytest.mark.parametrize("num", [0, 1, 3])
def test_repeat_repeats(RE: RunEngine, messages: Any, num: int) -> None:
    RE(stubs.repeat(lambda: [Msg("null")], num))
    assert [msg.command for msg in messages].count("null") == num


def test_groups_of_stubs_do_not_meet() -> None:
    def groups(plan: Any) -> set[Any]:
        return {msg.kwargs["group"] for msg in plan if msg.command == "wait"}

    assert groups(stubs.mv(THING, 1)).isdisjoint(groups(stubs.mv(THING, 1)))
