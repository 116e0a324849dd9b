"""Executor: takes one message after the other out of a plan, does what it says, and sends back the answer.

What others want of the engine (pause, suspend, end) arrives as letters; they are attended to between two messages and
inside waits, and unwind from there as an `Interruption` or an error.
"""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Any

from beamtwin.orchestration.cleanup import clean_up, close_plan
from beamtwin.orchestration.commands import Command
from beamtwin.orchestration.errors import (
    FailedPause,
    InvalidCommand,
    PlanHalt,
    RunEngineControlException,
)
from beamtwin.orchestration.inbox import Interruption, Pause, Suspend
from beamtwin.orchestration.machine import StateMachine
from beamtwin.orchestration.messages import Msg
from beamtwin.orchestration.rules import State
from beamtwin.orchestration.session import Session
from beamtwin.orchestration.suspension import begin_suspension

__all__ = ["Executor"]


class Executor:
    """Runs the plans of sessions, one at a time.

    Parameters
    ----------
    machine : StateMachine
    commands : dict
        What each message does; may change at any time.

    Attributes
    ----------
    msg_hook : callable, optional
        Told of every message before it is obeyed.
    """

    def __init__(self, machine: StateMachine, commands: dict[str, Command]):
        self.machine = machine
        self.commands = commands
        self.msg_hook: Callable[[Msg], object] | None = None

    def drive(self, session: Session, state: State, managers: Iterable[Callable[[], Any]]) -> None:
        """Run until the plan ends or is paused; raises what the plan raises.

        Parameters
        ----------
        managers
            Make context managers that are entered meanwhile.
        """
        with ExitStack() as stack:
            try:
                self.machine.become(state)
                for manager in managers:
                    stack.enter_context(manager())
                self._run_or_pause(session)
            except (RunEngineControlException, PlanHalt) as error:
                session.exception = error
                session.exit_status = error.exit_status
            except BaseException as error:
                session.exception = error
                session.exit_status = "abort" if isinstance(error, KeyboardInterrupt) else "fail"
                session.reason = session.reason or str(error) or type(error).__name__
                raise
            finally:
                if self.machine.state is not State.PAUSED:
                    self._close(session)

    def catch_up(self, session: Session) -> None:
        """After a pause: what failed meanwhile, the plan hears of first; and it may be suspended at once."""
        try:
            session.inbox.attend()
        except Suspend as request:
            begin_suspension(session, request)
        except Exception as error:
            session.error = error

    def _run_or_pause(self, session: Session) -> None:
        try:
            self._take_messages(session)
        except Pause:
            self.machine.become(State.PAUSING)
            session.record_interruption("pause")
            session.pause()
            self.machine.become(State.PAUSED)

    def _close(self, session: Session) -> None:
        """Clean up, and be idle."""
        try:
            clean_up(session)
        finally:
            self.machine.become(State.IDLE)

    def _take_messages(self, session: Session) -> None:
        """The heart: messages out of the plan, answers and errors into it."""
        plans, answer, error = session.plans, session.answer, session.error
        session.error = None
        while plans:
            try:
                if error is None:
                    msg = plans[-1].send(answer)
                else:
                    thrown, error = error, None
                    msg = plans[-1].throw(thrown)
                    if isinstance(thrown, PlanHalt):  # a plan that would clean up must not
                        close_plan(plans[-1])
                        raise thrown
            except StopIteration as end:
                plans.pop()
                answer = end.value
                continue
            except BaseException as failure:
                plans.pop()
                if not plans or not isinstance(failure, (Exception, PlanHalt)):
                    raise
                error = failure  # the plan that this one interrupted hears of it
                continue
            try:
                answer = self._obey(session, msg)
            except Interruption as interruption:
                answer, error = None, self._interrupt(interruption, session, msg)
            except Exception as failure:
                answer, error = None, self._failed(failure, session, msg)
            except BaseException as failure:
                error = self._thrown(failure)
        session.answer = answer

    def _obey(self, session: Session, msg: Msg) -> Any:
        """Do what a message says, and then what the inbox says; the answer is the message's."""
        if self.msg_hook is not None:
            self.msg_hook(msg)
        try:
            command = self.commands.get(msg[0])
        except TypeError:
            raise InvalidCommand(f"the plan yielded {msg!r}, not a Msg: 'yield from' it?") from None
        if command is None:
            known = ", ".join(sorted(self.commands))
            raise InvalidCommand(f"the plan said {msg[0]!r}; the engine knows: {known}")
        if session.history.said(msg):
            session.checkpoint()
        device = msg[1]
        if device is not None:
            known = session.devices.known.get(device) or session.devices.meet(device)
            if known is not device:
                msg = msg._replace(obj=known)
        answer = command(session, msg)
        if session.inbox.letters:
            try:
                session.inbox.attend()
            except Interruption as interruption:
                interruption.finished, interruption.answer = True, answer
                raise
        return answer

    def _interrupt(
        self, interruption: Interruption, session: Session, msg: Msg
    ) -> FailedPause | None:
        """Go on with what can be; a plan that has no checkpoint is ended instead."""
        if not self.machine.state.can_pause:
            return None  # the plan is being ended, and cleans up
        if not session.resumable:
            error = FailedPause("paused after 'clear_checkpoint': cannot be taken up again")
            session.interrupt(error, str(error))
            self.machine.become(State.ABORTING)
            return error
        session.cut_short(msg, interruption)
        if isinstance(interruption, Suspend):
            self.machine.become(State.SUSPENDING)
            begin_suspension(session, interruption)
            self.machine.become(State.RUNNING)
            return None
        raise interruption

    def _failed(self, failure: Exception, session: Session, msg: Msg) -> BaseException | None:
        """An error on its way into the plan; but what was asked for meanwhile may have the message done again."""
        if session.inbox.letters and session.history.rewindable and session.resumable:
            try:
                session.inbox.attend()
            except Interruption as interruption:
                return self._interrupt(interruption, session, msg)
            except BaseException as asked:
                return self._thrown(asked)
        return failure

    def _thrown(self, failure: BaseException) -> BaseException:
        """An error on its way into the plan; after Python's own Ctrl-C nothing pauses that any more."""
        if isinstance(failure, KeyboardInterrupt) and self.machine.can_become(State.ABORTING):
            self.machine.become(State.ABORTING)
        return failure
