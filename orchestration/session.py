"""Session: what one call of the engine keeps track of, from its first message to the clean-up."""

import logging
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable
from typing import Any

from beamtwin.orchestration.bundler import RunBundler
from beamtwin.orchestration.clock import Clock, WallClock
from beamtwin.orchestration.documents import Document
from beamtwin.orchestration.errors import (
    BeamtwinError,
    FailedStatus,
    IllegalMessageSequence,
    UnknownStatusFailure,
)
from beamtwin.orchestration.messages import Msg
from beamtwin.orchestration.rules import NOT_REPLAYED, RESETS_CHECKPOINT
from beamtwin.orchestration.status import Status

__all__ = ["Inbox", "Pause", "Session"]

log = logging.getLogger(__name__)

#: How long cleaning up waits for devices to stop and to be unstaged, in seconds.
CLEANUP_TIMEOUT_S = 10.0


class Pause(BaseException):
    """Unwinds from wherever the engine is waiting, so that it can pause. Never reaches a plan."""


class Inbox:
    """What other threads, signal handlers and callbacks ask the engine to do, in order.

    Each letter is a function; the engine calls it between two messages or inside a wait, and what it raises is
    raised there.
    """

    def __init__(self, clock: Clock):
        #: Those not yet attended to.
        self.letters: deque[Callable[[], object]] = deque()
        self._clock = clock

    def post(self, letter: Callable[[], object]) -> None:
        """Leave a letter. Safe in any thread and in a signal handler."""
        self.letters.append(letter)
        self._clock.wake()

    def attend(self) -> None:
        """Do what the letters say; one that raises leaves the later ones for the next time."""
        while self.letters:
            self.letters.popleft()()

    def clear(self) -> None:
        """Throw all letters away."""
        self.letters.clear()


class Session:
    """One call of the engine.

    Parameters
    ----------
    clock : Clock
    inbox : Inbox
    plan : generator of Msg
    emit : callable
        Takes ``(name, document)``.
    new_uid : callable
    """

    def __init__(
        self,
        clock: Clock,
        inbox: Inbox,
        plan: Generator[Msg, Any, Any],
        emit: Callable[[str, Document], None],
        new_uid: Callable[[], str],
    ):
        self.clock = clock
        self.inbox = inbox
        self.emit = emit
        self.new_uid = new_uid
        self.plans = [plan]
        self.answer: Any = None
        self.error: BaseException | None = None
        self.since_checkpoint: deque[Msg] | None = deque()
        self.rewindable = True
        self.pause_at_checkpoint = False
        self.runs: dict[Any, RunBundler] = {}
        self.run_uids: list[str] = []
        self.groups: dict[Any, list[Any]] = {}
        self.moved: dict[Any, None] = {}
        self.staged: dict[Any, None] = {}
        self.seen: dict[Any, None] = {}
        self.tokens: list[int] = []
        self.exit_status = "success"
        self.reason = ""
        self.waiting_hook: Callable[[Any], object] | None = None

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
        while True:
            left = None if deadline is None else max(0.0, deadline - clock.time())
            in_time = clock.wait(lambda: bool(letters) or ready(), left, awaiting)
            inbox.attend()
            if ready():
                return True
            if not in_time:
                return False

    def follow(self, status: Any, group: Any) -> Any:
        """Keep a status for ``wait``; its failure is thrown into the plan, whatever that is doing by then."""
        if status is None:
            raise BeamtwinError("a device returned None where a Status is due")
        if isinstance(status, Status) and not status.done:
            self._check_clock(status)
        self.groups.setdefault(group, []).append(status)
        status.add_callback(self._ended)
        return status

    def wait_for_statuses(self, statuses: list[Any], timeout: float | None = None) -> bool:
        """Wait until all are done; returns whether they were in time."""
        pending = [status for status in statuses if not status.done]
        if not pending and not self.inbox.letters:
            return True
        hook = self.waiting_hook
        if hook:
            hook(set(pending))
        try:
            return self.wait_until(
                lambda: _all_done(pending),
                timeout,
                lambda: ", ".join(getattr(s, "name", repr(s)) for s in pending if not s.done),
            )
        finally:
            if hook:
                hook(None)

    def _ended(self, status: Any) -> None:
        error = status.exception()
        if error is None and not status.success:
            error = UnknownStatusFailure(f"{status!r} failed without saying why")
        if error is not None:
            self.inbox.post(lambda: _raise_failure(status, error))
        elif getattr(status, "clock", None) is not self.clock:
            self.clock.wake()

    def _check_clock(self, status: Status) -> None:
        virtual = not isinstance(status.clock, WallClock), not isinstance(self.clock, WallClock)
        if virtual[0] != virtual[1] or (virtual[0] and status.clock is not self.clock):
            raise BeamtwinError(
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

    def open_run(self, msg: Msg, metadata: dict[str, Any]) -> str:
        """Open the run of the message's key."""
        if msg.run in self.runs:
            raise IllegalMessageSequence(
                "'open_run' while a run is open: 'close_run' must come first"
            )
        bundler = self.runs[msg.run] = RunBundler(self.clock, self.emit, self.new_uid)
        uid = bundler.open(metadata)
        self.run_uids.append(uid)
        return uid

    def close_run(self, msg: Msg, exit_status: str, reason: str) -> str:
        """Close the run of the message's key."""
        bundler = self.run(msg)
        del self.runs[msg.run]
        return bundler.close(exit_status, reason)

    # --- checkpoints and going back to them -----------------------------------------------------

    def remember(self, msg: Msg) -> None:
        """Keep a message for the case that the plan is taken up again from its last checkpoint."""
        if self.since_checkpoint is not None and self.rewindable and msg[0] not in NOT_REPLAYED:
            self.since_checkpoint.append(msg)
        if msg[0] in RESETS_CHECKPOINT:
            self.checkpoint()

    def checkpoint(self) -> None:
        """From here the plan can be taken up again."""
        if self.since_checkpoint is not None:
            self.since_checkpoint = deque()
        for bundler in self.runs.values():
            bundler.checkpoint()

    def rewind(self) -> None:
        """Go back to the last checkpoint: what came after it will be done again."""
        replayed, self.since_checkpoint = self.since_checkpoint or deque(), deque()
        for bundler in self.runs.values():
            bundler.rewind()
        self.plans.append(_replay(replayed))
        self.answer = None

    # --- the end --------------------------------------------------------------------------------

    def stop_devices(self) -> None:
        """Stop whatever was moved."""
        self._clean_up("stop", [d for d in self.moved if hasattr(d, "stop")], lambda d: d.stop())

    def close(self) -> None:
        """Leave nothing moving, staged, subscribed or open, whatever fails meanwhile."""
        self.stop_devices()
        for bundler in self.runs.values():
            self._clean_up("end the monitors of", [bundler], lambda b: b.end_monitors())
        self._clean_up("unstage", list(self.staged)[::-1], lambda d: d.unstage())
        self.staged.clear()
        for key in list(self.runs):
            self._clean_up(
                "close the run of",
                [Msg("close_run", run=key)],
                lambda msg: self.close_run(msg, self.exit_status, self.reason),
            )
        while self.plans:
            self._clean_up("close", [self.plans.pop()], lambda plan: plan.close())

    def _clean_up(self, verb: str, things: Iterable[Any], act: Callable[[Any], Any]) -> None:
        for thing in things:
            try:
                outcome = act(thing)
                if hasattr(outcome, "add_callback"):
                    self._settle(outcome)
            except Exception as error:
                name = getattr(thing, "name", None) or repr(thing)
                log.warning("cleaning up after a plan: cannot %s %s: %s", verb, name, error)
                warnings.warn(f"cannot {verb} {name}: {error}", RuntimeWarning, stacklevel=2)

    def _settle(self, status: Any) -> None:
        status.add_callback(lambda _: self.clock.wake())
        if not self.clock.wait(lambda: status.done, CLEANUP_TIMEOUT_S, repr(status)):
            raise TimeoutError(f"{status!r}: not done after {CLEANUP_TIMEOUT_S:g} s")
        error = status.exception()
        if error is not None:
            raise error


def _raise_failure(status: Any, error: BaseException) -> None:
    raise FailedStatus(status) from error


def _all_done(pending: list[Any]) -> bool:
    """Whether all are; forgets those that are, since it is asked often."""
    while pending and pending[-1].done:
        pending.pop()
    return not pending


def _replay(messages: Iterable[Msg]) -> Generator[Msg, Any, Any]:
    """The messages once more; its result is the answer to the last, for whom the plan is waiting."""
    answer = None
    for msg in messages:
        answer = yield msg
    return answer
