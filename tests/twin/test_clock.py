"""Virtual time, and virtual time held to the wall."""

from collections.abc import Callable, Generator
from concurrent.futures import Future
from typing import Any

import pytest

from beamtwin.orchestration.clock import WallClock
from beamtwin.orchestration.errors import DeadlockError, StatusTimeoutError, WaitForTimeoutError
from beamtwin.orchestration.status import Status
from beamtwin.twin.clock import PacedClock, SimClock

EPOCH = 1_700_000_000.0


def after(clock: SimClock, delay: float, act: Callable[[], object]) -> None:
    """Let a process act ``delay`` seconds from now."""

    def process() -> Generator[Any, Any, None]:
        yield clock.env.timeout(delay)
        act()

    clock.env.process(process())


# --- virtual time ------------------------------------------------------------------------------


def test_time_begins_at_the_epoch(clock: SimClock) -> None:
    assert clock.time() == EPOCH


def test_time_begins_at_the_walls_now_by_default() -> None:
    wall = WallClock()
    before = wall.time()
    assert before <= SimClock().time() <= wall.time()


def test_a_year_passes_at_once(clock: SimClock) -> None:
    year = 365 * 86400.0
    clock.sleep(year)
    assert clock.time() == EPOCH + year


@pytest.mark.parametrize("duration", [0.0, -5.0])
def test_a_sleep_of_no_time_is_none(clock: SimClock, duration: float) -> None:
    clock.sleep(duration)
    assert clock.time() == EPOCH


def test_a_wait_ends_with_the_event_that_makes_it_ready(clock: SimClock) -> None:
    done = []
    after(clock, 2.5, lambda: done.append(1))
    after(clock, 9.0, lambda: done.append(2))
    assert clock.wait(lambda: bool(done))
    assert (clock.time(), done) == (EPOCH + 2.5, [1])


def test_a_wait_for_what_is_ready_lets_no_time_pass(clock: SimClock) -> None:
    after(clock, 0.0, lambda: 1 / 0)
    assert clock.wait(lambda: True)
    assert clock.time() == EPOCH


def test_a_wait_ends_when_its_time_is_up(clock: SimClock) -> None:
    done = []
    after(clock, 5.0, lambda: done.append(1))
    assert not clock.wait(lambda: bool(done), timeout=3.0)
    assert clock.time() == EPOCH + 3.0
    assert clock.wait(lambda: bool(done), timeout=3.0)
    assert clock.time() == EPOCH + 5.0


def test_an_event_at_the_deadline_is_in_time(clock: SimClock) -> None:
    done = []
    after(clock, 3.0, lambda: done.append(1))
    assert clock.wait(lambda: bool(done), timeout=3.0)


def test_an_event_comes_before_a_timer_due_at_the_same_time(clock: SimClock) -> None:
    called: list[str] = []
    clock.call_at(EPOCH + 1.0, lambda: called.append("timer"))
    after(clock, 1.0, lambda: called.append("event"))
    clock.sleep(1.0)
    assert called == ["event", "timer"]


def test_timers_and_events_come_in_the_order_of_time(clock: SimClock) -> None:
    called: list[tuple[str, float]] = []
    for when in (3.0, 1.0):
        clock.call_at(EPOCH + when, lambda: called.append(("timer", clock.time() - EPOCH)))
    for when in (2.0, 4.0):
        after(clock, when, lambda: called.append(("event", clock.time() - EPOCH)))
    clock.sleep(10.0)
    assert called == [("timer", 1.0), ("event", 2.0), ("timer", 3.0), ("event", 4.0)]


def test_a_cancelled_timer_is_not_called(clock: SimClock) -> None:
    called: list[int] = []
    clock.call_at(EPOCH + 1.0, lambda: called.append(1)).cancel()
    clock.sleep(2.0)
    assert called == []


def test_a_timer_whose_time_has_passed_is_called_next(clock: SimClock) -> None:
    clock.sleep(10.0)
    called: list[float] = []
    clock.call_at(EPOCH + 1.0, lambda: called.append(clock.time()))
    clock.sleep(1.0)
    assert called == [EPOCH + 10.0]


@pytest.mark.parametrize("awaiting", ["the shutter", lambda: "the shutter"])
def test_a_wait_that_nothing_can_end_says_for_what(clock: SimClock, awaiting: Any) -> None:
    after(clock, 7.0, lambda: None)
    with pytest.raises(DeadlockError, match=r"at t = 7 s .* wait for the shutter"):
        clock.wait(lambda: False, awaiting=awaiting)


def test_only_cancelled_timers_are_a_deadlock(clock: SimClock) -> None:
    clock.call_at(EPOCH + 5.0, lambda: None).cancel()
    with pytest.raises(DeadlockError, match="at t = 0 s"):
        clock.wait(lambda: False)


def test_a_deadlock_names_the_action(clock: SimClock) -> None:
    with pytest.raises(DeadlockError, match=r"th: move to 1\.5 deg"):
        Status(clock, name="th: move to 1.5 deg").wait()


def test_a_timeout_of_an_hour_costs_no_wall_time(clock: SimClock) -> None:
    wall = WallClock()
    began = wall.time()
    status = Status(clock, timeout=3600.0, name="cryo: cool to 80 K")
    with pytest.raises(StatusTimeoutError, match="cryo: cool to 80 K: not done after 3600 s"):
        status.wait()
    assert clock.time() == EPOCH + 3600.0
    with pytest.raises(WaitForTimeoutError, match="never: still waiting after 3600 s"):
        Status(clock, name="never").wait(timeout=3600.0)
    assert wall.time() - began < 0.5


def test_many_waits_add_up_exactly(clock: SimClock) -> None:
    """The timeline counts from its own zero: the epoch costs no precision."""
    for _ in range(1000):
        clock.sleep(0.1)
    assert clock.env.now == pytest.approx(100.0, abs=1e-9)


def test_an_error_in_a_process_ends_the_wait(clock: SimClock) -> None:
    after(clock, 1.0, lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        clock.sleep(2.0)


def test_virtual_time_stands_still_while_work_is_done_elsewhere(
    clock: SimClock,
) -> None:
    future: Future[str] = Future()
    wall = WallClock()
    wall.call_at(wall.time() + 0.02, lambda: future.set_result("image"))
    event = clock.result(future)
    assert clock.wait(lambda: event.processed)
    assert (event.value, clock.time()) == ("image", EPOCH)


def test_work_that_fails_raises_where_its_result_is_awaited(clock: SimClock) -> None:
    future: Future[str] = Future()
    future.set_exception(OSError("no memory"))
    heard: list[str] = []

    def process() -> Generator[Any, Any, None]:
        try:
            yield clock.result(future)
        except OSError as error:
            heard.append(str(error))

    clock.env.process(process())
    clock.sleep(1.0)
    assert heard == ["no memory"]


# --- paced: a virtual timeline held to the wall -------------------------------------------------


class FakeWall(WallClock):
    """A wall whose time passes only in waits, unless `jump` moves it."""

    def __init__(self, now: float = 500.0):
        super().__init__()
        self.now = now
        self.waits: list[float] = []

    def time(self) -> float:
        return self.now

    def jump(self, seconds: float) -> None:
        self.now += seconds

    def wait(
        self, ready: Callable[[], bool], timeout: float | None = None, awaiting: Any = ""
    ) -> bool:
        assert timeout is not None
        if not ready():
            self.waits.append(timeout)
            self.now += timeout
        return ready()


@pytest.fixture
def wall() -> FakeWall:
    return FakeWall()


@pytest.fixture
def paced(wall: FakeWall) -> PacedClock:
    return PacedClock(EPOCH, wall=wall)


def test_paced_time_goes_with_the_wall(paced: PacedClock, wall: FakeWall) -> None:
    wall.jump(2.5)
    assert paced.time() == EPOCH + 2.5


def test_paced_time_begins_at_its_walls_now_by_default(wall: FakeWall) -> None:
    assert PacedClock(wall=wall).time() == 500.0


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan")])
def test_a_speed_must_be_positive(speed: float) -> None:
    with pytest.raises(ValueError, match="speed"):
        PacedClock(speed=speed)


def test_advance_does_what_is_due_and_says_when_to_come_back(
    paced: PacedClock, wall: FakeWall
) -> None:
    called: list[float] = []
    for delay in (1.0, 2.0, 5.0):
        after(paced, delay, lambda: called.append(paced.time() - EPOCH))
    assert paced.advance() == 1.0
    wall.jump(2.5)
    assert paced.advance() == 2.5
    assert called == [1.0, 2.0]  # stamped when they were due, not when they were done
    wall.jump(2.5)
    assert paced.advance() is None
    assert called == [1.0, 2.0, 5.0]


def test_no_event_is_early(paced: PacedClock, wall: FakeWall) -> None:
    called: list[float] = []
    after(paced, 1.0, lambda: called.append(wall.now))
    paced.call_at(EPOCH + 2.0, lambda: called.append(wall.now))
    for _ in range(25):
        wall.jump(0.1)
        paced.advance()
    assert called == [pytest.approx(501.0), pytest.approx(502.0)]
    assert all(when >= due - 1e-9 for when, due in zip(called, (501.0, 502.0), strict=True))


def test_an_action_begun_between_advances_ends_no_earlier_than_it_may(
    paced: PacedClock, wall: FakeWall
) -> None:
    """Whoever begins something advances first: then it counts from the wall's now."""
    wall.jump(10.0)
    paced.advance()
    called: list[float] = []
    after(paced, 1.0, lambda: called.append(wall.now))
    wall.jump(0.9)
    paced.advance()
    assert called == []
    wall.jump(0.2)
    paced.advance()
    assert called == [pytest.approx(511.1)]


def test_a_wall_that_is_set_back_does_not_turn_time_back(paced: PacedClock, wall: FakeWall) -> None:
    wall.jump(5.0)
    paced.advance()
    wall.jump(-3.0)
    paced.advance()
    assert paced.time() == EPOCH + 5.0


@pytest.mark.parametrize("speed", [0.5, 10.0])
def test_speed_is_virtual_seconds_per_second(wall: FakeWall, speed: float) -> None:
    paced = PacedClock(EPOCH, speed=speed, wall=wall)
    done: list[int] = []
    after(paced, 20.0, lambda: done.append(1))
    assert paced.wait(lambda: bool(done))
    assert wall.now - 500.0 == pytest.approx(20.0 / speed)
    assert paced.time() == pytest.approx(EPOCH + 20.0)


def test_a_paced_wait_ends_when_its_time_is_up(wall: FakeWall) -> None:
    paced = PacedClock(EPOCH, speed=2.0, wall=wall)
    assert not paced.wait(lambda: False, timeout=3.0)
    assert wall.now - 500.0 == pytest.approx(1.5)
    paced.sleep(1.0)
    assert wall.now - 500.0 == pytest.approx(2.0)


def test_a_paced_wait_is_no_busy_loop(paced: PacedClock, wall: FakeWall) -> None:
    """It sleeps until the next event, and looks at least every second."""
    done: list[int] = []
    after(paced, 0.25, lambda: None)
    after(paced, 3.25, lambda: done.append(1))
    paced.wait(lambda: bool(done))
    assert wall.waits == [0.25, 1.0, 1.0, 1.0]


def test_results_come_when_they_are_there(paced: PacedClock, wall: FakeWall) -> None:
    """And what follows from them counts from then: not from when the timeline last moved."""
    future: Future[str] = Future()
    heard: list[tuple[str, float]] = []

    def process() -> Generator[Any, Any, None]:
        heard.append(((yield paced.result(future)), wall.now))
        yield paced.env.timeout(1.0)
        heard.append(("later", wall.now))

    paced.env.process(process())
    paced.advance()
    wall.jump(0.7)
    paced.advance()
    assert heard == []
    wall.jump(0.6)
    future.set_result("image")
    paced.advance()
    assert heard == [("image", pytest.approx(501.3))]
    assert paced.advance() == pytest.approx(1.0)
    wall.jump(0.99)
    paced.advance()
    assert len(heard) == 1
    wall.jump(0.02)
    paced.advance()
    assert heard[1] == ("later", pytest.approx(502.31))


def test_a_result_that_is_an_error_is_raised(paced: PacedClock) -> None:
    future: Future[str] = Future()
    paced.result(future)
    future.set_exception(OSError("no memory"))
    with pytest.raises(OSError, match="no memory"):
        paced.advance()


def test_after_an_error_time_goes_with_the_wall_again(paced: PacedClock, wall: FakeWall) -> None:
    after(paced, 1.0, lambda: 1 / 0)
    wall.jump(2.0)
    with pytest.raises(ZeroDivisionError):
        paced.advance()
    assert paced.time() == EPOCH + 2.0


def test_another_thread_wakes_a_paced_wait() -> None:
    paced = PacedClock()
    wall = WallClock()
    done: list[int] = []
    began = wall.time()
    wall.call_at(began + 0.02, lambda: (done.append(1), paced.wake()))
    assert paced.wait(lambda: bool(done), timeout=10.0)
    assert wall.time() - began < 0.5


def test_a_result_wakes_a_paced_wait() -> None:
    paced = PacedClock()
    wall = WallClock()
    future: Future[int] = Future()
    event = paced.result(future)
    began = wall.time()
    wall.call_at(began + 0.02, lambda: future.set_result(7))
    assert paced.wait(lambda: event.processed, timeout=10.0)
    assert event.value == 7
    assert wall.time() - began < 0.5
