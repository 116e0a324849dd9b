"""What a server may say and do at any time: rights, units, refusals, silence, an early end."""

import logging
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from beamtwin.hardware.ca import CATransport, wire
from beamtwin.hardware.ca.wire import message
from beamtwin.hardware.channel import Metadata
from beamtwin.orchestration.errors import (
    AccessError,
    NotConnectedError,
    PutError,
    StatusTimeoutError,
)

PATIENCE_S = 5.0


def wait(channel: Any, condition: Callable[[], object]) -> None:
    assert channel._transport.clock.wait(condition, PATIENCE_S)


def test_metadata_have_all_limits(channel: Any) -> None:
    assert channel.metadata == Metadata(
        "<f8",
        units="mm",
        precision=3,
        limits=(-5.0, 5.0),
        display_limits=(-10.0, 10.0),
        warning_limits=(-8.0, 8.0),
        alarm_limits=(-9.0, 9.0),
    )


def test_a_change_of_units_is_noticed_and_told(channel: Any, server: Any) -> None:
    told: list[str] = []

    def fail() -> None:
        raise RuntimeError("a bug, which keeps nobody else from being told")

    channel.on_change(fail)
    end = channel.on_change(lambda: told.append(channel.metadata.units))
    server.describe(b"um")
    wait(channel, lambda: channel.metadata.units == "um")
    server.describe(b"um")  # nothing new
    server.describe(b"nm")
    wait(channel, lambda: told == ["um", "nm"])
    end()
    server.describe(b"pm")
    wait(channel, lambda: channel.metadata.units == "pm")
    assert told == ["um", "nm"]


@pytest.mark.parametrize("which", ["port", "epics_port"])
def test_servers_say_when_their_metadata_change(
    which: str, request: pytest.FixtureRequest, connect: Callable[..., CATransport]
) -> None:
    transport = connect(request.getfixturevalue(which))
    x, egu, drvh, zero, mode = channels = [
        transport.channel(f"T:{name}") for name in ("x", "x.EGU", "x.DRVH", "mode.ZRST", "mode")
    ]
    transport.connect(channels)
    for put, value, seen in (
        (egu, "um", lambda: x.metadata.units == "um"),
        (drvh, 5.0, lambda: x.metadata.limits == (-10.0, 5.0)),
        (zero, "closed", lambda: mode.metadata.choices[0] == "closed"),
    ):
        before = put.get().value
        put.put(value).wait(PATIENCE_S)
        wait(x, seen)
        put.put(before).wait(PATIENCE_S)
    wait(x, lambda: x.metadata.units == "mm" and mode.metadata.choices[0] == "off")


def test_rights_may_change(channel: Any, server: Any) -> None:
    server.allow(1)
    wait(channel, lambda: not channel.metadata.writable)
    put = channel.put(2.0)
    with pytest.raises(AccessError, match=r"S: cannot put 2.0: .* no write access"):
        put.wait(PATIENCE_S)
    server.allow(3)
    wait(channel, lambda: channel.metadata.writable)
    channel.put(2.0).wait(PATIENCE_S)


@pytest.mark.parametrize(("code", "kind"), [(376, AccessError), (160, PutError)])
def test_a_server_may_refuse_a_put_by_its_status(
    channel: Any, server: Any, code: int, kind: type[PutError]
) -> None:
    def refuse(connection: Any, said: Any) -> None:
        server._send(connection, message(wire.WRITE_NOTIFY, 6, 1, code, said.p2))

    server.says[wire.WRITE_NOTIFY] = refuse
    with pytest.raises(PutError, match=r"S: cannot put 2.0: .*\(ECA_") as refused:
        channel.put(2.0).wait(PATIENCE_S)
    assert type(refused.value) is kind


def test_a_server_may_refuse_a_reading(channel: Any, server: Any) -> None:
    def refuse(connection: Any, said: Any) -> None:
        server._send(connection, message(wire.READ_NOTIFY, 20, 0, 368, said.p2))

    server.says[wire.READ_NOTIFY] = refuse
    with pytest.raises(NotConnectedError, match=r"S: cannot be read: .*\(ECA_NORDACCESS\)"):
        channel.get()


@pytest.mark.parametrize(
    ("data_type", "payload", "says"),
    [
        (6, bytes(24), "a value of type 6"),
        (99, bytes(24), "of type 99"),
        (20, bytes(8), "less than"),
    ],
)
def test_an_answer_may_be_none(
    channel: Any, server: Any, data_type: int, payload: bytes, says: str
) -> None:
    def answer(connection: Any, said: Any) -> None:
        server._send(connection, message(wire.READ_NOTIFY, data_type, 1, 1, said.p2, payload))

    server.says[wire.READ_NOTIFY] = answer
    with pytest.raises(NotConnectedError, match=f"S: its server sent .*{says}"):
        channel.get()


def test_a_server_that_knows_no_properties_is_asked_once(server: Any, connect: Any) -> None:
    server.knows_properties = False
    transport = connect(server.port)
    channel = transport.channel("S")
    transport.connect([channel])
    assert channel.metadata.units == "mm"
    assert channel.get().value == 1.0


def test_old_servers_are_asked_for_a_number_of_elements(server: Any, connect: Any) -> None:
    """Before 4.13 there was no way to ask for as many as there are."""
    server.version = 11

    def create(connection: Any, said: Any) -> None:
        made = message(wire.CREATE_CHANNEL, 6, 5, said.p1, 7)
        server._send(connection, message(wire.VERSION, 0, 11) + made)

    server.says[wire.CREATE_CHANNEL] = create
    transport = connect(server.port)
    transport.connect([transport.channel("S")])
    transport.channel("S").get()
    (asked,) = [said for said in server.heard if said.command == wire.READ_NOTIFY]
    assert asked.elements == 5


def test_a_reading_that_does_not_come_is_given_up(server: Any, connect: Any) -> None:
    from beamtwin.hardware.ca import Timeouts

    transport = connect(server.port, timeouts=Timeouts(read_s=0.1, put_s=0.1))
    channel = transport.channel("S")
    transport.connect([channel])
    server.deaf = True
    with pytest.raises(NotConnectedError, match=r"S: no reading within 0.1 s"):
        channel.get()
    with pytest.raises(StatusTimeoutError, match=r"S: put 2.0: not done after 0.1 s"):
        channel.put(2.0).wait(PATIENCE_S)
    with pytest.raises(StatusTimeoutError, match=r"S: put 2.0: not done after 0.2 s"):
        channel.put(2.0, timeout=0.2).wait(PATIENCE_S)


def test_a_server_may_drop_a_pv(channel: Any, server: Any) -> None:
    server.puts_wait = True
    put = channel.put(2.0)
    told: list[bool] = []
    channel.on_change(lambda: told.append(channel.connected))
    wait(channel, lambda: any(said.command == wire.WRITE_NOTIFY for said in server.heard))
    gone = message(wire.SERVER_DISCONNECTED, p1=server._cid)
    server._send(server._connections[0], gone)
    with pytest.raises(NotConnectedError, match=r"S: 127\.0\.0\.1:\d+ has dropped it"):
        put.wait(PATIENCE_S)
    wait(channel, lambda: told == [False, True])


def test_half_open_connections_are_found(
    server: Any, connect: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Of a server that has lost its power TCP says nothing; EPICS_CA_CONN_TMO says how long that may go on."""
    caplog.set_level(logging.CRITICAL, "beamtwin.hardware.ca")
    monkeypatch.setenv("EPICS_CA_CONN_TMO", "0.1")
    monkeypatch.setattr("beamtwin.hardware.ca.timeouts.ECHO_S", 0.5)
    transport = connect(server.port)
    channel = transport.channel("S")
    transport.connect([channel])
    server.puts_wait = True
    put = channel.put(2.0)
    wait(channel, lambda: sum(said.command == wire.ECHO for said in server.heard) >= 2)
    assert not put.done  # it answers
    server.deaf = True
    with pytest.raises(
        NotConnectedError, match=r"S: lost the connection to .*the server is silent"
    ):
        put.wait(PATIENCE_S)


def test_what_is_under_way_fails_at_once_and_monitors_come_back(channel: Any, server: Any) -> None:
    heard: list[float] = []
    channel.subscribe(lambda reading: heard.append(reading.value))
    wait(channel, lambda: heard == [1.0])
    server.puts_wait = True
    put = channel.put(3.0)
    wait(channel, lambda: heard == [1.0, 3.0])
    server.value = 9.0
    server.hang_up()
    with pytest.raises(NotConnectedError, match="S: lost the connection"):
        put.wait(PATIENCE_S)
    with pytest.raises(NotConnectedError, match="S: not connected"):
        channel.put(4.0).wait(PATIENCE_S)
    wait(channel, lambda: heard == [1.0, 3.0, 9.0])


def test_a_server_is_held_back_while_subscribers_are_behind(
    channel: Any, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It then sends the latest of each only, until they have caught up."""
    monkeypatch.setattr("beamtwin.hardware.ca.connection.TOO_MUCH", 5000)
    monkeypatch.setattr("beamtwin.hardware.ca.connection.LITTLE", 2000)
    caught_up = threading.Event()
    heard: list[float] = []

    def take(reading: Any) -> None:
        caught_up.wait(PATIENCE_S)
        heard.append(reading.value)

    channel.subscribe(take)
    wait(channel, lambda: server._monitors)
    assert not any(said.command == wire.EVENTS_OFF for said in server.heard)
    for number in range(300):
        server.post(float(number))
    wait(channel, lambda: any(said.command == wire.EVENTS_OFF for said in server.heard))
    assert not any(said.command == wire.EVENTS_ON for said in server.heard)
    caught_up.set()
    wait(channel, lambda: any(said.command == wire.EVENTS_ON for said in server.heard))
    wait(channel, lambda: heard[-1] == 299.0)


def test_what_a_slow_server_does_not_take_yet_waits_in_order(
    port: int, connect: Callable[..., CATransport]
) -> None:
    transport = connect(port)
    frames, n = transport.channel("T:frames"), transport.channel("T:n")
    transport.connect([frames, n])
    for number in range(30):  # of a megabyte each, more than the sockets hold
        frames.put(np.full(frames.metadata.count, number, "u1"), completion=False)
    n.put(8).wait(PATIENCE_S)
    assert set(frames.get().value) == {29}
    n.put(7).wait(PATIENCE_S)
