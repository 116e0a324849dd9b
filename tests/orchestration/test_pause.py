"""Pausing, and taking a plan up again from its last checkpoint."""

import threading
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from beamtwin.orchestration import plans, stubs
from beamtwin.orchestration.clock import WallClock
from beamtwin.orchestration.engine import RunEngine
from beamtwin.orchestration.errors import RunEngineInterrupted, TransitionError
from beamtwin.orchestration.messages import Msg
from beamtwin.orchestration.status import Status
from beamtwin.twin.clock import SimClock

EPOCH = 1_700_000_000.0
Make = Callable[..., Any]


def at(clock: SimClock, seconds: float, act: Callable[[], object]) -> None:
    """Let somebody act so many seconds after the epoch."""
    clock.call_at(EPOCH + seconds, act)


def pause_at(RE: RunEngine, clock: SimClock, *seconds: float, defer: bool = False) -> None:
    for each in seconds:
        at(clock, each, lambda: RE.request_pause(defer))


def paused(RE: RunEngine, plan: Any) -> None:
    """Run a plan until it is paused."""
    with pytest.raises(RunEngineInterrupted, match=r"RE\.resume\(\)"):
        RE(plan)
    assert RE.state == "paused"


def resume_paused(RE: RunEngine) -> None:
    with pytest.raises(RunEngineInterrupted):
        RE.resume()
    assert RE.state == "paused"


def commands(messages: list[Msg]) -> list[str]:
    return [msg.command for msg in messages]


# --- what is done again ------------------------------------------------------------------------


def test_messages_since_the_checkpoint_are_replayed(RE: RunEngine, messages: Any) -> None:
    paused(
        RE,
        [Msg("null", None, n) for n in (1, 2)]
        + [Msg("checkpoint"), Msg("null", None, 3), Msg("pause"), Msg("null", None, 4)],
    )
    messages.clear()
    RE.resume()
    assert messages == [Msg("null", None, 3), Msg("null", None, 4)]
    assert RE.state == "idle"


def test_a_pause_goes_through_its_states(RE: RunEngine) -> None:
    states: list[str] = []
    RE.state_hook = lambda new, old: states.append(new)
    paused(RE, [Msg("pause")])
    RE.resume()
    assert states == ["running", "pausing", "paused", "running", "idle"]


def test_resume_answers_what_the_call_would_have(RE: RunEngine, documents: Any) -> None:
    paused(RE, [Msg("open_run"), Msg("pause"), Msg("close_run")])
    assert RE.resume() == (documents.start["uid"],)
    assert documents.stop["exit_status"] == "success"


def test_a_paused_engine_runs_no_other_plan(RE: RunEngine) -> None:
    paused(RE, [Msg("pause")])
    with pytest.raises(TransitionError, match="is paused and can run a plan only when idle"):
        RE([])
    RE.resume()


@pytest.mark.parametrize("times", [1, 2, 5])
def test_a_plan_can_be_paused_many_times(
    RE: RunEngine, messages: Any, clock: SimClock, times: int
) -> None:
    """Each time what came after the checkpoint is done again, and in the same order."""
    pause_at(RE, clock, *[5.0 + 10 * n for n in range(times)])

    def plan() -> Any:
        yield Msg("checkpoint")
        yield Msg("null", None, 1)
        yield Msg("sleep", None, 10)
        return "done"

    RE.call_returns_result = True
    paused(RE, plan())
    for _ in range(times - 1):
        clock.sleep(5.0)
        resume_paused(RE)
    clock.sleep(5.0)
    assert RE.resume().plan_result == "done"
    assert commands(messages) == ["checkpoint", *["null", "sleep"] * (times + 1)]
    assert clock.time() == EPOCH + 10 * times + 10


def test_a_pause_during_a_replay_replays_it_all(RE: RunEngine, messages: Any) -> None:
    """The second pause comes before the place of the first."""
    pauses = iter([False, True, True, False, False])

    def step(msg: Msg) -> None:
        if msg.args == (1,) and next(pauses):
            RE.request_pause()

    RE.register_command("step", step)
    plan = [Msg("checkpoint"), *[Msg("step", None, n) for n in range(3)], Msg("pause"), Msg("null")]
    paused(RE, plan)
    resume_paused(RE)
    resume_paused(RE)
    RE.resume()
    steps = [msg.args[0] for msg in messages if msg.command == "step"]
    assert steps == [0, 1, 2, 0, 1, 0, 1, 0, 1, 2]
    assert commands(messages)[-1] == "null"


@pytest.mark.parametrize(
    "msg",
    [Msg("open_run"), Msg("stage", None), Msg("subscribe", None, print, "stop")],
    ids=lambda msg: msg.command,
)
def test_some_things_are_not_done_twice(RE: RunEngine, messages: Any, msg: Msg) -> None:
    paused(RE, [Msg("null", None, "before"), msg, Msg("null", None, "after"), Msg("pause")])
    messages.clear()
    RE.resume()
    assert messages == [Msg("null", None, "after")]


def test_a_retaken_point_has_its_number_again(
    RE: RunEngine, make: Make, clock: SimClock, documents: Any
) -> None:
    det = make("Detector", "det", seconds=1.0)
    pause_at(RE, clock, 2.5)
    paused(RE, plans.count([det], 4))
    RE.resume()
    assert documents.seq_nums() == [1, 2, 3, 4]
    assert documents.column("det") == [1, 2, 4, 5]
    assert documents.stop["num_events"] == {"primary": 4}


def test_an_event_taken_since_the_checkpoint_is_numbered_again(
    RE: RunEngine, det: Any, documents: Any
) -> None:
    event = [Msg("create", name="primary"), Msg("read", det), Msg("save")]
    paused(
        RE,
        [
            Msg("open_run"),
            *event,
            Msg("checkpoint"),
            *event,
            Msg("pause"),
            *event,
            Msg("close_run"),
        ],
    )
    RE.resume()
    assert documents.seq_nums() == [1, 2, 2, 3]
    assert documents.stop["num_events"] == {"primary": 3}


def test_an_open_event_is_forgotten(RE: RunEngine, det: Any, documents: Any) -> None:
    paused(
        RE,
        [
            Msg("open_run"),
            Msg("create", name="primary"),
            Msg("read", det),
            Msg("pause"),
            Msg("save"),
            Msg("close_run"),
        ],
    )
    RE.resume()
    assert documents.seq_nums() == [1]


def test_a_pause_in_the_very_first_point(
    RE: RunEngine, make: Make, clock: SimClock, documents: Any
) -> None:
    """Where Bluesky crashes (its issue 1647)."""
    det = make("Detector", "det", seconds=1.0)
    pause_at(RE, clock, 0.5)
    paused(RE, plans.count([det], 2))
    RE.resume()
    assert documents.seq_nums() == [1, 2]


def test_a_declared_stream_is_not_declared_twice(RE: RunEngine, det: Any, documents: Any) -> None:
    def plan() -> Any:
        yield Msg("open_run")
        yield Msg("declare_stream", None, det, name="primary")
        yield Msg("pause")
        yield from stubs.trigger_and_read([det])
        yield Msg("close_run")

    paused(RE, plan())
    RE.resume()
    assert documents.names == ["start", "descriptor", "event", "stop"]


# --- the answer that the plan gets -------------------------------------------------------------


def test_the_answer_to_a_replayed_message_is_the_new_one(RE: RunEngine, det: Any) -> None:
    answers: list[Any] = []

    def plan() -> Any:
        yield Msg("checkpoint")
        yield Msg("null")
        RE.request_pause()
        answers.append((yield Msg("read", det)))

    paused(RE, plan())
    det.value = 7.0
    RE.resume()
    assert answers[0]["det"]["value"] == 7.0


def test_a_wait_that_was_paused_answers_when_it_is_done(RE: RunEngine, slow: Any) -> None:
    answers: list[Any] = []

    def plan() -> Any:
        yield Msg("set", slow, 5, group="a")
        RE.clock.call_at(RE.clock.time() + 1.0, RE.request_pause)
        answers.append((yield Msg("wait", None, "a")))

    paused(RE, plan())
    RE.resume()
    assert answers == [True]
    assert slow.value == 5


@pytest.mark.parametrize("rewindable", [True, False])
def test_the_answer_to_what_is_not_replayed_is_kept(
    RE: RunEngine, documents: Any, rewindable: bool
) -> None:
    """A pause asked for while a run was being opened."""
    answers: list[Any] = []

    def plan() -> Any:
        yield Msg("rewindable", None, rewindable)
        answers.append((yield Msg("open_run")))
        yield Msg("close_run")

    RE.subscribe(lambda *_: RE.request_pause(), "start")
    paused(RE, plan())
    RE.resume()
    assert answers == [documents.start["uid"]]


def test_what_the_user_says_of_rewinding_outlasts_a_plan_and_what_a_plan_says_does_not(
    RE: RunEngine, messages: Any
) -> None:
    plan = [Msg("null"), Msg("pause"), Msg("rewindable", None, True), Msg("null")]
    RE.rewindable = False
    for _ in range(2):
        messages.clear()
        paused(RE, plan)
        assert RE.rewindable is False
        RE.resume()
        assert messages == plan
    assert RE.rewindable is False


def test_an_old_answer_is_not_given_to_a_later_message(RE: RunEngine) -> None:
    answers: list[Any] = []

    def plan() -> Any:
        RE.request_pause()
        answers.append((yield Msg("rewindable", None, False)))
        answers.append((yield Msg("pause")))

    paused(RE, plan())
    resume_paused(RE)
    RE.resume()
    assert answers == [False, None]


# --- devices -----------------------------------------------------------------------------------


def test_what_moves_is_stopped_and_sent_again(RE: RunEngine, slow: Any, clock: SimClock) -> None:
    pause_at(RE, clock, 1.0)
    paused(RE, stubs.mv(slow, 5))
    assert slow.calls == [("set", 5), ("stop", True)]
    assert slow.value == 0.0
    RE.resume()
    assert (slow.value, clock.time()) == (5, EPOCH + 3)


def test_a_move_that_the_pause_stopped_is_no_failure(
    RE: RunEngine, slow: Any, clock: SimClock
) -> None:
    """Even of a device that calls every stopped move failed: it is sent again anyway."""
    stop = slow.stop
    slow.stop = lambda success=True: stop(success=False)
    pause_at(RE, clock, 1.0)
    paused(RE, stubs.mv(slow, 5))
    RE.resume()
    assert slow.value == 5


def test_what_failed_in_the_pause_and_is_not_done_again_is_a_failure(
    RE: RunEngine, clock: SimClock
) -> None:
    status = Status(clock, name="cryo: cool")

    class Cryostat:
        name = "cryo"

        def set(self, value: float) -> Status:
            return status

    paused(RE, [Msg("set", Cryostat(), 80), Msg("checkpoint"), Msg("pause")])
    status.set_exception(OSError("out of nitrogen"))
    with pytest.raises(Exception, match="out of nitrogen"):
        RE.resume()


def test_a_wait_outlasts_a_pause_for_what_was_begun_before_the_checkpoint(
    RE: RunEngine, make: Make, clock: SimClock
) -> None:
    """The wait is replayed, the trigger is not: it must still wait for that exposure."""
    det = make("Detector", "det", seconds=10.0)
    pause_at(RE, clock, 4.0)
    paused(RE, [Msg("trigger", det, group="a"), Msg("checkpoint"), Msg("wait", None, "a")])
    RE.resume()
    assert clock.time() == EPOCH + 10
    assert det.calls == ["trigger"]


def test_devices_are_told_of_pause_and_resume(RE: RunEngine, motor: Any) -> None:
    motor.pause = lambda: motor.calls.append("pause")
    motor.resume = lambda: motor.calls.append("resume")
    paused(RE, [Msg("set", motor, 1), Msg("pause")])
    RE.resume()
    assert motor.calls == [
        ("set", 1),
        ("stop", True),
        "pause",
        "resume",
        ("set", 1),
        ("stop", True),
    ]


def test_a_device_that_cannot_pause_ends_the_plan(
    RE: RunEngine, motor: Any, documents: Any
) -> None:
    def pause() -> None:
        raise OSError("cannot pause")

    motor.pause = pause
    with pytest.raises(OSError, match="cannot pause"):
        RE([Msg("open_run"), Msg("read", motor), Msg("pause")])
    assert RE.state == "idle"
    assert (documents.stop["exit_status"], documents.stop["reason"]) == ("fail", "cannot pause")


def test_a_device_that_cannot_resume_leaves_the_plan_paused(RE: RunEngine, motor: Any) -> None:
    tries = iter([OSError("not yet"), None])

    def resume() -> None:
        error = next(tries)
        if error:
            raise error

    motor.resume = resume
    paused(RE, [Msg("read", motor), Msg("pause")])
    with pytest.raises(OSError, match="not yet"):
        RE.resume()
    assert RE.state == "paused"
    RE.resume()


# --- requests ----------------------------------------------------------------------------------


def test_a_deferred_pause_waits_for_a_checkpoint(RE: RunEngine, messages: Any) -> None:
    plan = [
        Msg("pause", defer=True),
        Msg("null", None, 1),
        Msg("checkpoint"),
        Msg("null", None, 2),
        Msg("checkpoint"),
        Msg("null", None, 3),
    ]
    paused(RE, plan)
    assert messages[-1] == Msg("checkpoint")
    messages.clear()
    RE.resume()
    assert messages == plan[3:]


def test_a_deferred_pause_without_a_checkpoint_is_none(RE: RunEngine) -> None:
    RE([Msg("pause", defer=True), Msg("null")])
    RE([Msg("checkpoint")])


def test_a_pause_answers_all_that_were_asked_for(
    RE: RunEngine, clock: SimClock, messages: Any
) -> None:
    """A first press of Ctrl-C defers, a second and third mean now: resuming, the plan goes on."""

    def press(msg: Msg) -> None:
        RE.request_pause(defer=True)
        RE.request_pause()
        RE.request_pause()
        RE.request_pause(defer=True)

    RE.register_command("press", press)
    presses = iter([Msg("press")])
    paused(RE, [Msg("checkpoint"), next(presses), Msg("checkpoint"), Msg("null")])
    RE.register_command("press", lambda msg: None)
    RE.resume()
    assert commands(messages)[-1] == "null"


def test_a_pause_after_clear_checkpoint_ends_the_plan(RE: RunEngine, documents: Any) -> None:
    noted: list[str] = []

    def plan() -> Any:
        yield Msg("open_run")
        yield Msg("clear_checkpoint")
        try:
            yield Msg("pause")
        finally:
            yield Msg("checkpoint")
            yield Msg("pause")
            noted.append("cleaned up")

    with pytest.raises(RunEngineInterrupted, match="paused after 'clear_checkpoint'"):
        RE(plan())
    assert noted == ["cleaned up"]
    assert RE.state == "idle"
    assert documents.stop["exit_status"] == "abort"
    assert "clear_checkpoint" in documents.stop["reason"]


def test_another_thread_pauses_a_plan(
    wall_engine: RunEngine, wall: WallClock, in_thread: Callable[..., threading.Thread]
) -> None:
    began = threading.Event()
    wall_engine.register_command("began", lambda msg: began.set())
    in_thread(lambda: (began.wait(5), wall_engine.request_pause()))
    before = wall.time()
    paused(wall_engine, [Msg("checkpoint"), Msg("began"), Msg("sleep", None, 0.05)])
    assert wall.time() - before < 1
    wall_engine.resume()


def test_another_thread_may_resume(
    RE: RunEngine, documents: Any, in_thread: Callable[..., threading.Thread]
) -> None:
    paused(RE, [Msg("open_run"), Msg("pause"), Msg("close_run")])
    in_thread(RE.resume).join()
    assert documents.stop["exit_status"] == "success"


# --- what may not be replayed ------------------------------------------------------------------


def test_nothing_is_replayed_where_the_plan_forbids_it(
    RE: RunEngine, det: Any, messages: Any, documents: Any
) -> None:
    event = [Msg("create", name="primary"), Msg("read", det), Msg("save")]
    paused(
        RE,
        [
            Msg("open_run"),
            Msg("null", None, "before"),
            Msg("rewindable", None, False),
            *event,
            Msg("create", name="primary"),
            Msg("read", det),
            Msg("pause"),
            Msg("save"),
            Msg("rewindable", None, True),
            Msg("null", None, "after"),
            Msg("pause"),
            Msg("close_run"),
        ],
    )
    messages.clear()
    resume_paused(RE)
    assert commands(messages) == ["save", "rewindable", "null", "pause"]
    assert documents.seq_nums() == [1, 2]
    messages.clear()
    RE.resume()
    assert commands(messages) == ["null", "close_run"]
    assert documents.stop["num_events"] == {"primary": 2}


def test_but_waiting_goes_on(RE: RunEngine, make: Make, clock: SimClock) -> None:
    """A pause must not let the plan read a detector that is still exposing."""
    det = make("Detector", "det", seconds=10.0)
    pause_at(RE, clock, 4.0)
    plan = [
        Msg("rewindable", None, False),
        Msg("trigger", det, group="a"),
        Msg("wait", None, "a"),
    ]
    paused(RE, plan)
    RE.resume()
    assert (clock.time(), det.calls) == (EPOCH + 10, ["trigger"])


# --- time --------------------------------------------------------------------------------------


def gaps(documents: Any) -> list[float]:
    times = [event["time"] for event in documents.events()]
    return [round(b - a, 3) for a, b in pairwise(times)]


def test_delays_are_kept(RE: RunEngine, make: Make, documents: Any) -> None:
    """From the beginning of one reading to the beginning of the next, exposure or not."""
    RE(plans.count([make("Detector", "det", seconds=0.25)], 4, delay=1.0))
    assert gaps(documents) == [1.0, 1.0, 1.0]


def test_an_exposure_longer_than_the_delay_takes_its_time(
    RE: RunEngine, make: Make, documents: Any
) -> None:
    RE(plans.count([make("Detector", "det", seconds=3.0)], 3, delay=1.0))
    assert gaps(documents) == [3.0, 3.0]


@pytest.mark.parametrize("defer", [True, False], ids=["deferred", "now"])
@pytest.mark.parametrize("when", [1.1, 1.25, 1.6], ids=["exposing", "ready", "sleeping"])
def test_delays_are_kept_after_a_pause(
    RE: RunEngine, make: Make, clock: SimClock, documents: Any, when: float, defer: bool
) -> None:
    """Whenever it came, and however long it took (where Bluesky takes readings in rapid sequence: its issue 1647)."""
    det = make("Detector", "det", seconds=0.25)
    pause_at(RE, clock, when, defer=defer)
    paused(RE, plans.count([det], 6, delay=1.0))
    clock.sleep(30.0)
    RE.resume()
    with_pause = [gap for gap in gaps(documents) if gap != 1.0]
    assert len(with_pause) <= 1
    assert all(gap >= 30.0 for gap in with_pause)
    assert len(gaps(documents)) == 5


def test_the_plans_own_time_stands_still_in_a_pause(RE: RunEngine, clock: SimClock) -> None:
    answers: list[float] = []

    def plan() -> Any:
        yield Msg("sleep", None, 3)
        yield Msg("checkpoint")
        yield Msg("sleep", None, 5)
        yield Msg("pause")
        answers.append((yield Msg("elapsed")))

    paused(RE, plan())
    clock.sleep(100)
    RE.resume()
    assert answers == [8.0]
    assert clock.time() == EPOCH + 8 + 100 + 5
