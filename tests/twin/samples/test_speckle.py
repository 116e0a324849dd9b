"""Speckle, its contrast, and Brownian motion seen in it."""

import numpy as np
import pytest
from scipy.optimize import curve_fit

from beamtwin.orchestration.errors import LimitsError
from beamtwin.twin.levels.closed import coherence_length_m
from beamtwin.twin.noise import stream
from beamtwin.twin.samples.brownian import (
    diffuse,
    diffusion_m2_s,
    scatter,
    water_viscosity_Pa_s,
)
from beamtwin.twin.samples.coherence import (
    contrast_of_gaussian,
    contrast_of_slit,
    gaussian_modes,
)
from beamtwin.twin.samples.correlation import g2
from beamtwin.twin.samples.speckle import speckle

WAVELENGTH, DISTANCE, PIXEL = 1.2848e-10, 16.04, 75e-6
BOX = (10e-6, 10e-6, 1e-3)
K = 2 * np.pi / WAVELENGTH

#: Pixels of a patch of the detector, two speckles apart and around one q.
PATCH_X = 20e-3 + np.arange(-24, 24) * 400e-6
PATCH_Y = 40e-3 + np.arange(-24, 24) * 400e-6


def test_amplitudes_are_the_exact_sums_over_paths():
    """From sample to pixel, each path by Pythagoras; in the corner of an Eiger 4M, with the depth of 1 mm."""
    positions = scatter(50, BOX, stream(1, "spheres"))
    x, y = np.array([-84e-3, 0.0, 70e-3]), np.array([-90e-3, 1e-3])
    pixels = np.stack([*np.broadcast_arrays(x, y[:, None], DISTANCE)], axis=-1)[..., None, :]
    # from the sphere's plane wave front to it, and on to the pixel
    paths = np.linalg.norm(pixels - positions, axis=-1) + positions[:, 2]
    exact = np.abs(np.exp(1j * K * (paths - DISTANCE)).sum(axis=-1)) ** 2 / 50
    np.testing.assert_allclose(
        speckle(positions, x, y, DISTANCE, WAVELENGTH), exact, rtol=0.1, atol=0.1
    )


def test_two_spheres_are_youngs_slits():
    positions = np.array([[-1e-6, 0.0, 0.0], [1e-6, 0.0, 0.0]])
    x = np.linspace(-5e-3, 5e-3, 301)
    fringes = speckle(positions, x, np.zeros(1), DISTANCE, WAVELENGTH)[0]
    exact = 2 * np.cos(np.pi * 2e-6 * x / (WAVELENGTH * DISTANCE)) ** 2
    np.testing.assert_allclose(fringes, exact, atol=2e-5)


def test_speckle_is_fully_developed():
    """Exponential intensities (Goodman): contrast 1 - 1/n, and exp(-1) of all pixels above the mean."""
    positions = scatter(1000, BOX, stream(2, "spheres"))
    patch = speckle(positions, PATCH_X, PATCH_Y, DISTANCE, WAVELENGTH)
    assert patch.mean() == pytest.approx(1.0, abs=5 / 48)
    assert patch.var() / patch.mean() ** 2 == pytest.approx(1.0, abs=0.15)
    assert np.mean(patch > patch.mean()) == pytest.approx(np.exp(-1), abs=0.04)


def test_modes_lower_the_contrast_as_the_closed_form_says():
    sigma, xi = 2e-6, 2e-6
    noise = stream(3, "spheres")
    patches = []
    for _ in range(8):
        positions = scatter(400, (16e-6, 16e-6, 1e-5), noise)
        across = gaussian_modes(positions[:, 0], sigma, xi)[:8]
        up = gaussian_modes(positions[:, 1], sigma, 1e3 * xi)[:1]
        field = (across[:, None] * up).reshape(-1, 400)
        patches.append(speckle(positions, PATCH_X, PATCH_Y, DISTANCE, WAVELENGTH, field))
    light = np.array(patches)
    # Gaussian beams light few spheres fully, so their number shows: each patch by its own mean.
    contrast = np.mean(light.var(axis=(1, 2)) / light.mean(axis=(1, 2)) ** 2)
    assert contrast == pytest.approx(contrast_of_gaussian(sigma, xi), rel=0.06)


def test_weak_modes_are_smooth_light():
    """Those that make less than 2 % of the contrast; what they have of the light stays."""
    positions = scatter(300, BOX, stream(5, "spheres"))
    powers = np.array([0.1, 0.85, 0.05])
    field = np.sqrt(powers)[:, None] * np.exp(2j * np.pi * stream(6, "phase").random((3, 300)))
    seen = speckle(positions, PATCH_X, PATCH_Y, DISTANCE, WAVELENGTH, field)
    alone = speckle(positions, PATCH_X, PATCH_Y, DISTANCE, WAVELENGTH, field[1])
    np.testing.assert_allclose(seen, 0.15 + 0.85 * alone, rtol=1e-5)


def test_modes_add_up_to_the_beam_and_to_its_contrast():
    sigma, xi = 5e-6, 3e-6
    x = np.linspace(-60e-6, 60e-6, 4001)
    modes = gaussian_modes(x, sigma, xi)
    profile = np.exp(-((x / sigma) ** 2) / 2) / (np.sqrt(2 * np.pi) * sigma)
    np.testing.assert_allclose((modes**2).sum(axis=0), profile, atol=2e-4 * profile.max())
    overlaps = modes @ modes.T * (x[1] - x[0])
    np.testing.assert_allclose(overlaps, np.diag(np.diag(overlaps)), atol=1e-9)
    assert np.sum(np.diag(overlaps) ** 2) == pytest.approx(
        contrast_of_gaussian(sigma, xi), rel=1e-3
    )
    # and the coherence of two points is the one that was asked for
    middle, aside = 2000, 2100
    mutual = modes[:, middle] @ modes[:, aside]
    degree = mutual / np.sqrt(profile[middle] * profile[aside])
    assert degree == pytest.approx(np.exp(-(((x[aside] - x[middle]) / xi) ** 2) / 2), abs=1e-3)


def test_contrast_of_a_slit_is_the_mean_over_its_pairs():
    points = (np.arange(2000) + 0.5) / 2000 * 30e-6
    pairs = np.exp(-(((points[:, None] - points) / 16e-6) ** 2)).mean()
    assert contrast_of_slit(30e-6, 16e-6) == pytest.approx(pairs, rel=1e-5)
    assert contrast_of_slit(1e-12, 16e-6) == pytest.approx(1.0)


def test_contrast_at_chx_is_the_published_one():
    """Measured at Q = 0.0152 1/A for S2 = 30, 50, 100, 200 um x 400 um (NOBUGS 2018): 0.41, 0.31, 0.19, 0.15."""
    across, up = (coherence_length_m(1.2848e-10, 34.3, sigma) for sigma in (42.64e-6, 2.91e-6))
    contrasts = [
        contrast_of_slit(gap, across) * contrast_of_slit(400e-6, up)
        for gap in (30e-6, 50e-6, 100e-6, 200e-6)
    ]
    np.testing.assert_allclose(contrasts, [0.41, 0.31, 0.19, 0.15], atol=0.07)


def test_stokes_and_einstein():
    """Water at 20 and 25 degrees: 1.002 and 0.890 mPa s (CRC Handbook); 100 nm spheres then: 4.9 um2/s."""
    assert water_viscosity_Pa_s(293.15) == pytest.approx(1.002e-3, rel=0.01)
    assert water_viscosity_Pa_s(298.15) == pytest.approx(0.890e-3, rel=0.01)
    assert diffusion_m2_s(50e-9, 298.15, 0.890e-3) == pytest.approx(4.907e-12, rel=1e-3)


def test_spheres_diffuse_as_far_as_they_should():
    noise = stream(4, "spheres")
    start = scatter(20_000, BOX, noise)
    end = diffuse(diffuse(start, 5e-12, 0.3, noise), 5e-12, 0.7, noise)
    np.testing.assert_allclose(np.mean((end - start) ** 2, axis=0), 2 * 5e-12, rtol=0.05)
    kept = diffuse(start, 1e-9, 1.0, noise, BOX)
    assert (np.abs(kept) <= np.array(BOX) / 2).all()


@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 2))])
def test_g2_of_a_brownian_series_gives_back_the_diffusion_constant(seed):
    """Siegert's relation, g2 = 1 + beta exp(-2 D q^2 lag); within 3 % (1 % rms over seeds)."""
    diffusion = diffusion_m2_s(100e-9, 298.15, 0.890e-3)
    x, y = np.arange(-20, 20) * 300e-6, 45e-3 + np.arange(-2, 3) * 300e-6
    squared = np.mean((K / DISTANCE) ** 2 * (x**2 + y[:, None] ** 2))
    step_s = 0.2 / (diffusion * squared)
    noise = stream(seed, "spheres")
    positions = scatter(150, BOX, noise)
    frames = []
    for _ in range(3000):
        positions = diffuse(positions, diffusion, step_s, noise, BOX)
        frames.append(speckle(positions, x, y, DISTANCE, WAVELENGTH))
    lags = np.arange(1, 6)
    (contrast, rate), _ = curve_fit(_siegert, lags, g2(np.array(frames), lags), p0=(0.9, 0.5))
    assert rate / (2 * squared * step_s) == pytest.approx(diffusion, rel=0.03)
    assert contrast == pytest.approx(1.0, abs=0.03)


def _siegert(lag, contrast, rate):
    return 1 + contrast * np.exp(-rate * lag)


def test_g2_of_a_known_series():
    series = np.array([[1.0, 3.0], [3.0, 1.0], [1.0, 3.0]])
    np.testing.assert_allclose(g2(series, np.array([0, 1, 2])), [5 / 4, 3 / 4, 5 / 4])
    with pytest.raises(LimitsError, match=r"a lag of 3 frames is outside \[0, 2\]"):
        g2(series, np.array([3]))


def test_same_seed_same_bits():
    frames = [
        speckle(scatter(20, BOX, stream(seed, "s")), PATCH_X, PATCH_Y, DISTANCE, WAVELENGTH)
        for seed in (1, 1, 2)
    ]
    np.testing.assert_array_equal(frames[0], frames[1])
    assert (frames[0] != frames[2]).any()


@pytest.mark.parametrize(
    ("positions", "field", "text"),
    [
        (np.zeros((4, 2)), None, r"positions of shape \(4, 2\) are not \(spheres, 3\)"),
        (np.zeros((0, 3)), None, "positions of shape"),
        (np.zeros((4, 3)), np.ones((2, 5)), r"field of shape \(2, 5\) is not \(modes, 4\)"),
        (np.zeros((4, 3)), np.zeros(4), "the field not 0 everywhere"),
        (np.full((4, 3), np.nan), None, "must be finite"),
    ],
)
def test_what_speckle_does_not_take(positions, field, text):
    with pytest.raises(LimitsError, match=text):
        speckle(positions, PATCH_X, PATCH_Y, DISTANCE, WAVELENGTH, field)


def test_too_incoherent_a_beam_has_too_many_modes():
    with pytest.raises(LimitsError, match="modes are too many"):
        gaussian_modes(np.zeros(1), 1e-3, 1e-6)
    with pytest.raises(LimitsError, match=r"200 K is outside \[273.15, 373.15\] K"):
        water_viscosity_Pa_s(200.0)
