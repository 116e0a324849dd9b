"""RunEngine: one message in, one effect out.

The engine is synchronous and has no thread of its own. It takes a message from the plan, looks its command up in a
table, and sends back the answer; when it must wait, it asks the clock. What other threads and signal handlers want of
it they leave in an inbox, to which it attends between messages and inside waits.
"""

from collections import ChainMap
from collections.abc import Callable, Generator, Iterable, MutableMapping
from contextlib import ExitStack
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from beamtwin.orchestration.clock import Clock, WallClock
from beamtwin.orchestration.commands import COMMANDS, Command
from beamtwin.orchestration.dispatcher import Dispatcher
from beamtwin.orchestration.documents import random_uid
from beamtwin.orchestration.errors import (
    BeamtwinError,
    InvalidCommand,
    PlanHalt,
    RequestAbort,
    RequestStop,
    RunEngineInterrupted,
    TransitionError,
)
from beamtwin.orchestration.interrupts import SigintHandler
from beamtwin.orchestration.messages import Msg
from beamtwin.orchestration.rules import State, check_transition
from beamtwin.orchestration.session import Inbox, Pause, Session

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
        self.clock = clock or WallClock()
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
        self._inbox = Inbox(self.clock)
        self._session: Session | None = None
        self._metadata_per_call: dict[str, Any] = {}
        self._plan_names: dict[str, str] = {}
        self._result: RunEngineResult | None = None
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
            If the plan was paused.
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
        for preprocessor in self.preprocessors:
            plan = preprocessor(plan)
        self._inbox.clear()
        session = self._session = Session(
            self.clock, self._inbox, _as_generator(plan), self.dispatcher.emit, self.new_uid
        )
        for name, function in _normalize_subs(subs):
            session.tokens.append(self.subscribe(function, name))
        self._set_state(State.RUNNING)
        return self._drive(session)

    def resume(self) -> Any:
        """Take a paused plan up again from its last checkpoint."""
        session = self._paused_session("resume")
        for device in session.seen:
            _call_if_there(device, "resume")
        session.rewind()
        self._set_state(State.RUNNING)
        return self._drive(session)

    def abort(self, reason: str = "") -> Any:
        """End the plan, which may clean up; its runs are marked as aborted."""
        return self._end(State.ABORTING, RequestAbort(reason or "aborted"), "abort", reason)

    def stop(self) -> Any:
        """End the plan, which may clean up; its runs count as successful."""
        return self._end(State.STOPPING, RequestStop("stopped"), "success", "")

    def halt(self) -> Any:
        """End the plan at once: it cannot clean up."""
        return self._end(State.HALTING, PlanHalt("halted"), "abort", "halted")

    def request_pause(self, defer: bool = False) -> None:
        """Pause as soon as can be, or at the next checkpoint. Safe in any thread and in a signal handler."""
        self._inbox.post(self._defer_pause if defer else _pause_now)

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

    def _drive(self, session: Session) -> Any:
        """Run until the plan ends or is paused."""
        session.waiting_hook = self.waiting_hook
        exception: BaseException | None = None
        with ExitStack() as stack:
            for manager in self.context_managers:
                stack.enter_context(manager(self))
            try:
                self._take_messages(session)
            except Pause:
                self._pause(session)
                raise RunEngineInterrupted(PAUSE_MESSAGE) from None
            except (RequestStop, RequestAbort, PlanHalt) as error:
                exception = error
            except BaseException as error:
                exception = error
                session.exit_status = "abort" if isinstance(error, KeyboardInterrupt) else "fail"
                session.reason = session.reason or str(error) or type(error).__name__
                raise
            finally:
                if self._state is not State.PAUSED:
                    self._close(session, exception)
        result = self._result
        if result is None:
            raise BeamtwinError("the engine has no result")
        if isinstance(exception, (RequestAbort, PlanHalt)) and not self.call_returns_result:
            raise RunEngineInterrupted(session.reason or str(exception)) from None
        return result if self.call_returns_result else result.run_start_uids

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
            except Pause:
                if self.resumable:
                    raise
                error = self._refuse_pause(session)
            except BaseException as failure:
                error = failure
        session.answer = answer

    def _obey(self, session: Session, msg: Msg) -> Any:
        """Do what a message says, and then what the inbox says; the answer is the message's."""
        if self.msg_hook is not None:
            self.msg_hook(msg)
        session.remember(msg)
        command = self._commands.get(msg[0])
        if command is None:
            known = ", ".join(self.commands)
            raise InvalidCommand(f"the plan said {msg[0]!r}; the engine knows: {known}")
        answer = command(session, msg)
        if session.inbox.letters:
            session.inbox.attend()
        return answer

    def _pause(self, session: Session) -> None:
        """Put everything to rest, so that the plan can be taken up again later."""
        self._set_state(State.PAUSING)
        session.stop_devices()
        for device in session.seen:
            _call_if_there(device, "pause")
        self._set_state(State.PAUSED)

    def _refuse_pause(self, session: Session) -> RequestAbort:
        session.exit_status = "abort"
        session.reason = "paused after 'clear_checkpoint', where the plan cannot be taken up again"
        self._set_state(State.ABORTING)
        return RequestAbort(session.reason)

    def _end(self, state: State, error: BaseException, exit_status: str, reason: str) -> Any:
        """End the plan: now, if it is paused; soon, if it runs and another thread asks."""
        session = self._session
        if session is None:
            raise TransitionError("the engine is idle: there is no plan to end")

        def throw() -> None:
            session.exit_status, session.reason = exit_status, reason
            self._set_state(state)
            raise error

        if not self._state.is_paused:
            self._inbox.post(throw)
            return None
        session.exit_status, session.reason = exit_status, reason
        session.error = error
        self._set_state(state)
        try:
            return self._drive(session)
        except RunEngineInterrupted:
            return tuple(session.run_uids)

    def _close(self, session: Session, exception: BaseException | None) -> None:
        session.close()
        for token in session.tokens:
            self.unsubscribe(token)
        self._session = None
        self._result = RunEngineResult(
            tuple(session.run_uids),
            session.answer if exception is None else None,
            session.exit_status,
            exception is not None,
            session.reason,
            exception,
        )
        self._set_state(State.IDLE)

    def _set_state(self, new: State) -> None:
        old = self._state
        check_transition(old, new)
        self._state = new
        if self.state_hook is not None:
            self.state_hook(new, old)

    def _paused_session(self, what: str) -> Session:
        if self._session is None or not self._state.is_paused:
            raise TransitionError(f"the engine is {self._state}: only a paused plan can {what}")
        return self._session

    def _defer_pause(self) -> None:
        if self._session is not None:
            self._session.pause_at_checkpoint = True

    # --- commands that concern the engine itself ------------------------------------------------

    def _open_run(self, session: Session, msg: Msg) -> str:
        """Open a run; answers its uid."""
        self.md["scan_id"] = self.scan_id_source(self.md)
        metadata = dict(ChainMap(self._metadata_per_call, msg.kwargs, self._plan_names, self.md))
        self.md_validator(dict(metadata))
        return session.open_run(msg, self.md_normalizer(deepcopy(metadata)))

    def _close_run(self, session: Session, msg: Msg) -> str:
        """Close a run; answers its uid."""
        exit_status = msg.kwargs.get("exit_status") or session.exit_status
        return session.close_run(msg, exit_status, msg.kwargs.get("reason") or session.reason)

    def _subscribe(self, session: Session, msg: Msg) -> int:
        """Subscribe a function for the length of this call; answers a token."""
        name, function = msg.args if len(msg.args) == 2 else ("all", msg.args[0])
        token = self.subscribe(function, msg.kwargs.get("name", name))
        session.tokens.append(token)
        return token

    def _unsubscribe(self, session: Session, msg: Msg) -> None:
        """End a subscription."""
        token = msg.args[0] if msg.args else msg.kwargs["token"]
        self.unsubscribe(token)


def _pause_now() -> None:
    raise Pause


def _call_if_there(device: Any, method: str) -> None:
    function = getattr(device, method, None)
    if function is not None:
        function()


def _as_generator(plan: Any) -> Generator[Msg, Any, Any]:
    return plan if hasattr(plan, "send") and hasattr(plan, "throw") else _iterate(plan)


def _iterate(messages: Iterable[Msg]) -> Generator[Msg, Any, Any]:
    for msg in messages:  # noqa: UP028 (a list's iterator cannot be sent the answers)
        yield msg


def _normalize_subs(subs: Any) -> list[tuple[str, Any]]:
    """Pairs of document name and function."""
    if subs is None:
        return []
    table = subs if isinstance(subs, dict) else {"all": subs}
    return [
        (name, function)
        for name, functions in table.items()
        for function in ([functions] if callable(functions) else functions)
    ]
