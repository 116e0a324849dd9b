"""What device code may rely on, whatever is behind a transport."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from beamtwin.hardware.channel import Channel, Metadata, Reading, Transport
from beamtwin.orchestration.errors import (
    AccessError,
    NotConnectedError,
    PutError,
    StatusTimeoutError,
)

PATIENCE_S = 5.0
RANGE: dict[str, Any] = {"limits": (-10.0, 10.0), "display_limits": (-10.0, 10.0)}
ALARMS: dict[str, Any] = {"warning_limits": (None, 80.0), "alarm_limits": (None, 90.0)}


@pytest.fixture
def pv(transport: Transport) -> Callable[[str], Channel]:
    """``pv("x")``: the connected channel of ``T:x``."""

    def connected(name: str) -> Channel:
        channel = transport.channel(f"T:{name}")
        transport.connect([channel])
        return channel

    return connected


@pytest.fixture
def until(transport: Transport) -> Callable[[Callable[[], bool]], None]:
    """Let time pass until something holds."""

    def wait(condition: Callable[[], bool]) -> None:
        assert transport.clock.wait(condition, PATIENCE_S)

    return wait


def put(channel: Channel, value: Any) -> None:
    channel.put(value).wait(PATIENCE_S)


@pytest.mark.parametrize(
    ("name", "metadata"),
    [
        ("x", Metadata("<f8", units="mm", precision=3, **RANGE)),
        ("warm", Metadata("<f8", units="C", precision=1, **ALARMS)),
        ("x.NAME", Metadata("|S40", writable=False)),
        ("n", Metadata("<i4", units="counts")),
        ("mode", Metadata("enum", choices=("off", "on", "auto"))),
        ("name", Metadata("|S40")),
        ("wave", Metadata("<f8", count=1000, is_array=True, precision=0)),
        ("bytes", Metadata("|u1", count=300, is_array=True)),
    ],
)
def test_metadata(pv: Callable[[str], Channel], name: str, metadata: Metadata) -> None:
    assert pv(name).metadata == metadata


@pytest.mark.parametrize(
    ("name", "value"),
    [("x", -2.25), ("n", -70_000), ("mode", 2), ("name", "µm, ångström"), ("x", np.float64(0.1))],
)
def test_a_value_comes_back_as_it_was_put(
    pv: Callable[[str], Channel], name: str, value: Any
) -> None:
    put(pv(name), value)
    read = pv(name).get().value
    assert read == value
    assert type(read) in (float, int, str)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("wave", [0.1, -1e300, np.inf]),
        ("wave", np.arange(1000.0)),
        ("bytes", np.arange(256) % 256),
    ],
)
def test_an_array_comes_back_as_it_was_put(
    pv: Callable[[str], Channel], name: str, value: Any
) -> None:
    channel = pv(name)
    put(channel, value)
    read = channel.get().value
    np.testing.assert_array_equal(read, value)
    assert read.dtype == np.dtype(channel.metadata.dtype)
    assert not read.flags.writeable


def test_an_enum_is_put_by_choice_and_read_by_index(pv: Callable[[str], Channel]) -> None:
    put(pv("mode"), "on")
    assert pv("mode").get().value == 1


def test_a_reading_has_time_and_alarm(transport: Transport, pv: Callable[[str], Channel]) -> None:
    put(pv("x"), 1.0)
    reading = pv("x").get()
    assert reading.timestamp == pytest.approx(transport.clock.time(), abs=2.0)
    assert (reading.severity, reading.status) == (0, 0)


@pytest.mark.parametrize(
    ("value", "severity", "alarm"),
    [(95.0, 2, "MAJOR (HIHI)"), (85.0, 1, "MINOR (HIGH)"), (20.0, 0, "")],
)
def test_a_value_beyond_a_limit_is_an_alarm(
    pv: Callable[[str], Channel], value: float, severity: int, alarm: str
) -> None:
    put(pv("warm"), value)
    reading = pv("warm").get()
    assert (reading.severity, reading.alarm) == (severity, alarm)


def test_metadata_are_those_of_now(
    pv: Callable[[str], Channel], until: Callable[[Callable[[], bool]], None]
) -> None:
    x, unit = pv("x"), pv("x.EGU")
    put(unit, "um")
    until(lambda: x.metadata.units == "um")
    put(unit, "mm")
    until(lambda: x.metadata.units == "mm")


def test_many_readings_come_in_the_order_asked_for(
    transport: Transport, pv: Callable[[str], Channel]
) -> None:
    put(pv("x"), 4.0)
    put(pv("n"), 5)
    readings = transport.get_many([pv("n"), pv("x"), pv("n")])
    assert [reading.value for reading in readings] == [5, 4.0, 5]


def test_a_channel_is_one_object(transport: Transport) -> None:
    assert transport.channel("T:x") is transport.channel("T:x")
    assert transport.channel("T:x").name == "T:x"


@pytest.mark.parametrize(("name", "value"), [("x", "much"), ("mode", "loud"), ("x.NAME", "T:y")])
def test_a_refused_put_fails_and_changes_nothing(
    pv: Callable[[str], Channel], name: str, value: Any
) -> None:
    channel = pv(name)
    before = channel.get().value
    with pytest.raises(PutError, match=name.replace(".", r"\.")):
        put(channel, value)
    assert channel.get().value == before


def test_what_this_client_may_not_write_is_an_access_error(pv: Callable[[str], Channel]) -> None:
    with pytest.raises(AccessError, match=r"T:x\.NAME"):
        put(pv("x.NAME"), "T:y")


def test_monitors_begin_with_the_present_and_go_on_in_order(
    pv: Callable[[str], Channel], until: Callable[[Callable[[], bool]], None]
) -> None:
    channel = pv("n")
    put(channel, 0)
    seen: list[int] = []
    unsubscribe = channel.subscribe(lambda reading: seen.append(reading.value))
    until(lambda: seen == [0])
    for value in range(1, 6):
        put(channel, value)
    until(lambda: seen == [0, 1, 2, 3, 4, 5])
    unsubscribe()
    put(channel, 6)
    assert seen == [0, 1, 2, 3, 4, 5]


def test_each_subscriber_has_a_monitor_of_its_own(
    pv: Callable[[str], Channel], until: Callable[[Callable[[], bool]], None]
) -> None:
    channel = pv("n")
    put(channel, 10)
    first: list[Reading] = []
    second: list[Reading] = []
    end_first = channel.subscribe(first.append)
    until(lambda: len(first) == 1)
    end_second = channel.subscribe(second.append)
    until(lambda: len(second) == 1)
    assert first == second
    end_first()
    put(channel, 11)
    until(lambda: [reading.value for reading in second] == [10, 11])
    assert len(first) == 1
    end_second()


def test_a_put_is_done_when_processing_has_ended_and_no_monitor_is_lost(
    transport: Transport, pv: Callable[[str], Channel], until: Callable[[Callable[[], bool]], None]
) -> None:
    """Monitors may come later than the put is done: of EPICS base's servers they do."""
    seen: dict[str, list[float]] = {"rbv": [], "dmov": []}
    ends = [
        pv(name).subscribe(lambda reading, name=name: seen[name].append(reading.value))
        for name in seen
    ]
    until(lambda: all(seen.values()))
    seen["rbv"].clear()
    late = 0
    for target in range(1, 51):
        pv("move").put(float(target)).wait(PATIENCE_S)
        readback, done = transport.get_many([pv("rbv"), pv("dmov")])
        late += (readback.value, done.value) != (target, 1)
    assert late == 0
    until(lambda: seen["rbv"][-1:] == [50.0] and len(seen["dmov"]) > 100)
    assert seen == {"rbv": [float(target) for target in range(1, 51)], "dmov": [1] + 50 * [0, 1]}
    for end in ends:
        end()


def test_a_put_without_completion_is_done_at_once(
    pv: Callable[[str], Channel], until: Callable[[Callable[[], bool]], None]
) -> None:
    """And has been written all the same; it waits for no processing that is under way."""
    heard: list[float] = []
    ends = [
        pv(name).subscribe(lambda reading: heard.append(reading.value)) for name in ("x", "rbv")
    ]
    moving = pv("move").put(7.0)
    told = pv("x").put(1.25, completion=False)
    told.wait(PATIENCE_S)
    moving.wait(PATIENCE_S)
    pv("move").put(8.0, completion=False).wait(PATIENCE_S)
    until(lambda: {1.25, 7.0, 8.0} <= set(heard))
    for end in ends:
        end()


def test_what_is_kept_is_never_older_than_the_last_put(
    transport: Transport, pv: Callable[[str], Channel]
) -> None:
    channels = [pv(name) for name in ("rbv", "dmov", "x")]
    values = transport.keep(channels)
    stale = 0
    for target in range(1, 51):
        put(pv("x"), target / 10)
        put(pv("move"), float(target))
        stale += values() != [target, 1, target / 10]
        stale += [one.value for one in transport.get_many(channels)] != [target, 1, target / 10]
    assert stale == 0


def test_a_put_may_take_too_long(pv: Callable[[str], Channel]) -> None:
    moving = pv("move").put(-3.0, timeout=0.0005)
    with pytest.raises(StatusTimeoutError, match="T:move"):
        moving.wait(PATIENCE_S)
    put(pv("move"), 0.0)


def test_a_channel_says_whether_it_is_connected(
    transport: Transport, pv: Callable[[str], Channel]
) -> None:
    assert pv("x").connected
    assert not transport.channel("T:nowhere").connected


def test_pvs_that_do_not_answer_are_all_named(transport: Transport) -> None:
    channels = [transport.channel(f"T:{name}") for name in ("x", "nowhere", "neither")]
    with pytest.raises(NotConnectedError, match=r"T:nowhere.*T:neither") as raised:
        transport.connect(channels, timeout=0.3)
    assert "T:x" not in str(raised.value).replace("T:x?", "")


def test_what_is_not_connected_cannot_be_read(transport: Transport) -> None:
    channel = transport.channel("T:nothing")
    with pytest.raises(NotConnectedError, match="T:nothing"):
        _ = channel.metadata


def test_closing_twice_is_closing(transport: Transport) -> None:
    transport.close()
    transport.close()
