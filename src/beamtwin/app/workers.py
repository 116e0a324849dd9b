"""Who computes the twin's light, as the command line says it, and what of it is ready before a plan begins."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from rich.console import Console

from beamtwin.app.options import UsageError
from beamtwin.app.progress import progress_bar
from beamtwin.orchestration.clock import WallClock
from beamtwin.orchestration.documents import random_uid
from beamtwin.orchestration.messages import Msg
from beamtwin.scenarios.scenario import Scenario
from beamtwin.twin.clock import SimClock

if TYPE_CHECKING:
    from beamtwin.twin.prefetch import Rehearsal
    from beamtwin.twin.world import World

__all__ = ["Workers", "prefetch"]


@dataclass(frozen=True)
class Workers:
    """What the command line says of them."""

    processes: int = 1
    dask: str | None = None
    """The address of a Dask scheduler, whose workers compute instead."""
    cache: Path | None = None
    """A folder of wavefronts, which processes share."""

    @property
    def parallel(self) -> bool:
        """Whether more than one state can be computed at a time."""
        return self.processes > 1 or self.dask is not None

    def check_target(self, target: str) -> None:
        """Raise UsageError where options are given for a twin that is not in this process."""
        if self != Workers() and target != "twin":
            raise UsageError(
                f"--workers, --dask, --cache: the target is {target}, whose light is not computed here; "
                "give them to `beamtwin ioc`"
            )

    def employ(self, world: "World") -> None:
        """Have them do a world's physics; without options, it does as it likes.

        Raises
        ------
        UsageError
            For two kinds of workers at once.
        WorkerError
            Where the cluster cannot be reached.
        CacheError
            Where the folder cannot be used.
        """
        from beamtwin.twin.workers import DaskEvaluator, Lights, WorkerPool

        if self.dask is not None and self.processes > 1:
            raise UsageError(
                f"--workers {self.processes} are on this machine, --dask {self.dask} has its own: choose one of them"
            )
        if self.dask is not None:
            world.employ(Lights(DaskEvaluator(self.dask, self.cache)))
        elif self != Workers():
            world.employ(Lights(WorkerPool(self.processes, self.cache)))


def prefetch(
    console: Console,
    scenario: Scenario,
    world: "World",
    plan: Callable[[Any], Iterable[Msg]],
) -> None:
    """Have the light ready that a plan will ask a world for.

    Parameters
    ----------
    world : World
        As new: nothing has happened there yet.
    plan : callable
        Makes the plan, with the scenario's devices.
    """
    wall = WallClock()
    began_s = wall.time()
    rehearsal = _rehearse(scenario, world, plan)
    with progress_bar(console) as bar:
        task = bar.add_task("light", total=len(rehearsal.states))
        ready = world.prefetch(
            rehearsal.states, lambda done, total: bar.update(task, completed=done, total=total)
        )
    console.print(
        f"{ready} of {len(rehearsal.states)} lights ready after {wall.time() - began_s:.1f} s",
        highlight=False,
    )
    if rehearsal.error is not None:
        console.print(
            f"[yellow]the dry pass ended before the plan: {rehearsal.error!r}[/]", soft_wrap=True
        )


def _rehearse(
    scenario: Scenario, world: "World", plan: Callable[[Any], Iterable[Msg]]
) -> "Rehearsal":
    from beamtwin.twin.prefetch import optical_states

    made = {key: world.provenance[key] for key in ("level", "seed", "noise")}
    clock = SimClock(world.database.clock.epoch)
    with TemporaryDirectory() as scratch, scenario.world(clock, **made) as stage:
        devices = scenario.devices(stage.database, Path(scratch), random_uid)
        devices.connect(*scenario.needs)
        return optical_states(stage, plan(devices))
