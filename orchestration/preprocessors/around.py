"""What goes around a plan: a run, staging, subscriptions, suspenders."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from beamtwin.orchestration import stubs
from beamtwin.orchestration.control import AnyPlan, contingency_wrapper, finalize_wrapper
from beamtwin.orchestration.dispatcher import subscriptions
from beamtwin.orchestration.messages import Msg, Plan, as_generator
from beamtwin.orchestration.preprocessors.mutators import pchain, plan_mutator
from beamtwin.orchestration.stubs.groups import root_ancestor, separate_devices

__all__ = [
    "configure_count_time_wrapper",
    "lazily_stage_wrapper",
    "run_wrapper",
    "stage_wrapper",
    "subs_wrapper",
    "suspend_wrapper",
]


def run_wrapper(plan: AnyPlan, *, md: Mapping[str, Any] | None = None) -> Plan[str]:
    """Enclose a plan in a run; returns its uid. An error in the plan closes the run as failed."""
    uid = yield from stubs.open_run(md)

    def fail(error: Exception) -> Plan[None]:
        exit_status = getattr(error, "exit_status", "fail")
        yield from stubs.close_run(exit_status=exit_status, reason=str(error))

    yield from contingency_wrapper(plan, except_plan=fail, else_plan=stubs.close_run)
    return uid


def stage_wrapper(plan: AnyPlan, devices: Iterable[Any]) -> Plan[Any]:
    """Stage devices before a plan, and unstage them after it, last first, whatever happened."""
    roots = separate_devices(root_ancestor(device) for device in devices)
    return _enclose(
        plan, lambda: stubs.stage_all(*roots), lambda: stubs.unstage_all(*reversed(roots))
    )


def lazily_stage_wrapper(plan: AnyPlan) -> Plan[Any]:
    """Stage each device when it is first used, and unstage all at the end, last first."""
    staged: list[Any] = []

    def stage_first(msg: Msg) -> tuple[AnyPlan | None, None]:
        if msg.command not in ("read", "set", "trigger", "kickoff") or msg.obj in staged:
            return None, None
        return stage_and(msg), None

    def stage_and(msg: Msg) -> Plan[None]:
        root = root_ancestor(msg.obj)
        answer = yield from stubs.stage(root, wait=True)
        staged.extend(answer if isinstance(answer, list) else [root])
        if msg.obj not in staged:
            staged.append(msg.obj)  # a part of what was staged, and done with
        yield msg

    def unstage() -> Plan[None]:
        yield from stubs.unstage_all(*reversed(separate_devices(staged)))

    return (yield from finalize_wrapper(plan_mutator(plan, stage_first), unstage))


def subs_wrapper(plan: AnyPlan, subs: Any) -> Plan[Any]:
    """Subscribe functions to documents while a plan runs.

    Parameters
    ----------
    subs : function, list of functions, or {document name: function or list of them}
    """
    tokens: list[int] = []

    def subscribe() -> Plan[None]:
        for name, function in subscriptions(subs):
            tokens.append((yield from stubs.subscribe(name, function)))

    def unsubscribe() -> Plan[None]:
        for token in tokens:
            yield from stubs.unsubscribe(token)

    return (yield from _enclose(plan, subscribe, unsubscribe))


def suspend_wrapper(plan: AnyPlan, suspenders: Any) -> Plan[Any]:
    """Let suspenders, one or several, watch over a plan."""
    several = list(suspenders) if isinstance(suspenders, Iterable) else [suspenders]
    installed: list[Any] = []

    def install() -> Plan[None]:
        for suspender in several:
            yield from stubs.install_suspender(suspender)
            installed.append(suspender)

    def remove() -> Plan[None]:
        for suspender in installed:
            yield from stubs.remove_suspender(suspender)

    return (yield from _enclose(plan, install, remove))


def configure_count_time_wrapper(plan: AnyPlan, time: float | None) -> Plan[Any]:
    """Set the ``count_time`` of each device that has one, and restore it at the end.

    Parameters
    ----------
    time : float, optional
        Seconds; None changes nothing.
    """
    if time is None:
        return (yield from as_generator(plan))
    seen: set[Any] = set()
    before: dict[Any, float] = {}

    def set_time(msg: Msg) -> tuple[AnyPlan | None, None]:
        device = msg.obj
        if device is None or device in seen:
            return None, None
        seen.add(device)
        signal = getattr(device, "count_time", None)
        if signal is None:
            return None, None
        before[signal] = signal.get()
        return pchain(stubs.mv(signal, time), [msg]), None

    def restore() -> Plan[None]:
        for signal, seconds in before.items():
            yield from stubs.mv(signal, seconds)

    return (yield from finalize_wrapper(plan_mutator(plan, set_time), restore))


def _enclose(
    plan: AnyPlan, before: Callable[[], AnyPlan], after: Callable[[], AnyPlan]
) -> Plan[Any]:
    """``before``, the plan, and ``after`` whatever happened to these."""

    def enclosed() -> Plan[Any]:
        yield from as_generator(before())
        return (yield from as_generator(plan))

    return finalize_wrapper(enclosed(), after)
