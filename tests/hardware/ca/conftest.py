"""Servers for the client's tests: the twin's, EPICS base's, and one that does as it is told."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from beamtwin.hardware.ca import CATransport
from beamtwin.twin.ioc import IOCProcess

HERE = Path(__file__).parent


@pytest.fixture(scope="session", autouse=True)
def helpers() -> Iterator[None]:
    """What is imported by name, here and in child processes."""
    folders = [str(HERE), str(HERE.parents[1] / "transports")]
    sys.path[:0] = folders
    yield
    for folder in folders:
        sys.path.remove(folder)


@pytest.fixture(scope="session")
def make(helpers: None) -> Callable[[], Any]:
    """What a child process makes its database with."""
    return importlib.import_module("contract_database").make_with_faults


@pytest.fixture(scope="session")
def port(make: Callable[[], Any]) -> Iterator[int]:
    """Of an IOC that lives through all tests."""
    with IOCProcess(make) as ioc:
        yield ioc.port


@pytest.fixture
def doomed(make: Callable[[], Any]) -> Iterator[IOCProcess]:
    """An IOC to end at will."""
    with IOCProcess(make) as ioc:
        yield ioc


@pytest.fixture(scope="session")
def epics_port(helpers: None) -> Iterator[int]:
    """Of an IOC of EPICS base that lives through all tests."""
    pytest.importorskip("softioc")
    with importlib.import_module("epics_ioc").EpicsIOC() as ioc:
        yield ioc.port


@pytest.fixture
def connect() -> Iterator[Callable[..., CATransport]]:
    """``connect(port, **options)``: a transport that is closed after the test."""
    made: list[CATransport] = []

    def connect(port: int, **options: Any) -> CATransport:
        made.append(CATransport(addresses=["127.0.0.1"], port=port, **options))
        return made[-1]

    yield connect
    for transport in made:
        transport.close()


@pytest.fixture
def transport(port: int, connect: Callable[..., CATransport]) -> CATransport:
    """To the IOC that lives."""
    return connect(port)


@pytest.fixture
def server(helpers: None) -> Iterator[Any]:
    """A `ScriptedServer`."""
    server = importlib.import_module("scripted_server").ScriptedServer()
    yield server
    server.close()


@pytest.fixture
def channel(server: Any, connect: Callable[..., CATransport]) -> Any:
    """The scripted server's PV, connected."""
    transport = connect(server.port)
    channel = transport.channel("S")
    transport.connect([channel])
    return channel
