"""Turns: a record does one thing at a time, and tells who waits for the end of its motion."""

from collections import deque
from collections.abc import Callable
from typing import Any

from beamtwin.orchestration.errors import PutError
from beamtwin.orchestration.status import Status
from beamtwin.twin.clock import SimClock

__all__ = ["Turns"]

#: Takes a field, a value and whether to process; done when what that asks for is, or None.
Take = Callable[[str, Any, bool], "Status | None"]


class Turns:
    """The order in which a record does what it is asked for.

    Parameters
    ----------
    clock : SimClock
        Of the statuses.
    name : str
        What they are called, for messages.
    take : callable
        Takes what was written while the record was at work.

    Attributes
    ----------
    at_work : bool
        The record is at work: what monitors and links write to it meanwhile has to wait.
    over : bool
        Its motion has ended in this turn.
    """

    def __init__(self, clock: SimClock, name: str, take: Take):
        self.at_work = self.over = False
        self._clock = clock
        self._name = name
        self._take = take
        self._joined: list[Status] = []
        self._deferred: deque[tuple[Status, str, Any, bool]] = deque()

    def join(self) -> Status:
        """A status that is done at the end of the motion under way."""
        status = Status(self._clock, name=self._name)
        self._joined.append(status)
        return status

    def defer(self, field: str, value: Any, process: bool) -> Status:
        """Have this taken when the record has done its work."""
        status = Status(self._clock, name=f"{self._name}: {field}")
        self._deferred.append((status, field, value, process))
        return status

    def do(self, act: Callable[..., Any], *arguments: Any) -> Any:
        """Act undisturbed; then let the others have their turn."""
        self.at_work = True
        self.over = False
        try:
            result = act(*arguments)
        finally:
            self.at_work = False
        if self.over:
            self.complete()
        while self._deferred and not self.at_work:
            self._take_deferred(*self._deferred.popleft())
        return result

    def complete(self) -> None:
        """The motion is over: tell who waits for that."""
        joined, self._joined = self._joined, []
        for status in joined:
            status.set_finished()

    def fail(self, error: PutError) -> None:
        """The motion is no more: tell who waits for its end."""
        joined, self._joined = self._joined, []
        for status in joined:
            status.set_exception(error)

    def _take_deferred(self, status: Status, field: str, value: Any, process: bool) -> None:
        try:
            ended = self._take(field, value, process)
        except PutError as error:
            status.set_exception(error)
            return
        if ended is None:
            status.set_finished()
        else:
            ended.add_callback(lambda _: status.set_finished())
