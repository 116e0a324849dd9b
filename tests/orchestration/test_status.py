"""Statuses: settled once, callbacks called once, timeouts in the clock's time, any thread."""

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from beamtwin.orchestration.clock import WallClock
from beamtwin.orchestration.errors import (
    DeadlockError,
    StatusTimeoutError,
    UnknownStatusFailure,
    WaitForTimeoutError,
)
from beamtwin.orchestration.status import Status, failure, finished, gather, names, wait
from beamtwin.twin.clock import SimClock


def test_a_status_is_under_way_at_first(clock: SimClock) -> None:
    status = Status(clock)
    assert (status.done, status.success, status.exception()) == (False, False, None)


def test_a_status_succeeds(clock: SimClock) -> None:
    status = Status(clock)
    status.set_finished()
    assert (status.done, status.success, status.exception()) == (True, True, None)
    status.wait()


def test_a_status_fails_with_its_own_exception(clock: SimClock) -> None:
    status = Status(clock)
    error = OSError("stalled")
    status.set_exception(error)
    assert (status.done, status.success, status.exception()) == (True, False, error)
    with pytest.raises(OSError, match="stalled"):
        status.wait()


def test_the_first_word_counts(clock: SimClock) -> None:
    failed, succeeded = Status(clock), Status(clock)
    failed.set_exception(OSError("first"))
    failed.set_finished()
    failed.set_exception(OSError("second"))
    succeeded.set_finished()
    succeeded.set_exception(OSError("late"))
    assert str(failed.exception()) == "first"
    assert succeeded.success


def test_callbacks_are_called_once_each_in_order(clock: SimClock) -> None:
    status = Status(clock)
    called: list[Any] = []
    status.add_callback(lambda s: called.append(("a", s)))
    status.add_callback(lambda s: called.append(("b", s)))
    assert called == []
    status.set_finished()
    status.set_finished()
    assert called == [("a", status), ("b", status)]


def test_a_late_callback_is_called_at_once(clock: SimClock) -> None:
    called: list[Any] = []
    status = finished(clock)
    status.add_callback(called.append)
    assert called == [status]


def test_a_callback_may_add_another(clock: SimClock) -> None:
    status = Status(clock)
    called: list[Any] = []
    status.add_callback(lambda s: s.add_callback(called.append))
    status.set_finished()
    assert called == [status]


def test_a_callback_that_fails_harms_nobody_else(wall: WallClock) -> None:
    """The others are called, the waiters woken; whoever settles the status hears of it."""
    status = Status(wall)
    called: list[Any] = []
    status.add_callback(lambda _: 1 / 0)
    status.add_callback(called.append)
    heard: list[BaseException] = []

    def settle() -> None:
        try:
            status.set_finished()
        except ZeroDivisionError as error:
            heard.append(error)

    wall.call_at(wall.time() + 0.01, settle)
    status.wait(timeout=5)
    assert called == [status]
    assert len(heard) == 1


def test_a_status_times_out_in_virtual_time(clock: SimClock) -> None:
    status = Status(clock, timeout=3600, name="cryo: cool")
    clock.sleep(3599.9)
    assert not status.done
    clock.sleep(0.2)
    error = status.exception()
    assert isinstance(error, StatusTimeoutError)
    assert str(error) == "cryo: cool: not done after 3600 s"
    assert isinstance(error, TimeoutError)


def test_a_status_that_ended_does_not_time_out(clock: SimClock) -> None:
    status = Status(clock, timeout=1)
    status.set_finished()
    clock.sleep(2)
    assert status.success


def test_a_status_times_out_on_the_wall(wall: WallClock) -> None:
    with pytest.raises(StatusTimeoutError, match=r"m: not done after 0\.01 s"):
        Status(wall, timeout=0.01, name="m").wait(timeout=5)


def test_no_thread_outlives_a_status_that_ended_in_time(wall: WallClock) -> None:
    before = threading.active_count()
    status = Status(wall, timeout=3600)
    assert threading.active_count() == before + 1
    timers = [t for t in threading.enumerate() if t.name == "WallClock timers"]
    status.set_finished()
    for thread in timers:
        thread.join(timeout=2)
    assert threading.active_count() == before


def test_waiting_has_a_time_limit_of_its_own(clock: SimClock) -> None:
    status = Status(clock, name="m: move")
    with pytest.raises(WaitForTimeoutError, match="m: move: still waiting after 5 s"):
        status.wait(timeout=5)
    assert not status.done
    with pytest.raises(WaitForTimeoutError):
        status.exception(timeout=2)
    assert clock.time() == pytest.approx(1_700_000_007.0)


def test_asking_for_the_exception_can_wait_for_it(clock: SimClock) -> None:
    status = Status(clock)
    clock.call_at(clock.time() + 4, lambda: status.set_exception(OSError("stalled")))
    assert status.exception() is None
    assert str(status.exception(timeout=None)) == "stalled"


def test_a_status_says_how_it_is(clock: SimClock) -> None:
    status = Status(clock, name="m: move")
    assert repr(status) == "<Status 'm: move': under way>"
    status.set_exception(OSError("stalled"))
    assert repr(status) == "<Status 'm: move': OSError('stalled')>"
    assert repr(finished(clock, "m: move")) == "<Status 'm: move': done>"


def test_of_many_threads_one_settles_it(
    wall: WallClock, in_thread: Callable[..., threading.Thread]
) -> None:
    """Threads race to settle a status and to add callbacks: each callback is called exactly once."""
    for _ in range(20):
        status = Status(wall)
        start = threading.Barrier(8, timeout=5)
        called: list[int] = []

        def race(n: int, status: Status = status, start: Any = start, called: Any = called) -> None:
            start.wait()
            if n % 2:
                status.add_callback(lambda _: called.append(n))
            elif n % 4:
                status.set_finished()
            else:
                status.set_exception(OSError(str(n)))

        threads = [in_thread(lambda n=n, race=race: race(n)) for n in range(8)]
        for thread in threads:
            thread.join()
        assert sorted(called) == [1, 3, 5, 7]
        assert status.success == (status.exception() is None)


# --- several -----------------------------------------------------------------------------------


def test_gathered_statuses_are_done_when_all_are(clock: SimClock) -> None:
    parts = [Status(clock), Status(clock), finished(clock)]
    whole = gather(clock, parts)
    parts[0].set_finished()
    assert not whole.done
    parts[1].set_finished()
    assert whole.success


def test_gathered_statuses_fail_with_the_first_that_fails(clock: SimClock) -> None:
    parts = [Status(clock), Status(clock), Status(clock)]
    whole = gather(clock, parts)
    parts[1].set_exception(OSError("first"))
    assert str(whole.exception()) == "first"
    parts[0].set_exception(OSError("second"))
    parts[2].set_finished()
    assert str(whole.exception()) == "first"


def test_nothing_gathered_is_done(clock: SimClock) -> None:
    assert gather(clock, []).success


def test_statuses_may_come_from_an_iterator(clock: SimClock) -> None:
    assert gather(clock, (finished(clock) for _ in range(3))).success


def test_a_gathered_status_is_called_as_its_parts_are(clock: SimClock) -> None:
    parts = [Status(clock, name="m1: move"), Status(clock, name="m2: move")]
    assert gather(clock, parts).name == "m1: move, m2: move"
    assert gather(clock, parts, "slit: open").name == "slit: open"
    with pytest.raises(DeadlockError, match="wait for m1: move, m2: move"):
        wait(clock, parts)


def test_waiting_for_several_raises_the_first_failure(clock: SimClock) -> None:
    parts = [Status(clock, name="a"), Status(clock, timeout=2, name="b")]
    with pytest.raises(StatusTimeoutError, match="b: not done after 2 s"):
        wait(clock, parts)
    with pytest.raises(WaitForTimeoutError, match="a: still waiting after 3 s"):
        wait(clock, parts[:1], timeout=3)


def test_statuses_gathered_from_many_threads_end_once(
    wall: WallClock, in_thread: Callable[..., threading.Thread]
) -> None:
    parts = [Status(wall) for _ in range(200)]
    whole = gather(wall, parts)
    ends: list[Any] = []
    whole.add_callback(ends.append)
    for n in range(4):
        in_thread(lambda n=n: [part.set_finished() for part in parts[n::4]])
    whole.wait(timeout=5)
    assert ends == [whole]


def test_a_strangers_status_that_failed_without_a_word_has_failed(clock: SimClock) -> None:
    """As old Ophyd statuses do."""
    stranger: Any = SimpleNamespace(done=True, success=False, exception=lambda: None)
    stranger.add_callback = lambda callback: callback(stranger)
    assert isinstance(failure(stranger), UnknownStatusFailure)
    assert isinstance(gather(clock, [stranger]).exception(), UnknownStatusFailure)
    assert failure(finished(clock)) is None
    assert names([stranger]) == repr(stranger)
