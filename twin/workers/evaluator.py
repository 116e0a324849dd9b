"""What all who do the physics have in common."""

from concurrent.futures import Future
from typing import NamedTuple, Protocol

from beamtwin.twin.beamline import Beamline
from beamtwin.twin.chain import Irradiance, evaluate
from beamtwin.twin.levels.level import FieldCache

__all__ = ["Evaluator", "Here", "OpticalState"]


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

    def close(self) -> None:
        """Let go of its processes; idempotent."""
        ...


class Here:
    """Evaluates at once, in the thread that asks."""

    def __init__(self) -> None:
        self._fields = FieldCache()

    def submit(self, beamline: Beamline, plane: str, level: str) -> "Future[Irradiance]":
        """See `Evaluator.submit`."""
        future: Future[Irradiance] = Future()
        try:
            future.set_result(evaluate(beamline, plane, level, self._fields))
        except Exception as error:
            future.set_exception(error)
        return future

    def close(self) -> None:
        """There is nothing to let go of."""
