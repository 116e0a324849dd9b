"""The codec, against caproto's, which is another reading of the same specification."""

import ctypes
from itertools import pairwise
from typing import Any

import caproto as ca
import numpy as np
import pytest
from caproto import ChannelType
from caproto._commands import read_from_bytestream
from hypothesis import given
from hypothesis import strategies as st

from beamtwin.hardware.ca import wire
from beamtwin.hardware.ca.values import CONTROL, TIME, metadata_of, payload_of, reading_of, text
from beamtwin.hardware.ca.wire import Inbox, Message, ProtocolError, datagram, message
from beamtwin.hardware.channel import Metadata

NATIVE = [ChannelType(number) for number in range(7)]
VALUES: dict[ChannelType, list[Any]] = {
    ChannelType.STRING: [b"off", b"on"],
    ChannelType.INT: [-7, 300],
    ChannelType.FLOAT: [1.5, -0.25],
    ChannelType.ENUM: [2, 1],
    ChannelType.CHAR: [7, 255],
    ChannelType.LONG: [-70_000, 3],
    ChannelType.DOUBLE: [1e-300, np.pi],
}


def parsed_by_caproto(data: bytes) -> Any:
    left, command, _ = read_from_bytestream(bytearray(data), ca.CLIENT)  # type: ignore[attr-defined]
    assert not left
    return command


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (message(wire.VERSION, 0, 13), ca.VersionRequest(0, 13)),
        (message(wire.HOST_NAME, payload=b"h1\0"), ca.HostNameRequest("h1")),
        (message(wire.CLIENT_NAME, payload=b"me\0"), ca.ClientNameRequest("me")),
        (message(wire.CREATE_CHANNEL, 0, 0, 5, 13, b"T:x\0"), ca.CreateChanRequest("T:x", 5, 13)),
        (message(wire.READ_NOTIFY, 20, 0, 7, 9), ca.ReadNotifyRequest(20, 0, 7, 9)),
        (message(wire.EVENT_CANCEL, 20, 0, 7, 9), ca.EventCancelRequest(20, 7, 9)),
        (message(wire.ECHO), ca.EchoRequest()),
        (message(wire.EVENTS_OFF), ca.EventsOffRequest()),
        (message(wire.EVENTS_ON), ca.EventsOnRequest()),
        (message(wire.SEARCH, 5, 13, 3, 3, b"T:x\0"), ca.SearchRequest("T:x", 3, 13)),
    ],
    ids=lambda command: type(command).__name__,
)
def test_what_is_sent_is_what_caproto_sends(ours: bytes, theirs: Any) -> None:
    assert ours == bytes(theirs)


@pytest.mark.parametrize("data_type", NATIVE)
def test_what_is_put_is_what_caproto_reads(data_type: ChannelType) -> None:
    metadata = metadata_of(data_type, 2, None, True)
    values = VALUES[data_type]
    put = [value.decode() for value in values] if data_type == ChannelType.STRING else values
    payload, count = payload_of(put, metadata)
    command = parsed_by_caproto(message(wire.WRITE_NOTIFY, data_type, count, 7, 9, payload))
    assert (command.sid, command.ioid, command.data_count) == (7, 9, 2)
    assert list(command.data) == values


@pytest.mark.parametrize("is_array", [False, True])
@pytest.mark.parametrize("data_type", NATIVE)
def test_what_caproto_answers_is_read(data_type: ChannelType, is_array: bool) -> None:
    about = ca.DBR_TYPES[ChannelType(data_type + TIME)]()
    about.status, about.severity = 3, 2
    about.secondsSinceEpoch, about.nanoSeconds = 1000, 250_000_000
    values = VALUES[data_type] if is_array else VALUES[data_type][:1]
    if data_type == ChannelType.STRING:
        data: Any = ca.DbrStringArray(values)
    else:
        data = np.array(values, WIRE[data_type])
    answer = ca.ReadNotifyResponse(data, data_type + TIME, len(values), 1, 9, metadata=about)
    (said,) = cut(bytes(answer))
    reading = reading_of(said.payload, said.data_type - TIME, said.elements, is_array)
    expected = [text(value) if isinstance(value, bytes) else value for value in values]
    assert list(np.atleast_1d(reading.value)) == pytest.approx(expected) if data_type else expected
    assert reading[1:] == (631_152_000 + 1000.25, 2, 3)
    assert reading.alarm == "MAJOR (HIHI)"


WIRE = {
    ChannelType.INT: ">i2",
    ChannelType.FLOAT: ">f4",
    ChannelType.ENUM: ">u2",
    ChannelType.CHAR: "u1",
    ChannelType.LONG: ">i4",
    ChannelType.DOUBLE: ">f8",
}


def cut(*parts: bytes) -> list[Message]:
    """The messages in a stream that comes in these parts."""
    inbox = Inbox()
    messages = []
    for part in parts:
        left = memoryview(part)
        while left:
            space = inbox.space()
            size = min(len(left), len(space))
            space[:size] = left[:size]
            messages += inbox.received(size)
            left = left[size:]
    return messages


def described(data_type: ChannelType, **fields: Any) -> Metadata:
    structure = ca.DBR_TYPES[ChannelType(data_type + CONTROL)]()
    for name, value in fields.items():
        setattr(structure, name, value)
    return metadata_of(data_type, 1, bytes(structure), True)


@pytest.mark.parametrize(
    "data_type", [ChannelType.INT, ChannelType.LONG, ChannelType.FLOAT, ChannelType.DOUBLE]
)
def test_a_description_says_unit_and_all_limits(data_type: ChannelType) -> None:
    limits = {"disp": (-10, 10), "alarm": (-9, 9), "warning": (-8, 8), "ctrl": (-5, 5)}
    fields = {f"lower_{name}_limit": low for name, (low, _) in limits.items()}
    fields |= {f"upper_{name}_limit": high for name, (_, high) in limits.items()}
    metadata = described(data_type, units=b"mm/s", **fields)
    assert metadata.units == "mm/s"
    assert metadata.limits == (-5, 5)
    assert metadata.display_limits == (-10, 10)
    assert metadata.warning_limits == (-8, 8)
    assert metadata.alarm_limits == (-9, 9)


def test_equal_limits_and_those_that_are_no_numbers_are_none() -> None:
    metadata = described(
        ChannelType.DOUBLE,
        precision=4,
        lower_alarm_limit=np.nan,
        upper_alarm_limit=9.0,
        lower_warning_limit=np.nan,
        upper_warning_limit=np.nan,
    )
    assert metadata.precision == 4
    assert (metadata.limits, metadata.display_limits, metadata.warning_limits) == (None,) * 3
    assert metadata.alarm_limits == (None, 9.0)


def test_an_enums_description_has_its_choices() -> None:
    metadata = described(ChannelType.ENUM, enum_strings=[b"off", b"\xb5m", b""])
    assert metadata.choices == ("off", "µm", "")


def test_structures_are_as_long_as_caprotos() -> None:
    """Of DBR_CTRL all but the pad before the value of a byte."""
    from beamtwin.hardware.ca import values

    for data_type in NATIVE:
        native = values.NATIVE[data_type]
        timed = ca.DBR_TYPES[ChannelType(data_type + TIME)]
        control = ca.DBR_TYPES[ChannelType(data_type + CONTROL)]
        assert native.offset == ctypes.sizeof(timed)
        if native.control is not None:
            assert native.control.size in (ctypes.sizeof(control), ctypes.sizeof(control) - 1)


STREAM = b"".join(
    [
        message(wire.ECHO),
        message(wire.READ_NOTIFY, 20, 1, 1, 2, bytes(range(24))),
        message(wire.EVENT_ADD, 18, 100_000, 1, 3, bytes(100_000)),
        message(wire.EVENT_ADD, 18, 70_000, 1, 3, bytes(70_000)),
        message(wire.ECHO),
        message(wire.READ_NOTIFY, 18, 65_535, 1, 4, bytes(65_480)),
    ]
)


@given(st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_wherever_a_stream_is_cut_the_messages_are_the_same(cuts: list[int]) -> None:
    ends = sorted({0, *cuts, len(STREAM)})
    parts = [STREAM[start:end] for start, end in pairwise(ends)]
    assert cut(*parts) == cut(STREAM)


def test_long_arrays_are_whole() -> None:
    messages = cut(STREAM)
    assert [said.command for said in messages] == [23, 15, 1, 1, 23, 15]
    assert [len(said.payload) for said in messages] == [0, 24, 100_000, 70_000, 0, 65_480]
    assert [said.elements for said in messages] == [0, 1, 100_000, 70_000, 0, 65_535]


def test_a_message_that_would_fill_the_memory_is_none() -> None:
    header = wire.HEADER.pack(wire.READ_NOTIFY, 0xFFFF, 20, 0, 1, 2)
    with pytest.raises(ProtocolError, match="4294967288 bytes"):
        cut(header + wire.EXTENSION.pack(0xFFFFFFF8, 1))


@given(st.binary(max_size=200))
def test_no_datagram_does_any_harm(data: bytes) -> None:
    try:
        messages = datagram(data)
    except ProtocolError:
        return
    assert all(isinstance(said, Message) for said in messages)


def test_a_datagram_that_ends_too_soon_is_none() -> None:
    whole = message(wire.SEARCH, 5064, 0, 0xFFFFFFFF, 3, b"\0\15") + message(wire.ECHO)
    assert [said.command for said in datagram(whole)] == [wire.SEARCH, wire.ECHO]
    for end in (5, 20, 30):
        with pytest.raises(ProtocolError):
            datagram(whole[:end])


def test_an_array_may_be_empty() -> None:
    reading = reading_of(bytes(16), ChannelType.DOUBLE, 0, True)
    assert reading.value.shape == (0,)
    assert reading.value.dtype == np.dtype("f8")
