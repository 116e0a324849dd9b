"""One thread from which all that arrives is handed on, one thing at a time and in order."""

import logging
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Any, NamedTuple

from beamtwin.hardware.channel import Reading

__all__ = ["Call", "Dispatcher", "Subscriber"]

#: How many calls are made before who waits has a look.
BATCH = 64

logger = logging.getLogger(__name__)


class Call(NamedTuple):
    """A function to be called, and with what."""

    function: Callable[..., object]
    arguments: tuple[Any, ...] = ()
    size: int = 0
    """Bytes that it keeps in memory."""


class Dispatcher:
    """A queue of calls, and the thread that makes them.

    Parameters
    ----------
    after
        Called when some have been made.
    """

    def __init__(self, after: Callable[[], object]):
        self._after = after
        self._calls: SimpleQueue[Sequence[Call] | None] = SimpleQueue()
        self._guard = threading.Lock()
        self._closed = False
        self._taken = 0  # in bytes
        self._given = 0  # and those of them that have been handed on
        self._thread = threading.Thread(target=self._run, name="CA callbacks", daemon=True)
        self._thread.start()

    @property
    def backlog(self) -> int:
        """Bytes that wait to be handed on."""
        return self._taken - self._given

    def submit(self, *calls: Call) -> None:
        """Have these called after all that was submitted before, or here if it is closed. Safe in any thread."""
        with self._guard:
            if not self._closed:
                self._taken += sum(call.size for call in calls)
                self._calls.put(calls)
                return
        for call in calls:
            self._make(call)

    def close(self) -> None:
        """Make the calls that are left, and end the thread. Idempotent."""
        with self._guard:
            self._closed = True
            self._calls.put(None)
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        while (calls := self._calls.get()) is not None:
            for start in range(0, len(calls), BATCH):
                for call in calls[start : start + BATCH]:
                    self._make(call)
                self._after()

    def _make(self, call: Call) -> None:
        try:
            call.function(*call.arguments)
        except Exception:
            logger.exception("a callback failed")
        self._given += call.size


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
