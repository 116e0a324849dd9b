"""Masks, by what Fraunhofer and Fresnel say of the light behind them."""

import numpy as np
import pytest
from scipy.special import erf, fresnel, j1

from beamtwin.hardware.materials import attenuation_length_m, refraction_decrement
from beamtwin.orchestration.errors import LimitsError
from beamtwin.twin.constants import HC_EV_M
from beamtwin.twin.samples.masks import DoubleSlit, Fibre, KnifeEdge, Pinhole, Slit

ENERGY = 9650.0
WAVELENGTH = HC_EV_M / ENERGY
STEP = 50e-9
GRID = (np.arange(2048) - 1024) * STEP
ONE = np.array([-1.0, 1.0]) * STEP


def far_field(amplitude: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Intensity at 400 angles, normalized to its top."""
    angle = np.linspace(-60e-6, 60e-6, 400)
    kernel = np.exp(-2j * np.pi / WAVELENGTH * np.multiply.outer(angle, GRID))
    light = np.abs(kernel @ amplitude) ** 2
    return angle, light / light.max()


def test_slit_gives_sinc_squared():
    """Within 1 % of the peak; the slit's edges cut cells."""
    across, _ = Slit(7.53e-6, np.inf).profiles(GRID, ONE, ENERGY)
    angle, light = far_field(across)
    exact = np.sinc(7.53e-6 * angle / WAVELENGTH) ** 2
    np.testing.assert_allclose(light, exact / exact.max(), atol=0.002)
    assert across.sum() * STEP == pytest.approx(7.53e-6, rel=1e-12)


def test_double_slit_gives_youngs_fringes():
    across, _ = DoubleSlit(2e-6, 10e-6).profiles(GRID, ONE, ENERGY)
    angle, light = far_field(across)
    exact = (
        np.sinc(2e-6 * angle / WAVELENGTH) ** 2 * np.cos(np.pi * 10e-6 * angle / WAVELENGTH) ** 2
    )
    np.testing.assert_allclose(light, exact / exact.max(), atol=0.005)


def test_pinhole_gives_airys_disc():
    """Its radial profile, and the first dark ring at 1.22 wavelengths over the diameter."""
    grid = (np.arange(256) - 128) * STEP
    hole = Pinhole(8e-6).amplitude(grid, grid, ENERGY)
    angle = np.linspace(1e-7, 40e-6, 300)
    kernel = np.exp(-2j * np.pi / WAVELENGTH * np.multiply.outer(angle, grid))
    light = np.abs(kernel @ hole.sum(axis=0)) ** 2 / abs(hole.sum()) ** 2
    x = np.pi * 8e-6 * angle / WAVELENGTH
    np.testing.assert_allclose(light, (2 * j1(x) / x) ** 2, atol=0.002)
    assert hole.real.sum() * STEP**2 == pytest.approx(np.pi * (4e-6) ** 2, rel=1e-3)
    dark = angle[np.argmin(light[angle < 25e-6])]
    assert dark == pytest.approx(1.22 * WAVELENGTH / 8e-6, rel=0.01)


def test_knife_edge_gives_fresnels_fringes():
    """1 m behind it: a quarter of the light at the shadow's edge, 1.370 of it in the first fringe (Born, Wolf)."""
    distance = 1.0
    grid = (np.arange(40000) - 20000) * STEP / 2
    _, up = KnifeEdge(0.0, from_above=False).profiles(ONE, grid, ENERGY)
    soft = up * np.exp(-((grid / 0.35e-3) ** 8))
    screen = np.linspace(-20e-6, 30e-6, 101)
    phase = np.pi / (WAVELENGTH * distance) * (screen[:, None] - grid) ** 2
    light = np.abs(np.exp(1j * phase) @ soft * STEP / 2) ** 2 / (WAVELENGTH * distance)
    sine, cosine = fresnel(screen * np.sqrt(2 / (WAVELENGTH * distance)))
    exact = ((sine + 0.5) ** 2 + (cosine + 0.5) ** 2) / 2
    np.testing.assert_allclose(light, exact, atol=0.01)
    assert light.max() == pytest.approx(1.370, rel=0.01)


def test_knife_edge_scan_of_a_gaussian_is_an_error_function():
    sigma = 10e-6
    profile = np.exp(-((GRID / sigma) ** 2) / 2)
    for edge in (-12.34e-6, 0.0, 7.7e-6):
        _, up = KnifeEdge(edge).profiles(ONE, GRID, ENERGY)
        passed = (profile * up).sum() / profile.sum()
        assert passed == pytest.approx((1 + erf(edge / sigma / 2**0.5)) / 2, abs=1e-4)


def test_fibre_absorbs_and_retards():
    fibre = Fibre(20e-6, "B").amplitude(GRID, ONE, ENERGY)[0]
    middle = fibre[1024]
    assert abs(middle) ** 2 == pytest.approx(np.exp(-20e-6 / attenuation_length_m("B", ENERGY)))
    phase = -2 * np.pi / WAVELENGTH * refraction_decrement("B", ENERGY) * 20e-6
    assert np.exp(1j * phase) == pytest.approx(middle / abs(middle))
    np.testing.assert_array_equal(fibre[np.abs(GRID) > 10e-6], 1.0)


def test_babinet():
    """A fibre that lets nothing through and a slit as wide are complements."""
    fibre, _ = Fibre(20e-6, "Pt").profiles(GRID, ONE, 500.0)
    slit, _ = Slit(20e-6, np.inf).profiles(GRID, ONE, 500.0)
    np.testing.assert_allclose(np.abs(fibre + slit), 1.0, atol=0.51)  # half a cell at its rims
    assert np.abs(fibre + slit - 1).sum() < 5


def test_closed_slit_is_dark_and_an_image_has_rows_and_columns():
    assert not Slit(0.0, 1e-3).amplitude(GRID, ONE, ENERGY).any()
    aside = Slit(4 * STEP, 2 * STEP, x_center_m=10 * STEP).amplitude(GRID, ONE, ENERGY)
    assert aside.shape == (2, 2048)
    assert np.flatnonzero(aside[1]).tolist() == list(range(1032, 1037))


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (lambda: Slit(-1e-6, 1e-6), "slit: gaps of -1e-06 m"),
        (lambda: Slit(float("nan"), 1e-6), "slit: gaps of nan m"),
        (lambda: DoubleSlit(0.0, 1e-6), "gap_m = 0 must be"),
        (lambda: Pinhole(-1.0), "diameter_m = -1"),
        (lambda: Fibre(0.0, "B"), "diameter_m = 0"),
        (lambda: Slit(1e-6, 1e-6).profiles(GRID[:1], ONE, ENERGY), "1 points has no spacing"),
        (lambda: KnifeEdge().profiles(ONE, GRID[::-1], ENERGY), "spacing_m = -5e-08"),
    ],
)
def test_masks_that_cannot_be(wrong, text):
    with pytest.raises(LimitsError, match=text):
        wrong()
