"""A motor record on a bench: written to, waited for and listened to."""

from collections.abc import Callable
from typing import Any

import pytest

from beamtwin.orchestration.status import Status
from beamtwin.twin.clock import SimClock
from beamtwin.twin.records import MotorRecord


class Bench:
    """A record, and what one does with it."""

    def __init__(self, record: MotorRecord):
        self.record = record
        self.clock = record.clock
        self.sleep = record.clock.sleep
        self.send = record.send
        self.begin = record.put

    def put(self, field: str, value: Any) -> float:
        """Write, wait for the completion, and say how many seconds that took."""
        began = self.clock.env.now
        self.wait(self.record.put(field, value))
        return self.clock.env.now - began

    def wait(self, completion: Status | None) -> None:
        if completion is not None:
            self.clock.wait(lambda: completion.done, awaiting="a put")

    def __getitem__(self, fields: str | tuple[str, ...]) -> Any:
        if isinstance(fields, str):
            return self.record.read(fields).value
        return tuple(self.record.read(field).value for field in fields)

    @property
    def position(self) -> float:
        return self.record.position

    @property
    def alarm(self) -> tuple[int, int]:
        return self["SEVR", "STAT"]

    def listen(self, *fields: str) -> list[Any]:
        """What monitors of these fields hear from now on, in order; ``done`` adds completions."""
        lines: list[Any] = []
        for field in fields:
            self.record.subscribe(
                field, lambda reading, field=field: lines.append((field, reading.value))
            )
        lines.clear()
        return lines

    def put_noting(self, lines: list[Any], field: str, value: Any) -> Status | None:
        """Write, and add ``done`` to the lines at the completion."""
        completion = self.record.put(field, value)
        if completion is None:
            lines.append("done")
        else:
            completion.add_callback(lambda _: lines.append("done"))
        return completion


@pytest.fixture
def make(clock: SimClock) -> Callable[..., Bench]:
    """``make(**fields)``: a motor at 1 mm/s with ramps of 0.5 s, at 0."""

    def make(**fields: Any) -> Bench:
        return Bench(MotorRecord(clock, "m", **{"VELO": 1.0, "ACCL": 0.5, "EGU": "mm"} | fields))

    return make


@pytest.fixture
def motor(make: Callable[..., Bench]) -> Bench:
    """One such."""
    return make()
