import numpy as np
import pytest

from beamtwin.hardware.channel import Metadata, Reading
from beamtwin.hardware.soft import SoftTransport
from beamtwin.orchestration.errors import NotConnectedError, PutError
from beamtwin.orchestration.status import Status
from beamtwin.twin.clock import SimClock


def test_values_have_the_clocks_time_and_tell_their_type(
    clock: SimClock, transport: SoftTransport
) -> None:
    transport.serve("x", 1.5)
    transport.serve("names", "beam")
    transport.serve("image", np.zeros((2, 3), "<u2"))
    clock.sleep(2)
    transport.channel("x").put(2.5).wait()
    assert transport.channel("x").get() == Reading(2.5, clock.epoch + 2)
    kinds = [transport.channel(pv).metadata for pv in ("x", "names", "image")]
    assert [kind.dtype for kind in kinds] == ["<f8", "|S40", "<u2"]
    assert [kind.count for kind in kinds] == [1, 1, 6]


def test_an_enum_takes_choice_or_index_and_holds_the_index(transport: SoftTransport) -> None:
    transport.serve("mode", (0, Metadata("enum", choices=("Use", "Set"))))
    mode = transport.channel("mode")
    mode.put("Set").wait()
    assert mode.get().value == 1
    mode.put(0).wait()
    assert mode.get().value == 0
    with pytest.raises(PutError, match=r"mode: 'Off' was refused"):
        mode.put("Off").wait()


def test_nobody_can_write_to_an_array_that_was_read(transport: SoftTransport) -> None:
    transport.serve("image", np.zeros(4))
    with pytest.raises(ValueError, match="read-only"):
        transport.channel("image").get().value[0] = 1


def test_subscribers_hear_the_value_now_and_all_later_ones_until_they_end(
    transport: SoftTransport,
) -> None:
    transport.serve("x", 1.0)
    heard: list[float] = []
    end = transport.channel("x").subscribe(lambda reading: heard.append(reading.value))
    transport.set("x", 2.0)
    transport.channel("x").put(3.0)
    end()
    transport.set("x", 4.0)
    end()
    assert heard == [1.0, 2.0, 3.0]


def test_a_put_ends_with_the_status_of_its_hook(clock: SimClock, transport: SoftTransport) -> None:
    transport.serve("x", 0.0)
    move = Status(clock)
    transport.on_put("x", lambda value: move)
    put = transport.channel("x").put(1.0)
    assert not put.done
    move.set_finished()
    assert put.success


def test_what_is_not_served_does_not_connect_and_is_named(transport: SoftTransport) -> None:
    transport.serve("a", 1.0)
    with pytest.raises(NotConnectedError, match="no answer from b, c"):
        transport.connect([transport.channel(pv) for pv in "abc"])


def test_a_disconnected_pv_answers_nothing(transport: SoftTransport) -> None:
    transport.serve("a", 1.0)
    channel = transport.channel("a")
    transport.disconnect("a")
    with pytest.raises(NotConnectedError, match="a: not connected"):
        channel.get()
    assert isinstance(channel.put(2.0).exception(), NotConnectedError)
    transport.reconnect("a")
    assert channel.get().value == 1.0


def test_a_read_only_pv_refuses(transport: SoftTransport) -> None:
    transport.serve("a", (1.0, Metadata("<f8", writable=False)))
    with pytest.raises(PutError, match=r"a: cannot put 2\.0: it is read-only"):
        transport.channel("a").put(2.0).wait()
