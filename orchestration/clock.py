"""Time belongs to a Clock, and this is the only module that may read the wall.

Whoever needs the time, or has to wait, asks the clock it was given. On the `WallClock` waiting blocks;
on the twin's `SimClock` it steps a discrete-event queue, so that an hour passes as fast as it can be computed.
"""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Protocol

__all__ = ["Clock", "Timer", "TimerQueue", "WallClock", "monotonic"]

log = logging.getLogger(__name__)

#: A waiting thread looks at least so often, in seconds. A signal that comes just as it goes to sleep does not wake it:
#: Python notices that only when something else does.
_LOOK_S = 0.02


def monotonic() -> float:
    """Seconds of the wall since some moment, whatever its date is set to: for intervals between what people do."""
    return time.monotonic()


class Clock(Protocol):
    """The only source of time."""

    def time(self) -> float:
        """Seconds since the Unix epoch: what documents and readings carry."""
        ...

    def wait(
        self,
        ready: Callable[[], bool],
        timeout: float | None = None,
        awaiting: str | Callable[[], str] = "a condition",
    ) -> bool:
        """Let time pass until ``ready()`` holds.

        Parameters
        ----------
        ready
            Looked at whenever something may have changed; cheap, and without effects.
        timeout
            In seconds; None waits for as long as it takes.
        awaiting
            What is awaited, for messages: text, or a function that makes it.

        Returns
        -------
        bool
            Whether ``ready()`` held before the time was up.

        Raises
        ------
        DeadlockError
            On a virtual clock with no timeout, when nothing is left that could make ``ready()`` true.
        """
        ...

    def sleep(self, duration: float) -> None:
        """Let ``duration`` seconds pass."""
        ...

    def wake(self) -> None:
        """Make a waiting clock look again. Safe in any thread and in a signal handler."""
        ...

    def call_at(self, when: float, callback: Callable[[], object]) -> "Timer":
        """Call ``callback`` at the clock time ``when`` (seconds since the epoch), unless cancelled."""
        ...


class Timer:
    """A call that is due at ``when``; `cancel` is safe at any time, in any thread."""

    __slots__ = ("_cancelled", "callback", "when")

    def __init__(
        self,
        when: float,
        callback: Callable[[], object],
        cancelled: Callable[[], object] | None = None,
    ):
        self.when = when
        self.callback: Callable[[], object] | None = callback
        self._cancelled = cancelled

    def cancel(self) -> None:
        """The call will not be made."""
        self.callback = None
        if self._cancelled is not None:
            self._cancelled()

    def fire(self) -> None:
        """Make the call, once."""
        callback, self.callback = self.callback, None
        if callback is not None:
            callback()


class TimerQueue:
    """Timers in the order in which they are due; those cancelled drop out when they reach the front.

    Parameters
    ----------
    cancelled : callable, optional
        Told of each that is cancelled, in the thread that cancels it.
    """

    def __init__(self, cancelled: Callable[[], object] | None = None) -> None:
        self._heap: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()
        self._cancelled = cancelled

    def add(self, when: float, callback: Callable[[], object]) -> Timer:
        """Put a call in its place."""
        timer = Timer(when, callback, self._cancelled)
        heapq.heappush(self._heap, (when, next(self._order), timer))
        return timer

    def next_due(self) -> float:
        """When the next live timer is due; infinity where there is none."""
        heap = self._heap
        while heap and heap[0][2].callback is None:
            heapq.heappop(heap)
        return heap[0][0] if heap else float("inf")

    def pop(self) -> Timer:
        """Take the first timer, which `next_due` has found alive, out of the queue."""
        return heapq.heappop(self._heap)[2]


class WallClock:
    """The time of the real world."""

    def __init__(self) -> None:
        # SimpleQueue.put may be called in a signal handler; a condition's lock may not.
        self._waiters: list[SimpleQueue[None]] = []
        self._timers = TimerQueue(self._timers_have_changed)
        self._timers_changed = threading.Condition()
        self._timer_thread: threading.Thread | None = None

    def time(self) -> float:
        """Seconds since the Unix epoch."""
        return time.time()

    def wait(
        self,
        ready: Callable[[], bool],
        timeout: float | None = None,
        awaiting: str | Callable[[], str] = "a condition",
    ) -> bool:
        """Block until ``ready()`` holds, or for ``timeout`` seconds; see `Clock.wait`."""
        if ready():
            return True
        deadline = None if timeout is None else time.monotonic() + timeout
        woken: SimpleQueue[None] = SimpleQueue()
        self._waiters.append(woken)
        try:
            while not ready():
                remaining = _LOOK_S if deadline is None else deadline - time.monotonic()
                if remaining <= 0:
                    return False
                with suppress(Empty):
                    woken.get(timeout=min(remaining, _LOOK_S))
            return True
        finally:
            self._waiters.remove(woken)

    def sleep(self, duration: float) -> None:
        """Block for ``duration`` seconds."""
        self.wait(lambda: False, max(0.0, duration))

    def wake(self) -> None:
        """Make every waiting thread look again."""
        for woken in tuple(self._waiters):
            woken.put(None)

    def call_at(self, when: float, callback: Callable[[], object]) -> Timer:
        """Call ``callback`` at ``when``, in a thread that lives as long as there are timers."""
        with self._timers_changed:
            timer = self._timers.add(when, callback)
            if self._timer_thread is None:
                self._timer_thread = threading.Thread(
                    target=self._run_timers, name="WallClock timers", daemon=True
                )
                self._timer_thread.start()
            self._timers_changed.notify()
        return timer

    def _timers_have_changed(self) -> None:
        with self._timers_changed:
            self._timers_changed.notify()

    def _run_timers(self) -> None:
        while (timer := self._next_timer()) is not None:
            try:
                timer.fire()
            except Exception:
                log.exception("a call that was due has failed")  # and the others are due still

    def _next_timer(self) -> Timer | None:
        """Wait for the next timer to be due; None, the end of the thread, where there is none."""
        with self._timers_changed:
            while (due := self._timers.next_due()) < float("inf"):
                delay = due - time.time()
                if delay <= 0:
                    return self._timers.pop()
                self._timers_changed.wait(min(delay, threading.TIMEOUT_MAX))
            self._timer_thread = None
            return None
