"""What is measured, and against whom."""

import asyncio
import json
import sqlite3
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import broker
import channel_access
from costs import OURS, THEIRS, bytes_per_event, startup
from devices import BareDetector, BareMotor, done
from duration import Durations
from run import Cost, Rate
from server import server_rows

EPOCH = 1_700_000_000.0
DAY_EVENTS = 50_000

Work = Callable[[int], object]
Subscriber = Callable[[str, dict[str, Any]], object]


def our_engine() -> Any:
    """A RunEngine in virtual time."""
    from beamtwin.orchestration import RunEngine
    from beamtwin.twin.clock import SimClock

    return RunEngine(clock=SimClock(EPOCH))


def their_engine() -> Any:
    """Bluesky's, as a user gets it."""
    from bluesky import RunEngine

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return RunEngine({}, loop=asyncio.new_event_loop())


def twin_motor(engine: Any) -> tuple[Any, Any, Any]:
    """A twin's database, a motor record in it (1 mm/s), and the device that moves it, at PV level."""
    from beamtwin.hardware.motor import Motor
    from beamtwin.twin.database import Database
    from beamtwin.twin.records import MotorRecord

    database = Database(engine.clock)
    record = MotorRecord(engine.clock, "m1", VELO=1.0, EGU="mm", PREC=4, HLM=1e6, LLM=-1e6)
    database.add(record)
    motor = Motor("m1", "m1", database)
    motor.connect()
    return database, record, motor


def twin_scan(exposure_s: float = 1.0) -> Work:
    """A twin's motor and scaler records."""
    from beamtwin.hardware.scaler import Scaler
    from beamtwin.orchestration.plans import scan
    from beamtwin.twin.records import ScalerRecord

    engine = our_engine()
    database, stage, motor = twin_motor(engine)
    database.add(
        ScalerRecord(
            engine.clock, "s1", lambda duration: [duration * stage.position], TP=exposure_s
        )
    )
    scaler = Scaler("s1", "s1", database, channels={2: "i0"})
    scaler.connect()
    return lambda points: engine(scan([scaler], motor, 0.0, 0.1 * points, points))


def a_day() -> float:
    """CPU seconds of 24 hours on the twin: 50,000 moves of 0.1 mm (0.28 s), each with an exposure."""
    scan = twin_scan(exposure_s=86_400.0 / DAY_EVENTS - 0.283)
    began = time.process_time()
    scan(DAY_EVENTS)
    return time.process_time() - began


def bluesky_scan() -> Work:
    """The same plan with ophyd.sim's instant motor and detector."""
    from bluesky.plans import scan
    from ophyd.sim import hw

    devices = hw()
    engine = their_engine()
    return lambda points: engine(scan([devices.det], devices.motor, 0.0, 0.1 * points, points))


def messages(make_plan: Callable[[int, Any], Any]) -> tuple[Work, Work]:
    """The same messages through our engine and through bluesky's."""
    from bluesky import Msg as TheirMsg

    from beamtwin.orchestration import Msg

    ours, theirs = our_engine(), their_engine()
    return (
        lambda count: ours(make_plan(count, Msg)),
        lambda count: theirs(make_plan(count, TheirMsg)),
    )


def null(count: int, Msg: Any) -> list[Any]:
    """Messages that do nothing."""
    return [Msg("null")] * count


def to_and_fro(motor: Any, count: int, Msg: Any) -> Iterator[Any]:
    """Moves by 1 mm, each waited for."""
    for number in range(count):
        yield Msg("set", motor, float(number % 2), group="move")
        yield Msg("wait", None, group="move")


def set_and_wait(count: int, Msg: Any) -> Iterator[Any]:
    """Moves that are over at once."""
    return to_and_fro(BareMotor("motor"), count, Msg)


def twin_moves() -> tuple[Work, Work]:
    """A twin's motor record through our engine, each move 1.2 s of virtual time; theirs are over at once."""
    from bluesky import Msg as TheirMsg

    from beamtwin.orchestration import Msg

    ours, theirs = our_engine(), their_engine()
    *_, motor = twin_motor(ours)
    return (
        lambda count: ours(to_and_fro(motor, count, Msg)),
        lambda count: theirs(set_and_wait(count, TheirMsg)),
    )


def create_read_save(count: int, Msg: Any) -> Iterator[Any]:
    """Events of one reading."""
    detector = BareDetector("detector")
    yield Msg("open_run")
    for _ in range(count):
        yield Msg("create", None, name="primary")
        yield Msg("read", detector)
        yield Msg("save")
    yield Msg("close_run")


def plans(
    name: str, our_subscriber: Subscriber | None = None, their_subscriber: Subscriber | None = None
) -> tuple[Work, Work]:
    """A plan of ours on our engine, and bluesky's of that name on its own, with instant devices."""
    import bluesky.plans as their_plans

    import beamtwin.orchestration.plans as our_plans

    detector, motor = BareDetector("detector"), BareMotor("motor")
    args = {"count": lambda n: (n,), "scan": lambda n: (motor, 0.0, 1.0, n)}[name]

    def work(engine: Any, module: Any, subscriber: Subscriber | None) -> Work:
        plan = getattr(module, name)
        return lambda count: engine(plan([detector], *args(count)), subscriber or [])

    return (
        work(our_engine(), our_plans, our_subscriber),
        work(their_engine(), their_plans, their_subscriber),
    )


def collector() -> Subscriber:
    """Keeps the documents of a run."""
    documents: list[dict[str, Any]] = []

    def collect(name: str, doc: dict[str, Any]) -> None:
        if name == "start":
            documents.clear()
        documents.append(doc)

    return collect


def validator() -> Subscriber:
    """Checks documents against event-model's schemas, as bluesky does for each it makes."""
    from event_model import DocumentNames, schema_validators

    validators = {
        name.name: schema_validators[name] for name in DocumentNames if name in schema_validators
    }
    return lambda name, doc: validators[name].validate(doc)


def memory() -> tuple[Callable[[], float], Callable[[], float]]:
    """Bytes kept for each event of a run with a baseline; ours, and bluesky's."""
    from bluesky.plans import count as their_count
    from bluesky.preprocessors import SupplementalData as TheirData

    from beamtwin.orchestration.plans import count as our_count
    from beamtwin.orchestration.preprocessors import SupplementalData

    return (
        lambda: bytes_per_event(our_engine(), our_count, SupplementalData),
        lambda: bytes_per_event(their_engine(), their_count, TheirData),
    )


def empty_calls(engine: Any) -> Work:
    """A call of the engine with nothing to do."""

    def work(count: int) -> None:
        for _ in range(count):
            engine([])

    return work


def store_events() -> tuple[Work, Work]:
    """Events into the broker one by one, each safe on return; the bound: JSON rows into bare SQLite."""
    from beamtwin.databroker import Broker
    from beamtwin.orchestration.plans import count as count_plan

    folder = Path(tempfile.mkdtemp(prefix="beamtwin-bench-"))
    documents: list[tuple[str, dict[str, Any]]] = []
    our_engine()(
        count_plan([BareDetector("detector")], 2), lambda name, doc: documents.append((name, doc))
    )
    start, descriptor, event = (doc for _, doc in documents[:3])
    broker = Broker.open(folder / "ours.sqlite")
    runs = iter(range(10**9))

    def ours(count: int) -> None:
        uid = f"run-{next(runs)}"
        broker.insert("start", {**start, "uid": uid})
        broker.insert("descriptor", {**descriptor, "uid": uid + "d", "run_start": uid})
        for number in range(1, count + 1):
            broker.insert("event", {**event, "seq_num": number, "descriptor": uid + "d"})

    connection = sqlite3.connect(folder / "bound.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("CREATE TABLE event (document TEXT)")

    def bound(count: int) -> None:
        for _ in range(count):
            connection.execute("INSERT INTO event VALUES (?)", (json.dumps(event),))

    return ours, bound


def all_rows() -> list[Any]:
    """Every row of the table; makes what is measured, which takes seconds."""
    done()  # made once, before anything is timed
    in_process = [*engine_rows(), *plan_rows(), *cost_rows(), store_row()]
    return [*in_process, *broker.rows(), Durations(), *channel_access.rows(), *server_rows()]


def engine_rows() -> list[Rate]:
    """Messages."""
    bluesky = "bluesky"
    return [
        Rate("a null message", ("messages/s", 100_000, 20_000), messages(null), bluesky, 5.5),
        Rate(
            "set and wait, done at once",
            ("moves/s", 10_000, 1000),
            messages(set_and_wait),
            bluesky,
            6.7,
        ),
        Rate(
            "moves of a twin's motor record, 1 mm at 1 mm/s, virtual time",
            ("moves/s", 2000, 1000),
            twin_moves(),
            "bluesky, done at once",
            1,
        ),
        Rate(
            "create, read, save", ("events/s", 5000, 500), messages(create_read_save), bluesky, 12.8
        ),
        Rate(
            "an empty call, RE([])",
            ("calls/s", 2000, 500),
            (empty_calls(our_engine()), empty_calls(their_engine())),
            bluesky,
            11.5,
        ),
    ]


def plan_rows() -> list[Rate]:
    """Whole plans, each side's own, with nobody listening, with somebody, and with both sides validating."""
    scan_of_records = Rate(
        "1,000-point scan: a twin's motor and scaler records, 1 s exposures, virtual time",
        ("events/s", 1000, 200),
        (twin_scan(), bluesky_scan()),
        "bluesky + ophyd.sim (instant)",
        25,
    )
    rows = [scan_of_records]
    for name, wanted, collecting, validating in (("count", 22, 20, 2), ("scan", 19, 18, 2)):
        for how, subscribers, ratio in (
            ("", (None, None), wanted),
            (", one collecting callback", (collector(), collector()), collecting),
            (", validating", (validator(), None), validating),
        ):
            work = plans(name, *subscribers)
            what = f"{name}, instant devices{how}"
            rows.append(Rate(what, ("events/s", 1000, 200), work, "bluesky", ratio))
    return rows


def cost_rows() -> list[Cost]:
    """Starting up, and memory."""
    start = (lambda: startup(OURS), lambda: startup(THEIRS))
    return [
        Cost("import and constructor, a fresh Python", "CPU s", start, "bluesky", 2.8),
        Cost(
            f"a 24-hour plan on the twin, {DAY_EVENTS:,} events",
            "CPU s",
            (a_day, lambda: 86_400.0),
            "bound: the wall",
            1440,
        ),
        Cost("kept per event of a run with a baseline", "bytes", memory(), "bluesky", 70),
    ]


def store_row() -> Rate:
    """The broker."""
    return Rate(
        "events into the broker, each safe on return",
        ("events/s", 3000, 3000),
        store_events(),
        "bound: JSON rows into bare SQLite",
        0.3,
    )
