"""Photon counters: dead time against simulated arrivals, geometry against data sheets, sensors against tables."""

from pathlib import Path

import numpy as np
import pytest

import beamtwin.scenarios
from beamtwin.orchestration.errors import LimitsError
from beamtwin.twin.description import load_description
from beamtwin.twin.detectors.dead_time import nonparalyzable, paralyzable, pile_up_fraction
from beamtwin.twin.detectors.modules import EIGERS, eiger, random_bad_pixels
from beamtwin.twin.detectors.photon_counter import PhotonCounter
from beamtwin.twin.detectors.sensor import Sensor
from beamtwin.twin.noise import stream

RATE, DEAD = 4e5, 1e-6


@pytest.fixture(scope="module")
def arrivals() -> np.ndarray:
    return np.cumsum(stream(1, "photons").exponential(1 / RATE, 400_000))


def test_paralyzable_dead_time(arrivals):
    """Counted are the photons with none in the dead time before them."""
    counted = np.count_nonzero(np.diff(arrivals) > DEAD)
    assert counted / arrivals[-1] == pytest.approx(paralyzable(np.array(RATE), DEAD), rel=5e-3)


def test_nonparalyzable_dead_time(arrivals):
    """Counted are those whose predecessor that was counted is long enough ago."""
    index, counted = 0, 0
    while index < len(arrivals):
        counted += 1
        index = int(np.searchsorted(arrivals, arrivals[index] + DEAD))
    assert counted / arrivals[-1] == pytest.approx(nonparalyzable(np.array(RATE), DEAD), rel=5e-3)


def test_pile_up(arrivals):
    piled = np.mean(np.diff(arrivals) < DEAD)
    assert piled == pytest.approx(pile_up_fraction(np.array(RATE), DEAD), rel=5e-3)


def test_paralyzable_counter_goes_blind():
    counter = PhotonCounter("e", "d", dead_time_s=DEAD, dead_time_model="paralyzable")
    counts = counter.counts(np.array([[1e3, 1e6, 1e8]]), 1.0)
    np.testing.assert_array_equal(counts, [[999, 367_879, 0]])


def test_counting_follows_poisson_to_the_last_digit_of_small_means():
    """Frequencies of 0, 1, 2 at a mean of 0.1: XPCS lives there."""
    light = np.full((1000, 1000), 0.1)
    counts = PhotonCounter("e", "d").counts(light, 1.0, stream(2, "e"))
    expected = np.exp(-0.1) * np.array([1.0, 0.1, 0.005])
    seen = np.bincount(counts.ravel(), minlength=3)[:3] / counts.size
    np.testing.assert_allclose(seen, expected, atol=5 * np.sqrt(expected.max() / counts.size))


def test_eigers_are_as_large_as_their_data_sheets_say():
    shapes = {name: modules.shape for name, modules in EIGERS.items()}
    assert shapes == {
        "500K": (514, 1030),
        "1M": (1065, 1030),
        "4M": (2167, 2070),
        "9M": (3269, 3110),
        "16M": (4371, 4150),
    }


def test_chx_eiger_is_the_one_of_its_description(description):
    described = description.counters["Eig4M"]
    made = eiger("4M", "Eig4M", "detector", 9650.0)
    assert (made.row_gaps, made.column_gaps) == (described.row_gaps, described.column_gaps)
    assert made.quantum_efficiency == pytest.approx(described.quantum_efficiency, abs=0.005)


def test_mask_and_bad_pixels():
    bad = random_bad_pixels((2167, 2070), 1e-5, stream(3, "bad"))
    assert bad == random_bad_pixels((2167, 2070), 1e-5, stream(3, "bad"))
    assert len(bad) == 45
    counter = eiger("4M", "Eig4M", "detector", 9650.0, bad_pixels=bad)
    mask = counter.mask((2167, 2070))
    assert np.count_nonzero(mask & 1) == 2167 * 2070 - 8 * 1030 * 514
    assert np.count_nonzero(mask & 2) == 45
    counts = counter.counts(np.ones(mask.shape, np.float32), 10.0)
    np.testing.assert_array_equal(counts > 0, mask == 0)


def test_sensor_stops_what_the_tables_say():
    """Silicon at 10 keV: mu = 33.9 cm2/g, photoabsorption 32.9 (NIST XCOM); behind 0.1 mm of it, less by exp(-mu t)."""
    assert Sensor("Si", 450e-6).efficiency(10e3) == pytest.approx(
        1 - np.exp(-32.9 * 2.33 * 0.045), rel=0.005
    )
    covered = Sensor("Si", 450e-6, window_thickness_m=100e-6).efficiency(10e3)
    assert covered / Sensor("Si", 450e-6).efficiency(10e3) == pytest.approx(
        np.exp(-33.9 * 2.33 * 0.01), rel=0.02
    )
    assert Sensor("CdTe", 750e-6).efficiency(60e3) > 0.9 > Sensor("Si", 450e-6).efficiency(60e3)


@pytest.mark.parametrize(
    ("light", "exposure_s", "text"),
    [
        (np.array([[1.0, -2.0]]), 1.0, r"e: the light of pixel \(0, 1\) is -2.* 0 others"),
        (np.array([[np.nan, np.inf]]), 1.0, r"pixel \(0, 0\) is nan, as is that of 1 others"),
        (np.ones(3), 1.0, r"light of shape \(3,\) is not an image"),
        (np.ones((2, 2)), -1.0, "exposure_s = -1"),
        (np.ones((2, 2)), np.nan, "exposure_s = nan"),
    ],
)
def test_light_that_is_none(light, exposure_s, text):
    with pytest.raises(LimitsError, match=text):
        PhotonCounter("e", "d").counts(light, exposure_s)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"quantum_efficiency": 1.2}, r"quantum_efficiency = 1.2 is outside \[0, 1\]"),
        ({"dead_time_s": -1e-6}, "dead_time_s = -1e-06"),
        ({"dead_time_model": "dead"}, "there are nonparalyzable, paralyzable"),
        ({"cutoff": 0}, r"cutoff = 0 is outside"),
    ],
)
def test_counters_that_cannot_be(values, text):
    with pytest.raises(LimitsError, match=text):
        PhotonCounter("e", "d", **values)


def test_what_there_is_not_is_named():
    with pytest.raises(LimitsError, match="no Eiger '2M'; there are 500K, 1M"):
        eiger("2M", "e", "d", 9650.0)
    with pytest.raises(LimitsError, match=r"bad pixel \(5, 0\) is outside the detector's \(2, 2\)"):
        PhotonCounter("e", "d", bad_pixels=((5, 0),)).counts(np.ones((2, 2)), 1.0)
    with pytest.raises(LimitsError, match="fraction = 2"):
        random_bad_pixels((2, 2), 2.0, stream(1, "bad"))


def test_counter_is_described_in_a_file(tmp_path):
    """What a description can say of it: the dead time's kind, and bad pixels."""
    chx = Path(next(iter(beamtwin.scenarios.__path__))) / "chx/beamline.toml"
    more = 'dead_time_model = "paralyzable"\ndead_time_ns = 100.0\nbad_pixels = [[3, 4]]\n'
    text = chx.read_text().replace('name = "Eig4M"\n', f'name = "Eig4M"\n{more}')
    (tmp_path / "beamline.toml").write_text(text)
    (tmp_path / "data").symlink_to(chx.parent / "data")
    counter = load_description(tmp_path / "beamline.toml").counter("Eig4M", PhotonCounter)
    assert counter.dead_time_model == "paralyzable"
    assert counter.dead_time_s == 1e-7
    assert counter.bad_pixels == ((3, 4),)
