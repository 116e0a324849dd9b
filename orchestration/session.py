"""Session: what one call of the engine keeps track of, from its first message to the clean-up."""

from collections.abc import Callable, Generator, Iterable
from typing import Any

from beamtwin.orchestration.asyncio_devices import (
    AsyncioDevice,
    Background,
    finish,
    is_asyncio_device,
)
from beamtwin.orchestration.bundler import RunBundler
from beamtwin.orchestration.cleanup import CLEANUP_TIMEOUT_S, stop_devices
from beamtwin.orchestration.clock import Clock, WallClock
from beamtwin.orchestration.documents import Document
from beamtwin.orchestration.errors import (
    DeviceError,
    FailedStatus,
    IllegalMessageSequence,
    NoReplayAllowed,
    PlanHalt,
    RunEngineControlException,
)
from beamtwin.orchestration.inbox import Inbox, Interruption
from beamtwin.orchestration.messages import Msg
from beamtwin.orchestration.rules import GOES_ON, NOT_REPLAYED, RESETS_CHECKPOINT
from beamtwin.orchestration.status import Status, failure, names

__all__ = ["Session"]


class Session:
    """One call of the engine.

    Parameters
    ----------
    clock : Clock
    plan : generator of Msg
    emit : callable
        Takes ``(name, document)``.
    new_uid : callable
    background : Background
        Where asyncio devices live.
    """

    def __init__(
        self,
        clock: Clock,
        plan: Generator[Msg, Any, Any],
        emit: Callable[[str, Document], None],
        new_uid: Callable[[], str],
        background: Background,
    ):
        self.clock = clock
        self.emit = emit
        self.new_uid = new_uid
        self.background = background
        self.inbox = Inbox(clock)
        self.waiting_hook: Callable[[Any], object] | None = None
        #: The plan under way is the last; it has interrupted those before it.
        self.plans = [plan]
        #: What goes into the plan next: the answer to its last message, or an error.
        self.answer: Any = None
        self.error: BaseException | None = None
        self.runs: dict[Any, RunBundler] = {}
        self.run_uids: list[str] = []
        self.tokens: list[int] = []
        self.groups: dict[Any, list[Any]] = {}
        #: Every device met so far, and as what the engine calls it: itself, or an AsyncioDevice.
        self.devices: dict[Any, Any] = {}
        # Sets that keep their order.
        self.moved: dict[Any, None] = {}
        self.staged: dict[Any, None] = {}
        #: Messages; None where the plan cannot be taken up again.
        self.since_checkpoint: list[Msg] | None = []
        self.rewindable = True
        self.pauses = 0
        self.pause_at_checkpoint = False
        self.interruption: BaseException | None = None
        self.exit_status = "success"
        self.reason = ""
        self.exception: BaseException | None = None
        self.cleaning_up = False
        #: Groups that a ``wait`` which may come again has told the waiting hook of.
        self.announced: set[Any] = set()
        self._begun: list[Any] = []
        self._pardoned: set[Any] = set()
        self._zero = self._last_checkpoint = clock.time()

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning; pauses, and what had to be done again after them, do not count."""
        return self.clock.time() - self._zero

    # --- devices --------------------------------------------------------------------------------

    def device(self, device: Any) -> Any:
        """As what the engine calls a device: decided when it is first met."""
        known = self.devices.get(device)
        if known is None:
            known = AsyncioDevice(device, self.call) if is_asyncio_device(type(device)) else device
            self.devices[device] = known
        return known

    def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call a function in the background loop; answers when it is done."""
        future = self.background.submit(finish(function, *args, **kwargs))
        return future.result(CLEANUP_TIMEOUT_S if self.cleaning_up else None)

    def await_in_loop(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """The same, but letters are attended to meanwhile. Virtual time stands still."""
        if not isinstance(self.clock, WallClock):
            return self.call(function, *args, **kwargs)
        future = self.background.submit(finish(function, *args, **kwargs))
        future.add_done_callback(lambda _: self.clock.wake())
        try:
            self.wait_until(future.done, awaiting="an awaitable")
        finally:
            future.cancel()  # without effect if it is done
        return future.result()

    # --- waiting --------------------------------------------------------------------------------

    def wait_until(
        self,
        ready: Callable[[], bool],
        timeout: float | None = None,
        awaiting: str | Callable[[], str] = "a condition",
    ) -> bool:
        """`Clock.wait` that attends to the inbox meanwhile, and raises what is found there."""
        clock, inbox, letters = self.clock, self.inbox, self.inbox.letters
        deadline = None if timeout is None else clock.time() + timeout
        left = timeout
        while True:
            in_time = clock.wait(lambda: bool(letters) or ready(), left, awaiting)
            inbox.attend()
            if ready():
                return True
            if not in_time:
                return False
            left = None if deadline is None else max(0.0, deadline - clock.time())

    def follow(self, device: Any, status: Any, group: Any) -> Any:
        """Keep a status for ``wait``; its failure is thrown into the plan, whatever that is doing by then."""
        if status is None:
            raise DeviceError(f"{device.name}: returned None where a Status is due")
        if isinstance(status, Status):
            if status.success:
                return status  # nothing to wait for, and nothing that can fail
            if not status.done:
                self._check_clock(status)
        self.groups.setdefault(group, []).append(status)
        if self.rewindable and self.since_checkpoint is not None:
            self._begun.append(status)
        if type(device) is AsyncioDevice:
            self.call(status.add_callback, self._ended)
        else:
            status.add_callback(self._ended)
        return status

    def wait_for(self, pending: list[Any], timeout: float | None = None) -> bool:
        """Wait until all statuses are done; returns whether they were in time. Those that are leave the list."""
        try:
            return self.wait_until(_all_done(pending), timeout, lambda: names(_not_done(pending)))
        finally:
            if pending:
                pending[:] = _not_done(pending)

    def _ended(self, status: Any) -> None:
        error = failure(status)
        if error is not None:
            self.inbox.post(lambda: self._raise_failure(status, error))
        elif getattr(status, "clock", None) is not self.clock:
            self.clock.wake()

    def _raise_failure(self, status: Any, error: BaseException) -> None:
        if status not in self._pardoned:
            raise FailedStatus(status) from error

    def _check_clock(self, status: Status) -> None:
        if status.clock is self.clock:
            return
        if not (isinstance(status.clock, WallClock) and isinstance(self.clock, WallClock)):
            raise DeviceError(
                f"{status.name}: the device lives by another clock than the engine, and would never be done: "
                "make the engine as RunEngine(clock=transport.clock)"
            )

    # --- runs -----------------------------------------------------------------------------------

    def run(self, msg: Msg) -> RunBundler:
        """The open run that a message is about."""
        try:
            return self.runs[msg.run]
        except KeyError:
            raise IllegalMessageSequence(
                f"{msg.command!r} without an open run"
                f"{f' of key {msg.run!r}' if msg.run is not None else ''}: 'open_run' must come first"
            ) from None

    def forbid_amid_event(self, what: str) -> None:
        """Raise where an event is being put together."""
        for run in self.runs.values():
            if run.bundling:
                raise IllegalMessageSequence(f"{what} between 'create' and 'save'")

    def open_run(self, msg: Msg, metadata: Document) -> RunBundler:
        """Open the run of the message's key."""
        bundler = self.runs[msg.run] = RunBundler(self.clock, self.emit, self.new_uid)
        self.run_uids.append(bundler.open(metadata))
        return bundler

    def close_run(self, msg: Msg, exit_status: str, reason: str) -> str:
        """Close the run of the message's key."""
        bundler = self.run(msg)
        del self.runs[msg.run]
        return bundler.close(exit_status, reason)

    # --- checkpoints, pauses, and going back ----------------------------------------------------

    def remember(self, msg: Msg) -> None:
        """Keep a message for the case that the plan is taken up again from its last checkpoint."""
        if msg[0] in NOT_REPLAYED:
            if msg[0] in RESETS_CHECKPOINT:
                self.checkpoint()
        elif self.since_checkpoint is not None and self.rewindable:
            self.since_checkpoint.append(msg)

    def checkpoint(self) -> None:
        """From here the plan can be taken up again."""
        if self.since_checkpoint is None:
            return
        self.since_checkpoint = []
        self._begun = []
        self._last_checkpoint = self.clock.time()
        for bundler in self.runs.values():
            bundler.checkpoint()

    def cut_short(self, msg: Msg, interruption: Interruption) -> None:
        """Note where a pause came: while ``msg`` was being obeyed, or right after it."""
        self.answer = interruption.answer
        if not self.rewindable:
            self.checkpoint()
            goes_on = msg[0] in GOES_ON and not interruption.finished
            if goes_on and self.since_checkpoint is not None:
                self.since_checkpoint.append(msg)

    def pause(self) -> None:
        """Put everything to rest, so that the plan can be taken up again later."""
        self.pauses += 1
        self.pause_at_checkpoint = False
        for bundler in self.runs.values():
            bundler.monitors.suspend()
        self.rest_devices()

    def rest_devices(self) -> None:
        """Stop what moves, and tell devices that care of a pause."""
        stop_devices(self.clock, self.moved)
        for device in tuple(self.devices.values()):
            try:
                _call_if_there(device, "pause")
            except NoReplayAllowed:
                self.checkpoint()

    def wake_devices(self) -> None:
        """Tell devices that care of a pause's end."""
        for device in tuple(self.devices.values()):
            _call_if_there(device, "resume")

    def restore_monitors(self) -> None:
        """Hear of monitored devices again, after a pause."""
        for bundler in self.runs.values():
            bundler.monitors.restore()

    def record_interruption(self, what: str) -> None:
        """Tell of it in every open run, if that was asked for."""
        for bundler in self.runs.values():
            bundler.record_interruption(what)

    def resume(self) -> None:
        """Take the plan up again from the last checkpoint."""
        self.record_interruption("resume")
        self.wake_devices()
        self.plans.append(self.rewind(self.answer))
        self.answer = None
        self.restore_monitors()

    def rewind(self, answer: Any) -> Generator[Msg, Any, Any]:
        """What came after the last checkpoint is forgotten: it will be done again, by the plan that this returns.

        Parameters
        ----------
        answer
            What the plan under way is waiting for, where nothing is done again.
        """
        replayed, self.since_checkpoint = self.since_checkpoint or [], []
        if self.rewindable:
            for bundler in self.runs.values():
                bundler.rewind()
            self._forget(self._begun)
        self._begun = []
        self.take_back_time(self._last_checkpoint)
        self._last_checkpoint = self.clock.time()
        return _replay(replayed, answer)

    def take_back_time(self, since: float) -> None:
        """The time since then does not count."""
        self._zero += self.clock.time() - since

    def _forget(self, statuses: Iterable[Any]) -> None:
        """Whether these end well matters no more."""
        self._pardoned.update(statuses)
        for group, members in self.groups.items():
            self.groups[group] = [status for status in members if status not in self._pardoned]

    def set_rewindable(self, rewindable: bool) -> None:
        """Whether messages may be done again; a change is a checkpoint."""
        if rewindable != self.rewindable:
            self.rewindable = bool(rewindable)
            self.checkpoint()

    # --- the end --------------------------------------------------------------------------------

    def interrupt(self, error: RunEngineControlException | PlanHalt, reason: str) -> None:
        """The plan does not end by itself: ``error`` will be thrown into it."""
        self.interruption = error
        self.exit_status, self.reason = error.exit_status, reason


def _all_done(pending: list[Any]) -> Callable[[], bool]:
    """Says whether all are; forgets those that are, since it is asked often."""

    def all_done() -> bool:
        while pending and pending[-1].done:
            pending.pop()
        return not pending

    return all_done


def _not_done(statuses: Iterable[Any]) -> list[Any]:
    return [status for status in statuses if not status.done]


def _replay(messages: Iterable[Msg], answer: Any) -> Generator[Msg, Any, Any]:
    """The messages once more.

    Its result is what the plan is waiting for: the answer to the last of them, or, where there are none, the one that
    the pause came after.
    """
    for msg in messages:
        answer = yield msg
    return answer


def _call_if_there(device: Any, method: str) -> None:
    function = getattr(device, method, None)
    if function is not None:
        function()
