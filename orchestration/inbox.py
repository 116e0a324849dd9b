"""Inbox: where other threads, signal handlers and callbacks leave what they want of the engine."""

from collections import deque
from collections.abc import Callable
from typing import Any

from beamtwin.orchestration.clock import Clock

__all__ = ["Inbox", "Interruption", "Pause", "Suspend"]


class Interruption(BaseException):
    """Unwinds from wherever the engine is waiting. Never reaches a plan.

    Attributes
    ----------
    finished : bool
        Whether the message under way had been obeyed by then.
    answer
        That message's, if so.
    """

    finished = False
    answer: Any = None


class Pause(Interruption):
    """The engine shall pause."""


class Suspend(Interruption):
    """The engine shall wait, and then go on by itself from the last checkpoint.

    Parameters
    ----------
    until : Status, or a function that makes an awaitable
        The end of the wait.
    pre_plan, post_plan : iterable of Msg, or function that makes one, optional
        Done before and after it.
    justification : str, optional
    """

    def __init__(
        self,
        until: Any,
        pre_plan: Any = None,
        post_plan: Any = None,
        justification: str | None = None,
    ):
        super().__init__(until, pre_plan, post_plan, justification)
        self.until = until
        self.pre_plan = pre_plan
        self.post_plan = post_plan
        self.justification = justification


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

    def wait_until(
        self,
        ready: Callable[[], bool],
        timeout: float | None = None,
        awaiting: str | Callable[[], str] = "a condition",
    ) -> bool:
        """`Clock.wait` that attends to letters meanwhile, and raises what they raise."""
        clock, letters = self._clock, self.letters
        deadline = None if timeout is None else clock.time() + timeout
        left = timeout
        while True:
            in_time = clock.wait(lambda: bool(letters) or ready(), left, awaiting)
            if letters:
                self.attend()
            if ready():
                return True
            if not in_time:
                return False
            left = None if deadline is None else max(0.0, deadline - clock.time())
