"""Whatever a plan leaves behind is put right, whatever fails meanwhile."""

import logging
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest

from beamtwin.orchestration.engine import RunEngine
from beamtwin.orchestration.messages import Msg
from beamtwin.orchestration.status import Status, finished
from beamtwin.twin.clock import SimClock

EPOCH = 1_700_000_000.0


class Troublesome:
    """Cannot be stopped, unstaged, nor left alone."""

    name = "trouble"
    parent = None

    def __init__(self, clock: SimClock, error: type[BaseException] = OSError):
        self.clock = clock
        self.error = error

    def set(self, value: float) -> Status:
        return finished(self.clock)

    def stage(self) -> list[Any]:
        return [self]

    def read(self) -> dict[str, Any]:
        return {self.name: {"value": 0.0, "timestamp": 0.0}}

    def describe(self) -> dict[str, Any]:
        return {self.name: {"source": "a test", "dtype": "number", "shape": []}}

    def subscribe(self, function: Callable[..., object]) -> None:
        pass

    def _fail(self, *_: Any, **__: Any) -> None:
        raise self.error("no answer")

    stop = unstage = clear_sub = _fail


def leaving_all(*devices: Any) -> Any:
    """A plan that cleans nothing up."""
    yield Msg("open_run")
    for device in devices:
        yield Msg("stage", device)
        yield Msg("set", device, 1)
        yield Msg("monitor", device, name=device.name)
    raise ValueError("and now this")


@pytest.fixture
def stages(make: Any) -> Any:
    """A device that does all that is asked of it, and notes it."""
    device = make("Signal", "good")
    device.set = lambda value: finished(device.clock)
    device.stop = lambda success: device.calls.append("stop")
    device.stage = lambda: [device]
    device.unstage = lambda: device.calls.append("unstage")
    return device


def test_a_plan_that_fails_leaves_nothing_behind(
    RE: RunEngine, stages: Any, documents: Any
) -> None:
    with pytest.raises(ValueError, match="and now this"):
        RE(leaving_all(stages))
    assert stages.calls == ["stop", "unstage"]
    assert stages.subscribers == []
    assert (documents.stop["exit_status"], documents.stop["reason"]) == ("fail", "and now this")


def test_a_plan_that_ends_well_leaves_nothing_either(
    RE: RunEngine, stages: Any, documents: Any
) -> None:
    RE([Msg("open_run"), Msg("stage", stages), Msg("set", stages, 1)])
    assert stages.calls == ["stop", "unstage"]
    assert documents.stop["exit_status"] == "success"


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_one_that_fails_does_not_keep_the_others(
    RE: RunEngine,
    clock: SimClock,
    stages: Any,
    documents: Any,
    caplog: pytest.LogCaptureFixture,
    error: type[BaseException],
) -> None:
    """An impatient Ctrl-C ends a step, and the next is done."""
    trouble = Troublesome(clock, error)
    with caplog.at_level(logging.WARNING), pytest.raises((ValueError, KeyboardInterrupt)):
        RE(leaving_all(stages, trouble) if error is OSError else leaving_all(trouble))
    assert RE.state == "idle"
    assert documents.names[-1] == "stop"
    assert documents.stop["exit_status"] == "fail"
    if error is OSError:
        assert stages.calls == ["stop", "unstage"]
        for what in ("stop trouble", "unstage trouble", "end monitors"):
            assert f"cannot {what}: no answer" in caplog.text
    RE([])


def test_devices_are_unstaged_last_first(RE: RunEngine, make: Any) -> None:
    order: list[str] = []
    devices = [make("Detector", name) for name in "abc"]
    for device in devices:
        device.unstage = lambda name=device.name: order.append(name)
    RE([Msg("stage", device) for device in devices])
    assert order == ["c", "b", "a"]


@pytest.mark.parametrize("fails", [False, True])
def test_unstaging_is_waited_for(RE: RunEngine, clock: SimClock, det: Any, fails: bool) -> None:
    """Where Bluesky does not look (its issue 1630)."""

    def unstage() -> Status:
        status = Status(clock, name="det: unstage")
        clock.call_at(clock.time() + 3, status.set_finished)
        return status

    det.unstage = unstage
    with pytest.raises(KeyError) if fails else nullcontext():
        RE([Msg("stage", det), *([Msg("nonsense")] if fails else [])])
    assert clock.time() == EPOCH + 3


@pytest.mark.parametrize("timeout", [None, 2.0])
def test_a_device_that_is_stuck_cannot_hang_the_engine(
    RE: RunEngine,
    clock: SimClock,
    det: Any,
    documents: Any,
    caplog: pytest.LogCaptureFixture,
    timeout: float | None,
) -> None:
    det.unstage = lambda: Status(clock, timeout=timeout, name="det: unstage")
    clock.call_at(EPOCH + 100, lambda: None)
    with caplog.at_level(logging.WARNING):
        RE([Msg("open_run"), Msg("stage", det)])
    seconds = 10 if timeout is None else 2
    assert f"cannot unstage det: det: unstage: not done after {seconds} s" in caplog.text
    assert clock.time() == EPOCH + seconds
    assert documents.stop["exit_status"] == "success"


def test_what_the_plan_unstaged_is_not_unstaged_again(RE: RunEngine, det: Any) -> None:
    RE([Msg("stage", det), Msg("unstage", det)])
    assert det.calls == ["stage", "unstage"]


def test_a_device_that_fails_to_unstage_gets_a_second_chance(RE: RunEngine, det: Any) -> None:
    tries: list[int] = []

    def unstage() -> None:
        tries.append(1)
        if len(tries) == 1:
            raise OSError("busy")

    det.unstage = unstage
    with pytest.raises(OSError, match="busy"):
        RE([Msg("stage", det), Msg("unstage", det)])
    assert len(tries) == 2


def test_every_run_is_closed(RE: RunEngine, documents: Any) -> None:
    RE([Msg("open_run", run="outer"), Msg("open_run", run="inner")])
    outer, inner = (start["uid"] for start in documents.of("start"))
    assert [stop["run_start"] for stop in documents.of("stop")] == [inner, outer]


def test_a_store_that_fails_at_the_stop_does_not_stop_the_rest(
    RE: RunEngine, documents: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def store(name: str, document: Any) -> None:
        raise OSError("disk full")

    RE.subscribe(store, "stop")
    with caplog.at_level(logging.WARNING):
        uids = RE([Msg("open_run", run="a"), Msg("open_run", run="b")])
    assert len(documents.of("stop")) == 2
    assert all(f"cannot close run {uid}: disk full" in caplog.text for uid in uids)


def test_a_plan_closes_its_run_though_a_monitor_does_not_end(
    RE: RunEngine, clock: SimClock, documents: Any
) -> None:
    trouble = Troublesome(clock)
    with pytest.raises(OSError, match="no answer"):
        RE([Msg("open_run"), Msg("monitor", trouble, name="m"), Msg("close_run")])
    assert len(documents.of("stop")) == 1


def test_a_plan_that_will_not_end_is_told_of(
    RE: RunEngine, motor: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that a failing pause leaves in the middle, and that would go on."""

    def pause() -> None:
        raise OSError("cannot pause")

    def clinging() -> Any:
        yield Msg("read", motor)
        try:
            yield Msg("pause")
        finally:
            yield Msg("null")

    motor.pause = pause
    with pytest.raises(OSError, match="cannot pause"):
        RE(clinging())
    assert "clinging" in (out := capsys.readouterr().out)
    assert out.endswith("tried to yield a value on close.  Please fix your plan.\n")
    assert RE.state == "idle"


def test_a_plan_that_fails_as_it_is_closed_is_logged(
    RE: RunEngine, motor: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def plan() -> Any:
        yield Msg("read", motor)
        try:
            yield Msg("pause")
        finally:
            raise RuntimeError("at the wrong time")

    def pause() -> None:
        raise OSError("cannot pause")

    motor.pause = pause
    with caplog.at_level(logging.WARNING), pytest.raises(OSError, match="cannot pause"):
        RE(plan())
    assert "cannot close the plan: at the wrong time" in caplog.text


def test_a_device_without_a_name_is_cleaned_up_after_too(RE: RunEngine, clock: SimClock) -> None:
    stopped: list[bool] = []

    class Nameless:
        def set(self, value: float) -> Status:
            return finished(clock)

        def stop(self, *, success: bool = False) -> None:
            stopped.append(success)

    RE([Msg("set", Nameless(), 1)])
    assert stopped == [True]
