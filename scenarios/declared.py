"""A scenario of nothing but a registry's file: its devices, and a twin without physics."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from beamtwin.hardware.channel import Transport
from beamtwin.hardware.registry import Devices, Registry, load_registry
from beamtwin.scenarios.scenario import Scenario, ScenarioError
from beamtwin.twin.clock import SimClock
from beamtwin.twin.world import World

if TYPE_CHECKING:
    from beamtwin.databroker.compare.comparison import Comparison
    from beamtwin.databroker.run import Run

__all__ = ["scenario_of"]


def scenario_of(path: Path) -> Scenario:
    """What the command line can do with the devices that a file declares.

    Raises
    ------
    RegistryError
        Where the file has mistakes.
    """
    registry = load_registry(path)
    return Scenario(
        name=path.stem,
        title=str(path),
        registry=lambda: registry,
        devices=partial(_devices, registry),
        world=partial(_world, path.stem, registry),
        plans={},
        compare_runs=_compare,
    )


def _devices(
    registry: Registry, transport: Transport, directory: Path, new_uid: Callable[[], str]
) -> Devices:
    return registry.make(transport, directory=directory, uid=new_uid)


def _world(
    name: str,
    registry: Registry,
    clock: SimClock,
    *,
    level: str = "fast",
    seed: int = 0,
    noise: bool = True,
) -> World:
    world = World(name, clock, registry=registry, level=level, seed=seed, noise=noise)
    world.populate()
    return world


def _compare(measured: "Run", simulated: "Run") -> "Comparison":
    raise ScenarioError(
        "only the runs of a scenario can be compared, and a registry's file is none"
    )
