"""World: a beamline's records and its physics, bound together.

The records say where everything stands; the optics say what light there is then; detectors ask for it at every
exposure. Nothing else passes between the two.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from typing import Any

import numpy as np

import beamtwin
from beamtwin.hardware.registry import Registry
from beamtwin.twin import state
from beamtwin.twin.beamline import Beamline, BeamlineError
from beamtwin.twin.chain import Irradiance
from beamtwin.twin.clock import PacedClock, SimClock
from beamtwin.twin.counterparts.twin import populate_registry
from beamtwin.twin.database import Database
from beamtwin.twin.description import Description
from beamtwin.twin.noise import Streams, stream
from beamtwin.twin.optics import Optics
from beamtwin.twin.provenance import add_provenance, model_of
from beamtwin.twin.workers import Coherences, Evaluator, Here, Lights, OpticalState, WorkerPool

__all__ = ["World"]


class World:
    """A twin: what its records are, and what they were made of. A context: processes end with it.

    Parameters
    ----------
    scenario : str
    clock : SimClock
    description : Description, optional
        Of the optics; without one, the twin has none.
    registry : Registry, optional
        Of the devices; their records come with `populate`.
    level : str
        Of the physics.
    seed : int
        Of all that fluctuates.
    noise : bool
        Whether anything does: counting statistics, the stored current, stages.

    Attributes
    ----------
    database : Database
        The records, and the in-process transport to them.
    evaluator : Evaluator
        Who does the physics: this process for closed forms in virtual time, else one beside it; or see `employ`.
    provenance : dict
        What a run's start document says of the twin that it was made with.
    streams : Streams or None
        The random streams that are drawn from; None where nothing fluctuates.
    """

    def __init__(
        self,
        scenario: str,
        clock: SimClock,
        description: Description | None = None,
        *,
        registry: Registry | None = None,
        level: str = "fast",
        seed: int = 0,
        noise: bool = True,
    ):
        self._registry = registry
        self.streams = Streams(seed) if noise else None
        self.database = Database(clock)
        self.database.resources.callback(self._close_evaluator)
        self.evaluator: Evaluator = self._evaluator(level)
        self._optics = (
            None
            if description is None
            else Optics(self.database, description, level, self._evaluate, self._coherence)
        )
        self.provenance: dict[str, Any] = {
            "target": "twin",
            "scenario": scenario,
            "model": model_of(description, registry),
            "level": level,
            "seed": seed,
            "noise": noise,
            "epoch": clock.epoch,
            "version": beamtwin.__version__,
        }
        add_provenance(self.database, self.provenance)

    def __enter__(self) -> "World":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def optics(self) -> Optics:
        """Its light; raises BeamlineError where it has no optics."""
        if self._optics is None:
            raise BeamlineError(f"{self.provenance['scenario']}: this twin has no optics")
        return self._optics

    def stream(self, name: str) -> np.random.Generator | None:
        """The random stream of one source of noise, the same each time; None where nothing fluctuates."""
        return None if self.streams is None else stream(self.streams, name)

    def populate(self) -> None:
        """Add records for all that the registry declares and the database does not have yet."""
        if self._registry is not None:
            populate_registry(self.database, self._registry, seed=self.streams)

    def employ(self, evaluator: Evaluator) -> None:
        """Have another do the physics from now on; it is closed with the world."""
        self.evaluator.close()
        self.evaluator = evaluator

    def prefetch(
        self,
        states: Iterable[OpticalState],
        on_light: Callable[[int, int], object] = lambda done, total: None,
    ) -> int:
        """Have light ready before a plan asks for it; see `Lights.prefetch` and `beamtwin.twin.prefetch`."""
        if not isinstance(self.evaluator, Lights):
            self.evaluator = Lights(self.evaluator)
        return self.evaluator.prefetch(states, on_light)

    def snapshot(self) -> dict[str, Any]:
        """All that tells this world from one that is new, as JSON can hold it; see `beamtwin.twin.state`."""
        return state.snapshot(self.database, self.streams, self.provenance)

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Make a new world of the same make go on where another was; see `beamtwin.twin.state`."""
        state.restore(self.database, self.streams, self.provenance, snapshot)

    def close(self) -> None:
        """Let go of the database, and of the processes that do the physics."""
        self.database.close()

    def _evaluator(self, level: str) -> Evaluator:
        # SRW holds Python's lock, and any physics would hold up a server: both get a process of their own.
        here = level == "fast" and not isinstance(self.database.clock, PacedClock)
        return Here() if here else WorkerPool()

    def _close_evaluator(self) -> None:
        self.evaluator.close()

    def _evaluate(self, beamline: Beamline, plane: str, level: str) -> "Future[Irradiance]":
        return self.evaluator.submit(beamline, plane, level)

    def _coherence(self, beamline: Beamline, plane: str) -> "Future[Coherences]":
        return self.evaluator.coherence(beamline, plane)
