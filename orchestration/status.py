"""Status: whether something that was begun is done, has failed, or took too long."""

import threading
from collections.abc import Callable, Iterable
from typing import Any

from beamtwin.orchestration.clock import Clock, Timer
from beamtwin.orchestration.errors import (
    StatusTimeoutError,
    UnknownStatusFailure,
    WaitForTimeoutError,
)

__all__ = ["Status", "failure", "finished", "gather", "names", "settle", "wait"]

Callback = Callable[["Status"], object]


class Status:
    """The end of an action, told once: done, failed or timed out. Safe in any thread.

    Parameters
    ----------
    clock : Clock
        Whose time the timeout is in, and who is woken at the end.
    timeout : float, optional
        In seconds from now; the status then fails with `StatusTimeoutError`.
    name : str
        Of the action, for messages: ``"th: move to 1.5 deg"``.

    Examples
    --------
    >>> from beamtwin.orchestration.clock import WallClock
    >>> status = Status(WallClock(), name="m1: move to 2 mm")
    >>> status.set_finished()
    >>> status.done, status.success
    (True, True)
    """

    __slots__ = ("_callbacks", "_exception", "_lock", "_timer", "clock", "done", "name")

    def __init__(self, clock: Clock, *, timeout: float | None = None, name: str = "an action"):
        self.name = name
        self.done = False
        self.clock = clock
        self._exception: BaseException | None = None
        self._callbacks: tuple[Callback, ...] = ()
        self._lock = threading.Lock()
        self._timer: Timer | None = None
        if timeout is not None:
            self.limit(timeout)

    @property
    def success(self) -> bool:
        """Done, and not failed."""
        return self.done and self._exception is None

    def exception(self, timeout: float | None = 0.0) -> BaseException | None:
        """Why it failed; None where it has not, or not yet.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait for the end first; None waits for as long as it takes.

        Raises
        ------
        WaitForTimeoutError
            If the action has not ended by then.
        """
        if not self.done and timeout != 0.0:
            self._wait_until_done(timeout)
        return self._exception

    def wait(self, timeout: float | None = None) -> None:
        """Let time pass until the end; raise the action's own exception if it failed."""
        self._wait_until_done(timeout)
        if self._exception is not None:
            raise self._exception

    def add_callback(self, callback: Callback) -> None:
        """Call ``callback(status)`` at the end, or at once if that has come."""
        with self._lock:
            if not self.done:
                self._callbacks += (callback,)
                return
        callback(self)

    def limit(self, timeout: float) -> None:
        """Fail with `StatusTimeoutError` after ``timeout`` seconds from now."""
        if self._timer is not None:
            self._timer.cancel()
        clock = self.clock
        self._timer = clock.call_at(clock.time() + timeout, lambda: self._time_out(timeout))

    def set_finished(self) -> None:
        """The action has ended well. Later word on it is ignored."""
        self._settle(None)

    def set_exception(self, exception: BaseException) -> None:
        """The action has failed. Later word on it is ignored."""
        self._settle(exception)

    def _time_out(self, timeout: float) -> None:
        self._settle(StatusTimeoutError(f"{self.name}: not done after {timeout:g} s"))

    def _settle(self, exception: BaseException | None) -> None:
        with self._lock:
            if self.done:
                return
            self._exception = exception
            self.done = True
            callbacks, self._callbacks = self._callbacks, ()
        if self._timer is not None:
            self._timer.cancel()
        try:
            _call_all(callbacks, self)
        finally:
            self.clock.wake()

    def _wait_until_done(self, timeout: float | None) -> None:
        if not self.clock.wait(lambda: self.done, timeout, self.name):
            raise WaitForTimeoutError(f"{self.name}: still waiting after {timeout:g} s")

    def __repr__(self) -> str:
        if not self.done:
            return f"<Status {self.name!r}: under way>"
        return f"<Status {self.name!r}: {'done' if self.success else repr(self._exception)}>"


def _call_all(callbacks: Iterable[Callback], status: Status) -> None:
    """Call every one, whatever the others raise; raise the first of that then."""
    first: Exception | None = None
    for callback in callbacks:
        try:
            callback(status)
        except Exception as error:
            first = first or error
    if first is not None:
        raise first


def failure(status: Any) -> BaseException | None:
    """Why a status that is done, anybody's, has failed; None where it has not."""
    if status.success:
        return None
    error = status.exception()
    return error or UnknownStatusFailure(f"{status!r} failed without saying why")


def finished(clock: Clock, name: str = "an action") -> Status:
    """A status that is done from the start."""
    status = Status(clock, name=name)
    status.done = True
    return status


def names(statuses: Iterable[Any]) -> str:
    """What they are of, for messages."""
    return ", ".join(getattr(status, "name", None) or repr(status) for status in statuses)


def settle(status: Status, ended: Status | None) -> None:
    """Let one status end as another has; well, where there is none."""
    error = None if ended is None else ended.exception()
    if error is None:
        status.set_finished()
    else:
        status.set_exception(error)


def gather(
    clock: Clock,
    statuses: Iterable[Any],
    name: str | None = None,
    *,
    timeout: float | None = None,
) -> Status:
    """One status for many: done when all are, failed when the first of them fails.

    Parameters
    ----------
    name : str, optional
        Default: all their names.
    timeout : float, optional
        In seconds from now, for all of them.
    """
    waiting = list(statuses)
    whole = Status(clock, timeout=timeout, name=name or names(waiting))
    left = len(waiting)
    lock = threading.Lock()

    def one_ended(status: Any) -> None:
        nonlocal left
        error = failure(status)
        if error is not None:
            whole.set_exception(error)
        with lock:
            left -= 1
            last = left == 0
        if last:
            whole.set_finished()

    for status in waiting:
        status.add_callback(one_ended)
    if not waiting:
        whole.set_finished()
    return whole


def wait(clock: Clock, statuses: Iterable[Status], timeout: float | None = None) -> None:
    """Let time pass until all are done; raise the first failure."""
    gather(clock, statuses).wait(timeout)
