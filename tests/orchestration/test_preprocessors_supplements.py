"""What goes beside and around plans: baselines, monitors, flyers, relative positions, lazy staging."""

from typing import Any

import pytest

from beamtwin.orchestration import plans, stubs
from beamtwin.orchestration import preprocessors as bpp
from beamtwin.orchestration.engine import RunEngine
from beamtwin.orchestration.errors import PlanError
from beamtwin.orchestration.messages import Msg


def said(plan: Any) -> list[Any]:
    return [(msg.command, getattr(msg.obj, "name", None)) for msg in plan]


def test_a_baseline_is_read_before_and_after(
    RE: RunEngine, det: Any, motor: Any, documents: Any
) -> None:
    RE.preprocessors.append(bpp.SupplementalData(baseline=[motor]))
    RE(plans.scan([det], motor, 1, 2, 2))
    assert [event["data"] for event in documents.events("baseline")] == [{"m": 0.0}, {"m": 2.0}]


def test_signals_are_monitored_during_a_run(
    RE: RunEngine, make: Any, clock: Any, documents: Any
) -> None:
    signal = make("Signal", "s")
    clock.call_at(clock.time() + 1, lambda: signal.put(5.0))
    RE(bpp.monitor_during_wrapper(bpp.run_wrapper(stubs.sleep(2)), [signal]))
    assert documents.column("s") == [0.0, 5.0]
    assert signal.subscribers == []


def test_flyers_fly_during_a_run(make: Any) -> None:
    a, b = make("Device", "a"), make("Device", "b")
    run = bpp.run_wrapper([Msg("null")])
    assert said(bpp.fly_during_wrapper(run, [a, b])) == [
        ("open_run", None),
        *(("kickoff", "a"), ("kickoff", "b"), ("wait", None)),
        ("null", None),
        *(("complete", "a"), ("complete", "b"), ("wait", None)),
        *(("collect", "a"), ("collect", "b")),
        ("close_run", None),
    ]


def test_supplements_belong_to_the_run_they_are_beside(motor: Any) -> None:
    """Each run of several has its own."""
    plan = bpp.set_run_key_wrapper(bpp.run_wrapper([]), "key")
    supplemented = bpp.SupplementalData(baseline=[motor], monitors=[motor], flyers=[motor])(plan)
    assert {msg.run for msg in supplemented} == {"key"}


def test_without_supplements_a_plan_stays_as_it_is(det: Any) -> None:
    commands = [name for name, _ in said(bpp.SupplementalData()(plans.count([det], 2)))]
    assert commands == [name for name, _ in said(plans.count([det], 2))]


def test_relative_plans_ask_where_devices_are(RE: RunEngine, make: Any, documents: Any) -> None:
    """By ``locate``, by ``position``, or by reading them; and they come back."""
    locatable, positioned, readable = (make("Motor", name) for name in "abc")
    for motor in (locatable, positioned, readable):
        motor.value = 10.0
    positioned = _without_locate(positioned, position=10.0)
    readable = _without_locate(readable)
    for motor in (locatable, positioned, readable):
        documents.clear()
        RE(plans.rel_list_scan([], motor, [-1, 2]))
        assert documents.column(motor.name) == [9.0, 12.0]
        assert motor.read()[motor.name]["value"] == 10.0


def _without_locate(motor: Any, **attributes: Any) -> Any:
    class Axis:
        parent = None

        def __init__(self) -> None:
            self.name, self.hints = motor.name, motor.hints
            self.set, self.read, self.describe = motor.set, motor.read, motor.describe
            self.read_configuration = motor.read_configuration
            self.describe_configuration = motor.describe_configuration
            self.stop = motor.stop
            vars(self).update(attributes)

    return Axis()


def test_a_relative_move_is_not_begun_at_a_guess(make: Any) -> None:
    """Nobody answers, and an asyncio device cannot be asked at once."""

    class AsyncMotor:
        name, parent = "am", None

        async def locate(self) -> Any: ...

    with pytest.raises(PlanError, match="am: where it is must be known"):
        list(stubs.mvr(AsyncMotor(), 1))


def test_devices_return_whatever_happened(RE: RunEngine, det: Any, motor: Any) -> None:
    motor.value = 10.0

    def failing() -> Any:
        yield from stubs.mv(motor, 3)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        RE(bpp.reset_positions_wrapper(failing()))
    assert motor.value == 10.0


def test_only_the_devices_named_are_relative(RE: RunEngine, motor: Any, make: Any) -> None:
    other = make("Motor", "other")
    motor.value = other.value = 10.0
    RE(bpp.relative_set_wrapper(stubs.mv(motor, 1, other, 1), [motor]))
    assert (motor.value, other.value) == (11.0, 1.0)


def test_lazy_staging_stages_when_first_used(RE: RunEngine, make: Any, messages: Any) -> None:
    a, b = make("Detector", "a"), make("Detector", "b")
    RE(bpp.lazily_stage_wrapper([Msg("trigger", a), Msg("read", b), Msg("read", a)]))
    assert said(messages) == [
        *(("stage", "a"), ("trigger", "a"), ("stage", "b"), ("read", "b"), ("read", "a")),
        *(("unstage", "b"), ("unstage", "a")),
    ]


def test_count_times_are_set_and_restored(RE: RunEngine, det: Any, make: Any) -> None:
    det.count_time = make("Motor", "t")
    det.count_time.get = lambda: 0.1
    RE(bpp.configure_count_time_wrapper(plans.count([det], 3), 2.0))
    assert det.count_time.calls[:2] == [("set", 2.0), ("set", 0.1)]
    assert list(bpp.configure_count_time_wrapper([Msg("null")], None)) == [Msg("null")]


def test_suspenders_watch_over_a_plan() -> None:
    plan = bpp.suspend_wrapper([Msg("null")], ["one", "two"])
    assert [(msg.command, *msg.args) for msg in plan] == [
        *(("install_suspender", "one"), ("install_suspender", "two"), ("null",)),
        *(("remove_suspender", "one"), ("remove_suspender", "two")),
    ]


@pytest.mark.parametrize("rewindable", [True, False])
def test_rewinding_is_switched_off_and_on_again(
    RE: RunEngine, messages: Any, rewindable: bool
) -> None:
    RE(bpp.rewindable_wrapper([Msg("null")], rewindable))
    off_and_on = [(None,), (False,), (True,)]
    assert [msg.args for msg in messages if msg.command == "rewindable"] == (
        [] if rewindable else off_and_on
    )


def test_flyers_are_collected_while_they_complete(make: Any) -> None:
    flyer, det = make("Device", "flyer"), make("Device", "det")
    flyer.complete = lambda: None
    plan = stubs.collect_while_completing([flyer], [det], flush_period=0.5, stream_name="main")
    messages = [next(plan), plan.send(None), plan.send(False), plan.send(None), plan.send(True)]
    assert [msg.command for msg in messages] == ["complete", "wait", "collect", "wait", "collect"]
    assert messages[1].kwargs["timeout"] == 0.5
    assert messages[4].kwargs["name"] == "main"
    with pytest.raises(StopIteration):
        plan.send(None)


def test_what_cannot_fly_is_told_beforehand(motor: Any) -> None:
    with pytest.raises(PlanError, match="m is no flyer: it has no kickoff"):
        list(stubs.kickoff_all(motor))
