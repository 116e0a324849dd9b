"""The same plan in virtual time gives the same documents, however often."""

import json
from collections.abc import Callable
from typing import Any

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
    RE.register_command(
        "follow", lambda msg: RE._session.statuses.follow(None, msg.args[0], "flaky")
    )  # type: ignore[union-attr]
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
    assert len({stream(make) for _ in range(1000)}) == 1
    assert '"seq_num": 2' in stream(make)
