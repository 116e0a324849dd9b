"""Scanning on the timeline; that it is as in EPICS is in the conformance table."""

import pytest

from beamtwin.orchestration.errors import DeadlockError
from beamtwin.twin.database import Database
from beamtwin.twin.records import CalcRecord


@pytest.fixture
def database(clock):
    return Database(clock)


def scanned(database, name, **fields):
    """A record that notes when it is processed."""
    record = database.add(CalcRecord(database.clock, name, CALC="VAL+1", **fields))
    times = []
    record.subscribe("VAL", lambda reading: times.append((database.clock.env.now, name)))
    times.clear()
    return record, times


def test_passive_records_leave_the_timeline_empty(clock, database):
    scanned(database, "x")
    with pytest.raises(DeadlockError):
        clock.wait(lambda: False)


def test_records_are_scanned_at_multiples_of_their_period(clock, database):
    clock.sleep(0.35)
    _, times = scanned(database, "x", SCAN=".5 second")
    clock.sleep(1.4)
    assert [time for time, _ in times] == [0.5, 1.0, 1.5]


def test_records_of_one_period_are_scanned_by_phase_and_then_in_their_order(clock, database):
    order = []
    for name, phase in (("a", 2), ("b", 1), ("c", 1)):
        record, _ = scanned(database, name, SCAN="1 second", PHAS=phase)
        record.subscribe("VAL", lambda reading, name=name: order.append(name))
    order.clear()
    clock.sleep(1.5)
    assert order == ["b", "c", "a"]
    database.records["a"].put("PHAS", 0)
    clock.sleep(1.0)
    assert order[3:] == ["a", "b", "c"]


def test_a_record_that_is_passive_again_leaves_the_timeline_empty(clock, database):
    record, times = scanned(database, "x", SCAN="1 second")
    clock.sleep(2.5)
    record.put("SCAN", "Passive")
    with pytest.raises(DeadlockError):
        clock.wait(lambda: False)
    assert len(times) == 2


def test_a_period_can_be_changed(clock, database):
    record, times = scanned(database, "x", SCAN="10 second")
    record.put("SCAN", "2 second")
    clock.sleep(4.5)
    assert [time for time, _ in times] == [2.0, 4.0]


def test_events_are_told_by_name_or_number(database):
    records = {
        event: scanned(database, f"x{event}", SCAN="Event", EVNT=event)[1] for event in ("go", "7")
    }
    for event in ("go", "7.0", " go ", "", "stop"):
        database.post_event(event)
    assert {event: len(times) for event, times in records.items()} == {"go": 2, "7": 1}


def test_a_database_without_such_an_event_does_nothing(database):
    database.post_event("go")
