"""Photons to counts."""

import numpy as np
import pytest

from beamtwin.twin.chain import evaluate
from beamtwin.twin.detectors.photon_counter import PhotonCounter
from beamtwin.twin.detectors.point_counter import PointCounter
from beamtwin.twin.noise import stream


def test_without_noise_counts_are_the_rounded_mean():
    counter = PhotonCounter("eiger", "detector", quantum_efficiency=0.5)
    counts = counter.counts(np.array([[10.0, 11.0], [0.0, 2e6]]), exposure_s=2.0)
    assert counts.dtype == np.uint32
    np.testing.assert_array_equal(counts, [[10, 11], [0, 2_000_000]])


def test_noise_is_poissons_and_belongs_to_its_stream():
    counter = PhotonCounter("eiger", "detector")
    light = np.full((400, 500), 30.0)
    counts = counter.counts(light, 1.0, stream(3, "eiger"))
    np.testing.assert_array_equal(counts, counter.counts(light, 1.0, stream(3, "eiger")))
    assert (counts != counter.counts(light, 1.0, stream(4, "eiger"))).any()
    assert counts.mean() == pytest.approx(30.0, abs=5 * np.sqrt(30 / counts.size))
    assert counts.var() == pytest.approx(30.0, rel=0.02)


def test_photons_are_not_changed_by_being_counted():
    light = np.full((4, 4), 7.0)
    PhotonCounter("eiger", "detector", dead_time_s=1e-6, row_gaps=((0, 2),)).counts(light, 10.0)
    np.testing.assert_array_equal(light, np.full((4, 4), 7.0))


def test_counts_stop_at_the_cutoff():
    light = np.array([[1e3, 1e12]])
    np.testing.assert_array_equal(PhotonCounter("e", "d").counts(light, 1.0), [[1000, 2**32 - 1]])
    small = PhotonCounter("e", "d", cutoff=4095)
    np.testing.assert_array_equal(small.counts(light, 1.0, stream(1, "e"))[0, 1:], [4095])
    assert small.counts(np.full((100, 100), 4095.0), 1.0, stream(1, "e")).max() == 4095


def test_dead_time_is_not_paralysing():
    counter = PhotonCounter("eiger", "detector", dead_time_s=1e-6)
    counts = counter.counts(np.array([[1e3, 1e6, 1e9]]), 1.0)
    np.testing.assert_array_equal(counts, [[999, 500_000, 999_001]])


def test_pixels_between_modules_are_blind(description, beamline, cache):
    counter = description.counters["Eig4M"]
    light = evaluate(beamline, counter.plane, "fast", cache)
    counts = counter.counts(light.photons_s, 100.0)
    assert not counts[:, 1030:1040].any()
    assert not counts[1065:1102].any()
    assert counts[1102, 1126] > 0
    assert counts[1209, 1040] > 0
    # 2 x 4 modules of 1030 x 514 pixels
    seen = counter.counts(np.ones_like(light.photons_s), 10.0) > 0
    assert seen.sum() == 8 * 1030 * 514


def test_diode_counts_pulses_in_proportion_to_the_flux():
    diode = PointCounter("diode", "S2", quantum_efficiency=0.8, pulses_per_photon=1e-4)
    assert diode.counts(2e9, 0.5) == 80_000
    assert PointCounter("diode", "S2", dark_rate_Hz=120.0).counts(0.0, 2.0) == 240


def test_diode_fluctuates_with_its_photons_and_not_its_pulses():
    """1e4 photons at 100 pulses each fluctuate by 1 %: by 1e4 pulses, not by 1e3."""
    diode = PointCounter("diode", "S2", pulses_per_photon=100.0)
    noise = stream(1, "diode")
    pulses = np.array([diode.counts(1e4, 1.0, noise) for _ in range(2000)])
    assert pulses.mean() == pytest.approx(1e6, rel=1e-3)
    assert pulses.std() == pytest.approx(1e4, rel=0.1)
