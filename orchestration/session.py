"""Session: what one call of the engine keeps track of, from its first message to the clean-up."""

from collections.abc import Callable, Generator, Iterable
from typing import Any

from beamtwin.orchestration.bundler import RunBundler
from beamtwin.orchestration.cleanup import stop_devices
from beamtwin.orchestration.clock import Clock, WallClock
from beamtwin.orchestration.documents import Document
from beamtwin.orchestration.errors import (
    DeviceError,
    FailedStatus,
    IllegalMessageSequence,
    PlanHalt,
    RunEngineControlException,
)
from beamtwin.orchestration.inbox import Inbox, Pause
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
    """

    def __init__(
        self,
        clock: Clock,
        plan: Generator[Msg, Any, Any],
        emit: Callable[[str, Document], None],
        new_uid: Callable[[], str],
    ):
        self.clock = clock
        self.emit = emit
        self.new_uid = new_uid
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
        # Sets that keep their order.
        self.moved: dict[Any, None] = {}
        self.staged: dict[Any, None] = {}
        self.seen: dict[Any, None] = {}
        #: Messages; None where the plan cannot be taken up again.
        self.since_checkpoint: list[Msg] | None = []
        self.rewindable = True
        self.pauses = 0
        self.pause_at_checkpoint = False
        self.interruption: BaseException | None = None
        self.exit_status = "success"
        self.reason = ""
        self.exception: BaseException | None = None
        self._begun: list[Any] = []
        self._pardoned: set[Any] = set()
        self._zero = self._last_checkpoint = clock.time()

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning; pauses, and what had to be done again after them, do not count."""
        return self.clock.time() - self._zero

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
        status.add_callback(self._ended)
        return status

    def wait_for(self, pending: list[Any], timeout: float | None = None) -> bool:
        """Wait until all statuses are done; returns whether they were in time. Those that are leave the list."""
        hook = self.waiting_hook
        if hook:
            hook(set(pending))
        try:
            return self.wait_until(_all_done(pending), timeout, lambda: names(_not_done(pending)))
        finally:
            if pending:
                pending[:] = _not_done(pending)
            if hook:
                hook(None)

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

    def open_run(self, msg: Msg, metadata: Document) -> str:
        """Open the run of the message's key."""
        bundler = self.runs[msg.run] = RunBundler(self.clock, self.emit, self.new_uid)
        uid = bundler.open(metadata)
        self.run_uids.append(uid)
        return uid

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

    def cut_short(self, msg: Msg, pause: Pause) -> None:
        """Note where a pause came: while ``msg`` was being obeyed, or right after it."""
        self.answer = pause.answer
        if not self.rewindable:
            self.checkpoint()
            if msg[0] in GOES_ON and not pause.finished and self.since_checkpoint is not None:
                self.since_checkpoint.append(msg)

    def pause(self) -> None:
        """Put everything to rest, so that the plan can be taken up again later."""
        self.pauses += 1
        self.pause_at_checkpoint = False
        for bundler in self.runs.values():
            bundler.suspend_monitors()
        stop_devices(self.clock, self.moved)
        for device in self.seen:
            _call_if_there(device, "pause")

    def restore_monitors(self) -> None:
        """Hear of monitored devices again, after a pause."""
        for bundler in self.runs.values():
            bundler.restore_monitors()

    def resume(self) -> None:
        """Take the plan up again from the last checkpoint."""
        for device in self.seen:
            _call_if_there(device, "resume")
        self._rewind()
        self.restore_monitors()
        try:
            self.inbox.attend()
        except Exception as error:  # what failed meanwhile, the plan hears of first
            self.error = error

    def _rewind(self) -> None:
        """What came after the last checkpoint is forgotten: it will be done again."""
        replayed, self.since_checkpoint = self.since_checkpoint or [], []
        if self.rewindable:
            for bundler in self.runs.values():
                bundler.rewind()
            self._forget(self._begun)
        self._begun = []
        now = self.clock.time()
        self._zero += now - self._last_checkpoint
        self._last_checkpoint = now
        self.plans.append(_replay(replayed, self.answer))
        self.answer = None

    def _forget(self, statuses: Iterable[Any]) -> None:
        """Whether these end well matters no more."""
        self._pardoned.update(statuses)
        for group, members in self.groups.items():
            self.groups[group] = [status for status in members if status not in self._pardoned]

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
