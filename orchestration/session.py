"""Session: what one call of the engine keeps track of, from its first message to the clean-up."""

from collections.abc import Callable, Generator, Iterable
from typing import Any

from beamtwin.orchestration.background import Background
from beamtwin.orchestration.clock import Clock
from beamtwin.orchestration.devices import Devices
from beamtwin.orchestration.dispatcher import Dispatcher
from beamtwin.orchestration.errors import PlanHalt, RunEngineControlException
from beamtwin.orchestration.history import History
from beamtwin.orchestration.inbox import Inbox, Interruption
from beamtwin.orchestration.messages import Msg
from beamtwin.orchestration.rules import GOES_ON
from beamtwin.orchestration.runs import Runs
from beamtwin.orchestration.statuses import Statuses

__all__ = ["Session"]


class Session:
    """One call of the engine.

    Parameters
    ----------
    clock : Clock
    plan : generator of Msg
    dispatcher : Dispatcher
    new_uid : callable
    background : Background
        Where asyncio devices live.
    """

    def __init__(
        self,
        clock: Clock,
        plan: Generator[Msg, Any, Any],
        dispatcher: Dispatcher,
        new_uid: Callable[[], str],
        background: Background,
    ):
        self.clock = clock
        self.dispatcher = dispatcher
        self.background = background
        self.inbox = Inbox(clock)
        self.history = History(clock)
        self.devices = Devices(clock, background)
        self.statuses = Statuses(clock, self.inbox, self.history)
        self.runs = Runs(clock, dispatcher.emit, new_uid)
        #: The plan under way is the last; it has interrupted those before it.
        self.plans = [plan]
        #: What goes into the plan next: the answer to its last message, or an error.
        self.answer: Any = None
        self.error: BaseException | None = None
        #: Subscriptions that end with this call.
        self.tokens: list[int] = []
        self.pauses = 0
        self.pause_at_checkpoint = False
        self.interruption: BaseException | None = None
        self.exit_status = "success"
        self.reason = ""
        self.exception: BaseException | None = None

    # --- checkpoints ----------------------------------------------------------------------------

    @property
    def resumable(self) -> bool:
        """Whether the plan can be taken up again."""
        return self.history.messages is not None

    def checkpoint(self) -> None:
        """From here the plan can be taken up again, unless that is out of the question."""
        if self.resumable:
            self.history.checkpoint()
            for run in self.runs:
                run.checkpoint()

    def set_rewindable(self, rewindable: bool) -> None:
        """Whether messages may be done again; a change is a checkpoint."""
        if rewindable != self.history.rewindable:
            self.history.rewindable = bool(rewindable)
            self.checkpoint()

    # --- pauses, and going back -----------------------------------------------------------------

    def cut_short(self, msg: Msg, interruption: Interruption) -> None:
        """Note where a pause came: while ``msg`` was being obeyed, or right after it."""
        self.answer = interruption.answer
        if not self.history.rewindable:
            self.checkpoint()
            if (
                msg[0] in GOES_ON
                and not interruption.finished
                and self.history.messages is not None
            ):
                self.history.messages.append(msg)

    def pause(self) -> None:
        """Put everything to rest, so that the plan can be taken up again later."""
        self.pauses += 1
        self.pause_at_checkpoint = False
        for run in self.runs:
            run.monitors.suspend()
        self.rest()

    def rest(self) -> None:
        """Let devices rest; what they cannot do again is a checkpoint."""
        if not self.devices.rest():
            self.checkpoint()

    def resume(self) -> None:
        """Take the plan up again from the last checkpoint."""
        self.record_interruption("resume")
        self.devices.wake()
        self.plans.append(self.rewind(self.answer))
        self.answer = None
        self.restore_monitors()

    def restore_monitors(self) -> None:
        """Hear of monitored devices again, after a pause."""
        for run in self.runs:
            run.monitors.restore()

    def rewind(self, answer: Any) -> Generator[Msg, Any, Any]:
        """What came after the last checkpoint is forgotten: it will be done again, by the plan that this returns.

        Parameters
        ----------
        answer
            What the plan under way is waiting for, where nothing is done again.
        """
        messages, begun = self.history.rewind()
        if self.history.rewindable:
            for run in self.runs:
                run.rewind()
            self.statuses.forget(begun)
        return _replay(messages, answer)

    def record_interruption(self, what: str) -> None:
        """Tell of it in every open run, if that was asked for."""
        for run in self.runs:
            run.record_interruption(what)

    # --- the end --------------------------------------------------------------------------------

    def interrupt(self, error: RunEngineControlException | PlanHalt, reason: str) -> None:
        """The plan does not end by itself: ``error`` will be thrown into it."""
        self.interruption = error
        self.exit_status, self.reason = error.exit_status, reason


def _replay(messages: Iterable[Msg], answer: Any) -> Generator[Msg, Any, Any]:
    """The messages once more.

    Its result is what the plan is waiting for: the answer to the last of them, or, where there are none, the one that
    the pause came after.
    """
    for msg in messages:
        answer = yield msg
    return answer
