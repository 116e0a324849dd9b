"""The beamline as a value, and its evaluation: planes, levels, errors, and the same bits every time."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

from beamtwin.twin.beamline import Beamline, BeamlineError
from beamtwin.twin.chain import LEVELS, evaluate, evaluate_job
from beamtwin.twin.elements import Aperture, Detector, Monochromator
from beamtwin.twin.levels import srw
from beamtwin.twin.levels.level import FieldCache
from beamtwin.twin.levels.path import optical_path

SMALL = {
    ("detector", "columns"): 61,
    ("detector", "rows"): 41,
    ("detector", "center_column"): 30.0,
    ("detector", "center_row"): 20.0,
}


@pytest.fixture
def small(with_gaps):
    return with_gaps(7.5, 5.8, SMALL)


def test_parameters_are_changed_in_another_value(beamline):
    moved = beamline.with_parameters({("S2", "y_gap_m"): 9e-6, ("ring", "current_A"): 0.4})
    assert (moved.part("S2").y_gap_m, moved.beam.current_A) == (9e-6, 0.4)
    assert (beamline.part("S2").y_gap_m, beamline.beam.current_A) == (5.8e-6, 0.5)
    assert (
        moved.with_parameters({("S2", "y_gap_m"): 5.8e-6, ("ring", "current_A"): 0.5}) == beamline
    )
    assert hash(moved) != hash(beamline)


def test_unknown_part_and_parameter_say_what_there_is(beamline):
    with pytest.raises(
        BeamlineError, match=r"no part 'S9'; there are: ring, IVU20, front-end shutter, S0"
    ):
        beamline.with_parameters({("S9", "y_gap_m"): 0.0})
    with pytest.raises(BeamlineError, match=r"S2 has no parameter 'gap'; it has: z_m, x_gap_m"):
        beamline.with_parameters({("S2", "gap"): 0.0})


def test_elements_stand_in_order_and_have_names_of_their_own(beamline):
    with pytest.raises(BeamlineError, match=r"MB: z_m = 31 m lies before S1 at 40 m"):
        beamline.with_parameters({("S1", "z_m"): 40.0})
    s2 = beamline.part("S2")
    with pytest.raises(BeamlineError, match="S2: more than one part"):
        Beamline(beamline.beam, beamline.source, (s2, s2))


def test_whole_eiger_comes_out(beamline, cache):
    for level in ("fast", "wave", "coherent", "modes"):
        light = evaluate(beamline, "detector", level, cache)
        assert light.photons_s.shape == (2167, 2070)
        assert (light.y_m.size, light.x_m.size) == (2167, 2070)
        brightest = np.unravel_index(light.photons_s.argmax(), light.photons_s.shape)
        assert brightest == (1209, 1126)
        assert light.x_m[1126] == light.y_m[1209] == 0.0
        assert light.photons_s.min() >= 0.0


def test_brightest_pixel_stays_below_a_million_a_second(with_gaps, cache):
    """What the filters of the scenario are for."""
    light = evaluate(with_gaps(12.0, 13.9, SMALL), "detector", "wave", cache)
    assert 0.5e6 < light.photons_s.max() < 1e6


def test_apertures_upstream_are_wide_of_the_small_slit_and_shade_the_wide_one(with_gaps):
    narrow = optical_path(with_gaps(12.0, 13.9), "detector")
    assert (narrow.x.center_m, narrow.y.center_m) == (0.0, 0.0)
    assert (narrow.x.gap_m, narrow.y.gap_m) == pytest.approx((12e-6, 13.9e-6), rel=1e-12)
    aside = optical_path(with_gaps(100.0, 10.0, {("S2", "x_center_m"): 90e-6}), "detector")
    edge = 0.1e-3 * 34.3 / 29.9  # of S1's shadow
    assert aside.x.center_m + aside.x.gap_m / 2 == pytest.approx(edge)
    assert aside.x.center_m - aside.x.gap_m / 2 == pytest.approx(40e-6)


@pytest.mark.parametrize("level", list(LEVELS))
def test_closed_slit_is_dark(with_gaps, level):
    for more in ({("S2", "y_gap_m"): -1e-6}, {("S2", "x_center_m"): 1e-3}):
        light = evaluate(with_gaps(7.5, 5.8, SMALL | more), "detector", level)
        assert light.flux_ph_s == 0.0
        assert light.outside == 0.0
        assert not light.photons_s.any()


@pytest.mark.parametrize("level", ["fast", "wave", "coherent"])
def test_nearly_closed_slit_still_has_a_pattern(with_gaps, cache, level):
    """1 nm: a flat field; next to nothing of it meets the detector."""
    light = evaluate(with_gaps(1e-3, 1e-3, SMALL), "detector", level, cache)
    assert np.isfinite(light.photons_s).all()
    assert light.photons_s.sum() < 0.01 * light.flux_ph_s


def test_filters_behind_the_slit_count_on_the_detector_alone(small):
    behind, on_detector = evaluate(small, "S2"), evaluate(small, "detector")
    assert on_detector.flux_ph_s == pytest.approx(2e-3 * behind.flux_ph_s)


def test_planes_and_levels_that_do_not_exist(small):
    with pytest.raises(BeamlineError, match="no level 'exact'; there are: fast, wave"):
        evaluate(small, level="exact")
    with pytest.raises(BeamlineError, match="no part 'nowhere'"):
        evaluate(small, "nowhere")
    with pytest.raises(BeamlineError, match="DCM: light is computed on a detector or behind"):
        evaluate(small, "DCM")


def test_beamline_without_slit_or_monochromator_says_so(beamline):
    slit, screen = Aperture("slit", 30.0, 1e-5, 1e-5), Detector("screen", 60.0, 75e-6, 9, 9, 4, 4)
    band = Monochromator("mono", 40.0, 9650.0, 1e-4)
    with pytest.raises(BeamlineError, match="screen: there is no aperture before it"):
        evaluate(Beamline(beamline.beam, beamline.source, (band, screen)), "screen")
    with pytest.raises(BeamlineError, match="slit: there is no monochromator before it"):
        evaluate(Beamline(beamline.beam, beamline.source, (slit, band)), "slit")
    with pytest.raises(BeamlineError, match="no monochromator, so its photon energy is not known"):
        evaluate(Beamline(beamline.beam, beamline.source, (slit, screen)), "screen")


@pytest.mark.parametrize("level", ["fast", "wave", "coherent"])
def test_same_bits_with_a_cold_cache_a_warm_one_and_none(small, with_gaps, level):
    cache = FieldCache()
    first = evaluate(small, "detector", level, cache).photons_s
    evaluate(with_gaps(20.0, 3.0, SMALL), "detector", level, cache)
    np.testing.assert_array_equal(evaluate(small, "detector", level, cache).photons_s, first)
    np.testing.assert_array_equal(evaluate(small, "detector", level).photons_s, first)


def test_worker_process_gives_the_same_bits(small):
    """SRW holds the interpreter's lock, so it runs in processes of their own."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        there = [pool.submit(evaluate_job, small, "detector", "wave").result() for _ in range(2)]
    here = evaluate_job(small, "detector", "wave")
    for light in there:
        np.testing.assert_array_equal(light.photons_s, here.photons_s)
    assert there[0].mesh == "288 x 288 points, 58.6 x 45.3 nm apart"


def test_srw_never_prints(small, capfd):
    evaluate(small, "detector", "wave")
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_moving_the_slit_computes_no_new_source_field(with_gaps, monkeypatch):
    computed = []
    original = srw.source_field
    monkeypatch.setattr(srw, "source_field", lambda *a: computed.append(a) or original(*a))
    cache = FieldCache()
    for x_um, center_m in ((7.5, 0.0), (12.0, 0.0), (5.0, 20e-6)):
        moved = with_gaps(x_um, 5.8, SMALL | {("S2", "x_center_m"): center_m})
        evaluate(moved, "detector", "wave", cache)
    assert len(computed) == 1
    evaluate(moved.with_parameters({("IVU20", "gap_m"): 6.41e-3}), "detector", "wave", cache)
    assert len(computed) == 2


def test_cache_lets_go_of_what_was_used_least_recently():
    cache = FieldCache(capacity=2)
    for key in ("a", "b", "a", "c"):
        cache.get(key, lambda key=key: key)
    recomputed = []
    for key in ("a", "c", "b"):
        cache.get(key, lambda key=key: recomputed.append(key))
    assert recomputed == ["b"]
