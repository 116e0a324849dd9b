"""RunEngine: one message in, one effect out.

The engine is synchronous and has no thread of its own. It takes a message from the plan, looks its command up in a
table, and sends back the answer; when it must wait, it asks the clock. What other threads and signal handlers want of
it they leave in an inbox, to which it attends between messages and inside waits.

Here is what its user sees; the loop that takes messages is `executor`, what one call keeps track of is `session`.
"""

import asyncio
import inspect
import logging
from collections.abc import Callable, Iterable, MutableMapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from beamtwin.orchestration.asyncio_devices import Background, finish, is_asyncio_device
from beamtwin.orchestration.clock import Clock, WallClock
from beamtwin.orchestration.commands import COMMANDS, Command
from beamtwin.orchestration.dispatcher import Dispatcher, subscriptions
from beamtwin.orchestration.documents import random_uid
from beamtwin.orchestration.engine_commands import EngineCommands
from beamtwin.orchestration.errors import (
    PlanHalt,
    RequestAbort,
    RequestStop,
    RunEngineControlException,
    RunEngineInterrupted,
    TransitionError,
)
from beamtwin.orchestration.executor import Executor
from beamtwin.orchestration.inbox import Pause, Suspend
from beamtwin.orchestration.interrupts import SigintHandler
from beamtwin.orchestration.machine import StateMachine
from beamtwin.orchestration.messages import Msg, as_generator
from beamtwin.orchestration.metadata import check_metadata, default_scan_id, library_versions
from beamtwin.orchestration.rules import State
from beamtwin.orchestration.session import Session

__all__ = ["RunEngine", "RunEngineResult"]

log = logging.getLogger(__name__)

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
    loop : event loop, optional
        Where asyncio devices will live; default: one of the engine's own, made when the first is met.
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

    #: The result of a plan that did not come to its end.
    NO_PLAN_RETURN = object()

    def __init__(
        self,
        md: MutableMapping[str, Any] | None = None,
        *,
        clock: Clock | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
        preprocessors: Iterable[Callable[[Any], Any]] | None = None,
        context_managers: Iterable[Callable[[Any], Any]] | None = None,
        md_validator: Callable[[dict[str, Any]], object] | None = None,
        md_normalizer: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
        scan_id_source: Callable[[MutableMapping[str, Any]], Any] = default_scan_id,
        new_uid: Callable[[], str] = random_uid,
        call_returns_result: bool = False,
    ):
        self.md = {} if md is None else md
        self.md["versions"] = {**self.md.get("versions", {}), **library_versions()}
        self.clock = WallClock() if clock is None else clock
        self.preprocessors = [] if preprocessors is None else list(preprocessors)
        self.context_managers: list[Callable[[Any], Any]] = (
            [SigintHandler] if context_managers is None else list(context_managers)
        )
        self.md_validator = md_validator or check_metadata
        self.md_normalizer = md_normalizer or (lambda md: md)
        self.scan_id_source = scan_id_source
        self.new_uid = new_uid
        self.call_returns_result = call_returns_result
        self.record_interruptions = False
        self.max_depth: int | None = None
        self.pause_msg = PAUSE_MESSAGE
        self.waiting_hook: Callable[[Any], object] | None = None
        self.log = logging.LoggerAdapter(log, {"RE": self})
        self.verbose = False
        self.dispatcher = Dispatcher()
        self.subscribe = self.subscribe_lossless = self.dispatcher.subscribe
        self.unsubscribe = self.unsubscribe_lossless = self.dispatcher.unsubscribe
        self.emit = self.emit_sync = self.dispatcher.emit
        self._background = Background(loop)
        self._session: Session | None = None
        self._deferred_pause = False
        self._rewindable = True
        self._suspenders: dict[Any, None] = {}
        self._own = EngineCommands(self)
        self._commands: dict[str, Command] = {**COMMANDS, **self._own.table}
        self._machine = StateMachine()
        self._executor = Executor(self._machine, self._commands)

    # --- for the user ---------------------------------------------------------------------------

    @property
    def state(self) -> State:
        """What the engine is doing; compares equal to its name: ``"idle"``, ``"running"``, ``"paused"``."""
        return self._machine.state

    @property
    def state_hook(self) -> Callable[[State, State], object] | None:
        """Told of every change as ``hook(new, old)``."""
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

    @property
    def rewindable(self) -> bool:
        """Whether messages are done again when the plan is taken up again after a pause.

        What is set here holds for later plans too; what a plan says with ``rewindable``, until its end.
        """
        return self._rewindable if self._session is None else self._session.rewindable

    @rewindable.setter
    def rewindable(self, rewindable: bool) -> None:
        self._rewindable = bool(rewindable)
        if self._session is not None:
            self._session.set_rewindable(rewindable)

    @property
    def deferred_pause_requested(self) -> bool:
        """Whether the plan, or the last one, has been asked to pause at its next checkpoint."""
        return self._deferred_pause if self._session is None else self._session.pause_at_checkpoint

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
        self._check_call()
        self._own.plan_names = {
            "plan_type": type(plan).__name__,
            "plan_name": getattr(plan, "__name__", ""),
        }
        self._own.metadata_per_call = metadata
        subs_per_call = subscriptions(subs)
        plan = as_generator(plan)
        for preprocessor in self.preprocessors:
            plan = as_generator(preprocessor(plan))
        session = self._session = Session(
            self.clock, plan, self.dispatcher.emit, self.new_uid, self._background
        )
        session.rewindable = self._rewindable
        session.tokens += [self.subscribe(function, name) for name, function in subs_per_call]
        if self._suspenders:
            self._hold(session)
        self._drive(session, State.RUNNING)
        return self._outcome(session)

    def resume(self) -> Any:
        """Take a paused plan up again from its last checkpoint; answers and raises what a call does."""
        session = self._session
        if session is None or not self.state.is_paused:
            raise TransitionError(f"the engine is {self.state}: only a paused plan can be resumed")
        session.resume()
        self._executor.catch_up(session)
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

    def reset(self) -> None:
        """Halt what is paused, and end all subscriptions."""
        if not self.state.is_idle:
            self.halt()
        self.dispatcher.unsubscribe_all()

    def request_pause(self, defer: bool = False) -> None:
        """Pause as soon as can be, or at the next checkpoint. Safe in any thread and in a signal handler."""
        session = self._session
        if session is None or not self.state.can_pause:
            raise TransitionError(f"the engine is {self.state}: there is no plan to pause")
        pauses = session.pauses

        def pause() -> None:
            if session.pauses > pauses or not self.state.can_pause:
                return  # it has been paused since this was asked, or is being ended
            if not defer:
                raise Pause
            session.pause_at_checkpoint = True

        session.inbox.post(pause)

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
        session = self._session
        if session is None:
            raise TransitionError("the engine is idle: there is no plan to suspend")
        request = Suspend(fut, pre_plan, post_plan, justification)

        def suspend() -> None:
            wanted = self.state.can_pause or self.state.is_paused  # else the plan is being ended
            if wanted and getattr(fut, "done", False) is not True:
                raise request

        session.inbox.post(suspend)

    # --- suspenders -----------------------------------------------------------------------------

    @property
    def suspenders(self) -> tuple[Any, ...]:
        """Those that are installed."""
        return tuple(self._suspenders)

    def install_suspender(self, suspender: Any) -> None:
        """From now on ``suspender`` can suspend plans, and hold them back at their start."""
        self._suspenders[suspender] = None
        suspender.install(self)

    def remove_suspender(self, suspender: Any) -> None:
        """End `install_suspender`."""
        if suspender in self._suspenders:
            del self._suspenders[suspender]
            suspender.remove()

    def clear_suspenders(self) -> None:
        """Remove all of them."""
        for suspender in self.suspenders:
            self.remove_suspender(suspender)

    # --- commands -------------------------------------------------------------------------------

    def register_command(self, name: str, function: Callable[[Msg], Any]) -> None:
        """Let plans say ``Msg(name, ...)``; ``function(msg)``, which may be a coroutine function, answers it."""

        def command(session: Session, msg: Msg) -> Any:
            return function(msg)

        def command_in_loop(session: Session, msg: Msg) -> Any:
            return session.call(function, msg)

        in_loop = inspect.iscoroutinefunction(function)
        self._commands[name] = chosen = command_in_loop if in_loop else command
        chosen.__doc__ = function.__doc__

    def unregister_command(self, name: str) -> None:
        """Forget a command."""
        del self._commands[name]

    @property
    def commands(self) -> list[str]:
        """The commands that plans may use."""
        return list(self._commands)

    def print_command_registry(self, verbose: bool = False) -> str:
        """What each command does: the first line, or all, of what is said of it."""
        docs = {name: inspect.getdoc(command) or "" for name, command in self._commands.items()}
        lines = [
            f"{name} : {doc if verbose else doc.partition(chr(10))[0]}"
            for name, doc in docs.items()
        ]
        return "\n".join(["List of available commands", *lines, ""])

    # --- asyncio devices ------------------------------------------------------------------------

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop in which asyncio devices are called; it runs in a thread of its own."""
        return self._background.loop

    def close(self) -> None:
        """End the loop's thread, if there is one; the engine can be used again."""
        self._background.close()

    def device_call(self, device: Any, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call a device's method: here, or in the loop if it is an asyncio device."""
        function = getattr(device, method)
        if not is_asyncio_device(type(device)):
            return function(*args, **kwargs)
        return self._background.submit(finish(function, *args, **kwargs)).result()

    # --- from the first message to the last -----------------------------------------------------

    def _check_call(self) -> None:
        if not self.state.is_idle:
            raise TransitionError(f"the engine is {self.state} and can run a plan only when idle")
        if self.max_depth is not None:
            depth = len(inspect.stack(0)) - 1
            if depth > self.max_depth:
                raise RuntimeError(
                    f"RunEngine.max_depth is {self.max_depth}, and the call is {depth} deep: was the engine "
                    "called inside a function that should have been a plan?"
                )

    def _hold(self, session: Session) -> None:
        """Let the plan begin only when no suspender is tripped."""
        tripped = [suspender.get_futures() for suspender in self._suspenders]
        futures = [future for some, _ in tripped for future in some]
        if futures:
            for _, justification in tripped:
                if justification:
                    self.log.warning("a suspender holds the plan back: %s", justification)
            session.plans.append(as_generator([Msg("wait_for", None, futures)]))

    def _drive(self, session: Session, state: State) -> None:
        """Run until the plan ends or is paused."""
        session.waiting_hook = self.waiting_hook
        managers = [partial(manager, self) for manager in self.context_managers]
        try:
            self._executor.drive(session, state, managers)
        finally:
            if self.state.is_idle:
                for token in session.tokens:
                    self.unsubscribe(token)
                self._session, self._deferred_pause = None, session.pause_at_checkpoint

    def _end(self, state: State, error: RunEngineControlException | PlanHalt, reason: str) -> Any:
        """End the plan: now, if it is paused; soon, if it runs and another thread asks."""
        session = self._session
        if session is None:
            raise TransitionError("the engine is idle: there is no plan to end")

        def end() -> None:
            if self._machine.can_become(state):  # else it is being ended already
                session.interrupt(error, reason)
                self._machine.become(state)
                raise error

        if not self.state.is_paused:
            session.inbox.post(end)
            return None
        session.restore_monitors()
        session.interrupt(error, reason)
        session.error = error
        self._drive(session, state)
        return self._answer(session)

    def _outcome(self, session: Session) -> Any:
        """What a call answers, or raises though its plan did not fail."""
        if self.state.is_paused:
            raise RunEngineInterrupted(self.pause_msg)
        if session.interruption is not None:
            raise RunEngineInterrupted(session.reason or str(session.interruption))
        return self._answer(session)

    def _answer(self, session: Session) -> Any:
        uids = tuple(session.run_uids)
        if not self.call_returns_result:
            return uids
        return RunEngineResult(
            uids,
            session.answer if session.exception is None else self.NO_PLAN_RETURN,
            session.exit_status,
            session.interruption is not None,
            session.reason,
            session.exception,
        )
