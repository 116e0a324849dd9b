"""Cleaning up after a plan: nothing stays moving, staged, monitored or open, whatever fails meanwhile."""

import logging
from collections.abc import Callable, Generator, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from beamtwin.orchestration.clock import Clock
from beamtwin.orchestration.errors import WaitForTimeoutError
from beamtwin.orchestration.status import failure, names

if TYPE_CHECKING:
    from beamtwin.orchestration.session import Session

__all__ = ["CLEANUP_TIMEOUT_S", "clean_up", "close_plan", "stop_devices"]

log = logging.getLogger(__name__)

#: How long cleaning up waits for each device to stop and to be unstaged, in seconds.
CLEANUP_TIMEOUT_S = 10.0


def clean_up(session: "Session") -> None:
    """Do all that a plan may have left to do; failures are logged, and only Ctrl-C is raised, at the end."""
    interruption = None
    session.devices.cleaning_up = True
    for step in (_stop, _end_monitors, _collect, _unstage, _close_runs, _close_plans, _unsubscribe):
        try:
            step(session)
        except BaseException as error:
            interruption = error
    if interruption is not None:
        raise interruption


def stop_devices(clock: Clock, devices: Iterable[Any]) -> None:
    """Stop those that can be stopped; a move that this ends has not failed."""
    for device in devices:
        if hasattr(device, "stop"):
            _attempt(clock, f"stop {names([device])}", partial(device.stop, success=True))


def _stop(session: "Session") -> None:
    stop_devices(session.clock, session.devices.moved)


def _end_monitors(session: "Session") -> None:
    for run in session.runs:
        run.monitors.forget_news()
        _attempt(session.clock, "end monitors", run.monitors.end_all)


def _collect(session: "Session") -> None:
    for run in session.runs:
        _attempt(session.clock, "collect what flew", run.fliers.collect_rest)


def _unstage(session: "Session") -> None:
    while session.devices.staged:
        device, _ = session.devices.staged.popitem()
        _attempt(session.clock, f"unstage {names([device])}", device.unstage)


def _close_runs(session: "Session") -> None:
    while session.runs.open:
        _, run = session.runs.open.popitem()
        close = partial(run.close, session.exit_status, session.reason)
        _attempt(session.clock, f"close run {run.uid}", close)


def _close_plans(session: "Session") -> None:
    while session.plans:
        _attempt(session.clock, "close the plan", partial(close_plan, session.plans.pop()))


def close_plan(plan: Generator[Any, Any, Any]) -> None:
    """End a plan without hearing its messages; tell the person at the prompt of one that has more."""
    try:
        plan.close()
    except RuntimeError as error:
        if str(error) != "generator ignored GeneratorExit":
            raise
        print(f"The plan {plan!r} tried to yield a value on close.  Please fix your plan.")


def _unsubscribe(session: "Session") -> None:
    for token in session.tokens:
        session.dispatcher.unsubscribe(token)


def _attempt(clock: Clock, what: str, act: Callable[[], Any]) -> None:
    try:
        outcome = act()
        if hasattr(outcome, "add_callback"):
            _settle(clock, outcome)
    except Exception as error:
        log.warning("cleaning up after a plan: cannot %s: %s", what, error)


def _settle(clock: Clock, status: Any) -> None:
    status.add_callback(lambda _: clock.wake())
    if not clock.wait(lambda: status.done, CLEANUP_TIMEOUT_S, lambda: names([status])):
        raise WaitForTimeoutError(f"{names([status])}: not done after {CLEANUP_TIMEOUT_S:g} s")
    error = failure(status)
    if error is not None:
        raise error
