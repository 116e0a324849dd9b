"""Turns: one motion at a time, and who waits for its end, or for its own."""

from collections import deque
from collections.abc import Callable

import simpy

__all__ = ["Turns"]

#: Begins a motion; whether there is any.
Begin = Callable[[], bool]


class Turns:
    """The puts that ask a motor for motion, each with its completion.

    Parameters
    ----------
    env : simpy.Environment
        Whose events completions are.
    is_idle : callable
        Whether a motion can begin now.
    """

    def __init__(self, env: simpy.Environment, is_idle: Callable[[], bool]):
        self._env = env
        self._is_idle = is_idle
        self._completions: list[simpy.Event] = []
        self._queue: deque[tuple[Begin, simpy.Event]] = deque()

    def ask(self, begin: Begin) -> simpy.Event | None:
        """Begin a motion, now or when those asked for before have ended.

        Returns
        -------
        simpy.Event or None
            Triggers at the motion's end; None where there is none to make.
        """
        if self._queue or not self._is_idle():
            completion = self._env.event()
            self._queue.append((begin, completion))
            return completion
        return self.join() if begin() else None

    def join(self) -> simpy.Event:
        """Wait for the end of the motion under way."""
        completion = self._env.event()
        self._completions.append(completion)
        return completion

    def end(self) -> None:
        """The motion has ended: tell those who wait, and only then begin the next."""
        ended, self._completions = self._completions, []
        for completion in ended:
            completion.succeed()
        if self._queue:
            self._env.timeout(0.0).callbacks.append(self._next)

    def _next(self, _: simpy.Event) -> None:
        while self._queue and self._is_idle():
            begin, completion = self._queue.popleft()
            if begin():
                self._completions.append(completion)
            else:
                completion.succeed()
