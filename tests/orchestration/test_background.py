"""asyncio in plans, and in devices that know nothing of threads: as where the engine's loop runs."""

import asyncio
import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from beamtwin.orchestration.background import Background
from beamtwin.orchestration.engine import RunEngine
from beamtwin.orchestration.errors import PlanError, WaitForTimeoutError
from beamtwin.orchestration.messages import Msg
from beamtwin.orchestration.status import Status


@pytest.fixture(params=["its own", "one that is given"])
def engine(request: pytest.FixtureRequest, wall: Any) -> Iterator[RunEngine]:
    loop = None
    if request.param == "one that is given":
        loop = asyncio.new_event_loop()
        loop.set_debug(True)  # complains of what is not thread-safe
    engine = RunEngine(clock=wall, context_managers=[], call_returns_result=True, loop=loop)
    yield engine
    engine.close()


def open_files() -> int:
    return len(os.listdir("/dev/fd"))


# --- plans -------------------------------------------------------------------------------------


def test_a_plan_makes_tasks_and_waits_for_them(engine: RunEngine) -> None:
    async def work() -> str:
        await asyncio.sleep(0.001)
        return "done"

    def plan() -> Any:
        task = asyncio.create_task(work())
        other = asyncio.ensure_future(work())
        answers = yield Msg("wait_for", None, [lambda: task, lambda: other])
        assert answers == [task, other]
        return [each.result() for each in answers]

    assert engine(plan()).plan_result == ["done", "done"]


def test_what_a_task_finishes_a_plan_waits_for(engine: RunEngine) -> None:
    status = Status(engine.clock)

    async def finish() -> None:
        await asyncio.sleep(0.001)
        status.set_finished()

    class Device:
        name = "device"

        def set(self, value: float) -> Status:
            asyncio.create_task(finish())  # noqa: RUF006
            return status

    engine([Msg("set", Device(), 1, group="a"), Msg("wait", None, "a")])
    assert status.success


def test_a_plan_cancels_its_task(engine: RunEngine) -> None:
    def plan() -> Any:
        task = asyncio.create_task(asyncio.sleep(60))
        try:
            yield Msg("wait_for", None, [lambda: task], timeout=0.01)
        finally:
            task.cancel()

    with pytest.raises(WaitForTimeoutError, match="1 of 1 awaitables"):
        engine(plan())


@pytest.mark.parametrize("how", ["call_soon", "call_later", "call_at", "call_soon_threadsafe"])
def test_a_plan_schedules_calls(engine: RunEngine, how: str) -> None:
    status, loop = Status(engine.clock), engine.loop
    when = {"call_later": (0.001,), "call_at": (loop.time() + 0.001,)}

    def plan() -> Any:
        getattr(engine.loop, how)(*when.get(how, ()), status.set_finished)
        yield Msg("wait_for", None, [status])

    engine(plan())
    assert status.done


def test_a_timer_can_be_cancelled_from_here(engine: RunEngine) -> None:
    timer = engine.loop.call_later(60, lambda: None)
    timer.cancel()
    assert timer.cancelled()


def test_a_plan_may_run_a_coroutine_and_wait_itself(engine: RunEngine) -> None:
    def plan() -> Any:
        yield Msg("null")
        return asyncio.run_coroutine_threadsafe(asyncio.sleep(0, "done"), engine.loop).result()

    assert engine(plan()).plan_result == "done"


def test_events_and_futures_of_a_plan_are_the_loops(engine: RunEngine) -> None:
    def plan() -> Any:
        event = asyncio.Event()
        asyncio.get_running_loop().call_soon(event.set)
        yield Msg("wait_for", None, [event.wait])
        future = asyncio.Future()
        asyncio.get_running_loop().call_soon(future.set_result, "done")
        (answer,) = yield Msg("wait_for", None, [lambda: future])
        return answer.result()

    assert engine(plan()).plan_result == "done"


def test_the_running_loop_is_the_engines_once_it_runs(engine: RunEngine) -> None:
    loop = engine.loop

    def plan() -> Any:
        yield Msg("null")
        assert asyncio.get_running_loop() is loop

    engine(plan())
    with pytest.raises(RuntimeError, match="no running event loop"):
        asyncio.get_running_loop()


def test_a_plan_cannot_run_a_loop_of_its_own(engine: RunEngine) -> None:
    """As in Bluesky: there is one already."""
    coroutine = asyncio.sleep(0)

    def plan() -> Any:
        yield Msg("null")
        asyncio.run(coroutine)

    with pytest.raises(RuntimeError, match="cannot be called from a running event loop"):
        engine(plan())
    coroutine.close()


def test_where_a_loop_runs_it_stays_so(engine: RunEngine) -> None:
    """A notebook's, say, which stands still while the plan runs."""
    seen: list[Any] = []

    async def notebook() -> None:
        engine.register_command("look", lambda msg: seen.append(asyncio.get_running_loop()))
        engine([Msg("look")])
        assert seen == [asyncio.get_running_loop()]

    asyncio.run(notebook())


def test_engines_may_be_nested(engine: RunEngine) -> None:
    inner = RunEngine(context_managers=[])

    def plan() -> Any:
        inner([Msg("null")])
        yield Msg("null")
        asyncio.get_running_loop()

    engine(plan())


# --- what it costs -----------------------------------------------------------------------------


def test_nobody_pays_who_does_not_ask(wall: Any) -> None:
    engine = RunEngine(clock=wall, context_managers=[])
    files, threads = open_files(), threading.active_count()
    engine([Msg("null")])
    assert open_files() == files
    assert threading.active_count() == threads


def test_nothing_is_left_when_it_is_closed(engine: RunEngine) -> None:
    files, threads = open_files(), threading.active_count()
    given = "one that is given" if engine._background._thread else "its own"
    loop = engine.loop
    engine.close()
    engine.close()
    assert loop.is_closed()
    assert threading.active_count() == threads - (given != "its own")
    assert open_files() <= files
    engine([Msg("wait_for", None, [lambda: asyncio.sleep(0)])])  # and it can be used again


def test_a_loop_that_runs_here_would_be_blocked() -> None:
    async def notebook() -> None:
        with pytest.raises(PlanError, match="runs in this very thread"):
            Background(asyncio.get_running_loop())

    asyncio.run(notebook())


def test_a_loop_may_run_elsewhere_already(wall: Any) -> None:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    engine = RunEngine(clock=wall, context_managers=[], call_returns_result=True, loop=loop)

    def plan() -> Any:
        (task,) = yield Msg("wait_for", None, [lambda: asyncio.sleep(0, "done")])
        return task.result()

    assert engine(plan()).plan_result == "done"
    engine.close()  # leaves it alone
    assert loop.is_running()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
