"""Powder lines against NIST's certificates, and foils against tables of edges."""

import numpy as np
import pytest

from beamtwin.orchestration.errors import LimitsError
from beamtwin.twin.constants import HC_EV_M
from beamtwin.twin.samples.crystal import LAB6, SILICON, Crystal
from beamtwin.twin.samples.foil import Foil, edge_energy_eV
from beamtwin.twin.samples.powder import Powder

#: Cu K alpha 1, as the certificates have it.
COPPER_M = 1.5405929e-10
COPPER_EV = HC_EV_M / COPPER_M


def angles_deg(crystal: Crystal, count: int) -> list[float]:
    lines = crystal.reflections(COPPER_EV, 0.9e-10)[:count]
    return [np.degrees(line.two_theta_rad(COPPER_M)) for line in lines]


def test_lanthanum_hexaboride_lies_where_its_certificate_says():
    """NIST SRM 660c."""
    certified = [21.358, 30.385, 37.442, 43.507, 48.958]
    np.testing.assert_allclose(angles_deg(LAB6, 5), certified, atol=1.5e-3)


def test_silicon_lies_where_its_certificate_says():
    """NIST SRM 640 (its lots differ by less than 0.005 degrees): 111, 220, 311, 400, 331; the others are extinct."""
    certified = [28.441, 47.300, 56.119, 69.126, 76.372]
    np.testing.assert_allclose(angles_deg(SILICON, 5), certified, atol=1.5e-3)
    lines = SILICON.reflections(COPPER_EV, 1.2e-10)
    assert [line.hkl for line in lines] == [(1, 1, 1), (2, 2, 0), (3, 1, 1), (4, 0, 0), (3, 3, 1)]
    assert [line.multiplicity for line in lines] == [8, 12, 24, 6, 24]


def test_structure_factors_of_silicon():
    """Atoms' form factors of 111 and 220 as measured: 10.60 and 8.39 (Cummings and Hart, Aust. J. Phys. 41 (1988) 423).

    111 has 4 (1 - i) of them, 220 has 8, 222 none. 60 keV is far above all edges.
    """
    factors = [
        abs(SILICON.structure_factor(hkl, 60e3)) for hkl in ((1, 1, 1), (2, 2, 0), (2, 2, 2))
    ]
    np.testing.assert_allclose(factors, [2**0.5 * 4 * 10.60, 8 * 8.39, 0.0], rtol=0.04, atol=1e-9)
    line = SILICON.reflections(60e3, 3e-10)[0]
    assert line.strength == pytest.approx(8 * factors[0] ** 2)


def test_monoclinic_spacing_is_the_closed_form():
    """Monoclinic: 1/d^2 = (h^2/a^2 + l^2/c^2 - 2 h l cos b / (a c)) / sin^2 b + k^2/b^2."""
    cell = Crystal("cell", (5e-10, 6e-10, 7e-10), (("Si", (0.0, 0.0, 0.0)),), (90.0, 110.0, 90.0))
    angle = np.radians(110.0)
    inverse = (4 / 25 + 9 / 49 - 2 * 2 * 3 * np.cos(angle) / 35) / np.sin(angle) ** 2 + 1 / 36
    assert cell.spacing_m((2, 1, 3)) == pytest.approx(1e-10 * inverse**-0.5)
    with pytest.raises(LimitsError, match=r"no cell has the angles \(10.0, 10.0, 90.0\)"):
        Crystal("cell", (1e-10,) * 3, (), (10.0, 10.0, 90.0))


def test_rings_on_a_detector_have_braggs_radii():
    energy, distance, pixel = 20e3, 0.3, 100e-6
    x = np.arange(0, 1500) * pixel
    image = Powder(LAB6, width_rad=1e-3).rings(x, np.array([0.0, 0.02]), distance, energy)
    wavelength = HC_EV_M / energy
    for line in LAB6.reflections(energy, 1.5e-10):
        radius = distance * np.tan(line.two_theta_rad(wavelength))
        near = np.flatnonzero(np.abs(x - radius) < 1e-3)
        top = x[near[image[0, near].argmax()]]
        assert top == pytest.approx(radius, abs=pixel)
    assert 0.95 < image.max() <= 1.001
    # the second row crosses the same ring further in
    first, inner = image[:, :550].argmax(axis=1)
    assert np.hypot(x[inner], 0.02) == pytest.approx(x[first], abs=2 * pixel)


def test_line_has_its_width_and_a_dark_side():
    powder = Powder(SILICON, width_rad=1e-3)
    line = SILICON.reflections(20e3, 3e-10)[0].two_theta_rad(HC_EV_M / 20e3)
    curve = powder.curve(np.array([line - 5e-4, line, line + 5e-4, line + 0.03]), 20e3)
    np.testing.assert_allclose(curve, [0.5, 1.0, 0.5, 0.0], atol=1e-3)
    np.testing.assert_array_equal(powder.curve(np.array([0.001, 0.002]), 20e3), 0.0)


@pytest.mark.parametrize(
    ("element", "shell", "tabled"),
    [("Cu", "K", 8979.0), ("Fe", "K", 7112.0), ("Au", "L3", 11919.0), ("Pt", "L3", 11564.0)],
)
def test_edges_are_where_the_x_ray_data_booklet_has_them(element, shell, tabled):
    assert edge_energy_eV(element, shell) == pytest.approx(tabled, abs=1.0)
    energies = tabled + np.arange(-20.0, 20.5, 0.5)
    absorbance = Foil(element, 5e-6).absorbance(energies)
    jump = energies[np.diff(absorbance).argmax()]
    assert jump == pytest.approx(tabled, abs=1.0)


def test_edge_jump_of_copper():
    """NIST's table (XCOM): 37.6 and 276.9 cm2/g below and above, by photoabsorption 36.5 and 276.8."""
    below, above = Foil("Cu", 10e-6).absorbance(np.array([8970.0, 8985.0]))
    per_g = 1e-3 * 8.96  # 10 um, in g/cm2
    assert below / per_g == pytest.approx(37.6, rel=0.03)
    assert above / per_g == pytest.approx(276.9, rel=0.03)
    assert Foil("Cu", 10e-6).transmission(np.array([8970.0]))[0] == pytest.approx(np.exp(-below))


def test_a_band_rounds_the_edge_and_thick_foils_leak():
    edge = edge_energy_eV("Cu")
    energies = edge + np.array([-60.0, 0.0, 60.0])
    foil = Foil("Cu", 10e-6)
    sharp = foil.transmission(energies)
    rounded = foil.transmission(energies, bandwidth=1e-3)
    np.testing.assert_allclose(rounded[[0, 2]], sharp[[0, 2]], rtol=0.02)
    low, high = foil.transmission(edge + np.array([-1.0, 1.0]))
    assert rounded[1] == pytest.approx((low + high) / 2, rel=0.02)
    assert -np.log(rounded[1]) < foil.absorbance(edge + np.array([-1.0, 1.0])).mean()


def test_what_there_is_not_is_named():
    with pytest.raises(LimitsError, match="no K edge of 'Xx'"):
        edge_energy_eV("Xx")
    with pytest.raises(LimitsError, match="no Q9 edge of 'Cu'"):
        edge_energy_eV("Cu", "Q9")
    with pytest.raises(LimitsError, match="thickness_m = 0"):
        Foil("Cu", 0.0)
    with pytest.raises(LimitsError, match=r"photon energy: nan eV is outside"):
        Foil("Cu", 1e-6).absorbance(np.array([np.nan]))
    line = SILICON.reflections(20e3, 3e-10)[0]
    with pytest.raises(LimitsError, match="Bragg's law has no angle"):
        line.two_theta_rad(1e-9)
    with pytest.raises(LimitsError, match=r"\(0, 0, 0\) is no set of planes"):
        SILICON.spacing_m((0, 0, 0))
