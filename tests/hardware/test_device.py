from typing import Any

import pytest

from beamtwin.hardware.channel import Metadata
from beamtwin.hardware.device import Device, connect, pv, sub
from beamtwin.hardware.signals import Kind, SignalR, SignalRW, SignalW
from beamtwin.hardware.soft import SoftTransport
from beamtwin.orchestration.errors import (
    DeclarationError,
    DeviceError,
    LimitsError,
    NotConnectedError,
    PutError,
)
from beamtwin.orchestration.status import Status
from beamtwin.twin.clock import SimClock
from beamtwin.twin.database import Database
from beamtwin.twin.records import AoRecord, StringoutRecord

MODES = ("Single", "Multiple")


class Head(Device):
    temperature: SignalR[float] = pv("T-I", kind=Kind.hinted)
    setpoint: SignalRW[float] = pv("T-SP", readback="T-SP-I")
    sensor: SignalRW[str] = pv("Type", kind=Kind.config)
    reset: SignalW[bool] = pv("Rst")


class Cryostat(Device):
    pressure: SignalR[float] = pv("P-I")
    mode: SignalRW[str] = pv("Mode", rbv=True, kind=Kind.config)
    stage_head: Head = sub("A:")
    spare: Head = sub("B:", kind=Kind.config)


def serve_head(transport: SoftTransport, prefix: str) -> None:
    transport.serve(f"{prefix}T-I", (4.2, Metadata("<f8", units="K")))
    transport.serve(f"{prefix}T-SP", (4.0, Metadata("<f8", units="K", limits=(2.0, 300.0))))
    transport.serve(f"{prefix}T-SP-I", 4.0)
    transport.on_put(f"{prefix}T-SP", lambda value: transport.set(f"{prefix}T-SP-I", value))
    transport.serve(f"{prefix}Type", "Si")
    transport.serve(f"{prefix}Rst", 0)


@pytest.fixture
def cryostat(transport: SoftTransport) -> Cryostat:
    for pv_name in ("Cryo:Mode", "Cryo:Mode_RBV"):
        transport.serve(pv_name, (0, Metadata("enum", choices=MODES)))
    transport.on_put("Cryo:Mode", lambda value: transport.set("Cryo:Mode_RBV", value))
    transport.serve("Cryo:P-I", 1e-6)
    serve_head(transport, "Cryo:A:")
    serve_head(transport, "Cryo:B:")
    device = Cryostat("Cryo:", "cryo", transport)
    device.connect()
    return device


def test_kinds_decide_what_is_read_what_is_recorded_and_what_is_hinted(cryostat: Cryostat) -> None:
    read = ["cryo_pressure", "cryo_stage_head_temperature", "cryo_stage_head_setpoint"]
    recorded = ["cryo_mode", "cryo_stage_head_sensor", "cryo_spare_sensor"]
    assert list(cryostat.read()) == list(cryostat.describe()) == read
    assert list(cryostat.read_configuration()) == recorded
    assert list(cryostat.describe_configuration()) == recorded
    assert cryostat.hints == {"fields": ["cryo_stage_head_temperature"]}


def test_a_kind_can_change_at_any_time(cryostat: Cryostat) -> None:
    assert "cryo_spare_temperature" not in cryostat.read()
    cryostat.spare.kind = Kind.normal
    cryostat.stage_head.setpoint.kind = Kind.omitted
    keys = ["cryo_pressure", "cryo_stage_head_temperature", "cryo_spare_temperature"]
    assert list(cryostat.read()) == [*keys, "cryo_spare_setpoint"]
    assert "cryo_spare_temperature" not in cryostat.hints["fields"]


def test_reading_asks_the_transport_once(
    cryostat: Cryostat, transport: SoftTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def get_many(channels: Any) -> Any:
        asked.append(len(channels))
        return [channel.get() for channel in channels]

    monkeypatch.setattr(transport, "get_many", get_many)
    cryostat.read()
    assert asked == [3]


def test_nothing_is_asked_before_connecting(transport: SoftTransport) -> None:
    device = Cryostat("Nowhere:", "cryo", transport)
    assert device.stage_head.parent is device
    assert [signal.name for signal in device.walk_signals()][:2] == ["cryo_pressure", "cryo_mode"]


def test_connecting_names_all_that_is_missing_and_all_that_is_of_another_type(
    transport: SoftTransport,
) -> None:
    serve_head(transport, "A:")
    serve_head(transport, "B:")
    transport.serve("A:Type", 3)
    transport.serve("B:T-I", "warm")
    transport.disconnect("B:Rst")
    heads = [Head("A:", "a", transport), Head("B:", "b", transport)]
    with pytest.raises(NotConnectedError) as caught:
        connect(*heads)
    assert str(caught.value).splitlines() == [
        "a, b: 3 of 10 PVs are not there as declared:",
        "  A:Type: an integer (<i4); a_sensor is declared str",
        "  B:T-I: a string (|S40); b_temperature is declared float",
        "  B:Rst: not connected (b_reset)",
    ]


def test_what_a_transport_knows_of_a_missing_pv_is_told(clock: SimClock) -> None:
    """Here that a name is much like one that there is."""
    twin = Database(clock)
    for name in ("A:T-I", "A:T-SP", "A:T-SP-I", "A:Rst"):
        twin.add(AoRecord(clock, name))
    twin.add(StringoutRecord(clock, "A:Typ"))
    with pytest.raises(NotConnectedError) as caught:
        Head("A:", "a", twin).connect()
    assert str(caught.value).splitlines()[1:] == [
        "  A:Type: the twin has no such record; did you mean A:Typ? (a_sensor)",
    ]


def test_a_device_whose_server_has_gone_does_not_connect(
    cryostat: Cryostat, transport: SoftTransport
) -> None:
    transport.disconnect("Cryo:A:T-I")
    with pytest.raises(NotConnectedError, match=r"Cryo:A:T-I: not connected"):
        cryostat.connect()
    transport.reconnect("Cryo:A:T-I")
    cryostat.connect()


def test_a_subclass_adds_and_redeclares(transport: SoftTransport) -> None:
    class Heated(Head):
        temperature: SignalR[float] = pv("T2-I", kind=Kind.normal)
        power: SignalR[float] = pv("W-I")

    device = Heated("A:", "a", transport)
    assert list(device.children()) == ["temperature", "setpoint", "sensor", "reset", "power"]
    assert device.temperature.channel.name == "A:T2-I"
    assert list(Head("A:", "a", transport).children())[-1] == "reset"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"x": pv("X")}, r"Bad.x: annotate it with a signal and its type"),
        ({"x": pv("X"), "__annotations__": {"x": float}}, r"Bad.x: annotate it with a signal"),
        (
            {"x": pv("X"), "__annotations__": {"x": SignalR[bytes]}},
            r"Bad.x: a signal can be of float",
        ),
        ({"x": sub("X"), "__annotations__": {"x": SignalR[int]}}, r"Bad.x: .* class of the part"),
    ],
)
def test_a_wrong_declaration_is_an_error_of_the_class(body: dict[str, Any], message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        type("Bad", (Device,), body)


def test_configure_sets_what_it_is_told_and_says_what_was_before(cryostat: Cryostat) -> None:
    before, after = cryostat.configure({"mode": "Multiple", "stage_head.sensor": "Pt100"})
    assert [before[key]["value"] for key in ("cryo_mode", "cryo_stage_head_sensor")] == [
        "Single",
        "Si",
    ]
    assert [after[key]["value"] for key in ("cryo_mode", "cryo_stage_head_sensor")] == [
        "Multiple",
        "Pt100",
    ]


def test_configure_sets_nothing_unless_all_can_be(cryostat: Cryostat) -> None:
    with pytest.raises(DeviceError, match="cryo: no signal 'speed' to configure; it has mode"):
        cryostat.configure({"mode": "Multiple", "speed": 1})
    with pytest.raises(LimitsError):
        cryostat.configure({"mode": "Multiple", "stage_head.setpoint": 500.0})
    assert cryostat.mode.get() == "Single"


def test_staging_is_undone_in_reverse(cryostat: Cryostat, transport: SoftTransport) -> None:
    head = cryostat.stage_head
    puts: list[tuple[str, Any]] = []
    transport.on_put("Cryo:A:Type", lambda value: puts.append(("sensor", value)))
    transport.on_put("Cryo:A:Rst", lambda value: puts.append(("reset", value)))
    transport.on_put("Cryo:Mode", lambda value: puts.append(("mode", value)))
    cryostat.stage_sigs[cryostat.mode] = "Multiple"
    head.stage_sigs[head.sensor] = "Cernox"
    cryostat.stage().wait()
    cryostat.unstage().wait()
    assert puts == [("mode", 1), ("sensor", "Cernox"), ("sensor", "Si"), ("mode", 0)]
    cryostat.unstage().wait()
    assert len(puts) == 4


def test_staged_twice_the_first_values_come_back(cryostat: Cryostat) -> None:
    cryostat.stage_head.stage_sigs[cryostat.stage_head.setpoint] = 10.0
    cryostat.stage().wait()
    cryostat.stage().wait()
    cryostat.unstage().wait()
    assert cryostat.stage_head.setpoint.get() == 4.0


def test_unstaging_goes_on_after_a_failure_and_reports_it(
    cryostat: Cryostat, transport: SoftTransport
) -> None:
    head = cryostat.stage_head
    head.stage_sigs |= {head.setpoint: 10.0, head.sensor: "Cernox"}
    cryostat.stage().wait()
    transport.disconnect("Cryo:A:Type")
    with pytest.raises(NotConnectedError, match="Cryo:A:Type"):
        cryostat.unstage().wait()
    assert head.setpoint.get() == 4.0


def test_unstaging_ends_a_staging_that_is_under_way(
    cryostat: Cryostat, clock: SimClock, transport: SoftTransport
) -> None:
    head = cryostat.stage_head
    ramp = Status(clock)
    transport.on_put("Cryo:A:T-SP", lambda _: ramp)
    head.stage_sigs |= {head.setpoint: 10.0, head.sensor: "Cernox"}
    staging = head.stage()
    transport.on_put("Cryo:A:T-SP", lambda _: None)
    head.unstage().wait()
    ramp.set_finished()
    assert "unstaged while staging" in str(staging.exception())
    assert head.sensor.get() == "Si"


def test_subscribers_get_whole_readings_once_all_are_there(
    cryostat: Cryostat, transport: SoftTransport
) -> None:
    heard: list[dict[str, Any]] = []
    cryostat.stage_head.subscribe(heard.append)
    transport.set("Cryo:A:T-I", 5.0)
    cryostat.stage_head.clear_sub(heard.append)
    transport.set("Cryo:A:T-I", 6.0)
    values = [reading["cryo_stage_head_temperature"]["value"] for reading in heard]
    assert values[:2] == [4.2, 5.0]
    assert set(heard[0]) == set(cryostat.stage_head.describe())


def test_a_refusal_while_staging_fails_it(
    cryostat: Cryostat, transport: SoftTransport, clock: SimClock
) -> None:
    def refuse(_: Any) -> Status:
        status = Status(clock)
        status.set_exception(PutError("Cryo:Mode: not now"))
        return status

    transport.on_put("Cryo:Mode", refuse)
    cryostat.stage_sigs[cryostat.mode] = "Multiple"
    with pytest.raises(PutError, match="not now"):
        cryostat.stage().wait()
