"""The same PVs behind every transport."""

import importlib
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from beamtwin.hardware.ca import CATransport
from beamtwin.hardware.channel import Metadata, Transport
from beamtwin.hardware.soft import SoftTransport
from beamtwin.orchestration.status import Status
from beamtwin.twin.clock import SimClock
from beamtwin.twin.ioc import IOCProcess

HERE = Path(__file__).parent
EPOCH = 1_700_000_000.0
SOFT_PVS = {
    "T:x": (1.5, Metadata("<f8", units="mm", precision=3, limits=(-10.0, 10.0))),
    "T:x.NAME": ("T:x", Metadata("|S40", writable=False)),
    "T:n": (7, Metadata("<i4", units="counts")),
    "T:mode": (0, Metadata("enum", choices=("off", "on", "auto"))),
    "T:name": ("a name", Metadata("|S40")),
    "T:wave": ([1.0, 2.5, -3.0], Metadata("<f8", count=1000, is_array=True, precision=0)),
    "T:bytes": ([1, 2, 255], Metadata("|u1", count=300, is_array=True)),
    "T:rbv": 0.0,
    "T:dmov": 1,
    "T:move": 0.0,
}


@contextmanager
def soft() -> Iterator[Transport]:
    clock = SimClock(epoch=EPOCH)
    transport = SoftTransport(clock, SOFT_PVS)

    def move(target: float) -> Status:
        status = Status(clock)

        def arrive() -> None:
            transport.set("T:rbv", target)
            transport.set("T:dmov", 1)
            status.set_finished()

        transport.set("T:dmov", 0)
        clock.call_at(clock.time() + 0.002, arrive)
        return status

    transport.on_put("T:move", move)
    yield transport


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
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "EPICS_CAS_SERVER_PORT": str(port),
        "EPICS_CAS_INTF_ADDR_LIST": "127.0.0.1",
        "EPICS_CAS_AUTO_BEACON_ADDR_LIST": "NO",
        "EPICS_CAS_BEACON_ADDR_LIST": "127.0.0.1",
    }
    with subprocess.Popen(
        [sys.executable, str(HERE / "softioc_server.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert any(line == "ready\n" for line in process.stdout)
        yield from client(port)
        process.communicate()


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
