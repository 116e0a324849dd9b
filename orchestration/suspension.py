"""Suspending a plan: it waits for something, and then goes on by itself from its last checkpoint."""

import logging
from collections.abc import Generator
from typing import Any

from beamtwin.orchestration.inbox import Suspend
from beamtwin.orchestration.messages import Msg, as_generator
from beamtwin.orchestration.session import Session

__all__ = ["begin_suspension", "resume_from_suspender", "start_suspender"]

log = logging.getLogger(__name__)


def begin_suspension(session: Session, request: Suspend) -> None:
    """Interrupt the plan under way by one that suspends it; how that ends which will be done again matters no more."""
    if session.history.rewindable:
        session.statuses.forget(session.history.to_be_repeated)
    session.plans.append(_suspend(request, session.answer))
    session.answer = None


def _suspend(request: Suspend, answer: Any) -> Generator[Msg, Any, Any]:
    """Its result is what the interrupted plan is waiting for."""
    fields = (request.pre_plan, request.post_plan, request.justification, request.until)
    suspension = yield Msg("_start_suspender", None, *fields)
    return (yield from suspension(answer))


def start_suspender(session: Session, msg: Msg) -> Any:
    """Put everything to rest; answers the plan of what follows."""
    pre_plan, post_plan, justification, until = msg.args
    log.warning("the plan is suspended%s", f": {justification}" if justification else "")
    session.record_interruption(justification or "suspended")
    session.rest()
    began, rewindable = session.clock.time(), session.history.rewindable

    def suspension(answer: Any) -> Generator[Msg, Any, Any]:
        replay = session.rewind(answer)
        yield Msg("rewindable", None, False)
        yield from _plan(pre_plan)
        yield Msg("wait_for", None, [until])
        yield Msg("_resume_from_suspender", None)
        yield from _plan(post_plan)
        session.history.take_back_time(began)
        yield Msg("rewindable", None, rewindable)
        return (yield from replay)

    return suspension


def resume_from_suspender(session: Session, msg: Msg) -> None:
    """Tell devices that the suspension is over."""
    log.warning("the plan goes on")
    session.devices.wake()


def _plan(plan: Any) -> Generator[Msg, Any, Any]:
    """Plans come as they are, as functions that make them, or not at all."""
    if callable(plan):
        plan = plan()
    return as_generator(() if plan is None else plan)
