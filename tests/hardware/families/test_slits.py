"""Slits whose gaps and centres the IOC makes."""

from collections.abc import Callable
from typing import Any

import pytest

from beamtwin.hardware.slits import MotorSlits, VirtualMotorSlits, VirtualSlits
from beamtwin.orchestration import plans
from beamtwin.orchestration.errors import LimitsError, MoveError
from beamtwin.twin.clock import SimClock
from beamtwin.twin.database import Database

PREFIX = "XF:11IDB-OP{Slt:BDS"
BLADES: dict[str, Any] = {
    "*": {"VELO": 0.5, "ACCL": 0.1, "LLM": -3.0, "HLM": 3.0, "MRES": 1e-5, "PREC": 5},
    "top": {"VAL": 0.5},
    "bottom": {"VAL": -0.5},
}
PLACES = ("top", "bottom", "outboard", "inboard")


@pytest.fixture
def s2(twin: Callable[..., Any]) -> VirtualMotorSlits:
    return twin(VirtualMotorSlits, PREFIX, BLADES, name="s2")


def blades(slits: Any) -> list[float]:
    return [getattr(slits, blade).position for blade in PLACES]


def test_their_pvs_are_nsls2s(s2: VirtualMotorSlits, database: Database) -> None:
    for pv in ("-Ax:X}size", "-Ax:Y}center", "-Ax:X}t2.C", "-Ax:Y}t2.D", "-Ax:X}DMOV", "-Ax:T}Mtr"):
        database.channel(PREFIX + pv).get()
    assert s2.h_gap.readback.metadata.units == "mm"


def test_a_virtual_gap_moves_both_blades_and_waits_for_them(
    s2: VirtualMotorSlits, clock: SimClock
) -> None:
    assert s2.v_gap.position == 1.0
    status = s2.v_gap.set(2.0)
    clock.sleep(0.5)
    assert s2.v_gap.moving
    assert 1.0 < s2.v_gap.position < 2.0
    status.wait()
    assert clock.time() - clock.epoch == pytest.approx(1.1)
    assert blades(s2) == [1.0, -1.0, 0.0, 0.0]
    assert not s2.v_gap.moving


def test_all_four_at_once(s2: VirtualMotorSlits) -> None:
    target = {"h_gap": 0.02, "h_center": 0.1, "v_gap": 0.05, "v_center": -0.2}
    s2.set(target).wait()
    assert blades(s2) == pytest.approx([-0.175, -0.225, 0.11, 0.09])
    assert s2.locate()["readback"] == pytest.approx(target)


def test_a_scan_of_a_virtual_centre(s2: VirtualMotorSlits, run: Callable[[Any], Any]) -> None:
    documents = run(plans.scan([s2], s2.v_center, -0.1, 0.1, 3))
    events = [document for name, document in documents if name == "event"]
    assert [event["data"]["s2_v_center"] for event in events] == pytest.approx([-0.1, 0.0, 0.1])
    assert [event["data"]["s2_top"] for event in events] == pytest.approx([0.4, 0.5, 0.6])


def test_limits_follow_the_blades(s2: VirtualMotorSlits) -> None:
    with pytest.raises(LimitsError, match=r"s2_v_gap_setpoint: 7 mm is outside \[-6, 6\] mm"):
        s2.v_gap.set(7.0)
    s2.top.high_limit_travel.set(1.0).wait()
    message = r"s2_v_gap_setpoint: 5 mm is outside \[-6, 4\] mm \(control limits of .*size\)"
    with pytest.raises(LimitsError, match=message):
        s2.v_gap.set(5.0)


def test_a_blade_at_its_limit_fails_the_move(s2: VirtualMotorSlits) -> None:
    s2.v_center.set(2.0).wait()
    with pytest.raises(MoveError, match=r"s2_v_gap: did not get to 4 mm: it came to rest before"):
        s2.v_gap.set(4.0).wait()


def test_a_stuck_blade_fails_the_move(s2: VirtualMotorSlits, database: Database) -> None:
    database.records[f"{PREFIX}-Ax:T}}Mtr"].stuck = True  # type: ignore[attr-defined]
    with pytest.raises(Exception, match="s2_v_gap: move to 2 mm: not done after 5 s"):
        s2.v_gap.set(2.0, timeout=5.0).wait()


def test_stopping_an_axis_holds_it_and_stopping_the_slits_stops_the_blades(
    s2: VirtualMotorSlits, clock: SimClock
) -> None:
    status = s2.v_gap.set(3.0)
    clock.sleep(0.5)
    s2.v_gap.stop()
    with pytest.raises(MoveError, match="it was stopped"):
        status.wait()
    assert s2.v_gap.position == pytest.approx(s2.v_gap.setpoint.get())
    assert 1.0 < s2.v_gap.position < 2.0
    status = s2.v_center.set(1.0)
    clock.sleep(0.5)
    s2.stop()
    with pytest.raises(MoveError, match="it was stopped"):
        status.wait()
    assert s2.v_center.position < 0.5


def test_a_gap_that_is_sent_elsewhere_goes_there_at_once(
    s2: VirtualMotorSlits, clock: SimClock
) -> None:
    first = s2.v_gap.set(5.0)
    clock.sleep(0.5)
    s2.v_gap.set(1.0).wait()
    assert isinstance(first.exception(), MoveError)
    assert s2.v_gap.position == pytest.approx(1.0)
    assert clock.time() - clock.epoch < 2.0


def test_nothing_happens_while_nobody_moves_them(s2: VirtualMotorSlits, clock: SimClock) -> None:
    s2.read()
    s2.v_gap.set(2.0).wait()
    assert clock.env.peek() == float("inf")


def test_front_end_slits_have_blades_that_nobody_declares(
    twin: Callable[..., Any], database: Database
) -> None:
    fe = twin(
        VirtualSlits, "FE:C11A-OP{Slt:12", {"h_gap": {"VAL": 0.2}, "v_gap": {"VAL": 1.0}}, name="fe"
    )
    assert fe.locate()["readback"] == {"h_gap": 0.2, "h_center": 0.0, "v_gap": 1.0, "v_center": 0.0}
    fe.set({"h_gap": 0.4, "v_center": 0.1}).wait()
    assert database.channel("FE:C11A-OP{Slt:12-Ax:T}Mtr").get().value == pytest.approx(0.6)


def test_gaps_and_centres_that_are_soft_motors(twin: Callable[..., Any], clock: SimClock) -> None:
    pbs = twin(MotorSlits, "XF:11IDA-OP{Slt:PB", BLADES, name="pbs")
    assert pbs.v_gap.locate() == {"setpoint": 1.0, "readback": 1.0}
    pbs.v_gap.set(2.0).wait()
    assert blades(pbs) == [1.0, -1.0, 0.0, 0.0]
    pbs.set({"v_gap": 1.0, "v_center": 0.25, "h_gap": 0.5}).wait()
    assert blades(pbs) == pytest.approx([0.75, -0.25, 0.25, -0.25])
    pbs.top.set(1.0).wait()
    assert (pbs.v_gap.position, pbs.v_center.position) == pytest.approx((1.25, 0.375))
    status = pbs.v_gap.set(3.0)
    clock.sleep(0.3)
    pbs.v_gap.stop()
    with pytest.raises(MoveError, match="pbs_v_gap: did not get to 3 mm: it was stopped"):
        status.wait()
