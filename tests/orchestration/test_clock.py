"""The wall clock: waiting, waking, timers, and the threads they leave behind: none."""

import logging
import signal
import threading
from collections.abc import Callable

import pytest

from beamtwin.orchestration.clock import TimerQueue, WallClock


def timer_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "WallClock timers"]


def wait_for_no_timer_thread() -> None:
    for thread in timer_threads():
        thread.join(timeout=2)
    assert not timer_threads()


def test_a_wait_for_what_is_ready_returns_at_once(wall: WallClock) -> None:
    assert wall.wait(lambda: True, timeout=0)


def test_a_wait_ends_when_its_time_is_up(wall: WallClock) -> None:
    began = wall.time()
    assert not wall.wait(lambda: False, timeout=0.02)
    assert 0.015 < wall.time() - began < 0.5


def test_a_wait_looks_once_more_when_its_time_is_up(wall: WallClock) -> None:
    """The last look counts even if nobody woke the waiter."""
    looks = iter([False, False, True])
    assert wall.wait(lambda: next(looks), timeout=0.01)


@pytest.mark.parametrize("timeout", [float("inf"), 1e12])
def test_a_wait_may_be_longer_than_the_system_can_wait(
    wall: WallClock, timeout: float, in_thread: Callable[..., threading.Thread]
) -> None:
    news = []
    in_thread(lambda: (wall.sleep(0.01), news.append(1), wall.wake()))
    assert wall.wait(lambda: bool(news), timeout)


@pytest.mark.parametrize("duration", [0, -1])
def test_a_sleep_of_no_time_is_none(wall: WallClock, duration: float) -> None:
    wall.sleep(duration)


def test_a_thread_wakes_every_waiter(
    wall: WallClock, in_thread: Callable[..., threading.Thread]
) -> None:
    news = []
    waiting = threading.Barrier(4, timeout=2)
    ended = []

    def wait() -> None:
        waiting.wait()
        ended.append(wall.wait(lambda: bool(news), timeout=5))

    threads = [in_thread(wait) for _ in range(3)]
    waiting.wait()
    news.append(1)
    wall.wake()
    for thread in threads:
        thread.join()
    assert ended == [True] * 3


def test_no_wake_is_lost(wall: WallClock, in_thread: Callable[..., threading.Thread]) -> None:
    """Waits and wakes race a few thousand times; a lost wake would take the timeout."""
    turn = [0]
    last = 2000

    def play(odd: int) -> None:
        for n in range(odd, last, 2):
            assert wall.wait(lambda n=n: turn[0] >= n, timeout=5)
            turn[0] = n + 1
            wall.wake()

    began = wall.time()
    other = in_thread(lambda: play(1))
    play(0)
    other.join()
    assert turn[0] == last
    assert wall.time() - began < 2


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs POSIX timers")
def test_a_signal_handler_wakes_a_waiter(wall: WallClock) -> None:
    news = []

    def handle(signum: int, frame: object) -> None:
        news.append(signum)
        wall.wake()

    before = signal.signal(signal.SIGALRM, handle)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        assert wall.wait(lambda: bool(news), timeout=5)
    finally:
        signal.signal(signal.SIGALRM, before)


def test_a_waiter_looks_now_and_then_though_nobody_wakes_it(wall: WallClock) -> None:
    """Else a Ctrl-C that comes just as it goes to sleep is noticed only at the next one."""
    began = wall.time()
    assert wall.wait(lambda: wall.time() > began + 0.01)
    assert wall.time() - began < 1


def test_waiters_do_not_pile_up(wall: WallClock) -> None:
    with pytest.raises(ZeroDivisionError):
        wall.wait(lambda: bool(1 / 0))
    wall.wait(lambda: False, timeout=0.001)
    assert wall._waiters == []


def test_timers_are_called_in_the_order_in_which_they_are_due(wall: WallClock) -> None:
    called: list[str] = []
    now = wall.time()
    for name, delay in [("c", 0.03), ("a", 0.01), ("b", 0.02)]:
        wall.call_at(now + delay, lambda name=name: (called.append(name), wall.wake()))
    assert wall.wait(lambda: len(called) == 3, timeout=5)
    assert called == ["a", "b", "c"]
    wait_for_no_timer_thread()


def test_a_timer_may_set_the_next(wall: WallClock) -> None:
    called: list[int] = []

    def tick() -> None:
        called.append(1)
        wall.wake()
        if len(called) < 3:
            wall.call_at(wall.time() + 0.005, tick)

    wall.call_at(wall.time(), tick)
    assert wall.wait(lambda: len(called) == 3, timeout=5)
    wait_for_no_timer_thread()


def test_no_thread_outlives_cancelled_timers(wall: WallClock) -> None:
    called: list[int] = []
    timers = [wall.call_at(wall.time() + 3600 + n, lambda: called.append(1)) for n in range(3)]
    assert len(timer_threads()) == 1
    wall.sleep(0.01)  # the thread waits now
    for timer in timers:
        timer.cancel()
    wait_for_no_timer_thread()
    assert called == []


def test_a_cancelled_timer_does_not_hold_up_the_others(wall: WallClock) -> None:
    called: list[int] = []
    wall.call_at(wall.time() + 3600, lambda: called.append(0)).cancel()
    wall.call_at(wall.time() + 0.005, lambda: (called.append(1), wall.wake()))
    assert wall.wait(lambda: bool(called), timeout=5)
    assert called == [1]


def test_a_call_that_fails_is_logged_and_the_others_are_made(
    wall: WallClock, caplog: pytest.LogCaptureFixture
) -> None:
    called: list[int] = []
    now = wall.time()
    with caplog.at_level(logging.ERROR):
        wall.call_at(now + 0.002, lambda: 1 / 0)
        wall.call_at(now + 0.004, lambda: (called.append(1), wall.wake()))
        assert wall.wait(lambda: bool(called), timeout=5)
    assert "ZeroDivisionError" in caplog.text
    wait_for_no_timer_thread()


def test_timers_set_from_many_threads_are_all_called(
    wall: WallClock, in_thread: Callable[..., threading.Thread]
) -> None:
    called: list[int] = []

    def note() -> None:
        called.append(1)
        wall.wake()

    def set_timers() -> None:
        for n in range(50):
            wall.call_at(wall.time() + 0.0001 * (n % 7), note)

    threads = [in_thread(set_timers) for _ in range(4)]
    for thread in threads:
        thread.join()
    assert wall.wait(lambda: len(called) == 200, timeout=5)
    wait_for_no_timer_thread()


def test_timers_due_together_keep_the_order_in_which_they_were_set() -> None:
    queue = TimerQueue()
    called: list[int] = []
    for n in range(5):
        queue.add(1.0, lambda n=n: called.append(n))
    while queue.next_due() == 1.0:
        queue.pop().fire()
    assert called == [0, 1, 2, 3, 4]
    assert queue.next_due() == float("inf")


def test_a_timer_fires_once() -> None:
    called: list[int] = []
    timer = TimerQueue().add(1.0, lambda: called.append(1))
    timer.fire()
    timer.fire()
    assert called == [1]
