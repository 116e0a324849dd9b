"""The integrating camera: gain and noise by photon transfer, spread, full well, digits."""

import numpy as np
import pytest
from scipy.special import ndtr

from beamtwin.orchestration.errors import LimitsError
from beamtwin.twin.detectors.point_spread import PointSpread
from beamtwin.twin.detectors.scintillator_camera import Gain, ScintillatorCamera
from beamtwin.twin.noise import stream

CAMERA = ScintillatorCamera("pco", "detector", electrons_per_photon=5.0)


def test_without_noise_counts_are_the_rounded_mean():
    """100 photons of 5 electrons at 0.46 electrons/count over an offset of 100."""
    counts = CAMERA.counts(np.array([[0.0, 50.0]]), 2.0)
    assert counts.dtype == np.uint16
    np.testing.assert_array_equal(counts, [[100, 100 + round(500 / 0.46)]])


def test_photon_transfer():
    """Variance over mean: one for the amplifier, and the electrons that a photon makes, over electrons per count."""
    light = np.full((600, 600), 200.0)
    counts = CAMERA.counts(light, 1.0, stream(1, "pco")).astype(float) - 100
    electrons = counts * 0.46
    assert electrons.mean() == pytest.approx(1000.0, rel=1e-3)
    assert electrons.var() == pytest.approx(1000.0 * (1 + 5.0) + 1.6**2, rel=0.01)


def test_dark_frame_has_offset_dark_current_and_read_noise():
    camera = ScintillatorCamera(
        "pco", "detector", 5.0, gain="low noise", dark_current_e_s=0.5, offset=400.0
    )
    dark = camera.counts(np.zeros((500, 500)), 10.0, stream(2, "pco")).astype(float)
    assert dark.mean() == pytest.approx(400 + 5.0 / 0.03, rel=1e-3)
    assert dark.std() == pytest.approx(np.sqrt(5.0 + 1.2**2) / 0.03, rel=0.01)


def test_full_well_and_digits_end_the_scale():
    light = np.array([[1e9]])
    assert CAMERA.counts(light, 1.0)[0, 0] == 100 + round(30_000 / 0.46)
    assert ScintillatorCamera("p", "d", 5.0, bits=12).counts(light, 1.0)[0, 0] == 4095
    deep = ScintillatorCamera("p", "d", 5.0, gains={"one": Gain(0.1, 1e9)}, gain="one")
    assert deep.counts(light, 1.0, stream(1, "p"))[0, 0] == 65535


def test_edge_spreads_into_an_error_function():
    edge = np.zeros((40, 80))
    edge[:, 40:] = 1.0
    seen = PointSpread((3.0,)).spread(edge)[20, 25:55]
    exact = ndtr((np.arange(25, 55) - 39.5) / 3.0)
    np.testing.assert_allclose(seen, exact, atol=2e-3)


def test_spread_keeps_the_light_and_adds_variances():
    point = np.zeros((101, 101))
    point[50, 50] = 1e4
    seen = PointSpread((0.0, 2.0, 6.0), (0.5, 0.4, 0.1)).spread(point)
    assert seen.sum() == pytest.approx(1e4, rel=1e-6)
    assert seen[50, 50] > 5e3
    offset = np.arange(101) - 50
    variance = (seen.sum(axis=0) * offset**2).sum() / 1e4
    assert variance == pytest.approx(0.4 * 4 + 0.1 * 36, rel=0.01)


def test_spread_makes_neighbours_share_their_noise():
    camera = ScintillatorCamera("p", "d", 50.0, point_spread=PointSpread((1.0,)))
    frame = camera.counts(np.full((300, 300), 50.0), 1.0, stream(3, "p")).astype(float)
    correlation = np.corrcoef(frame[:, :-1].ravel(), frame[:, 1:].ravel())[0, 1]
    assert 0.5 < correlation < np.exp(-1 / 4) + 0.01


def test_same_seed_same_bits():
    light = np.full((50, 50), 30.0)
    first, again, other = (CAMERA.counts(light, 1.0, stream(seed, "p")) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    np.testing.assert_array_equal(light, 30.0)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (lambda: ScintillatorCamera("p", "d", 5.0, gain="x"), "no gain 'x'; there are high well"),
        (lambda: ScintillatorCamera("p", "d", 0.0), "electrons_per_photon = 0"),
        (lambda: ScintillatorCamera("p", "d", 1.0, bits=17), r"bits = 17 is outside \[1, 16\]"),
        (lambda: Gain(0.0, 1.0), "electrons_per_count = 0"),
        (lambda: PointSpread((1.0, 2.0)), r"\(1.0,\) are no shares of 2 parts"),
        (lambda: PointSpread((-1.0,)), "sigma_px = -1"),
        (lambda: CAMERA.counts(np.array([[np.nan]]), 1.0), r"pixel \(0, 0\) is nan"),
        (lambda: CAMERA.counts(np.ones((2, 2)), -1.0), "exposure_s = -1"),
    ],
)
def test_what_cannot_be(wrong, text):
    with pytest.raises(LimitsError, match=text):
        wrong()
