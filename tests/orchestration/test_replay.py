"""The same plan in virtual time gives the same documents, however often; and a day passes in seconds."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from beamtwin.orchestration.documents import SeededUids
from beamtwin.orchestration.engine import RunEngine
from beamtwin.orchestration.errors import FailedStatus, RunEngineInterrupted
from beamtwin.orchestration.messages import Msg
from beamtwin.orchestration.status import Status
from beamtwin.twin.clock import SimClock

Make = Callable[..., Any]


def plan(motor: Any, det: Any, clock: SimClock) -> Any:
    """A move that fails is tried again; each point is paused once."""
    yield Msg("open_run")
    for position in (1.0, 2.0):
        yield Msg("checkpoint")
        yield Msg("set", motor, position, group="move")
        failing = Status(clock, timeout=0.5, name="flaky")
        try:
            yield Msg("follow", None, failing)
            yield Msg("wait", None, "move")
        except FailedStatus:
            yield Msg("wait", None, "move")
        yield Msg("trigger", det, group="det")
        yield Msg("wait", None, "det")
        yield Msg("create", None, name="primary")
        yield Msg("read", det)
        yield Msg("save")
        yield Msg("pause")
    yield Msg("close_run")


def stream(make: Make) -> str:
    clock = SimClock(epoch=0.0)
    documents: list[Any] = []
    RE = RunEngine(clock=clock, context_managers=[], new_uid=SeededUids(1))
    RE.subscribe(lambda name, document: documents.append((name, document)))
    RE.register_command("follow", lambda msg: RE._session.follow(None, msg.args[0], "flaky"))  # type: ignore[union-attr]
    motor = make("Motor", "m", on=clock, seconds=2.0)
    det = make("Detector", "det", on=clock, seconds=0.1)
    try:
        RE(plan(motor, det, clock))
    except RunEngineInterrupted:
        while RE.state == "paused":
            try:
                RE.resume()
            except RunEngineInterrupted:
                continue
    return json.dumps(documents)


def test_a_thousand_repetitions_are_alike(make: Make) -> None:
    began = time.process_time()
    assert len({stream(make) for _ in range(1000)}) == 1
    assert time.process_time() - began < 5.0
    assert '"seq_num": 2' in stream(make)


@pytest.mark.slow
def test_a_day_of_moves_and_exposures(make: Make) -> None:
    """50,000 events in 24 hours of virtual time."""
    clock = SimClock(epoch=0.0)
    RE = RunEngine(clock=clock, context_managers=[])
    motor = make("Motor", "m", on=clock, seconds=1.0)
    det = make("Detector", "det", on=clock, seconds=0.728)

    def day() -> Any:
        yield Msg("open_run")
        for n in range(50_000):
            yield Msg("checkpoint")
            yield Msg("set", motor, n, group="a")
            yield Msg("wait", None, "a")
            yield Msg("trigger", det, group="b")
            yield Msg("wait", None, "b")
            yield Msg("create", None, name="primary")
            yield Msg("read", det)
            yield Msg("read", motor)
            yield Msg("save")
        yield Msg("close_run")

    began = time.process_time()
    RE(day())
    assert clock.time() == pytest.approx(86_400.0)
    assert time.process_time() - began < 60.0
