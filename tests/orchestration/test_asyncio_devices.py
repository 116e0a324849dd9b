"""Devices whose methods must be called where an event loop runs."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from beamtwin.orchestration.asyncio_devices import is_asyncio_device
from beamtwin.orchestration.engine import RunEngine
from beamtwin.orchestration.errors import FailedStatus
from beamtwin.orchestration.messages import Msg
from beamtwin.orchestration.plans import count


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
