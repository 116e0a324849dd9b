from enum import StrEnum
from typing import Any

import numpy as np
import pytest
from event_model import DocumentNames, schema_validators

from beamtwin.hardware.channel import Metadata, Reading
from beamtwin.hardware.conversion import SubsetEnum
from beamtwin.hardware.device import connect
from beamtwin.hardware.signals import Kind, SignalR, SignalRW, SignalW
from beamtwin.hardware.soft import SoftTransport
from beamtwin.orchestration.errors import (
    LimitsError,
    NotConnectedError,
    PutError,
    StatusTimeoutError,
)
from beamtwin.orchestration.status import Status
from beamtwin.twin.clock import SimClock

MODES = Metadata("enum", choices=("Single", "Multiple"))


def connected(signal: Any) -> Any:
    connect(signal)
    return signal


def test_a_reading_is_named_and_says_where_it_comes_from(
    clock: SimClock, transport: SoftTransport
) -> None:
    metadata = Metadata("<f8", units="mm", precision=3, limits=(-1.0, 2.0))
    transport.serve("T", (0.5, metadata))
    signal = connected(SignalRW(float, transport, "T", name="t"))
    assert signal.read() == {"t": {"value": 0.5, "timestamp": clock.epoch}}
    assert signal.describe() == {
        "t": {
            "source": "soft://T",
            "dtype": "number",
            "shape": [],
            "dtype_numpy": "<f8",
            "units": "mm",
            "precision": 3,
            "limits": {"control": {"low": -1.0, "high": 2.0}},
        }
    }


def test_all_limits_are_described(transport: SoftTransport) -> None:
    metadata = Metadata(
        "<f8",
        limits=(-1.0, 2.0),
        display_limits=(-5.0, 5.0),
        warning_limits=(None, 80.0),
        alarm_limits=(-90.0, 90.0),
    )
    transport.serve("T", (0.5, metadata))
    key = connected(SignalRW(float, transport, "T", name="t")).describe()["t"]
    assert key["limits"] == {
        "control": {"low": -1.0, "high": 2.0},
        "display": {"low": -5.0, "high": 5.0},
        "warning": {"low": None, "high": 80.0},
        "alarm": {"low": -90.0, "high": 90.0},
    }
    data_key = {
        "name": "primary",
        "uid": "1",
        "run_start": "2",
        "time": 0.0,
        "data_keys": {"t": key},
    }
    schema_validators[DocumentNames.descriptor].validate(data_key)


def test_an_alarm_is_told_only_where_there_is_one(transport: SoftTransport) -> None:
    transport.serve("T", 1.0)
    signal = connected(SignalR(float, transport, "T", name="t"))
    transport.set("T", 9.0, severity=2, status=3)
    reading = signal.read()["t"]
    assert (reading["alarm_severity"], reading["message"]) == (2, "MAJOR (HIHI)")
    transport.set("T", 1.0)
    assert not {"alarm_severity", "message"} & signal.read()["t"].keys()


def test_an_enum_is_described_with_its_choices(transport: SoftTransport) -> None:
    transport.serve("M", (1, MODES))
    key = connected(SignalRW(str, transport, "M", name="m")).describe()["m"]
    assert (key["dtype"], key["choices"]) == ("string", ["Single", "Multiple"])


def test_an_array_is_described_with_its_shape(transport: SoftTransport) -> None:
    transport.serve("A", (np.zeros(6), Metadata("<f8", count=10, is_array=True)))
    key = connected(SignalR(np.ndarray, transport, "A", name="a")).describe()["a"]
    assert (key["dtype"], key["shape"], key["dtype_numpy"]) == ("array", [6], "<f8")


def test_setpoint_and_readback_can_be_two_pvs(transport: SoftTransport) -> None:
    transport.serve("X", 1.0)
    transport.serve("X_RBV", 1.1)
    signal = connected(SignalRW(float, transport, "X", readback="X_RBV", name="x"))
    signal.set(2.0).wait()
    assert (signal.get(), transport.channel("X").get().value) == (1.1, 2.0)
    assert signal.locate() == {"setpoint": 2.0, "readback": 1.1}
    assert signal.describe()["x"]["source"] == "soft://X_RBV"


def test_a_value_beyond_the_control_limits_is_not_set_but_can_be_put(
    transport: SoftTransport,
) -> None:
    transport.serve("V", (1.0, Metadata("<f8", units="mm/s", limits=(0.1, 5.0))))
    signal = connected(SignalRW(float, transport, "V", name="velocity"))
    message = r"velocity: 12.5 mm/s is outside \[0.1, 5\] mm/s \(control limits of V\)"
    with pytest.raises(LimitsError, match=message):
        signal.set(12.5)
    signal.put(12.5).wait()
    assert signal.get() == 12.5


@pytest.mark.parametrize(
    ("datatype", "metadata", "value", "message"),
    [
        (
            str,
            MODES,
            "Singel",
            r"m: 'Singel' .* \(declared str\): the choices are Single, Multiple",
        ),
        (float, Metadata("<f8"), "much", r"m: 'much' is not what M takes \(declared float\)"),
        (int, Metadata("<i4"), 2.5, r"m: 2.5 .* \(declared int\): not a whole number"),
        (str, Metadata("|S40"), 3, r"m: 3 is not what M takes \(declared str\): not text"),
    ],
)
def test_a_value_of_another_kind_is_refused_with_what_is_wanted(
    transport: SoftTransport, datatype: type, metadata: Metadata, value: Any, message: str
) -> None:
    transport.serve("M", ("" if datatype is str and metadata is not MODES else 0, metadata))
    with pytest.raises(LimitsError, match=message):
        connected(SignalW(datatype, transport, "M", name="m")).set(value)


def test_a_set_fails_when_the_server_takes_too_long(
    clock: SimClock, transport: SoftTransport
) -> None:
    transport.serve("S", 0.0)
    transport.on_put("S", lambda _: Status(clock))
    status = connected(SignalRW(float, transport, "S", name="s")).set(1.0, timeout=2.0)
    with pytest.raises(StatusTimeoutError, match=r"put to S: not done after 2 s"):
        status.wait()


def test_a_set_with_a_timeout_ends_as_its_put_does(
    clock: SimClock, transport: SoftTransport
) -> None:
    transport.serve("S", 0.0)
    signal = connected(SignalRW(float, transport, "S", name="s"))
    for error in (None, PutError("S: busy")):
        put = Status(clock)
        transport.on_put("S", lambda _, put=put: put)
        status = signal.set(1.0, timeout=2.0)
        put.set_finished() if error is None else put.set_exception(error)
        assert (status.done, status.exception()) == (True, error)


def test_without_completion_a_put_is_done_when_it_is_sent(
    clock: SimClock, transport: SoftTransport
) -> None:
    transport.serve("STOP", 0)
    transport.on_put("STOP", lambda _: Status(clock))
    stop = connected(SignalW(bool, transport, "STOP", completion=False))
    assert stop.put(True).success
    transport.disconnect("STOP")
    assert isinstance(stop.put(True).exception(), NotConnectedError)
    with pytest.raises(NotConnectedError):
        stop.send(True)


def test_when_ends_once_a_value_will_do(clock: SimClock, transport: SoftTransport) -> None:
    transport.serve("N", 0)
    number = connected(SignalR(int, transport, "N"))
    reached = number.when(lambda n: n >= 2, timeout=5.0)
    transport.set("N", 1)
    assert not reached.done
    transport.set("N", 2)
    assert reached.success
    with pytest.raises(StatusTimeoutError):
        number.when(lambda n: n >= 3, timeout=5.0).wait()


def test_subscribers_get_readings(transport: SoftTransport) -> None:
    transport.serve("M", (0, MODES))
    mode = connected(SignalR(str, transport, "M", name="m"))
    heard: list[str] = []

    def hear(reading: dict[str, Any]) -> None:
        heard.append(reading["m"]["value"])

    mode.subscribe(hear)
    transport.set("M", 1)
    mode.clear_sub(hear)
    transport.set("M", 0)
    assert heard == ["Single", "Multiple"]


def test_a_signal_can_connect_on_its_own_and_says_what_does_not_fit(
    transport: SoftTransport,
) -> None:
    transport.serve("M", (0, MODES))
    with pytest.raises(NotConnectedError, match="Q: no answer"):
        connect(SignalR(float, transport, "Q"))
    message = r"M: an enum \(Single, Multiple\); m is declared float"
    with pytest.raises(NotConnectedError, match=message):
        connect(SignalR(float, transport, "M", name="m"))


def test_before_it_is_connected_a_signal_has_no_value(transport: SoftTransport) -> None:
    signal = SignalRW(float, transport, "Q", name="q")
    for use in (signal.get, signal.read, signal.describe, lambda: signal.set(1.0)):
        with pytest.raises(NotConnectedError, match="Q: "):
            use()
    with pytest.raises(NotConnectedError, match=r"Q: no answer \(q\)"):
        assert signal.metadata
    assert repr(signal) == "SignalRW('Q', name='q')"


def test_only_what_is_hinted_is_a_hint(transport: SoftTransport) -> None:
    transport.serve("T", 1.0)
    signal = SignalR(float, transport, "T", name="t")
    assert signal.hints == {"fields": []}
    signal.kind = "hinted"
    assert signal.kind is Kind.hinted
    assert signal.hints == {"fields": ["t"]}


def test_a_refused_put_fails(transport: SoftTransport) -> None:
    transport.serve("R", (1.0, Metadata("<f8", writable=False)))
    with pytest.raises(PutError):
        connected(SignalRW(float, transport, "R")).set(2.0).wait()


class Mode(StrEnum):
    SINGLE = "Single"
    MULTIPLE = "Multiple"


class Some(SubsetEnum):
    SINGLE = "Single"


def test_choices_can_be_members_of_an_enum(transport: SoftTransport) -> None:
    transport.serve("M", (1, MODES))
    mode = connected(SignalRW(Mode, transport, "M", name="m"))
    assert mode.get() is Mode.MULTIPLE
    assert mode.when(lambda now: now is Mode.MULTIPLE).success
    mode.set(Mode.SINGLE).wait()
    assert transport.channel("M").get().value == 0
    mode.set("Multiple").wait()
    assert mode.locate() == {"setpoint": Mode.MULTIPLE, "readback": Mode.MULTIPLE}
    reading = mode.read()["m"]["value"]
    assert (reading, type(reading)) == ("Multiple", str)  # documents have plain text
    assert mode.describe()["m"]["choices"] == ["Single", "Multiple"]
    with pytest.raises(LimitsError, match=r"m: 'Triple' .* \(declared Mode \(Single, Multiple\)\)"):
        mode.set("Triple")


@pytest.mark.parametrize("choices", [("Single",), ("Single", "Multiple", "Continuous"), ("a", "b")])
def test_all_choices_have_to_be_the_servers(
    transport: SoftTransport, choices: tuple[str, ...]
) -> None:
    transport.serve("M", (0, Metadata("enum", choices=choices)))
    message = rf"M: an enum \({', '.join(choices)}\); m is declared Mode \(Single, Multiple\)"
    with pytest.raises(NotConnectedError, match=message):
        connect(SignalRW(Mode, transport, "M", name="m"))


def test_some_choices_may_be_declared_where_there_are_others(transport: SoftTransport) -> None:
    transport.serve("M", (0, MODES))
    mode = connected(SignalRW(Some, transport, "M", name="m"))
    assert mode.get() is Some.SINGLE
    transport.set("M", 1)
    assert (mode.get(), type(mode.get())) == ("Multiple", str)
    transport.serve("N", (0, Metadata("enum", choices=("off", "on"))))
    with pytest.raises(NotConnectedError, match=r"n is declared Some \(Single\)"):
        connect(SignalRW(Some, transport, "N", name="n"))


def test_an_index_without_a_choice_is_read_as_a_number(transport: SoftTransport) -> None:
    transport.serve("M", (7, MODES))
    assert connected(SignalRW(str, transport, "M", name="m")).get() == "7"
    assert connected(SignalRW(Mode, transport, "M", name="m")).get() == "7"


def test_what_a_server_says_anew_is_what_holds(transport: SoftTransport) -> None:
    transport.serve("V", (1.0, Metadata("<f8", units="mm", limits=(0.0, 5.0))))
    transport.serve("M", (0, MODES))
    speed = connected(SignalRW(float, transport, "V", name="v"))
    mode = connected(SignalRW(str, transport, "M", name="m"))
    transport.describe("V", Metadata("<f8", units="um", limits=(0.0, 5000.0)))
    transport.describe("M", Metadata("enum", choices=("One", "Many")))
    speed.set(1000.0).wait()
    assert (speed.metadata.units, speed.limits) == ("um", (0.0, 5000.0))
    assert mode.get() == "One"
    mode.set("Many").wait()
    transport.describe("M", Metadata("<f8"))
    with pytest.raises(NotConnectedError, match=r"M: a float \(<f8\); m is declared str"):
        mode.get()


def slow(
    clock: SimClock, transport: SoftTransport, arrives_at: float | None = None
) -> SignalRW[float]:
    """A setpoint whose readback follows after 2 s, and ends up somewhere."""
    metadata = Metadata("<f8", units="K", precision=1, limits=(4.0, 300.0))
    transport.serve("T", (10.0, metadata))
    transport.serve("T-I", (10.0, metadata))

    def follow(value: float) -> None:
        there = value if arrives_at is None else arrives_at
        clock.call_at(clock.time() + 2.0, lambda: transport.set("T-I", there))

    transport.on_put("T", follow)
    return connected(SignalRW(float, transport, "T", readback="T-I", name="t"))


def test_set_and_wait_is_done_when_the_readback_is_there(
    clock: SimClock, transport: SoftTransport
) -> None:
    signal = slow(clock, transport, arrives_at=50.05)  # within its last digit
    done = signal.set_and_wait(50.0, timeout=10.0)
    assert not done.done
    done.wait()
    assert clock.time() == clock.epoch + 2.0


@pytest.mark.parametrize(("declared", "given"), [(None, 1.0), (1.0, None)])
def test_how_near_is_near_enough_can_be_said(
    clock: SimClock, transport: SoftTransport, declared: float | None, given: float | None
) -> None:
    signal = slow(clock, transport, arrives_at=50.5)
    signal.tolerance = declared
    signal.set_and_wait(50.0, tolerance=given, timeout=10.0).wait()


def test_set_and_wait_says_where_it_is_if_that_is_elsewhere(
    clock: SimClock, transport: SoftTransport
) -> None:
    setting = slow(clock, transport, arrives_at=49.0).set_and_wait(50.0, timeout=10.0)
    message = r"t: set to 50.0 K, and at 49.0 K 10 s later \(T-I\)"
    with pytest.raises(StatusTimeoutError, match=message):
        setting.wait()


def test_set_and_wait_has_the_time_that_is_left_after_the_put(
    clock: SimClock, transport: SoftTransport
) -> None:
    signal = slow(clock, transport)
    busy = Status(clock)
    transport.on_put("T", lambda _: busy)
    clock.call_at(clock.time() + 3.0, busy.set_finished)
    with pytest.raises(StatusTimeoutError, match="5 s later"):
        signal.set_and_wait(50.0, timeout=5.0).wait()
    assert clock.time() == clock.epoch + 5.0


def test_set_and_wait_writes_nothing_beyond_the_limits(
    clock: SimClock, transport: SoftTransport
) -> None:
    signal = slow(clock, transport)
    with pytest.raises(LimitsError, match=r"t: 500 K is outside \[4, 300\] K"):
        signal.set_and_wait(500.0)
    assert transport.channel("T").get().value == 10.0


def test_a_choice_is_waited_for_exactly(transport: SoftTransport) -> None:
    transport.serve("M", (0, MODES))
    transport.serve("M_RBV", (0, MODES))
    mode = connected(SignalRW(Mode, transport, "M", readback="M_RBV", name="m"))
    setting = mode.set_and_wait(Mode.MULTIPLE)
    assert not setting.done
    transport.set("M_RBV", 1)
    assert setting.success


@pytest.mark.parametrize(
    ("severity", "status", "alarm"),
    [(0, 0, ""), (1, 4, "MINOR (HIGH)"), (3, 17, "INVALID (UDF)"), (3, 99, "INVALID (99)")],
)
def test_alarms_have_words(severity: int, status: int, alarm: str) -> None:
    assert Reading(1.0, 0.0, severity, status).alarm == alarm
