"""Readings without a round trip, and the traps of servers that say things late: EPICS base's do."""

from collections.abc import Callable
from typing import Any

import pytest

from beamtwin.hardware.ca import wire
from beamtwin.orchestration.status import Status

PATIENCE_S = 5.0


def reads(server: Any) -> int:
    return sum(said.command == wire.READ_NOTIFY for said in server.heard)


@pytest.fixture
def kept(channel: Any, server: Any) -> Any:
    """The scripted server's PV, kept, and read once."""
    transport = channel._transport
    transport.keep([channel])
    assert channel.get().value == 1.0
    return channel


def await_value(channel: Any, value: float) -> None:
    clock = channel._transport.clock
    assert clock.wait(lambda: channel.get().value == value, PATIENCE_S)


def test_what_is_kept_is_read_without_a_round_trip(kept: Any, server: Any) -> None:
    asked = reads(server)
    assert [kept.get().value for _ in range(10)] == 10 * [1.0]
    server.post(2.0)
    await_value(kept, 2.0)
    assert reads(server) == asked


def test_what_is_not_kept_is_asked_for(channel: Any, server: Any) -> None:
    asked = reads(server)
    for _ in range(3):
        channel.get()
    assert reads(server) == asked + 3


def test_a_put_that_overtakes_its_monitors_is_not_followed_by_an_old_reading(
    kept: Any, server: Any
) -> None:
    server.holds_monitors = True
    kept.put(5.0).wait(PATIENCE_S)
    asked = reads(server)
    assert kept.get().value == 5.0
    assert reads(server) == asked + 1  # once: it is known again
    assert kept.get().value == 5.0
    assert reads(server) == asked + 1


def test_monitors_that_come_later_than_an_answer_do_not_undo_it(kept: Any, server: Any) -> None:
    server.holds_monitors = True
    for value in (5.0, 6.0, 7.0):
        kept.put(value).wait(PATIENCE_S)
    assert kept.get().value == 7.0
    server.release()
    server.holds_monitors = False
    for _ in range(20):
        assert kept.get().value == 7.0
    server.post(8.0)
    await_value(kept, 8.0)


def test_a_put_under_way_makes_readings_be_asked_for(kept: Any, server: Any) -> None:
    """So that whoever has begun a move sees that it has begun."""
    server.puts_wait = server.holds_monitors = True
    move = kept.put(5.0)
    assert kept.get().value == 5.0
    assert not move.done
    server.end_puts()
    move.wait(PATIENCE_S)


def test_a_put_without_completion_does_so_too(kept: Any, server: Any) -> None:
    server.holds_monitors = True
    kept.put(5.0, completion=False).wait(PATIENCE_S)
    assert kept.get().value == 5.0


def test_a_server_whose_clock_is_set_back_is_still_heard(kept: Any, server: Any) -> None:
    server.post(2.0, later=-50)
    await_value(kept, 2.0)
    server.post(3.0)
    await_value(kept, 3.0)


def test_what_is_kept_is_kept_across_a_disconnection(kept: Any, server: Any) -> None:
    server.value = 4.0
    server.hang_up()
    clock = kept._transport.clock
    assert clock.wait(lambda: not kept.connected, PATIENCE_S)
    assert clock.wait(lambda: kept.connected, PATIENCE_S)
    assert kept.get().value == 4.0
    asked = reads(server)
    server.post(5.0)
    await_value(kept, 5.0)
    assert reads(server) <= asked + 1


def test_one_more_subscriber_does_not_begin_with_what_a_put_has_overtaken(
    channel: Any, server: Any
) -> None:
    """Else a wait for DMOV would end with the 1 of before the move."""
    first: list[float] = []
    channel.subscribe(lambda reading: first.append(reading.value))
    clock = channel._transport.clock
    assert clock.wait(lambda: first == [1.0], PATIENCE_S)
    server.holds_monitors = True
    channel.put(0.0).wait(PATIENCE_S)
    second: list[float] = []
    channel.subscribe(lambda reading: second.append(reading.value))
    assert clock.wait(lambda: bool(second), PATIENCE_S)
    assert (first, second) == ([1.0], [0.0])
    server.release()
    assert clock.wait(lambda: first == [1.0, 0.0], PATIENCE_S)


@pytest.mark.parametrize("which", ["port", "epics_port"])
def test_of_200_moves_no_reading_is_older_than_the_move(
    which: str, request: pytest.FixtureRequest, connect: Callable[..., Any]
) -> None:
    """At EPICS base in C most puts are done before their monitors have come."""
    transport = connect(request.getfixturevalue(which))
    move, readback, done = channels = [
        transport.channel(f"T:{name}") for name in ("move", "rbv", "dmov")
    ]
    transport.connect(channels)
    transport.keep([readback, done])
    stale = 0
    for target in range(1, 201):
        move.put(float(target)).wait(PATIENCE_S)
        stale += [one.value for one in transport.get_many([readback, done])] != [target, 1]
    assert stale == 0


@pytest.mark.parametrize("which", ["port", "epics_port"])
def test_of_200_puts_no_kept_reading_is_older(
    which: str, request: pytest.FixtureRequest, connect: Callable[..., Any]
) -> None:
    """Of the PV that is put to, whose monitor is posted in the last moment before the put is done."""
    transport = connect(request.getfixturevalue(which))
    x = transport.channel("T:x")
    transport.connect([x])
    transport.keep([x])
    stale = 0
    for number in range(200):
        value = -10.0 + number / 10
        x.put(value).wait(PATIENCE_S)
        stale += x.get().value != value
    assert stale == 0


def test_callbacks_of_a_put_may_read_what_is_kept(kept: Any, server: Any) -> None:
    server.holds_monitors = True
    seen: list[float] = []

    def look(status: Status) -> None:
        seen.append(kept.get().value)

    put = kept.put(5.0)
    put.add_callback(look)
    put.wait(PATIENCE_S)
    assert kept._transport.clock.wait(lambda: seen == [5.0], PATIENCE_S)
