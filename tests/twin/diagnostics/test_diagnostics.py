"""Widths against closed forms; coherence against van Cittert and Zernike; the probe against levels and its limits."""

from dataclasses import replace
from math import log, pi, sqrt

import numpy as np
import pytest

from beamtwin.scenarios.chx.twin import DESCRIPTION as DIFFRACTION
from beamtwin.scenarios.chx_focusing.twin import DESCRIPTION as FOCUSING
from beamtwin.twin.beamline import BeamlineError
from beamtwin.twin.chain import evaluate
from beamtwin.twin.description import load_description
from beamtwin.twin.diagnostics.coherence import Coherence, coherence
from beamtwin.twin.diagnostics.figure import save_figure
from beamtwin.twin.diagnostics.probe import diagnose, distance_of, places
from beamtwin.twin.diagnostics.synoptic import length, save_synoptic
from beamtwin.twin.diagnostics.widths import fwhm, half_maxima, mean_and_rms
from beamtwin.twin.elements import Detector
from beamtwin.twin.levels.level import FieldCache
from beamtwin.twin.samples.coherence import contrast_of_gaussian, gaussian_modes


@pytest.fixture(scope="module")
def focusing():
    return load_description(FOCUSING).beamline


@pytest.fixture(scope="module")
def kept():
    return FieldCache()


def test_widths_of_a_gaussian():
    x = np.linspace(-10.0, 10.0, 401)
    profile = np.exp(-((x - 1) ** 2) / (2 * 1.5**2))
    assert fwhm(x, profile) == pytest.approx(1.5 * sqrt(8 * log(2)), rel=1e-3)
    assert mean_and_rms(x, profile) == pytest.approx((1.0, 1.5), rel=1e-6)


def test_widths_at_their_limits():
    x = np.arange(5.0)
    assert fwhm(x, np.zeros(5)) == 0
    assert mean_and_rms(x, np.zeros(5)) == (0, 0)
    assert half_maxima(x, np.ones(5)) == (0, 4)


def test_coherence_of_a_gaussian_schell_model_beam():
    """Its own length, and the global degree of Vartanyants and Singer."""
    x = np.linspace(-40e-6, 40e-6, 801)
    beam = Coherence(x, gaussian_modes(x, 8e-6, 5e-6))
    assert beam.length_m == pytest.approx(5e-6, rel=0.01)
    assert beam.global_degree == pytest.approx(contrast_of_gaussian(8e-6, 5e-6), rel=0.01)
    np.testing.assert_allclose(beam.at(x[::7]), beam.modes[:, ::7])
    assert (beam.strongest(0.1).modes.shape[0]) < beam.modes.shape[0]


@pytest.mark.slow
def test_coherence_before_s2_is_van_cittert_and_zernikes(focusing, kept):
    """Up to what S0 and S1, no wider than ten coherence lengths, add to it."""
    upstream = tuple(e for e in focusing.elements if e.z_m < 34)
    screen = Detector("here", 34.2, 2e-6, 201, 401, 100.0, 200.0)
    x, y = coherence(replace(focusing, elements=(*upstream, screen)), "here", kept)
    expected_x, expected_y = (
        focusing.wavelength_m * 34.2 / (2 * pi * sigma)
        for sigma in (focusing.beam.x_sigma_m, focusing.beam.y_sigma_m)
    )
    assert x.length_m == pytest.approx(expected_x, rel=0.15)
    assert y.length_m == pytest.approx(expected_y, rel=0.25)


def test_modes_add_up_to_the_profile(focusing, kept):
    x, y = coherence(focusing, "sample", kept)
    seen = evaluate(focusing, "sample", "modes", kept)
    for side, profile in ((x, seen.photons_s.sum(0)), (y, seen.photons_s.sum(1))):
        own = (np.abs(side.modes) ** 2).sum(axis=0)
        np.testing.assert_allclose(own / own.sum(), profile / profile.sum(), atol=4e-5)
    with pytest.raises(BeamlineError, match="S3: coherence is that of light on a screen"):
        coherence(focusing, "S3", kept)


@pytest.mark.slow
def test_the_focus_as_the_probe_sees_it(focusing, kept):
    """All electrons: 10.9 x 16.9 um; see `test_focusing`."""
    seen = diagnose(focusing, "SAMPLE", "modes", kept)
    assert [width * 1e6 for width in seen.fwhm_m] == pytest.approx([10.9, 16.9], rel=0.02)
    assert seen.light.flux_ph_s == pytest.approx(
        evaluate(focusing, "sample", "modes", kept).flux_ph_s, rel=1e-3
    )
    across = seen.profiles[0].sum() * (seen.light.x_m[1] - seen.light.x_m[0])
    assert across == pytest.approx(seen.light.photons_s.sum())
    assert 0.6 < seen.coherent_fraction[0] < 0.9 > seen.coherent_fraction[1] > 0.4
    assert seen.z_m == pytest.approx(48.701)


def test_angles_are_those_of_the_slit(kept):
    """Behind a slit of 5.8 um: FWHM 0.886 wavelength / gap, widened by the source by a few percent."""
    diffraction = load_description(DIFFRACTION).beamline
    seen = diagnose(diffraction, "S2", "fast", kept)
    expected = 0.886 * diffraction.wavelength_m / 5.8e-6
    assert seen.divergence_rad[1] == pytest.approx(expected, rel=0.02)
    assert seen.coherence_length_m is None


def test_places(focusing):
    assert places(focusing)[0] == "DCM"
    assert distance_of(focusing, "s3") == 48.0
    assert distance_of(focusing, "47.5") == 47.5
    for wrong in ("S9", "S0", "20", "nan"):
        with pytest.raises(
            BeamlineError, match="is no place where the light is known: there are DCM"
        ):
            distance_of(focusing, wrong)


def test_behind_something_closed_there_is_nothing_to_see(focusing, kept):
    closed = focusing.with_parameters({("S3", "x_gap_m"): 0.0})
    with pytest.raises(BeamlineError, match=r"no light gets 48\.7 m far"):
        diagnose(closed, "sample", "coherent", kept)


def test_figures(focusing, kept, tmp_path):
    seen = diagnose(focusing, "sample", "coherent", kept)
    assert save_figure(tmp_path / "beam.png", seen, "here").read_bytes().startswith(b"\x89PNG")
    drawing = save_synoptic(tmp_path / "line.svg", focusing, "CHX").read_text()
    assert all(f"<!-- {name} -->" in drawing for name in ("IVU20", "S3", "CRL7", "9000 eV"))


@pytest.mark.parametrize(
    ("value_m", "text"),
    [
        (5e-7, "500 nm"),
        (5.8e-6, "5.8 µm"),
        (2e-3, "2 mm"),
        (3.2448, "3.245 m"),
        (float("inf"), "open"),
    ],
)
def test_lengths(value_m, text):
    assert length(value_m) == text
