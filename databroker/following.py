"""Following a run while it is written, by this process or another."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from beamtwin.databroker.errors import DataBrokerError
from beamtwin.databroker.stores.base import NamedDocument

if TYPE_CHECKING:
    from beamtwin.databroker.run import Run

__all__ = ["POLL_S", "Clock", "follow", "required"]

#: How often the store is asked for more.
POLL_S = 0.1


class Clock(Protocol):
    """What the broker asks of a clock; `beamtwin.orchestration.clock.WallClock` is one."""

    def time(self) -> float:
        """Seconds since the Unix epoch."""
        ...

    def sleep(self, duration: float) -> None:
        """Let ``duration`` seconds pass."""
        ...


def required(clock: Clock | None) -> Clock:
    """A clock.

    Raises
    ------
    DataBrokerError
        If there is none.
    """
    if clock is None:
        raise DataBrokerError(
            "to wait for documents takes a clock: Broker.open(..., clock=WallClock()), "
            "of beamtwin.orchestration.clock"
        )
    return clock


def follow(
    run: "Run", clock: Clock, *, timeout_s: float | None = None, poll_s: float = POLL_S
) -> Iterator[NamedDocument]:
    """The documents of a run, those there are and those to come; see `Run.follow`."""
    seen, heard = 0, clock.time()
    while True:
        over = (
            run.state != "running"
        )  # asked first: whatever was written before that is found below
        fresh = list(run.store.documents(run.uid, since=seen))
        yield from fresh
        seen += len(fresh)
        if over or (fresh and fresh[-1][0] == "stop"):
            return
        heard = clock.time() if fresh else heard
        if timeout_s is not None and clock.time() - heard >= timeout_s:
            return
        clock.sleep(poll_s)
