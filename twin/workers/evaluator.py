"""What all who do the physics have in common."""

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import NamedTuple, Protocol, TypeVar

from beamtwin.twin.beamline import Beamline
from beamtwin.twin.chain import Irradiance, evaluate
from beamtwin.twin.diagnostics.coherence import Coherence, coherence
from beamtwin.twin.levels.level import FieldCache

__all__ = ["Coherences", "Evaluator", "Here", "OpticalState", "done"]

T = TypeVar("T")

#: Horizontal and vertical.
Coherences = tuple[Coherence, Coherence]


class OpticalState(NamedTuple):
    """What light on a plane depends on: equal states have the same bits."""

    beamline: Beamline
    plane: str
    level: str

    def __str__(self) -> str:
        return f"light on {self.plane} at level {self.level}"


class Evaluator(Protocol):
    """Does the physics, sooner or later."""

    def submit(self, beamline: Beamline, plane: str, level: str) -> "Future[Irradiance]":
        """Have `beamtwin.twin.chain.evaluate` called; its errors are the future's."""
        ...

    def coherence(self, beamline: Beamline, plane: str) -> "Future[Coherences]":
        """Have `beamtwin.twin.diagnostics.coherence.coherence` called; its errors are the future's."""
        ...

    def close(self) -> None:
        """Let go of its processes; idempotent."""
        ...


class Here:
    """Evaluates at once, in the thread that asks."""

    def __init__(self) -> None:
        self._fields = FieldCache()

    def submit(self, beamline: Beamline, plane: str, level: str) -> "Future[Irradiance]":
        """See `Evaluator.submit`."""
        return done(partial(evaluate, beamline, plane, level, self._fields))

    def coherence(self, beamline: Beamline, plane: str) -> "Future[Coherences]":
        """See `Evaluator.coherence`."""
        return done(partial(coherence, beamline, plane, self._fields))

    def close(self) -> None:
        """There is nothing to let go of."""


def done(function: Callable[[], T]) -> "Future[T]":
    """What a function returns or raises, at once."""
    future: Future[T] = Future()
    try:
        future.set_result(function())
    except Exception as error:
        future.set_exception(error)
    return future
