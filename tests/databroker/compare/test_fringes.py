"""Fringes, against the closed form of a slit's far field."""

import numpy as np
import pytest

from beamtwin.databroker.compare.fringes import find_fringes
from beamtwin.databroker.compare.profile import Profile

SPACING = 322.0


def slit(x, spacing=SPACING, floor=1e-5):
    """sinc²(x / spacing): minima at whole multiples of the spacing."""
    return np.sinc(x / spacing) ** 2 + floor * np.minimum((spacing / (np.abs(x) + 1e-9)) ** 2, 1)


@pytest.mark.parametrize("step", [1.0, 20.0, 75.0])
@pytest.mark.parametrize("centre", [0.0, 40.0, -30.0])
def test_the_spacing_of_a_slit(step, centre):
    """Each position within a fifth of the sampling step, the spacing within 0.2 %."""
    x = np.arange(-3000, 3000 + step, step)
    fringes = find_fringes(Profile(x, slit(x - centre), "um"))
    assert fringes is not None
    assert fringes.spacing.value == pytest.approx(SPACING, rel=0.002)
    assert fringes.centre.value == pytest.approx(centre, abs=0.1 * step + 3)
    orders = [minimum.order for minimum in fringes.minima]
    assert orders == [n for n in range(-9, 10) if n != 0]
    for extremum in fringes.extrema:
        expected = centre + extremum.order * SPACING
        assert extremum.position.value == pytest.approx(expected, abs=0.2 * step + 4)


def test_one_side_with_holes():
    """Points hidden, and minima among them: orders are counted by position."""
    x = np.arange(75.0, 3100, 75)
    seen = np.abs(x - 4 * SPACING) > 160
    fringes = find_fringes(Profile(x[seen], slit(x[seen]), "um"))
    assert fringes is not None
    assert [minimum.order for minimum in fringes.minima] == [1, 2, 3, 5, 6, 7, 8, 9]
    assert fringes.spacing.value == pytest.approx(SPACING, rel=0.004)


def test_the_fall_from_fringe_to_fringe_moves_nothing():
    """Taken as they are, the maxima of sinc² lie at 1.4303, 2.4590, ... and not at 1.5, 2.5, ..."""
    x = np.arange(1.0, 3000)
    profile = Profile(x, slit(x), "um")
    with_envelope = find_fringes(profile)
    without = find_fringes(profile, envelope=0.0)
    assert with_envelope is not None
    assert without is not None
    assert with_envelope.maxima[0].position.value == pytest.approx(1.5 * SPACING, rel=1e-4)
    assert without.maxima[0].position.value == pytest.approx(1.4303 * SPACING, rel=1e-4)


def test_uncertainties_are_those_of_repetition():
    """100 noisy patterns: the spread of the spacings is what each of them says of itself."""
    rng = np.random.default_rng(3)
    x = np.arange(0.0, 3000, 75)
    found = []
    for _ in range(100):
        values = slit(x, floor=0.02) * 10 ** rng.normal(0, 0.025, len(x))
        fringes = find_fringes(Profile(x, values, "um", 0.025 * np.log(10) * values))
        assert fringes is not None
        found.append(fringes.spacing)
    spread = np.std([spacing.value for spacing in found])
    stated = np.median([spacing.sigma for spacing in found])
    assert 0.5 < spread / stated < 1.5
    assert np.mean([spacing.value for spacing in found]) == pytest.approx(SPACING, rel=0.003)


def test_no_fringes():
    x = np.linspace(-5, 5, 101)
    assert find_fringes(Profile(x, np.exp(-(x**2)), "um")) is None
    assert find_fringes(Profile(x, 0 * x, "um")) is None
    assert find_fringes(Profile(x[:0], x[:0], "um")) is None
