"""Monitors: events as they come, whatever the plan does meanwhile."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from beamtwin.orchestration.engine import RunEngine
from beamtwin.orchestration.errors import IllegalMessageSequence, RunEngineInterrupted
from beamtwin.orchestration.messages import Msg


@pytest.fixture
def signal(make: Any) -> Any:
    return make("Signal", "sig")


@pytest.fixture
def put(RE: RunEngine, signal: Any) -> Callable[[float], Msg]:
    """A message in whose course the signal has news."""
    RE.register_command("put", lambda msg: signal.put(msg.args[0]))
    return lambda value: Msg("put", None, value)


def monitor(signal: Any) -> Msg:
    return Msg("monitor", signal, name="mon")


def event(det: Any) -> list[Msg]:
    return [Msg("create", name="primary"), Msg("read", det), Msg("save")]


def test_news_are_events_of_a_stream_of_their_own(
    RE: RunEngine, signal: Any, put: Any, det: Any, documents: Any
) -> None:
    RE(
        [
            Msg("open_run"),
            monitor(signal),
            put(1.0),
            Msg("create", name="primary"),
            put(2.0),
            Msg("read", det),
            Msg("save"),
            Msg("unmonitor", signal),
            put(3.0),
            Msg("close_run"),
        ]
    )
    assert documents.column("sig") == [0.0, 1.0, 2.0]
    assert documents.seq_nums("mon") == [1, 2, 3]
    assert documents.seq_nums() == [1]
    assert documents.stop["num_events"] == {"mon": 3, "primary": 1}
    assert signal.subscribers == []


def test_a_stream_of_news_has_a_name_by_default(RE: RunEngine, signal: Any, documents: Any) -> None:
    RE([Msg("open_run"), Msg("monitor", signal), Msg("close_run")])
    assert documents.of("descriptor")[0]["name"] == "sig_monitor"


def test_monitors_end_with_their_run(RE: RunEngine, signal: Any, put: Any, documents: Any) -> None:
    RE([Msg("open_run"), monitor(signal), Msg("close_run"), put(1.0)])
    assert documents.names == ["start", "descriptor", "event", "stop"]


def test_no_news_come_after_the_stop_document(RE: RunEngine, signal: Any, documents: Any) -> None:
    """Not even those that came while the run was being closed, from another thread."""
    clear_sub = signal.clear_sub

    def late(function: Any) -> None:
        signal.put(9.0)
        clear_sub(function)

    signal.clear_sub = late
    RE([Msg("open_run"), monitor(signal), Msg("close_run"), Msg("null")])
    assert documents.names == ["start", "descriptor", "event", "stop"]


def test_old_devices_call_back_without_a_reading(
    RE: RunEngine, signal: Any, documents: Any
) -> None:
    """As Ophyd's: they are read then."""
    signal.subscribe = lambda function: function(value=5.0, old_value=4.0, timestamp=3.0)
    signal.clear_sub = lambda function: None
    signal.value = 5.0
    RE([Msg("open_run"), monitor(signal), Msg("close_run")])
    assert documents.column("sig") == [5.0]


def test_a_device_is_monitored_once_at_a_time(RE: RunEngine, signal: Any) -> None:
    with pytest.raises(IllegalMessageSequence, match="sig is monitored already"):
        RE([Msg("open_run"), monitor(signal), monitor(signal)])
    with pytest.raises(IllegalMessageSequence, match="sig is not monitored"):
        RE([Msg("open_run"), Msg("unmonitor", signal)])


def test_a_device_can_be_monitored_again(
    RE: RunEngine, signal: Any, put: Any, documents: Any
) -> None:
    again = [monitor(signal), put(1.0), Msg("unmonitor", signal)]
    RE([Msg("open_run"), *again, *again, Msg("close_run")])
    assert documents.seq_nums("mon") == [1, 2, 3, 4]
    assert len(documents.of("descriptor")) == 1


def test_news_are_counted_on_though_the_plan_goes_back(
    RE: RunEngine, signal: Any, put: Any, det: Any, documents: Any
) -> None:
    """An event of the plan's is taken again, with its number; news are not."""
    with pytest.raises(RunEngineInterrupted):
        RE(
            [
                Msg("open_run"),
                monitor(signal),
                Msg("checkpoint"),
                put(1.0),
                *event(det),
                Msg("pause"),
                *event(det),
                Msg("close_run"),
            ]
        )
    RE.resume()
    assert documents.seq_nums("mon") == [1, 2, 3, 4]
    assert documents.column("sig") == [0.0, 1.0, 1.0, 1.0]  # restoring the monitor, and the replay
    assert documents.seq_nums() == [1, 1, 2]
    assert documents.stop["num_events"] == {"mon": 4, "primary": 2}


@pytest.mark.parametrize("action", ["resume", "abort"])
def test_no_news_come_in_a_pause(RE: RunEngine, signal: Any, documents: Any, action: str) -> None:
    with pytest.raises(RunEngineInterrupted):
        RE([Msg("open_run"), monitor(signal), Msg("pause"), Msg("null"), Msg("close_run")])
    assert signal.subscribers == []
    signal.put(1.0)
    signal.put(2.0)
    getattr(RE, action)()
    assert signal.subscribers == []
    assert documents.column("sig")[:2] == ([0.0, 2.0] if action == "resume" else [0.0])


def test_news_may_come_in_any_thread(
    wall_engine: RunEngine,
    wall: Any,
    make: Any,
    documents: Any,
    in_thread: Callable[..., threading.Thread],
) -> None:
    signal = make("Signal", "sig", wall)
    engine_thread = threading.current_thread()
    emitted_in: set[threading.Thread] = set()
    wall_engine.subscribe(lambda *_: emitted_in.add(threading.current_thread()), "event")
    told = threading.Event()

    def tell(msg: Msg) -> None:
        in_thread(lambda: ([signal.put(float(n)) for n in range(1, 51)], told.set()))

    def plan() -> Any:
        yield Msg("open_run")
        yield monitor(signal)
        yield Msg("tell")
        while not told.is_set():
            yield Msg("sleep", None, 0.002)
        yield Msg("null")
        yield Msg("close_run")

    wall_engine.register_command("tell", tell)
    wall_engine(plan())
    assert documents.column("sig") == [float(n) for n in range(51)]
    assert documents.seq_nums("mon") == list(range(1, 52))
    assert emitted_in == {engine_thread}


def test_news_that_cannot_be_stored_end_the_plan(
    RE: RunEngine, signal: Any, put: Any, documents: Any
) -> None:
    def store(name: str, document: Any) -> None:
        if document["data"]["sig"] == 1.0:
            raise OSError("disk full")

    RE.subscribe(store, "event")
    with pytest.raises(OSError, match="disk full"):
        RE([Msg("open_run"), monitor(signal), put(1.0), put(2.0)])
    assert documents.stop["reason"] == "disk full"
