"""SRW through the whole chain: what is kept is what comes out from scratch, and nothing harmful gets in."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from beamtwin.orchestration.errors import BeamtwinError
from beamtwin.twin.beamline import Beamline, BeamlineError
from beamtwin.twin.cache import DiskTier, PlaneCache
from beamtwin.twin.chain import evaluate
from beamtwin.twin.description import load_description
from beamtwin.twin.grid import Grid, Resize
from beamtwin.twin.levels import srw2d, srw_field
from beamtwin.twin.levels.fresnel import MeshError
from beamtwin.twin.levels.level import FieldCache

MOVES = {
    ("S0", "x_center_m"): 20e-6,
    ("S1", "x_gap_m"): 150e-6,
    ("S2", "x_gap_m"): 70e-6,
    ("HDM", "pitch_rad"): 0.2e-6,
    ("CRL2", "lenses"): 5,
    ("KL", "x_focal_length_m"): 3.3,
    ("S3", "y_center_m"): 3e-6,
}


@pytest.fixture(scope="module")
def fine() -> Beamline:
    """With the mesh of the description."""
    return load_description(Path(__file__).parent / "data" / "chx_focusing.toml").beamline


@pytest.fixture(scope="module")
def coarse(fine) -> Beamline:
    """Good enough for a slit of 40 um, in a twentieth of the time."""
    grid = Grid(0.4e-3, 0.6e-3, 0.25, (Resize("S0", 2.5, 10.0, 1.5, 4.0),))
    wide = fine.with_parameters({("S3", "x_gap_m"): 80e-6, ("S3", "y_gap_m"): 40e-6})
    return replace(wide, grid=grid)


@pytest.fixture(scope="module")
def from_scratch(coarse) -> np.ndarray:
    """The coarse light on the sample."""
    return evaluate(coarse, "sample", "srw").photons_s


@pytest.mark.parametrize(("part", "parameter"), MOVES)
def test_kept_planes_give_the_bits_of_a_run_from_scratch(coarse, from_scratch, part, parameter):
    cache = FieldCache()
    evaluate(coarse, "sample", "srw", cache)
    moved = coarse.with_parameters({(part, parameter): MOVES[part, parameter]})
    resumed = evaluate(moved, "sample", "srw", cache)
    np.testing.assert_array_equal(resumed.photons_s, evaluate(moved, "sample", "srw").photons_s)
    back = evaluate(coarse, "sample", "srw", cache)
    np.testing.assert_array_equal(back.photons_s, from_scratch)


def test_only_what_is_behind_the_move_is_computed(coarse, monkeypatch):
    done = []
    original = srw_field._propagate
    monkeypatch.setattr(srw_field, "_propagate", lambda *a: done.append(a[1]) or original(*a))
    cache = FieldCache()
    evaluate(coarse, "sample", "srw", cache)
    everything = len(done)
    evaluate(coarse.with_parameters({("S3", "x_center_m"): 1e-6}), "sample", "srw", cache)
    assert len(done) - everything == 2  # the slit, and the way to the sample


def test_planes_are_kept_in_front_of_what_moves_alone(coarse):
    for movable, kept in (((), 7), (("S3", "KL"), 3)):
        planes = PlaneCache()
        cache = FieldCache(planes=planes)
        evaluate(replace(coarse, movable=movable), "sample", "srw", cache)
        assert len(planes._memory) == kept


def test_another_process_finds_the_planes_on_disk(coarse, tmp_path, monkeypatch):
    first, second = (FieldCache(planes=PlaneCache(disk=DiskTier(tmp_path))) for _ in range(2))
    here = evaluate(coarse, "sample", "srw", first)
    monkeypatch.setattr(srw2d, "emitted", None)
    np.testing.assert_array_equal(
        evaluate(coarse, "sample", "srw", second).photons_s, here.photons_s
    )


def test_focus_is_the_separable_levels(fine):
    """Within what the mesh costs, which the answer says."""
    cache = FieldCache()
    ours, separable = (evaluate(fine, "sample", level, cache) for level in ("srw", "coherent"))
    assert ours.flux_ph_s == pytest.approx(separable.flux_ph_s, rel=0.02)
    difference = np.abs(ours.photons_s - separable.photons_s).max() / separable.photons_s.max()
    print(f"srw against coherent: {difference:.3f} of the peak; said: {ours.pattern_error:.3f}")
    assert difference < ours.pattern_error < 0.15


def test_mesh_that_cannot_do_is_refused(coarse, fine):
    with pytest.raises(MeshError, match=r"S3: x_gap 1 um holds .* points of the mesh, less than 8"):
        evaluate(fine.with_parameters({("S3", "x_gap_m"): 1e-6}), "sample", "srw")
    huge = replace(coarse, grid=replace(coarse.grid, resizes=(Resize("S0", 1e3, 1e3, 1.5, 2.5),)))
    with pytest.raises(MeshError, match=r"S0: .* points are more than 4e\+07"):
        evaluate(huge, "sample", "srw")
    with pytest.raises(BeamlineError, match=r"the level srw needs a mesh: give .* \[optics.grid\]"):
        evaluate(replace(coarse, grid=None), "sample", "srw")


def random_state(coarse: Beamline, rng: np.random.Generator) -> Beamline:
    """Any values of any parameters, sensible and not."""
    values = {}
    for part, parameter in MOVES:
        if rng.random() < 0.5:
            scale = 10.0 ** rng.uniform(-9, 0)
            strange = [0.0, -1e-6, float("nan"), float("inf"), 1e300, scale, -scale]
            values[part, parameter] = (
                strange[rng.integers(len(strange))]
                if parameter != "lenses"
                else int(rng.integers(0, 20))
            )
    return coarse.with_parameters(values)


def survive(coarse: Beamline, states: int) -> int:
    """How many states had an answer; the others were refused."""
    rng, cache, answered = np.random.default_rng(7), FieldCache(), 0
    for _ in range(states):
        try:
            seen = evaluate(random_state(coarse, rng), "sample", "srw", cache)
        except BeamtwinError:
            continue
        assert np.isfinite(seen.photons_s).all()
        assert np.isfinite(seen.flux_ph_s)
        answered += 1
    return answered


def test_nothing_harmful_reaches_srw(coarse):
    assert survive(coarse, 60) > 6


@pytest.mark.slow
def test_nothing_harmful_reaches_srw_in_a_thousand_states(coarse):
    assert survive(coarse, 1000) > 100
