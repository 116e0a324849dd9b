"""What plans may rely on of a device, whatever is behind its transport.

EPICS base has no motor record, so that an axis and a counter of its own records stand for one there.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pytest
from event_model import DocumentNames, schema_validators

from beamtwin.hardware.connected import Connected
from beamtwin.hardware.derived import DerivedRW, derived
from beamtwin.hardware.device import Device, connect, pv, sub
from beamtwin.hardware.local import soft
from beamtwin.hardware.motor import Motor
from beamtwin.hardware.positioner import PseudoAxis, Transform, pseudo
from beamtwin.hardware.pv_positioner import PVPositioner, PVPositionerPC
from beamtwin.hardware.signals import Kind, SignalR, SignalRW
from beamtwin.orchestration import RunEngine
from beamtwin.orchestration import plans as bp
from beamtwin.orchestration.errors import LimitsError, NotConnectedError
from beamtwin.orchestration.status import Status

PATIENCE_S = 10.0
POINTS = [1.0, -2.5, 4.0, 4.0, 0.0]


class Axis(PVPositionerPC):
    """An axis whose put completes when it has arrived."""

    setpoint: SignalRW[float] = pv("move", kind=Kind.normal)
    readback: SignalR[float] = pv("rbv", kind=Kind.hinted, primary=True)
    done: SignalR[bool] = pv("dmov", kind=Kind.omitted)


class DoneAxis(PVPositioner):
    """The same, by its done PV."""

    setpoint: SignalRW[float] = pv("move", kind=Kind.normal)
    readback: SignalR[float] = pv("rbv", kind=Kind.hinted, primary=True)
    done: SignalR[bool] = pv("dmov", kind=Kind.omitted)


class Slits(Device):
    """Two blades, and the gap between them."""

    left: Axis = sub("")
    right: Axis = sub("b:")
    gap: PseudoAxis = pseudo(
        Transform(
            lambda left, right: left - right,
            lambda gap, left, right: ((left + right + gap) / 2, (left + right - gap) / 2),
        ),
        "left",
        "right",
    )


class Counting(StrEnum):
    """What the counter does."""

    DONE = "Done"
    COUNT = "Count"


class Counter(Device):
    """Counts for a preset time."""

    count: SignalRW[Counting] = pv("count", kind=Kind.omitted)
    preset: SignalRW[float] = pv("preset", kind=Kind.config)
    counts: SignalR[float] = pv("counts", kind=Kind.hinted, primary=True)
    sample: SignalRW[str] = soft("none", kind=Kind.config)
    preset_ms: DerivedRW = derived(
        lambda seconds: 1000 * seconds,
        "preset",
        inverse=lambda ms: {"preset": ms / 1000},
        units="ms",
        kind=Kind.config,
    )

    def trigger(self) -> Status:
        """Count."""
        return self.count.set(Counting.COUNT)


@dataclass(frozen=True)
class Case:
    """A device, and what can be done with it."""

    make: Callable[[Any], Any]
    axis: str = ""
    """The part that can be moved; nothing: itself."""
    beyond: float | None = 2000.0
    """A place out of its reach; None: it cannot be moved."""
    needs: str = ""
    """A PV that not every server can have."""

    def axis_of(self, device: Any) -> Any:
        return getattr(device, self.axis) if self.axis else device


CASES = {
    "axis": Case(lambda transport: Axis("T:", "axis", transport)),
    "done-axis": Case(lambda transport: DoneAxis("T:", "axis", transport)),
    "slits": Case(lambda transport: Slits("T:", "slits", transport), axis="gap", beyond=4500.0),
    "motor": Case(lambda transport: Motor("T:m1", "motor", transport), needs="T:m1.RBV"),
    "counter": Case(lambda transport: Counter("T:", "counter", transport), beyond=None),
}
MOVABLE = {name: case for name, case in CASES.items() if case.beyond is not None}


def made(case: Case, transport: Any) -> Any:
    if case.needs:
        try:
            transport.connect([transport.channel(case.needs)], timeout=0.1)
        except NotConnectedError:
            pytest.skip("no motor record here")
    device = case.make(transport)
    connect(device)
    return device


@pytest.fixture(params=CASES)
def device(request: pytest.FixtureRequest, transport: Any) -> Any:
    """Each of them, connected."""
    return made(CASES[request.param], transport)


@pytest.fixture(params=MOVABLE)
def movable(request: pytest.FixtureRequest, transport: Any) -> tuple[Any, Any, float]:
    """A device, its axis, and a place out of its reach."""
    case = MOVABLE[request.param]
    device = made(case, transport)
    assert case.beyond is not None
    return device, case.axis_of(device), case.beyond


@pytest.fixture
def documents(transport: Any) -> Iterator[Callable[[Any], list[tuple[str, Any]]]]:
    """``documents(plan)``: what a run of it says, held against event-model's schemas."""
    engine = RunEngine({}, clock=transport.clock)

    def run(plan: Any) -> list[tuple[str, Any]]:
        said: list[tuple[str, Any]] = []
        engine(plan, lambda name, document: said.append((name, document)))
        for name, document in said:
            schema_validators[DocumentNames[name]].validate(document)
        return said

    return run


def test_what_is_read_is_what_is_described(device: Any) -> None:
    assert list(device.read()) == list(device.describe())
    assert list(device.read_configuration()) == list(device.describe_configuration())
    assert set(device.hints["fields"]) <= set(device.read())


def test_all_can_be_kept(device: Any) -> None:
    before = device.read()
    device.keep()
    assert device.read() == before


def test_a_subscriber_hears_whole_readings(device: Any) -> None:
    heard: list[dict[str, Any]] = []
    device.subscribe(heard.append)
    assert device.clock.wait(lambda: bool(heard), PATIENCE_S)
    device.clear_sub(heard.append)
    assert set(heard[0]) == set(device.describe())


def test_it_stages_and_unstages(device: Any) -> None:
    device.stage().wait(PATIENCE_S)
    device.unstage().wait(PATIENCE_S)


def test_it_goes_where_it_is_sent(movable: tuple[Any, Any, float]) -> None:
    _, axis, _ = movable
    for target in POINTS:
        axis.set(target).wait(PATIENCE_S)
        assert axis.locate() == {"setpoint": target, "readback": target}
        assert not axis.moving


def test_it_goes_nowhere_beyond_its_limits(movable: tuple[Any, Any, float]) -> None:
    _, axis, beyond = movable
    here = axis.position
    with pytest.raises(LimitsError, match="mm is outside"):
        axis.set(beyond)
    assert axis.position == here


def test_a_scan_has_events_from_where_it_was_to_go(
    movable: tuple[Any, Any, float], documents: Callable[[Any], Any]
) -> None:
    device, axis, _ = movable
    said = documents(bp.list_scan([device] if device is not axis else [], axis, POINTS))
    events = [document for name, document in said if name == "event"]
    assert [event["data"][axis.name] for event in events] == pytest.approx(POINTS)


def test_a_scan_of_what_is_kept_is_never_behind(
    movable: tuple[Any, Any, float], documents: Callable[[Any], Any]
) -> None:
    device, axis, _ = movable
    device.keep()
    axis.keep()
    targets = [float(number) for number in range(40)]
    said = documents(bp.list_scan([], axis, targets))
    events = [document for name, document in said if name == "event"]
    assert [event["data"][axis.name] for event in events] == pytest.approx(targets)


def test_a_count_takes_its_preset(transport: Any, documents: Callable[[Any], Any]) -> None:
    counter = Counter("T:", "counter", transport)
    connect(counter)
    counter.preset_ms.set(500.0).wait(PATIENCE_S)
    counter.sample.set("gold").wait(PATIENCE_S)
    said = documents(bp.count([counter], 3))
    events = [document for name, document in said if name == "event"]
    assert [event["data"]["counter"] for event in events] == [500.0] * 3
    (descriptor,) = [document for name, document in said if name == "descriptor"]
    configuration = descriptor["configuration"]["counter"]
    assert configuration["data"] == {
        "counter_preset": 0.5,
        "counter_sample": "gold",
        "counter_preset_ms": 500.0,
    }
    assert configuration["data_keys"]["counter_preset_ms"]["units"] == "ms"
    assert counter.count.get() is Counting.DONE


def test_a_setpoint_is_waited_for_by_its_readback(transport: Any) -> None:
    signal = SignalRW(float, transport, "T:move", readback="T:rbv", name="x")
    connect(signal)
    signal.set_and_wait(7.25, timeout=PATIENCE_S).wait()
    assert signal.get() == 7.25


def test_whatever_is_not_as_declared_is_told_at_once(transport: Any) -> None:
    class Mode(StrEnum):
        OFF = "off"
        ON = "on"

    class Wrong(Device):
        mode: SignalRW[Mode] = pv("mode")
        name_of: SignalR[float] = pv("name")
        wave: SignalR[int] = pv("wave")
        x: SignalR[float] = pv("x")
        nowhere: SignalR[float] = pv("nowhere")

    with pytest.raises(NotConnectedError) as raised:
        Wrong("T:", "wrong", transport).connect(timeout=0.3)
    first, *rest = str(raised.value).splitlines()
    assert first == "wrong: 4 of 5 PVs are not there as declared:"
    assert rest[:3] == [
        "  T:mode: an enum (off, on, auto); wrong_mode is declared Mode (off, on)",
        "  T:name: a string (|S40); wrong_name_of is declared float",
        "  T:wave: an array of 1000 x <f8; wrong_wave is declared int",
    ]
    assert rest[3].startswith("  T:nowhere: ")


def test_connections_can_be_watched(device: Any) -> None:
    connected = Connected(device)
    heard: list[dict[str, Any]] = []
    connected.subscribe(heard.append)
    assert [reading[connected.name]["value"] for reading in heard] == [True]
    assert connected.missing() == []
    connected.clear_sub(heard.append)
