"""Plans of plans: answers, errors, runs; and that nothing of them is kept."""

import tracemalloc
from typing import Any

import pytest

from beamtwin.orchestration import plans, stubs
from beamtwin.orchestration import preprocessors as bpp
from beamtwin.orchestration.engine import RunEngine
from beamtwin.orchestration.errors import PlanError
from beamtwin.orchestration.messages import Msg, as_generator


def null(*names: str) -> list[Msg]:
    return [Msg("null", None, name) for name in names]


def names(plan: Any) -> list[Any]:
    return [msg.args[0] if msg.args else msg.command for msg in plan]


def around(msg: Msg) -> Any:
    """A message before, and one after, each 'b'."""
    if msg.args != ("b",):
        return None, None
    return as_generator([*null("before"), msg]), as_generator(null("after"))


def test_messages_are_inserted() -> None:
    assert names(bpp.plan_mutator(null("a", "b", "c"), around)) == [
        *("a", "before", "b", "after", "c")
    ]


def test_one_message_said_twice_is_changed_twice() -> None:
    (b,) = null("b")
    assert names(bpp.plan_mutator([b, b], around)) == ["before", "b", "after"] * 2


def test_what_is_inserted_is_looked_at_too() -> None:
    def proc(msg: Msg) -> Any:
        follows = {"a": "b", "b": "c"}.get(msg.args[0])
        return None, null(follows) if follows else None

    assert names(bpp.plan_mutator(null("a"), proc)) == ["a", "b", "c"]


def test_a_plan_gets_the_answer_of_its_own_message(RE: RunEngine) -> None:
    """Not of what comes after it; and its value is handed on."""

    def plan() -> Any:
        return (yield Msg("null", None, "b"))

    mutated = bpp.plan_mutator(plan(), around)
    assert [next(mutated).args, mutated.send("1").args, mutated.send("2").args] == [
        *(("before",), ("b",), ("after",))
    ]
    with pytest.raises(StopIteration) as end:
        mutated.send("3")
    assert end.value.value == "2"


def test_an_error_reaches_the_plan_through_what_was_inserted() -> None:
    def plan() -> Any:
        try:
            yield Msg("null", None, "b")
        except ValueError:
            yield Msg("null", None, "caught")

    mutated = bpp.plan_mutator(plan(), around)
    next(mutated)
    assert mutated.throw(ValueError("no")).args == ("caught",)


def test_a_closed_mutator_closes_the_plan() -> None:
    closed = []

    def plan() -> Any:
        try:
            yield Msg("null", None, "b")
        finally:
            closed.append(True)

    for mutate in (bpp.plan_mutator(plan(), around), bpp.msg_mutator(plan(), lambda msg: msg)):
        next(mutate)
        mutate.close()
    assert closed == [True, True]


def test_single_messages_are_changed_or_left_out() -> None:
    changes = {"a": None, "b": Msg("null", None, "B")}
    plan = bpp.msg_mutator(null("a", "b", "c"), lambda msg: changes.get(msg.args[0], msg))
    assert names(plan) == ["B", "c"]


def test_run_keys_are_added() -> None:
    messages = list(bpp.set_run_key_wrapper([Msg("save"), Msg("save", run="mine")], "key"))
    assert [msg.run for msg in messages] == ["key", "mine"]
    with pytest.raises(PlanError, match="run ID can not be None"):
        list(bpp.set_run_key_wrapper([], None))


def test_metadata_is_injected(RE: RunEngine, det: Any, documents: Any) -> None:
    RE(bpp.inject_md_wrapper(plans.count([det], md={"a": 1, "b": 1}), {"b": 2, "c": 3}))
    assert [documents.start[key] for key in "abc"] == [1, 2, 3]


def test_a_plan_becomes_a_stub(RE: RunEngine, det: Any, documents: Any) -> None:
    RE.call_returns_result = True
    stub = bpp.stub_wrapper(plans.count([det], 2))
    result = RE(bpp.run_wrapper(stub, md={"plan_name": "mine"}))
    assert documents.start["plan_name"] == "mine"
    assert len(documents.events()) == 2
    assert det.calls == ["trigger"] * 2
    assert result.exit_status == "success"


def test_plans_are_chained() -> None:
    chained = bpp.pchain(stubs.null(), null("a"))
    assert names(chained) == ["null", "a"]


def test_a_summary_is_printed(capsys: Any, det: Any, motor: Any) -> None:
    list(bpp.print_summary_wrapper(plans.scan([det], motor, 0, 1, 2)))
    assert capsys.readouterr().out.splitlines() == [
        "=================================== Open Run ===================================",
        "m -> 0.0",
        "  Read ['det', 'm']",
        "m -> 1.0",
        "  Read ['det', 'm']",
        "================================== Close Run ===================================",
    ]


def test_a_baseline_keeps_no_messages(det: Any, motor: Any) -> None:
    """At most 50 B for each of 2,000 events."""
    plan = bpp.SupplementalData(baseline=[motor], monitors=[motor])(plans.count([det], 2_100))
    saved = 0
    tracemalloc.start()
    try:
        for msg in plan:
            saved += msg.command == "save"
            if saved == 100:
                begin = tracemalloc.get_traced_memory()[0]
            if saved == 2_100:
                grown = tracemalloc.get_traced_memory()[0] - begin
                break
    finally:
        tracemalloc.stop()
    assert grown / 2_000 <= 50
