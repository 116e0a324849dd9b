"""Suspenders, in virtual time."""

import logging
from typing import Any

import pytest

from beamtwin.orchestration import errors, suspenders
from beamtwin.orchestration.engine import RunEngine
from beamtwin.orchestration.messages import Msg
from beamtwin.orchestration.status import Status
from beamtwin.twin.clock import SimClock

EPOCH = 1_700_000_000.0


@pytest.fixture
def beam(make: Any) -> Any:
    return make("Signal", "beam")


def change(clock: SimClock, signal: Any, *changes: tuple[float, float]) -> None:
    """Let the signal have these values, so many seconds after the epoch."""
    for seconds, value in changes:
        clock.call_at(EPOCH + seconds, lambda value=value: signal.put(value))


@pytest.mark.parametrize(
    ("make_suspender", "good", "bad"),
    [
        (suspenders.SuspendBoolHigh, 0, 1),
        (suspenders.SuspendBoolLow, 1, 0),
        (lambda signal: suspenders.SuspendFloor(signal, 5.0), 6.0, 4.0),
        (lambda signal: suspenders.SuspendCeil(signal, 5.0), 4.0, 6.0),
        (lambda signal: suspenders.SuspendWhenOutsideBand(signal, 1.0, 2.0), 1.5, 3.0),
        pytest.param(
            lambda signal: suspenders.SuspendOutBand(signal, 1.0, 2.0),
            3.0,
            1.5,
            marks=pytest.mark.filterwarnings("ignore:SuspendOutBand is deprecated"),
        ),
        (
            lambda signal: suspenders.SuspendWhenChanged(
                signal, expected_value=1.0, allow_resume=True
            ),
            1.0,
            2.0,
        ),
    ],
)
def test_a_plan_waits_while_the_signal_is_bad(
    RE: RunEngine, beam: Any, clock: SimClock, make_suspender: Any, good: float, bad: float
) -> None:
    """10 s of sleep, interrupted at 4 s until 24 s, and done again."""
    beam.put(good)
    RE.install_suspender(make_suspender(beam))
    change(clock, beam, (4.0, bad), (24.0, good))
    RE([Msg("checkpoint"), Msg("sleep", None, 10)])
    assert clock.time() == EPOCH + 34.0


def test_the_person_at_the_prompt_hears_why_and_when_it_goes_on(
    RE: RunEngine, beam: Any, clock: SimClock, caplog: pytest.LogCaptureFixture
) -> None:
    beam.put(6.0)
    RE.install_suspender(suspenders.SuspendFloor(beam, 5.0, tripped_message="call the floor"))
    change(clock, beam, (4.0, 1.0), (24.0, 6.0))
    with caplog.at_level(logging.WARNING):
        RE([Msg("checkpoint"), Msg("sleep", None, 10)])
    suspended, goes_on = caplog.messages
    assert suspended.startswith("the plan is suspended: Signal beam = 1.0 fell below 5.0")
    assert suspended.endswith("call the floor")
    assert goes_on == "the plan goes on"


def test_a_signal_that_trips_after_the_plans_end_waits_for_the_next(
    RE: RunEngine, beam: Any, clock: SimClock, messages: list[Msg]
) -> None:
    suspender = suspenders.SuspendBoolHigh(beam)
    RE.install_suspender(suspender)
    RE([Msg("null")])
    beam.put(1)
    change(clock, beam, (7.0, 0))
    RE([Msg("sleep", None, 1)])
    assert [msg.command for msg in messages] == ["null", "wait_for", "sleep"]
    assert clock.time() == EPOCH + 8


@pytest.mark.parametrize("name", ["SuspendInBand", "SuspendOutBand"])
def test_old_suspenders_say_so(beam: Any, name: str) -> None:
    with pytest.warns(UserWarning, match=name):
        getattr(suspenders, name)(beam, 1.0, 2.0)


def test_pre_and_post_plans_frame_the_wait_and_sleep_lengthens_it(
    RE: RunEngine, beam: Any, clock: SimClock, messages: list[Msg]
) -> None:
    beam.put(1)
    suspender = suspenders.SuspendBoolLow(
        beam, sleep=5, pre_plan=[Msg("null", None, "pre")], post_plan=lambda: [Msg("null", None, 2)]
    )
    RE.install_suspender(suspender)
    change(clock, beam, (1.0, 0), (2.0, 1))
    RE([Msg("checkpoint"), Msg("sleep", None, 10)])
    assert clock.time() == EPOCH + 2.0 + 5.0 + 10.0
    assert [msg.command for msg in messages] == [
        "checkpoint",
        "sleep",
        "_start_suspender",
        "rewindable",
        "null",
        "wait_for",
        "_resume_from_suspender",
        "null",
        "rewindable",
        "sleep",
    ]


def test_a_tripped_suspender_holds_back_the_start(
    RE: RunEngine, beam: Any, clock: SimClock
) -> None:
    beam.put(0)
    RE.install_suspender(suspenders.SuspendBoolLow(beam))
    change(clock, beam, (60.0, 1))
    RE([Msg("sleep", None, 1)])
    assert clock.time() == EPOCH + 61.0


def test_what_moves_is_stopped_and_the_point_is_taken_again(
    RE: RunEngine, beam: Any, slow: Any, clock: SimClock
) -> None:
    beam.put(1)
    RE.install_suspender(suspenders.SuspendBoolLow(beam))
    change(clock, beam, (1.0, 0), (5.0, 1))
    RE([Msg("checkpoint"), Msg("set", slow, 1.0, group="g"), Msg("wait", None, "g")])
    assert slow.calls == [("set", 1.0), ("stop", True), ("set", 1.0), ("stop", True)]
    assert clock.time() == EPOCH + 7.0


class Answering:
    """Loses its connection in the middle of a reading, as often as it is told to."""

    name = "answering"
    parent = None

    def __init__(self, losses: int, lose: Any):
        self.losses, self.lose = losses, lose

    def read(self) -> dict[str, Any]:
        if self.losses:
            self.losses -= 1
            self.lose()
            raise errors.NotConnectedError("answering: lost the connection")
        return {self.name: {"value": 1.0, "timestamp": EPOCH}}

    def describe(self) -> dict[str, Any]:
        return {self.name: {"source": "test", "dtype": "number", "shape": []}}


def points(number: int, device: Any) -> Any:
    yield Msg("open_run")
    for _ in range(number):
        yield Msg("checkpoint")
        yield Msg("create", None, name="primary")
        yield Msg("read", device)
        yield Msg("save")
    yield Msg("close_run")


def test_a_reading_that_fails_as_the_suspender_trips_is_taken_again(
    RE: RunEngine, beam: Any, clock: SimClock, documents: Any
) -> None:
    beam.put(1)
    RE.install_suspender(suspenders.SuspendBoolLow(beam))
    change(clock, beam, (5.0, 1))
    RE(points(3, Answering(1, lambda: beam.put(0))))
    assert [event["seq_num"] for event in documents.of("event")] == [1, 2, 3]
    assert (documents.stop["exit_status"], clock.time()) == ("success", EPOCH + 5.0)


def test_a_reading_that_fails_by_itself_fails_the_plan(RE: RunEngine, documents: Any) -> None:
    with pytest.raises(errors.NotConnectedError, match="answering"):
        RE(points(3, Answering(1, lambda: None)))
    assert documents.stop["exit_status"] == "fail"


def test_a_reading_that_fails_as_the_plan_is_paused_is_taken_again(
    RE: RunEngine, documents: Any
) -> None:
    with pytest.raises(errors.RunEngineInterrupted):
        RE(points(2, Answering(1, RE.request_pause)))
    RE.resume()
    assert [event["seq_num"] for event in documents.of("event")] == [1, 2]


def test_without_a_checkpoint_a_suspension_ends_the_plan(
    RE: RunEngine, beam: Any, clock: SimClock, documents: Any
) -> None:
    beam.put(1)
    RE.install_suspender(suspenders.SuspendBoolLow(beam))
    change(clock, beam, (1.0, 0))
    with pytest.raises(errors.RunEngineInterrupted, match="clear_checkpoint"):
        RE([Msg("open_run"), Msg("clear_checkpoint"), Msg("sleep", None, 10)])
    assert (documents.stop["exit_status"], RE.state) == ("abort", "idle")


def test_interruptions_are_recorded_with_the_reason(
    RE: RunEngine, beam: Any, clock: SimClock, documents: Any
) -> None:
    beam.put(1)
    RE.record_interruptions = True
    RE.install_suspender(suspenders.SuspendBoolLow(beam, tripped_message="beam dump"))
    change(clock, beam, (1.0, 0), (2.0, 1))
    RE([Msg("open_run"), Msg("sleep", None, 10), Msg("close_run")])
    (event,) = documents.events("interruptions")
    assert event["data"] == {"interruption": "Signal beam is low: beam dump"}


def test_a_pause_within_a_suspension_goes_on_waiting(
    RE: RunEngine, beam: Any, clock: SimClock
) -> None:
    beam.put(1)
    RE.install_suspender(suspenders.SuspendBoolLow(beam))
    change(clock, beam, (1.0, 0), (20.0, 1))
    clock.call_at(EPOCH + 3.0, RE.request_pause)
    with pytest.raises(errors.RunEngineInterrupted):
        RE([Msg("checkpoint"), Msg("sleep", None, 10)])
    RE.resume()
    assert clock.time() == EPOCH + 30.0


def test_a_suspender_that_is_removed_lets_go(RE: RunEngine, beam: Any, clock: SimClock) -> None:
    beam.put(0)
    suspender = suspenders.SuspendBoolLow(beam)
    RE.install_suspender(suspender)
    assert RE.suspenders == (suspender,)
    RE.clear_suspenders()
    assert (RE.suspenders, beam.subscribers) == ((), [])
    RE([Msg("sleep", None, 1)])
    assert clock.time() == EPOCH + 1.0


@pytest.mark.parametrize(
    "make_suspender",
    [
        lambda signal: suspenders.SuspendFloor(signal, 5.0, resume_thresh=4.0),
        lambda signal: suspenders.SuspendCeil(signal, 5.0, resume_thresh=6.0),
        lambda signal: suspenders.SuspendWhenOutsideBand(signal, 2.0, 1.0),
    ],
)
def test_thresholds_must_make_sense(beam: Any, make_suspender: Any) -> None:
    with pytest.raises(ValueError, match="must"):
        make_suspender(beam)


@pytest.mark.parametrize(
    ("pre_plan", "complaint"),
    [([Msg("aardvark")], errors.InvalidCommand), ((1 / 0 for _ in "a"), ZeroDivisionError)],
)
def test_a_paused_plan_can_be_suspended_and_hears_of_what_fails_then(
    RE: RunEngine, messages: list[Msg], pre_plan: Any, complaint: type[Exception]
) -> None:
    heard: list[Exception] = []

    def plan() -> Any:
        try:
            yield Msg("pause")
        except Exception as error:
            heard.append(error)
            raise

    with pytest.raises(errors.RunEngineInterrupted):
        RE(plan())
    RE.request_suspend(Status(RE.clock), pre_plan=pre_plan)
    with pytest.raises(complaint):
        RE.resume()
    assert [type(each) for each in heard] == [complaint]
    assert RE.state == "idle"


def test_a_plan_that_was_suspended_while_paused_waits_before_it_goes_on(
    RE: RunEngine, clock: SimClock, messages: list[Msg]
) -> None:
    with pytest.raises(errors.RunEngineInterrupted):
        RE([Msg("checkpoint"), Msg("null"), Msg("pause"), Msg("null")])
    released = Status(clock)
    RE.request_suspend(released)
    clock.call_at(EPOCH + 7.0, released.set_finished)
    messages.clear()
    RE.resume()
    commands = [msg.command for msg in messages]
    assert clock.time() == EPOCH + 7.0
    assert commands[-3:] == ["rewindable", "null", "null"]
    assert commands.index("wait_for") < commands.index("null")
