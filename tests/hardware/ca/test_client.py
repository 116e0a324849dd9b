"""The Channel Access client: threads, faults and sockets. What it shares with others is in tests/transports."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from beamtwin.hardware.ca import CATransport, Timeouts
from beamtwin.hardware.device import connect as connect_signals
from beamtwin.hardware.signals import SignalRW
from beamtwin.orchestration.clock import WallClock
from beamtwin.orchestration.errors import NotConnectedError, PutError
from beamtwin.twin.ioc import IOCProcess

PATIENCE_S = 5.0


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


def test_who_waits_for_a_connection_is_woken_by_it(
    transport: CATransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And does not only find it when looking again."""
    monkeypatch.setattr("beamtwin.orchestration.clock._LOOK_S", 60.0)
    began = transport.clock.time()
    connected(transport, "x")
    assert transport.clock.time() - began < PATIENCE_S / 2


CLIENT = """
import sys
from beamtwin.hardware.ca import CATransport, Timeouts
from beamtwin.hardware.device import connect as connect_signals
from beamtwin.hardware.signals import SignalRW

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
        children = Path(f"/proc/{client.pid}/task/{client.pid}/children").read_text()
        client.stdin.write("\n")
    assert doomed.process.pid is not None
    assert bound == {"127.0.0.1"}
    assert children == ""  # no CA repeater: that would listen on all interfaces
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
    with pytest.raises(NotConnectedError, match="T:x: not connected"):
        x.put(1.0).wait(PATIENCE_S)


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


def test_what_is_under_way_fails_when_the_server_dies(
    doomed: IOCProcess, connect: Callable[..., CATransport]
) -> None:
    transport = connect(doomed.port, timeouts=Timeouts(read_s=60.0))
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


@pytest.mark.parametrize("which", ["port", "epics_port"])
def test_text_longer_than_a_string_goes_by_the_name_with_a_dollar(
    which: str, request: pytest.FixtureRequest, connect: Callable[..., CATransport]
) -> None:
    transport = connect(request.getfixturevalue(which))
    pv = "T:x.DESC$" if which == "epics_port" else "T:name.VAL$"
    signal = SignalRW(str, transport, pv, name="text")
    connect_signals(signal)
    assert signal.channel.metadata.is_array
    text = "µm: a text of less than 40 bytes"
    signal.set(text).wait(PATIENCE_S)
    assert signal.get() == text
    assert transport.channel(pv.removesuffix("$")).get().value == text
    (name,) = connected(transport, "name")
    with pytest.raises(PutError, match=r"the field with a \$ behind its name"):
        name.put(50 * "y").wait(PATIENCE_S)
