"""What is measured, and against whom."""

import asyncio
import warnings
from collections.abc import Callable
from typing import Any

from run import Row

EPOCH = 1_700_000_000.0


def twin_scan() -> Callable[[int], object]:
    """A scan of a twin's motor record against its scaler record, at PV level, 1 s exposures, in virtual time."""
    from beamtwin.hardware.motor import Motor
    from beamtwin.hardware.scaler import Scaler
    from beamtwin.orchestration.engine import RunEngine
    from beamtwin.orchestration.plans import scan
    from beamtwin.twin.clock import SimClock
    from beamtwin.twin.database import Database
    from beamtwin.twin.records import MotorRecord, ScalerRecord

    clock = SimClock(EPOCH)
    database = Database(clock)
    record = MotorRecord(clock, "m1", VELO=1.0, EGU="mm", PREC=4, HLM=1e6, LLM=-1e6)
    database.add(record)
    database.add(ScalerRecord(clock, "s1", lambda duration: [duration * record.position], TP=1.0))
    motor = Motor("m1", "m1", database)
    scaler = Scaler("s1", "s1", database, channels={2: "i0"})
    motor.connect()
    scaler.connect()
    engine = RunEngine(clock=clock)
    return lambda points: engine(scan([scaler], motor, 0.0, 0.1 * points, points))


def bluesky_scan() -> Callable[[int], object]:
    """The same plan on bluesky's engine with ophyd.sim's instant motor and detector."""
    from bluesky import RunEngine
    from bluesky.plans import scan
    from ophyd.sim import hw

    devices = hw()
    engine = bluesky_engine(RunEngine)
    return lambda points: engine(scan([devices.det], devices.motor, 0.0, 0.1 * points, points))


def bluesky_engine(engine_class: Any) -> Any:
    """Bluesky's engine as a user gets it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return engine_class({}, loop=asyncio.new_event_loop())


def null_messages(engine: Any, msg: Any) -> Callable[[int], object]:
    """The cost of a message that does nothing."""
    return lambda count: engine([msg] * count)


def all_rows() -> list[Row]:
    """Every row of the table; makes what is measured, which takes seconds."""
    import bluesky
    from beamtwin.orchestration import Msg, RunEngine
    from beamtwin.twin.clock import SimClock

    return [
        Row(
            "1,000-point scan: a twin's motor and scaler records, 1 s exposures, virtual time",
            "events/s",
            1000,
            twin_scan(),
            "bluesky + ophyd.sim (instant)",
            bluesky_scan(),
            300,
            25,
        ),
        Row(
            "a null message through the engine",
            "messages/s",
            100_000,
            null_messages(RunEngine(clock=SimClock(EPOCH)), Msg("null")),
            "bluesky",
            null_messages(bluesky_engine(bluesky.RunEngine), bluesky.Msg("null")),
            20_000,
            5,
        ),
    ]
