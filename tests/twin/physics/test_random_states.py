"""A thousand random states of a beamline: each gives light, or an error that says why not."""

from collections.abc import Callable
from dataclasses import replace
from math import inf, nan
from pathlib import Path

import numpy as np
import pytest

from beamtwin.orchestration.errors import BeamtwinError
from beamtwin.twin.beamline import Beamline
from beamtwin.twin.chain import evaluate
from beamtwin.twin.description import load_description
from beamtwin.twin.elements import Aperture, Detector
from beamtwin.twin.levels.level import FieldCache

SMALL = {"columns": 21, "rows": 17, "center_column": 10.0, "center_row": 8.0}

#: By the end of a parameter's name: from sensible to absurd.
STRANGE = {
    "gap_m": (0.0, -1e-6, 1e-9, 1e-6, 2e-5, 1e-3, 0.3, 1e3, inf, -inf, nan, 1e300),
    "center_m": (0.0, 1e-9, -3e-6, 2e-4, -5e-3, 1.0, -1e3, inf, nan, 1e300),
    "pixel_m": (1e-9, 1e-7, 1e-6, 75e-6, 0.0, -1e-6, 1.0, nan),
    "center_column": (10.0, 1e3, -1e6, inf, nan),
    "energy_eV": (9000.0, 9050.0, 8800.0, 12e3, 0.0, -5.0, 1.0, 1e9, nan, inf),
    "pitch_rad": (0.0, 1e-7, 1e-5, 1e-2, 1.0, nan),
    "focal_length_m": (3.2, 1e-6, 0.0, -3.0, inf, nan, 1e12),
    "lenses": (0, 1, 6, 500, -3, 10**6),
}


@pytest.fixture(scope="module")
def focusing() -> Beamline:
    folder = Path(__file__).parent / "data"
    beamline = load_description(folder / "chx_focusing.toml").beamline
    return shrunk(beamline, "sample")


def shrunk(beamline: Beamline, plane: str) -> Beamline:
    return beamline.with_parameters({(plane, name): value for name, value in SMALL.items()})


def choices(beamline: Beamline) -> list[tuple[str, str, tuple]]:
    """Every parameter of an element that something strange is known for, and the current."""
    return [(beamline.beam.name, "current_A", (0.5, 0.0))] + [
        (part.name, parameter, values)
        for part in beamline.elements
        for parameter in vars(part)
        for ending, values in STRANGE.items()
        if parameter.endswith(ending)
    ]


def random_state(beamline: Beamline, rng: np.random.Generator) -> Beamline:
    """One to four parameters are anything."""
    known = choices(beamline)
    picked = rng.choice(len(known), size=rng.integers(1, 5), replace=False)
    values = {}
    for index in picked.tolist():
        part, parameter, strange = known[index]
        values[part, parameter] = strange[rng.integers(len(strange))]
    return beamline.with_parameters(values)


def survive(beamline: Beamline, level: str, states: int, seed: int = 11) -> tuple[int, int]:
    """How many states had an answer, and how many were refused, by an error that names something of theirs."""
    rng, cache, answered = np.random.default_rng(seed), FieldCache(), 0
    refusals: list[str] = []
    planes = [e.name for e in beamline.elements if isinstance(e, Aperture | Detector)]
    for _ in range(states):
        plane = planes[rng.integers(len(planes))]
        try:
            seen = evaluate(random_state(beamline, rng), plane, level, cache)
        except BeamtwinError as error:
            refusals.append(str(error))
            continue
        answered += 1
        assert np.isfinite(seen.photons_s).all()
        assert seen.photons_s.min() >= 0
        assert 0 <= seen.flux_ph_s < 1e18
        assert np.isfinite([seen.flux_error, seen.pattern_error]).all()
    assert all(refusals)
    return answered, len(refusals)


@pytest.mark.parametrize(
    ("level", "states"),
    [
        ("coherent", 600),
        ("modes", 4),
        pytest.param("modes", 100, marks=pytest.mark.slow),
        pytest.param("srw", 30, marks=pytest.mark.slow),
    ],
)
def test_focusing_beamline(focusing: Beamline, level: str, states: int):
    answered, refused = survive(focusing, level, states)
    print(f"{level}: {answered} answered, {refused} refused")
    assert min(answered, refused) > 0.1 * states


def test_slit_without_lenses(with_gaps: Callable[..., Beamline]):
    answered, refused = survive(shrunk(with_gaps(7.5, 5.8), "detector"), "fast", 400)
    assert min(answered, refused) > 40


def test_mesh_of_srw_is_anything(focusing: Beamline):
    rng = np.random.default_rng(3)
    for _ in range(12):
        grid = focusing.grid
        assert grid is not None
        factors = {name: float(10 ** rng.uniform(-3, 2)) for name in ("x_range", "y_resolution")}
        resizes = (replace(grid.resizes[0], **factors), *grid.resizes[1:])
        odd = replace(focusing, grid=replace(grid, sampling=0.2, resizes=resizes))
        try:
            seen = evaluate(odd, "S1", "srw")
        except BeamtwinError:
            continue
        assert np.isfinite(seen.photons_s).all()
