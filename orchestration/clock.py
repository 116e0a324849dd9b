"""Time belongs to a Clock, and this is the only module that may read the wall.

Whoever needs the time, or has to wait, asks the clock it was given. On the `WallClock` waiting blocks;
on the twin's `SimClock` it steps a discrete-event queue, so that an hour passes as fast as it can be computed.
"""

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Protocol

__all__ = ["Clock", "Timer", "TimerQueue", "WallClock"]


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

    __slots__ = ("callback", "when")

    def __init__(self, when: float, callback: Callable[[], object]):
        self.when = when
        self.callback: Callable[[], object] | None = callback

    def cancel(self) -> None:
        """The call will not be made."""
        self.callback = None

    def fire(self) -> None:
        """Make the call, once."""
        callback, self.callback = self.callback, None
        if callback is not None:
            callback()


class TimerQueue:
    """Timers in the order in which they are due; those cancelled drop out when they reach the front."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()

    def add(self, when: float, callback: Callable[[], object]) -> Timer:
        """Put a call in its place."""
        timer = Timer(when, callback)
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
        self._timers = TimerQueue()
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
                remaining = None if deadline is None else deadline - time.monotonic()
                if remaining is not None and remaining <= 0:
                    return False
                try:
                    woken.get(timeout=remaining)
                except Empty:
                    return ready()
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

    def _run_timers(self) -> None:
        while True:
            with self._timers_changed:
                due = self._timers.next_due()
                if due == float("inf"):
                    self._timer_thread = None
                    return
                delay = due - time.time()
                if delay > 0:
                    self._timers_changed.wait(delay)
                    continue
                timer = self._timers.pop()
            timer.fire()
