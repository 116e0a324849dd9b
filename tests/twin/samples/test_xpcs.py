"""A suspension at the end of a beamline: absolute light, time, state, counts."""

import numpy as np
import pytest

from beamtwin.orchestration.errors import LimitsError
from beamtwin.twin.detectors.modules import eiger
from beamtwin.twin.elements import Detector
from beamtwin.twin.noise import stream
from beamtwin.twin.samples.coherence import gaussian_modes
from beamtwin.twin.samples.suspension import Suspension
from beamtwin.twin.samples.xpcs import BrownianSample

SUSPENSION = Suspension(100e-9, 0.01, 1e-3)
BOX = (10e-6, 10e-6, 1e-3)
EIGER = Detector("eiger", 64.74, 75e-6, 2070, 2167, 1126.0, 1209.0)
PATCH = Detector("patch", 64.74, 300e-6, 60, 60, -40.0, -60.0)


def sample(seed: int = 1, count: int = 200, **more) -> BrownianSample:
    return BrownianSample(
        SUSPENSION,
        48.7,
        count=count,
        box_m=BOX,
        diffusion_m2_s=2.45e-12,
        noise=stream(seed, "sample"),
        **more,
    )


def test_light_is_the_suspensions_on_average():
    """Many patterns, far apart in time, against the absolute cross-section."""
    moving = sample()
    light = np.mean([moving.photons_s(1e11, PATCH, 9650.0, 10.0 * n) for n in range(100)], axis=0)
    mean = 1e11 * SUSPENSION.scattered_fraction(PATCH.x_m, PATCH.y_m, PATCH.pixel_m, 16.04, 9650.0)
    assert light.shape == (60, 60)
    assert light.sum() == pytest.approx(mean.sum(), rel=0.02)
    assert np.std(light / mean) == pytest.approx(0.1, rel=0.1)  # of 100 exponential values


def test_spheres_stand_still_where_no_time_passes():
    moving = sample()
    first = moving.photons_s(1e11, PATCH, 9650.0, 5.0)
    np.testing.assert_array_equal(first, moving.photons_s(1e11, PATCH, 9650.0, 5.0))
    later = moving.photons_s(1e11, PATCH, 9650.0, 6.0)
    q_mean = SUSPENSION.scattered_fraction(PATCH.x_m, PATCH.y_m, PATCH.pixel_m, 16.04, 9650.0)
    assert abs(np.corrcoef((first / q_mean).ravel(), (later / q_mean).ravel())[0, 1]) < 0.1
    with pytest.raises(LimitsError, match="5 s lies before 6 s"):
        moving.photons_s(1e11, PATCH, 9650.0, 5.0)


def test_another_goes_on_from_its_state():
    noise = stream(4, "sample")
    first = sample()
    first.photons_s(1e11, PATCH, 9650.0, 1.0)
    other = sample(seed=2)
    other.restore(first.state())
    first._noise, other._noise = noise, stream(4, "sample")
    np.testing.assert_array_equal(
        first.photons_s(1e11, PATCH, 9650.0, 1.5), other.photons_s(1e11, PATCH, 9650.0, 1.5)
    )


def test_partial_coherence_lowers_the_contrast():
    def field(positions):
        return gaussian_modes(positions[:, 0], 3e-6, 0.5e-6)

    full, partial = (
        sample(count=400, **more).photons_s(1e11, PATCH, 9650.0, 0.0)
        for more in ({}, {"field": field})
    )
    assert partial.var() / partial.mean() ** 2 < 0.5 * full.var() / full.mean() ** 2


def test_whole_eiger_frame_of_1000_spheres():
    moving = sample(count=1000)
    counter = eiger("4M", "Eig4M", "eiger", 9650.0)
    light = moving.photons_s(1e11, EIGER, 9650.0, 1.0)
    counts = counter.counts(light, 1e-3, stream(1, "Eig4M"))
    assert counts.shape == (2167, 2070)
    seen = counter.mask(counts.shape) == 0
    expected = counter.quantum_efficiency * 1e-3 * float(light[seen].sum())
    assert counts.sum() == pytest.approx(expected, abs=5 * np.sqrt(expected))


def test_detector_before_the_sample_is_refused():
    with pytest.raises(LimitsError, match="distance_m = -8"):
        sample().photons_s(1e11, Detector("d", 40.7, 75e-6, 9, 9, 4.0, 4.0), 9650.0, 0.0)
    with pytest.raises(LimitsError, match="flux_ph_s = nan"):
        sample().photons_s(np.nan, PATCH, 9650.0, 0.0)
