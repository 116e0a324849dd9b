"""What many tests use."""

import pytest

from beamtwin.twin.clock import SimClock

EPOCH = 1_700_000_000.0


@pytest.fixture
def clock() -> SimClock:
    """A virtual clock with a fixed beginning."""
    return SimClock(epoch=EPOCH)
