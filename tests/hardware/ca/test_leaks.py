"""Connecting and disconnecting, over and over, leaves nothing behind."""

import gc
import sys
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beamtwin.hardware.ca import CATransport
from beamtwin.orchestration.clock import WallClock
from beamtwin.twin.ioc import IOCProcess

PATIENCE_S = 5.0

#: Bytes that may be held after each cycle: noise, where a leak would be a connection's thousands.
PER_CYCLE = 100

#: And what is held for a second in any case, as who has answered a search.
ANYWAY = 300_000


def descriptors(pid: int | str = "self") -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def held() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def leaves_nothing(cycle: Callable[[], None], count: int) -> None:
    for _ in range(10):  # the first fill caches
        cycle()
    tracemalloc.start()
    try:
        threads, files, memory = threading.active_count(), descriptors(), held()
        for _ in range(count):
            cycle()
        # The server of a connection may not have noticed its end yet.
        assert WallClock().wait(lambda: threading.active_count() <= threads, PATIENCE_S)
        assert WallClock().wait(lambda: descriptors() <= files, PATIENCE_S)
        assert held() - memory < ANYWAY + PER_CYCLE * count
    finally:
        tracemalloc.stop()


def connect_and_close(port: int) -> None:
    transport = CATransport(addresses=["127.0.0.1"], port=port)
    channels = [transport.channel(f"T:{name}") for name in ("x", "n", "mode")]
    transport.connect(channels)
    channels[0].subscribe(lambda reading: None)
    transport.keep(channels)
    transport.get_many(channels)
    transport.close()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("count", [30, pytest.param(1000, marks=pytest.mark.slow)])
def test_transports_that_come_and_go(doomed: IOCProcess, count: int) -> None:
    assert doomed.process.pid is not None
    connect_and_close(doomed.port)
    before = descriptors(doomed.process.pid)
    leaves_nothing(lambda: connect_and_close(doomed.port), count)
    pid = doomed.process.pid
    assert WallClock().wait(lambda: descriptors(pid) <= before, PATIENCE_S)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("count", [30, pytest.param(1000, marks=pytest.mark.slow)])
def test_a_server_that_comes_and_goes(
    channel: Any, server: Any, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr("beamtwin.hardware.ca.timeouts.RETRY_S", 0.0)
    heard: list[float] = []
    channel.subscribe(lambda reading: heard.append(reading.value))
    channel._transport.keep([channel])
    clock = channel._transport.clock

    def cycle() -> None:
        server.puts_wait = True
        put = channel.put(server.value + 1.0)
        assert clock.wait(lambda: bool(heard) and heard[-1] == server.value, PATIENCE_S)
        heard.clear()
        server.hang_up()
        assert clock.wait(lambda: put.done and bool(heard) and channel.connected, PATIENCE_S)
        assert channel.get().value == server.value

    leaves_nothing(cycle, count)
