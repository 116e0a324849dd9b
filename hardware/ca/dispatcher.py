"""One thread from which all that arrives is handed on, one thing at a time and in order."""

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from beamtwin.hardware.channel import Reading

__all__ = ["Dispatcher", "Subscriber"]

Call = tuple[Callable[..., object], tuple[Any, ...], int]

logger = logging.getLogger(__name__)


class Dispatcher:
    """A queue of calls, and the thread that makes them.

    Parameters
    ----------
    after
        Called after each of them.
    """

    def __init__(self, after: Callable[[], object]):
        self._after = after
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        self._taken = 0  # in bytes, by the one thread whose calls have a size
        self._given = 0  # and those of them that have been handed on
        self._thread = threading.Thread(target=self._run, name="CA callbacks", daemon=True)
        self._thread.start()

    @property
    def backlog(self) -> int:
        """Bytes that wait to be handed on."""
        return self._taken - self._given

    def submit(self, function: Callable[..., object], *arguments: Any, size: int = 0) -> None:
        """Have ``function`` called after all that was submitted before. Safe in any thread.

        Parameters
        ----------
        size : int
            Bytes that the call keeps in memory. Only one thread may submit such.
        """
        if size:
            self._taken += size
        self._calls.put((function, arguments, size))

    def close(self) -> None:
        """Make the calls that are left, and end the thread. Idempotent."""
        self._calls.put(None)
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            function, arguments, size = call
            try:
                function(*arguments)
            except Exception:
                logger.exception("a callback failed")
            self._given += size
            self._after()


class Subscriber:
    """One callback: told everything from when it has begun until it has ended."""

    __slots__ = ("begun", "callback", "ended")

    def __init__(self, callback: Callable[[Reading], object]):
        self.callback = callback
        self.begun = self.ended = False

    def deliver(self, reading: Reading) -> None:
        """Hand a reading on. A callback that fails does not keep others from theirs."""
        if self.begun and not self.ended:
            try:
                self.callback(reading)
            except Exception:
                logger.exception("a subscriber failed")
