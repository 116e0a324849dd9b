import asyncio
import io
import threading
from collections.abc import Callable
from typing import Any

import pytest
from ophyd import SoftPositioner
from ophyd.status import MoveStatus
from ophyd_async.core import WatchableAsyncStatus, WatcherUpdate
from rich.console import Console

from beamtwin.orchestration.clock import WallClock
from beamtwin.orchestration.engine import RunEngine
from beamtwin.orchestration.live import ProgressBarManager
from beamtwin.orchestration.live.progress import Report
from beamtwin.orchestration.status import Status
from beamtwin.orchestration.stubs import mv


class WatchableStatus(Status):
    """Tells a watcher where it is, once."""

    def watch(self, function: Callable[..., None]) -> None:
        function(name="m1", current=1.5, initial=1.0, target=3.0, unit="mm", precision=2)


class Screen:
    """A terminal; says when something has been written that has a text in it."""

    def __init__(self) -> None:
        self.file = io.StringIO()
        self.console = Console(file=self.file, force_terminal=True, width=100)

    @property
    def text(self) -> str:
        return self.file.getvalue()


@pytest.fixture
def screen() -> Screen:
    return Screen()


def shown(statuses: set[Any], screen: Screen, *expected: str) -> None:
    manager = ProgressBarManager(delay_s=0.0, console=screen.console)
    manager(statuses)
    until(lambda: all(text in screen.text for text in expected))
    manager(None)


def until(seen: Callable[[], bool]) -> None:
    """Wait for what a thread of rich's draws."""
    wall = WallClock()
    for _ in range(500):
        if seen():
            return
        wall.sleep(0.01)
    raise AssertionError("not seen within 5 s")


def test_a_move_shows_where_it_is(screen: Screen) -> None:
    status = WatchableStatus(WallClock(), name="m1: move to 3 mm")
    shown({status}, screen, "m1", "1.50 → 3.00 mm")


def test_a_move_of_ophyds_shows_where_it_is(screen: Screen) -> None:
    axis = SoftPositioner(name="axis", egu="mm", init_pos=1.0)
    status = MoveStatus(axis, 3.0, start_ts=0.0)
    manager = ProgressBarManager(delay_s=0.0, console=screen.console)
    manager({status})
    until(lambda: bool(status._watchers))
    status._notify_watchers(1.5)
    until(lambda: "1.5 → 3 mm" in screen.text)
    status.set_finished()
    until(lambda: "done" in screen.text)
    manager(None)
    assert "axis" in screen.text


def test_a_move_of_ophyd_asyncs_shows_where_it_is(screen: Screen) -> None:
    async def move(on_the_way: asyncio.Event) -> Any:
        for place in (1.0, 1.5):
            yield WatcherUpdate(place, 1.0, 3.0, name="axis", unit="mm", precision=2.0)
        await on_the_way.wait()

    async def show() -> None:
        seen = asyncio.Event()
        status = WatchableAsyncStatus(move(seen))
        manager = ProgressBarManager(delay_s=0.0, console=screen.console)
        manager({status})
        await asyncio.to_thread(until, lambda: "1.50 → 3.00 mm" in screen.text)
        seen.set()
        await status
        manager(None)

    asyncio.run(show())
    assert "axis" in screen.text


def test_what_does_not_tell_shows_its_name_and_time(screen: Screen) -> None:
    shown({Status(WallClock(), name="det: expose")}, screen, "det: expose", "0:00:00")


def test_short_waits_show_nothing(screen: Screen) -> None:
    manager = ProgressBarManager(delay_s=10.0, console=screen.console)
    manager({Status(WallClock())})
    manager(None)
    assert screen.text == ""


def test_virtual_time_shows_nothing(screen: Screen, RE: RunEngine, slow: Any) -> None:
    RE.waiting_hook = ProgressBarManager(delay_s=0.0, console=screen.console)
    threads = threading.active_count()
    RE(mv(slow, 1.0))
    assert screen.text == ""
    assert threading.active_count() == threads


def test_statuses_that_are_done_show_nothing(screen: Screen) -> None:
    status = Status(WallClock())
    status.set_finished()
    manager = ProgressBarManager(delay_s=0.0, console=screen.console)
    threads = threading.active_count()
    manager({status})
    assert threading.active_count() == threads


@pytest.mark.parametrize(
    ("told", "done"),
    [
        ({"current": 1.5, "initial": 1.0, "target": 3.0}, 0.25),
        ({"current": -1.5, "initial": -1.0, "target": -3.0}, 0.25),
        ({"current": 4.0, "initial": 1.0, "target": 3.0}, 0.5),
        ({"current": 0.0, "initial": 1.0, "target": 3.0}, 0.0),
        ({"current": 2.0, "initial": 2.0, "target": 2.0}, 1.0),
        ({"current": (1.0, 2.0), "initial": (1.0, 1.0), "target": (1.0, 5.0)}, 0.25),
        ({"current": float("nan"), "initial": 1.0, "target": 3.0}, None),
        ({"fraction": 0.25}, 0.75),
        ({"current": "open", "target": "closed"}, None),
        ({}, None),
    ],
)
def test_how_much_is_done(told: dict[str, Any], done: float | None) -> None:
    assert Report(**told).done == done


@pytest.mark.parametrize(
    ("told", "detail"),
    [
        ({"current": 1.5, "target": 3.0, "unit": "mm", "precision": 2}, "1.50 → 3.00 mm"),
        ({"current": 1.5, "target": 3.0}, "1.5 → 3"),
        ({"current": (1.0, 2.0), "unit": "mm", "precision": 1.0}, "(1.0, 2.0) mm"),
        ({"current": "open"}, "open"),
        ({}, ""),
    ],
)
def test_where_it_is(told: dict[str, Any], detail: str) -> None:
    assert Report(**told).detail() == detail


@pytest.mark.parametrize(
    ("told", "left_s"),
    [
        ({"current": 1.5, "initial": 1.0, "target": 3.0}, 12.0),
        ({"current": 1.5, "initial": 1.0, "target": 3.0, "time_elapsed": 5.0}, 15.0),
        # As ophyd's area detectors do, which divide by the wrong part.
        ({"current": 9, "initial": 0, "target": 10, "time_remaining": 40.0}, 4.0 / 9.0),
        ({"current": "open", "time_remaining": 3.0}, 3.0),
        ({}, None),
    ],
)
def test_how_long_it_will_take(told: dict[str, Any], left_s: float | None) -> None:
    """After 4 s, unless the status says how long it has taken."""
    assert Report(**told).left_s(4.0) == pytest.approx(left_s)
