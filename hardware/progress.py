"""MoveStatus: a status that says how far a move is, to those who ask."""

from collections.abc import Callable
from typing import Any

from beamtwin.hardware.channel import Reading
from beamtwin.hardware.signals import SignalR
from beamtwin.orchestration.status import Status

__all__ = ["MoveStatus", "Watcher"]

#: Called with ``name``, ``current``, ``initial``, ``target``, ``unit``, ``precision``, ``fraction`` (of the way that is
#: left, as Ophyd has it), ``time_elapsed`` and ``time_remaining`` (in s).
Watcher = Callable[..., object]


class MoveStatus(Status):
    """The end of a move; until then, where it is. Nothing is asked of the motor unless somebody watches.

    Parameters
    ----------
    readback : SignalR[float]
        Where it is.
    target : float
        Where it goes.
    initial : float, optional
        Where it comes from; default: where it is when the first one begins to watch.
    timeout, name
        As of `Status`.
    """

    __slots__ = ("_began", "_end", "_readback", "_watchers", "initial", "target")

    def __init__(
        self,
        readback: SignalR[float],
        target: float,
        initial: float | None = None,
        *,
        timeout: float | None = None,
        name: str = "a move",
    ):
        clock = readback.transport.clock
        super().__init__(clock, timeout=timeout, name=name)
        self.target = target
        self.initial = initial
        self._readback = readback
        self._began = clock.time()
        self._watchers: tuple[Watcher, ...] = ()
        self._end: Callable[[], None] | None = None

    def watch(self, watcher: Watcher) -> None:
        """Call this with where the move is, now and until it ends; see `Watcher`."""
        self._watchers += (watcher,)
        if self._end is None and not self.done:
            self._end = self._readback.readback.subscribe(self._tell)
            self.add_callback(self._ended)

    def _ended(self, _: Status) -> None:
        self._watchers = ()
        if self._end is not None:
            self._end()

    def _tell(self, reading: Reading) -> None:
        if self.done:
            return
        current = self._readback.convert(reading.value)
        if self.initial is None:
            self.initial = current
        metadata = self._readback.metadata
        left = _part(abs(self.target - current), abs(self.target - self.initial))
        elapsed = max(0.0, self.clock.time() - self._began)
        progress: dict[str, Any] = {
            "name": self._readback.name,
            "current": current,
            "initial": self.initial,
            "target": self.target,
            "unit": metadata.units,
            "precision": metadata.precision,
            "fraction": left,
            "time_elapsed": elapsed,
            "time_remaining": None if left == 1.0 else elapsed * left / (1.0 - left),
        }
        for watcher in self._watchers:
            watcher(**progress)


def _part(left: float, whole: float) -> float:
    """From 0 to 1."""
    return min(1.0, left / whole) if whole else 0.0
