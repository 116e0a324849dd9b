"""CHX's twin: records under the beamline's PV names, bound to its optics."""

from pathlib import Path

from beamtwin.scenarios.chx.devices import chx_registry
from beamtwin.twin.areadetector import Camera, EigerDriver
from beamtwin.twin.clock import SimClock
from beamtwin.twin.counterparts.derived import SampledRecord
from beamtwin.twin.description import Description, load_description
from beamtwin.twin.detectors.photon_counter import PhotonCounter
from beamtwin.twin.detectors.point_counter import PointCounter
from beamtwin.twin.optics import PixelDetector, point_counts
from beamtwin.twin.plants.ring import StoredCurrent
from beamtwin.twin.records import ScalerRecord
from beamtwin.twin.world import World

__all__ = ["DESCRIPTION", "make_world"]

DESCRIPTION = Path(__file__).parent / "beamline.toml"


def make_world(clock: SimClock, *, level: str = "fast", seed: int = 0, noise: bool = True) -> World:
    """CHX as a twin.

    Parameters
    ----------
    clock : SimClock
    level : str
        ``fast``: closed forms; ``wave``: SRW.
    seed : int
        Of all that fluctuates.
    noise : bool
        Whether anything does: detectors have counting statistics, and the stored current decays.
    """
    description = load_description(DESCRIPTION)
    world = World(
        "chx",
        clock,
        description,
        registry=chx_registry(),
        level=level,
        seed=seed,
        noise=noise,
    )
    _add_ring(world, noise)
    _add_detectors(world, description)
    world.populate()
    return world


def _add_ring(world: World, noise: bool) -> None:
    entry = chx_registry()["ring_current"]
    stored = StoredCurrent(**entry.twin)
    if not noise:
        stored = StoredCurrent(stored.current_mA)
    clock = world.database.clock
    world.database.add(
        SampledRecord(clock, entry.prefix, lambda: stored.at(clock.env.now), EGU="mA", PREC=3)
    )


def _add_detectors(world: World, description: Description) -> None:
    """Those that see the light."""
    registry, database, optics = chx_registry(), world.database, world.optics
    counter = description.counter("Eig4M", PhotonCounter)
    eiger = PixelDetector(optics, counter, world.stream("Eig4M"))
    Camera(database, registry["eiger4m"].prefix, eiger, driver=EigerDriver)
    diode = description.counter("diode", PointCounter)
    database.add(
        ScalerRecord(
            database.clock,
            registry["scaler"].prefix,
            point_counts(optics, diode, world.stream("diode")),
            NM1="time",
            NM2="s2_flux",
        )
    )
