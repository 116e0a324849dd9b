"""Finding servers: name servers, beacons, servers that cannot be connected to, PVs that are served twice."""

import importlib
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from beamtwin.hardware.ca import CATransport, wire
from beamtwin.hardware.ca.wire import datagram, message
from beamtwin.orchestration.errors import NotConnectedError

PATIENCE_S = 5.0


@pytest.fixture
def make_transport() -> Iterator[Callable[..., CATransport]]:
    """``make_transport(**options)``, closed after the test."""
    made: list[CATransport] = []

    def make(**options: Any) -> CATransport:
        made.append(CATransport(**options))
        return made[-1]

    yield make
    for transport in made:
        transport.close()


def connected(transport: CATransport, pv: str = "S") -> Any:
    channel = transport.channel(pv)
    transport.connect([channel])
    return channel


def test_a_name_server_is_asked_by_tcp(
    epics_port: int, make_transport: Callable[..., CATransport]
) -> None:
    """Every server of EPICS base is one, for its own PVs."""
    transport = make_transport(addresses=[], name_servers=[f"127.0.0.1:{epics_port}"])
    channels = [transport.channel(f"T:{name}") for name in ("x", "n", "nowhere")]
    transport.connect(channels[:2])
    assert channels[1].get().value == 7
    with pytest.raises(
        NotConnectedError, match=rf"T:nowhere \(searched for at 127.0.0.1:{epics_port}"
    ):
        transport.connect(channels, timeout=0.2)


def test_name_servers_come_from_the_environment(
    epics_port: int,
    make_transport: Callable[..., CATransport],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EPICS_CA_AUTO_ADDR_LIST", "NO")
    monkeypatch.setenv("EPICS_CA_NAME_SERVERS", f"127.0.0.1:{epics_port}")
    transport = make_transport()
    assert (transport.addresses, transport.name_servers) == ([], [("127.0.0.1", epics_port)])
    assert connected(transport, "T:n").get().value == 7
    assert make_transport(addresses=["127.0.0.1"]).name_servers == []


def test_a_name_server_is_asked_whenever_it_is_there(
    make_transport: Callable[..., CATransport], helpers: None
) -> None:
    port = importlib.import_module("epics_ioc").free_port()
    transport = make_transport(addresses=[], name_servers=[f"127.0.0.1:{port}"])
    sought = transport.channel("S")
    with pytest.raises(NotConnectedError):
        transport.connect([sought], timeout=0.1)
    server = importlib.import_module("scripted_server").ScriptedServer(port)
    try:
        transport.connect([sought])
        server.hang_up()
        assert transport.clock.wait(lambda: not sought.connected, PATIENCE_S)
        assert transport.clock.wait(lambda: sought.connected, PATIENCE_S)
    finally:
        server.close()


def test_a_pv_that_is_served_twice_is_told_of(
    server: Any,
    helpers: None,
    make_transport: Callable[..., CATransport],
    caplog: pytest.LogCaptureFixture,
) -> None:
    other = importlib.import_module("scripted_server").ScriptedServer()
    try:
        addresses = [f"127.0.0.1:{one.port}" for one in (server, other)]
        transport = make_transport(addresses=addresses)
        connected(transport)
        assert transport.clock.wait(lambda: "served twice" in caplog.text, PATIENCE_S)
        assert all(address in caplog.text for address in addresses)
    finally:
        other.close()


class Repeater:
    """What an EPICS client on this machine would have started: a CA repeater."""

    def __init__(self) -> None:
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", 0))
        self._udp.settimeout(PATIENCE_S)
        self.port: int = self._udp.getsockname()[1]

    def await_registration(self) -> None:
        data, self._client = self._udp.recvfrom(4096)
        assert [said.command for said in datagram(data)] == [wire.REPEATER_REGISTER]
        self._udp.sendto(message(wire.REPEATER_CONFIRM), self._client)

    def beacon(self, port: int, number: int) -> None:
        here = int.from_bytes(socket.inet_aton("127.0.0.1"))
        self._udp.sendto(message(wire.BEACON, 13, port, number, here), self._client)

    def close(self) -> None:
        self._udp.close()


@pytest.fixture
def repeater(monkeypatch: pytest.MonkeyPatch) -> Iterator[Repeater]:
    repeater = Repeater()
    monkeypatch.setenv("EPICS_CA_REPEATER_PORT", str(repeater.port))
    yield repeater
    repeater.close()


def test_a_beacon_of_a_new_server_makes_the_search_hurry(
    repeater: Repeater,
    helpers: None,
    make_transport: Callable[..., CATransport],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("beamtwin.hardware.ca.timeouts.FIRST_SEARCH_S", 0.3)
    monkeypatch.setattr("beamtwin.hardware.ca.timeouts.LAST_SEARCH_S", 60.0)
    epics_ioc = importlib.import_module("epics_ioc")
    port = epics_ioc.free_port()
    transport = make_transport(addresses=["127.0.0.1"], port=port)
    repeater.await_registration()
    sought = transport.channel("S")
    with pytest.raises(NotConnectedError):
        transport.connect([sought], timeout=1.0)  # by now the next search is more than a second off
    server = importlib.import_module("scripted_server").ScriptedServer(port)
    try:
        monkeypatch.setattr("beamtwin.hardware.ca.timeouts.FIRST_SEARCH_S", 0.01)
        repeater.beacon(port, 0)
        transport.connect([sought], timeout=0.5)
    finally:
        server.close()


def echoes(server: Any) -> int:
    return sum(said.command == wire.ECHO for said in server.heard)


def test_a_beacon_out_of_order_makes_the_client_look_after_its_server(
    repeater: Repeater,
    server: Any,
    make_transport: Callable[..., CATransport],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It has been started anew, and the connection may be one to nobody."""
    monkeypatch.setattr("beamtwin.hardware.ca.timeouts.ECHO_S", 0.5)
    transport = make_transport(addresses=["127.0.0.1"], port=server.port)
    repeater.await_registration()
    channel = connected(transport)
    for number in (7, 8, 8, 9):
        repeater.beacon(server.port, number)
    assert transport.clock.wait(lambda: echoes(server) == 1, PATIENCE_S)  # of the first beacon
    channel.get()
    server.deaf = True
    assert not transport.clock.wait(lambda: not channel.connected, 0.7)
    repeater.beacon(server.port, 0)
    assert transport.clock.wait(lambda: not channel.connected, PATIENCE_S)
    server.deaf = False
    assert transport.clock.wait(lambda: channel.connected, PATIENCE_S)


def hang_up(connection: socket.socket) -> None:
    """Take no more than a greeting."""


def babble(connection: socket.socket) -> None:
    connection.sendall(b"\xff" * 64)


class Rude:
    """A server that answers every search, and then does as ``greet`` does; None: it takes no connection."""

    def __init__(self, greet: Callable[[socket.socket], None] | None):
        self.searches = 0
        self._greet = greet
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", 0))
        self.port: int = self._udp.getsockname()[1]
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._answer)]
        if greet is None:
            self._tcp.close()
        else:
            self._threads.append(threading.Thread(target=self._accept))
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        self._udp.sendto(b"", ("127.0.0.1", self.port))
        if self._greet is not None:
            self._greet = None
            socket.create_connection(self._tcp.getsockname()).close()
            self._tcp.close()
        for thread in self._threads:
            thread.join()
        self._udp.close()

    def _answer(self) -> None:
        port = 1 if self._greet is None else self._tcp.getsockname()[1]
        while (received := self._udp.recvfrom(4096))[0]:
            data, client = received
            for said in datagram(data):
                if said.command == wire.SEARCH:
                    self._udp.sendto(b"not Channel Access", client)
                    answer = message(wire.SEARCH, port, 0, 0xFFFFFFFF, said.p2, b"\0\15")
                    self._udp.sendto(answer, client)
                    self.searches += 1

    def _accept(self) -> None:
        while (greet := self._greet) is not None:
            connection, _ = self._tcp.accept()
            with connection:
                greet(connection)


@pytest.mark.parametrize("greet", [None, hang_up, babble])
def test_a_server_that_breaks_the_protocol_is_tried_again_at_leisure(
    greet: Callable[[socket.socket], None] | None,
    make_transport: Callable[..., CATransport],
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = Rude(greet)
    caplog.set_level(logging.CRITICAL, "beamtwin.hardware.ca")
    transport = make_transport(addresses=["127.0.0.1"], port=server.port)
    try:
        with pytest.raises(NotConnectedError, match="T:x"):
            transport.connect([transport.channel("T:x")], timeout=1.1)
    finally:
        server.close()
    assert 2 <= server.searches <= 10
