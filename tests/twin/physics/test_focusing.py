"""CHX's focusing set-up at 9 keV, by the levels that follow the whole chain.

The reference is SRW on a fine mesh (3500 x 2310 points), one electron: at the sample 9.6 x 12.1-12.4 um, 7.91e13
photons/s/0.1 %; Sirepo's mesh gives 9.26 x 12.47 um and 7.99e13. All with srwpy 4.2.1 and Sirepo's public model.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from beamtwin.twin.beamline import Beamline, BeamlineError
from beamtwin.twin.chain import evaluate
from beamtwin.twin.description import load_description
from beamtwin.twin.elements import (
    Aperture,
    Attenuator,
    Filter,
    HeightProfile,
    Lens,
    Mirror,
    Monochromator,
    Obstacle,
    ZonePlate,
)
from beamtwin.twin.levels import separable, srw
from beamtwin.twin.levels.fresnel import MeshError
from beamtwin.twin.levels.level import FieldCache
from beamtwin.twin.levels.path import optical_path
from beamtwin.twin.levels.separable import light
from beamtwin.twin.levels.train import Accuracy

BAND = 0.134  # of 0.1 %


@pytest.fixture(scope="module")
def focusing() -> Beamline:
    return load_description(Path(__file__).parent / "data" / "chx_focusing.toml").beamline


@pytest.fixture(scope="module")
def kept() -> FieldCache:
    return FieldCache()


def fwhm_um(position_m: np.ndarray, profile: np.ndarray) -> float:
    above = np.flatnonzero(profile >= profile.max() / 2)
    edges = []
    for inside, outside in ((above[0], above[0] - 1), (above[-1], above[-1] + 1)):
        part = (profile[inside] - profile.max() / 2) / (profile[inside] - profile[outside])
        edges.append(position_m[inside] + part * (position_m[outside] - position_m[inside]))
    return (edges[1] - edges[0]) * 1e6


def widths_um(seen) -> tuple[float, float]:
    return (
        fwhm_um(seen.x_m, seen.photons_s.sum(0)),
        fwhm_um(seen.y_m, seen.photons_s.sum(1)),
    )


def with_elements(beamline: Beamline, *more, without: tuple[str, ...] = ()) -> Beamline:
    elements = [element for element in beamline.elements if element.name not in without]
    return replace(beamline, elements=tuple(sorted([*elements, *more], key=lambda e: e.z_m)))


def test_one_electron_has_srws_focus(focusing, kept):
    seen = evaluate(focusing, "sample", "coherent", kept)
    x_um, y_um = widths_um(seen)
    print(f"coherent: {x_um:.2f} x {y_um:.2f} um, {seen.flux_ph_s / BAND:.3e} ph/s/0.1 %")
    assert x_um == pytest.approx(9.6, rel=0.02)
    assert y_um == pytest.approx(12.25, rel=0.02)
    assert seen.flux_ph_s / BAND == pytest.approx(7.91e13, rel=0.01)
    assert seen.flux_error > 1


def test_all_electrons_have_less_flux_and_a_wider_focus(focusing, kept):
    """Flux against electrons summed one by one, 7.714e12 photons/s/0.1 % (see test_all_electrons).

    Widths: 10.74 x 16.25 um (+-0.1, +-0.4) of 800 random electrons through a separable chain.
    """
    seen = evaluate(focusing, "sample", "modes", kept)
    x_um, y_um = widths_um(seen)
    one = evaluate(focusing, "sample", "coherent", kept)
    print(f"modes: {x_um:.2f} x {y_um:.2f} um, {seen.flux_ph_s / BAND:.3e} ph/s/0.1 %")
    assert x_um == pytest.approx(10.74, rel=0.04)
    assert y_um == pytest.approx(16.25, rel=0.05)
    assert seen.flux_ph_s / BAND == pytest.approx(7.714e12, rel=0.05)
    assert 9 < one.flux_ph_s / seen.flux_ph_s < 12


@pytest.mark.parametrize("coherent", [True, False])
def test_finer_meshes_change_nothing_that_matters(focusing, kept, coherent):
    usual = light(focusing, "sample", kept, coherent=coherent)
    finer = light(focusing, "sample", kept, coherent=coherent, accuracy=Accuracy(2.5, 64.0))
    assert finer.flux_ph_s == pytest.approx(usual.flux_ph_s, rel=1e-3)
    change = np.abs(finer.photons_s - usual.photons_s).max() / finer.photons_s.max()
    assert change < 2e-3 < usual.pattern_error


def test_flux_through_the_first_slit_is_srws(focusing, kept):
    """CalcStokesUR's, of which SRW's average over electrons is 4 % less: 1.27e14 with 256 of them."""
    band = Monochromator("band", 20.0, 9000.0, 1e-3)
    white = with_elements(focusing, band, without=("DCM",))
    seen = evaluate(white, "S0", "modes", kept).flux_ph_s
    stokes = srw.flux_through(optical_path(white, "S0"))
    print(f"S0: modes {seen:.4e}, CalcStokesUR {stokes:.4e}")
    assert 0.92 < seen / stokes < 1.0


def test_last_slit_moves_without_a_new_source(focusing, monkeypatch):
    cache = FieldCache()
    evaluate(focusing, "sample", "coherent", cache)
    monkeypatch.setattr(srw, "quadrant", None)
    moved = focusing.with_parameters({("S3", "x_center_m"): 3e-6})
    seen = evaluate(moved, "sample", "coherent", cache)
    monkeypatch.undo()
    again = evaluate(moved, "sample", "coherent")
    np.testing.assert_array_equal(seen.photons_s, again.photons_s)


def test_slits_cut_no_staircase(focusing, kept):
    """Flux through a slit that closes in steps far below any mesh."""
    gaps = np.linspace(9.9e-6, 10.1e-6, 9)
    flux = [
        evaluate(
            focusing.with_parameters({("S3", "x_gap_m"): gap}), "S3", "coherent", kept
        ).flux_ph_s
        for gap in gaps.tolist()
    ]
    steps = np.diff(flux)
    assert steps.min() > 0
    assert steps.max() / steps.min() == pytest.approx(1, abs=0.15)


def test_mirrors_pitch_moves_the_beam_by_twice_its_angle(focusing, kept):
    bare = with_elements(focusing, without=("CRL1", "CRL2", "KL", "S3"))
    wide = {("sample", "pixel_m"): 2e-6}
    straight, tilted = (
        evaluate(
            bare.with_parameters(wide | {("HDM", "pitch_rad"): pitch}), "sample", "coherent", kept
        )
        for pitch in (0.0, 1e-6)
    )
    # S2, 6.9 m behind the mirror, sees it too: through it, the beam comes from the mirror's image of the source.
    centers = [(s.photons_s.sum(0) @ s.x_m) / s.photons_s.sum() for s in (straight, tilted)]
    assert centers[0] == pytest.approx(0, abs=1e-7)
    assert tilted.flux_ph_s < 1.02 * straight.flux_ph_s
    assert centers[1] == pytest.approx(2e-6 * 27.4 * (48.7 - 34.3) / 34.3, rel=0.3)


def test_rough_figure_and_coating_cost_light(focusing, kept):
    waves = np.linspace(-0.15, 0.15, 301)
    bumps = HeightProfile(tuple(waves), tuple(2e-9 * np.sin(waves / 3e-3)))
    bumpy = replace(focusing.part("HDM"), profile=bumps, coating="Rh")
    assert isinstance(bumpy, Mirror)
    seen = evaluate(with_elements(focusing, bumpy, without=("HDM",)), "S3", "coherent", kept)
    assert seen.flux_ph_s < 0.93 * evaluate(focusing, "S3", "coherent", kept).flux_ph_s


def test_losses_multiply(focusing, kept):
    plain = evaluate(focusing, "sample", "coherent", kept).flux_ph_s
    window = Filter("window", 47.0, "Be", 0.5e-3)
    grey = Attenuator("grey", 47.0, 0.25)
    both = evaluate(with_elements(focusing, window, grey), "sample", "coherent", kept).flux_ph_s
    assert both == pytest.approx(plain * 0.25 * np.exp(-0.5e-3 / 6.5145e-3), rel=1e-4)
    out = evaluate(
        with_elements(focusing, replace(window, inserted=0.0)), "sample", "coherent", kept
    )
    assert out.flux_ph_s == pytest.approx(plain, rel=1e-12)


def test_wire_casts_a_shadow_and_a_rectangle_is_refused(focusing, kept):
    wire = Obstacle("wire", 47.9, x_size_m=4e-6)
    shaded = evaluate(with_elements(focusing, wire), "S3", "coherent", kept).flux_ph_s
    assert shaded < 0.75 * evaluate(focusing, "S3", "coherent", kept).flux_ph_s
    block = Obstacle("block", 47.9, 4e-6, 4e-6)
    with pytest.raises(BeamlineError, match="block: an obstacle that is limited in x and in y"):
        evaluate(with_elements(focusing, block), "S3", "coherent", kept)


def test_kinoform_and_zone_plate_focus_as_diffraction_does(focusing):
    from beamtwin.twin.levels.thin import thin

    kinoform = Lens("k", 1.0, x_focal_length_m=3.0, design_energy_eV=9000.0)
    assert thin(kinoform, 18000.0).x.curvature_per_m == pytest.approx(1 / 6.0)
    plate = thin(ZonePlate("z", 1.0, 200e-6, 50e-9, 0.2), 9000.0)
    assert 1 / plate.y.curvature_per_m == pytest.approx(200e-6 * 50e-9 / 1.3776e-10, rel=1e-4)
    assert plate.transmission == 0.2


def test_stack_of_lenses_has_the_focal_lengths_of_sirepos(focusing):
    from beamtwin.twin.levels.thin import thin

    for name, focal_m in (("CRL1", 178.2502), ("CRL2", 9.9028)):
        side = thin(focusing.part(name), 9000.0)
        assert 1 / side.y.curvature_per_m == pytest.approx(focal_m, rel=1e-5)
        assert side.x.curvature_per_m == 0
        looked_up = replace(focusing.part(name), delta=0.0)
        assert 1 / thin(looked_up, 9000.0).y.curvature_per_m == pytest.approx(focal_m, rel=1e-3)
        assert thin(replace(looked_up, inserted=0.0), 9000.0).is_nothing


@pytest.mark.slow
def test_modes_agree_with_the_blurred_slit(with_gaps, cache):
    """S2's diffraction without lenses: two ways to the same pattern, within 2 % of the peak."""
    small = {("detector", "columns"): 41, ("detector", "rows"): 41}
    small |= {("detector", "center_column"): 20.0, ("detector", "center_row"): 20.0}
    narrow = with_gaps(11.0, 9.0, small)
    ours, slit = (evaluate(narrow, "detector", level, cache) for level in ("modes", "wave"))
    both = [seen.photons_s / seen.flux_ph_s for seen in (ours, slit)]
    assert np.abs(both[0] - both[1]).max() < 0.02 * both[1].max()
    assert ours.flux_ph_s == pytest.approx(slit.flux_ph_s, rel=slit.flux_error + ours.flux_error)


def test_levels_of_one_slit_say_that_they_know_no_lens(focusing):
    with pytest.raises(BeamlineError, match=r"sample: CRL1 before it bends .*take coherent, modes"):
        evaluate(focusing, "sample", "fast")


def test_closed_shaded_and_missing(focusing, kept):
    for values in (
        {("S2", "x_gap_m"): 0.0},
        {("S3", "y_center_m"): 5e-3},
        {("S1", "y_gap_m"): -1.0},
    ):
        for level in ("coherent", "modes", "srw"):
            seen = evaluate(focusing.with_parameters(values), "sample", level, kept)
            assert seen.flux_ph_s == 0.0
            assert not seen.photons_s.any()
    with pytest.raises(BeamlineError, match=r"S2: x_gap_m is not a number \(nan\)"):
        focusing.with_parameters({("S2", "x_gap_m"): float("nan")})


def test_wrong_mesh_is_refused(focusing, kept):
    with pytest.raises(BeamlineError, match=r"0.5 times the points needed.* must be 1 or more"):
        Accuracy(oversampling=0.5)
    far = focusing.with_parameters({("sample", "pixel_m"): 1.0})
    with pytest.raises(MeshError, match=r"^S3: an opening of .*narrow what stands before it"):
        light(far, "sample", kept, coherent=True)


def test_too_many_modes_are_refused_by_name(focusing, kept):
    """A first opening of 3 mm, in a beam of twenty times CHX's emittance."""
    wide = focusing.with_parameters({("S0", "x_gap_m"): 3e-3})
    large = replace(wide, beam=replace(wide.beam, x_emittance_m=20e-9, x_beta_m=20.0))
    with pytest.raises(MeshError, match=r"^S0: an opening of .* coherence lengths wide, more than"):
        light(large, "S1", kept)


def test_every_answer_says_what_it_cost(focusing, kept):
    seen = evaluate(focusing, "S2", "coherent", kept)
    assert seen.level == "coherent"
    assert seen.cpu_s > 0
    assert "functions on" in seen.mesh
    assert seen.flux_error == separable.ONE_ELECTRON_ERROR
    assert isinstance(focusing.part("S2"), Aperture)
