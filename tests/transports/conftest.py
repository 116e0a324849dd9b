"""The same PVs behind every transport."""

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from beamtwin.hardware.ca import CATransport
from beamtwin.hardware.channel import Metadata, Transport
from beamtwin.hardware.soft import SoftTransport
from beamtwin.orchestration.clock import Clock
from beamtwin.orchestration.status import Status
from beamtwin.twin.clock import SimClock
from beamtwin.twin.ioc import IOCProcess

HERE = Path(__file__).parent
EPOCH = 1_700_000_000.0
RANGE = {"limits": (-10.0, 10.0), "display_limits": (-10.0, 10.0)}
X = Metadata("<f8", units="mm", precision=3, **RANGE)
WARM = Metadata(
    "<f8", units="C", precision=1, warning_limits=(None, 80.0), alarm_limits=(None, 90.0)
)
SOFT_PVS = {
    "T:x": (1.5, X),
    "T:x.EGU": "mm",
    "T:warm": (20.0, WARM),
    "T:x.NAME": ("T:x", Metadata("|S40", writable=False)),
    "T:n": (7, Metadata("<i4", units="counts")),
    "T:mode": (0, Metadata("enum", choices=("off", "on", "auto"))),
    "T:name": ("a name", Metadata("|S40")),
    "T:wave": ([1.0, 2.5, -3.0], Metadata("<f8", count=1000, is_array=True, precision=0)),
    "T:bytes": ([1, 2, 255], Metadata("|u1", count=300, is_array=True)),
    "T:count": (0, Metadata("enum", choices=("Done", "Count"))),
    "T:preset": (1.0, Metadata("<f8", units="s", precision=3)),
    "T:counts": 0.0,
}


@contextmanager
def soft() -> Iterator[Transport]:
    clock = SimClock(epoch=EPOCH)
    transport = SoftTransport(clock, SOFT_PVS)

    def judge(value: float) -> None:
        severity, status = (2, 3) if value >= 90 else (1, 4) if value >= 80 else (0, 0)
        transport.set("T:warm", value, severity, status)

    def count(state: int) -> Status | None:
        return later(clock, finish) if state else None

    def finish() -> None:
        transport.set("T:counts", 1000 * transport.channel("T:preset").get().value)
        transport.set("T:count", 0)

    for prefix in ("T:", "T:b:"):
        soft_axis(transport, prefix)
    transport.on_put("T:count", count)
    transport.on_put("T:warm", judge)
    transport.on_put("T:x.EGU", lambda unit: transport.describe("T:x", replace(X, units=unit)))
    yield transport


def soft_axis(transport: SoftTransport, prefix: str) -> None:
    ends = {"limits": (-1000.0, 1000.0)}
    transport.serve(f"{prefix}move", (0.0, Metadata("<f8", units="mm", precision=3, **ends)))
    transport.serve(f"{prefix}rbv", (0.0, Metadata("<f8", units="mm", precision=3)))
    transport.serve(f"{prefix}dmov", 1)

    def move(target: float) -> Status:
        def arrive() -> None:
            transport.set(f"{prefix}rbv", target)
            transport.set(f"{prefix}dmov", 1)

        transport.set(f"{prefix}dmov", 0)
        return later(transport.clock, arrive)

    transport.on_put(f"{prefix}move", move)


def later(clock: Clock, act: Callable[[], object]) -> Status:
    """Do something in 2 ms; done then."""
    status = Status(clock)

    def go() -> None:
        act()
        status.set_finished()

    clock.call_at(clock.time() + 0.002, go)
    return status


@contextmanager
def twin() -> Iterator[Transport]:
    yield importlib.import_module("contract_database").make(SimClock(epoch=EPOCH))


@contextmanager
def twin_ioc() -> Iterator[Transport]:
    make = importlib.import_module("contract_database").make
    with IOCProcess(make) as ioc:
        yield from client(ioc.port)


@contextmanager
def epics_ioc() -> Iterator[Transport]:
    pytest.importorskip("softioc")
    with importlib.import_module("epics_ioc").EpicsIOC() as ioc:
        yield from client(ioc.port)


def client(port: int) -> Iterator[CATransport]:
    transport = CATransport(addresses=["127.0.0.1"], port=port)
    try:
        yield transport
    finally:
        transport.close()


WORLDS: dict[str, Callable[[], AbstractContextManager[Transport]]] = {
    "soft": soft,
    "twin": twin,
    "ca-epics": epics_ioc,
    "ca-twin": twin_ioc,
}


@pytest.fixture(scope="module", params=WORLDS)
def transport(request: pytest.FixtureRequest) -> Iterator[Transport]:
    """Each way to the PVs of the contract."""
    sys.path.insert(0, str(HERE))  # a child process looks for its database where its parent does
    try:
        with WORLDS[request.param]() as transport:
            yield transport
    finally:
        sys.path.remove(str(HERE))
