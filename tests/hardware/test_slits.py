from collections.abc import Callable
from typing import Any

import pytest

from beamtwin.hardware.device import Device, sub
from beamtwin.hardware.motor import Motor
from beamtwin.hardware.positioner import PseudoAxis, Transform, pseudo
from beamtwin.hardware.slits import CENTER, GAP, CenterGapSlits, Slits
from beamtwin.hardware.soft import SoftTransport
from beamtwin.orchestration.errors import DeclarationError, LimitsError, MoveError
from beamtwin.orchestration.status import wait
from beamtwin.twin.clock import SimClock

ServeMotor = Callable[..., Any]
PREFIX = "XF:11IDB-OP{Slt:2"


@pytest.fixture
def blades(serve_motor: ServeMotor) -> dict[str, Any]:
    places = {"T": 1.0, "B": -1.0, "O": 2.5, "I": 1.5}
    return {blade: serve_motor(f"{PREFIX}-Ax:{blade}}}Mtr", at) for blade, at in places.items()}


@pytest.fixture
def slits(blades: dict[str, Any], transport: SoftTransport) -> Slits:
    device = Slits(PREFIX, "s2", transport)
    device.connect()
    return device


def places(slits: Slits) -> list[float]:
    return [blade.position for blade in (slits.top, slits.bottom, slits.outboard, slits.inboard)]


def test_gaps_and_centres_follow_from_the_blades(slits: Slits) -> None:
    readings = slits.read()
    values = [readings[f"s2_{axis}"]["value"] for axis in Slits.axes]
    assert values == [1.0, 2.0, 2.0, 0.0]
    assert slits.hints["fields"] == [f"s2_{axis}" for axis in Slits.axes]
    assert list(slits.v_gap.read()) == ["s2_v_gap", "s2_v_gap_user_setpoint"]
    assert slits.v_gap.hints == {"fields": ["s2_v_gap"]}
    key = slits.v_gap.describe()["s2_v_gap"]
    assert key["source"] == "derived from s2_top, s2_bottom"
    assert (key["units"], key["precision"]) == ("mm", 3)
    assert "limits" not in key


def test_a_gap_opens_around_its_centre_and_a_centre_moves_with_its_gap(slits: Slits) -> None:
    slits.v_gap.set(3.0).wait()
    slits.h_center.set(0.0).wait()
    assert places(slits) == [1.5, -1.5, 0.5, -0.5]
    assert slits.v_gap.locate() == {"setpoint": 3.0, "readback": 3.0}
    assert slits.v_gap.position == 3.0


@pytest.mark.parametrize(("transform", "other"), [(GAP, CENTER), (CENTER, GAP)])
@pytest.mark.parametrize("value", [-3.0, 0.0, 0.012, 7.5])
def test_a_transform_goes_there_and_keeps_the_other(
    transform: Transform, other: Transform, value: float
) -> None:
    plus, minus = 1.75, -0.5
    there = transform.forward(value, plus, minus)
    assert transform.inverse(*there) == pytest.approx(value, abs=1e-12)
    assert other.inverse(*there) == pytest.approx(other.inverse(plus, minus), abs=1e-12)


def test_blades_move_together(slits: Slits, clock: SimClock) -> None:
    status = slits.v_gap.set(6.0)
    assert slits.v_gap.moving
    status.wait()
    assert clock.time() - clock.epoch == 2.0
    assert not slits.v_gap.moving


def test_gap_and_centre_can_be_set_at_once(slits: Slits) -> None:
    slits.set({"v_gap": 0.5, "v_center": 2.0, "h_gap": 0.2}).wait()
    assert places(slits) == pytest.approx([2.25, 1.75, 2.1, 1.9])
    assert slits.locate()["setpoint"]["v_center"] == pytest.approx(2.0)


def test_no_blade_moves_unless_all_may(slits: Slits, blades: dict[str, Any]) -> None:
    blades["B"].post("LLM", -2.0)
    message = (
        r"s2_v_gap = 6 mm is out of reach: s2_bottom: -3 mm is outside \[-2, 10\] mm"
        r" \(soft limits of XF:11IDB-OP\{Slt:2-Ax:B\}Mtr\)"
    )
    for ask in (slits.v_gap.set, slits.v_gap.check_value):
        with pytest.raises(LimitsError, match=message):
            ask(6.0)
    with pytest.raises(LimitsError, match=message):
        slits.check_value({"v_gap": 6.0})
    with pytest.raises(LimitsError, match=r"s2_h_gap = 1 mm, s2_v_gap = 6 mm is out of reach"):
        slits.set({"h_gap": 1.0, "v_gap": 6.0})
    assert places(slits) == [1.0, -1.0, 2.5, 1.5]


def test_an_unknown_axis_is_named_with_those_there_are(slits: Slits) -> None:
    with pytest.raises(LimitsError, match=r"s2: no axis v_size; it has h_gap, h_center, v_gap"):
        slits.set({"v_size": 1.0})


def test_errors_of_the_readback_do_not_add_up(slits: Slits, blades: dict[str, Any]) -> None:
    blades["T"].post("RBV", 1.0004)
    slits.v_gap.set(4.0).wait()
    assert blades["T"].read("VAL") == 2.0


def test_the_move_fails_with_its_first_blade(slits: Slits, blades: dict[str, Any]) -> None:
    blades["T"].reach = 1.2
    with pytest.raises(MoveError, match="s2_top: did not get to 2 mm"):
        slits.v_gap.set(4.0).wait()


def test_stopping_stops_all_blades(slits: Slits, clock: SimClock) -> None:
    statuses = [slits.v_gap.set(4.0), slits.h_gap.set(3.0)]
    clock.sleep(0.5)
    slits.stop(success=True)
    wait(clock, statuses)
    assert places(slits) == [1.5, -1.5, 3.0, 1.0]


def test_stopping_a_pseudo_axis_stops_its_blades_alone(slits: Slits, clock: SimClock) -> None:
    stopped, other = slits.v_gap.set(4.0), slits.h_gap.set(3.0)
    clock.sleep(0.5)
    slits.v_gap.stop()
    assert isinstance(stopped.exception(None), MoveError)
    other.wait()
    assert places(slits) == [1.5, -1.5, 3.5, 0.5]


def test_other_blades_are_a_table(transport: SoftTransport, serve_motor: ServeMotor) -> None:
    class Jaws(Device):
        upper: Motor = sub("m1")
        lower: Motor = sub("m2")
        gap: PseudoAxis = pseudo(GAP, "upper", "lower")

    serve_motor("Jaws:m1", 2.0)
    serve_motor("Jaws:m2", 1.0)
    jaws = Jaws("Jaws:", "jaws", transport)
    jaws.connect()
    assert jaws.gap.position == 1.0


def test_a_pseudo_axis_comes_after_its_motors(transport: SoftTransport) -> None:
    class Wrong(Device):
        gap: PseudoAxis = pseudo(Transform(min, lambda *_: ()), "top")

    with pytest.raises(DeclarationError, match=r"Wrong.gap: declare top before it"):
        Wrong("W:", "w", transport)


def test_centres_and_gaps_can_be_motors(transport: SoftTransport, serve_motor: ServeMotor) -> None:
    for axis in ("XGap", "XCtr", "YGap", "YCtr"):
        serve_motor(f"{PREFIX}-Ax:{axis}}}Mtr", 0.5)
    slits = CenterGapSlits(PREFIX, "s2", transport)
    slits.connect()
    slits.set({"h_gap": 0.05, "v_center": 1.0}).wait()
    assert (slits.h_gap.position, slits.v_center.position) == (0.05, 1.0)
    message = (
        r"s2_h_gap: 12.5 mm is outside \[-10, 10\] mm"
        r" \(soft limits of XF:11IDB-OP\{Slt:2-Ax:XGap\}Mtr\)"
    )
    with pytest.raises(LimitsError, match=message):
        slits.set({"h_gap": 12.5, "v_center": 0.0})
    assert slits.v_center.position == 1.0
