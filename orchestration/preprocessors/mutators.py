"""Plans of plans: change, leave out, or insert messages while a plan goes by. Nothing of the plan is kept."""

from collections.abc import Callable, Mapping
from typing import Any

from beamtwin.orchestration.control import AnyPlan
from beamtwin.orchestration.errors import PlanError
from beamtwin.orchestration.messages import Msg, Plan, as_generator

__all__ = [
    "inject_md_wrapper",
    "msg_mutator",
    "pchain",
    "plan_mutator",
    "print_summary_wrapper",
    "set_run_key_wrapper",
    "stub_wrapper",
]

MsgProc = Callable[[Msg], tuple[AnyPlan | None, AnyPlan | None]]


def plan_mutator(plan: AnyPlan, msg_proc: MsgProc) -> Plan[Any]:
    """Replace messages of a plan by plans, and insert plans after them.

    Parameters
    ----------
    msg_proc : function from a message to (head, tail)
        ``head``: said instead of the message, which it may contain; its last answer is the
        message's. ``tail``: said after that. None: the message itself, and nothing.
        What they say goes through ``msg_proc`` too, but for the message itself.
    """
    value, _ = yield from _mutate(as_generator(plan), msg_proc, ())
    return value


def _mutate(plan: Plan[Any], msg_proc: MsgProc, replaced: tuple[Msg, ...]) -> Plan[Any]:
    """Answers what the plan returned, and the last answer that it got."""
    answer: Any = None
    error: BaseException | None = None
    while True:
        try:
            msg = plan.send(answer) if error is None else plan.throw(error)
        except StopIteration as end:
            return end.value, answer
        error = None
        try:
            # One that is being replaced says itself: it must not be replaced for ever.
            if any(msg is each for each in replaced):
                answer = yield msg
            else:
                answer = yield from _replace(msg, msg_proc, replaced)
        except GeneratorExit:
            plan.close()
            raise
        except BaseException as failure:
            error = failure


def _replace(msg: Msg, msg_proc: MsgProc, replaced: tuple[Msg, ...]) -> Plan[Any]:
    head, tail = msg_proc(msg)
    within = (*replaced, msg)
    if head is None:
        answer = yield msg
    else:
        _, answer = yield from _mutate(as_generator(head), msg_proc, within)
    if tail is not None:
        yield from _mutate(as_generator(tail), msg_proc, within)
    return answer


def msg_mutator(plan: AnyPlan, msg_proc: Callable[[Msg], Msg | None]) -> Plan[Any]:
    """Replace each message by another one; by none, if ``msg_proc`` answers None."""
    plan = as_generator(plan)
    answer: Any = None
    error: BaseException | None = None
    while True:
        try:
            msg = plan.send(answer) if error is None else plan.throw(error)
        except StopIteration as end:
            return end.value
        answer, error = None, None
        try:
            changed = msg_proc(msg)
            if changed is not None:
                answer = yield changed
        except GeneratorExit:
            plan.close()
            raise
        except BaseException as failure:
            error = failure


def pchain(*args: AnyPlan) -> Plan[tuple[Any, ...]]:
    """Plans one after the other; returns what each of them returned."""
    results = []
    for plan in args:
        results.append((yield from as_generator(plan)))
    return tuple(results)


def print_summary_wrapper(plan: AnyPlan) -> Plan[Any]:
    """Print what a plan does while it goes by: runs, moves, and what is read into each event."""
    read: list[str] = []

    def spy(msg: Msg) -> Msg:
        match msg.command:
            case "open_run" | "close_run":
                print(f"{' ' + msg.command.replace('_', ' ').title() + ' ':=^80}")
            case "set":
                print(f"{msg.obj.name} -> {msg.args[0]}")
            case "create":
                read.clear()
            case "read":
                read.append(msg.obj.name)
            case "save":
                print(f"  Read {read}")
        return msg

    return (yield from msg_mutator(plan, spy))


def inject_md_wrapper(plan: AnyPlan, md: Mapping[str, Any]) -> Plan[Any]:
    """Put metadata into the runs that a plan opens; it overrides the plan's own."""

    def inject(msg: Msg) -> Msg:
        if msg.command != "open_run":
            return msg
        return msg._replace(kwargs={**msg.kwargs, **md})

    return (yield from msg_mutator(plan, inject))


def stub_wrapper(plan: AnyPlan) -> Plan[dict[str, Any]]:
    """Leave out runs and staging, so that a plan can be part of another; returns its runs' metadata."""
    md: dict[str, Any] = {}

    def leave_out(msg: Msg) -> Msg | None:
        if msg.command == "open_run":
            md.update(msg.kwargs)
        return None if msg.command in ("open_run", "close_run", "stage", "unstage") else msg

    yield from msg_mutator(plan, leave_out)
    return md


def set_run_key_wrapper(plan: AnyPlan, run: Any) -> Plan[Any]:
    """Say of a plan's messages which run they mean, unless they say it themselves.

    Raises
    ------
    PlanError
        If ``run`` is None, which is what messages have that say nothing.
    """
    if run is None:
        raise PlanError("run: a run ID can not be None")

    def set_run_key(msg: Msg) -> Msg:
        return msg._replace(run=run) if msg.run is None else msg

    return (yield from msg_mutator(plan, set_run_key))
