"""CHX, as it is described."""

from pathlib import Path

import pytest

import beamtwin.scenarios
from beamtwin.twin.description import Description, load_description


@pytest.fixture(scope="session")
def description() -> Description:
    return load_description(Path(next(iter(beamtwin.scenarios.__path__))) / "chx/beamline.toml")
