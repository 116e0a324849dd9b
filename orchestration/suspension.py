"""Suspending a plan: it waits for something, and then goes on by itself from its last checkpoint."""

from collections.abc import Generator
from typing import Any

from beamtwin.orchestration.inbox import Suspend
from beamtwin.orchestration.messages import Msg, as_generator
from beamtwin.orchestration.session import Session

__all__ = ["begin_suspension", "resume_from_suspender", "start_suspender"]


def begin_suspension(session: Session, request: Suspend) -> None:
    """Interrupt the plan under way by one that suspends it."""
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
    session.record_interruption(justification or "suspended")
    session.rest_devices()
    began, rewindable = session.clock.time(), session.rewindable

    def suspension(answer: Any) -> Generator[Msg, Any, Any]:
        replay = session.rewind(answer)
        yield Msg("rewindable", None, False)
        yield from _plan(pre_plan)
        yield Msg("wait_for", None, [until])
        yield Msg("_resume_from_suspender", None)
        yield from _plan(post_plan)
        session.take_back_time(began)
        yield Msg("rewindable", None, rewindable)
        return (yield from replay)

    return suspension


def resume_from_suspender(session: Session, msg: Msg) -> None:
    """Tell devices that the suspension is over."""
    session.wake_devices()


def _plan(plan: Any) -> Generator[Msg, Any, Any]:
    """Plans come as they are, as functions that make them, or not at all."""
    if callable(plan):
        plan = plan()
    return as_generator(() if plan is None else plan)
