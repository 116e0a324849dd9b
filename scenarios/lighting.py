"""Lighting: binds the detectors that a beamline declares to the light that its optics deliver."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from beamtwin.hardware.areadetector import EigerDetector, ProsilicaDetector
from beamtwin.hardware.electrometer import XBPM
from beamtwin.hardware.registry import Entry
from beamtwin.hardware.scaler import Scaler
from beamtwin.orchestration.errors import DeclarationError
from beamtwin.twin.areadetector import Camera, EigerDriver, ProsilicaDriver
from beamtwin.twin.counterparts.detectors import build_xbpm
from beamtwin.twin.description import Description
from beamtwin.twin.detectors.photon_counter import PhotonCounter
from beamtwin.twin.detectors.point_counter import PointCounter
from beamtwin.twin.detectors.scintillator_camera import ScintillatorCamera
from beamtwin.twin.detectors.xbpm import Xbpm
from beamtwin.twin.noise import stream
from beamtwin.twin.optics import LightNow, PixelDetector, point_counts
from beamtwin.twin.records import ScalerRecord
from beamtwin.twin.scattering import ScatteringDetector
from beamtwin.twin.world import World

__all__ = ["light_detectors"]

Bind = Callable[[World, Description, Entry, Any], None]


def light_detectors(
    world: World, description: Description, entries: Mapping[str, Entry], seen: Mapping[str, str]
) -> None:
    """Add the records of the detectors that see the light, and check that the world's level can follow it.

    Parameters
    ----------
    seen : mapping of str to str
        By device: the description's counter that says what it makes of the light.

    Raises
    ------
    DeclarationError
        For a device whose class is bound to no counter.
    BeamlineError
        Where the level does not know something that stands in the light.
    """
    for name, counter in seen.items():
        entry = entries[name]
        if entry.cls not in BINDINGS:
            known = ", ".join(cls.__name__ for cls in BINDINGS)
            raise DeclarationError(
                f"{name}: a {entry.cls.__name__} cannot see the light; there are {known}"
            )
        kind, bind = BINDINGS[entry.cls]
        bind(world, description, entry, description.counter(counter, kind))


def _bind_eiger(
    world: World, description: Description, entry: Entry, counter: PhotonCounter
) -> None:
    """It sees the light itself, or what a sample in it scatters."""
    noise, database = world.stream(counter.name), world.database
    if not description.samples:
        frames = PixelDetector(world.optics, counter, noise)
    else:
        (colloid,) = description.samples.values()
        motion = world.stream(colloid.name) or stream(0, colloid.name)
        frames = ScatteringDetector(world.optics, counter, colloid, database.clock, motion, noise)
        database.models[colloid.name] = frames
    Camera(database, entry.prefix, frames, driver=EigerDriver)


def _bind_camera(
    world: World, description: Description, entry: Entry, counter: ScintillatorCamera
) -> None:
    frames = PixelDetector(world.optics, counter, world.stream(counter.name), dtype="|u1")
    Camera(world.database, entry.prefix, frames, driver=ProsilicaDriver)


def _bind_scaler(
    world: World, description: Description, entry: Entry, counter: PointCounter
) -> None:
    """Its channel 2 counts."""
    counts = point_counts(world.optics, counter, world.stream(counter.name))
    label = entry.arguments["channels"][2]
    world.database.add(
        ScalerRecord(world.database.clock, entry.prefix, counts, NM1="time", NM2=label)
    )


def _bind_xbpm(world: World, description: Description, entry: Entry, monitor: Xbpm) -> None:
    light_now = LightNow(world.optics, monitor.plane, world.database.clock)

    def currents() -> Sequence[float]:
        """In the order of a square quadEM: upper left, then clockwise, seen against the light."""
        light = light_now()
        if light is None:
            return (0.0,) * 4
        quadrants = monitor.currents_A(light.photons_s, light.x_m, light.y_m)
        return tuple(quadrants[index] for index in (1, 0, 3, 2))

    device = entry.cls(entry.prefix, entry.name, world.database)
    settings = {"currents": currents, "scale": monitor.x_scale_m * 1e3}
    build_xbpm(device, world.database, settings)


#: By device class: the counter that describes it, and what binds the two.
BINDINGS: Mapping[type, tuple[type, Bind]] = {
    EigerDetector: (PhotonCounter, _bind_eiger),
    ProsilicaDetector: (ScintillatorCamera, _bind_camera),
    Scaler: (PointCounter, _bind_scaler),
    XBPM: (Xbpm, _bind_xbpm),
}
