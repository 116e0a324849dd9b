"""CHX's twin: records under the beamline's PV names, bound to its optics."""

from collections.abc import Mapping
from pathlib import Path

from beamtwin.hardware.registry import Registry
from beamtwin.scenarios.chx.devices import chx_registry
from beamtwin.scenarios.lighting import light_detectors
from beamtwin.twin.clock import SimClock
from beamtwin.twin.counterparts.derived import SampledRecord
from beamtwin.twin.description import load_description
from beamtwin.twin.plants.ring import StoredCurrent
from beamtwin.twin.world import World

__all__ = ["DESCRIPTION", "build_world", "make_world"]

DESCRIPTION = Path(__file__).parent / "beamline.toml"

#: The devices that see the light, and the description's counters that say how.
SEEN = {"eiger4m": "Eig4M", "scaler": "diode"}


def make_world(clock: SimClock, *, level: str = "fast", seed: int = 0, noise: bool = True) -> World:
    """CHX as a twin.

    Parameters
    ----------
    clock : SimClock
    level : str
        One of `beamtwin.twin.chain.LEVELS`.
    seed : int
        Of all that fluctuates.
    noise : bool
        Whether anything does: detectors have counting statistics, and the stored current decays.
    """
    return build_world(
        "chx", clock, DESCRIPTION, chx_registry(), SEEN, level=level, seed=seed, noise=noise
    )


def build_world(
    name: str,
    clock: SimClock,
    path: Path,
    registry: Registry,
    seen: Mapping[str, str],
    *,
    level: str,
    seed: int,
    noise: bool,
) -> World:
    """A set-up of the beamline as a twin, from its description and its registry.

    Parameters
    ----------
    path : path
        Of the optics' description.
    seen : mapping of str to str
        The devices that see the light, and the description's counters that say how.

    Raises
    ------
    BeamlineError
        Where the level cannot follow the light through what stands in it.
    """
    description = load_description(path)
    world = World(name, clock, description, registry=registry, level=level, seed=seed, noise=noise)
    _add_ring(world, registry, noise)
    light_detectors(world, description, registry, seen)
    world.populate()
    world.optics.check(description.counters[counter].plane for counter in seen.values())
    return world


def _add_ring(world: World, registry: Registry, noise: bool) -> None:
    entry = registry["ring_current"]
    stored = StoredCurrent(**entry.twin)
    if not noise:
        stored = StoredCurrent(stored.current_mA)
    clock = world.database.clock
    world.database.add(
        SampledRecord(clock, entry.prefix, lambda: stored.at(clock.env.now), EGU="mA", PREC=3)
    )
