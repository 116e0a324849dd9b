"""A suspension in the light that CHX delivers: contrast, motion, state."""

from concurrent.futures import Future
from dataclasses import replace
from math import pi

import numpy as np
import pytest
from scipy.optimize import curve_fit

from beamtwin.scenarios.chx_focusing.twin import DESCRIPTION
from beamtwin.twin.beamline import BeamlineError
from beamtwin.twin.chain import evaluate
from beamtwin.twin.clock import SimClock
from beamtwin.twin.description import load_description
from beamtwin.twin.detectors.photon_counter import PhotonCounter
from beamtwin.twin.diagnostics.coherence import Coherence, coherence
from beamtwin.twin.elements import Detector
from beamtwin.twin.levels.level import FieldCache
from beamtwin.twin.noise import stream
from beamtwin.twin.samples.coherence import gaussian_modes
from beamtwin.twin.samples.correlation import g2
from beamtwin.twin.scattering import ScatteringDetector
from beamtwin.twin.workers.evaluator import done

#: Points further apart than speckles, 0.2 mm, so that each says something new.
PATCH = Detector("patch", 64.74, 400e-6, 24, 24, -20.0, -20.0)
COUNTER = PhotonCounter("patch", "patch")


class Light:
    """A beamline that stands still, in this process."""

    def __init__(self, beamline):
        self.beamline = beamline
        self.cache = FieldCache()

    def part(self, name):
        return self.beamline.part(name)

    def irradiance(self, plane) -> Future:
        return done(lambda: evaluate(self.beamline, plane, "modes", self.cache))

    def coherence(self, beamline, plane) -> Future:
        return done(lambda: coherence(beamline, plane, self.cache))


class Quick(Light):
    """By one electron, and of a known coherence."""

    def irradiance(self, plane) -> Future:
        return done(lambda: evaluate(self.beamline, plane, "coherent", self.cache))

    def coherence(self, beamline, plane) -> Future:
        line = np.linspace(-30e-6, 30e-6, 301)
        side = Coherence(line, gaussian_modes(line, 5e-6, 8e-6))
        return done(lambda: (side, side))


@pytest.fixture(scope="module")
def description():
    return load_description(DESCRIPTION)


@pytest.fixture(scope="module")
def light(description):
    elements = tuple(e for e in description.beamline.elements if e.name != "detector")
    return Light(replace(description.beamline, elements=(*elements, PATCH)))


@pytest.fixture(scope="module")
def quick(light):
    return Quick(light.beamline)


def detector(light, description, seed=1, **changes):
    colloid = replace(description.samples["colloid"], **changes)
    clock = SimClock(0.0)
    motion = stream(seed, "colloid")
    return ScatteringDetector(light, COUNTER, colloid, clock, motion), clock


def frames(seen, clock, count, period_s):
    taken = []
    for _ in range(count):
        taken.append(seen.expose(100.0).result().astype(float))
        clock.env.run(until=clock.env.now + period_s)
    return np.array(taken)


@pytest.mark.slow
def test_contrast_is_what_the_beams_coherence_makes_of_it(light, description):
    """Of patterns far apart in time, pixel by pixel, against the product of the global degrees of coherence."""
    seen, clock = detector(light, description)
    series = frames(seen, clock, 40, 10.0)
    relative = series / series.mean(axis=0)
    x, y = coherence(light.beamline, "sample", light.cache)
    expected = x.global_degree * y.global_degree
    assert relative.var() == pytest.approx(expected, rel=0.1)
    assert 0.3 < expected < 0.5


@pytest.mark.slow
def test_g2_gives_back_the_diffusion_constant(light, description):
    """g2 - 1 is the mean over the patch's q of contrast times exp(-2 D q^2 t): within 3 %."""
    colloid = description.samples["colloid"]
    seen, clock = detector(light, description, spheres=400)
    angle = np.arctan(np.hypot.outer(PATCH.y_m, PATCH.x_m) / 16.04)
    q = 4 * pi / light.beamline.wavelength_m * np.sin(angle / 2)
    step_s = 0.1 / (2 * colloid.diffusion_m2_s * np.mean(q**2))
    series = frames(seen, clock, 500, step_s)
    lags = np.arange(1, 12)
    measured = g2(series / series.mean(axis=0), lags) - 1

    def decay(time_s, contrast, constant):
        return contrast * np.exp(
            -2e-12 * constant * np.multiply.outer(time_s, q.ravel() ** 2)
        ).mean(axis=1)

    (_, fitted), _ = curve_fit(decay, lags * step_s, measured, (0.4, 1.0))
    assert fitted * 1e-12 == pytest.approx(colloid.diffusion_m2_s, rel=0.03)


def test_it_goes_on_from_its_state(quick, description):
    first, clock = detector(quick, description)
    frames(first, clock, 2, 0.01)
    other, other_clock = detector(quick, description, seed=9)
    other.restore(first.state())
    other_clock.env.run(until=clock.env.now)
    np.testing.assert_array_equal(first.expose(1.0).result(), other.expose(1.0).result())


def test_planes_must_be_screens(quick, description):
    with pytest.raises(BeamlineError, match="'patch' and 'S3' must be a detector and a screen"):
        detector(quick, description, plane="S3")


def test_where_no_light_is_nobody_asks_for_its_coherence(quick, description):
    closed = Quick(quick.beamline.with_parameters({("S3", "y_gap_m"): 0.0}))
    seen, clock = detector(closed, description)
    assert not frames(seen, clock, 2, 0.01).any()
    closed.beamline = quick.beamline.with_parameters({("photon shutter", "transmission"): 0.0})
    assert not seen.expose(1.0).result().any()


def test_spheres_diffuse_as_stokes_and_einstein_say(description):
    """100 nm in water of 22 degrees: 2.3e-12 m2/s."""
    colloid = description.samples["colloid"]
    assert colloid.diffusion_m2_s == pytest.approx(2.27e-12, rel=0.03)
    thicker = replace(colloid, viscosity_Pa_s=2e-3)
    assert thicker.diffusion_m2_s == pytest.approx(1.08e-12, rel=0.01)
