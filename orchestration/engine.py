"""RunEngine: one message in, one effect out.

The engine is synchronous and has no thread of its own. It takes a message from the plan, looks its command up in a
table, and sends back the answer; when it must wait, it asks the clock. What other threads and signal handlers want of
it they leave in an inbox, to which it attends between messages and inside waits.
"""

from collections import ChainMap
from collections.abc import Callable, Iterable, MutableMapping
from contextlib import ExitStack
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from beamtwin.orchestration.cleanup import clean_up
from beamtwin.orchestration.clock import Clock, WallClock
from beamtwin.orchestration.commands import COMMANDS, Command
from beamtwin.orchestration.dispatcher import Dispatcher, subscriptions
from beamtwin.orchestration.documents import random_uid
from beamtwin.orchestration.errors import (
    IllegalMessageSequence,
    InvalidCommand,
    PlanHalt,
    RequestAbort,
    RequestStop,
    RunEngineControlException,
    RunEngineInterrupted,
    TransitionError,
)
from beamtwin.orchestration.inbox import Pause
from beamtwin.orchestration.interrupts import SigintHandler
from beamtwin.orchestration.messages import Msg, as_generator
from beamtwin.orchestration.rules import State, can_follow, check_transition
from beamtwin.orchestration.session import Session

__all__ = ["RunEngine", "RunEngineResult"]

PAUSE_MESSAGE = """\
The plan is paused, and can be taken up from its last checkpoint.
    RE.resume()    goes on
    RE.stop()      ends the plan; its runs count as successful
    RE.abort()     ends the plan; its runs are marked as aborted
    RE.halt()      ends the plan at once, without its cleaning up"""


@dataclass(frozen=True)
class RunEngineResult:
    """What `RunEngine` answers with ``call_returns_result=True``."""

    run_start_uids: tuple[str, ...]
    plan_result: Any
    exit_status: str
    interrupted: bool
    reason: str
    exception: BaseException | None


class RunEngine:
    """Runs plans, one at a time, over one clock.

    Parameters
    ----------
    md : mutable mapping, optional
        Metadata for every start document.
    clock : Clock, optional
        Default: the wall. For a twin in process, its transport's clock.
    preprocessors : list of functions from plan to plan, optional
    context_managers : list, optional
        Entered, as ``manager(engine)``, while a plan runs; default: `SigintHandler`.
    new_uid : callable, optional
        Makes the documents' uids; default random, `SeededUids` for runs that are reproduced.
    call_returns_result : bool
        Whether a call answers a `RunEngineResult`, or the uids of its runs.

    Examples
    --------
    >>> from beamtwin.orchestration.stubs import sleep
    >>> from beamtwin.twin.clock import SimClock
    >>> RE = RunEngine(clock=SimClock(epoch=0.0))
    >>> RE(sleep(3600))
    ()
    >>> RE.clock.time()
    3600.0
    """

    def __init__(
        self,
        md: MutableMapping[str, Any] | None = None,
        *,
        clock: Clock | None = None,
        preprocessors: Iterable[Callable[[Any], Any]] = (),
        context_managers: Iterable[Callable[[Any], Any]] | None = None,
        md_validator: Callable[[dict[str, Any]], object] = lambda md: None,
        md_normalizer: Callable[[dict[str, Any]], dict[str, Any]] = lambda md: md,
        scan_id_source: Callable[[MutableMapping[str, Any]], int] = lambda md: (
            md.get("scan_id", 0) + 1
        ),
        new_uid: Callable[[], str] = random_uid,
        call_returns_result: bool = False,
    ):
        self.md = {} if md is None else md
        self.clock = WallClock() if clock is None else clock
        self.preprocessors = list(preprocessors)
        self.context_managers: list[Callable[[Any], Any]] = (
            [SigintHandler] if context_managers is None else list(context_managers)
        )
        self.md_validator = md_validator
        self.md_normalizer = md_normalizer
        self.scan_id_source = scan_id_source
        self.new_uid = new_uid
        self.call_returns_result = call_returns_result
        self.dispatcher = Dispatcher()
        self.subscribe = self.dispatcher.subscribe
        self.unsubscribe = self.dispatcher.unsubscribe
        self.msg_hook: Callable[[Msg], object] | None = None
        self.state_hook: Callable[[State, State], object] | None = None
        self.waiting_hook: Callable[[Any], object] | None = None
        self._state = State.IDLE
        self._session: Session | None = None
        self._metadata_per_call: dict[str, Any] = {}
        self._plan_names: dict[str, str] = {}
        self._commands: dict[str, Command] = {
            **COMMANDS,
            "open_run": self._open_run,
            "close_run": self._close_run,
            "subscribe": self._subscribe,
            "unsubscribe": self._unsubscribe,
            "RE_class": lambda session, msg: type(self),
        }

    # --- for the user ---------------------------------------------------------------------------

    @property
    def state(self) -> State:
        """What the engine is doing; compares equal to its name: ``"idle"``, ``"running"``, ``"paused"``."""
        return self._state

    @property
    def ignore_callback_exceptions(self) -> bool:
        """Whether a subscriber's exception is only a warning, or ends the plan."""
        return self.dispatcher.ignore_exceptions

    @ignore_callback_exceptions.setter
    def ignore_callback_exceptions(self, ignore: bool) -> None:
        self.dispatcher.ignore_exceptions = ignore

    @property
    def resumable(self) -> bool:
        """Whether there is a checkpoint from which the plan can be taken up again."""
        return self._session is not None and self._session.since_checkpoint is not None

    def __call__(self, plan: Any, subs: Any = None, /, **metadata: Any) -> Any:
        """Run a plan to its end.

        Parameters
        ----------
        plan : iterable of Msg
        subs : function, list of functions, or {document name: function or list of them}, optional
            Subscribed for this call.
        **metadata
            For the start documents of this call; overrides all other.

        Returns
        -------
        tuple of str
            The uids of the runs that were opened; or a `RunEngineResult`, see ``call_returns_result``.

        Raises
        ------
        RunEngineInterrupted
            If the plan was paused, stopped, aborted or halted.
        Exception
            What the plan raised.
        """
        if not self._state.is_idle:
            raise TransitionError(f"the engine is {self._state} and can run a plan only when idle")
        self._plan_names = {
            "plan_type": type(plan).__name__,
            "plan_name": getattr(plan, "__name__", ""),
        }
        self._metadata_per_call = metadata
        subs_per_call = subscriptions(subs)
        plan = as_generator(plan)
        for preprocessor in self.preprocessors:
            plan = as_generator(preprocessor(plan))
        session = self._session = Session(self.clock, plan, self.dispatcher.emit, self.new_uid)
        session.tokens += [self.subscribe(function, name) for name, function in subs_per_call]
        self._drive(session, State.RUNNING)
        return self._outcome(session)

    def resume(self) -> Any:
        """Take a paused plan up again from its last checkpoint; answers and raises what a call does."""
        session = self._session
        if session is None or not self._state.is_paused:
            raise TransitionError(f"the engine is {self._state}: only a paused plan can be resumed")
        session.resume()
        self._drive(session, State.RUNNING)
        return self._outcome(session)

    def abort(self, reason: str = "") -> Any:
        """End the plan, which may clean up; its runs are marked as aborted."""
        return self._end(State.ABORTING, RequestAbort(reason or "aborted"), reason)

    def stop(self) -> Any:
        """End the plan, which may clean up; its runs count as successful."""
        return self._end(State.STOPPING, RequestStop("stopped"), "")

    def halt(self) -> Any:
        """End the plan at once: it cannot clean up."""
        return self._end(State.HALTING, PlanHalt("halted"), "halted")

    def request_pause(self, defer: bool = False) -> None:
        """Pause as soon as can be, or at the next checkpoint. Safe in any thread and in a signal handler."""
        session = self._session
        if session is None or not self._state.can_pause:
            raise TransitionError(f"the engine is {self._state}: there is no plan to pause")
        pauses = session.pauses

        def pause() -> None:
            if session.pauses > pauses or not self._state.can_pause:
                return  # it has been paused since this was asked, or is being ended
            if not defer:
                raise Pause
            session.pause_at_checkpoint = True

        session.inbox.post(pause)

    def register_command(self, name: str, function: Callable[[Msg], Any]) -> None:
        """Let plans say ``Msg(name, ...)``; ``function(msg)`` answers it."""
        self._commands[name] = lambda session, msg: function(msg)

    def unregister_command(self, name: str) -> None:
        """Forget a command."""
        del self._commands[name]

    @property
    def commands(self) -> list[str]:
        """The commands that plans may use."""
        return sorted(self._commands)

    # --- from the first message to the last -----------------------------------------------------

    def _drive(self, session: Session, state: State) -> None:
        """Run until the plan ends or is paused."""
        session.waiting_hook = self.waiting_hook
        with ExitStack() as stack:
            try:
                self._set_state(state)
                for manager in self.context_managers:
                    stack.enter_context(manager(self))
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
                if self._state is not State.PAUSED:
                    self._close(session)

    def _run_or_pause(self, session: Session) -> None:
        try:
            self._take_messages(session)
        except Pause:
            self._set_state(State.PAUSING)
            session.pause()
            self._set_state(State.PAUSED)

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
                    if isinstance(thrown, PlanHalt):
                        raise thrown  # a plan that would clean up must not
            except StopIteration as end:
                plans.pop()
                answer = end.value
                continue
            except BaseException as failure:
                plans.pop()
                if not plans:
                    raise
                error = failure  # the plan that this one interrupted hears of it
                continue
            try:
                answer = self._obey(session, msg)
            except Pause as pause:
                answer, error = None, self._allow(pause, session, msg)
            except BaseException as failure:
                error = self._thrown(failure)
        session.answer = answer

    def _obey(self, session: Session, msg: Msg) -> Any:
        """Do what a message says, and then what the inbox says; the answer is the message's."""
        if self.msg_hook is not None:
            self.msg_hook(msg)
        try:
            command = self._commands.get(msg[0])
        except TypeError:
            raise InvalidCommand(f"the plan yielded {msg!r}, not a Msg: 'yield from' it?") from None
        if command is None:
            known = ", ".join(self.commands)
            raise InvalidCommand(f"the plan said {msg[0]!r}; the engine knows: {known}")
        session.remember(msg)
        answer = command(session, msg)
        if session.inbox.letters:
            try:
                session.inbox.attend()
            except Pause as pause:
                pause.finished, pause.answer = True, answer
                raise
        return answer

    def _allow(self, pause: Pause, session: Session, msg: Msg) -> RequestAbort | None:
        """Go on with a pause that can be; one for which there is no checkpoint ends the plan instead."""
        if not self._state.can_pause:
            return None  # the plan is being ended, and cleans up
        if self.resumable:
            session.cut_short(msg, pause)
            raise pause
        error = RequestAbort("paused after 'clear_checkpoint': cannot be taken up again")
        session.interrupt(error, str(error))
        self._set_state(State.ABORTING)
        return error

    def _thrown(self, failure: BaseException) -> BaseException:
        """An error on its way into the plan; after Python's own Ctrl-C nothing pauses that any more."""
        if isinstance(failure, KeyboardInterrupt) and can_follow(self._state, State.ABORTING):
            self._set_state(State.ABORTING)
        return failure

    def _end(self, state: State, error: RunEngineControlException | PlanHalt, reason: str) -> Any:
        """End the plan: now, if it is paused; soon, if it runs and another thread asks."""
        session = self._session
        if session is None:
            raise TransitionError("the engine is idle: there is no plan to end")

        def end() -> None:
            if can_follow(self._state, state):  # else it is being ended already
                session.interrupt(error, reason)
                self._set_state(state)
                raise error

        if not self._state.is_paused:
            session.inbox.post(end)
            return None
        session.restore_monitors()
        session.interrupt(error, reason)
        session.error = error
        self._drive(session, state)
        return self._answer(session)

    def _close(self, session: Session) -> None:
        """Clean up, and be idle."""
        try:
            clean_up(session)
        finally:
            for token in session.tokens:
                self.unsubscribe(token)
            self._set_state(State.IDLE)
            self._session = None

    def _outcome(self, session: Session) -> Any:
        """What a call answers, or raises though its plan did not fail."""
        if self._state.is_paused:
            raise RunEngineInterrupted(PAUSE_MESSAGE)
        if session.interruption is not None:
            raise RunEngineInterrupted(session.reason or str(session.interruption))
        return self._answer(session)

    def _answer(self, session: Session) -> Any:
        uids = tuple(session.run_uids)
        if not self.call_returns_result:
            return uids
        return RunEngineResult(
            uids,
            session.answer if session.exception is None else None,
            session.exit_status,
            session.interruption is not None,
            session.reason,
            session.exception,
        )

    def _set_state(self, new: State) -> None:
        old = self._state
        check_transition(old, new)
        self._state = new
        if self.state_hook is not None:
            self.state_hook(new, old)

    # --- commands that concern the engine itself ------------------------------------------------

    def _open_run(self, session: Session, msg: Msg) -> str:
        """Open a run; answers its uid."""
        if msg.run in session.runs:
            raise IllegalMessageSequence(
                "'open_run' while a run is open: 'close_run' must come first"
            )
        self.md["scan_id"] = self.scan_id_source(self.md)
        metadata = dict(ChainMap(self._metadata_per_call, msg.kwargs, self._plan_names, self.md))
        self.md_validator(dict(metadata))
        return session.open_run(msg, self.md_normalizer(deepcopy(metadata)))

    def _close_run(self, session: Session, msg: Msg) -> str:
        """Close a run; answers its uid. How a plan that is being ended ends, the engine knows best."""
        exit_status = session.exit_status
        if session.interruption is None:
            exit_status = msg.kwargs.get("exit_status") or exit_status
        return session.close_run(msg, exit_status, msg.kwargs.get("reason") or session.reason)

    def _subscribe(self, session: Session, msg: Msg) -> int:
        """Subscribe a function for the length of this call; answers a token."""
        token = self.subscribe(*msg.args, **msg.kwargs)
        session.tokens.append(token)
        return token

    def _unsubscribe(self, session: Session, msg: Msg) -> None:
        """End a subscription."""
        token = msg.args[0] if msg.args else msg.kwargs["token"]
        self.unsubscribe(token)
