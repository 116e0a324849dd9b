from typing import Any

import pytest
from event_model import DocumentNames, schema_validators

from beamtwin.hardware.channel import Metadata
from beamtwin.hardware.derived import Derived, DerivedR, DerivedRW, derived
from beamtwin.hardware.device import Device, connect, pv, sub
from beamtwin.hardware.signals import Kind, SignalR, SignalRW
from beamtwin.hardware.soft import SoftTransport
from beamtwin.orchestration.errors import BeamtwinError, DeclarationError, LimitsError
from beamtwin.orchestration.status import Status
from beamtwin.twin.clock import SimClock


class Supply(Device):
    voltage: SignalRW[float] = pv("V", readback="V-I")
    current: SignalRW[float] = pv("I")
    mode: SignalR[str] = pv("Mode", kind=Kind.config)
    power: DerivedR = derived(
        lambda volts, amps: volts * amps, "voltage", "current", units="W", kind=Kind.hinted
    )
    is_on: DerivedR = derived(lambda mode: mode == "on", "mode", datatype=bool)
    millivolts: DerivedRW = derived(
        lambda volts: 1000 * volts,
        "voltage",
        inverse=lambda millivolts: {"voltage": millivolts / 1000},
        units="mV",
        precision=1,
    )


class Rack(Device):
    top: Supply = sub("A:")
    bottom: Supply = sub("B:")
    both: DerivedRW = derived(
        lambda top, bottom: (top + bottom) / 2,
        "top.current",
        "bottom.current",
        inverse=lambda amps: {"top.current": amps, "bottom.current": amps},
        units="A",
    )


@pytest.fixture
def supply(transport: SoftTransport) -> Supply:
    serve(transport, "P:")
    supply = Supply("P:", "supply", transport)
    supply.connect()
    return supply


def serve(transport: SoftTransport, prefix: str) -> None:
    limited = Metadata("<f8", units="V", precision=3, limits=(0.0, 10.0))
    transport.serve(f"{prefix}V", (2.0, limited))
    transport.serve(f"{prefix}V-I", (1.5, limited))
    transport.serve(f"{prefix}I", (4.0, Metadata("<f8", units="A", limits=(0.0, 5.0))))
    transport.serve(f"{prefix}Mode", (1, Metadata("enum", choices=("off", "on"))))


def test_it_is_computed_from_readbacks_and_as_late_and_alarmed_as_they_are(
    supply: Supply, clock: SimClock, transport: SoftTransport
) -> None:
    clock.sleep(2.0)
    transport.set("P:I", 3.0, severity=2, status=3)
    assert supply.power.get() == 4.5
    alarm = {"alarm_severity": 2, "message": "MAJOR (HIHI)"}
    reading = {"value": 4.5, "timestamp": clock.time(), **alarm}
    assert supply.power.read() == {"supply_power": reading}
    assert supply.read()["supply_power"] == reading


def test_it_is_described_as_a_signal_is(supply: Supply) -> None:
    assert supply.describe()["supply_power"] == {
        "source": "derived from supply_voltage, supply_current",
        "dtype": "number",
        "shape": [],
        "dtype_numpy": "<f8",
        "units": "W",
    }
    assert supply.describe()["supply_is_on"]["dtype"] == "boolean"
    assert supply.describe()["supply_millivolts"]["precision"] == 1
    assert supply.hints == {"fields": ["supply_power"]}
    assert "supply_power" in repr(supply.power)


def test_its_signals_are_converted(supply: Supply, transport: SoftTransport) -> None:
    assert supply.is_on.get() is True
    transport.set("P:Mode", 0)
    assert supply.read()["supply_is_on"]["value"] is False


def test_it_is_set_by_way_of_its_signals(supply: Supply, transport: SoftTransport) -> None:
    supply.millivolts.set(2500.0).wait()
    assert transport.channel("P:V").get().value == 2.5
    assert supply.millivolts.locate() == {"setpoint": 2500.0, "readback": 1500.0}


def test_nothing_is_set_beyond_the_limits_of_a_signal(
    supply: Supply, transport: SoftTransport
) -> None:
    message = (
        r"supply_millivolts: 12500.0 mV is out of reach: supply_voltage: 12.5 V is outside"
        r" \[0, 10\] V \(control limits of P:V\)"
    )
    with pytest.raises(LimitsError, match=message):
        supply.millivolts.set(12_500.0)
    assert transport.channel("P:V").get().value == 2.0


def test_all_are_set_or_none_and_it_is_done_when_all_are(
    clock: SimClock, transport: SoftTransport
) -> None:
    for prefix in ("A:", "B:"):
        serve(transport, prefix)
    transport.serve("B:I", (4.0, Metadata("<f8", limits=(0.0, 3.0))))
    rack = Rack("", "rack", transport)
    rack.connect()
    with pytest.raises(LimitsError):
        rack.both.set(3.5)
    assert rack.top.current.get() == 4.0
    ramp = Status(clock)
    transport.on_put("A:I", lambda _: ramp)
    setting = rack.both.set(2.0)
    assert not setting.done
    ramp.set_finished()
    setting.wait()
    assert rack.both.get() == 2.0


def test_subscribers_hear_every_change_of_any_signal(
    supply: Supply, transport: SoftTransport
) -> None:
    heard: list[float] = []

    def hear(reading: dict[str, Any]) -> None:
        heard.append(reading["supply_power"]["value"])

    supply.power.subscribe(hear)
    transport.set("P:V-I", 2.0)
    transport.set("P:I", 1.0)
    supply.power.clear_sub(hear)
    transport.set("P:I", 2.0)
    assert heard == [6.0, 8.0, 2.0]


def test_its_kind_may_change(supply: Supply) -> None:
    supply.power.kind = "omitted"
    assert "supply_power" not in supply.read()
    assert supply.power.kind is Kind.omitted


def test_a_number_may_have_the_unit_of_its_first(supply: Supply) -> None:
    double = Derived("double", lambda volts: 2 * volts, [supply.voltage], Kind.hinted)
    assert double.describe()["double"] == {
        "source": "derived from supply_voltage",
        "dtype": "number",
        "shape": [],
        "dtype_numpy": "<f8",
        "units": "V",
        "precision": 3,
    }
    assert double.get() == 3.0


def test_what_cannot_be_set_is_named(transport: SoftTransport) -> None:
    serve(transport, "P:")
    mode = SignalR(str, transport, "P:Mode", name="mode")
    connect(mode)
    odd = DerivedRW("odd", str, {"mode": mode}, inverse=lambda value: {"mode": value})
    with pytest.raises(BeamtwinError, match="odd: mode is no signal of it that can be set"):
        odd.set("on")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"x": derived(abs, "v")}, "Bad.x: annotate it with DerivedR"),
        (
            {"x": derived(abs, "v", inverse=abs), "__annotations__": {"x": DerivedR}},
            "Bad.x: annotate it with DerivedRW",
        ),
        (
            {"x": derived(abs, "v", datatype=list), "__annotations__": {"x": DerivedR}},
            "Bad.x: a derived signal can be of bool, int, float, str",
        ),
    ],
)
def test_a_wrong_declaration_is_an_error_of_the_class(body: dict[str, Any], message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        type("Bad", (Device,), body)


def test_signals_are_declared_before_what_is_derived_from_them(transport: SoftTransport) -> None:
    class Late(Device):
        x: DerivedR = derived(abs, "v")
        v: SignalR[float] = pv("V")

    with pytest.raises(DeclarationError, match=r"Late.x: declare the signal v before it"):
        Late("P:", "late", transport)


def test_its_documents_are_valid(supply: Supply) -> None:
    from beamtwin.orchestration import RunEngine
    from beamtwin.orchestration import plans as bp

    engine = RunEngine({}, clock=supply.clock)
    said: list[tuple[str, Any]] = []
    engine(bp.count([supply]), lambda name, document: said.append((name, document)))
    for name, document in said:
        schema_validators[DocumentNames[name]].validate(document)
    assert {"descriptor", "event"} <= {name for name, _ in said}
