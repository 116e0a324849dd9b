"""Ending a plan before its end: stop, abort and halt, of a paused plan and of one that runs."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from beamtwin.orchestration.clock import WallClock
from beamtwin.orchestration.engine import RunEngine, RunEngineResult
from beamtwin.orchestration.errors import (
    PlanHalt,
    RequestAbort,
    RequestStop,
    RunEngineInterrupted,
    TransitionError,
)
from beamtwin.orchestration.messages import Msg, as_generator

#: Action, what its plan hears, the run's exit status, the state on the way.
ENDINGS = [
    ("stop", RequestStop, "success", "stopping"),
    ("abort", RequestAbort, "abort", "aborting"),
    ("halt", PlanHalt, "abort", "halting"),
]
ending = pytest.mark.parametrize(
    ("action", "heard", "exit_status", "state"), ENDINGS, ids=[row[0] for row in ENDINGS]
)


@pytest.fixture
def heard() -> list[Any]:
    """What the plan went through."""
    return []


@pytest.fixture
def plan(motor: Any) -> Callable[..., Any]:
    """A plan in a run, which notes what it hears and cleans up."""

    def make(noted: list[Any], *messages: Msg) -> Any:
        yield Msg("open_run")
        try:
            yield from as_generator(messages)
            noted.append("went on")
        except BaseException as error:
            noted.append(type(error))
            raise
        finally:
            yield Msg("set", motor, -1)
            noted.append("cleaned up")
            yield Msg("checkpoint")

    return make


def pause(RE: RunEngine, plan: Any) -> None:
    with pytest.raises(RunEngineInterrupted):
        RE(plan)


@ending
def test_a_paused_plan_is_ended(
    RE: RunEngine,
    plan: Any,
    motor: Any,
    documents: Any,
    action: str,
    heard: type,
    exit_status: str,
    state: str,
) -> None:
    noted: list[Any] = []
    states: list[str] = []
    pause(RE, plan(noted, Msg("pause"), Msg("null")))
    RE.state_hook = lambda new, old: states.append(new)
    assert getattr(RE, action)() == (documents.start["uid"],)
    assert states == [state, "idle"]
    assert noted == ([heard] if action == "halt" else [heard, "cleaned up"])
    assert motor.value == (0.0 if action == "halt" else -1)
    assert documents.stop["exit_status"] == exit_status


@ending
@pytest.mark.parametrize("msg", ["sleep", "wait"])
def test_a_waiting_plan_is_ended_by_another_thread(
    wall_engine: RunEngine,
    wall: WallClock,
    plan: Any,
    make: Any,
    documents: Any,
    in_thread: Callable[..., threading.Thread],
    msg: str,
    action: str,
    heard: type,
    exit_status: str,
    state: str,
) -> None:
    noted: list[Any] = []
    began = threading.Event()
    wall_engine.register_command("began", lambda msg: began.set())
    slow = make("Motor", "slow", wall, seconds=30.0)
    waiting = {"sleep": [Msg("sleep", None, 30)], "wait": [Msg("wait", None, "a")]}[msg]
    in_thread(lambda: (began.wait(5), getattr(wall_engine, action)()))
    before = wall.time()
    messages = [Msg("set", slow, 1, group="a"), Msg("began"), *waiting]
    with pytest.raises(RunEngineInterrupted):
        wall_engine(plan(noted, *messages))
    assert wall.time() - before < 1
    assert noted[0] is heard
    assert slow.calls == [("set", 1), ("stop", True)]
    assert documents.stop["exit_status"] == exit_status
    assert wall_engine.state == "idle"


def test_a_plan_that_never_waits_is_ended_between_two_messages(
    wall_engine: RunEngine, in_thread: Callable[..., threading.Thread]
) -> None:
    began = threading.Event()

    def forever() -> Any:
        while True:
            began.set()
            yield Msg("null")

    in_thread(lambda: (began.wait(5), wall_engine.abort("enough")))
    with pytest.raises(RunEngineInterrupted, match="enough"):
        wall_engine(forever())


def test_the_reason_is_recorded(RE: RunEngine, documents: Any) -> None:
    pause(RE, [Msg("open_run"), Msg("pause")])
    RE.abort("the sample fell off")
    assert documents.stop["reason"] == "the sample fell off"


@ending
def test_a_result_tells_of_the_interruption(
    RE: RunEngine, documents: Any, action: str, heard: type, exit_status: str, state: str
) -> None:
    RE.call_returns_result = True
    pause(RE, [Msg("open_run"), Msg("pause")])
    result = getattr(RE, action)()
    assert isinstance(result, RunEngineResult)
    assert isinstance(result.exception, heard)
    assert (result.exit_status, result.interrupted) == (exit_status, True)
    assert result.plan_result is RE.NO_PLAN_RETURN


def test_a_plan_that_carries_on_regardless_was_interrupted_all_the_same(RE: RunEngine) -> None:
    noted: list[int] = []

    def stubborn() -> Any:
        RE.abort("enough")
        try:
            yield Msg("null")
        except RequestAbort:
            yield Msg("null")
            noted.append(1)

    with pytest.raises(RunEngineInterrupted, match="enough"):
        RE(stubborn())
    assert noted == [1]


@pytest.mark.parametrize("second", ["abort", "stop", "halt"])
def test_a_plan_that_is_being_ended_cleans_up_in_peace(
    RE: RunEngine, documents: Any, second: str
) -> None:
    """What was asked besides, or is asked meanwhile, does not cut its cleaning up short."""
    noted: list[str] = []

    def ask(msg: Msg) -> None:
        RE.request_pause(defer=True)
        RE.abort("first")
        RE.request_pause()

    def plan() -> Any:
        yield Msg("open_run")
        try:
            yield Msg("ask")
        finally:
            getattr(RE, second)()
            yield Msg("null")
            yield Msg("checkpoint")
            noted.append("cleaned up")

    RE.register_command("ask", ask)
    with pytest.raises(RunEngineInterrupted, match="first"):
        RE(plan())
    assert noted == ["cleaned up"]
    assert (documents.stop["exit_status"], documents.stop["reason"]) == ("abort", "first")


def test_a_plan_that_is_being_ended_cannot_pause(RE: RunEngine) -> None:
    noted: list[Any] = []

    def plan() -> Any:
        RE.abort()
        try:
            yield Msg("null")
        finally:
            with pytest.raises(TransitionError, match="is aborting"):
                RE.request_pause()
            yield Msg("pause")
            noted.append("went on")

    with pytest.raises(RunEngineInterrupted, match="aborted"):
        RE(plan())
    assert noted == ["went on"]


def test_halt_reaches_every_plan_of_the_stack(RE: RunEngine) -> None:
    noted: list[str] = []

    def pushed() -> Any:
        try:
            yield Msg("pause")
        finally:
            noted.append("inner")

    def push(msg: Msg) -> None:
        assert RE._session is not None
        RE._session.plans.append(pushed())

    def outer() -> Any:
        try:
            yield Msg("push")
        finally:
            noted.append("outer")

    RE.register_command("push", push)
    pause(RE, outer())
    RE.halt()
    assert noted == ["inner", "outer"]


def test_a_halted_plan_that_would_clean_up_is_closed(
    RE: RunEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    noted: list[str] = []

    def clinging() -> Any:
        try:
            yield Msg("pause")
        finally:
            try:
                yield Msg("null")
            finally:
                noted.append("closed")
                if stubborn:
                    yield Msg("null")

    for stubborn in (False, True):
        pause(RE, plan := clinging())
        RE.halt()
        assert noted.pop() == "closed"
        assert bool(capsys.readouterr().out) is stubborn
        plan.close()


def test_an_end_that_comes_too_late_is_none(RE: RunEngine) -> None:
    """Asked for during the last message of a plan, it hits that plan or nobody."""

    def plan() -> Any:
        yield Msg("null")
        RE.abort("late")

    RE(plan())
    assert RE([Msg("open_run"), Msg("close_run")])
