"""Processing where models are behind records: what a .db file cannot say. The rest is in the conformance table."""

import pytest

from beamtwin.hardware.channel import SEVERITIES, STATUSES
from beamtwin.orchestration.errors import PutError
from beamtwin.orchestration.status import Status
from beamtwin.twin.database import Database
from beamtwin.twin.record import ALARM, LOG, NEWS, PROPERTY, VALUE
from beamtwin.twin.records import (
    AiRecord,
    AoRecord,
    BoRecord,
    BusyRecord,
    CalcoutRecord,
    CalcRecord,
    LonginRecord,
    MbbiDirectRecord,
    MbbiRecord,
    MotorRecord,
    WaveformRecord,
)

MINOR, MAJOR, INVALID = (SEVERITIES.index(name) for name in ("MINOR", "MAJOR", "INVALID"))


@pytest.fixture
def database(clock):
    return Database(clock)


def takes(clock, duration_s):
    """A model that takes its time."""

    def begin(value):
        status = Status(clock, name="a model")
        clock.after(duration_s, status.set_finished)
        return status

    return begin


def heard(record, field, events=NEWS):
    seen = []
    record.subscribe(field, lambda reading: seen.append(reading.value), events)
    seen.clear()
    return seen


def calcout(database, out=""):
    """What takes a second to write A."""
    return database.add(CalcoutRecord(database.clock, "x", CALC="A", ODLY=1.0, OUT=out))


def alarm(record):
    return SEVERITIES[record.values["SEVR"]], STATUSES[record.values["STAT"]]


# --- monitors


def test_monitors_hear_of_what_they_want(clock):
    record = AoRecord(clock, "x", MDEL=2.0, ADEL=0.5, HIGH=10.0, HSV="MINOR")
    values, archive, alarms, properties = (
        heard(record, "VAL", events) for events in (VALUE, LOG, ALARM, PROPERTY)
    )
    for value in (1.0, 3.0, 3.1, 11.0):
        record.put("VAL", value)
    record.put("EGU", "mm")
    assert (values, archive) == ([3.0, 11.0], [1.0, 3.0, 11.0])
    assert (alarms, properties) == ([11.0], [11.0])


def test_properties_are_told_to_monitors_of_every_field(clock):
    record = AoRecord(clock, "x")
    seen = heard(record, "HIGH", PROPERTY)
    record.put("PREC", 3)
    record.put("DESC", "no property")
    assert seen == [0.0]


# --- models


def test_what_a_model_posts_processes_as_io_intr_does(clock, database):
    record = database.add(AiRecord(clock, "x", FLNK="y"))
    calc = database.add(CalcRecord(clock, "y", CALC="A*2", INPA="x"))
    record.post("VAL", 4.0)
    assert calc.values["VAL"] == 8.0


def test_a_model_may_post_raw_values(clock):
    analogue = AiRecord(clock, "x", LINR="SLOPE", ESLO=0.5, EOFF=1.0)
    analogue.post("RVAL", 10)
    states = MbbiRecord(clock, "y", states=("a", "b"), ZRVL=1, ONVL=4, SHFT=1)
    states.post("RVAL", 8)
    bits = MbbiDirectRecord(clock, "z")
    bits.post("RVAL", 5)
    assert (analogue.values["VAL"], states.values["VAL"]) == (6.0, 1)
    assert [bits.values[field] for field in ("VAL", "B0", "B1", "B2")] == [5, 1, 0, 1]


def test_in_simulation_mode_nobody_looks_at_the_device(clock):
    """The way to freeze a value, or to set it by hand."""
    record = AiRecord(clock, "x", VAL=1.0, SIMS="MINOR")
    record.put("SIMM", "YES")
    record.post("VAL", 2.0)
    assert record.values["VAL"] == 1.0
    record.put("VAL", 3.0)
    assert (record.values["VAL"], alarm(record)) == (3.0, ("MINOR", "SIMM"))
    record.put("SIMM", "NO")
    record.post("VAL", 2.0)
    assert (record.values["VAL"], alarm(record)) == (2.0, ("NO_ALARM", "NO_ALARM"))


def test_in_simulation_mode_the_device_hears_nothing(clock):
    told = []
    record = AoRecord(clock, "x", on_put=told.append, SIMM="YES")
    record.put("VAL", 2.0)
    assert (record.values["VAL"], told) == (2.0, [])


def test_a_model_hears_what_the_output_is(clock):
    told = []
    record = AoRecord(clock, "x", on_put=told.append, OROC=1.0)
    record.put("VAL", 2.5)
    record.process()
    assert told == [1.0, 2.0]


def test_a_model_is_told_of_every_processing(clock, database):
    told = []
    database.add(AoRecord(clock, "x", on_put=told.append, OMSL="closed_loop", DOL="y"))
    source = database.add(AoRecord(clock, "y", FLNK="x"))
    source.put("VAL", 3.0)
    assert told == [3.0]


def test_an_output_that_ivoa_holds_back_is_no_models_business(clock):
    told = []
    record = AoRecord(
        clock, "x", on_put=told.append, HIGH=5.0, HSV="INVALID", IVOA="Don't drive outputs"
    )
    for value in (4.0, 6.0):
        record.put("VAL", value)
    assert told == [4.0]


def test_the_forward_link_waits_for_the_model_and_the_put_for_both(clock, database):
    record = database.add(AoRecord(clock, "x", on_put=takes(clock, 2.0), FLNK="y"))
    follower = database.add(CalcRecord(clock, "y", CALC="VAL+1"))
    status = record.put("VAL", 1.0)
    clock.sleep(1.0)
    assert (status.done, follower.values["VAL"]) == (False, 0.0)
    clock.sleep(1.0)
    assert (status.success, follower.values["VAL"]) == (True, 1.0)


def test_a_put_waits_for_the_motor_that_its_link_moves(clock, database):
    database.add(MotorRecord(clock, "m", VELO=1.0, ACCL=0.5))
    record = database.add(AoRecord(clock, "x", OUT="m PP"))
    status = record.put("VAL", 2.0)
    clock.wait(lambda: status.done)
    assert clock.env.now == pytest.approx(2.5)


def test_a_put_waits_for_all_that_it_sets_off(clock, database):
    database.add(AoRecord(clock, "a", on_put=takes(clock, 1.0)))
    database.add(AoRecord(clock, "b", on_put=takes(clock, 3.0)))
    record = database.add(AoRecord(clock, "x", OUT="a PP", FLNK="f"))
    database.add(AoRecord(clock, "f", VAL=1.0, OUT="b PP"))
    status = record.put("VAL", 2.0)
    clock.wait(lambda: status.done)
    assert clock.env.now == 3.0


def test_a_model_that_fails_later_fails_the_put(clock, database):
    failed = Status(clock, name="a model")
    record = database.add(AoRecord(clock, "x", on_put=lambda _: failed, FLNK="y"))
    database.add(CalcRecord(clock, "y", CALC="VAL+1"))
    status = record.put("VAL", 1.0)
    failed.set_exception(PutError("x: jammed"))
    assert isinstance(status.exception(), PutError)


def test_a_model_that_refuses_at_once_refuses_the_put_and_the_record_goes_on(clock, database):
    def refuse(value):
        if value > 1.0:
            raise PutError("only on Sundays")

    record = database.add(AoRecord(clock, "x", on_put=refuse, FLNK="y"))
    database.add(CalcRecord(clock, "y", CALC="VAL+1"))
    with pytest.raises(PutError, match="Sundays"):
        record.put("VAL", 2.0)
    assert record.values["PACT"] == 0
    record.put("VAL", 0.5)
    assert database.records["y"].values["VAL"] == 1.0


def test_a_model_that_refuses_what_a_link_writes_puts_the_writer_into_alarm(clock, database):
    def refuse(value):
        raise PutError("only on Sundays")

    database.add(AoRecord(clock, "y", on_put=refuse))
    record = database.add(AoRecord(clock, "x", OUT="y PP"))
    record.put("VAL", 2.0)
    assert alarm(record) == ("INVALID", "LINK")


def test_a_model_that_refuses_what_is_scanned_puts_the_record_into_alarm(clock, database):
    def refuse(value):
        raise PutError("only on Sundays")

    record = database.add(AoRecord(clock, "x", on_put=refuse, SCAN="1 second"))
    clock.sleep(1.5)
    assert alarm(record) == ("INVALID", "WRITE")


def test_puts_to_a_model_are_its_own_affair(clock):
    """It may be stopped by a second put, as an acquisition by Acquire=0."""
    begun = []
    record = BoRecord(clock, "x", on_put=lambda value: begun.append(value) or Status(clock))
    for value in (1, 0):
        record.put("VAL", value)
    assert begun == [1, 0]


def test_alarms_that_are_injected_stay(clock, database):
    record = database.add(AiRecord(clock, "x", FLNK="y"))
    calc = database.add(CalcRecord(clock, "y", CALC="A", INPA="x MS"))
    record.set_alarm(MAJOR, STATUSES.index("COMM"))
    record.post("VAL", 2.0)
    assert (alarm(record), alarm(calc)) == (("MAJOR", "COMM"), ("MAJOR", "LINK"))


def test_operators_acknowledge_alarms(clock):
    record = AoRecord(clock, "x", HIGH=5.0, HSV="MAJOR")
    record.put("VAL", 6.0)
    record.put("VAL", 1.0)
    record.acknowledge(MINOR)
    assert record.values["ACKS"] == MAJOR
    record.acknowledge(MAJOR)
    assert record.values["ACKS"] == 0
    record.put("VAL", 6.0)
    record.put("VAL", 1.0)
    record.acknowledge_transients(False)
    assert (record.values["ACKS"], record.values["ACKT"]) == (0, 0)


# --- times


def test_the_device_may_give_the_time(clock, database):
    source = database.add(AoRecord(clock, "y"))
    record = database.add(AiRecord(clock, "x", INP="y", TSE=-2))
    source.put("VAL", 1.0)
    clock.sleep(5.0)
    record.process()
    assert record.timestamp == source.timestamp == clock.time() - 5.0


def test_a_put_that_does_not_process_leaves_the_time(clock):
    record = AoRecord(clock, "x")
    clock.sleep(5.0)
    record.put("DESC", "a name")
    assert record.timestamp == clock.time() - 5.0


# --- busy


def test_a_busy_record_ends_when_its_model_says_so(clock):
    record = BusyRecord(clock, "x")
    record.on_put = lambda value: clock.after(2.0, lambda: record.post("VAL", 0)) if value else None
    status = record.put("VAL", 1)
    assert record.under_way == "it is busy"
    clock.wait(lambda: status.done)
    assert (clock.env.now, record.values["VAL"], record.under_way) == (2.0, 0, "")


def test_a_busy_record_may_end_at_once(clock):
    record = BusyRecord(clock, "x")
    record.on_put = lambda value: record.post("VAL", 0) if value else None
    status = record.put("VAL", 1)
    assert status is None or status.success


def test_a_put_of_0_with_completion_waits_behind_that_of_1(clock):
    record = BusyRecord(clock, "x")
    first, second = record.put("VAL", 1), record.put("VAL", 0)
    assert (first.done, second.done) == (False, False)
    record.send("VAL", 0)
    clock.sleep(0.0)
    assert (first.success, second.success) == (True, True)


# --- several puts


def test_puts_wait_for_each_other_in_their_order(clock, database):
    written = []
    database.add(AoRecord(clock, "y", on_put=written.append))
    record = calcout(database, "y PP")
    statuses = [record.put("A", value) for value in (1.0, 2.0, 3.0)]
    refused = record.put("A", "many")
    last = record.put("DESC", "quick")
    clock.wait(lambda: last.done)
    assert clock.env.now == 3.0
    assert written == [1.0, 2.0, 3.0]
    assert all(status.success for status in statuses)
    assert isinstance(refused.exception(), PutError)


def test_a_busy_record_says_so(clock, database):
    record = calcout(database)
    record.put("A", 1.0)
    assert record.under_way == "it is being processed"
    clock.sleep(1.0)
    assert record.under_way == ""


def test_simulation_that_takes_time_is_waited_for(clock):
    record = LonginRecord(clock, "x", SIMM="YES", SDLY=2.0)
    status = record.put("PROC", 1)
    clock.wait(lambda: status.done)
    assert (clock.env.now, record.values["PACT"]) == (2.0, 0)


def test_an_array_through_a_link(clock, database):
    source = database.add(WaveformRecord(clock, "y", count=3, FLNK="x"))
    record = database.add(WaveformRecord(clock, "x", dtype="<i4", count=2, INP="y"))
    source.put("VAL", [1.5, 2.5, 3.5])
    assert record.values["VAL"].tolist() == [1, 2]
