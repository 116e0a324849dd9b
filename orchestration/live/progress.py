"""Progress bars: what a plan waits for, and how far that is."""

import math
import threading
from collections.abc import Iterable
from functools import partial
from numbers import Real
from typing import Any, NamedTuple

from beamtwin.orchestration.clock import Timer, WallClock

__all__ = ["ProgressBarManager", "Report"]

#: Seconds of the wall before bars are shown: shorter waits would only flicker.
DELAY_S = 0.25


class Report(NamedTuple):
    """What a status says of how far it is, to a function given to its ``watch``: the watcher's keyword arguments."""

    name: str | None = None
    current: Any = None
    initial: Any = None
    target: Any = None
    unit: str | None = None
    precision: float | None = None
    fraction: float | None = None
    time_elapsed: float | None = None
    time_remaining: float | None = None

    @property
    def done(self) -> float | None:
        """The part that is done, from 0 to 1; None where that cannot be known."""
        whole, left = _distance(self.initial, self.target), _distance(self.current, self.target)
        if whole is None or left is None:
            # Ophyd's fraction is that which is left.
            return None if self.fraction is None else _within_unit(1.0 - self.fraction)
        return _within_unit(1.0 - left / whole) if whole else 1.0

    def left_s(self, elapsed_s: float) -> float | None:
        """Seconds left, if it goes on as until now; otherwise as the status says, if it does."""
        if not self.done:
            return self.time_remaining
        taken = elapsed_s if self.time_elapsed is None else self.time_elapsed
        return taken * (1.0 / self.done - 1.0)

    def detail(self) -> str:
        """Where it is and where it goes: ``1.25 → 3.00 mm``."""
        places = [self._text(place) for place in (self.current, self.target) if place is not None]
        return f"{' → '.join(places)} {self.unit or ''}".strip()

    def _text(self, place: Any) -> str:
        if isinstance(place, (tuple, list)):
            return f"({', '.join(map(self._text, place))})"
        if not isinstance(place, Real):
            return str(place)
        return f"{place:g}" if self.precision is None else f"{place:.{int(self.precision)}f}"


class ProgressBarManager:
    """Shows a bar for each status that a plan waits for: ``RE.waiting_hook = ProgressBarManager()``.

    A status that has ``watch``, as Bluesky's protocol describes it, shows how far it is; another, for how long it has
    been awaited. What lives in virtual time shows nothing: it takes no time.

    Parameters
    ----------
    delay_s : float
        Seconds of the wall before bars are shown.
    console : rich.console.Console, optional
        Where to.
    """

    def __init__(self, *, delay_s: float = DELAY_S, console: Any = None):
        self._delay_s = delay_s
        self._console = console
        self._wall = WallClock()
        self._bars: _Bars | None = None

    def __call__(self, statuses: Iterable[Any] | None) -> None:
        """Begin to show what is awaited now; None ends that."""
        if self._bars is not None:
            self._bars.end()
            self._bars = None
        waiting = [status for status in statuses or () if not status.done and _takes_time(status)]
        if waiting:
            bars = self._bars = _Bars(waiting, self._console)
            bars.timer = self._wall.call_at(self._wall.time() + self._delay_s, bars.show)


class _Bars:
    """The bars of one wait. Reports come in anybody's thread."""

    def __init__(self, statuses: list[Any], console: Any):
        self.timer: Timer | None = None
        self._statuses = statuses
        self._console = console
        self._lock = threading.Lock()
        self._ended = False
        self._progress: Any = None

    def show(self) -> None:
        """Draw, and from now on redraw in a thread of rich's."""
        with self._lock:
            if self._ended:
                return
            self._progress = _new_progress(self._console)
            tasks = [
                self._progress.add_task(_name(status), total=None, detail="", left="")
                for status in self._statuses
            ]
            self._progress.start()
        for status, task in zip(self._statuses, tasks, strict=True):
            status.add_callback(partial(self._complete, task))
            if hasattr(status, "watch"):
                status.watch(partial(self._update, task))

    def end(self) -> None:
        """Take them away."""
        with self._lock:
            self._ended = True
            progress, self._progress = self._progress, None
        if self.timer is not None:
            self.timer.cancel()
        if progress is not None:
            progress.stop()

    def _update(self, task: Any, *args: Any, **told: Any) -> None:
        """What a status reports: keyword arguments, or one object that has them, as ophyd-async's."""
        source = told if told or not args else vars(args[0])
        report = Report(**{field: source.get(field) for field in Report._fields})
        changes: dict[str, Any] = {"detail": report.detail()}
        if report.name:
            changes["description"] = report.name
        if report.done is not None:
            changes |= {"total": 1.0, "completed": report.done}
        self._change(task, report, changes)

    def _complete(self, task: Any, status: Any) -> None:
        self._change(task, Report(), {"detail": "done", "total": 1.0, "completed": 1.0})

    def _change(self, task: Any, report: Report, changes: dict[str, Any]) -> None:
        with self._lock:
            progress = self._progress
            if progress is not None:
                left_s = report.left_s(progress.tasks[task].elapsed or 0.0)
                progress.update(task, left=f"{left_s:.0f} s left" if left_s else "", **changes)


def _new_progress(console: Any) -> Any:
    from rich.progress import (
        BarColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        TextColumn("{task.fields[detail]}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
        console=console,
        transient=True,
    )


def _takes_time(status: Any) -> bool:
    """Whether the wall's time passes while it is awaited: on its clock, or on a timeline held to that at a speed."""
    clock = getattr(status, "clock", None)
    return clock is None or isinstance(clock, WallClock) or hasattr(clock, "speed")


def _name(status: Any) -> str:
    named = getattr(status, "name", None) or getattr(getattr(status, "device", None), "name", None)
    return str(named or type(status).__name__)


def _distance(a: Any, b: Any) -> float | None:
    """From one number, or position of several axes, to another; None where there is none."""
    try:
        distance = math.dist(a, b) if isinstance(a, Iterable) else abs(float(b) - float(a))
    except (TypeError, ValueError):  # not numbers, or not told
        return None
    return distance if math.isfinite(distance) else None


def _within_unit(part: float) -> float:
    return min(1.0, max(0.0, part))
