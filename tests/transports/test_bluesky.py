"""Our devices over Channel Access, driven by Bluesky's own RunEngine."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import bluesky.plan_stubs as bps
import bluesky.plans as bp
import pytest
from bluesky import RunEngine
from event_model import DocumentNames, schema_validators

from beamtwin.hardware.device import Device, pv
from beamtwin.hardware.local import soft
from beamtwin.hardware.pv_positioner import PVPositionerPC
from beamtwin.hardware.signals import Kind, SignalR, SignalRW
from beamtwin.orchestration.errors import LimitsError

Run = Callable[[Any], dict[str, list[dict[str, Any]]]]


class Axis(PVPositionerPC):
    setpoint: SignalRW[float] = pv("move", kind=Kind.normal)
    readback: SignalR[float] = pv("rbv", kind=Kind.hinted, primary=True)
    done: SignalR[bool] = pv("dmov", kind=Kind.omitted)


class Bench(Device):
    warm: SignalRW[float] = pv("warm", kind=Kind.hinted)
    mode: SignalRW[str] = pv("mode", kind=Kind.config)
    sample: SignalRW[str] = soft("none", kind=Kind.config)


@pytest.fixture(scope="module", autouse=True)
def in_real_time(transport: Any) -> None:
    if transport.scheme != "ca":
        pytest.skip("Bluesky's engine lives by the wall's time")


@pytest.fixture
def engine() -> Iterator[RunEngine]:
    engine = RunEngine({}, context_managers=[], loop=asyncio.new_event_loop())
    yield engine
    engine.loop.call_soon_threadsafe(engine.loop.stop)
    engine._th.join()
    engine.loop.close()


@pytest.fixture
def axis(transport: Any) -> Axis:
    axis = Axis("T:", "axis", transport)
    axis.connect()
    return axis


@pytest.fixture
def bench(transport: Any) -> Bench:
    bench = Bench("T:", "bench", transport)
    bench.connect()
    return bench


@pytest.fixture
def run(engine: RunEngine) -> Run:
    """``run(plan)``: its documents by name, held against the schemas."""

    def run(plan: Any) -> dict[str, list[dict[str, Any]]]:
        said: dict[str, list[dict[str, Any]]] = {}
        engine(plan, lambda name, document: said.setdefault(name, []).append(document))
        for name, documents in said.items():
            for document in documents:
                schema_validators[DocumentNames[name]].validate(document)
        return said

    return run


def test_a_scan(run: Run, axis: Axis, bench: Bench) -> None:
    said = run(bp.scan([bench], axis, 0, 3, 4))
    assert [event["data"]["axis"] for event in said["event"]] == [0.0, 1.0, 2.0, 3.0]
    (descriptor,) = said["descriptor"]
    assert descriptor["data_keys"]["bench_warm"]["limits"]["alarm"] == {"low": None, "high": 90.0}
    assert descriptor["configuration"]["bench"]["data_keys"]["bench_mode"]["choices"] == [
        *("off", "on", "auto"),
    ]
    assert descriptor["configuration"]["bench"]["data"]["bench_sample"] == "none"
    assert said["stop"][0]["exit_status"] == "success"


def test_a_scan_of_what_is_kept(run: Run, axis: Axis) -> None:
    axis.keep()
    said = run(bp.scan([], axis, 0, 19, 20))
    assert [event["data"]["axis"] for event in said["event"]] == [float(n) for n in range(20)]


def test_monitors_and_configuration(run: Run, axis: Axis, bench: Bench) -> None:
    def plan() -> Any:
        yield from bps.open_run()
        yield from bps.configure(bench, {"mode": "auto"})
        yield from bps.monitor(axis, name="axis_monitor")
        yield from bps.mv(axis, 3.0, bench.warm, 25.0)
        yield from bps.trigger_and_read([bench])
        yield from bps.unmonitor(axis)
        yield from bps.close_run()

    said = run(plan())
    assert {one["name"] for one in said["descriptor"]} == {"primary", "axis_monitor"}
    (primary,) = [one for one in said["descriptor"] if one["name"] == "primary"]
    assert primary["configuration"]["bench"]["data"]["bench_mode"] == "auto"
    assert [one["data"]["bench_warm"] for one in said["event"] if "bench_warm" in one["data"]] == [
        25.0
    ]


def test_a_move_beyond_the_limits_ends_the_plan(engine: RunEngine, axis: Axis) -> None:
    with pytest.raises(LimitsError, match=r"axis_setpoint: 2000 mm is outside \[-1000, 1000\] mm"):
        engine(bps.mv(axis, 2000.0))
