"""A day of beam time, on a twin's records; `make bench` says how long it takes."""

import pytest

from beamtwin.hardware.device import connect
from beamtwin.hardware.motor import Motor
from beamtwin.hardware.scaler import Scaler
from beamtwin.orchestration.engine import RunEngine
from beamtwin.orchestration.plans import scan
from beamtwin.twin.database import Database
from beamtwin.twin.records import MotorRecord, ScalerRecord

EVENTS = 50_000
HOURS = 24
STEP_MM = 0.1
MOVE_S = 2 * (STEP_MM / 5.0) ** 0.5
"""Half the way up a ramp of 5 mm/s², and half down again: too short for 1 mm/s."""


@pytest.mark.slow
def test_a_day_of_moves_and_exposures(clock):
    database = Database(clock)
    stage = MotorRecord(clock, "m", VELO=1.0, ACCL=0.2, PREC=4, HLM=1e6, LLM=-1e6)
    database.add(stage)
    exposure_s = HOURS * 3600 / EVENTS - MOVE_S
    database.add(ScalerRecord(clock, "s", lambda duration: [stage.position], TP=exposure_s))
    motor, scaler = Motor("m", "m", database), Scaler("s", "s", database, channels={2: "i0"})
    connect(motor, scaler)
    events = []
    RE = RunEngine(clock=clock, context_managers=[])
    RE(
        scan([scaler], motor, STEP_MM, EVENTS * STEP_MM, EVENTS),
        {"event": lambda name, event: events.append(event)},
    )
    assert len(events) == EVENTS
    assert clock.env.now == pytest.approx(HOURS * 3600, rel=1e-6)
    assert events[-1]["data"]["m"] == pytest.approx(EVENTS * STEP_MM)
