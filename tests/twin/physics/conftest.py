"""CHX as its scenario describes it, and what is asked of it again and again."""

from collections.abc import Callable
from pathlib import Path

import pytest

import beamtwin.scenarios
from beamtwin.twin.beamline import Beamline
from beamtwin.twin.description import Description, load_description
from beamtwin.twin.levels.level import FieldCache

CHX = Path(next(iter(beamtwin.scenarios.__path__))) / "chx"


@pytest.fixture(scope="session")
def chx_folder() -> Path:
    return CHX


@pytest.fixture(scope="session")
def description() -> Description:
    return load_description(CHX / "beamline.toml")


@pytest.fixture(scope="session")
def beamline(description: Description) -> Beamline:
    return description.beamline


@pytest.fixture(scope="session")
def cache() -> FieldCache:
    return FieldCache()


@pytest.fixture(scope="session")
def with_gaps(beamline: Beamline) -> Callable[..., Beamline]:
    """``with_gaps(x_um, y_um)``: S2 at these gaps; further parameters by (part, parameter)."""

    def changed(x_um: float, y_um: float, more: dict | None = None) -> Beamline:
        gaps = {("S2", "x_gap_m"): x_um * 1e-6, ("S2", "y_gap_m"): y_um * 1e-6}
        return beamline.with_parameters(gaps | (more or {}))

    return changed
