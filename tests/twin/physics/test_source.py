"""Electrons and undulator, against Sirepo's CHX model, the magnet laboratory, and what the beamline measured."""

from dataclasses import replace
from math import pi, sqrt

import numpy as np
import pytest

from beamtwin.orchestration.errors import LimitsError
from beamtwin.twin.levels.closed import coherence_length_m
from beamtwin.twin.levels.spectrum import spectrum
from beamtwin.twin.source import (
    FieldUndulator,
    GapTable,
    deflection_for_energy,
    deflection_parameter,
    gap_energy_residuals_eV,
    harmonic_energy_eV,
    natural_divergence_rad,
    natural_source_size_m,
)

#: The table as the laboratory has it.
UNCALIBRATED = {"gap_offset_m": 0.0, "energy_scale": 1.0}


def test_electron_beam_has_the_sizes_of_sirepos_chx_model(beamline):
    beam = beamline.beam
    assert beam.x_sigma_m == pytest.approx(42.64e-6, abs=0.01e-6)
    assert beam.y_sigma_m == pytest.approx(2.91e-6, abs=0.01e-6)
    assert beam.x_divergence_rad == pytest.approx(21.1e-6, abs=0.05e-6)
    assert beam.y_divergence_rad == pytest.approx(2.75e-6, abs=0.01e-6)


def test_fifth_harmonic_is_9000_eV_at_sirepos_field(beamline):
    K = deflection_parameter(0.88770981, 0.020)
    assert pytest.approx(1.65776, abs=1e-5) == K
    gamma = beamline.beam.gamma
    assert harmonic_energy_eV(gamma, 0.020, K, 1) == pytest.approx(1800.0, abs=0.1)
    assert harmonic_energy_eV(gamma, 0.020, K, 5) == pytest.approx(9000.0, abs=0.5)


def test_field_for_an_energy_is_the_inverse_of_the_energy_of_a_field(beamline):
    gamma = beamline.beam.gamma
    K = deflection_for_energy(gamma, 0.020, 9650.0, 5)
    assert harmonic_energy_eV(gamma, 0.020, K, 5) == pytest.approx(9650.0, rel=1e-12)


def test_energy_out_of_a_harmonics_reach_says_so(beamline):
    with pytest.raises(
        LimitsError, match=r"12000 eV is outside .* \(harmonic 1 .*another harmonic"
    ):
        deflection_for_energy(beamline.beam.gamma, 0.020, 12000.0, 1)


def test_table_of_the_magnet_laboratory_follows_the_resonance_formula(beamline, chx_folder):
    """Its third column is its second one through the formula, as O. Chubar wrote it."""
    rows = np.genfromtxt(chx_folder / "data" / "ivu20_magnet_lab.csv", delimiter=",", skip_header=4)
    gap_mm, K, e1_keV = rows[rows[:, 0] < 12].T
    ours = [harmonic_energy_eV(beamline.beam.gamma, 0.020, k) for k in K]
    np.testing.assert_allclose(ours, e1_keV * 1e3, rtol=2e-4)
    moved = replace(beamline.source, **UNCALIBRATED, gap_m=gap_mm[50] * 1e-3)
    assert pytest.approx(K[50], rel=1e-9) == moved.K


def test_calibration_brings_the_table_to_what_the_beamline_measured(beamline, chx_folder):
    """Gap offset -0.193 mm and energy scale -0.927 %: from 87 eV off to 1.6 eV rms over 5.4-11.75 mm."""
    measured = np.genfromtxt(
        chx_folder / "data" / "ivu20_gap_energy_2017-05-27.csv", delimiter=",", skip_header=3
    )
    gap_mm, e1_keV = measured[measured[:, 0] > 5.7].T

    def differences(**calibration) -> np.ndarray:
        source = replace(beamline.source, **calibration)
        return gap_energy_residuals_eV(source, beamline.beam, gap_mm * 1e-3, e1_keV * 1e3)

    assert differences(**UNCALIBRATED).mean() == pytest.approx(87.0, abs=10.0)
    calibrated = differences(gap_offset_m=-0.193e-3, energy_scale=1 - 0.00927)
    assert calibrated.std() < 3.0
    assert abs(calibrated.mean()) < 3.0


def test_gaps_outside_the_table_have_no_residual(beamline):
    source = replace(beamline.source, **UNCALIBRATED)
    residuals = gap_energy_residuals_eV(source, beamline.beam, [5e-3, 6e-3], [1500.0, 1700.0])
    assert np.isnan(residuals).tolist() == [True, False]


def test_flux_through_s0_peaks_below_the_harmonic_as_srw_has_it(beamline):
    """At Sirepo's field: 8976 eV, 24 eV below the harmonic's energy on the axis (research on SRW's CalcStokesUR)."""
    source = FieldUndulator("IVU20", 0.020, 3.0, 0.88770981)
    shining = replace(beamline, source=source)
    energies_eV = np.arange(8960.0, 9001.0, 4.0)
    fast, srw = (spectrum(shining, "S0", energies_eV, level) for level in ("fast", "wave"))
    assert energies_eV[srw.argmax()] == pytest.approx(8976.0, abs=4.0)
    assert energies_eV[fast.argmax()] == pytest.approx(8976.0, abs=4.0)
    np.testing.assert_allclose(fast, srw, rtol=0.06)
    assert srw.max() == pytest.approx(2.08e14, rel=0.02)


def test_undulator_is_tuned_by_its_gap_with_and_without_calibration(beamline):
    for calibration in (UNCALIBRATED, {"gap_offset_m": -0.193e-3, "energy_scale": 0.99073}):
        source = replace(beamline.source, **calibration).tuned_to(9650.0, 5, beamline.beam)
        assert source.harmonic_energy_eV(beamline.beam, 5) == pytest.approx(9650.0, abs=1e-6)
        assert source.harmonic_near(beamline.beam, 9600.0) == 5
    assert source.gap_m == pytest.approx(
        6.640e-3, abs=0.01e-3
    )  # as the beamline's own table has it


def test_scenario_shines_at_its_monochromators_energy(beamline):
    assert beamline.source.harmonic_energy_eV(beamline.beam, 5) == pytest.approx(9650.0, abs=0.1)
    assert beamline.wavelength_m == pytest.approx(1.2848e-10, rel=1e-4)


def test_gap_outside_the_table_names_gap_and_limits(beamline):
    closed = replace(beamline.source, **UNCALIBRATED, gap_m=5.0e-3)
    with pytest.raises(LimitsError, match=r"undulator gap: 5 mm is outside \[5.5, 40\] mm"):
        _ = closed.K


def test_gap_table_interpolates_an_exponential_exactly():
    table = GapTable((5e-3, 10e-3), (2.0, 0.5))
    assert table.K_at(7.5e-3) == pytest.approx(1.0)
    assert table.gap_at(1.0) == pytest.approx(7.5e-3)


def test_coherence_lengths_at_s2_are_the_published_ones(beamline):
    """16.4 um h and 192 um v (van Cittert-Zernike) count one electron's own source size as incoherent too.

    What blurs the pattern is the electron beam alone: 241 um v.
    """
    wavelength, beam = beamline.wavelength_m, beamline.beam
    natural = natural_source_size_m(wavelength, beamline.source.length_m)

    def coherence(sigma_m: float) -> float:
        return coherence_length_m(wavelength, 34.3, sigma_m)

    assert coherence(sqrt(beam.x_sigma_m**2 + natural**2)) == pytest.approx(16.4e-6, rel=0.005)
    assert coherence(sqrt(beam.y_sigma_m**2 + natural**2)) == pytest.approx(192e-6, rel=0.005)
    assert coherence(beam.y_sigma_m) == pytest.approx(241e-6, rel=0.005)


def test_one_electrons_light_is_diffraction_limited(beamline):
    """Kim: size times divergence of the natural mode is wavelength / 4 pi."""
    wavelength, length = beamline.wavelength_m, beamline.source.length_m
    product = natural_source_size_m(wavelength, length) * natural_divergence_rad(wavelength, length)
    assert product == pytest.approx(wavelength / (4 * pi))
