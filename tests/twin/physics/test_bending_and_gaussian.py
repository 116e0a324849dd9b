"""Bending magnet and Gaussian beam: against the X-Ray Data Booklet, closed forms and SRW."""

from dataclasses import replace
from math import pi

import numpy as np
import pytest

from beamtwin.twin.beamline import Beamline, BeamlineError
from beamtwin.twin.bending_magnet import BendingMagnet, universal_flux
from beamtwin.twin.chain import evaluate
from beamtwin.twin.description import DescriptionError, load_description
from beamtwin.twin.elements import Aperture, Detector, Lens, Monochromator
from beamtwin.twin.gaussian_beam import GaussianBeam
from beamtwin.twin.grid import Grid
from beamtwin.twin.ring import NO_ELECTRONS, ElectronBeam

#: NSLS-II, 0.4 T: a critical energy of 2.39 keV (X-Ray Data Booklet: 0.665 E^2 B).
RING = ElectronBeam(3e9, 0.5, 0.55e-9, 8e-12, 1.5, 22.5, 8.9e-4, y_alpha=-0.9)
MAGNET = BendingMagnet("BM", 0.4, 3.0)
BAND = Monochromator("band", 9.0, 2500.0, 1e-3)


def bent(*elements, grid=None) -> Beamline:
    return Beamline(RING, MAGNET, (BAND, *elements), grid)


def test_critical_energy_and_flux_are_the_data_booklets():
    """0.665 E^2 B keV; 2.457e13 E I G1 photons/s/mrad/0.1 %, with G1(1) = 0.651; 1.327e13 E^2 I H2, H2(1) = 1.454."""
    critical_eV = MAGNET.critical_energy_eV(RING)
    assert critical_eV == pytest.approx(665.0 * 9 * 0.4, rel=1e-3)
    assert universal_flux(1.0) == pytest.approx(0.6514, rel=1e-3)
    per_mrad = MAGNET.flux_per_rad(RING, critical_eV) * 1e-3
    assert per_mrad == pytest.approx(2.457e13 * 3 * 0.5 * 0.651, rel=2e-3)
    (density,) = MAGNET.density_per_rad2(RING, critical_eV, np.zeros(1)) * 1e-6
    assert density == pytest.approx(1.327e13 * 9 * 0.5 * 1.454, rel=2e-3)


@pytest.mark.parametrize("energy_eV", [100.0, 2500.0, 20e3])
def test_density_adds_up_to_the_flux(energy_eV):
    angle_rad = np.linspace(-1, 1, 4001) * MAGNET.reach_rad(RING, energy_eV)
    total = MAGNET.density_per_rad2(RING, energy_eV, angle_rad).sum() * np.diff(angle_rad)[0]
    assert total == pytest.approx(MAGNET.flux_per_rad(RING, energy_eV), rel=1e-6)


def test_flux_through_a_slit_is_srws():
    """Of one electron, where the electrons' own angles hardly widen the light; SRW asked for 1 %."""
    beamline = bent(Aperture("FE", 10.0, 1e-3, 1e-3), grid=Grid(1.2e-3, 1.2e-3, 0.2))
    fast, srw = (evaluate(beamline, "FE", level).flux_ph_s for level in ("fast", "srw"))
    assert srw == pytest.approx(fast, rel=0.03)
    density = MAGNET.density_per_rad2(RING, 2500.0, np.zeros(1))[0] * 1e-8
    assert fast == pytest.approx(density, rel=0.03)  # which falls by 2 % over the slit, on average


def test_arc_shines_as_far_up_as_its_angular_density_says():
    screen = Detector("screen", 20.0, 100e-6, 11, 401, 5.0, 200.0)
    seen = evaluate(bent(Aperture("FE", 10.0, 0.1e-3, 20e-3), screen), "screen")
    column = seen.photons_s.sum(axis=1)
    rms_m = np.sqrt((column @ seen.y_m**2) / column.sum())
    assert rms_m == pytest.approx(20.0 * MAGNET.divergence_rad(RING, 2500.0), rel=0.01)


@pytest.mark.parametrize("level", ["wave", "coherent", "modes", "electrons"])
def test_level_that_does_not_know_a_source_names_those_that_do(level):
    with pytest.raises(
        BeamlineError, match=f"BM: the level {level} .*BendingMagnet: take fast or srw"
    ):
        evaluate(bent(Aperture("FE", 10.0, 1e-3, 1e-3)), "FE", level)


def test_modes_want_a_waist(beamline):
    tilted = replace(beamline, beam=replace(beamline.beam, y_alpha=-0.9))
    with pytest.raises(BeamlineError, match=r"ring: alpha .* IVU20.* take fast, coherent or srw"):
        evaluate(tilted, "S2", "modes")


LASER = GaussianBeam("laser", 10e-6, 5e-6, 1e12)
SCREEN = Detector("screen", 30.0, 2e-6, 401, 401, 200.0, 200.0)


def lit(*elements, grid=None) -> Beamline:
    return Beamline(NO_ELECTRONS, LASER, (replace(BAND, energy_eV=9000.0), *elements), grid)


@pytest.mark.parametrize("level", ["fast", "coherent", "modes", "srw"])
def test_gaussian_beam_spreads_as_the_closed_form(level):
    """sigma(z) = sigma sqrt(1 + (z / z_R)^2); the pixels' own size is 0.58 um rms."""
    beamline = lit(Aperture("wide", 10.0, 2e-3, 2e-3), SCREEN, grid=Grid(0.3e-3, 0.6e-3, 4.0))
    seen = evaluate(beamline, "screen", level)
    assert seen.flux_ph_s == pytest.approx(1e12, rel=1e-3)
    for axis, at_m, profile in (
        ("x", seen.x_m, seen.photons_s.sum(0)),
        ("y", seen.y_m, seen.photons_s.sum(1)),
    ):
        rms_m = np.sqrt((profile @ at_m**2) / profile.sum())
        expected = LASER.sigma_m(axis, beamline.wavelength_m, 30.0)
        assert rms_m == pytest.approx(expected, rel=3e-3 if level == "srw" else 1e-3)


def test_slit_takes_its_part_of_a_gaussian_beam():
    beamline = lit(Aperture("slit", 10.0, 20e-6, 10e-6, 5e-6), SCREEN)
    fast, coherent = (evaluate(beamline, "screen", level) for level in ("fast", "coherent"))
    assert coherent.flux_ph_s == pytest.approx(fast.flux_ph_s, rel=1e-3)
    np.testing.assert_allclose(coherent.photons_s, fast.photons_s, atol=0.02 * fast.photons_s.max())


def test_lens_images_the_waist_as_the_closed_form():
    """Self (Appl. Opt. 22 (1983) 658): the waist behind a lens is sigma f / sqrt((z - f)^2 + z_R^2)."""
    focal_m, z_m = 2.0, 10.0
    rayleigh_m = 4 * pi * LASER.x_sigma_m**2 / lit().wavelength_m
    scale = (z_m - focal_m) ** 2 + rayleigh_m**2
    image_m = z_m + focal_m + focal_m**2 * (z_m - focal_m) / scale
    screen = Detector("screen", image_m, 0.2e-6, 401, 401, 200.0, 200.0)
    seen = evaluate(lit(Lens("lens", z_m, focal_m, focal_m), screen), "screen", "coherent")
    profile = seen.photons_s.sum(axis=0)
    rms_m = np.sqrt((profile @ seen.x_m**2) / profile.sum())
    assert rms_m == pytest.approx(LASER.x_sigma_m * focal_m / np.sqrt(scale), rel=1e-3)


TOML = """
[optics.bending_magnet]
name = "BM"
field_T = 0.4
length_m = 3.0
"""
GAUSSIAN = """
[optics.gaussian]
name = "laser"
x_sigma_um = 10.0
y_sigma_um = 5.0
spectral_flux = 1.0e12
"""


def test_sources_are_described_in_toml(tmp_path):
    path = tmp_path / "beamline.toml"
    path.write_text(GAUSSIAN)
    assert load_description(path).beamline.source == LASER
    path.write_text(TOML)
    with pytest.raises(DescriptionError, match=r"there must be a table \[beam\]"):
        load_description(path)
    path.write_text(TOML + "[optics.beam]\n" + "".join(
        f"{key} = {value}\n" for key, value in vars(RING).items() if key != "name"
    ))  # fmt: skip
    assert load_description(path).beamline.source == MAGNET
    assert load_description(path).beamline.beam == RING


@pytest.mark.parametrize(
    ("text", "given"), [("[optics]", "none"), (TOML + GAUSSIAN, "bending_magnet, gaussian")]
)
def test_a_beamline_has_one_source(tmp_path, text, given):
    path = tmp_path / "beamline.toml"
    path.write_text(text)
    with pytest.raises(DescriptionError, match=rf"there must be one source, .*there are: {given}"):
        load_description(path)
