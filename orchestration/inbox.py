"""Inbox: where other threads, signal handlers and callbacks leave what they want of the engine."""

from collections import deque
from collections.abc import Callable
from typing import Any

from beamtwin.orchestration.clock import Clock

__all__ = ["Inbox", "Pause"]


class Pause(BaseException):
    """Unwinds from wherever the engine is waiting, so that it can pause. Never reaches a plan.

    Attributes
    ----------
    finished : bool
        Whether the message under way had been obeyed by then.
    answer
        That message's, if so.
    """

    finished = False
    answer: Any = None


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
