"""The PVs of the contract, as a twin has them: importable, so that a child process can serve them."""

from typing import Any

import numpy as np

from beamtwin.orchestration.errors import PutError
from beamtwin.orchestration.status import Status
from beamtwin.twin.clock import PacedClock, SimClock
from beamtwin.twin.database import Database
from beamtwin.twin.record import Record
from beamtwin.twin.records import (
    AiRecord,
    AoRecord,
    BoRecord,
    LonginRecord,
    LongoutRecord,
    MbboRecord,
    MotorRecord,
    StringoutRecord,
    WaveformRecord,
)

MEGABYTE = 1_000_000


def make(clock: SimClock | None = None) -> Database:
    """What every transport has to offer."""
    clock = clock or PacedClock()
    database = Database(clock)
    limits: dict[str, Any] = {"DRVL": -10.0, "DRVH": 10.0, "LOPR": -10.0, "HOPR": 10.0}
    soft_limits: dict[str, Any] = {"LLM": -1000.0, "HLM": 1000.0}
    alarms: dict[str, Any] = {"HIHI": 90.0, "HHSV": "MAJOR", "HIGH": 80.0, "HSV": "MINOR"}
    for record in (
        AoRecord(clock, "T:x", VAL=1.5, EGU="mm", PREC=3, **limits),
        AoRecord(clock, "T:warm", VAL=20.0, EGU="C", PREC=1, **alarms),
        LongoutRecord(clock, "T:n", VAL=7, EGU="counts"),
        MbboRecord(clock, "T:mode", states=("off", "on", "auto")),
        StringoutRecord(clock, "T:name", VAL="a name"),
        WaveformRecord(clock, "T:wave", count=1000, VAL=[1.0, 2.5, -3.0]),
        WaveformRecord(clock, "T:bytes", dtype="|u1", count=300, VAL=[1, 2, 255]),
        *axis(clock, "T:"),
        *axis(clock, "T:b:"),
        *counter(clock),
        MotorRecord(
            clock, "T:m1", EGU="mm", PREC=3, MRES=1e-4, VELO=1000.0, ACCL=0.001, **soft_limits
        ),
    ):
        database.add(record)
    return database


def axis(clock: SimClock, prefix: str) -> tuple[Record, ...]:
    """Something that takes 2 ms to get anywhere: what is written, where it is, and whether it is done."""
    about: dict[str, Any] = {"EGU": "mm", "PREC": 3}
    readback = AiRecord(clock, f"{prefix}rbv", **about)
    done = LonginRecord(clock, f"{prefix}dmov", VAL=1)

    def travel(target: float, completion: Status) -> Any:
        done.post("VAL", 0)
        yield clock.env.timeout(0.002)
        readback.post("VAL", target)
        done.post("VAL", 1)
        completion.set_finished()

    def move(target: float) -> Status:
        completion = Status(clock, name=f"{prefix}move")
        clock.env.process(travel(target, completion))
        return completion

    ends: dict[str, Any] = {"DRVL": -1000.0, "DRVH": 1000.0}
    return AoRecord(clock, f"{prefix}move", on_put=move, **about, **ends), readback, done


def counter(clock: SimClock) -> tuple[Record, ...]:
    """Counts 1,000 a second of its preset time, in 2 ms."""
    preset = AoRecord(clock, "T:preset", VAL=1.0, EGU="s", PREC=3)
    counts = AiRecord(clock, "T:counts")

    def count(state: int) -> Status | None:
        if not state:
            return None
        completion = Status(clock, name="T:count")
        clock.call_at(clock.time() + 0.002, lambda: finish(completion))
        return completion

    def finish(completion: Status) -> None:
        counts.post("VAL", 1000.0 * preset.values["VAL"])
        start.post("VAL", 0)
        completion.set_finished()

    start = BoRecord(clock, "T:count", ZNAM="Done", ONAM="Count", on_put=count)
    return start, preset, counts


def make_with_faults() -> Database:
    """That, and PVs that refuse, never end, or send more than anybody can take."""
    database = make()
    clock = database.clock

    def refuse_at_once(value: float) -> Status:
        raise PutError("only on Sundays")

    def refuse_later(value: float) -> Status:
        completion = Status(clock, name="T:move")
        brake = PutError("the brake is on")
        clock.call_at(clock.time() + 0.005, lambda: completion.set_exception(brake))
        return completion

    frames = WaveformRecord(clock, "T:frames", dtype="|u1", count=MEGABYTE)

    def stream(count: float) -> Status:
        completion = Status(clock, name="T:stream")
        clock.env.process(send(int(count), completion))
        return completion

    def send(count: int, completion: Status) -> Any:
        for number in range(count):
            yield clock.env.timeout(0.001)
            frames.post("VAL", np.full(MEGABYTE, number % 251, "u1"))
        completion.set_finished()

    for record in (
        AoRecord(clock, "T:picky", on_put=refuse_at_once),
        AoRecord(clock, "T:stuck", on_put=refuse_later),
        AoRecord(clock, "T:never", on_put=lambda _: Status(clock, name="T:never")),
        AoRecord(clock, "T:stream", on_put=stream),
        frames,
    ):
        database.add(record)
    return database


def make_nothing() -> Database:
    """A database that cannot be made."""
    raise ValueError("no beamline of this name")
