"""What many tests use."""

import os

import pytest
from hypothesis import settings

from beamtwin.twin.clock import SimClock

EPOCH = 1_700_000_000.0

#: The same examples every time, however slow the machine; ``HYPOTHESIS_PROFILE=explore`` looks for others.
settings.register_profile("repeat", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeat"))


@pytest.fixture
def clock() -> SimClock:
    """A virtual clock with a fixed beginning."""
    return SimClock(epoch=EPOCH)
