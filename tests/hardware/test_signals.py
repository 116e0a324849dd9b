from typing import Any

import numpy as np
import pytest

from beamtwin.hardware.channel import Metadata
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


def test_an_alarm_is_told_only_where_there_is_one(transport: SoftTransport) -> None:
    transport.serve("T", 1.0)
    signal = connected(SignalR(float, transport, "T", name="t"))
    transport.set("T", 9.0, severity=2)
    assert signal.read()["t"]["alarm_severity"] == 2
    transport.set("T", 1.0)
    assert "alarm_severity" not in signal.read()["t"]


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
