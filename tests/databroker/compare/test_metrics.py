"""Scale, alignment and scores, against truth that was put in."""

import numpy as np
import pytest

from beamtwin.databroker.compare.align import align, find_shift
from beamtwin.databroker.compare.comparison import compare
from beamtwin.databroker.compare.metrics import score
from beamtwin.databroker.compare.profile import Profile
from beamtwin.databroker.errors import ComparisonError


def peak(x, shift=0.0):
    return np.exp(-((x - shift) ** 2) / 2) + 0.01


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.mark.parametrize("space", ["linear", "log10"])
def test_a_perfect_simulation_scores_perfectly(space):
    x = np.linspace(-3, 3, 31)
    scores = score(2.5 * peak(x), peak(x), 0.1 * peak(x), space)
    assert scores.scale.value == pytest.approx(2.5)
    assert scores.rms < 1e-9
    assert scores.chi2_red == pytest.approx(0, abs=1e-12)
    assert scores.correlation == pytest.approx(1)
    assert scores.r_factor == pytest.approx(0, abs=1e-9)


def test_the_linear_scale_is_the_closed_form(rng):
    """Weighted least squares of one factor: sum(w m s) / sum(w s²)."""
    simulated, sigma = peak(np.linspace(-3, 3, 50)), rng.uniform(0.5, 1.5, 50) * 0.05
    measured = 3 * simulated + rng.normal(0, sigma)
    weights = sigma**-2
    closed = np.sum(weights * measured * simulated) / np.sum(weights * simulated**2)
    assert score(measured, simulated, sigma, "linear").scale.value == pytest.approx(
        closed, rel=1e-6
    )


def test_the_log10_scale_is_the_mean_ratio(rng):
    simulated = peak(np.linspace(-3, 3, 50))
    measured = 3 * simulated * 10 ** rng.normal(0, 0.05, 50)
    closed = 10 ** np.mean(np.log10(measured / simulated))
    assert score(measured, simulated).scale.value == pytest.approx(closed, rel=1e-6)


@pytest.mark.parametrize("space", ["linear", "log10"])
def test_uncertainties_cover_the_truth_as_often_as_they_say(rng, space):
    """400 repetitions: the pull of the scale has a standard deviation of 1, and chi² is 1."""
    simulated = peak(np.linspace(-3, 3, 60))
    pulls, chi2 = [], []
    for _ in range(400):
        sigma = 0.03 * simulated if space == "log10" else np.full(60, 0.02)
        scores = score(2 * simulated + rng.normal(0, sigma), simulated, sigma, space)
        pulls.append((scores.scale.value - 2) / scores.scale.sigma)
        chi2.append(scores.chi2_red)
    assert np.std(pulls) == pytest.approx(1, abs=0.12)
    assert np.mean(chi2) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("space", ["linear", "log10"])
def test_scale_and_background(rng, space):
    simulated = np.exp(-(np.linspace(-3, 3, 200) ** 2))
    truth = 5 * simulated + 0.2
    measured = truth + rng.normal(0, 0.01 * truth)
    scores = score(measured, simulated, 0.01 * truth, space, background=True)
    assert scores.scale.value == pytest.approx(5, abs=4 * scores.scale.sigma)
    assert scores.background.value == pytest.approx(0.2, abs=4 * scores.background.sigma)
    assert scores.scale.sigma < 0.02
    assert scores.chi2_red == pytest.approx(1, abs=0.3)


def test_poisson_noise_with_weights_from_the_model(rng):
    """Weights from the counts themselves pull the scale down; those of the model do not."""
    model = 20 * peak(np.linspace(-3, 3, 4000))
    counts = rng.poisson(model).astype(float)
    scores = score(counts, model / 20, np.sqrt(model), "linear")
    assert scores.scale.value == pytest.approx(20, abs=4 * scores.scale.sigma)
    assert scores.chi2_red == pytest.approx(1, abs=0.1)
    biased = score(counts, model / 20, np.sqrt(np.maximum(counts, 1)), "linear")
    assert biased.scale.value < 19


def test_alignment_interpolates_in_the_overlap():
    measured = Profile(np.linspace(-3, 5, 9), np.ones(9), "mm")
    x = np.linspace(-2500, 2500, 501)
    aligned = align(measured, Profile(x, peak(x / 1000), "um"))
    assert aligned.measured.axis.tolist() == [-2, -1, 0, 1, 2]
    np.testing.assert_allclose(aligned.simulated, peak(aligned.measured.axis), rtol=1e-6)
    assert aligned.coverage == pytest.approx(5 / 9)


def test_no_overlap_is_said_with_both_ranges():
    measured = Profile(np.linspace(0, 1, 9), np.ones(9), "mm")
    with pytest.raises(
        ComparisonError, match="measured 0 to 1 mm and simulated 2 to 3 mm have 0 points"
    ):
        align(measured, Profile(np.linspace(2, 3, 9), np.ones(9), "mm"))
    with pytest.raises(ComparisonError, match="nothing positive"):
        align(measured, Profile(np.linspace(0, 1, 9), np.zeros(9), "mm"))


def test_a_simulation_of_nothing_is_said():
    x = np.linspace(0, 1, 9)
    with pytest.raises(ComparisonError, match="zero wherever something was measured"):
        compare(Profile(x, x, "mm"), Profile(x, 0 * x, "mm"), space="linear")


def test_a_shift_is_found_with_its_uncertainty(rng):
    """60 repetitions: unbiased, with pulls of standard deviation 1."""
    x = np.linspace(-3, 3, 41)
    fine = np.linspace(-6, 6, 1201)
    pulls = []
    for _ in range(60):
        values = peak(x, 0.31) * 10 ** rng.normal(0, 0.02, 41)
        shift = find_shift(Profile(x, values, "mm"), Profile(fine, peak(fine), "mm"), 0.5)
        pulls.append((shift.value - 0.31) / shift.sigma)
    assert np.mean(pulls) == pytest.approx(0, abs=0.4)
    assert np.std(pulls) == pytest.approx(1, abs=0.3)
