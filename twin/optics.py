"""Optics: the light of a beamline whose parts stand where its records say, and what detectors count of it."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from beamtwin.orchestration.errors import NotConnectedError
from beamtwin.twin.beamline import Beamline, BeamlineError, Part
from beamtwin.twin.chain import Irradiance
from beamtwin.twin.clock import PacedClock, SimClock
from beamtwin.twin.database import Database
from beamtwin.twin.description import Description
from beamtwin.twin.detectors.photon_counter import PhotonCounter
from beamtwin.twin.detectors.point_counter import PointCounter
from beamtwin.twin.detectors.scintillator_camera import ScintillatorCamera
from beamtwin.twin.elements import Detector
from beamtwin.twin.levels.path import optical_path
from beamtwin.twin.levels.train import route
from beamtwin.twin.records import MotorRecord
from beamtwin.twin.records.scaler import Counts
from beamtwin.twin.workers.evaluator import Coherences

__all__ = ["Evaluate", "LightNow", "Optics", "PixelDetector", "follow", "point_counts", "then"]

Evaluate = Callable[[Beamline, str, str], "Future[Irradiance]"]
Cohere = Callable[[Beamline, str], "Future[Coherences]"]

#: The levels that know one slit and nothing that bends light, and those that need an `[optics.grid]`.
ONE_SLIT = ("fast", "wave")
ON_A_GRID = ("srw", "electrons")


class Optics:
    """The light of a beamline whose parts stand where the records say.

    Parameters
    ----------
    database : Database
        Holds, by the first question at the latest, the records that the description's axes name.
    description : Description
    level : str
        One of `beamtwin.twin.chain.LEVELS`.
    evaluate, coherence : callable
        Do the physics, here or in another process: as an `Evaluator` does.
    """

    def __init__(
        self,
        database: Database,
        description: Description,
        level: str,
        evaluate: Evaluate,
        coherence: Cohere,
    ):
        self._database = database
        self._description = description
        self._level = level
        self._evaluate = evaluate
        self.coherence = coherence
        self._positions: dict[str, Callable[[], float]] = {}
        self._lit = description.beamline
        self._values: dict[tuple[str, str], float] = {}
        self._current = (description.beamline.beam.name, "current_A")

    @property
    def beamline(self) -> Beamline:
        """The beamline as it stands now."""
        lit = self._stand()
        current_A = self._values.get(self._current, lit.beam.current_A)
        return lit.with_parameters({self._current: current_A})

    def part(self, name: str) -> Part:
        """A part of the beamline as it is described; raises BeamlineError, naming those there are."""
        return self._description.beamline.part(name)

    def irradiance(self, plane: str) -> "Future[Irradiance]":
        """The light on a plane, as things stand now."""
        lit = self._stand()
        light = self._evaluate(lit, plane, self._level)
        share = self._values.get(self._current, lit.beam.current_A) / lit.beam.current_A
        return light if share == 1.0 else then(light, partial(_scaled, share))

    def check(self, planes: Iterable[str]) -> None:
        """Raise BeamlineError where the level cannot follow the light to a plane through what now stands in it."""
        lit = self._stand()
        for plane in planes:
            check_level(lit, plane, self._level)

    def _stand(self) -> Beamline:
        """The beamline as it stands, but with the stored current as it is described.

        All light is in proportion to the current: what has been computed of it need not be anew as that decays.
        """
        values = self._read()
        moved = {
            axis: value
            for axis, value in values.items()
            if value != self._values.get(axis) and axis != self._current
        }
        self._lit = self._lit.with_parameters(moved)
        self._values = values
        return self._lit

    def _read(self) -> dict[tuple[str, str], float]:
        """What the axes make of where their PVs are."""
        if not self._positions:
            self._positions = {pv: self._position(pv) for pv in self._description.pvs}
        readings = {pv: position() for pv, position in self._positions.items()}
        axes = self._description.axes
        return {(axis.element, axis.parameter): axis.value(readings) for axis in axes}

    def _position(self, pv: str) -> Callable[[], float]:
        """Says where what a PV stands for is: a motor's stage itself, whatever its dial says."""
        try:
            record, field = self._database.resolve(pv)
        except NotConnectedError as error:
            raise BeamlineError(
                f"an axis of the beamline moves by a PV that is not there: {error}"
            ) from error
        if isinstance(record, MotorRecord) and field == "VAL":
            return lambda: record.position
        return lambda: float(record.read(field).value)


class PixelDetector:
    """What a camera sees: a `FrameSource` of the light that a counter counts.

    Parameters
    ----------
    optics : Optics
    counter : PhotonCounter or ScintillatorCamera
        Its plane is a detector of the beamline.
    noise : numpy.random.Generator, optional
        Of the counting statistics.
    dtype : str
        Of the pixels, as its driver says.
    """

    def __init__(
        self,
        optics: Optics,
        counter: PhotonCounter | ScintillatorCamera,
        noise: np.random.Generator | None = None,
        dtype: str = "<u4",
    ):
        detector = optics.part(counter.plane)
        if not isinstance(detector, Detector):
            raise BeamlineError(f"{counter.name}: its plane {counter.plane!r} is no detector")
        self.shape = (detector.rows, detector.columns)
        self.dtype = np.dtype(dtype)
        self._optics = optics
        self._counter = counter
        self._noise = noise

    def expose(self, duration_s: float) -> "Future[np.ndarray]":
        """Begin an exposure; the light is that of its beginning."""
        return then(
            self._optics.irradiance(self._counter.plane),
            lambda light: self._counter.counts(light.photons_s, duration_s, self._noise),
        )


class LightNow:
    """The light on a plane for what is read at any time: currents, positions.

    In virtual time it is that of now. In real time nobody waits for physics: it is the light that was computed last,
    and None before there was any.
    """

    def __init__(self, optics: Optics, plane: str, clock: SimClock):
        self._optics = optics
        self._plane = plane
        self._waits = not isinstance(clock, PacedClock)
        self._known: Irradiance | None = None
        self._asked: Future[Irradiance] | None = None

    def __call__(self) -> Irradiance | None:
        """The light, as far as it is known."""
        if self._asked is None:
            self._asked = self._optics.irradiance(self._plane)
        if self._waits or self._asked.done():
            asked, self._asked = self._asked, None
            self._known = asked.result()
        return self._known


def check_level(beamline: Beamline, plane: str, level: str) -> None:
    """Raise BeamlineError where a level cannot follow the light to a plane; nothing is computed."""
    if level in ONE_SLIT:
        optical_path(beamline, plane)
        return
    route(beamline, plane)
    if level in ON_A_GRID and beamline.grid is None:
        raise BeamlineError(
            f"the level {level} needs a mesh, and the description has no [optics.grid]: "
            "take modes or coherent"
        )


def point_counts(
    optics: Optics, counter: PointCounter, noise: np.random.Generator | None = None
) -> Counts:
    """What a scaler's channel counts of the light that a detector without pixels takes in."""

    def counts(duration_s: float) -> "Future[Sequence[float]]":
        return then(
            optics.irradiance(counter.plane),
            lambda light: [counter.counts(light.flux_ph_s, duration_s, noise)],
        )

    return counts


def _scaled(share: float, light: Irradiance) -> Irradiance:
    return replace(light, photons_s=light.photons_s * share, flux_ph_s=light.flux_ph_s * share)


def then(future: "Future[Any]", function: Callable[[Any], Any]) -> "Future[Any]":
    """The future of what ``function`` makes of a future's result."""
    outcome: Future[Any] = Future()
    future.add_done_callback(partial(_settle, outcome, lambda done: function(done.result())))
    return outcome


def follow(future: "Future[Any]", ask: Callable[[Any], "Future[Any]"]) -> "Future[Any]":
    """The future of what the future holds that ``ask`` makes of a future's result."""
    outcome: Future[Any] = Future()

    def asked(answer: "Future[Any]") -> None:
        if answer.exception() is not None:
            outcome.set_exception(answer.exception())
        else:
            answer.result().add_done_callback(partial(_settle, outcome, Future.result))

    then(future, ask).add_done_callback(asked)
    return outcome


def _settle(
    outcome: "Future[Any]", function: Callable[["Future[Any]"], Any], done: "Future[Any]"
) -> None:
    """Give a future what a function of a future that is done returns or raises."""
    try:
        outcome.set_result(function(done))
    except Exception as error:
        outcome.set_exception(error)
