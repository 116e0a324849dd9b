"""Statuses: what a plan has begun, by group, and what has become of it."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from beamtwin.orchestration.asyncio_devices import AsyncioDevice
from beamtwin.orchestration.clock import Clock, WallClock
from beamtwin.orchestration.errors import DeviceError, FailedStatus
from beamtwin.orchestration.history import History
from beamtwin.orchestration.inbox import Inbox
from beamtwin.orchestration.status import Status, failure, names

__all__ = ["Statuses"]


class Statuses:
    """What a plan has begun, by group, and what has become of it.

    A status has ended when it has called back: whoever waits for it then hears of its failure first.

    Parameters
    ----------
    clock : Clock
    inbox : Inbox
        Where failures are left.
    history : History
        Notes what was begun.
    """

    def __init__(self, clock: Clock, inbox: Inbox, history: History):
        self.groups: dict[Any, list[Any]] = {}
        #: Told of what is awaited, as a set, and of the wait's end, as None.
        self.hook: Callable[[Any], object] | None = None
        self._clock = clock
        self._inbox = inbox
        self._history = history
        self._under_way: set[Any] = set()
        self._pardoned: set[Any] = set()
        self._announced: set[Any] = set()

    def follow(self, device: Any, status: Any, group: Any) -> Any:
        """Keep a status for ``wait``; its failure is thrown into the plan, whatever that is doing by then."""
        if status is None:
            raise DeviceError(f"{names([device])}: returned None where a Status is due")
        if isinstance(status, Status):
            if not status.done:
                if status.clock is not self._clock:
                    self._check_clock(status)
            elif status.success:
                if self.hook is not None:
                    self.groups.setdefault(group, []).append(status)
                return status  # nothing to wait for, and nothing that can fail
        self.groups.setdefault(group, []).append(status)
        self._history.begun(status)
        self._under_way.add(status)
        if type(device) is AsyncioDevice:
            device.call(status.add_callback, self._ended)
        else:
            status.add_callback(self._ended)
        return status

    def watch(self, status: Any) -> None:
        """Notice a status's end; its failure is no concern of the plan."""
        self._under_way.add(status)
        status.add_callback(self._over)

    def late(self, statuses: Iterable[Any]) -> list[Any]:
        """Those that have not ended."""
        return list(filter(self._under_way.__contains__, statuses))

    def wait_for(self, pending: list[Any], timeout: float | None = None) -> bool:
        """Wait until all have ended; returns whether they were in time. Those that have leave the list."""
        all_over = partial(self._under_way.isdisjoint, pending)
        try:
            self._inbox.wait_until(all_over, timeout, lambda: names(self.late(pending)))
        finally:
            pending[:] = self.late(pending)
        if pending:
            pending[:] = [status for status in pending if not status.done]  # it may tell nobody
        return not pending

    def forget(self, statuses: Iterable[Any]) -> None:
        """Whether these end well matters no more."""
        self._pardoned.update(statuses)
        for group, members in self.groups.items():
            self.groups[group] = [status for status in members if status not in self._pardoned]

    # --- for people who watch -------------------------------------------------------------------

    def announce(self, group: Any, statuses: Iterable[Any]) -> None:
        """Tell the hook, once, what a group's wait is for."""
        if self.hook is not None and statuses and group not in self._announced:
            self._announced.add(group)
            self.hook(set(statuses))

    def announce_end(self, group: Any) -> None:
        """Tell the hook that it is over."""
        if group in self._announced:
            self._announced.discard(group)
            if self.hook is not None:
                self.hook(None)

    # --- the end of one -------------------------------------------------------------------------

    def _ended(self, status: Any) -> None:
        """In whatever thread."""
        error = failure(status)
        if error is not None:
            self._inbox.post(lambda: self._raise_failure(status, error))
        self._over(status)

    def _over(self, status: Any) -> None:
        self._under_way.discard(status)
        if getattr(status, "clock", None) is not self._clock:
            self._clock.wake()

    def _raise_failure(self, status: Any, error: BaseException) -> None:
        if status not in self._pardoned:
            raise FailedStatus(status) from error

    def _check_clock(self, status: Status) -> None:
        if not (isinstance(status.clock, WallClock) and isinstance(self._clock, WallClock)):
            raise DeviceError(
                f"{status.name}: the device lives by another clock than the engine, and would never be done: "
                "make the engine as RunEngine(clock=transport.clock)"
            )
