"""The Channel Access client: threads, faults and sockets. What it shares with others is in tests/transports."""

import contextlib
import importlib
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from beamtwin.hardware.ca import CATransport
from beamtwin.orchestration.clock import WallClock
from beamtwin.orchestration.errors import NotConnectedError, PutError
from beamtwin.twin.ioc import IOCProcess

PATIENCE_S = 5.0
DATABASES = Path(__file__).parents[1] / "transports"


@pytest.fixture(scope="module")
def make() -> Iterator[Callable[[], Any]]:
    """What a child process makes its database with."""
    sys.path.insert(0, str(DATABASES))
    yield importlib.import_module("contract_database").make_with_faults
    sys.path.remove(str(DATABASES))


@pytest.fixture(scope="module")
def port(make: Callable[[], Any]) -> Iterator[int]:
    """Of an IOC that lives through all tests."""
    with IOCProcess(make) as ioc:
        yield ioc.port


@pytest.fixture
def doomed(make: Callable[[], Any]) -> Iterator[IOCProcess]:
    """An IOC to end at will."""
    with IOCProcess(make) as ioc:
        yield ioc


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


def connected(transport: CATransport, *names: str) -> list[Any]:
    channels = [transport.channel(f"T:{name}") for name in names]
    transport.connect(channels)
    return channels


def until(transport: CATransport, condition: Callable[[], bool]) -> None:
    assert transport.clock.wait(condition, PATIENCE_S)


def local_addresses(pid: int) -> set[str]:
    """Where a process's IPv4 sockets are bound, as Linux knows it."""
    inodes = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):  # of the descriptor that lists them
            inodes.add(os.readlink(entry).removeprefix("socket:[").removesuffix("]"))
    rows = [
        row.split()
        for table in ("udp", "tcp")
        for row in Path(f"/proc/self/net/{table}").read_text().splitlines()[1:]
    ]
    packed = [row[1].partition(":")[0] for row in rows if row[9] in inodes]
    return {socket.inet_ntoa(int(address, 16).to_bytes(4, "little")) for address in packed}


CLIENT = """
import sys
from beamtwin.hardware.ca import CATransport

transport = CATransport(addresses=["127.0.0.1"], port=int(sys.argv[1]))
transport.connect([transport.channel("T:x")])
print("connected", flush=True)
sys.stdin.readline()
transport.close()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_neither_end_has_a_socket_outside_the_loopback(doomed: IOCProcess) -> None:
    """The client in a process of its own: the tests' has other tests' sockets."""
    command = [sys.executable, "-c", CLIENT, str(doomed.port)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as client:
        assert client.stdin is not None
        assert client.stdout is not None
        assert client.stdout.readline() == "connected\n"
        bound = local_addresses(client.pid)
        client.stdin.write("\n")
    assert doomed.process.pid is not None
    assert bound == {"127.0.0.1"}
    assert local_addresses(doomed.process.pid) == {"127.0.0.1"}


def test_importing_it_does_not_import_caproto() -> None:
    code = "import sys, beamtwin.hardware.ca, beamtwin.twin.ioc; sys.exit('caproto' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_closing_leaves_no_thread_and_no_way_in(
    port: int, connect: Callable[..., CATransport]
) -> None:
    before = set(threading.enumerate())
    transport = connect(port)
    (x,) = connected(transport, "x")
    x.subscribe(lambda reading: None)
    transport.close()
    assert set(threading.enumerate()) == before
    with pytest.raises(NotConnectedError, match="closed"):
        x.get()


def test_callbacks_come_from_one_thread_one_at_a_time(transport: CATransport) -> None:
    x, n = connected(transport, "x", "n")
    x.put(0.0).wait(PATIENCE_S)
    threads: list[threading.Thread] = []
    x.subscribe(lambda reading: threads.append(threading.current_thread()))
    n.subscribe(lambda reading: threads.append(threading.current_thread()))
    status = x.put(3.0)
    status.add_callback(lambda status: threads.append(threading.current_thread()))
    until(transport, lambda: len(threads) >= 4)
    assert len(set(threads)) == 1
    assert threads[0] is not threading.current_thread()


def test_a_callback_that_fails_harms_no_other(
    transport: CATransport, caplog: pytest.LogCaptureFixture
) -> None:
    (n,) = connected(transport, "n")
    n.put(0).wait(PATIENCE_S)
    seen: list[int] = []

    def fail(reading: Any) -> None:
        raise RuntimeError("a bug")

    n.subscribe(fail)
    n.subscribe(lambda reading: seen.append(reading.value))
    n.put(1).wait(PATIENCE_S)
    assert seen == [0, 1]
    assert "a bug" in caplog.text


def test_a_callback_may_read(transport: CATransport) -> None:
    x, n = connected(transport, "x", "n")
    x.put(6.5).wait(PATIENCE_S)
    read: list[float] = []
    n.subscribe(lambda reading: read.append(x.get().value))
    until(transport, lambda: read == [6.5])


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("picky", 1.0, "only on Sundays"),
        ("stuck", 2.0, "the brake is on"),
        ("x", "much", "a number is wanted"),
        ("x.NAME", "T:y", "no write access"),
        ("mode", "loud", "the choices are off, on, auto"),
        ("mode", 3, "the choices are 'off', 'on', 'auto'"),
        ("n", 2.5, "int32 cannot hold it"),
        ("n", 2**40, "int32 cannot hold it"),
        ("name", 40 * "y", "39 bytes"),
        ("bytes", np.zeros(301, "u1"), "more than the 300"),
        ("wave", np.zeros((2, 2)), "numbers in one dimension are wanted"),
    ],
)
def test_a_refused_put_says_which_pv_what_value_and_why(
    transport: CATransport, name: str, value: Any, why: str
) -> None:
    (channel,) = connected(transport, name)
    with pytest.raises(PutError) as raised:
        channel.put(value).wait(PATIENCE_S)
    message = str(raised.value)
    assert message.startswith(f"T:{name}: cannot put ")
    assert why in message


def test_a_read_only_transport_writes_nothing(
    port: int, connect: Callable[..., CATransport]
) -> None:
    (x,) = connected(connect(port, read_only=True), "x")
    assert not x.metadata.writable
    before = x.get()
    with pytest.raises(PutError, match=r"T:x: .*read-only"):
        x.put(9.0).wait(PATIENCE_S)
    assert x.get() == before


def test_a_put_before_the_connection_fails_at_once(transport: CATransport) -> None:
    status = transport.channel("T:nowhere").put(1.0)
    with pytest.raises(NotConnectedError, match="T:nowhere"):
        status.wait(PATIENCE_S)


def test_the_missing_are_named_with_the_time_and_the_place(
    port: int, connect: Callable[..., CATransport]
) -> None:
    transport = connect(port)
    channels = [transport.channel(name) for name in ("T:x", "no:1", "no:2")]
    with pytest.raises(NotConnectedError) as raised:
        transport.connect(channels, timeout=0.25)
    assert str(raised.value).startswith(
        f"2 of 3 PVs did not answer within 0.25 s: no:1, no:2 (searched for at 127.0.0.1:{port}"
    )


def test_a_name_that_epics_cannot_have(transport: CATransport) -> None:
    with pytest.raises(NotConnectedError, match="at most 59"):
        transport.channel(60 * "x" + ".RBV")


def test_a_host_that_nobody_knows() -> None:
    with pytest.raises(NotConnectedError, match=r"ioc\.invalid"):
        CATransport(addresses=["ioc.invalid:5064"])


def test_addresses_come_from_the_epics_environment(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EPICS_CA_ADDR_LIST", "127.0.0.1")
    monkeypatch.setenv("EPICS_CA_AUTO_ADDR_LIST", "NO")
    monkeypatch.setenv("EPICS_CA_SERVER_PORT", str(port))
    transport = CATransport(WallClock())
    try:
        assert transport.addresses == [("127.0.0.1", port)]
        connected(transport, "x")
    finally:
        transport.close()


def test_what_is_under_way_fails_when_the_server_dies(
    doomed: IOCProcess, connect: Callable[..., CATransport]
) -> None:
    transport = connect(doomed.port, timeout_s=60.0)
    never, x = connected(transport, "never", "x")
    status = never.put(1.0)
    assert doomed.process.pid is not None
    os.kill(doomed.process.pid, signal.SIGSTOP)  # so that it answers nothing more
    failures: list[Exception] = []

    def read() -> None:
        try:
            x.get()
        except NotConnectedError as error:
            failures.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    doomed.process.kill()
    reader.join(PATIENCE_S)
    assert "T:x: lost the connection to 127.0.0.1" in str(failures)
    with pytest.raises(NotConnectedError, match=r"T:never: lost the connection to 127\.0\.0\.1"):
        status.wait(PATIENCE_S)


def test_monitors_come_back_with_their_server(
    make: Callable[[], Any], doomed: IOCProcess, connect: Callable[..., CATransport]
) -> None:
    transport = connect(doomed.port)
    x, n = connected(transport, "x", "n")
    x.put(4.0).wait(PATIENCE_S)
    seen: list[float] = []
    x.subscribe(lambda reading: seen.append(reading.value))
    until(transport, lambda: seen == [4.0])
    doomed.close()
    with pytest.raises(NotConnectedError, match="T:x"):
        x.put(5.0).wait(PATIENCE_S)
    with IOCProcess(make, port=doomed.port):
        until(transport, lambda: seen == [4.0, 1.5])
        assert n.get().value == 7
        x.put(2.5).wait(PATIENCE_S)
        assert seen == [4.0, 1.5, 2.5]


def test_a_silent_server_is_given_up(
    doomed: IOCProcess, connect: Callable[..., CATransport], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("beamtwin.hardware.ca.timeouts.ECHO_S", 0.2)
    transport = connect(doomed.port)
    (never,) = connected(transport, "never")
    status = never.put(1.0)
    assert not transport.clock.wait(lambda: status.done, 1.0)  # alive: it answers to echoes
    assert doomed.process.pid is not None
    os.kill(doomed.process.pid, signal.SIGSTOP)
    with pytest.raises(NotConnectedError, match="T:never: lost"):
        status.wait(PATIENCE_S)
    os.kill(doomed.process.pid, signal.SIGKILL)


def test_a_slow_subscriber_gets_the_latest_and_memory_stays_bounded(
    transport: CATransport,
) -> None:
    frames, stream = connected(transport, "frames", "stream")
    seen: list[int] = []

    def look(reading: Any) -> None:
        if len(reading.value):
            WallClock().sleep(0.01)
            seen.append(int(reading.value[0]))

    end = frames.subscribe(look)
    stream.put(300.0)
    until(transport, lambda: bool(seen) and seen[-1] == 299 % 251)
    end()
    assert len(seen) < 200  # 300 MB were sent, and about 32 MB may wait at a time


class Rude:
    """A server that answers every search, and then does as ``greet`` does."""

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
            datagram, client = received
            cid = datagram[16 + 12 : 16 + 16]  # after a version request, of 16 bytes
            header = b"\0\6\0\10" + port.to_bytes(2) + b"\0\0" + b"\xff\xff\xff\xff" + cid
            self._udp.sendto(b"not Channel Access", client)
            self._udp.sendto(header + b"\0\15" + 6 * b"\0", client)
            self.searches += 1

    def _accept(self) -> None:
        while (greet := self._greet) is not None:
            connection, _ = self._tcp.accept()
            with connection:
                greet(connection)


@pytest.mark.parametrize(
    "greet", [None, lambda tcp: None, lambda tcp: tcp.sendall(b"\xff" * 64)], ids=str
)
def test_a_server_that_breaks_the_protocol_is_tried_again_at_leisure(
    greet: Callable[[socket.socket], None] | None,
    connect: Callable[..., CATransport],
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = Rude(greet)
    caplog.set_level(logging.CRITICAL, "beamtwin.hardware.ca")
    transport = connect(server.port)
    try:
        with pytest.raises(NotConnectedError, match="T:x"):
            transport.connect([transport.channel("T:x")], timeout=1.1)
    finally:
        server.close()
    assert 2 <= server.searches <= 10
