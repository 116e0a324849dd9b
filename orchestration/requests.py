"""Requests: letters that other threads, signal handlers and callbacks leave for a plan under way.

Each looks again, when its turn has come, whether it makes sense still.
"""

from collections.abc import Callable

from beamtwin.orchestration.errors import PlanHalt, RunEngineControlException
from beamtwin.orchestration.inbox import Pause, Suspend
from beamtwin.orchestration.machine import StateMachine
from beamtwin.orchestration.rules import State
from beamtwin.orchestration.session import Session

__all__ = ["end", "pause", "suspend"]

Letter = Callable[[], None]


def pause(session: Session, machine: StateMachine, defer: bool) -> Letter:
    """Pause now, or at the next checkpoint; unless there was a pause since, or the plan is being ended."""
    pauses = session.pauses

    def letter() -> None:
        if session.pauses > pauses or not machine.state.can_pause:
            return
        if not defer:
            raise Pause
        session.pause_at_checkpoint = True

    return letter


def suspend(machine: StateMachine, request: Suspend) -> Letter:
    """Suspend the plan; unless what was to be awaited has come, or the plan is being ended."""

    def letter() -> None:
        wanted = machine.state.can_pause or machine.state.is_paused
        if wanted and getattr(request.until, "done", False) is not True:
            raise request

    return letter


def end(
    session: Session,
    machine: StateMachine,
    state: State,
    error: RunEngineControlException | PlanHalt,
    reason: str,
) -> Letter:
    """End the plan; unless it is being ended already."""

    def letter() -> None:
        if machine.can_become(state):
            session.interrupt(error, reason)
            machine.become(state)
            raise error

    return letter
