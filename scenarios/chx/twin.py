"""CHX's twin: records under the beamline's PV names, bound to its optics."""

from pathlib import Path

import numpy as np

from beamtwin.scenarios.chx.devices import PREFIXES
from beamtwin.twin.areadetector import Camera
from beamtwin.twin.clock import SimClock
from beamtwin.twin.description import load_description
from beamtwin.twin.detectors.photon_counter import PhotonCounter
from beamtwin.twin.detectors.point_counter import PointCounter
from beamtwin.twin.noise import stream
from beamtwin.twin.records import MotorRecord, ScalerRecord
from beamtwin.twin.world import PixelDetector, World, point_counts

__all__ = ["make_world"]

DESCRIPTION = Path(__file__).parent / "beamline.toml"

#: A slit blade's motor record, and where it stands at first: S2 is open 10 x 10 µm.
BLADE = {
    "EGU": "mm",
    "PREC": 5,
    "MRES": 1e-5,
    "VELO": 0.5,
    "ACCL": 0.1,
    "HLM": 3.0,
    "LLM": -3.0,
}
BLADES = {
    "T": ("top", 0.005),
    "B": ("bottom", -0.005),
    "O": ("outboard", 0.005),
    "I": ("inboard", -0.005),
}


def make_world(clock: SimClock, *, level: str = "fast", seed: int = 0, noise: bool = True) -> World:
    """CHX as a twin.

    Parameters
    ----------
    clock : SimClock
    level : str
        ``fast``: closed forms; ``wave``: SRW.
    seed : int
        Of the detectors' noise.
    noise : bool
        Whether detectors have counting statistics.
    """
    description = load_description(DESCRIPTION)
    world = World("chx", clock, description, level=level, seed=seed, noise=noise)
    database, optics = world.database, world.optics
    for axis, (side, position) in BLADES.items():
        name = f"{PREFIXES['s2']}-Ax:{axis}}}Mtr"
        database.add(MotorRecord(clock, name, VAL=position, DESC=f"S2 {side} blade", **BLADE))

    def noise_of(name: str) -> np.random.Generator | None:
        return stream(seed, name) if noise else None

    eiger = PixelDetector(optics, description.counter("Eig4M", PhotonCounter), noise_of("Eig4M"))
    Camera(database, PREFIXES["eiger4m"], eiger, manufacturer="DECTRIS", model="Eiger 4M")
    diode = description.counter("diode", PointCounter)
    database.add(
        ScalerRecord(
            clock,
            PREFIXES["scaler"],
            point_counts(optics, diode, noise_of("diode")),
            NM1="time",
            NM2="s2_flux",
        )
    )
    return world
