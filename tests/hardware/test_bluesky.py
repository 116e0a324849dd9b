"""Our devices under Bluesky's own RunEngine, in real time."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bluesky.plan_stubs as bps
import bluesky.plans as bp
import pytest
from bluesky import RunEngine
from bluesky.utils import FailedStatus
from event_model import DocumentNames, schema_validators

from beamtwin.hardware.areadetector import AreaDetector
from beamtwin.hardware.motor import Motor
from beamtwin.hardware.slits import Slits
from beamtwin.hardware.soft import SoftTransport
from beamtwin.orchestration.clock import WallClock
from beamtwin.orchestration.errors import LimitsError

Documents = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def transport() -> SoftTransport:
    """In real time."""
    return SoftTransport(WallClock())


@pytest.fixture
def engine() -> Iterator[RunEngine]:
    engine = RunEngine({}, context_managers=[], loop=asyncio.new_event_loop())
    yield engine
    engine.loop.call_soon_threadsafe(engine.loop.stop)
    engine._th.join()
    engine.loop.close()


@pytest.fixture
def motor(transport: SoftTransport, serve_motor: Callable[..., Any]) -> Motor:
    serve_motor("M1", VELO=1000.0)
    device = Motor("M1", "m1", transport)
    device.connect()
    return device


def run(engine: RunEngine, plan: Any) -> Documents:
    documents: Documents = []
    engine(plan, lambda name, document: documents.append((name, document)))
    for name, document in documents:
        schema_validators[DocumentNames[name]].validate(document)
    return documents


def named(documents: Documents, name: str) -> list[dict[str, Any]]:
    return [document for each, document in documents if each == name]


def test_a_scan_of_a_motor_with_a_detector(
    engine: RunEngine,
    motor: Motor,
    soft_detector: Any,
    transport: SoftTransport,
    tmp_path: Path,
) -> None:
    detector = AreaDetector("Det:", "det", transport, directory=tmp_path)
    detector.connect()
    detector.count_time.set(0.005).wait()
    documents = run(engine, bp.scan([detector], motor, 0, 2, 3))
    events = named(documents, "event")
    assert [event["data"]["m1"] for event in events] == [0.0, 1.0, 2.0]
    assert [event["data"]["det_stats1_total"] for event in events] == [1234.0] * 3
    assert len(named(documents, "stream_resource")) == 1
    frames = named(documents, "stream_datum")
    assert [datum["indices"] for datum in frames] == [{"start": n, "stop": n + 1} for n in range(3)]
    assert [datum["seq_nums"] for datum in frames] == [
        {"start": n, "stop": n + 1} for n in (1, 2, 3)
    ]
    (descriptor,) = named(documents, "descriptor")
    assert descriptor["hints"]["m1"] == {"fields": ["m1"]}
    assert descriptor["configuration"]["det"]["data"]["det_cam_acquire_time"] == 0.005
    assert named(documents, "stop")[0]["exit_status"] == "success"


def test_a_relative_scan_of_a_gap_comes_back(
    engine: RunEngine, serve_motor: Callable[..., Any], transport: SoftTransport
) -> None:
    for blade, position in {"T": 1.0, "B": -1.0, "O": 0.5, "I": -0.5}.items():
        serve_motor(f"S-Ax:{blade}}}Mtr", position, VELO=1000.0)
    slits = Slits("S", "s2", transport)
    slits.connect()
    documents = run(engine, bp.rel_scan([slits.h_gap], slits.v_gap, -0.5, 0.5, 3))
    gaps = [event["data"]["s2_v_gap"] for event in named(documents, "event")]
    assert gaps == pytest.approx([1.5, 2.0, 2.5])
    assert slits.v_gap.position == pytest.approx(2.0)


def test_a_motor_can_be_monitored(engine: RunEngine, motor: Motor) -> None:
    def plan() -> Any:
        yield from bps.open_run()
        yield from bps.monitor(motor, name="m1_monitor")
        yield from bps.mv(motor, 3.0)
        yield from bps.unmonitor(motor)
        yield from bps.close_run()

    documents = run(engine, plan())
    assert [event["data"]["m1"] for event in named(documents, "event")][-1] == 3.0


def test_a_move_beyond_the_limits_ends_the_plan(engine: RunEngine, motor: Motor) -> None:
    with pytest.raises(LimitsError, match=r"m1: 99 mm is outside \[-10, 10\] mm"):
        engine(bps.mv(motor, 99.0))


def test_a_missing_folder_ends_the_plan_and_everything_is_put_back(
    engine: RunEngine, soft_detector: Any, transport: SoftTransport, tmp_path: Path
) -> None:
    detector = AreaDetector("Det:", "det", transport, directory=tmp_path / "missing")
    detector.connect()
    with pytest.raises(FailedStatus, match="has no folder"):
        engine(bp.count([detector]))
    assert detector.cam.image_mode.get() == "Continuous"


def test_configuring_records_what_was_set(engine: RunEngine, motor: Motor) -> None:
    def plan() -> Any:
        yield from bps.open_run()
        yield from bps.configure(motor, {"velocity": 8.0})
        yield from bps.trigger_and_read([motor])
        yield from bps.close_run()

    (descriptor,) = named(run(engine, plan()), "descriptor")
    assert descriptor["configuration"]["m1"]["data"]["m1_velocity"] == 8.0
