"""Prefetch: a dry pass of a plan says which light it will ask for, so that this can be computed before.

The plan runs on a second twin of the same make, where every detector sees nothing: time is virtual and no light is
computed, so an hour's scan takes a second. What is asked for there is what will be asked for in earnest, to the last
bit, as far as the plan does not depend on what it counts.
"""

from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import numpy as np

from beamtwin.orchestration.engine import RunEngine
from beamtwin.orchestration.messages import Msg
from beamtwin.twin.beamline import Beamline
from beamtwin.twin.chain import Irradiance
from beamtwin.twin.elements import Detector
from beamtwin.twin.workers import Coherences, OpticalState, WorkerError
from beamtwin.twin.world import World

__all__ = ["Recorder", "Rehearsal", "optical_states"]

#: A plan that waits for light would go on for ever in the dark.
MOST_EXPOSURES = 10_000


@dataclass(frozen=True)
class Rehearsal:
    """What came of a dry pass."""

    states: tuple[OpticalState, ...]
    """Each once, in the order in which they are asked for."""
    error: Exception | None
    """What ended it before the plan's end: it may have needed light."""


class Recorder:
    """An evaluator that keeps what it is asked for, and answers with darkness.

    Attributes
    ----------
    asked : list of OpticalState
        In order, repetitions too.
    """

    def __init__(self) -> None:
        self.asked: list[OpticalState] = []

    def submit(self, beamline: Beamline, plane: str, level: str) -> "Future[Irradiance]":
        """See `Evaluator.submit`; fails where it has been asked 10,000 times."""
        answer: Future[Irradiance] = Future()
        if len(self.asked) < MOST_EXPOSURES:
            self.asked.append(OpticalState(beamline, plane, level))
            answer.set_result(_darkness(beamline, plane, level))
        else:
            answer.set_exception(
                WorkerError(f"the dry pass ends after {MOST_EXPOSURES:,} exposures")
            )
        return answer

    def coherence(self, beamline: Beamline, plane: str) -> "Future[Coherences]":
        """See `Evaluator.coherence`; darkness has none."""
        answer: Future[Coherences] = Future()
        answer.set_exception(WorkerError(f"{plane}: the dry pass is dark"))
        return answer

    def close(self) -> None:
        """There is nothing to let go of."""


def optical_states(world: World, plan: Iterable[Msg]) -> Rehearsal:
    """The light that a plan will ask for.

    Parameters
    ----------
    world : World
        To be thrown away: of the same make, seed, level and epoch as the one that the plan will run on, and in the same
        state (new, or `World.restore` of the other's snapshot). It lives in virtual time.
    plan : iterable of Msg
        With this world's devices.

    Examples
    --------
    ::

        with make_world(SimClock(world.database.clock.epoch), seed=seed, level=level) as stage:
            devices = make_devices(stage.database, scratch_folder, random_uid)
            devices.connect()
            world.prefetch(optical_states(stage, slit_scan(devices)).states)
    """
    recorder = Recorder()
    world.employ(recorder)
    engine = RunEngine(clock=world.database.clock, context_managers=[])
    engine.register_command("input", _no_answer)
    error: Exception | None = None
    try:
        engine(plan)
    except Exception as failure:
        error = failure
    return Rehearsal(tuple(dict.fromkeys(recorder.asked)), error)


def _no_answer(_: Msg) -> Any:
    """Nobody is asked anything in a dry pass."""
    return ""


def _darkness(beamline: Beamline, plane: str, level: str) -> Irradiance:
    part = beamline.part(plane)
    at_m = (part.x_m, part.y_m) if isinstance(part, Detector) else (np.zeros(1), np.zeros(1))
    return Irradiance(
        photons_s=np.zeros((at_m[1].size, at_m[0].size)),
        x_m=at_m[0],
        y_m=at_m[1],
        flux_ph_s=0.0,
        mesh="none: a dry pass",
        flux_error=0.0,
        pattern_error=0.0,
        level=level,
        cpu_s=0.0,
    )
