"""Turns: one motion at a time, and who waits for its end, or for its own."""

from collections import deque
from collections.abc import Callable

import simpy

from beamtwin.orchestration.status import Status
from beamtwin.twin.clock import SimClock

__all__ = ["Turns"]

#: Begins a motion; whether there is any.
Begin = Callable[[], bool]


class Turns:
    """The puts that ask a motor for motion, each with its completion.

    Parameters
    ----------
    clock : SimClock
        Of the completions.
    name : str
        What they are called, for messages.
    is_idle : callable
        Whether a motion can begin now.
    """

    def __init__(self, clock: SimClock, name: str, is_idle: Callable[[], bool]):
        self._clock = clock
        self._name = name
        self._is_idle = is_idle
        self._completions: list[Status] = []
        self._queue: deque[tuple[Begin, Status]] = deque()

    def ask(self, begin: Begin) -> Status | None:
        """Begin a motion, now or when those asked for before have ended.

        Returns
        -------
        Status or None
            Done at the motion's end; None where there is none to make.
        """
        if self._queue or not self._is_idle():
            completion = Status(self._clock, name=self._name)
            self._queue.append((begin, completion))
            return completion
        return self.join() if begin() else None

    def join(self) -> Status:
        """Wait for the end of the motion under way."""
        completion = Status(self._clock, name=self._name)
        self._completions.append(completion)
        return completion

    def end(self) -> None:
        """The motion has ended: tell those who wait, and only then begin the next."""
        ended, self._completions = self._completions, []
        for completion in ended:
            completion.set_finished()
        if self._queue:
            self._clock.env.timeout(0.0).callbacks.append(self._next)

    def _next(self, _: simpy.Event) -> None:
        while self._queue and self._is_idle():
            begin, completion = self._queue.popleft()
            if begin():
                self._completions.append(completion)
            else:
                completion.set_finished()
