"""Preprocessors: what comes before, after and around a plan, and when not."""

from typing import Any

import pytest

from beamtwin.orchestration import preprocessors as bpp
from beamtwin.orchestration import stubs
from beamtwin.orchestration.engine import RunEngine
from beamtwin.orchestration.errors import RequestAbort, RunEngineInterrupted
from beamtwin.orchestration.messages import Msg, as_generator


def mark(*names: str) -> list[Msg]:
    return [Msg("null", None, name) for name in names]


@pytest.fixture
def marks(RE: RunEngine) -> list[Any]:
    """What was marked, in order."""
    marks: list[Any] = []
    RE.msg_hook = lambda msg: marks.append(msg.args[0] if msg.command == "null" else msg.command)
    return marks


def failing(*names: str) -> Any:
    yield from as_generator(mark(*names))
    raise ValueError("no")


def answered() -> Any:
    answer = yield Msg("elapsed")
    return answer


# --- contingency and finalize ------------------------------------------------------------------


def contingency(plan: Any, **kwargs: Any) -> Any:
    return bpp.contingency_wrapper(
        plan,
        except_plan=lambda error: mark(f"except {error}"),
        else_plan=lambda: mark("else"),
        final_plan=lambda: mark("final"),
        **kwargs,
    )


def test_a_plan_that_ends_well_goes_else_and_finally(RE: RunEngine, marks: Any) -> None:
    RE(contingency(mark("plan")))
    assert marks == ["plan", "else", "final"]


def test_a_plan_that_fails_goes_except_and_finally(RE: RunEngine, marks: Any) -> None:
    with pytest.raises(ValueError, match="no"):
        RE(contingency(failing("plan")))
    assert marks == ["plan", "except no", "final"]


def test_an_error_can_be_settled(RE: RunEngine, marks: Any) -> None:
    RE(contingency(failing("plan"), auto_raise=False))
    assert marks == ["plan", "except no", "final"]


def test_without_an_except_plan_an_error_goes_on(RE: RunEngine, marks: Any) -> None:
    with pytest.raises(ValueError, match="no"):
        RE(bpp.contingency_wrapper(failing("plan")))
    assert marks == ["plan"]


@pytest.mark.parametrize("action", ["abort", "stop", "halt"])
def test_only_halt_skips_cleaning_up(RE: RunEngine, marks: Any, action: str) -> None:
    with pytest.raises(RunEngineInterrupted):
        RE(bpp.finalize_wrapper([Msg("pause"), *mark("plan")], mark("final")))
    getattr(RE, action)()
    assert marks == (["pause"] if action == "halt" else ["pause", "final"])


@pytest.mark.parametrize("final", [mark("final"), lambda: mark("final")])
def test_finalize(RE: RunEngine, marks: Any, final: Any) -> None:
    with pytest.raises(ValueError, match="no"):
        RE(bpp.finalize_wrapper(failing("plan"), final))
    assert marks == ["plan", "final"]


def test_an_error_in_the_final_plan_comes_with_the_first(RE: RunEngine) -> None:
    def final() -> Any:
        yield Msg("null")
        raise OSError("and that")

    with pytest.raises(OSError, match="and that") as caught:
        RE(bpp.finalize_wrapper(failing(), final))
    assert isinstance(caught.value.__context__, ValueError)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda plan: bpp.contingency_wrapper(plan, final_plan=list),
        lambda plan: bpp.finalize_wrapper(plan, []),
        lambda plan: bpp.stage_wrapper(plan, []),
        lambda plan: bpp.subs_wrapper(plan, []),
    ],
)
def test_wrappers_hand_answers_and_results_through(RE: RunEngine, wrap: Any) -> None:
    RE.call_returns_result = True
    assert RE(wrap(answered())).plan_result == 0.0


@pytest.mark.parametrize(
    "wrap",
    [
        lambda plan: bpp.finalize_wrapper(plan, [Msg("elapsed")] * 2),
        bpp.run_wrapper,
        lambda plan: bpp.stage_wrapper(plan, []),
        lambda plan: bpp.subs_wrapper(plan, []),
        lambda plan: bpp.contingency_wrapper(
            plan, else_plan=lambda: [Msg("elapsed")] * 2, final_plan=lambda: [Msg("elapsed")] * 2
        ),
    ],
)
def test_a_list_of_messages_is_a_plan(RE: RunEngine, wrap: Any) -> None:
    """Also one whose messages have answers, which a list cannot take."""
    RE(wrap([Msg("elapsed"), Msg("elapsed")]))


# --- run ---------------------------------------------------------------------------------------


def test_run_encloses_a_plan(RE: RunEngine, marks: Any, documents: Any) -> None:
    RE.call_returns_result = True
    result = RE(bpp.run_wrapper(mark("plan"), md={"sample": "gold"}))
    assert marks == ["open_run", "plan", "close_run"]
    assert documents.start["sample"] == "gold"
    assert result.plan_result == documents.start["uid"]


def test_a_run_that_fails_says_so(RE: RunEngine, documents: Any) -> None:
    with pytest.raises(ValueError, match="no"):
        RE(bpp.run_wrapper(failing()))
    assert (documents.stop["exit_status"], documents.stop["reason"]) == ("fail", "no")


@pytest.mark.parametrize(("action", "exit_status"), [("abort", "abort"), ("stop", "success")])
def test_a_run_that_is_ended_says_how(
    RE: RunEngine, documents: Any, action: str, exit_status: str
) -> None:
    with pytest.raises(RunEngineInterrupted):
        RE(bpp.run_wrapper([Msg("pause")]))
    getattr(RE, action)()
    assert documents.stop["exit_status"] == exit_status


def test_a_run_that_ends_itself_says_how(RE: RunEngine, documents: Any) -> None:
    def plan() -> Any:
        yield Msg("null")
        raise RequestAbort("bad sample")

    RE(bpp.run_wrapper(plan()))
    assert (documents.stop["exit_status"], documents.stop["reason"]) == ("abort", "bad sample")


# --- stage -------------------------------------------------------------------------------------


def test_devices_are_unstaged_last_first_whatever_happened(
    RE: RunEngine, make: Any, messages: Any
) -> None:
    a, b = make("Detector", "a"), make("Detector", "b")
    with pytest.raises(ValueError, match="no"):
        RE(bpp.stage_wrapper(failing("plan"), [a, b, a]))
    staging = [(msg.command, msg.obj.name) for msg in messages if msg.command.endswith("stage")]
    assert staging == [("stage", "a"), ("stage", "b"), ("unstage", "b"), ("unstage", "a")]


def test_a_part_is_staged_with_the_whole(RE: RunEngine, make: Any) -> None:
    whole = make("Detector", "whole")
    parts = [make("Detector", name, parent=whole) for name in ("one", "two")]
    RE(bpp.stage_wrapper(mark("plan"), parts))
    assert (whole.calls, parts[0].calls) == (["stage", "unstage"], [])


def test_devices_are_unstaged_when_one_cannot_be_staged(RE: RunEngine, make: Any) -> None:
    a, b = make("Detector", "a"), make("Detector", "b")

    def stage() -> None:
        raise OSError("no power")

    b.stage = stage
    with pytest.raises(OSError, match="no power"):
        RE(bpp.stage_wrapper(mark("plan"), [a, b]))
    assert a.calls == ["stage", "unstage"]
    assert b.calls == ["unstage"]


# --- subscriptions -----------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["function", "list", "table"])
def test_functions_are_subscribed_while_a_plan_runs(RE: RunEngine, form: str) -> None:
    heard: list[str] = []

    def listen(name: str, document: Any) -> None:
        heard.append(name)

    subs = {"function": listen, "list": [listen], "table": {"start": [listen], "stop": listen}}
    run = [Msg("open_run"), Msg("close_run")]

    def plan() -> Any:
        yield from bpp.subs_wrapper(run, subs[form])
        yield from bpp.run_wrapper([])

    RE(plan())
    assert heard == ["start", "stop"]


def test_subscriptions_end_with_the_plan_not_with_the_call(RE: RunEngine) -> None:
    heard: list[str] = []

    def plan() -> Any:
        with pytest.raises(ValueError, match="no"):
            yield from bpp.subs_wrapper(failing(), lambda name, _: heard.append(name))
        yield from bpp.run_wrapper([])

    RE(plan())
    assert heard == []


# --- decorators --------------------------------------------------------------------------------


def test_decorators_wrap_plan_functions(
    RE: RunEngine, marks: Any, det: Any, documents: Any
) -> None:
    heard: list[str] = []

    @bpp.subs_decorator(lambda name, _: heard.append(name))
    @bpp.finalize_decorator(lambda: mark("final"))
    @bpp.stage_decorator([det])
    @bpp.run_decorator(md={"sample": "gold"})
    def my_plan(name: str) -> Any:
        """Mine."""
        yield from stubs.sleep(0)
        yield Msg("null", None, name)

    assert (my_plan.__name__, my_plan.__doc__) == ("my_plan", "Mine.")
    RE(my_plan("plan"))
    assert [m for m in marks if m in ("open_run", "plan", "close_run", "final")] == [
        "open_run",
        "plan",
        "close_run",
        "final",
    ]
    assert (documents.start["plan_name"], documents.start["sample"]) == ("my_plan", "gold")
    assert heard == ["start", "stop"]
    assert det.calls == ["stage", "unstage"]
