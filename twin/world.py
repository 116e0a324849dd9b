"""World: a beamline's records and its physics, bound together.

The records say where everything stands; the optics say what light there is then; detectors ask for it at every
exposure. Nothing else passes between the two.
"""

import hashlib
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, cast

import numpy as np

import beamtwin
from beamtwin.hardware.channel import Transport
from beamtwin.hardware.device import connect
from beamtwin.hardware.signals import SignalR
from beamtwin.twin.beamline import Beamline, BeamlineError
from beamtwin.twin.chain import Irradiance, evaluate, evaluate_job
from beamtwin.twin.clock import PacedClock, SimClock
from beamtwin.twin.database import Database
from beamtwin.twin.description import Description
from beamtwin.twin.detectors.photon_counter import PhotonCounter
from beamtwin.twin.detectors.point_counter import PointCounter
from beamtwin.twin.elements import Detector
from beamtwin.twin.levels.level import FieldCache
from beamtwin.twin.records import MotorRecord, TextRecord
from beamtwin.twin.records.scaler import Counts
from beamtwin.twin.worker import Worker

__all__ = [
    "PROVENANCE_PV",
    "Optics",
    "PixelDetector",
    "World",
    "point_counts",
    "read_provenance",
]

Evaluate = Callable[[Beamline, str, str], "Future[Irradiance]"]


class Optics:
    """The light of a beamline whose parts stand where the records say.

    Parameters
    ----------
    database : Database
        Holds the records that the description's axes name.
    description : Description
    level : str
        One of `beamtwin.twin.chain.LEVELS`.
    evaluate : callable
        Does the physics, here or in another process.
    """

    def __init__(
        self, database: Database, description: Description, level: str, evaluate: Evaluate
    ):
        self._records = database.records
        self._description = description
        self._level = level
        self._evaluate = evaluate

    @property
    def beamline(self) -> Beamline:
        """The beamline as it stands now."""
        records = self._records
        return self._description.beamline_at(
            {pv: cast(MotorRecord, records[pv]).position for pv in self._description.pvs}
        )

    def irradiance(self, plane: str) -> "Future[Irradiance]":
        """The light on a plane, as things stand now."""
        return self._evaluate(self.beamline, plane, self._level)


class PixelDetector:
    """What a camera sees: a `FrameSource` of the light that a counter counts.

    Parameters
    ----------
    optics : Optics
    counter : PhotonCounter
        Its plane is a detector of the beamline.
    noise : numpy.random.Generator, optional
        Of the counting statistics.
    """

    dtype = np.dtype(np.uint32)

    def __init__(
        self, optics: Optics, counter: PhotonCounter, noise: np.random.Generator | None = None
    ):
        detector = optics.beamline.part(counter.plane)
        if not isinstance(detector, Detector):
            raise BeamlineError(f"{counter.name}: its plane {counter.plane!r} is no detector")
        self.shape = (detector.rows, detector.columns)
        self._optics = optics
        self._counter = counter
        self._noise = noise

    def expose(self, duration_s: float) -> "Future[np.ndarray]":
        """Begin an exposure; the light is that of its beginning."""
        return _then(
            self._optics.irradiance(self._counter.plane),
            lambda light: self._counter.counts(light.photons_s, duration_s, self._noise),
        )


def point_counts(
    optics: Optics, counter: PointCounter, noise: np.random.Generator | None = None
) -> Counts:
    """What a scaler's channel counts of the light that a detector without pixels takes in."""

    def counts(duration_s: float) -> list[float]:
        light = optics.irradiance(counter.plane).result()
        return [counter.counts(light.flux_ph_s, duration_s, noise)]

    return counts


class World:
    """A twin: what its records are, and what they were made of. A context: processes end with it.

    Parameters
    ----------
    scenario : str
    clock : SimClock
    description : Description
    level : str
        Of the physics.
    seed : int
        Of the noise.
    noise : bool
        Whether detectors have counting statistics.

    Attributes
    ----------
    database : Database
        The records, and the in-process transport to them.
    optics : Optics
    provenance : dict
        What a run's start document says of the twin that it was made with.
    """

    def __init__(
        self,
        scenario: str,
        clock: SimClock,
        description: Description,
        *,
        level: str,
        seed: int,
        noise: bool,
    ):
        self._worker = Worker()
        self._fields = FieldCache()
        self.database = Database(clock)
        self.database.resources.callback(self._worker.close)
        # SRW holds Python's lock, and any physics would hold up a server: both get a process of their own.
        here = level == "fast" and not isinstance(clock, PacedClock)
        self.optics = Optics(
            self.database, description, level, self._here if here else self._elsewhere
        )
        self.provenance: dict[str, Any] = {
            "target": "twin",
            "scenario": scenario,
            "model": hashlib.sha256(repr(description).encode()).hexdigest(),
            "level": level,
            "seed": seed,
            "noise": noise,
            "epoch": clock.epoch,
            "version": beamtwin.__version__,
        }
        for name, value in self.provenance.items():
            self.database.add(TextRecord(clock, PROVENANCE_PV.format(name), VAL=str(value)))

    def __enter__(self) -> "World":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database, and of the processes that do the physics."""
        self.database.close()

    def _here(self, beamline: Beamline, plane: str, level: str) -> "Future[Irradiance]":
        future: Future[Irradiance] = Future()
        try:
            future.set_result(evaluate(beamline, plane, level, self._fields))
        except Exception as error:
            future.set_exception(error)
        return future

    def _elsewhere(self, beamline: Beamline, plane: str, level: str) -> "Future[Irradiance]":
        return self._worker.submit(evaluate_job, beamline, plane, level)


#: Where a served twin says what it is.
PROVENANCE_PV = "TWIN:{}-I"

_CONVERTED: Mapping[str, Callable[[str], Any]] = {
    "target": str,
    "scenario": str,
    "model": str,
    "level": str,
    "seed": int,
    "noise": lambda text: text == "True",
    "epoch": float,
    "version": str,
}


def read_provenance(transport: Transport) -> dict[str, Any]:
    """What the twin behind a transport says of itself; see `World.provenance`."""
    signals = {name: SignalR(str, transport, PROVENANCE_PV.format(name)) for name in _CONVERTED}
    connect(*signals.values())
    return {name: convert(signals[name].get()) for name, convert in _CONVERTED.items()}


def _then(future: "Future[Any]", function: Callable[[Any], Any]) -> "Future[Any]":
    """The future of what ``function`` makes of a future's result."""
    outcome: Future[Any] = Future()

    def finish(done: "Future[Any]") -> None:
        try:
            outcome.set_result(function(done.result()))
        except Exception as error:
            outcome.set_exception(error)

    future.add_done_callback(finish)
    return outcome
