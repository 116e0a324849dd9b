"""PlanRunner: runs one plan at a time, which can be paused, suspended, resumed and ended."""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from beamtwin.orchestration import requests
from beamtwin.orchestration.background import Background
from beamtwin.orchestration.clock import Clock
from beamtwin.orchestration.commands import CommandRegistry
from beamtwin.orchestration.errors import (
    PlanError,
    PlanHalt,
    RequestAbort,
    RequestStop,
    RunEngineControlException,
    RunEngineInterrupted,
    TransitionError,
)
from beamtwin.orchestration.executor import Executor
from beamtwin.orchestration.inbox import Suspend
from beamtwin.orchestration.machine import StateMachine
from beamtwin.orchestration.messages import Msg
from beamtwin.orchestration.outcome import PAUSE_MESSAGE, answer_of, check_interruption
from beamtwin.orchestration.rules import State
from beamtwin.orchestration.session import Session

__all__ = ["PlanRunner"]


class PlanRunner:
    """Runs one plan at a time: the part of `RunEngine` that knows nothing of runs and documents.

    Parameters
    ----------
    clock : Clock
    loop : event loop, optional
    context_managers : iterable
        Entered, as ``manager(engine)``, while a plan runs.
    call_returns_result : bool
    """

    def __init__(
        self,
        clock: Clock,
        loop: asyncio.AbstractEventLoop | None,
        context_managers: Iterable[Callable[[Any], Any]],
        call_returns_result: bool,
    ):
        self.clock = clock
        self.context_managers = list(context_managers)
        self.call_returns_result = call_returns_result
        self.pause_msg = PAUSE_MESSAGE
        #: Told of the set of statuses that a plan waits for, and of the wait's end, as None.
        self.waiting_hook: Callable[[Any], object] | None = None
        self._background = Background(loop)
        self._command_registry = CommandRegistry()
        self._machine = StateMachine()
        self._executor = Executor(self._machine, self._command_registry)
        self._session: Session | None = None
        self._deferred_pause = False
        self._rewindable = True

    # --- what it is doing, and who is told ------------------------------------------------------

    @property
    def state(self) -> State:
        """What the engine is doing; compares equal to its name: ``"idle"``, ``"running"``, ``"paused"``."""
        return self._machine.state

    @property
    def state_hook(self) -> Callable[[State, State], object] | None:
        """Told of every change of state as ``hook(new, old)``."""
        return self._machine.hook

    @state_hook.setter
    def state_hook(self, hook: Callable[[State, State], object] | None) -> None:
        self._machine.hook = hook

    @property
    def msg_hook(self) -> Callable[[Msg], object] | None:
        """Told of every message before it is obeyed."""
        return self._executor.msg_hook

    @msg_hook.setter
    def msg_hook(self, hook: Callable[[Msg], object] | None) -> None:
        self._executor.msg_hook = hook

    @property
    def resumable(self) -> bool:
        """Whether there is a checkpoint from which the plan can be taken up again."""
        return self._session is not None and self._session.resumable

    @property
    def rewindable(self) -> bool:
        """Whether messages are done again when the plan is taken up again after a pause.

        What is set here holds for later plans too; what a plan says with ``rewindable``, until its end.
        """
        return self._rewindable if self._session is None else self._session.history.rewindable

    @rewindable.setter
    def rewindable(self, rewindable: bool) -> None:
        self._rewindable = bool(rewindable)
        if self._session is not None:
            self._session.set_rewindable(rewindable)

    @property
    def deferred_pause_requested(self) -> bool:
        """Whether the plan, or the last one, has been asked to pause at its next checkpoint."""
        return self._deferred_pause if self._session is None else self._session.pause_at_checkpoint

    # --- a plan under way -----------------------------------------------------------------------

    def request_pause(self, defer: bool = False) -> None:
        """Pause as soon as can be, or at the next checkpoint. Safe in any thread and in a signal handler."""
        session = self._session
        if session is None or not self.state.can_pause:
            raise TransitionError(f"the engine is {self.state}: there is no plan to pause")
        session.inbox.post(requests.pause(session, self._machine, defer))

    def request_suspend(
        self,
        fut: Any,
        *,
        pre_plan: Any = None,
        post_plan: Any = None,
        justification: str | None = None,
    ) -> None:
        """Let the plan wait, and then go on from its last checkpoint. Safe in any thread.

        Parameters
        ----------
        fut : Status, or function that makes an awaitable
            The end of the wait.
        pre_plan, post_plan : iterable of Msg, or function that makes one, optional
            Done before and after it.
        justification : str, optional
        """
        request = Suspend(fut, pre_plan, post_plan, justification)
        self._under_way("suspend").inbox.post(requests.suspend(self._machine, request))

    def resume(self) -> Any:
        """Take a paused plan up again from its last checkpoint; answers and raises what a call does."""
        session = self._session
        if session is None or not self.state.is_paused:
            raise TransitionError(f"the engine is {self.state}: only a paused plan can be resumed")
        session.resume()
        self._executor.catch_up(session)
        return self._run(session)

    def abort(self, reason: str = "") -> Any:
        """End the plan, which may clean up; its runs are marked as aborted."""
        return self._end(State.ABORTING, RequestAbort(reason or "aborted"), reason)

    def stop(self) -> Any:
        """End the plan, which may clean up; its runs count as successful."""
        return self._end(State.STOPPING, RequestStop("stopped"), "")

    def halt(self) -> Any:
        """End the plan at once: it cannot clean up."""
        return self._end(State.HALTING, PlanHalt("halted"), "halted")

    def _under_way(self, what_for: str) -> Session:
        if self._session is None:
            raise TransitionError(f"the engine is idle: there is no plan to {what_for}")
        return self._session

    def _end(self, state: State, error: RunEngineControlException | PlanHalt, reason: str) -> Any:
        """End the plan: now, if it is paused; soon, if it runs and another thread asks."""
        session = self._under_way("end")
        if not self.state.is_paused:
            session.inbox.post(requests.end(session, self._machine, state, error, reason))
            return None
        session.restore_monitors()
        session.interrupt(error, reason)
        session.error = error
        self._drive(session, state)
        return answer_of(session, self.call_returns_result)

    # --- from the first message to the last -----------------------------------------------------

    def _run(self, session: Session) -> Any:
        """Run until the plan ends or is paused; answers what a call does."""
        self._drive(session, State.RUNNING)
        if self.state.is_paused:
            raise RunEngineInterrupted(self.pause_msg)
        check_interruption(session)
        return answer_of(session, self.call_returns_result)

    def _drive(self, session: Session, state: State) -> None:
        self._session = session
        session.statuses.hook = self.waiting_hook
        managers = [partial(manager, self) for manager in self.context_managers]
        try:
            with self._background:
                self._executor.drive(session, state, managers)
        except GeneratorExit as error:
            raise PlanError(f"the plan raised GeneratorExit({error}) by itself") from error
        finally:
            if self.state.is_idle:
                self._session, self._deferred_pause = None, session.pause_at_checkpoint
