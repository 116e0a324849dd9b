"""Calling the engine: results, metadata, hooks, errors, and what the next call finds."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from beamtwin.orchestration.engine import RunEngine, RunEngineResult
from beamtwin.orchestration.errors import (
    FailedStatus,
    PlanError,
    RequestAbort,
    RequestStop,
    StatusTimeoutError,
    TransitionError,
)
from beamtwin.orchestration.messages import Msg, as_generator
from beamtwin.orchestration.plans import count
from beamtwin.orchestration.status import Status
from beamtwin.twin.clock import SimClock

RUN = [Msg("open_run"), Msg("close_run")]


# --- results -----------------------------------------------------------------------------------


def test_a_call_answers_the_uids_of_its_runs(RE: RunEngine, documents: Any) -> None:
    assert RE([]) == ()
    uids = RE(RUN * 3)
    assert uids == tuple(start["uid"] for start in documents.of("start"))
    assert len(uids) == 3


def test_a_call_can_answer_more(RE: RunEngine, documents: Any) -> None:
    def plan() -> Any:
        yield from as_generator(RUN)
        return "the plan's own"

    RE.call_returns_result = True
    result = RE(plan())
    uids = (documents.start["uid"],)
    assert result == RunEngineResult(uids, "the plan's own", "success", False, "", None)


@pytest.mark.parametrize(
    "plan", [RUN, tuple(RUN), iter(RUN), (msg for msg in RUN)], ids=lambda plan: type(plan).__name__
)
def test_a_plan_is_anything_that_yields_messages(RE: RunEngine, plan: Any) -> None:
    assert len(RE(plan)) == 1


# --- metadata ----------------------------------------------------------------------------------


def test_the_call_overrides_the_plan_and_the_plan_the_engine(RE: RunEngine, documents: Any) -> None:
    RE.md.update({"a": "engine", "b": "engine", "c": "engine"})

    def plan() -> Any:
        yield Msg("open_run", None, a="plan", b="plan")
        yield Msg("close_run")

    RE(plan(), a="call")
    start = documents.start
    assert (start["a"], start["b"], start["c"]) == ("call", "plan", "engine")
    assert (start["plan_name"], start["plan_type"]) == ("plan", "generator")
    assert RE.md.pop("versions")["event_model"]
    assert RE.md == {"a": "engine", "b": "engine", "c": "engine", "scan_id": 1}


def test_metadata_of_a_call_is_forgotten(RE: RunEngine, documents: Any) -> None:
    RE(RUN, sample="gold")
    RE(RUN)
    assert [start.get("sample") for start in documents.of("start")] == ["gold", None]


def test_a_start_document_shares_nothing_with_the_engine(RE: RunEngine, documents: Any) -> None:
    RE.md["sample"] = {"name": "gold"}
    RE(RUN)
    RE.md["sample"]["name"] = "lead"
    assert documents.start["sample"] == {"name": "gold"}


def test_scan_ids_count_up(RE: RunEngine, documents: Any) -> None:
    RE.md["scan_id"] = 41
    RE(RUN * 2)
    assert [start["scan_id"] for start in documents.of("start")] == [42, 43]
    assert RE.md["scan_id"] == 43


def test_scan_ids_can_come_from_elsewhere(clock: SimClock, documents: Any) -> None:
    RE = RunEngine({"x": 5}, clock=clock, scan_id_source=lambda md: 100 * md["x"])
    RE.subscribe(documents)
    RE(RUN)
    assert documents.start["scan_id"] == 500


def test_an_illegal_open_run_takes_no_scan_id(RE: RunEngine) -> None:
    with pytest.raises(RuntimeError):
        RE([Msg("open_run"), Msg("open_run")])
    assert RE.md["scan_id"] == 1


def test_metadata_can_be_checked_and_changed(clock: SimClock, documents: Any) -> None:
    def check(md: dict[str, Any]) -> None:
        if "sample" not in md:
            raise KeyError("sample")

    RE = RunEngine(clock=clock, md_validator=check, md_normalizer=lambda md: {**md, "sample": "Au"})
    RE.subscribe(documents)
    with pytest.raises(KeyError, match="sample"):
        RE(RUN)
    assert documents == []
    RE(RUN, sample="gold")
    assert documents.start["sample"] == "Au"


# --- preprocessors, context managers, hooks ----------------------------------------------------


def test_preprocessors_are_applied_in_order(RE: RunEngine, messages: Any) -> None:
    def adding(name: str) -> Callable[[Any], Any]:
        def preprocess(plan: Any) -> Any:
            yield Msg("null", None, name)
            return (yield from plan)

        return preprocess

    RE.preprocessors += [adding("inner"), adding("outer")]
    RE.call_returns_result = True

    def plan() -> Any:
        yield Msg("null", None, "plan")
        return 5

    assert RE(plan()).plan_result == 5
    assert [msg.args[0] for msg in messages] == ["outer", "inner", "plan"]


def test_a_preprocessor_that_fails_leaves_the_engine_idle(RE: RunEngine) -> None:
    RE.preprocessors.append(lambda plan: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        RE(RUN)
    RE.preprocessors.clear()
    assert len(RE(RUN)) == 1


def test_context_managers_enclose_a_plan(clock: SimClock) -> None:
    noted: list[Any] = []

    @contextmanager
    def manager(engine: RunEngine) -> Iterator[None]:
        noted.append(engine.state)
        yield
        noted.append(engine.state)

    RE = RunEngine(clock=clock, context_managers=[manager])
    RE([])
    assert noted == ["running", "idle"]


def test_a_context_manager_that_fails_leaves_the_engine_idle(RE: RunEngine) -> None:
    heard: list[str] = []
    RE.context_managers.append(lambda engine: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        RE(RUN, lambda name, _: heard.append(name))
    RE.context_managers.clear()
    assert len(RE(RUN)) == 1
    assert heard == []


def test_hooks_hear_of_messages_and_states(RE: RunEngine, messages: Any) -> None:
    states: list[Any] = []
    RE.state_hook = lambda new, old: states.append((old, new))
    RE(RUN)
    assert messages == RUN
    assert states == [("idle", "running"), ("running", "idle")]


def test_a_state_hook_that_fails_leaves_the_engine_idle(RE: RunEngine) -> None:
    def hook(new: str, old: str) -> None:
        if new == "running":
            raise OSError("the lamp is broken")

    RE.state_hook = hook
    with pytest.raises(OSError, match="lamp"):
        RE(RUN)
    assert RE.state == "idle"


def test_a_message_hook_that_fails_ends_the_plan_tidily(RE: RunEngine, documents: Any) -> None:
    def hook(msg: Msg) -> None:
        if msg.command == "null":
            raise OSError("disk full")

    RE.msg_hook = hook
    with pytest.raises(OSError, match="disk full"):
        RE([Msg("open_run"), Msg("null"), Msg("close_run")])
    assert (documents.stop["exit_status"], documents.stop["reason"]) == ("fail", "disk full")


# --- errors ------------------------------------------------------------------------------------


def test_an_error_of_a_message_is_thrown_into_the_plan(RE: RunEngine, documents: Any) -> None:
    def plan() -> Any:
        yield Msg("open_run")
        try:
            yield Msg("nonsense")
        except KeyError:
            yield Msg("close_run")

    RE(plan())
    assert documents.stop["exit_status"] == "success"


def test_an_error_of_the_plan_ends_it_and_says_why(RE: RunEngine, documents: Any) -> None:
    def plan() -> Any:
        yield Msg("open_run")
        raise ValueError("no such sample")

    with pytest.raises(ValueError, match="no such sample"):
        RE(plan())
    assert RE.state == "idle"
    assert (documents.stop["exit_status"], documents.stop["reason"]) == ("fail", "no such sample")


def test_an_error_without_words_is_called_by_its_name(RE: RunEngine, documents: Any) -> None:
    def plan() -> Any:
        yield Msg("open_run")
        raise NotImplementedError

    with pytest.raises(NotImplementedError):
        RE(plan())
    assert documents.stop["reason"] == "NotImplementedError"


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_impatient_end_cleans_up_too(
    RE: RunEngine, documents: Any, error: type[BaseException]
) -> None:
    noted: list[str] = []

    def plan() -> Any:
        yield Msg("open_run")
        try:
            yield Msg("crash")
        finally:
            noted.append("cleaned up")

    def crash(msg: Msg) -> None:
        raise error

    RE.register_command("crash", crash)
    with pytest.raises(error):
        RE(plan())
    assert noted == ["cleaned up"]
    assert documents.stop["exit_status"] == ("abort" if error is KeyboardInterrupt else "fail")
    assert RE.state == "idle"


@pytest.mark.parametrize(
    ("request_", "exit_status"),
    [(RequestStop("enough"), "success"), (RequestAbort("bad"), "abort")],
)
def test_a_plan_may_end_itself(
    RE: RunEngine, documents: Any, request_: Any, exit_status: str
) -> None:
    def plan() -> Any:
        yield Msg("open_run")
        raise request_

    assert RE(plan()) == (documents.start["uid"],)
    assert documents.stop["exit_status"] == exit_status


def test_the_engine_is_as_good_as_new_after_a_failure(
    RE: RunEngine, det: Any, documents: Any
) -> None:
    def plan() -> Any:
        yield Msg("open_run")
        yield Msg("create")
        yield Msg("read", det)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        RE(plan())
    documents.clear()
    RE(count([det], 2))
    assert documents.names == ["start", "descriptor", "event", "event", "stop"]


def test_the_failure_of_an_earlier_plans_move_is_not_this_plans(
    RE: RunEngine, slow: Any, clock: SimClock
) -> None:
    class Leisurely:
        name = "leisurely"

        def set(self, value: float) -> Status:
            return Status(clock, timeout=10, name="leisurely: move")

    RE([Msg("set", Leisurely(), 1)])
    RE([Msg("sleep", None, 20)])


def test_but_a_plans_own_moves_time_out(RE: RunEngine, clock: SimClock) -> None:
    class Leisurely:
        name = "leisurely"

        def set(self, value: float) -> Status:
            return Status(clock, timeout=10, name="leisurely: move")

    with pytest.raises(FailedStatus, match="leisurely: move: not done after 10 s") as caught:
        RE([Msg("set", Leisurely(), 1), Msg("sleep", None, 20)])
    assert isinstance(caught.value.__cause__, StatusTimeoutError)


def test_a_plan_cannot_call_its_engine(RE: RunEngine) -> None:
    def plan() -> Any:
        yield Msg("null")
        RE([])

    with pytest.raises(TransitionError, match="is running and can run a plan only when idle"):
        RE(plan())


@pytest.mark.parametrize("action", ["abort", "stop", "halt", "resume", "request_pause"])
def test_an_idle_engine_has_nothing_to_end_or_pause(RE: RunEngine, action: str) -> None:
    with pytest.raises(TransitionError, match="the engine is idle"):
        getattr(RE, action)()
    assert RE.state.is_idle


def push(RE: RunEngine, make_plan: Callable[[], Any]) -> None:
    """Let the command ``push`` interrupt a plan by another."""

    def command(msg: Msg) -> None:
        assert RE._session is not None
        RE._session.plans.append(make_plan())

    RE.register_command("push", command)


def test_the_interrupted_plan_hears_of_errors_in_the_one_pushed_on_it(RE: RunEngine) -> None:
    """The plan that is under way is the last of a stack: what it cannot cope with goes to the one below."""
    noted: list[Any] = []

    def pushed() -> Any:
        yield Msg("null")
        raise ValueError("a suspender's plan failed")

    def plan() -> Any:
        try:
            yield Msg("push")
        except ValueError as error:
            noted.append(str(error))

    push(RE, pushed)
    RE(plan())
    assert noted == ["a suspender's plan failed"]


def test_a_generator_exit_of_a_plan_is_an_error_that_no_plan_hears_of(RE: RunEngine) -> None:
    """It is Python's word for closing a generator: what comes after it would be taken for cleaning up."""
    noted: list[str] = []

    def pushed() -> Any:
        yield Msg("null")
        raise GeneratorExit("this one")

    def plan() -> Any:
        try:
            yield Msg("push")
        finally:
            noted.append("closed")

    push(RE, pushed)
    with pytest.raises(PlanError, match="this one") as caught:
        RE(plan())
    assert isinstance(caught.value.__cause__, GeneratorExit)
    assert noted == ["closed"]
    assert RE.state == "idle"


def test_an_old_keyword_is_metadata_and_says_so(RE: RunEngine, documents: Any) -> None:
    with pytest.warns(UserWarning, match="always raises RunEngineInterrupted"):
        RE(RUN, raise_if_interrupted=True)
    assert documents.start["raise_if_interrupted"] is True


# --- subscriptions -----------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["function", "list", "table"])
def test_a_call_has_subscribers_of_its_own(RE: RunEngine, form: str) -> None:
    heard: list[str] = []

    def listen(name: str, document: Any) -> None:
        heard.append(name)

    subs = {"function": listen, "list": [listen], "table": {"start": listen, "stop": [listen]}}
    RE(RUN, subs[form])
    RE(RUN)
    assert heard == ["start", "stop"]


def test_a_calls_subscribers_are_dropped_when_it_fails(RE: RunEngine) -> None:
    heard: list[str] = []
    with pytest.raises(KeyError):
        RE([Msg("nonsense")], lambda name, _: heard.append(name))
    RE(RUN)
    assert heard == []


def test_a_wrong_document_name_is_refused_before_anything_begins(RE: RunEngine) -> None:
    heard: list[str] = []
    with pytest.raises(ValueError, match="no document is called 'evnt'"):
        RE(RUN, {"all": lambda name, _: heard.append(name), "evnt": print})
    RE(RUN)
    assert heard == []


def test_a_store_that_fails_ends_the_plan_and_is_offered_the_stop_document(
    RE: RunEngine, det: Any, documents: Any
) -> None:
    offered: list[str] = []

    def store(name: str, document: Any) -> None:
        offered.append(name)
        if name == "event":
            raise OSError("no space left on device")

    RE.subscribe(store)
    with pytest.raises(OSError, match="no space left"):
        RE(count([det], 5))
    assert offered == ["start", "descriptor", "event", "stop"]
    assert documents.names == offered
    assert (documents.stop["exit_status"], documents.stop["reason"]) == (
        "fail",
        "no space left on device",
    )
    assert documents.stop["num_events"] == {"primary": 1}


@pytest.mark.parametrize("refused", [("start",), ("start", "stop")])
def test_a_refused_start_document_is_one_error(
    RE: RunEngine, documents: Any, caplog: pytest.LogCaptureFixture, refused: tuple[str, ...]
) -> None:
    """The run is over at once: who has taken its start hears of that, and nobody of a second failure."""
    offered: list[str] = []

    def store(name: str, document: Any) -> None:
        offered.append(name)
        if name in refused:
            raise OSError("a run of this uid is stored already")

    RE.subscribe(store)
    with caplog.at_level(logging.WARNING), pytest.raises(OSError, match="stored already"):
        RE(RUN)
    assert documents.names == offered == ["start", "stop"]
    assert documents.stop["exit_status"] == "fail"
    assert documents.stop["reason"] == "a run of this uid is stored already"
    assert caplog.text == ""


def test_after_a_refused_start_document_a_plan_may_try_again(RE: RunEngine, documents: Any) -> None:
    refuse = [True]

    def store(name: str, document: Any) -> None:
        if refuse and refuse.pop():
            raise OSError("not yet")

    def plan() -> Any:
        try:
            yield Msg("open_run")
        except OSError:
            yield Msg("open_run")
        yield Msg("close_run")

    RE.subscribe(store, "start")
    assert RE(plan()) == (documents.of("start")[1]["uid"],)
    assert [stop["exit_status"] for stop in documents.of("stop")] == ["fail", "success"]


def test_an_interrupted_start_is_closed_with_the_rest(RE: RunEngine, documents: Any) -> None:
    """Ctrl-C in a subscriber is no refusal."""

    def hang(name: str, document: Any) -> None:
        raise KeyboardInterrupt

    RE.subscribe(hang, "start")
    with pytest.raises(KeyboardInterrupt):
        RE(RUN)
    assert documents.stop["exit_status"] == "abort"


def test_a_failing_subscriber_can_be_only_a_warning(
    RE: RunEngine, det: Any, documents: Any
) -> None:
    def display(name: str, document: Any) -> None:
        raise OSError("no screen")

    RE.subscribe(display, "event")
    assert not RE.ignore_callback_exceptions
    RE.ignore_callback_exceptions = True
    with pytest.warns(UserWarning, match="display failed on a event document"):
        RE(count([det], 2))
    assert documents.stop["exit_status"] == "success"


# --- threads -----------------------------------------------------------------------------------


def test_a_plan_runs_in_any_thread_and_leaves_none(
    clock: SimClock, det: Any, documents: Any, in_thread: Callable[..., threading.Thread]
) -> None:
    """With the engine's own context managers: what handles Ctrl-C keeps out of the way."""
    RE = RunEngine(clock=clock)
    RE.subscribe(documents)
    before = threading.active_count()
    for _ in range(3):
        in_thread(lambda: RE(count([det], 2))).join()
    assert len(documents.of("stop")) == 3
    assert threading.active_count() == before


def test_the_engine_has_no_thread_of_its_own(wall_engine: RunEngine) -> None:
    before = threading.active_count()
    wall_engine([Msg("sleep", None, 0.001), *RUN])
    assert threading.active_count() == before
