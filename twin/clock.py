"""Virtual time: a discrete-event timeline that the engine, the devices and the physics share."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import simpy

from beamtwin.orchestration.clock import Timer, TimerQueue, WallClock
from beamtwin.orchestration.errors import DeadlockError

__all__ = ["PacedClock", "SimClock"]

INFINITY = float("inf")

#: A paced clock looks at its wall at least this often, in seconds: another thread may have acted without waking it.
LONGEST_PAUSE = 1.0


class SimClock:
    """Time that jumps to the next event, so that a week takes as long as its computation.

    Parameters
    ----------
    epoch : float, optional
        Where the timeline begins, in seconds since the Unix epoch; default: the wall's now.

    Examples
    --------
    >>> clock = SimClock(epoch=1_000_000.0)
    >>> clock.sleep(3600)
    >>> clock.time()
    1003600.0
    """

    def __init__(self, epoch: float | None = None):
        self.epoch = WallClock().time() if epoch is None else float(epoch)
        self.env = simpy.Environment()
        self._timers = TimerQueue()

    def time(self) -> float:
        """Seconds since the Unix epoch, on this timeline."""
        return self.epoch + self.env.now

    def wait(
        self,
        ready: Callable[[], bool],
        timeout: float | None = None,
        awaiting: str | Callable[[], str] = "a condition",
    ) -> bool:
        """Step the timeline until ``ready()`` holds; see `Clock.wait`."""
        env, timers = self.env, self._timers
        deadline = INFINITY if timeout is None else env.now + timeout
        while not ready():
            due = env.peek()
            if due <= deadline and due < timers.next_due():
                env.step()  # as nearly always
                continue
            due, is_event = self._next_due()
            if due == INFINITY and deadline == INFINITY:
                raise DeadlockError(
                    f"nothing is left to happen at t = {self.env.now:g} s that could end the wait for "
                    f"{awaiting() if callable(awaiting) else awaiting}"
                )
            if due > deadline:
                self._advance_to(deadline)
                return False
            self._step(due, is_event)
        return True

    def sleep(self, duration: float) -> None:
        """Let ``duration`` virtual seconds pass."""
        self.wait(lambda: False, max(0.0, duration))

    def wake(self) -> None:
        """Nothing to do: a virtual wait looks again after every event."""

    def call_at(self, when: float, callback: Callable[[], object]) -> Timer:
        """Call ``callback`` at the virtual time ``when``."""
        return self._timers.add(when - self.epoch, callback)

    def after(self, delay_s: float, action: Callable[[], object]) -> None:
        """Call ``action()`` when so much time has passed, to the last bit; `call_at` has the epoch's rounding."""
        callbacks = self.env.timeout(delay_s).callbacks
        assert callbacks is not None

        def act(_: simpy.Event) -> None:
            action()

        callbacks.append(act)

    def result(self, future: "Future[Any]") -> simpy.Event:
        """An event with the result of work done elsewhere.

        Virtual time stands still while it is done: a twin's detector is not slower because the computer is.
        """
        event = self.env.event()
        _settle(event, future)
        return event

    def _next_due(self) -> tuple[float, bool]:
        """When the next thing is due, and whether it is an event; else it is a timer."""
        event, timer = self.env.peek(), self._timers.next_due()
        return (event, True) if event <= timer else (timer, False)

    def _step(self, due: float, is_event: bool) -> None:
        """Do the one thing that is due next."""
        if is_event:
            self.env.step()
        else:
            self._advance_to(due)
            self._timers.pop().fire()

    def _advance_to(self, when: float) -> None:
        """Let the time be ``when``, before which nothing is due."""
        if when > self.env.now:
            self.env.run(until=when)


def _settle(event: simpy.Event, future: "Future[Any]") -> None:
    try:
        event.succeed(future.result())
    except Exception as error:
        event.fail(error)


class PacedClock(SimClock):
    """A virtual timeline held to the wall.

    Parameters
    ----------
    epoch : float, optional
        Where the timeline begins, in seconds since the Unix epoch; default: the wall's now.
    speed : float
        Virtual seconds per second of the wall; 1 is real time.
    wall : WallClock, optional
        For tests.

    Attributes
    ----------
    on_wake : callable, optional
        Told, in whichever thread, that there may be something to do; for a loop that calls `advance` itself.
    """

    def __init__(
        self, epoch: float | None = None, speed: float = 1.0, wall: WallClock | None = None
    ):
        if not speed > 0:
            raise ValueError(f"speed: {speed} is not above 0 virtual seconds per second")
        self._wall = wall or WallClock()
        self._started = self._wall.time()
        super().__init__(self._started if epoch is None else epoch)
        self.speed = speed
        self.on_wake: Callable[[], object] | None = None
        self._stepping = False
        self._woken = False
        self._working: list[tuple[simpy.Event, Future[Any]]] = []

    def time(self) -> float:
        """Seconds since the Unix epoch: of the event under way, else as the wall has it now."""
        return self.epoch + (self.env.now if self._stepping else max(self.env.now, self._elapsed()))

    def advance(self) -> float | None:
        """Do all that is due by now; returns the wall seconds until the next thing, or None."""
        now = self._elapsed()
        self._stepping = True
        try:
            due = self._catch_up(now)
            if self._collect_results():
                due = self._catch_up(now)
        finally:
            self._stepping = False
        return None if due == INFINITY else max(0.0, (due - self._elapsed()) / self.speed)

    def wait(
        self,
        ready: Callable[[], bool],
        timeout: float | None = None,
        awaiting: str | Callable[[], str] = "a condition",
    ) -> bool:
        """Let the wall's time pass, doing what is due, until ``ready()`` holds; see `Clock.wait`."""
        deadline = INFINITY if timeout is None else self._elapsed() + timeout
        while True:
            self._woken = False
            pause = self.advance()
            if ready():
                return True
            left = (deadline - self._elapsed()) / self.speed
            if left <= 0:
                return False
            self._wall.wait(
                self._has_news, min(LONGEST_PAUSE, left, INFINITY if pause is None else pause)
            )

    def wake(self) -> None:
        """Make a waiting thread look again."""
        self._woken = True
        self._wall.wake()
        if self.on_wake is not None:
            self.on_wake()

    def result(self, future: "Future[Any]") -> simpy.Event:
        """An event with the result of work done elsewhere, when that is there: time goes on meanwhile."""
        event = self.env.event()
        self._working.append((event, future))
        future.add_done_callback(lambda _: self.wake())
        return event

    def _elapsed(self) -> float:
        return (self._wall.time() - self._started) * self.speed

    def _has_news(self) -> bool:
        return self._woken or any(future.done() for _, future in self._working)

    def _catch_up(self, now: float) -> float:
        """Do what is due until ``now``; returns when the next thing is due."""
        due, is_event = self._next_due()
        while due <= now:
            self._step(due, is_event)
            due, is_event = self._next_due()
        self._advance_to(now)
        return due

    def _collect_results(self) -> bool:
        """Hand over the results that have come since, as of now; returns whether there were any."""
        come = [entry for entry in self._working if entry[1].done()]
        for entry in come:
            self._working.remove(entry)
            _settle(*entry)
        return bool(come)
