"""Fits of a model, and what they say of labels."""

import numpy as np
import pytest

from beamtwin.databroker.compare.estimate import Estimate
from beamtwin.databroker.compare.fit import Parameter, fit_profile
from beamtwin.databroker.compare.labels import judge
from beamtwin.databroker.compare.profile import Profile
from beamtwin.databroker.errors import ComparisonError


def model(x, height, width, floor):
    return height * np.exp(-((x / width) ** 2)) + floor


GUESS = {
    "height": Parameter(1.0, 0, 100),
    "width": Parameter(1.5, 0.1, 10),
    "floor": Parameter(0.1, 1e-6, 1),
}


def test_the_truth_is_found_and_uncertainties_are_those_of_repetition():
    """100 repetitions with noise that sigma understates by half: the pulls show the scaling by scatter."""
    rng = np.random.default_rng(5)
    x = np.linspace(-4, 4, 60)
    pulls = []
    for _ in range(100):
        values = model(x, 10, 1.2, 0.01) * 10 ** rng.normal(0, 0.02, 60)
        fit = fit_profile(model, Profile(x, values, "mm", 0.01 * np.log(10) * values), GUESS)
        assert fit.chi2_red is not None
        assert 1.5 < fit.chi2_red < 8
        width = fit.parameters["width"]
        pulls.append((width.value - 1.2) / width.sigma)
    assert np.mean(pulls) == pytest.approx(0, abs=0.35)
    assert np.std(pulls) == pytest.approx(1, abs=0.2)


def test_what_is_held_stays():
    x = np.linspace(-4, 4, 60)
    parameters = {**GUESS, "floor": Parameter(0.02, vary=False)}
    fit = fit_profile(model, Profile(x, model(x, 10, 1.2, 0.02), "mm"), parameters)
    assert fit.parameters["floor"] == Estimate(0.02, 0.0)
    assert fit.parameters["height"].value == pytest.approx(10)
    assert fit.chi2_red is None
    assert fit.rms < 1e-6
    assert fit.points == 60


def test_too_few_points():
    x = np.arange(3.0)
    with pytest.raises(ComparisonError, match="3 points are too few for 3 parameters"):
        fit_profile(model, Profile(x, 1 + x, "mm"), GUESS)


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (Estimate(675.33, 2.81), "675.3 ± 2.8"),
        (Estimate(12.199, 0.0217), "12.199 ± 0.022"),
        (Estimate(12345, 678), "12340 ± 680"),
        (Estimate(0.5, 0.0), "0.5"),
        (Estimate(0.5, float("nan")), "0.5"),
    ],
)
def test_estimates_in_print(estimate, text):
    assert str(estimate) == text


LABELS = {"gap_h": 12.0, "gap_v": 13.9}


@pytest.mark.parametrize(
    ("fitted", "systematic", "agrees", "instead"),
    [
        (Estimate(13.92, 0.02), 0.0, True, ()),
        (Estimate(14.1, 0.02), 0.0, True, ()),  # 9 sigma, but 1.4 %
        (Estimate(15.0, 0.5), 0.0, True, ()),  # 8 %, but 2.2 sigma
        (Estimate(12.2, 0.02), 0.0, False, ("gap_h",)),
        (Estimate(13.0, 0.02), 0.0, False, ()),
        (Estimate(13.5, 0.02), 0.0, False, ()),
        (Estimate(13.5, 0.02), 0.01, True, ()),
    ],
)
def test_verdicts(fitted, systematic, agrees, instead):
    verdict = judge(fitted, LABELS, "gap_v", units="um", systematic=systematic)
    assert (verdict.agrees, verdict.instead) == (agrees, instead)


def test_verdicts_in_words():
    verdict = judge(Estimate(12.2, 0.02), LABELS, "gap_v", units="um", systematic=0.01)
    assert verdict.text == (
        "gap_v: the fit gives 12.20 ± 0.12 um (1 % systematic) and the label says 13.9 um: "
        "12 % apart, 14 times the uncertainty. It agrees with the label gap_h (12 um)."
    )
    assert "No other label fits." in judge(Estimate(13.0, 0.02), LABELS, "gap_v", units="um").text
    assert judge(Estimate(13.9, 0.1), LABELS, "gap_v", units="um").text == (
        "gap_v: the fit gives 13.90 ± 0.10 um, as the label says (13.9 um)."
    )
