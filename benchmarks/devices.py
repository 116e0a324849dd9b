"""Devices that cost next to nothing, so that what is measured is the engine."""

from functools import cache
from typing import Any

from beamtwin.orchestration.clock import WallClock
from beamtwin.orchestration.status import Status, finished


@cache
def done() -> Status:
    """A status that is over; one for all."""
    return finished(WallClock())


class BareDetector:
    """One number, at once."""

    parent = None

    def __init__(self, name: str):
        self.name = name
        self.hints = {"fields": [name]}
        self._reading = {name: {"value": 1.0, "timestamp": 1.7e9}}

    def read(self) -> dict[str, Any]:
        return self._reading

    def describe(self) -> dict[str, Any]:
        return {self.name: {"source": "bench", "dtype": "number", "shape": []}}

    def read_configuration(self) -> dict[str, Any]:
        return {}

    def describe_configuration(self) -> dict[str, Any]:
        return {}

    def trigger(self) -> Status:
        return done()


class BareMotor:
    """A place that it is at, at once."""

    parent = None
    read = BareDetector.read
    describe = BareDetector.describe
    read_configuration = BareDetector.read_configuration
    describe_configuration = BareDetector.describe_configuration

    def __init__(self, name: str):
        self.name = name
        self.hints = {"fields": [name]}
        self._reading = {name: {"value": 0.0, "timestamp": 1.7e9}}

    def set(self, value: float) -> Status:
        return done()
