"""A database over Channel Access: types, order, clients that misbehave, and its own beginning and end."""

import asyncio
import contextlib
import importlib
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import caproto as ca
import numpy as np
import pytest
from caproto import ChannelType

from beamtwin.hardware.ca import CATransport
from beamtwin.hardware.ca.timeouts import Timeouts
from beamtwin.hardware.channel import Metadata, Reading
from beamtwin.orchestration.clock import WallClock
from beamtwin.orchestration.errors import AddressError, BeamtwinError, NotConnectedError, PutError
from beamtwin.orchestration.status import Status
from beamtwin.twin.clock import PacedClock, SimClock
from beamtwin.twin.database import Database
from beamtwin.twin.ioc import IOCProcess, serve
from beamtwin.twin.ioc.circuit import SERVER, Circuit
from beamtwin.twin.ioc.dbr import payload
from beamtwin.twin.records import AiRecord, AoRecord, StringoutRecord, WaveformRecord
from beamtwin.twin.unlimited import Unlimited

PATIENCE_S = 20.0
EPOCH = 1_700_000_000.0
DATABASES = Path(__file__).parents[1] / "transports"


class Served:
    """A database served by a thread of this process, so that tests can reach its records."""

    def __init__(self, database: Database, **options: Any):
        self.database = database
        self.port = 0
        self._ready: Future[int] = Future()
        self._options = options
        self.outcome: Future[None] = Future()
        self._loop: Any = None
        self._task: Any = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        self.port = self._ready.result(PATIENCE_S)

    def call(self, function: Callable[[], Any]) -> Any:
        """Have the loop's thread call this; returns its result."""

        async def called() -> Any:
            return function()

        return asyncio.run_coroutine_threadsafe(called(), self._loop).result(PATIENCE_S)

    def post(self, name: str, value: Any) -> None:
        self.call(lambda: self.database.records[name].post("VAL", value))

    def close(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()

    def _run(self) -> None:
        async def main() -> None:
            self._loop = asyncio.get_running_loop()
            coroutine = serve(self.database, on_ready=self._ready.set_result, **self._options)
            self._task = asyncio.ensure_future(coroutine)
            await self._task

        try:
            asyncio.run(main())
        except (Exception, asyncio.CancelledError) as error:
            self.outcome.set_exception(error)


@pytest.fixture
def database() -> Database:
    return Database(PacedClock())


@pytest.fixture
def serve_it(database: Database) -> Iterator[Callable[..., Served]]:
    """``serve_it(*records)``: an IOC with these, for the length of the test."""
    made: list[Served] = []

    def begin(*records: Any, **options: Any) -> Served:
        for record in records:
            database.add(record)
        made.append(Served(database, **options))
        return made[-1]

    yield begin
    for served in made:
        served.close()


@pytest.fixture
def connect() -> Iterator[Callable[..., CATransport]]:
    """``connect(port)``: a client, for the length of the test."""
    made: list[CATransport] = []

    def connect(port: int) -> CATransport:
        patient = Timeouts(PATIENCE_S, PATIENCE_S)
        made.append(CATransport(addresses=["127.0.0.1"], port=port, timeouts=patient))
        return made[-1]

    yield connect
    for transport in made:
        transport.close()


def connected(transport: CATransport, *names: str) -> list[Any]:
    channels = [transport.channel(name) for name in names]
    transport.connect(channels)
    return channels


def until(transport: CATransport, condition: Callable[[], bool]) -> None:
    assert transport.clock.wait(condition, PATIENCE_S)


class RawClient:
    """A client that sends and receives only when it is told to."""

    def __init__(self, port: int):
        self.circuit = ca.VirtualCircuit(ca.CLIENT, ("127.0.0.1", port), 0)  # type: ignore[attr-defined]
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.settimeout(PATIENCE_S)
        self.send(ca.VersionRequest(0, 13), ca.HostNameRequest("h"), ca.ClientNameRequest("c"))

    def send(self, *commands: Any) -> None:
        self.socket.sendall(b"".join(self.circuit.send(*commands)))

    def receive(self, wanted: Callable[[list[Any]], bool]) -> list[Any]:
        """All that comes until it is what is wanted."""
        got: list[Any] = []
        while not wanted(got):
            data = memoryview(self.socket.recv(1 << 16))
            assert data
            while data:
                for command in self.circuit.recv(data[:4096])[0]:
                    self.circuit.process_command(command)
                    got.append(command)
                data = data[4096:]
        return got

    def channels(self, *names: str) -> list[ca.ClientChannel]:
        channels = [ca.ClientChannel(name, self.circuit) for name in names]
        self.send(*[channel.create() for channel in channels])
        self.receive(lambda got: got[-1:] != [] and all(c.sid is not None for c in channels))
        return channels


def kinds(commands: list[Any]) -> list[str]:
    return [type(command).__name__ for command in commands]


# Types ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dtype", "served"),
    [
        ("<f8", "<f8"),
        ("<f4", "<f4"),
        ("<i4", "<i4"),
        ("<i2", "<i2"),
        ("|u1", "|u1"),
        ("<u2", "<i4"),
        ("<u4", "<f8"),
        ("<i8", "<f8"),
    ],
)
def test_arrays_are_served_as_the_next_type_that_holds_them(
    database: Database,
    serve_it: Callable[..., Served],
    connect: Callable[..., CATransport],
    dtype: str,
    served: str,
) -> None:
    kind = np.dtype(dtype)
    edges = [0, 1, np.iinfo(kind).max] if kind.kind in "iu" else [0.5, -1.5, np.finfo(kind).max]
    if dtype == "<i8":
        edges[-1] = 2**53
    array = np.array(edges, dtype)
    record = WaveformRecord(database.clock, "W", dtype=dtype, count=10, VAL=array)
    (channel,) = connected(connect(serve_it(record).port), "W")
    assert channel.metadata == Metadata(
        served, 10, is_array=True, precision=channel.metadata.precision
    )
    np.testing.assert_array_equal(channel.get().value, array)


NUMBER = Metadata("<f8", units="mm", precision=2, limits=(-1.0, 5.0))
CHOICE = Metadata("enum", choices=("off", "on"))
TEXT = Metadata("|S40")


@pytest.mark.parametrize(
    ("value", "metadata", "data_type", "expected"),
    [
        (1.005, NUMBER, ChannelType.STRING, [b"1.00"]),
        (2.9, NUMBER, ChannelType.LONG, [2]),
        (-1.0, Metadata("<f8"), ChannelType.STRING, [b"-1.000000"]),
        (4.0, Metadata("<f8", precision=0), ChannelType.STRING, [b"4"]),
        (12345678.9, Metadata("<f8", precision=5), ChannelType.STRING, [b"12345678.900"]),
        (-1e300, NUMBER, ChannelType.STRING, [b"-1.00e+300"]),
        (0.25, Metadata("<f8", precision=9), ChannelType.STRING, [b" 2.500000000e-01"]),
        (7, Metadata("<i4"), ChannelType.STRING, [b"7"]),
        (1, CHOICE, ChannelType.STRING, [b"on"]),
        (9, CHOICE, ChannelType.STRING, [b"9"]),
        (1, CHOICE, ChannelType.DOUBLE, [1.0]),
        ("2.5", TEXT, ChannelType.DOUBLE, [2.5]),
        ("µm", TEXT, ChannelType.CHAR, [0xC2, 0xB5, ord("m"), 0]),
        (60 * "y", TEXT, ChannelType.STRING, [39 * b"y"]),
    ],
)
def test_values_are_converted_as_a_client_asks(
    value: Any, metadata: Metadata, data_type: ChannelType, expected: list[Any]
) -> None:
    converted = payload(Reading(value, 1e9), metadata, data_type, 0)
    assert list(converted.data) == expected
    assert converted.length == len(expected)


@pytest.mark.parametrize("data_type", [ChannelType.DOUBLE, ChannelType.CLASS_NAME])
def test_what_cannot_be_converted_is_refused(data_type: ChannelType) -> None:
    with pytest.raises(ValueError, match=r"abc|CLASS_NAME"):
        payload(Reading("abc", 1e9), TEXT, data_type, 0)


def test_arrays_are_cut_and_filled_to_the_length_asked_for() -> None:
    reading = Reading(np.array([1.0, 2.0, 3.0]), 1e9)
    numbers = Metadata("<f8", count=9, is_array=True)
    assert list(payload(reading, numbers, ChannelType.LONG, 2).data) == [1, 2]
    assert list(payload(reading, numbers, ChannelType.LONG, 5).data) == [1, 2, 3, 0, 0]
    assert list(payload(reading, numbers, ChannelType.STRING, 4).data) == [
        *(b"1.000000", b"2.000000", b"3.000000", b"")
    ]


def test_control_structures_have_limits_units_and_choices() -> None:
    about = payload(Reading(1.0, 1e9, 2, 3), NUMBER, ChannelType.CTRL_DOUBLE, 0).about
    assert (about.lower_ctrl_limit, about.upper_ctrl_limit) == (-1.0, 5.0)
    assert (about.units, about.precision) == (b"mm", 2)
    assert (about.severity, about.status) == (2, 3)
    assert np.isnan(about.upper_alarm_limit)
    many = Metadata("enum", choices=tuple(f"c{i}" for i in range(22)))
    choices = payload(Reading(1, 1e9), many, ChannelType.CTRL_ENUM, 0).about.enum_strings
    assert choices == tuple(f"c{i}".encode() for i in range(16))  # Channel Access has no more


def test_control_structures_have_each_pair_of_limits() -> None:
    metadata = Metadata(
        "<f8",
        limits=(-1.0, 1.0),
        display_limits=(-5.0, 5.0),
        warning_limits=(-3.0, None),
        alarm_limits=(None, 4.0),
    )
    about = payload(Reading(0.0, EPOCH), metadata, ChannelType.CTRL_DOUBLE, 1).about
    assert (about.lower_disp_limit, about.upper_disp_limit) == (-5.0, 5.0)
    assert (about.lower_ctrl_limit, about.upper_ctrl_limit) == (-1.0, 1.0)
    assert about.lower_warning_limit == -3.0
    assert np.isnan(about.upper_warning_limit)
    assert np.isnan(about.lower_alarm_limit)
    assert about.upper_alarm_limit == 4.0
    whole = payload(Reading(0, EPOCH), metadata, ChannelType.CTRL_LONG, 1).about
    assert (whole.lower_warning_limit, whole.upper_warning_limit) == (-3, 0)


@pytest.mark.parametrize(
    ("data_type", "low", "high"),
    [
        (ChannelType.CTRL_DOUBLE, -1e300, 1e300),
        (ChannelType.GR_FLOAT, -np.inf, np.inf),
        (ChannelType.CTRL_LONG, -(2**31), 2**31 - 1),
        (ChannelType.CTRL_INT, -(2**15), 2**15 - 1),
        (ChannelType.CTRL_CHAR, b"\0", b"\xff"),
    ],
)
def test_in_place_of_limits_there_is_what_a_type_holds(
    data_type: ChannelType, low: Any, high: Any
) -> None:
    whole = Unlimited((-1e300, 1e300), (-1e300, 1e300))
    about = payload(Reading(0.0, EPOCH), Metadata("<f8"), data_type, 1, whole).about
    assert (about.lower_disp_limit, about.upper_disp_limit) == (low, high)


def test_what_a_type_holds_is_no_limit_for_our_own_client(
    database: Database, serve_it: Callable[..., Served], connect: Callable[..., CATransport]
) -> None:
    fields = ("HYST", "PREC", "RVAL", "ROFF", "DISP")
    record = AiRecord(database.clock, "A")
    channels = connected(connect(serve_it(record).port), *(f"A.{field}" for field in fields))
    for field, channel in zip(fields, channels, strict=True):
        assert record.unlimited(field).control != (0.0, 0.0)
        assert (channel.metadata.limits, channel.metadata.display_limits) == (None, None)


def test_a_string_with_limits_is_laid_out_as_in_epics_base() -> None:
    about = payload(Reading("a", 1e9, 1, 2), TEXT, ChannelType.CTRL_STRING, 0).about
    assert bytes(about) == struct.pack(">hh", 2, 1)


def test_time_and_alarm_are_the_records_own_to_the_last_bit(
    database: Database, serve_it: Callable[..., Served], connect: Callable[..., CATransport]
) -> None:
    clock = database.clock
    hot = AiRecord(clock, "HOT", HIHI=10.0, HHSV="MAJOR")
    cold = AiRecord(clock, "COLD", HIHI=10.0, HHSV="MAJOR")
    served = serve_it(hot, cold)
    channels = connected(transport := connect(served.port), "HOT", "COLD")
    served.post("HOT", 11.0)
    served.post("COLD", 1.0)
    for channel, record, alarm in zip(channels, (hot, cold), ((2, 3), (0, 0)), strict=True):
        reading = channel.get()
        assert reading.timestamp == record.timestamp
        assert (reading.severity, reading.status) == alarm
    seen: list[Reading] = []
    channels[0].subscribe(seen.append)
    until(transport, lambda: len(seen) == 1)
    served.post("HOT", 2.0)
    until(transport, lambda: len(seen) == 2)
    assert [(reading.value, reading.severity) for reading in seen] == [(11.0, 2), (2.0, 0)]


def test_fields_are_pvs_and_strings_can_be_had_long(
    database: Database, serve_it: Callable[..., Served], connect: Callable[..., CATransport]
) -> None:
    served = serve_it(StringoutRecord(database.clock, "S", VAL="seven", DESC="a text"))
    description, long = connected(transport := connect(served.port), "S.DESC", "S$")
    assert description.get().value == "a text"
    assert long.metadata.dtype == "|u1"
    assert long.get().value.tobytes() == b"seven\0"
    long.put(np.frombuffer(b"eight\0", "u1")).wait(PATIENCE_S)
    assert transport.channel("S").get().value == "eight"
    with pytest.raises(NotConnectedError, match=r"S\.NOPE"):
        transport.connect([transport.channel("S.NOPE")], timeout=0.2)


# Order ------------------------------------------------------------------------------------------


def test_a_record_is_served_under_its_alias_too(
    database: Database, serve_it: Callable[..., Served], connect: Callable[..., CATransport]
) -> None:
    database.loads('record(ao, "A") { alias("B") field(VAL, "2.5") field(EGU, "mm") }')
    value, unit = connected(connect(serve_it().port), "B", "B.EGU")
    assert (value.get().value, unit.get().value) == (2.5, "mm")


def test_two_hundred_moves_without_one_stale_readback(
    connect: Callable[..., CATransport], served_contract: int
) -> None:
    transport = connect(served_contract)
    move, readback, done = connected(transport, "T:move", "T:rbv", "T:dmov")
    positions: list[float] = []
    flags: list[int] = []
    readback.subscribe(lambda reading: positions.append(reading.value))
    done.subscribe(lambda reading: flags.append(reading.value))
    until(transport, lambda: bool(positions and flags))
    stale = 0
    for target in range(1, 201):
        move.put(float(target)).wait(PATIENCE_S)
        stale += positions[-1] != target or flags[-1] != 1
    assert stale == 0
    assert positions == list(range(201))


def test_on_the_wire_a_completion_follows_its_monitors(served_contract: int) -> None:
    client = RawClient(served_contract)
    move, readback, done = client.channels("T:move", "T:rbv", "T:dmov")
    client.send(readback.subscribe("time"), done.subscribe("time"))
    client.receive(lambda got: kinds(got).count("EventAddResponse") == 2)
    client.send(move.write([-3.0], notify=True))
    got = client.receive(lambda got: "WriteNotifyResponse" in kinds(got))
    assert kinds(got) == 3 * ["EventAddResponse"] + ["WriteNotifyResponse"]
    client.socket.close()


def test_small_messages_are_not_held_back() -> None:
    async def nodelay() -> int:
        circuit = Circuit(SERVER)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: circuit, sock=socket.create_server(("127.0.0.1", 0))
        )
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        while circuit.transport is None:
            await asyncio.sleep(0.001)
        accepted = circuit.transport.get_extra_info("socket")
        value = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        writer.close()
        circuit.abort()
        server.close()
        await asyncio.sleep(0)
        return value

    assert asyncio.run(nodelay())


def test_each_client_sees_a_refusal_in_its_own_way(served_contract: int) -> None:
    client = RawClient(served_contract)
    (mode,) = client.channels("T:mode")
    client.send(mode.write([7], notify=True))  # EPICS base sends an answer, and caproto an error
    error, answer = client.receive(lambda got: len(got) == 2)
    assert isinstance(error, ca.ErrorResponse)
    assert b"7 refused" in error.error_message
    assert isinstance(answer, ca.WriteNotifyResponse)
    assert answer.status == ca.CAStatus.ECA_PUTFAIL.value
    client.send(mode.write([7], notify=False), mode.read())
    error, answer = client.receive(lambda got: len(got) == 2)
    assert isinstance(error, ca.ErrorResponse)
    assert answer.data[0] == 0
    client.socket.close()


def test_a_model_that_fails_on_a_put_fails_the_put_alone(
    database: Database, serve_it: Callable[..., Served], connect: Callable[..., CATransport]
) -> None:
    def fail(value: float) -> Any:
        raise ZeroDivisionError("a bug in a model")

    served = serve_it(AoRecord(database.clock, "A", on_put=fail), AoRecord(database.clock, "B"))
    a, b = connected(connect(served.port), "A", "B")
    with pytest.raises(PutError, match=r"A: cannot put 1\.0: a bug in a model"):
        a.put(1.0).wait(PATIENCE_S)
    b.put(2.0).wait(PATIENCE_S)
    assert b.get().value == 2.0


# Clients that misbehave -------------------------------------------------------------------------


def requests(names: list[str]) -> tuple[bytes, bytes]:
    """What creates channels, and what then subscribes to them all."""
    circuit = ca.VirtualCircuit(ca.CLIENT, ("", 0), 0)  # type: ignore[attr-defined]
    channels = [ca.ClientChannel(name, circuit) for name in names]
    greeting = circuit.send(ca.VersionRequest(0, 13), *[channel.create() for channel in channels])
    circuit.process_command(ca.VersionResponse(13))
    for sid, channel in enumerate(channels):
        circuit.process_command(ca.CreateChanResponse(6, 1, channel.cid, sid))
    subscriptions = circuit.send(*[channel.subscribe("time") for channel in channels])
    return b"".join(greeting), b"".join(subscriptions)


def test_clients_that_vanish_with_many_monitors_harm_nobody(
    database: Database, serve_it: Callable[..., Served], connect: Callable[..., CATransport]
) -> None:
    names = [f"P{i}" for i in range(1500)]
    monitored: set[tuple[str, str]] = set()

    class Watched(AiRecord):
        def subscribe(self, field: str, callback: Any) -> Callable[[], None]:
            end = super().subscribe(field, callback)
            monitored.add((self.name, field))

            def unsubscribe() -> None:
                monitored.remove((self.name, field))
                end()

            return unsubscribe

    served = serve_it(*(Watched(database.clock, name) for name in names))

    def tick(value: float) -> None:
        for name in names[::5]:
            database.records[name].post("VAL", value)

    (witness,) = connected(transport := connect(served.port), "P5")
    seen: list[float] = []
    witness.subscribe(lambda reading: seen.append(reading.value))
    until(transport, lambda: seen == [0.0])
    greeting, subscriptions = requests(names)
    for number in range(1, 9):
        with socket.create_connection(("127.0.0.1", served.port)) as client:
            client.settimeout(PATIENCE_S)
            client.sendall(greeting)
            left = 16 + 32 * len(names)
            while left:
                left -= len(client.recv(left))
            client.sendall(subscriptions)
            served.call(lambda number=number: tick(float(number)))
            # Gone with a reset, in the middle of it all.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    until(transport, lambda: seen[-1:] == [8.0])
    assert seen == list(range(9))
    until(transport, lambda: served.call(lambda: {name for name, _ in monitored}) == {"P5"})


def test_a_slow_client_gets_the_latest_and_delays_nobody(
    database: Database, serve_it: Callable[..., Served], connect: Callable[..., CATransport]
) -> None:
    megabyte = 1_000_000
    served = serve_it(
        WaveformRecord(database.clock, "W", dtype="|u1", count=megabyte),
        AiRecord(database.clock, "A"),
    )
    slow = RawClient(served.port)
    wave, slow_number = slow.channels("W", "A")
    slow.send(wave.subscribe("time"), slow_number.subscribe("time"))
    (number,) = connected(transport := connect(served.port), "A")
    seen: list[float] = []
    number.subscribe(lambda reading: seen.append(reading.value))
    until(transport, lambda: seen == [0.0])
    for value in range(100):
        served.post("W", np.full(megabyte, value, "u1"))
        served.post("A", 1.0 + value)
    until(transport, lambda: seen[-1:] == [100.0])
    assert len(seen) == 101
    slow.send(slow_number.write([-1.0], notify=True))
    got = slow.receive(lambda got: "WriteNotifyResponse" in kinds(got))
    frames = [command for command in got[:-1] if command.data_type == ChannelType.TIME_CHAR]
    numbers = [command for command in got[:-1] if command.data_type == ChannelType.TIME_DOUBLE]
    assert len(frames) < 50
    assert frames[-1].data[-1] == 99
    assert numbers[-1].data[-1] == -1.0  # late as it is, it comes before the put's completion
    slow.socket.close()


def test_events_can_be_turned_off_and_on(
    database: Database, serve_it: Callable[..., Served]
) -> None:
    served = serve_it(AiRecord(database.clock, "A"))
    client = RawClient(served.port)
    (channel,) = client.channels("A")
    client.send(channel.subscribe("time"), ca.EventsOffRequest(), ca.EchoRequest())
    client.receive(lambda got: kinds(got) == ["EventAddResponse", "EchoResponse"])
    for value in (1.0, 2.0, 3.0):
        served.post("A", value)
    client.send(ca.EventsOnRequest(), ca.EchoRequest())
    got = client.receive(lambda got: "EchoResponse" in kinds(got))
    assert [command.data[0] for command in got[:-1]] == [3.0]
    client.socket.close()


def test_a_monitor_hears_of_what_it_asked_for(
    database: Database, serve_it: Callable[..., Served]
) -> None:
    masks = ca.SubscriptionType
    served = serve_it(AoRecord(database.clock, "A", HIGH=5.0, HSV=1, HOPR=10.0, LOPR=-10.0))
    client = RawClient(served.port)
    (channel,) = client.channels("A")
    asked = {
        "values": masks.DBE_VALUE,
        "alarms": masks.DBE_ALARM,
        "properties": masks.DBE_PROPERTY,
    }
    requests = {each: channel.subscribe("control", mask=mask) for each, mask in asked.items()}
    client.send(*requests.values())

    def put(field: str, value: float) -> None:
        served.call(lambda: database.records["A"].put(field, value))

    put("VAL", 1.0)
    put("HSV", 0)  # no alarm before and after: news for nobody
    put("HSV", 2)
    put("VAL", 6.0)
    put("HOPR", 20.0)
    put("HIGH", 7.0)
    client.send(channel.read("native"))
    got = client.receive(lambda got: "ReadNotifyResponse" in kinds(got))
    heard = {
        each: [
            (answer.data[0], answer.metadata.severity, answer.metadata.upper_ctrl_limit)
            for answer in got[:-1]
            if answer.subscriptionid == request.subscriptionid
        ]
        for each, request in requests.items()
    }
    assert heard["values"] == [(0.0, 0, 10.0), (1.0, 0, 10.0), (6.0, 2, 10.0)]
    assert heard["alarms"] == [(0.0, 0, 10.0), (6.0, 2, 10.0), (6.0, 0, 20.0)]
    assert heard["properties"][:2] == [(0.0, 0, 10.0), (6.0, 2, 20.0)]
    client.socket.close()


def test_five_thousand_pvs(
    database: Database, serve_it: Callable[..., Served], connect: Callable[..., CATransport]
) -> None:
    names = [f"P{i}" for i in range(5000)]
    served = serve_it(*(AoRecord(database.clock, name, VAL=i) for i, name in enumerate(names)))
    channels = connected(transport := connect(served.port), *names)
    assert [reading.value for reading in transport.get_many(channels)] == list(range(5000))
    awaited = set(names)
    for name, channel in zip(names, channels, strict=True):
        channel.subscribe(
            lambda reading, name=name: awaited.discard(name) if reading.value == 1.5 else None
        )
    for channel in channels:
        channel.put(1.5, completion=False)
    until(transport, lambda: not awaited)


def test_a_monitor_and_a_channel_can_be_given_back(
    database: Database, serve_it: Callable[..., Served]
) -> None:
    served = serve_it(AiRecord(database.clock, "A"))
    client = RawClient(served.port)
    (channel,) = client.channels("A")
    command = channel.subscribe("time")
    client.send(command)
    client.receive(lambda got: len(got) == 1)
    client.send(channel.unsubscribe(command.subscriptionid))
    client.receive(lambda got: len(got) == 1)
    served.post("A", 1.0)
    client.send(channel.clear())
    assert kinds(client.receive(bool)) == ["ClearChannelResponse"]
    client.socket.close()


@pytest.mark.parametrize(
    "noise",
    [b"GET / HTTP/1.1\r\n\r\n", 100 * b"\xff", struct.pack(">8H", 4, 8, 6, 1, 0, 99, 0, 1)],
    ids=("HTTP", "bits", "a channel that is not"),
)
def test_noise_costs_a_client_its_own_connection(
    database: Database,
    serve_it: Callable[..., Served],
    connect: Callable[..., CATransport],
    noise: bytes,
) -> None:
    served = serve_it(AiRecord(database.clock, "A", VAL=3.0))
    (channel,) = connected(connect(served.port), "A")
    with socket.create_connection(("127.0.0.1", served.port)) as rude:
        rude.sendall(noise + 65536 * b"\0")
        rude.settimeout(PATIENCE_S)
        with contextlib.suppress(ConnectionResetError):
            assert rude.recv(4096) == b""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rude:
        rude.sendto(noise, ("127.0.0.1", served.port))
    assert channel.get().value == 3.0


def session(name: str) -> bytes:
    """All that a client sends in a life: it connects, reads, monitors, writes and takes its leave."""
    circuit = ca.VirtualCircuit(ca.CLIENT, ("", 0), 0)  # type: ignore[attr-defined]
    channel = ca.ClientChannel(name, circuit)
    sent = [ca.VersionRequest(0, 13), ca.HostNameRequest("h"), ca.ClientNameRequest("c")]
    life = circuit.send(*sent, channel.create())
    circuit.process_command(ca.VersionResponse(13))
    circuit.process_command(ca.CreateChanResponse(6, 1, channel.cid, 0))
    for data_type in ("native", "time", "control"):
        life += circuit.send(channel.read(data_type), channel.subscribe(data_type))
    life += circuit.send(channel.write([1.0], notify=True), channel.clear())
    return b"".join(life)


def leave(client: socket.socket, chance: np.random.Generator) -> None:
    """Some say goodbye, and some are gone with a reset."""
    if chance.random() < 0.5:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def test_a_thousand_clients_that_die_at_any_point_do_not_disturb_the_others(
    database: Database, serve_it: Callable[..., Served], connect: Callable[..., CATransport]
) -> None:
    served = serve_it(AoRecord(database.clock, "A"), AiRecord(database.clock, "B"))
    (witness,) = connected(transport := connect(served.port), "B")
    seen: list[float] = []
    witness.subscribe(lambda reading: seen.append(reading.value))
    until(transport, lambda: seen == [0.0])
    life, chance = session("A"), np.random.default_rng(11)
    for number in range(1, 1001):
        client = socket.create_connection(("127.0.0.1", served.port))
        client.sendall(life[: chance.integers(len(life))])
        served.post("B", float(number))
        leave(client, chance)
    until(transport, lambda: seen[-1:] == [1000.0])
    assert seen == list(range(1001))


def mutated(data: bytes, chance: np.random.Generator) -> bytes:
    """The same with a few bytes changed, some lost, and some too many."""
    noisy = np.frombuffer(data, "u1").copy()
    where = chance.integers(len(noisy), size=chance.integers(1, 12))
    noisy[where] = chance.integers(256, size=len(where))
    start, end = sorted(chance.integers(len(noisy), size=2))
    return noisy[start:].tobytes() + chance.bytes(int(chance.integers(64))) + noisy[:end].tobytes()


def test_random_bytes_never_stop_the_server(
    database: Database,
    serve_it: Callable[..., Served],
    connect: Callable[..., CATransport],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("CRITICAL")
    served = serve_it(AoRecord(database.clock, "A"), AiRecord(database.clock, "B", VAL=3.0))
    (witness,) = connected(connect(served.port), "B")
    life, chance = session("A"), np.random.default_rng(12)
    search = ca.Broadcaster(our_role=ca.CLIENT)  # type: ignore[attr-defined]
    question = bytes(search.send(ca.VersionRequest(0, 13), ca.SearchRequest("A", 1, 13)))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as anyone:
        for _ in range(2000):
            anyone.sendto(mutated(question, chance), ("127.0.0.1", served.port))
            anyone.sendto(chance.bytes(int(chance.integers(200))), ("127.0.0.1", served.port))
    for _ in range(500):
        client = socket.create_connection(("127.0.0.1", served.port))
        with contextlib.suppress(ConnectionError):
            client.sendall(mutated(life, chance))
            leave(client, chance)
        client.close()
    assert witness.get().value == 3.0
    (another,) = connected(connect(served.port), "A")  # found by search, over a new connection
    another.put(2.0).wait(PATIENCE_S)
    assert another.get().value == 2.0
    assert not served.outcome.done()


# Time ---------------------------------------------------------------------------------------------


def test_work_done_elsewhere_ends_a_put_when_it_is_done(
    database: Database, serve_it: Callable[..., Served], connect: Callable[..., CATransport]
) -> None:
    clock = database.clock
    with ThreadPoolExecutor(1) as workers:

        def begin(value: float) -> Status:
            status = Status(clock, name="A")
            result = clock.result(workers.submit(WallClock().sleep, 0.05))
            result.callbacks.append(lambda _: status.set_finished())
            return status

        record = AoRecord(clock, "A", on_put=begin)
        (channel,) = connected(transport := connect(serve_it(record).port), "A")
        before = transport.clock.time()
        channel.put(1.0).wait(PATIENCE_S)
        assert 0.04 < transport.clock.time() - before < 0.5


def test_an_error_on_the_timeline_ends_the_server_with_it(
    database: Database, serve_it: Callable[..., Served]
) -> None:
    def model() -> Any:
        yield database.clock.env.timeout(0.02)
        raise ZeroDivisionError("a bug in a model")

    database.clock.env.process(model())
    served = serve_it(AiRecord(database.clock, "A"))
    with pytest.raises(ZeroDivisionError, match="a bug in a model"):
        served.outcome.result(PATIENCE_S)


def test_virtual_time_cannot_be_served() -> None:
    with pytest.raises(BeamtwinError, match="PacedClock"):
        asyncio.run(serve(Database(SimClock())))


# Addresses ----------------------------------------------------------------------------------------


def test_a_port_that_is_taken_is_not_shared(
    database: Database, serve_it: Callable[..., Served]
) -> None:
    served = serve_it()
    with pytest.raises(AddressError, match=f"127.0.0.1:{served.port}: another IOC"):
        asyncio.run(serve(Database(PacedClock()), port=served.port))


def test_an_address_of_another_machine() -> None:
    with pytest.raises(AddressError, match=r"192\.0\.2\.1"):
        asyncio.run(serve(Database(PacedClock()), interface="192.0.2.1"))


def test_leaving_the_loopback_is_told() -> None:
    def end(port: int) -> None:
        raise KeyboardInterrupt

    with pytest.warns(UserWarning, match="served on 0.0.0.0"), pytest.raises(KeyboardInterrupt):
        asyncio.run(serve(Database(PacedClock()), interface="0.0.0.0", on_ready=end))


def test_beacons_say_where_the_server_is(
    serve_it: Callable[..., Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as repeater:
        repeater.bind(("127.0.0.1", 0))
        repeater.settimeout(PATIENCE_S)
        port = repeater.getsockname()[1]
        monkeypatch.setattr("beamtwin.twin.ioc.server.BEACON_PORT", port)
        served = serve_it()
        beacons = [struct.unpack(">HHHHII", repeater.recv(100)) for _ in range(3)]
    assert [(beacon[0], beacon[3], beacon[4]) for beacon in beacons] == [
        (13, served.port, number) for number in range(3)
    ]


# A process of its own ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def databases() -> Iterator[Any]:
    """The module with databases that a child process can import."""
    sys.path.insert(0, str(DATABASES))
    yield importlib.import_module("contract_database")
    sys.path.remove(str(DATABASES))


@pytest.fixture(scope="module")
def served_contract(databases: Any) -> Iterator[int]:
    """The port of an IOC in a process of its own."""
    with IOCProcess(databases.make) as ioc:
        yield ioc.port


def test_a_child_that_cannot_start_says_why(databases: Any) -> None:
    with (
        pytest.raises(BeamtwinError, match="did not start: ValueError: no beamline of this name"),
        IOCProcess(databases.make_nothing),
    ):
        pass


def test_a_child_ends_with_its_block(databases: Any) -> None:
    with IOCProcess(databases.make) as ioc:
        assert ioc.process.is_alive()
    assert ioc.process.exitcode == 0


PARENT = """
import os, sys
sys.path.insert(0, {databases!r})
import contract_database
from beamtwin.twin.ioc import IOCProcess
if __name__ == "__main__":
    with IOCProcess(contract_database.make) as ioc:
        print(ioc.process.pid, flush=True)
        os.kill(os.getpid(), 9)
"""


def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT.format(databases=str(DATABASES)))
    parent = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=False
    )
    assert parent.returncode == -signal.SIGKILL
    child = int(parent.stdout)
    for _ in range(50):
        if not runs(child):
            return
        WallClock().sleep(PATIENCE_S / 50)
    pytest.fail("the child has outlived its parent")


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


FOREGROUND = """
import logging, sys
sys.path.insert(0, {databases!r})
import contract_database
from beamtwin.twin.ioc import run
logging.getLogger("asyncio").setLevel(logging.ERROR)  # in development mode it tells of what takes 0.1 s
run(contract_database.make(), on_ready=lambda port: print(port, flush=True))
print("ended")
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_in_the_foreground_it_ends_cleanly_on_a_signal(number: int) -> None:
    code = FOREGROUND.format(databases=str(DATABASES))
    with subprocess.Popen(
        [sys.executable, "-X", "dev", "-W", "error", "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert int(process.stdout.readline())
        os.kill(process.pid, number)
        output, errors = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, output, errors) == (0, "ended\n", "")
