"""Free space, lenses and edges in one direction, against closed forms."""

import numpy as np
import pytest
from scipy.special import fresnel

from beamtwin.twin.levels.fresnel import Line, MeshError, points_needed, propagate
from beamtwin.twin.levels.modes import Family, reduced

WAVELENGTH_M = 1.3776e-10


def gaussian(line: Line, sigma_m: float) -> np.ndarray:
    """A field whose intensity has this rms width."""
    return np.exp(-(line.x_m**2) / (4 * sigma_m**2))[np.newaxis].astype(complex)


def test_gaussian_beam_spreads_as_gaussian_optics_says():
    """w(d) = w0 sqrt(1 + (d / z_R)^2), on a line off the axis and of another step."""
    sigma_m, distance_m = 10e-6, 10.0
    here, there = Line(0.0, 140e-6, 200), Line(3e-6, 150e-6, 333)
    field = propagate(gaussian(here, sigma_m), here, there, distance_m, WAVELENGTH_M)[0]
    rayleigh_m = 4 * np.pi * sigma_m**2 / WAVELENGTH_M
    grown = np.hypot(1, distance_m / rayleigh_m)
    expected = np.exp(-(there.x_m**2) / (2 * (sigma_m * grown) ** 2)) / grown
    np.testing.assert_allclose(np.abs(field) ** 2, expected, atol=1e-5)


def test_gaussian_beam_through_a_lens_has_its_waist_where_it_should():
    """w_f = wavelength f / (pi w0), for a waist in the front focal plane."""
    sigma_m, focal_m = 50e-6, 2.0
    lens, focus = Line(0.0, 700e-6, 2048), Line(0.0, 20e-6, 400)
    start = gaussian(lens, sigma_m)
    focused = start * np.exp(-1j * np.pi * lens.x_m**2 / (WAVELENGTH_M * focal_m))
    light = np.abs(propagate(focused, lens, focus, focal_m, WAVELENGTH_M)[0]) ** 2
    rms_m = np.sqrt((light * focus.x_m**2).sum() / light.sum())
    assert rms_m == pytest.approx(WAVELENGTH_M * focal_m / (4 * np.pi * sigma_m), rel=1e-3)


def test_knife_edge_has_fresnels_fringes():
    """Born and Wolf 8.7.3: half of ((C + 1/2)^2 + (S + 1/2)^2); within 1 % of the open beam."""
    distance_m = 5.0
    here, there = Line(0.5e-3, 1e-3, 2**14), Line(30e-6, 140e-6, 500)
    light = np.abs(propagate(np.ones((1, here.points)), here, there, distance_m, WAVELENGTH_M)) ** 2
    sine, cosine = fresnel(there.x_m * np.sqrt(2 / (WAVELENGTH_M * distance_m)))
    expected = ((cosine + 0.5) ** 2 + (sine + 0.5) ** 2) / 2
    # The other edge of the opening is far, but not infinitely: its fringes are 2 % of the amplitude.
    smooth = np.convolve(light[0], np.ones(9) / 9, "valid")
    np.testing.assert_allclose(smooth, np.convolve(expected, np.ones(9) / 9, "valid"), atol=0.03)
    assert np.abs(smooth - np.convolve(expected, np.ones(9) / 9, "valid")).mean() < 0.01


def test_slit_far_away_gives_sinc_squared():
    gap_m, distance_m = 6e-6, 30.0
    here, there = Line(0.0, gap_m, 64), Line(0.0, 5e-3, 800)
    light = np.abs(propagate(np.ones((1, 64)), here, there, distance_m, WAVELENGTH_M)[0]) ** 2
    expected = np.sinc(gap_m * there.x_m / (WAVELENGTH_M * distance_m)) ** 2
    np.testing.assert_allclose(light / light.max(), expected, atol=1e-3)


def test_light_is_neither_lost_nor_made_on_the_way():
    here, there = Line(0.0, 140e-6, 300), Line(0.0, 600e-6, 900)
    start = gaussian(here, 10e-6)
    end = propagate(start, here, there, 20.0, WAVELENGTH_M)
    before, after = (
        np.sum(np.abs(start) ** 2) * here.step_m,
        np.sum(np.abs(end) ** 2) * there.step_m,
    )
    assert after == pytest.approx(before, rel=1e-6)


def test_gaussian_schell_beam_focuses_as_its_coherence_allows():
    """sigma_f = f sqrt(1 / (4 sigma^2) + 1 / xi^2) / k (Mandel and Wolf 5.6; f >> Rayleigh's range of the focus)."""
    sigma_m, xi_m, focal_m = 40e-6, 15e-6, 2.0
    lens, focus = Line(0.0, 400e-6, 360), Line(0.0, 40e-6, 500)
    x = lens.x_m
    profile = np.exp(-(x**2) / (4 * sigma_m**2))
    kernel = np.multiply.outer(profile, profile) * np.exp(
        -(np.subtract.outer(x, x) ** 2) / (2 * xi_m**2)
    )
    phase = np.exp(-1j * np.pi * x**2 / (WAVELENGTH_M * focal_m))
    # Any functions will do: those of the identity, thinned out to the beam's own modes.
    whole = Family(np.diag(phase), np.eye(x.size, dtype=complex), kernel.astype(complex))
    family = reduced(whole, lens.step_m)
    assert len(family.fields) < 40
    fields = propagate(family.fields, lens, focus, focal_m, WAVELENGTH_M)
    light = (np.diag(family.weight).real[:, np.newaxis] * np.abs(fields) ** 2).sum(0)
    rms_m = np.sqrt((light * focus.x_m**2).sum() / light.sum())
    k = 2 * np.pi / WAVELENGTH_M
    expected = focal_m / k * np.sqrt(1 / (4 * sigma_m**2) + 1 / xi_m**2)
    assert rms_m == pytest.approx(expected, rel=0.01)


def test_reducing_keeps_the_light():
    rng = np.random.default_rng(1)
    fields = rng.normal(size=(6, 80)) + 1j * rng.normal(size=(6, 80))
    fields[5] = fields[0] - 2 * fields[1]
    root = rng.normal(size=(6, 6)) + 1j * rng.normal(size=(6, 6))
    family = Family(fields, np.eye(6, dtype=complex), root @ root.conj().T)
    less = reduced(family, 1e-6)
    assert len(less.fields) == 5

    def light(of: Family) -> np.ndarray:
        return np.einsum("mi,mn,ni->i", of.fields, of.weight, of.fields.conj()).real

    np.testing.assert_allclose(light(less), light(family), rtol=1e-9)
    np.testing.assert_allclose(less.mixing @ less.fields, fields, rtol=0, atol=1e-9)


def test_light_that_changes_too_fast_for_any_mesh_is_refused():
    assert 2500 < points_needed(1e-3, 1e6, 1.25) <= 2500 * 9 / 8
    with pytest.raises(MeshError, match=r"opening of 100 mm needs .* points, more than 131072"):
        points_needed(0.1, 1e7, 1.25)
    with pytest.raises(MeshError):
        points_needed(0.1, float("nan"), 1.25)
