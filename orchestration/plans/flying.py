"""Plans in which things move while data are taken."""

from collections.abc import Callable, Sequence
from typing import Any

from beamtwin.orchestration import stubs
from beamtwin.orchestration.control import AnyPlan
from beamtwin.orchestration.errors import RampFail
from beamtwin.orchestration.messages import Plan, as_generator
from beamtwin.orchestration.plans.metadata import Metadata
from beamtwin.orchestration.preprocessors import monitor_during_wrapper, run_wrapper
from beamtwin.orchestration.stubs.steps import elapsed

__all__ = ["fly", "ramp_plan"]

SHORTEST_PERIOD_S = 0.01


def fly(flyers: Sequence[Any], *, md: Metadata = None) -> Plan[str]:
    """Let flyers begin, end, and hand over what they recorded."""

    def flight() -> Plan[None]:
        for flyer in flyers:
            yield from stubs.kickoff(flyer, wait=True)
        for flyer in flyers:
            yield from stubs.complete(flyer, wait=True)
        for flyer in flyers:
            yield from stubs.collect(flyer)

    return (yield from run_wrapper(flight(), md=md))


def ramp_plan(
    go_plan: AnyPlan,
    monitor_sig: Any,
    inner_plan_func: Callable[[], AnyPlan],
    take_pre_data: bool = True,
    timeout: float | None = None,
    period: float | None = None,
    md: Metadata = None,
) -> Plan[str]:
    """Take data while something goes on: a temperature, a slow motor.

    Parameters
    ----------
    go_plan : plan
        Begins it, and returns its status.
    monitor_sig : Subscribable
        Monitored all the while.
    inner_plan_func : function that makes a plan
        What to do again and again; once more when it has ended.
    take_pre_data : bool
        Whether to do it also before.
    timeout : float, optional
        Seconds that it may take.
    period : float, optional
        Seconds from the beginning of one ``inner_plan_func`` to the next; default: without a break.

    Raises
    ------
    RampFail
        If it takes longer than ``timeout``.
    """

    def poll() -> Plan[None]:
        began = yield from elapsed()
        if take_pre_data:
            yield from as_generator(inner_plan_func())
        status = yield from as_generator(go_plan)
        while status is not None and not status.done:
            yield from _periodically(inner_plan_func, period)
            if timeout is not None and (yield from elapsed()) - began > timeout:
                raise RampFail(f"the ramp was not done after {timeout:g} s")
        yield from as_generator(inner_plan_func())

    run = run_wrapper(poll(), md={"plan_name": "ramp_plan", **(md or {})})
    return (yield from monitor_during_wrapper(run, [monitor_sig]))


def _periodically(plan: Callable[[], AnyPlan], period: float | None) -> Plan[None]:
    """Once, and until the next is due. Time passes even if the plan takes none: in virtual time nothing else would."""
    began = yield from elapsed()
    yield from as_generator(plan())
    took = (yield from elapsed()) - began
    left = (period or 0.0) - took
    if left > 0 or took == 0:
        yield from stubs.sleep(max(left, SHORTEST_PERIOD_S if took == 0 else 0.0))
