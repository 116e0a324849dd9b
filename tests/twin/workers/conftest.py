"""A beamline whose light is quick to compute, and who computes it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from beamtwin.twin.beamline import Beamline
from beamtwin.twin.description import load_description
from beamtwin.twin.grid import Grid, Resize
from beamtwin.twin.workers import WorkerPool

FOCUSING = Path(__file__).parents[1] / "physics" / "data" / "chx_focusing.toml"


@pytest.fixture(scope="session")
def beamline() -> Beamline:
    """CHX with lenses, on a coarse mesh; S2, the kinoform and S3 move."""
    grid = Grid(0.4e-3, 0.6e-3, 0.25, (Resize("S0", 2.5, 10.0, 1.5, 4.0),))
    fine = load_description(FOCUSING).beamline
    wide = fine.with_parameters({("S3", "x_gap_m"): 80e-6, ("S3", "y_gap_m"): 40e-6})
    return replace(wide, grid=grid, movable=("S2", "KL", "S3"))


@pytest.fixture
def two() -> Iterator[WorkerPool]:
    """Two processes."""
    pool = WorkerPool(2)
    yield pool
    pool.close()
