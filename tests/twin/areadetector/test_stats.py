"""NDPluginStats: what it computes, and when."""

import numpy as np
import pytest

from beamtwin.twin.areadetector.statistics import extremes, histogram, moments, net_total

RAMP = np.arange(48, dtype="<u2").reshape(6, 8)


@pytest.fixture
def stats(bench, frames):
    """A camera with its statistics, of a ramp."""
    frames.image = RAMP
    bench.enable("Stats1")
    return bench


def results(bench, *names):
    return [bench.get(f"Stats1:{name}_RBV") for name in names]


def test_statistics(stats):
    stats.acquire()
    assert results(stats, "Total", "MeanValue", "MinValue", "MaxValue") == [1128.0, 23.5, 0.0, 47.0]
    assert results(stats, "MinX", "MinY", "MaxX", "MaxY") == [0, 0, 7, 5]
    # The variance of 0..n-1 is (n^2 - 1)/12.
    assert results(stats, "Sigma") == [pytest.approx(((48**2 - 1) / 12) ** 0.5)]


def test_net_is_the_total_less_the_mean_of_the_edges(stats):
    edges = [RAMP[:, 0], RAMP[:, -1], RAMP[0], RAMP[-1]]
    background = sum(int(edge.sum()) for edge in edges) / sum(edge.size for edge in edges)
    stats.acquire()
    assert results(stats, "Net") == [pytest.approx(1128 - 48 * background)]
    stats.put(Stats1_BgdWidth=0)
    stats.acquire()
    assert results(stats, "Net") == [1128.0]


def test_a_background_that_is_even_leaves_nothing():
    even = np.full((20, 30), 7.0)
    assert net_total(even, float(even.sum()), 2) == pytest.approx(0.0, abs=1e-9)


def test_what_is_not_asked_for_is_not_computed(stats):
    stats.put(Stats1_ComputeStatistics=0)
    stats.acquire()
    assert results(stats, "Total", "CentroidTotal", "HistEntropy") == [0.0, 0.0, 0.0]
    assert results(stats, "ArrayCounter") == [1]


def gaussian(rho=0.4):
    y, x = np.mgrid[:60, :80]
    u, v = (x - 41.5) / 5.0, (y - 22.0) / 3.0
    return 1e4 * np.exp(-(u**2 - 2 * rho * u * v + v**2) / (2 * (1 - rho**2)))


def test_the_centroid_of_a_gaussian_spot(make_bench, numbers):
    frames = numbers((60, 80))
    frames.dtype = np.dtype("<f8")
    frames.image = gaussian() + 0.5
    bench = make_bench(frames)
    bench.enable("Stats1")
    bench.put(cam1_ImageMode="Single", Stats1_ComputeCentroid=1)
    bench.acquire()
    # The threshold, 1 by default, cuts off the background and next to nothing of the spot.
    names = ("CentroidX", "CentroidY", "SigmaX", "SigmaY", "SigmaXY")
    assert results(bench, *names) == pytest.approx([41.5, 22.0, 5.0, 3.0, 0.4], rel=5e-3)


def test_higher_moments_of_a_gaussian_are_none_and_of_a_square_those_of_a_uniform():
    gauss = moments(gaussian(), 0.0).values
    assert gauss["SkewX"] == pytest.approx(0, abs=1e-6)
    assert gauss["KurtosisY"] == pytest.approx(0, abs=1e-3)
    square = np.zeros((50, 50))
    square[10:41, 5:46] = 1
    flat = moments(square, 0.5).values
    # A discrete uniform distribution of n values: excess kurtosis -6/5 (n^2 + 1)/(n^2 - 1).
    assert flat["KurtosisX"] == pytest.approx(-1.2 * (41**2 + 1) / (41**2 - 1))
    assert flat["SkewY"] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("angle", [-60.0, -20.0, 0.0, 35.0])
def test_the_orientation_is_that_of_the_long_axis(angle):
    y, x = np.mgrid[-60:61, -60:61]
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    along, across = x * c + y * s, y * c - x * s
    spot = np.exp(-((along / 12) ** 2) / 2 - (across / 6) ** 2 / 2)
    found = moments(spot, 0.0).values
    assert found["Orientation"] == pytest.approx(angle, abs=0.1)


def test_the_centroid_of_nothing_is_nothing(stats, frames):
    frames.image = np.zeros((6, 8), "<u2")
    stats.put(Stats1_ComputeCentroid=1)
    stats.acquire()
    assert results(stats, "CentroidTotal", "CentroidX", "SigmaX") == [0.0, 0.0, 0.0]


def test_profiles(stats):
    stats.put(
        Stats1_ComputeCentroid=1, Stats1_ComputeProfiles=1, Stats1_CursorX=2, Stats1_CursorY=1
    )
    stats.acquire()
    assert results(stats, "ProfileSizeX", "ProfileSizeY") == [8, 6]
    assert stats.get("Stats1:ProfileAverageX_RBV") == pytest.approx(RAMP.mean(axis=0))
    assert stats.get("Stats1:ProfileThresholdY_RBV") == pytest.approx(RAMP.sum(axis=1) / 8)
    assert stats.get("Stats1:ProfileCursorX_RBV").tolist() == RAMP[1].tolist()
    assert stats.get("Stats1:ProfileCursorY_RBV").tolist() == RAMP[:, 2].tolist()
    assert stats.get("Stats1:CursorVal") == RAMP[1, 2]


def test_a_histogram(stats):
    stats.put(Stats1_ComputeHistogram=1, Stats1_HistSize=5, Stats1_HistMin=10, Stats1_HistMax=30)
    stats.acquire()
    counts = stats.get("Stats1:Histogram_RBV")
    # Bins are as wide as the distance of their middles: 10, 15, ... 30.
    assert counts.tolist() == [3, 5, 5, 5, 3]
    assert results(stats, "HistBelow", "HistAbove") == [10, 17]
    assert stats.get("Stats1:HistogramX_RBV") == pytest.approx([10, 14, 18, 22, 26])


def test_the_entropy_of_a_histogram():
    counts, _, _, entropy = histogram(np.array([[0, 0, 1, 2]]), 3, 0, 2)
    assert counts.tolist() == [2, 1, 1]
    assert entropy == pytest.approx(-2 * np.log(2) / 4)


def test_a_time_series(stats, frames):
    stats.put(Stats1_TSNumPoints=3, Stats1_TSControl="Erase/Start")
    for level in range(1, 5):
        frames.image = np.full((6, 8), level, "<u2")
        stats.acquire()
    assert stats.choice("Stats1:TSAcquiring") == "Done"
    assert stats.get("Stats1:TSCurrentPoint") == 3
    assert stats.get("Stats1:TSTotal").tolist() == [48.0, 96.0, 144.0]
    stats.put(Stats1_TSControl="Erase/Start")
    stats.acquire()
    stats.put(Stats1_TSRead=1)
    assert stats.get("Stats1:TSMeanValue").tolist() == [4.0]


def test_reset_forgets_the_results(stats):
    stats.acquire()
    stats.put(Stats1_Reset=1)
    assert results(stats, "Total", "MaxValue", "Sigma") == [0.0, 0.0, 0.0]
    assert stats.get("Stats1:Reset") == 0


@pytest.mark.parametrize("dtype", ["|u1", "|i1", "<u2", "<i4", "<u4", "<i8", "<f4", "<f8"])
def test_all_types_of_pixels_in_blocks_and_out(dtype):
    image = np.random.default_rng(1).integers(0, 100, (300, 700)).astype(dtype)
    got, found = extremes(image), moments(image, 50.0).values
    real = image.astype(float)
    assert got["Total"] == real.sum()
    assert got["Sigma"] == pytest.approx(real.std())
    over = np.where(real >= 50, real, 0)
    assert found["CentroidTotal"] == over.sum()
    assert found["CentroidX"] == pytest.approx((over.sum(axis=0) @ np.arange(700)) / over.sum())
