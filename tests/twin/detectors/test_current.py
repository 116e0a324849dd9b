"""Currents: ion chambers, diodes and four quadrants."""

from math import erf

import numpy as np
import pytest

from beamtwin.orchestration.errors import LimitsError
from beamtwin.twin.constants import ELECTRON_CHARGE_C
from beamtwin.twin.detectors.current import Diode, IonChamber, fluctuating_A
from beamtwin.twin.detectors.point_counter import PointCounter
from beamtwin.twin.detectors.sensor import Sensor
from beamtwin.twin.detectors.xbpm import Quadrants, Xbpm
from beamtwin.twin.noise import stream

CHAMBER = IonChamber("I0", "S2")
XBPM = Xbpm("XBPM", "S2", 1e-16, x_scale_m=1e-4, y_scale_m=1e-4)


def test_ion_chamber_current_by_nists_tables():
    """Nitrogen at 10 keV: mu/rho 3.88, mu_en/rho 3.55 cm2/g (NIST), 1.165e-3 g/cm3 at 20 degrees, 34.8 eV a pair."""
    depth = 3.88 * 1.165e-3 * 10.0
    exact = 1e9 * 1e4 / 34.8 * ELECTRON_CHARGE_C * (1 - np.exp(-depth)) * 3.55 / 3.88
    assert CHAMBER.current_A(1e9, 1e4) == pytest.approx(exact, rel=0.03)
    assert CHAMBER.transmission(1e4) == pytest.approx(np.exp(-depth), rel=0.003)


def test_thick_gas_gives_all_the_energy_and_none_gives_nothing():
    """1e9 photons/s of 10 keV are 1.6 uW: 46 nA in nitrogen, but for what it scatters away."""
    full = IonChamber("I1", "S2", length_m=1e3, dark_current_A=1e-12)
    limit = 1e9 * 1e4 / 34.8 * ELECTRON_CHARGE_C
    assert 0.85 * limit < full.current_A(1e9, 1e4) < limit
    assert (
        IonChamber("I2", "S2", pressure_Pa=0.0, dark_current_A=1e-12).current_A(1e9, 1e4) == 1e-12
    )
    half = IonChamber("I3", "S2", gas="He", pressure_Pa=50_662.5)
    whole = IonChamber("I4", "S2", gas="He")
    assert half.current_A(1e9, 1e4) == pytest.approx(whole.current_A(1e9, 1e4) / 2, rel=1e-3)


def test_diode_has_silicons_responsivity():
    """Fully absorbing, 1/3.66 eV = 0.273 A/W: 0.438 uA for 1e9 photons/s of 10 keV."""
    diode = Diode("diode", "S2", Sensor("Si", 50e-3))
    assert diode.current_A(1e9, 1e4) == pytest.approx(0.438e-6, rel=2e-3)
    assert Diode("d", "S2", dark_current_A=1e-12).current_A(0.0, 1e4) == 1e-12


def test_current_fluctuates_with_its_photons():
    noise = stream(1, "diode")
    read = np.array([fluctuating_A(1e-9, 1e6, 0.01, noise) for _ in range(4000)])
    assert read.mean() == pytest.approx(1e-9, rel=1e-3)
    assert read.std() == pytest.approx(1e-11, rel=0.05)
    quiet = [fluctuating_A(0.0, 0.0, 1.0, noise, electrometer_A=1e-13) for _ in range(4000)]
    assert np.std(quiet) == pytest.approx(1e-13, rel=0.05)
    assert fluctuating_A(1e-9, 1e6, 0.01, None) == 1e-9


def test_quadrants_of_a_gaussian_are_error_functions():
    sigma = 50e-6
    currents = XBPM.gaussian_currents_A(1e12, (20e-6, -10e-6), (sigma, 2 * sigma))
    assert sum(currents) == pytest.approx(1e-4)
    x, y = XBPM.position_m(currents)
    assert x == pytest.approx(1e-4 * erf(20e-6 / sigma / 2**0.5))
    assert y == pytest.approx(-1e-4 * erf(10e-6 / (2 * sigma) / 2**0.5))


def test_position_is_right_near_the_middle():
    sigma = 50e-6
    scale = sigma * np.sqrt(np.pi / 2)
    xbpm = Xbpm("X", "S2", 1e-16, x_scale_m=scale, y_scale_m=scale, x_center_m=1e-3)
    currents = xbpm.gaussian_currents_A(1e12, (1e-3 + 2e-6, 1e-6), (sigma, sigma))
    assert xbpm.position_m(currents) == pytest.approx((2e-6, 1e-6), rel=1e-3)


def test_light_on_a_grid_gives_the_same_currents():
    xbpm = Xbpm("X", "S2", 1e-16, 1e-4, 1e-4, y_center_m=5e-6, gap_m=10e-6)
    axis = (np.arange(600) - 299.5) * 1e-6
    x, y = (np.exp(-(((axis - middle) / 40e-6) ** 2) / 2) for middle in (15e-6, -20e-6))
    light = np.multiply.outer(y, x)
    light *= 1e12 / light.sum()
    closed = xbpm.gaussian_currents_A(1e12, (15e-6, -20e-6), (40e-6, 40e-6))
    np.testing.assert_allclose(xbpm.currents_A(light, axis, axis), closed, rtol=1e-3)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (lambda: IonChamber("I0", "S2", gas="H2"), "no gas 'H2'; there are He, N2, Ar"),
        (lambda: IonChamber("I0", "S2", length_m=0.0), "length_m = 0"),
        (lambda: CHAMBER.current_A(-1.0, 1e4), "I0: flux_ph_s = -1"),
        (lambda: CHAMBER.current_A(np.nan, 1e4), "I0: flux_ph_s = nan"),
        (lambda: CHAMBER.current_A(1e9, -5.0), "I0: photon energy: -5 eV is outside"),
        (lambda: Diode("d", "S2").current_A(1e9, np.nan), "photon energy: nan eV"),
        (lambda: PointCounter("d", "S2").counts(np.nan, 1.0), "d: flux_ph_s = nan"),
        (lambda: PointCounter("d", "S2").counts(1e9, -1.0), "d: exposure_s = -1"),
        (lambda: fluctuating_A(1e-9, 1e6, 0.0, None), "integration_s = 0"),
        (
            lambda: XBPM.position_m(Quadrants(0.0, 0.0, 0.0, 0.0)),
            "without light there is no position",
        ),
        (
            lambda: XBPM.currents_A(np.ones((2, 3)), np.zeros(2), np.zeros(3)),
            r"\(2, 3\) is not \(3, 2\)",
        ),
    ],
)
def test_what_cannot_be(wrong, text):
    with pytest.raises(LimitsError, match=text):
        wrong()
