"""Devices whose methods must be called where an event loop runs."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from beamtwin.orchestration import stubs
from beamtwin.orchestration.asyncio_devices import is_asyncio_device
from beamtwin.orchestration.engine import RunEngine
from beamtwin.orchestration.errors import FailedStatus
from beamtwin.orchestration.messages import Msg
from beamtwin.orchestration.plans import count, scan


class Task:
    """A status that can be made only where a loop runs, and is awaitable."""

    def __init__(self, coroutine: Any):
        self.task = asyncio.create_task(coroutine)

    def __await__(self) -> Any:
        return self.task.__await__()

    def add_callback(self, callback: Any) -> None:
        asyncio.get_running_loop()
        self.task.add_done_callback(lambda _: callback(self))

    done = property(lambda self: self.task.done())
    success = property(lambda self: self.task.done() and self.task.exception() is None)

    def exception(self, timeout: float | None = 0.0) -> Any:
        return self.task.exception() if self.task.done() else None


class Sensor:
    name = "sensor"
    parent = None
    broken = False

    async def read(self) -> dict[str, Any]:
        return {"sensor": {"value": 1.0, "timestamp": 2.0}}

    async def describe(self) -> dict[str, Any]:
        return {"sensor": {"source": "a test", "dtype": "number", "shape": []}}

    def trigger(self) -> Task:
        return Task(self._expose())

    async def _expose(self) -> None:
        await asyncio.sleep(0.001)
        if self.broken:
            raise OSError("no light")


@pytest.fixture
def engine(wall_engine: RunEngine) -> Iterator[RunEngine]:
    yield wall_engine
    wall_engine.close()


def test_they_are_recognised_by_their_class() -> None:
    assert is_asyncio_device(Sensor)
    assert not is_asyncio_device(dict)


def test_they_are_triggered_and_read(engine: RunEngine, documents: Any) -> None:
    engine(count([Sensor()], 2))
    assert documents.column("sensor") == [1.0, 1.0]


def test_their_failures_are_raised_in_the_plan(engine: RunEngine) -> None:
    sensor = Sensor()
    sensor.broken = True
    with pytest.raises(FailedStatus, match="no light"):
        engine(count([sensor]))


def test_awaitables_are_made_in_the_loop_and_awaited(engine: RunEngine) -> None:
    def plan() -> Any:
        (task,) = yield Msg("wait_for", None, [lambda: asyncio.sleep(0, "done")])
        return task.result()

    engine.call_returns_result = True
    assert engine(plan()).plan_result == "done"


def test_commands_may_be_coroutine_functions(engine: RunEngine) -> None:
    async def double(msg: Msg) -> int:
        await asyncio.sleep(0)
        return 2 * msg.args[0]

    def plan() -> Any:
        return (yield Msg("double", None, 21))

    engine.register_command("double", double)
    engine.call_returns_result = True
    assert engine(plan()).plan_result == 42


def test_ophyd_async_devices(engine: RunEngine, documents: Any) -> None:
    core = pytest.importorskip("ophyd_async.core")
    signal, _ = core.soft_signal_r_and_setter(float, 3.0, name="soft")
    asyncio.run_coroutine_threadsafe(signal.connect(), engine.loop).result()
    engine(count([signal]))
    assert documents.column("soft") == [3.0]


def test_ophyd_asyncs_motors_and_detectors_scan(engine: RunEngine, documents: Any) -> None:
    """Their statuses are awaitable and report progress, which a bar may watch."""
    sim = pytest.importorskip("ophyd_async.sim")
    watched: list[Any] = []

    async def make() -> tuple[Any, Any]:
        pattern = sim.PatternGenerator()
        stage = sim.SimStage(pattern, name="stage")
        point = sim.SimPointDetector(pattern, name="point")
        await stage.connect()
        await point.connect()
        await stage.x.velocity.set(1000.0)
        return stage.x, point

    def watch(statuses: Any) -> None:
        for status in statuses or ():
            if hasattr(status, "watch"):
                status.watch(lambda **told: watched.append(told))

    motor, point = asyncio.run_coroutine_threadsafe(make(), engine.loop).result()
    engine.waiting_hook = watch
    engine(scan([point], motor, 0, 0.2, 3))
    assert documents.column("stage-x") == pytest.approx([0.0, 0.1, 0.2])
    assert watched


def test_a_status_that_a_plan_makes_is_awaited(engine: RunEngine) -> None:
    core = pytest.importorskip("ophyd_async.core")

    def plan() -> Any:
        status = core.AsyncStatus(asyncio.sleep(0.001))
        yield Msg("wait_for", None, [status])
        return status.success

    engine.call_returns_result = True
    assert engine(plan()).plan_result


def test_ophyd_asyncs_detectors_fly(engine: RunEngine, documents: Any, tmp_path: Any) -> None:
    """Frames in files, collected while they come, each detector at its own pace."""
    core, sim = pytest.importorskip("ophyd_async.core"), pytest.importorskip("ophyd_async.sim")

    async def make() -> list[Any]:
        paths = core.StaticPathProvider(core.UUIDFilenameProvider(), tmp_path)
        both = [sim.SimBlobDetector(paths, sim.PatternGenerator(), name=name) for name in "ab"]
        for each in both:
            await each.connect()
        return both

    def fly(both: list[Any]) -> Any:
        yield from stubs.stage_all(*both)
        yield from stubs.open_run()
        frames = core.TriggerInfo(number_of_events=3, livetime=0.01, deadtime=0.001)
        for each in both:
            yield from stubs.prepare(each, frames, wait=True)
        yield from stubs.declare_stream(*both, name="main", collect=True)
        yield from stubs.kickoff_all(*both, wait=True)
        yield from stubs.collect_while_completing(both, both, flush_period=0.02, stream_name="main")
        yield from stubs.close_run()
        yield from stubs.unstage_all(*both)

    both = asyncio.run_coroutine_threadsafe(make(), engine.loop).result()
    engine(fly(both))
    numbered = [datum["seq_nums"]["stop"] for datum in documents.of("stream_datum")]
    assert max(numbered) == 1 + documents.stop["num_events"]["main"]
    assert {each["data_key"] for each in documents.of("stream_resource")} >= {"a", "b"}
