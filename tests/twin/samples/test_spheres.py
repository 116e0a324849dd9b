"""Form and structure factor, and absolute scattering, against closed forms and published numbers."""

import numpy as np
import pytest
from scipy.integrate import quad

from beamtwin.orchestration.errors import LimitsError
from beamtwin.twin.constants import HC_EV_M
from beamtwin.twin.samples.geometry import (
    scattering_angle_rad,
    scattering_vector_per_m,
    solid_angle_sr,
)
from beamtwin.twin.samples.percus_yevick import structure_factor
from beamtwin.twin.samples.spheres import form_amplitude, schulz
from beamtwin.twin.samples.suspension import Suspension, scattering_length_density_per_m2

R = 100e-9
DILUTE = Suspension(R, 1e-4, 1e-3)


def test_form_amplitude_is_the_fourier_transform_of_a_sphere():
    for x in (0.003, 0.5, 4.0, 20.0):
        integral, _ = quad(lambda s, x=x: 3 * s**2 * np.sinc(x * s / np.pi), 0, 1)
        assert form_amplitude(np.array([x / R]), R)[0] == pytest.approx(integral, abs=1e-10)


def test_first_dark_rings_of_a_sphere():
    """tan x = x: at 4.4934, 7.7253 and 10.9041."""
    zeros = np.array([4.493409, 7.725252, 10.904122]) / R
    np.testing.assert_allclose(form_amplitude(zeros, R), 0.0, atol=1e-7)


def test_series_and_closed_form_meet():
    x = np.array([1 - 1e-9, 1 + 1e-9])
    np.testing.assert_allclose(np.diff(form_amplitude(1e-2 * x / R, R)), 0.0, atol=1e-11)
    np.testing.assert_allclose(np.diff(structure_factor(0.1 * x / R, R, 0.3)), 0.0, atol=1e-8)


@pytest.mark.parametrize("polydispersity", [0.02, 0.1, 0.3])
def test_moments_of_schulzs_distribution(polydispersity):
    """<R^n> is the product of 1 + i p^2 for i < n."""
    radii = schulz(R, polydispersity)
    for power in (1, 2, 6):
        exact = np.prod([1 + i * polydispersity**2 for i in range(power)])
        assert radii.mean((radii.radius_m / R) ** power) == pytest.approx(exact, rel=1e-9)


def test_structure_factor_is_that_of_the_direct_correlation_function():
    fraction = 0.3
    a = (1 + 2 * fraction) ** 2 / (1 - fraction) ** 4
    b = -6 * fraction * (1 + fraction / 2) ** 2 / (1 - fraction) ** 4
    for x in (0.05, 0.6, 6.9, 15.0):
        integral, _ = quad(
            lambda s, x=x: s**2 * (a + b * s + fraction * a / 2 * s**3) * np.sinc(x * s / np.pi),
            0,
            1,
        )
        exact = 1 / (1 + 24 * fraction * integral)
        q = np.array([x / (2 * R)])
        assert structure_factor(q, R, fraction)[0] == pytest.approx(exact, rel=1e-9)


def test_compressibility_of_hard_spheres():
    """S(0) = (1 - f)^4 / (1 + 2 f)^2, and without spheres there is no order."""
    for fraction in (0.05, 0.2, 0.45):
        exact = (1 - fraction) ** 4 / (1 + 2 * fraction) ** 2
        assert structure_factor(np.zeros(1), R, fraction)[0] == pytest.approx(exact, rel=1e-12)
    np.testing.assert_array_equal(structure_factor(np.linspace(0, 1e9, 9), R, 0.0), 1.0)


def test_scattering_length_densities_are_the_published_ones():
    """Water 9.4e-6 and silica of 2.2 g/cm3 18.8e-6 per square angstrom (NCNR's calculator, X-rays)."""
    assert scattering_length_density_per_m2("water", 9650.0) == pytest.approx(9.43e14, rel=0.01)
    assert scattering_length_density_per_m2("SiO2", 9650.0) == pytest.approx(18.8e14, rel=0.01)


def test_forward_scattering_in_absolute_terms():
    """volume fraction * volume * contrast^2, for few spheres of one size."""
    volume = 4 / 3 * np.pi * R**3
    exact = DILUTE.volume_fraction * volume * DILUTE.contrast_per_m2(9650.0) ** 2
    forward = DILUTE.cross_section_per_m(np.zeros(1), 9650.0)[0]
    assert forward == pytest.approx(exact, rel=1e-3)  # 1 - S(0) is 8e-4


@pytest.mark.parametrize("polydispersity", [0.0, 0.15])
def test_porods_law(polydispersity):
    """q^4 times the cross-section goes to 2 pi contrast^2 surface / volume, on average over oscillations."""
    suspension = Suspension(R, 1e-4, 1e-3, polydispersity)
    radii = suspension.radii
    surface = radii.mean(4 * np.pi * radii.radius_m**2) * suspension.number_density_per_m3
    porod = 2 * np.pi * suspension.contrast_per_m2(9650.0) ** 2 * surface
    q = np.linspace(60.0, 60.0 + 10 * np.pi, 2000, endpoint=False) / R
    invariant = np.mean(q**4 * suspension.cross_section_per_m(q, 9650.0))
    assert invariant == pytest.approx(porod, rel=0.01)


def test_guinier_radius():
    """The slope of ln I against q^2 at the centre is -R^2 / 5."""
    q = np.array([0.0, 0.05]) / R
    fall = np.diff(np.log(DILUTE.cross_section_per_m(q, 9650.0)))[0]
    assert fall == pytest.approx(-(0.05**2) / 5, rel=5e-3)


def test_all_that_is_scattered_is_the_total_cross_section():
    """The image's sum against the integral of the curve: 2 pi / k^2 times the integral of q I(q) dq."""
    distance, pixel = 16.0, 75e-6
    axis = (np.arange(1001) - 500) * pixel
    wavelength = HC_EV_M / 9650.0
    fraction = DILUTE.scattered_fraction(axis, axis, pixel, distance, 9650.0)
    q_end = 2 * np.pi / wavelength * 500 * pixel / distance
    q = np.linspace(0, q_end, 20001)
    curve = DILUTE.cross_section_per_m(q, 9650.0)
    total = np.trapezoid(q * curve, q) * 2 * np.pi / (2 * np.pi / wavelength) ** 2
    disc = np.hypot(axis, axis[:, None]) < 500 * pixel
    expected = total * DILUTE.thickness_m * DILUTE.transmission(9650.0)
    assert fraction[disc].sum() == pytest.approx(expected, rel=2e-3)


def test_pixels_have_their_angles():
    x, y = np.array([0.0, 1.0]), np.array([0.0])
    np.testing.assert_allclose(scattering_angle_rad(x, y, 1.0), [[0.0, np.pi / 4]])
    q = scattering_vector_per_m(x, y, 1.0, 1e-10)
    np.testing.assert_allclose(q, [[0.0, 4e10 * np.pi * np.sin(np.pi / 8)]])
    np.testing.assert_allclose(solid_angle_sr(x, y, 1.0, 1e-3), [[1e-6, 1e-6 / 2**1.5]])


def test_half_of_space_is_two_pi():
    axis = np.arange(-200.0, 201.0)
    assert solid_angle_sr(axis, axis, 1.5, 1.0).sum() == pytest.approx(2 * np.pi, rel=0.02)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"radius_m": -1e-9}, "radius_m = -1e-09 must be a number above 0"),
        ({"thickness_m": float("nan")}, "thickness_m = nan"),
        ({"volume_fraction": 0.6}, r"volume fraction: 0.6 is outside \[0, 0.494\]"),
        ({"polydispersity": -0.1}, "polydispersity = -0.1"),
    ],
)
def test_suspensions_that_cannot_be(change, text):
    values = {"radius_m": R, "volume_fraction": 0.1, "thickness_m": 1e-3, "polydispersity": 0.0}
    with pytest.raises(LimitsError, match=text):
        Suspension(**(values | change))


def test_unknown_material_is_named():
    with pytest.raises(LimitsError, match="'unobtainium' is neither"):
        Suspension(R, 0.1, 1e-3, particle="unobtainium").transmission(9650.0)
