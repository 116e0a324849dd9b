"""Records that follow from others."""

from math import inf

import pytest

from beamtwin.orchestration.errors import PutError
from beamtwin.twin.clock import SimClock
from beamtwin.twin.counterparts.derived import DerivedRecord, SampledRecord
from beamtwin.twin.records import AoRecord, MotorRecord


def test_outputs_follow_from_their_sources(clock: SimClock) -> None:
    a, b = AoRecord(clock, "a", VAL=1.0), AoRecord(clock, "b", VAL=2.0)
    total = DerivedRecord(
        clock,
        "t",
        {"C": lambda x, y: x + y, "D": lambda x, y: x - y},
        [(a, "VAL"), (b, "VAL")],
        EGU="mm",
    )
    assert (total.read("C").value, total.read("D").value) == (3.0, -1.0)
    a.put("VAL", 5.0)
    assert total.read("C").value == 7.0
    assert total.metadata("C").units == "mm"
    with pytest.raises(PutError, match=r"t.C: 1.0 refused: this field is read-only"):
        total.put("C", 1.0)


def test_sources_are_monitored_while_anybody_listens(clock: SimClock) -> None:
    a, b = AoRecord(clock, "a", VAL=1.0), AoRecord(clock, "b", VAL=2.0)
    total = DerivedRecord(clock, "t", {"VAL": lambda x, y: x + y}, [(a, "VAL"), (b, "VAL")])
    heard: list[float] = []
    first = total.subscribe("VAL", lambda reading: heard.append(reading.value))
    second = total.subscribe("VAL", lambda reading: None)
    a.put("VAL", 2.0)
    b.put("VAL", 5.0)
    assert heard == [3.0, 4.0, 7.0]
    first()
    assert "VAL" in a.monitors
    second()
    assert not a.monitors
    a.put("VAL", 0.0)
    assert (heard[-1], total.read().value) == (7.0, 5.0)


def test_a_moving_motor_is_read_where_it_is(clock: SimClock) -> None:
    motor = MotorRecord(clock, "m", VELO=1.0, ACCL=0.5, MRES=1e-3)
    twice = DerivedRecord(clock, "t", {"VAL": lambda x: 2 * x}, [(motor, "RBV")])
    motor.put("VAL", 10.0)
    clock.sleep(5.25)
    assert twice.read().value == pytest.approx(10.0)


def test_a_sample_is_taken_when_it_is_read(clock: SimClock) -> None:
    record = SampledRecord(clock, "s", clock.time, period_s=2.0)
    clock.sleep(1.5)
    assert record.read().value == clock.time()
    heard: list[float] = []
    end = record.subscribe("VAL", lambda reading: heard.append(reading.value))
    clock.sleep(5.0)
    assert heard == [clock.epoch + when for when in (1.5, 3.5, 5.5)]
    end()
    clock.sleep(5.0)
    assert len(heard) == 3
    assert clock.env.peek() in (inf, clock.env.now)
