"""Motor records without a motor of their own."""

import pytest

from beamtwin.hardware.slits import CENTER, GAP
from beamtwin.twin.clock import SimClock
from beamtwin.twin.counterparts.soft_motor import SoftMotorRecord
from beamtwin.twin.records import MotorRecord

AXIS = {"VELO": 1.0, "ACCL": 0.5, "MRES": 1e-4, "LLM": -5.0, "HLM": 5.0}


@pytest.fixture
def blades(clock: SimClock) -> list[MotorRecord]:
    return [
        MotorRecord(clock, name, VAL=place, **AXIS) for name, place in (("T", 1.0), ("B", -1.0))
    ]


@pytest.fixture
def gap(clock: SimClock, blades: list[MotorRecord]) -> SoftMotorRecord:
    return SoftMotorRecord(clock, "gap", blades, GAP, EGU="mm", **AXIS | {"HLM": 10.0})


def places(*records: MotorRecord) -> list[float]:
    return [record.read("RBV").value for record in records]


def test_it_is_where_the_others_are(gap: SoftMotorRecord, blades: list[MotorRecord]) -> None:
    assert (gap.read("VAL").value, gap.read("RBV").value, gap.position) == (2.0, 2.0, 2.0)
    assert gap.values["LVIO"] == 0


def test_a_move_takes_as_long_as_the_others_and_its_put_completes_then(
    gap: SoftMotorRecord, blades: list[MotorRecord], clock: SimClock
) -> None:
    posted: list[tuple[str, float]] = []
    for field in ("DMOV", "MOVN"):
        gap.subscribe(field, lambda reading, field=field: posted.append((field, reading.value)))
    posted.clear()
    status = gap.put("VAL", 4.0)
    assert status is not None
    clock.sleep(0.75)
    assert gap.read("RBV").value == pytest.approx(3.0)
    status.wait()
    assert clock.env.now == 1.5
    assert places(gap, *blades) == [4.0, 2.0, -2.0]
    assert posted == [("DMOV", 0), ("MOVN", 1), ("MOVN", 0), ("DMOV", 1)]


def test_monitors_hear_of_a_blade_that_moves_by_itself(
    gap: SoftMotorRecord, blades: list[MotorRecord]
) -> None:
    heard: list[float] = []
    end = gap.subscribe("RBV", lambda reading: heard.append(reading.value))
    blades[0].put("VAL", 2.0).wait()  # type: ignore[union-attr]
    assert heard[0] == 2.0
    assert heard[-1] == 3.0
    assert len(heard) > 5
    end()
    blades[0].put("VAL", 1.0).wait()  # type: ignore[union-attr]
    assert heard[-1] == 3.0
    assert not blades[0].monitors


def test_stopping_it_stops_the_others(
    gap: SoftMotorRecord, blades: list[MotorRecord], clock: SimClock
) -> None:
    status = gap.put("VAL", 8.0)
    clock.sleep(1.0)
    gap.send("STOP", 1)
    assert status is not None
    status.wait()
    assert clock.env.now < 2.0
    assert gap.values["VAL"] == pytest.approx(gap.position)
    assert not blades[0].axis.moving


def test_gap_and_centre_at_once_take_turns(
    gap: SoftMotorRecord, blades: list[MotorRecord], clock: SimClock
) -> None:
    center = SoftMotorRecord(clock, "center", blades, CENTER, **AXIS)
    first, second = gap.put("VAL", 4.0), center.put("VAL", 1.0)
    assert first is not None
    assert second is not None
    first.wait()
    second.wait()
    assert places(gap, center, *blades) == pytest.approx([4.0, 1.0, 3.0, -1.0])


def test_a_move_that_a_blade_refuses_ends_where_it_is(
    gap: SoftMotorRecord, blades: list[MotorRecord]
) -> None:
    blades[0].put("HLM", 2.0)
    status = gap.put("VAL", 6.0)
    assert status is not None
    status.wait()
    assert gap.read("RBV").value == pytest.approx(4.0)  # the other blade has gone
    assert gap.values["DMOV"] == 1


def test_beyond_its_own_limits_nothing_moves(
    gap: SoftMotorRecord, blades: list[MotorRecord]
) -> None:
    gap.put("VAL", 11.0)
    assert gap.values["LVIO"] == 1
    assert places(*blades) == [1.0, -1.0]


def test_it_is_as_near_as_the_steps_of_the_others_let_it_be(
    gap: SoftMotorRecord, blades: list[MotorRecord]
) -> None:
    assert gap.values["RDBD"] == pytest.approx(3e-4)
    status = gap.put("VAL", 0.120101)
    assert status is not None
    status.wait()
    assert abs(gap.read("RBV").value - 0.120101) < gap.values["RDBD"]


def test_it_neither_jogs_nor_looks_for_its_home(gap: SoftMotorRecord, clock: SimClock) -> None:
    gap.send("JOGF", 1)
    gap.send("JOGF", 0)
    gap.send("HOMF", 1)
    clock.sleep(10.0)
    assert gap.position == 2.0
