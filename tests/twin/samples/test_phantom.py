"""Projections against closed forms and against sums over a raster; flats, darks, rings."""

import numpy as np
import pytest

from beamtwin.orchestration.errors import LimitsError
from beamtwin.twin.noise import stream
from beamtwin.twin.samples.phantom import Ellipsoid, Phantom, shepp_logan
from beamtwin.twin.samples.tomography import Radiography, flat_corrected, pixel_gains

AXIS = (np.arange(400) - 199.5) * 5e-6
MIDDLE = np.array([0.0])
HEAD = shepp_logan(1e-3, 200.0)
EGG = Ellipsoid(300.0, 1e-4, -5e-5, 2e-4, 2e-4, 3e-4, 4e-4, angle_rad=0.4)


def test_sphere_throws_chords():
    sphere = Phantom((Ellipsoid(100.0, 0.0, 0.0, 0.0, 5e-4, 5e-4, 5e-4),))
    chords = sphere.projection(0.7, AXIS, AXIS)
    squared = AXIS**2 + AXIS[:, None] ** 2
    np.testing.assert_allclose(chords, 200 * np.sqrt(np.maximum(25e-8 - squared, 0)), atol=1e-14)


def test_every_projection_has_the_mass():
    for angle in (0.0, 0.5, 2.0):
        total = Phantom((EGG,)).projection(angle, AXIS, AXIS).sum() * 5e-6**2
        assert total == pytest.approx(EGG.mass_m2, rel=1e-4)


@pytest.mark.parametrize("phantom", [Phantom((EGG,)), HEAD])
def test_projection_is_the_sum_along_the_beam(phantom):
    """Rows of points along z, turned back into the sample; within what a raster can."""
    angle = 0.6
    z = (np.arange(4000) - 1999.5) * 5e-7
    u = np.linspace(-7e-4, 7e-4, 15)
    x0 = u[:, None] * np.cos(angle) - z * np.sin(angle)
    z0 = u[:, None] * np.sin(angle) + z * np.cos(angle)
    summed = sum(e.attenuation_per_m * e.contains(x0, 0.0, z0) for e in phantom.ellipsoids)
    exact = phantom.projection(angle, u, MIDDLE)[0]
    np.testing.assert_allclose(np.sum(summed, axis=1) * 5e-7, exact, atol=2e-3 * exact.max())


def test_head_is_shepps_and_logans():
    """Values of the published figure's regions: skull 1, brain 0.2, ventricles 0, in units of the skull."""
    x = np.array([0.0, 0.22e-3, -0.22e-3, 0.99e-3])
    there = HEAD.slice(x, np.array([0.0]), -0.25e-3)[0] / 200
    np.testing.assert_allclose(there, [0.2, 0.0, 0.0, 0.0], atol=1e-12)
    assert HEAD.slice(np.array([0.675e-3]), np.array([0.0]))[0, 0] == 200.0
    assert HEAD.slice(np.array([0.0]), np.array([0.35e-3]), -0.25e-3)[0, 0] == pytest.approx(60.0)


def test_ventricles_lean_outwards():
    """The left one's long axis is 108 degrees from x towards z; its mirror image lies in the upper tumour."""
    tip = 0.38e-3 * np.exp(1j * np.radians(108.0))
    left = HEAD.slice(np.array([tip.real, -tip.real]) - 0.22e-3, np.array([tip.imag]), -0.25e-3)
    np.testing.assert_allclose(left[0] / 200, [0.0, 0.3], atol=1e-12)


def test_axis_of_rotation_and_half_a_turn():
    """Half a turn mirrors the projection at the axis; the centre of mass moves as a sine around it."""
    axis = 35e-6
    phantom = Phantom((EGG,))
    once = phantom.projection(0.3, AXIS, MIDDLE, axis_m=axis)
    turned = phantom.projection(0.3 + np.pi, 2 * axis - AXIS[::-1], MIDDLE, axis_m=axis)[:, ::-1]
    np.testing.assert_allclose(once, turned, atol=1e-12)
    for angle in (0.0, 1.0, 2.5):
        shadow = phantom.projection(angle, AXIS, MIDDLE, axis_m=axis)[0]
        center = (shadow * AXIS).sum() / shadow.sum()
        assert center == pytest.approx(axis + 1e-4 * np.cos(angle) + 2e-4 * np.sin(angle), abs=1e-7)


def test_filtered_back_projection_gives_the_slice_back():
    """180 angles of the head, by Ram and Lak's filter: the skull and the brain within a few per cent."""
    size, step = 128, 16e-6
    x = (np.arange(size) - size / 2 + 0.5) * step
    angles = np.arange(180) * np.pi / 180
    sinogram = np.array([HEAD.projection(angle, x, MIDDLE)[0] for angle in angles])
    n = np.arange(-size, size)
    with np.errstate(divide="ignore"):
        ramp = np.where(n % 2, -1 / (np.pi * n * step) ** 2, 0.0)
    ramp[size] = 1 / (4 * step**2)
    filtered = (
        np.array([np.convolve(row, ramp, "full")[size : 2 * size] for row in sinogram]) * step
    )
    slice_ = np.zeros((size, size))
    for angle, row in zip(angles, filtered, strict=True):
        u = x * np.cos(angle) + x[:, None] * np.sin(angle)
        slice_ += np.interp(u, x, row) * np.pi / 180
    truth = HEAD.slice(x, x)
    inside = np.hypot(x, x[:, None]) < 0.5e-3
    assert np.median(slice_[inside]) == pytest.approx(np.median(truth[inside]), rel=0.03)
    assert np.corrcoef(slice_.ravel(), truth.ravel())[0, 1] > 0.9


def test_flats_and_darks_take_the_light_away():
    projection = HEAD.projection(0.2, AXIS, MIDDLE)
    noise = stream(1, "camera")
    camera = Radiography(
        light=np.linspace(5e3, 8e3, 400)[None],
        gains=pixel_gains((1, 400), 0.05, noise),
        dark=np.full((1, 400), 100.0),
    )
    seen = flat_corrected(camera.frame(projection), camera.frame(0.0), camera.frame(np.inf))
    np.testing.assert_allclose(seen, projection, atol=1e-12)


def test_gains_that_change_after_the_flats_make_rings():
    """The same stripe at every angle of the sinogram: -log of the change."""
    noise = stream(2, "camera")
    light = np.full((1, 400), 1e4)
    change = pixel_gains((1, 400), 0.01, noise)
    then, now = Radiography(light), Radiography(light, gains=change)
    for angle in (0.1, 1.1):
        projection = HEAD.projection(angle, AXIS, MIDDLE)
        seen = flat_corrected(now.frame(projection), then.frame(0.0), np.zeros((1, 400)))
        np.testing.assert_allclose(seen - projection, -np.log(change), atol=1e-12)
    assert change.std() == pytest.approx(0.01, rel=0.15)


def test_no_light_is_not_a_number():
    flat = np.array([[0.0, 10.0, 10.0]])
    seen = flat_corrected(np.array([[0.0, 0.0, 5.0]]), flat, np.zeros((1, 3)))
    np.testing.assert_allclose(seen, [[np.nan, np.nan, np.log(2)]])


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (lambda: Ellipsoid(1.0, 0, 0, 0, 1.0, 0.0, 1.0), "y_semiaxis_m = 0 must be"),
        (lambda: Ellipsoid(np.nan, 0, 0, 0, 1.0, 1.0, 1.0), "must be numbers"),
        (lambda: HEAD.projection(0.0, AXIS[::-1], MIDDLE), "middles must ascend"),
        (lambda: Radiography(np.ones(4)), r"light of shape \(4,\) is not an image"),
        (lambda: Radiography(np.array([[1.0, np.nan, -1.0]])), r"pixel \(0, 1\) is nan.* 1 others"),
        (lambda: Radiography(np.ones((2, 2))).frame(np.zeros((2, 3))), r"\(2, 3\) is not \(2, 2\)"),
    ],
)
def test_what_cannot_be(wrong, text):
    with pytest.raises(LimitsError, match=text):
        wrong()
