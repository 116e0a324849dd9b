"""Scattering: what a pixel detector sees of the light that a suspension scatters.

Flux and coherence of the light on the sample are those that the beamline delivers, so the contrast of the speckle is
too. The direct beam is left to the beam stop, and spheres stand still during an exposure.
"""

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from beamtwin.twin.beamline import Beamline, BeamlineError
from beamtwin.twin.chain import Irradiance
from beamtwin.twin.clock import SimClock
from beamtwin.twin.detectors.photon_counter import PhotonCounter
from beamtwin.twin.elements import Detector
from beamtwin.twin.optics import Optics, follow, then
from beamtwin.twin.samples.colloid import Colloid
from beamtwin.twin.samples.xpcs import BrownianSample
from beamtwin.twin.workers.evaluator import Coherences, done

__all__ = ["ScatteringDetector"]


class ScatteringDetector:
    """A `FrameSource` of scattered light, and the sample behind it, whose state snapshots have.

    Parameters
    ----------
    optics : Optics
    counter : PhotonCounter
        Its plane is a detector of the beamline behind the sample.
    colloid : Colloid
    clock : SimClock
        Spheres diffuse in its time, by exact steps.
    motion : numpy.random.Generator
        Of the spheres.
    noise : numpy.random.Generator, optional
        Of the counting statistics.
    """

    dtype = np.dtype(np.uint32)
    under_way = ""

    def __init__(
        self,
        optics: Optics,
        counter: PhotonCounter,
        colloid: Colloid,
        clock: SimClock,
        motion: np.random.Generator,
        noise: np.random.Generator | None = None,
    ):
        detector, screen = optics.part(counter.plane), optics.part(colloid.plane)
        if not (isinstance(detector, Detector) and isinstance(screen, Detector)):
            raise BeamlineError(
                f"{colloid.name}: {counter.plane!r} and {colloid.plane!r} must be a detector and a screen"
            )
        self.shape = (detector.rows, detector.columns)
        self._optics, self._counter, self._colloid = optics, counter, colloid
        self._detector, self._clock = detector, clock
        self._motion, self._noise = motion, noise
        self._lit: Beamline | None = None
        self._modes: Future[Coherences] | None = None
        self._sample = BrownianSample(
            colloid.suspension,
            screen.z_m,
            count=colloid.spheres,
            box_m=(colloid.x_size_m, colloid.y_size_m, colloid.thickness_m),
            diffusion_m2_s=colloid.diffusion_m2_s,
            noise=motion,
            field=self._field,
        )

    def expose(self, duration_s: float) -> "Future[np.ndarray]":
        """Begin an exposure; light and spheres are those of its beginning."""
        beamline, time_s = self._optics.beamline, self._clock.env.now

        def counted(flux_ph_s: float) -> np.ndarray:
            photons_s = self._sample.photons_s(
                flux_ph_s, self._detector, beamline.photon_energy_eV, time_s
            )
            return self._counter.counts(photons_s, duration_s, self._noise)

        def lit(light: Irradiance) -> "Future[np.ndarray]":
            if not light.flux_ph_s:
                return done(partial(counted, 0.0))
            return then(self._look(beamline), lambda _: counted(light.flux_ph_s))

        return follow(self._optics.irradiance(self._colloid.plane), lit)

    def state(self) -> dict[str, Any]:
        """Where the spheres are, and how far their stream has been drawn from."""
        return {"sample": self._sample.state(), "motion": self._motion.bit_generator.state}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on where another was."""
        self._sample.restore(state["sample"])
        self._motion.bit_generator.state = state["motion"]

    def _look(self, beamline: Beamline) -> "Future[Coherences]":
        """Have the coherent modes of the light as it is, whatever the current: it has no part in them."""
        lit = replace(beamline, beam=replace(beamline.beam, current_A=1.0))
        if self._modes is None or lit != self._lit:
            self._modes = self._optics.coherence(lit, self._colloid.plane)
            self._lit = lit
        return self._modes

    def _field(self, positions_m: np.ndarray) -> np.ndarray:
        """The products of the horizontal and the vertical modes, at the spheres."""
        if self._modes is None:
            raise BeamlineError(f"{self._colloid.name}: no light has been looked at yet")
        x, y = (side.at(positions_m[:, axis]) for axis, side in enumerate(self._modes.result()))
        return (x[:, np.newaxis] * y[np.newaxis]).reshape(-1, len(positions_m))
