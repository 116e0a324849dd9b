"""RunEngine: one message in, one effect out.

The engine is synchronous and has no thread of its own. It takes a message from the plan, looks its command up in a
table, and sends back the answer; when it must wait, it asks the clock. What other threads and signal handlers want of
it they leave in an inbox, to which it attends between messages and inside waits.

Here is what it is made of; what can be done with a plan under way is in `runner`, the loop that takes messages in
`executor`, what one call keeps track of in `session`.
"""

import asyncio
import inspect
import logging
import warnings
from collections.abc import Callable, Iterable, MutableMapping
from typing import Any

from beamtwin.orchestration.asyncio_devices import finish, is_asyncio_device
from beamtwin.orchestration.clock import Clock, WallClock
from beamtwin.orchestration.commands import COMMANDS
from beamtwin.orchestration.commands.engine import EngineCommands
from beamtwin.orchestration.dispatcher import Dispatcher, subscriptions
from beamtwin.orchestration.documents import random_uid
from beamtwin.orchestration.errors import TransitionError
from beamtwin.orchestration.interrupts import SigintHandler
from beamtwin.orchestration.messages import Msg, as_generator
from beamtwin.orchestration.metadata import check_metadata, default_scan_id, library_versions
from beamtwin.orchestration.outcome import NO_PLAN_RETURN, RunEngineResult
from beamtwin.orchestration.runner import PlanRunner
from beamtwin.orchestration.session import Session
from beamtwin.orchestration.suspenders.installed import InstalledSuspenders

__all__ = ["RunEngine", "RunEngineResult"]

log = logging.getLogger(__name__)


class RunEngine(PlanRunner):
    """Runs plans, one at a time, over one clock.

    Parameters
    ----------
    md : mutable mapping, optional
        Metadata for every start document.
    clock : Clock, optional
        Default: the wall. For a twin in process, its transport's clock.
    loop : event loop, optional
        Where asyncio devices will live, in a thread that starts now; default: one of the engine's own, made when it is
        first needed.
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

    NO_PLAN_RETURN = NO_PLAN_RETURN

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
        super().__init__(
            clock=WallClock() if clock is None else clock,
            loop=loop,
            context_managers=[SigintHandler] if context_managers is None else context_managers,
            call_returns_result=call_returns_result,
        )
        self.md = {} if md is None else md
        self.md["versions"] = {**self.md.get("versions", {}), **library_versions()}
        self.preprocessors = [] if preprocessors is None else list(preprocessors)
        self.md_validator = md_validator or check_metadata
        self.md_normalizer = md_normalizer or (lambda md: md)
        self.scan_id_source = scan_id_source
        self.new_uid = new_uid
        self.record_interruptions = False
        self.max_depth: int | None = None
        self.log = logging.LoggerAdapter(log, {"RE": self})
        self.verbose = False
        self.dispatcher = Dispatcher()
        self.subscribe = self.subscribe_lossless = self.dispatcher.subscribe
        self.unsubscribe = self.unsubscribe_lossless = self.dispatcher.unsubscribe
        self.emit = self.emit_sync = self.dispatcher.emit
        self._suspenders = InstalledSuspenders()
        self._own_commands = EngineCommands(self)
        self._command_registry.update(COMMANDS, **self._own_commands.table)

    # --- plans ----------------------------------------------------------------------------------

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
        self._check_call(metadata)
        return self._run(self._new_session(plan, metadata, subscriptions(subs)))

    def _check_call(self, metadata: dict[str, Any]) -> None:
        if not self.state.is_idle:
            raise TransitionError(f"the engine is {self.state} and can run a plan only when idle")
        if "raise_if_interrupted" in metadata:
            warnings.warn(
                "raise_if_interrupted is metadata, as any other keyword: RE always raises RunEngineInterrupted",
                stacklevel=3,
            )
        if self.max_depth is not None:
            depth = len(inspect.stack(0)) - 1
            if depth > self.max_depth:
                raise RuntimeError(
                    f"RunEngine.max_depth is {self.max_depth}, and the call is {depth} deep: was the engine "
                    "called inside a function that should have been a plan?"
                )

    def _new_session(self, plan: Any, metadata: dict[str, Any], subs: list[Any]) -> Session:
        self._own_commands.describe_call(plan, metadata)
        plan = as_generator(plan)
        for preprocessor in self.preprocessors:
            plan = as_generator(preprocessor(plan))
        session = Session(self.clock, plan, self.dispatcher, self.new_uid, self._background)
        session.history.rewindable = self._rewindable
        session.tokens += [self.subscribe(function, name) for name, function in subs]
        if self._suspenders:
            session.plans.append(self._suspenders.hold())
        return session

    def reset(self) -> None:
        """Halt what is paused, and end all subscriptions."""
        if not self.state.is_idle:
            self.halt()
        self.dispatcher.unsubscribe_all()

    @property
    def ignore_callback_exceptions(self) -> bool:
        """Whether a subscriber's exception is only a warning, or ends the plan."""
        return self.dispatcher.ignore_exceptions

    @ignore_callback_exceptions.setter
    def ignore_callback_exceptions(self, ignore: bool) -> None:
        self.dispatcher.ignore_exceptions = ignore

    # --- suspenders -----------------------------------------------------------------------------

    @property
    def suspenders(self) -> tuple[Any, ...]:
        """Those that are installed."""
        return tuple(self._suspenders)

    def install_suspender(self, suspender: Any) -> None:
        """From now on ``suspender`` can suspend plans, and hold them back at their start."""
        self._suspenders.install(suspender, self)

    def remove_suspender(self, suspender: Any) -> None:
        """End `install_suspender`."""
        self._suspenders.remove(suspender)

    def clear_suspenders(self) -> None:
        """Remove all of them."""
        for suspender in self.suspenders:
            self._suspenders.remove(suspender)

    # --- commands -------------------------------------------------------------------------------

    def register_command(self, name: str, function: Callable[[Msg], Any]) -> None:
        """Let plans say ``Msg(name, ...)``; ``function(msg)``, which may be a coroutine function, answers it."""
        self._command_registry.register(name, function)

    def unregister_command(self, name: str) -> None:
        """Forget a command."""
        del self._command_registry[name]

    @property
    def commands(self) -> list[str]:
        """The commands that plans may use."""
        return list(self._command_registry)

    def print_command_registry(self, verbose: bool = False) -> str:
        """What each command does: the first line, or all, of what is said of it."""
        return self._command_registry.describe(verbose)

    # --- asyncio --------------------------------------------------------------------------------

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
