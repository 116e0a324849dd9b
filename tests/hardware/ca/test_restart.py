"""An IOC that dies in the middle of a scan: the scan fails clearly, or waits until it is back, as asked."""

import importlib
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from beamtwin.hardware.ca import CATransport
from beamtwin.hardware.connected import Connected
from beamtwin.hardware.device import pv
from beamtwin.hardware.pv_positioner import PVPositionerPC
from beamtwin.hardware.signals import Kind, SignalR, SignalRW
from beamtwin.orchestration import RunEngine
from beamtwin.orchestration import plans as bp
from beamtwin.orchestration.errors import FailedStatus, NotConnectedError
from beamtwin.orchestration.suspenders import SuspendBoolLow
from beamtwin.twin.ioc import IOCProcess

PATIENCE_S = 20.0
POINTS = 40


class Stage(PVPositionerPC):
    """The contract's axis: an axis of EPICS base records."""

    setpoint: SignalRW[float] = pv("move", kind=Kind.omitted)
    readback: SignalR[float] = pv("rbv", kind=Kind.hinted, primary=True)
    done: SignalR[bool] = pv("dmov", kind=Kind.omitted)
    tolerance = 0.0


class Servers:
    """IOCs of one kind, one after the other at one port."""

    def __init__(self, begin: Callable[[int], Any], end: Callable[[Any], None]):
        self._begin, self._end = begin, end
        self._stack = ExitStack()
        self.port = 0
        self.start()

    def start(self) -> None:
        self.server = self._stack.enter_context(self._begin(self.port))
        self.port = self.server.port

    def kill(self) -> None:
        self._end(self.server)

    def close(self) -> None:
        self._stack.close()


def _kill_process(ioc: IOCProcess) -> None:
    ioc.process.kill()
    ioc.process.join()


@pytest.fixture(params=["twin", "epics"])
def servers(request: pytest.FixtureRequest, make: Callable[[], Any]) -> Iterator[Servers]:
    if request.param == "twin":
        servers = Servers(lambda port: IOCProcess(make, port=port), _kill_process)
    else:
        pytest.importorskip("softioc")
        epics_ioc = importlib.import_module("epics_ioc").EpicsIOC
        servers = Servers(epics_ioc, epics_ioc.kill)
    yield servers
    servers.close()


@pytest.fixture
def stage(servers: Servers, connect: Callable[..., CATransport]) -> Stage:
    stage = Stage("T:", "stage", connect(servers.port))
    stage.connect()
    return stage


@pytest.fixture
def engine(stage: Stage) -> RunEngine:
    return RunEngine({}, clock=stage.clock)


def scan(
    engine: RunEngine, stage: Stage, at_event: dict[int, Callable[[], object]]
) -> list[dict[str, Any]]:
    """Events of a scan during which things happen after some of them, in a thread of their own."""
    events: list[dict[str, Any]] = []
    threads: list[threading.Thread] = []

    def take(name: str, document: dict[str, Any]) -> None:
        if name == "event":
            events.append(document)
            if document["seq_num"] in at_event:
                threads.append(threading.Thread(target=at_event[document["seq_num"]]))
                threads[-1].start()

    try:
        engine(bp.scan([], stage, 1, POINTS, POINTS), take)
    finally:
        for thread in threads:
            thread.join()
    return events


def hear(heard: list[bool]) -> Callable[[dict[str, Any]], None]:
    return lambda reading: heard.append(reading["ioc"]["value"])


def test_a_scan_waits_for_its_ioc_or_fails_clearly_as_asked(
    servers: Servers, stage: Stage, engine: RunEngine
) -> None:
    before = set(threading.enumerate())
    connected = Connected(stage, name="ioc")
    heard: list[bool] = []
    connected.subscribe(hear(heard))
    suspender = SuspendBoolLow(connected, sleep=0.1)
    engine.install_suspender(suspender)

    def restart() -> None:
        servers.kill()
        servers.start()

    events = scan(engine, stage, {3: restart})
    assert [event["data"]["stage"] for event in events] == list(range(1, POINTS + 1))
    assert [event["seq_num"] for event in events] == list(range(1, POINTS + 1))
    assert heard == [True, False, True]

    engine.remove_suspender(suspender)
    stops: list[dict[str, Any]] = []
    engine.subscribe(lambda name, document: stops.append(document), "stop")
    began = stage.clock.time()
    with pytest.raises((FailedStatus, NotConnectedError), match="T:"):
        scan(engine, stage, {3: servers.kill})
    assert stage.clock.time() - began < PATIENCE_S
    assert [stop["exit_status"] for stop in stops] == ["fail"]
    assert "T:" in stops[0]["reason"]
    assert engine.state == "idle"
    assert stage.clock.wait(lambda: set(threading.enumerate()) <= before, PATIENCE_S)
    assert connected.missing() == ["T:move", "T:rbv", "T:dmov"]
    assert connected.read()["ioc"]["value"] is False
    assert connected.describe()["ioc"]["dtype"] == "boolean"
