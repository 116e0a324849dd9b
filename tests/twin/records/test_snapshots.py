"""State and restore of records, one by one and all together."""

import json

import numpy as np
import pytest

from beamtwin.hardware.channel import SEVERITIES, STATUSES
from beamtwin.orchestration.errors import StateError
from beamtwin.orchestration.status import Status
from beamtwin.twin.clock import SimClock
from beamtwin.twin.database import Database
from beamtwin.twin.records import (
    AiRecord,
    AoRecord,
    AsubRecord,
    BoRecord,
    BusyRecord,
    CalcoutRecord,
    CalcRecord,
    LsoRecord,
    MbboRecord,
    ScalerRecord,
    StringoutRecord,
    TextRecord,
    TransformRecord,
    WaveformRecord,
)


def copied(record, make):
    """Another record, in the state of one, through JSON."""
    other = make(SimClock(epoch=0.0))
    other.restore(json.loads(json.dumps(record.state())))
    return other


MADE = {
    "ai": (
        lambda clock: AiRecord(clock, "x", HIGH=5.0, HSV="MAJOR"),
        [("VAL", 6.0), ("EGU", "mm")],
    ),
    "ao": (lambda clock: AoRecord(clock, "x", OROC=1.0), [("VAL", 3.0)]),
    "bo": (lambda clock: BoRecord(clock, "x", ZNAM="a", ONAM="b"), [("VAL", "b"), ("ONAM", "c")]),
    "mbbo": (
        lambda clock: MbboRecord(clock, "x", states=("a", "b")),
        [("VAL", "b"), ("ONST", "c")],
    ),
    "stringout": (lambda clock: StringoutRecord(clock, "x"), [("VAL", "text")]),
    "lso": (lambda clock: LsoRecord(clock, "x", SIZV=200), [("VAL", "x" * 150)]),
    "waveform": (lambda clock: WaveformRecord(clock, "x", dtype="<i4", count=5), [("VAL", [1, 2])]),
    "texts": (
        lambda clock: WaveformRecord(clock, "x", FTVL="STRING", NELM=5),
        [("VAL", ["a", "bc"])],
    ),
    "path": (lambda clock: TextRecord(clock, "x"), [("VAL", "/data/é")]),
    "calc": (lambda clock: CalcRecord(clock, "x", CALC="A*2"), [("A", 3.0), ("CALC", "A*3")]),
    "transform": (lambda clock: TransformRecord(clock, "x", CLCB="A*2"), [("A", 3.0)]),
    "aSub": (lambda clock: AsubRecord(clock, "x", NOA=3), [("A", [1.0, 2.0])]),
}


@pytest.mark.parametrize(("make", "puts"), MADE.values(), ids=MADE)
def test_a_restored_record_is_as_it_was_and_goes_on(clock, make, puts):
    record = make(clock)
    for field, value in puts:
        record.put(field, value)
    other = copied(record, make)
    assert set(other.values) == set(record.values)
    for field, value in record.values.items():
        assert np.array_equal(other.values[field], value), field
    assert other.timestamp == record.timestamp
    assert other.state() == record.state()
    for each in (record, other):
        each.process()
    assert np.array_equal(other.values["VAL"], record.values["VAL"])


def test_a_state_has_what_is_not_the_types_default(clock):
    record = AoRecord(clock, "x", EGU="mm")
    record.put("VAL", 2.5)
    state = record.state()
    assert (state["VAL"], state["EGU"], state["TIME"]) == (2.5, "mm", clock.time())
    assert not {"HIGH", "NAME", "RTYP", "DESC"} & state.keys()


def test_what_has_changed_since_is_undone_and_told(clock):
    record = AoRecord(clock, "x", VAL=1.0)
    state = record.state()
    heard = []
    record.subscribe("VAL", lambda reading: heard.append((reading.value, reading.timestamp)))
    clock.sleep(5.0)
    record.put("VAL", 2.0)
    record.put("HIGH", 7.0)
    record.restore(state)
    assert (record.values["VAL"], record.values["HIGH"]) == (1.0, 0.0)
    began = clock.epoch
    assert heard == [(1.0, began), (2.0, began + 5.0), (1.0, began)]


def test_an_alarm_that_was_injected_is_restored_and_ends(clock):
    record = AiRecord(clock, "x")
    record.set_alarm(SEVERITIES.index("MAJOR"), STATUSES.index("COMM"))
    other = copied(record, lambda clock: AiRecord(clock, "x"))
    other.post("VAL", 1.0)
    assert other.values["STAT"] == STATUSES.index("COMM")
    other.set_alarm(0)
    assert other.values["SEVR"] == 0


# --- all together


@pytest.fixture
def database(clock):
    return Database(clock)


def test_a_database_is_restored_without_anything_following_from_it(clock, database):
    """Links that follow a field do not take what is restored for a change."""
    written = []
    source = database.add(AoRecord(clock, "y"))
    database.add(AoRecord(clock, "z", on_put=written.append))
    database.add(CalcoutRecord(clock, "x", CALC="A*2", INPA="y CP", OUT="z PP"))
    source.put("VAL", 3.0)
    states = json.loads(json.dumps(database.state()))
    source.put("VAL", 5.0)
    written.clear()
    database.restore(states)
    assert [database.records[name].values["VAL"] for name in "xyz"] == [6.0, 3.0, 6.0]
    assert written == []
    source.put("VAL", 4.0)
    assert written == [8.0]


def test_links_and_scanning_are_restored(clock, database):
    database.add(AoRecord(clock, "y", VAL=1.0))
    database.add(AoRecord(clock, "z", VAL=2.0))
    calc = database.add(CalcRecord(clock, "x", CALC="A", INPA="y", SCAN="1 second"))
    states = database.state()
    calc.put("INPA", "z")
    calc.put("SCAN", "Passive")
    database.restore(states)
    clock.sleep(1.5)
    assert calc.values["VAL"] == 1.0


def test_records_without_a_state_stay_as_they_are(clock, database):
    database.add(AoRecord(clock, "y", VAL=1.0))
    database.restore({})
    assert database.records["y"].values["VAL"] == 1.0


def test_unknown_records_are_named_and_nothing_is_changed(clock, database):
    record = database.add(AoRecord(clock, "y", VAL=1.0))
    with pytest.raises(StateError, match="no records a, b, c and 2 more"):
        database.restore({"y": {"VAL": 5.0}, **{name: {} for name in "abcde"}})
    assert record.values["VAL"] == 1.0


@pytest.mark.parametrize(
    ("make", "field", "doing"),
    [
        (lambda clock: ScalerRecord(clock, "x", TP=2.0), "CNT", r"x \(counts for 2 s\)"),
        (lambda clock: BusyRecord(clock, "x"), "VAL", r"x \(it is busy\)"),
        (lambda clock: BoRecord(clock, "x", HIGH=2.0), "VAL", r"x \(it is HIGH for a while\)"),
        (lambda clock: CalcoutRecord(clock, "x", ODLY=2.0), "PROC", r"x \(it is being processed\)"),
    ],
)
def test_records_under_way_are_named(clock, database, make, field, doing):
    record = database.add(make(clock))
    states = database.state()
    record.put(field, 1)
    for access in (database.state, lambda: database.restore(states)):
        with pytest.raises(StateError, match=rf"not at rest: {doing}"):
            access()


def test_a_model_that_is_busy_is_its_own_affair(clock, database):
    record = database.add(AoRecord(clock, "x", on_put=lambda _: Status(clock)))
    record.put("VAL", 1.0)
    assert database.state()["x"]["VAL"] == 1.0
