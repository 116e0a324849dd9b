"""ScalerRecord against scalerRecord.c and "Scaler record and related software" (synApps)."""

from concurrent.futures import Future

import numpy as np
import pytest

from beamtwin.orchestration.errors import PutError
from beamtwin.twin.clock import PacedClock, SimClock
from beamtwin.twin.database import Database
from beamtwin.twin.noise import stream
from beamtwin.twin.records import CalcRecord, LongoutRecord, ScalerRecord


@pytest.fixture
def scaler(clock):
    """Channel 2 counts 100 a second, channel 3 the seconds of the timeline."""
    return ScalerRecord(clock, "s", lambda duration: (100.0 * duration, clock.env.now), TP=2.0)


def values(scaler, *fields):
    return tuple(scaler.read(field).value for field in fields)


def count(scaler):
    completion = scaler.put("CNT", 1)
    scaler.clock.wait(lambda: completion.done)


def heard(scaler, *fields):
    lines = []
    for field in fields:
        scaler.subscribe(field, lambda reading, field=field: lines.append((field, reading.value)))
    lines.clear()
    return lines


# --- counts that a client asks for


def test_a_count_lasts_its_preset_time_and_the_put_completes_at_its_end(clock, scaler):
    lines = heard(scaler, "CNT", "S2", "T")
    completion = scaler.put("CNT", "Count")
    completion.add_callback(lambda _: lines.append("done"))
    assert lines == [("CNT", 1)]
    clock.sleep(1.999)
    assert lines == [("CNT", 1)]
    clock.sleep(0.001)
    assert lines == [("CNT", 1), ("S2", 200.0), ("T", 2.0), ("CNT", 0), "done"]


def test_channel_1_counts_the_clock_and_the_next_ones_what_they_see_at_the_end(clock, scaler):
    clock.sleep(10.0)
    count(scaler)
    assert values(scaler, "S1", "S2", "S3", "S4", "T", "VAL") == (2e7, 200.0, 12.0, 0.0, 2.0, 2.0)


def test_it_says_what_it_is_doing(clock, scaler):
    scaler.put("DLY", 1.0)
    assert values(scaler, "US", "SS", "PCNT") == (0, 0, 0)
    scaler.put("CNT", 1)
    assert values(scaler, "US", "SS", "PCNT") == (1, 0, 0)
    clock.sleep(1.5)
    assert (values(scaler, "US", "SS", "PCNT"), scaler.under_way) == ((3, 2, 1), "counts for 2 s")
    clock.sleep(2.0)
    assert (values(scaler, "US", "SS", "PCNT"), scaler.under_way) == ((0, 0, 0), "")


def test_to_count_again_while_it_counts_is_no_new_count(clock, scaler):
    scaler.put("CNT", 1)
    clock.sleep(1.0)
    scaler.send("CNT", 1)
    clock.sleep(1.0)
    assert values(scaler, "CNT", "T") == (0, 2.0)


def test_a_second_put_with_completion_is_a_count_of_its_own_after_the_first(clock, scaler):
    first, second = scaler.put("CNT", 1), scaler.put("CNT", 1)
    clock.wait(lambda: first.done)
    assert (clock.env.now, second.done) == (2.0, False)
    clock.wait(lambda: second.done)
    assert clock.env.now == 4.0


def test_a_count_that_is_stopped_has_what_there_is(clock, scaler):
    completion = scaler.put("CNT", 1)
    clock.sleep(0.5)
    scaler.send("CNT", 0)
    assert values(scaler, "CNT", "S1", "S2", "T") == (0, 5e6, 50.0, 0.5)
    clock.wait(lambda: completion.done)
    clock.sleep(10.0)
    assert values(scaler, "S2") == (50.0,)


def test_a_stopped_count_does_not_end_the_next_one(clock, scaler):
    scaler.put("CNT", 1)
    clock.sleep(1.5)
    scaler.send("CNT", 0)
    scaler.put("CNT", 1)
    clock.sleep(1.0)
    assert values(scaler, "CNT") == (1,)
    clock.sleep(1.0)
    assert values(scaler, "CNT", "T") == (0, 2.0)


def test_a_delay_comes_before_the_count(clock, scaler):
    scaler.put("DLY", 3.0)
    began = clock.env.now
    count(scaler)
    assert (clock.env.now - began, *values(scaler, "T")) == (5.0, 2.0)


def test_a_count_that_is_stopped_before_it_begins_has_counted_nothing(clock, scaler):
    count(scaler)
    scaler.put("DLY", 3.0)
    completion = scaler.put("CNT", 1)
    clock.sleep(1.0)
    scaler.send("CNT", 0)
    assert completion.success
    clock.sleep(10.0)
    assert values(scaler, "CNT", "S2", "T", "US") == (0, 200.0, 2.0, 0)


def test_with_a_rate_it_tells_while_it_counts(clock, scaler):
    scaler.put("RATE", 2.0)
    lines = heard(scaler, "T", "S2", "CNT")
    count(scaler)
    assert [value for field, value in lines if field == "T"] == [0.5, 1.0, 1.5, 2.0]
    assert [value for field, value in lines if field == "S2"] == [50.0, 100.0, 150.0, 200.0]
    assert lines[-1] == ("CNT", 0)


def test_it_processes_and_writes_to_others_at_the_beginning_and_the_end(clock):
    database = Database(clock)
    scaler = database.add(
        ScalerRecord(clock, "s", lambda _: (), TP=1.0, COUT="out PP", COUTP="outp PP", FLNK="after")
    )
    told = {"out": [], "outp": []}
    for name, values_told in told.items():
        database.add(LongoutRecord(clock, name, on_put=values_told.append))
    after = database.add(CalcRecord(clock, "after", CALC="VAL+1"))
    count(scaler)
    assert told == {"out": [1, 0], "outp": [1, 0]}
    assert after.values["VAL"] == 1.0


# --- presets


def test_preset_time_and_preset_ticks_agree(scaler):
    scaler.put("TP", 0.25)
    assert values(scaler, "PR1") == (2.5e6,)
    scaler.put("PR1", 1e7)
    assert values(scaler, "TP") == (1.0,)
    scaler.put("FREQ", 1e3)
    scaler.put("TP", 0.0014)
    assert values(scaler, "TP", "PR1") == (0.001, 1.0)


def test_a_count_ends_when_a_gated_channel_has_its_preset(clock, scaler):
    scaler.put("PR2", 30)
    assert values(scaler, "G2", "D2") == (1, 1)
    count(scaler)
    assert values(scaler, "S2", "T") == (pytest.approx(30.0, abs=0.5), pytest.approx(0.3, abs=0.01))
    assert clock.env.now == pytest.approx(0.3, abs=0.01)


def test_the_preset_that_is_reached_first_ends_the_count(clock, scaler):
    scaler.put("PR2", 30_000)
    count(scaler)
    assert values(scaler, "T") == (2.0,)


def test_without_the_gate_of_the_clock_a_count_takes_as_long_as_it_needs(clock, scaler):
    scaler.put("PR2", 1000)
    scaler.put("G1", 0)
    count(scaler)
    assert values(scaler, "S2") == (pytest.approx(1000.0, abs=0.5),)
    assert clock.env.now == pytest.approx(10.0, abs=0.01)


def test_counts_with_statistics_end_soon_after_their_preset(clock):
    noise = stream(1, "s")
    scaler = ScalerRecord(clock, "s", lambda duration: [noise.poisson(1e5 * duration)], G1=0)
    scaler.put("PR2", 250_000)
    count(scaler)
    assert 250_000 <= values(scaler, "S2")[0] < 250_000 + 3 * np.sqrt(1e5)
    assert clock.env.now == pytest.approx(2.5, rel=0.02)


def test_a_gate_has_a_preset(scaler):
    scaler.put("G5", "Y")
    assert values(scaler, "PR5") == (1000.0,)


def test_a_count_without_any_preset_goes_on_until_it_is_stopped(clock, scaler):
    scaler.put("G1", 0)
    completion = scaler.put("CNT", 1)
    clock.sleep(100.0)
    scaler.send("CNT", 0)
    assert (completion.success, *values(scaler, "T", "S2")) == (True, 100.0, 10_000.0)


def test_rates_have_a_range(scaler):
    scaler.put("RATE", 100.0)
    assert values(scaler, "RATE") == (60.0,)


@pytest.mark.parametrize(("field", "value"), [("TP", 0.0), ("TP", -1.0), ("FREQ", 0.0)])
def test_what_makes_no_sense_is_refused(scaler, field, value):
    before = values(scaler, field)
    with pytest.raises(PutError, match=rf"s\.{field}"):
        scaler.put(field, value)
    assert values(scaler, field) == before


# --- auto-count


def test_auto_count_goes_on_and_on_without_a_word_in_cnt(clock, scaler):
    lines = heard(scaler, "CNT", "T", "S3")
    scaler.put("CONT", "AutoCount")
    clock.sleep(3.5)
    assert [line for line in lines if line[0] != "T"] == [("S3", 1.0), ("S3", 2.0), ("S3", 3.0)]
    assert values(scaler, "T", "SS", "US") == (1.0, 2, 0)
    assert scaler.under_way == ""


def test_auto_count_pauses_and_ends(clock, scaler):
    scaler.put("DLY1", 2.0)
    scaler.put("TP1", 0.5)
    scaler.put("CONT", 1)
    lines = heard(scaler, "S3")
    clock.sleep(6.0)
    scaler.put("CONT", 0)
    clock.sleep(60.0)
    assert lines == [("S3", 2.5), ("S3", 5.0)]
    assert values(scaler, "SS") == (0,)


def test_a_clients_count_takes_the_place_of_auto_count(clock, scaler):
    scaler.put("CONT", 1)
    clock.sleep(0.5)
    lines = heard(scaler, "T")
    count(scaler)
    assert clock.env.now == 2.5
    clock.sleep(9.0)
    assert (lines, values(scaler, "SS")) == ([("T", 2.0)], (1,))
    clock.sleep(2.5)
    assert lines == [("T", 2.0), ("T", 1.0)]


def test_auto_count_may_tell_while_it_counts(clock, scaler):
    scaler.put("RAT1", 4.0)
    scaler.put("CONT", 1)
    lines = heard(scaler, "T")
    clock.sleep(1.1)
    assert lines == [("T", 0.25), ("T", 0.5), ("T", 0.75), ("T", 1.0)]


# --- models


def test_a_model_that_fails_fails_the_put_and_leaves_the_timeline_alone(clock):
    def counts(duration):
        raise RuntimeError("no beam line")

    scaler = ScalerRecord(clock, "s", counts)
    completion = scaler.put("CNT", 1)
    clock.sleep(5.0)
    assert completion.exception() is not None
    assert isinstance(completion.exception(), PutError)
    assert "no beam line" in str(completion.exception())
    assert (values(scaler, "CNT"), scaler.read("S2").severity) == ((0,), 3)


def test_counts_that_take_time_to_compute_take_none_of_the_timelines(clock):
    future: Future = Future()
    scaler = ScalerRecord(clock, "s", lambda _: future, TP=1.0)
    completion = scaler.put("CNT", 1)
    future.set_result([7.0])
    clock.wait(lambda: completion.done)
    assert (clock.env.now, *values(scaler, "S2")) == (1.0, 7.0)


def test_counts_that_are_computed_when_it_is_stopped_are_waited_for():
    clock, future = PacedClock(epoch=0.0, speed=1000.0), Future()
    scaler = ScalerRecord(clock, "s", lambda _: future, TP=1.0)
    completion = scaler.put("CNT", 1)
    clock.sleep(2.0)
    scaler.send("CNT", 0)
    assert not completion.done
    future.set_result([7.0])
    clock.wait(lambda: completion.done, timeout=1e5)
    assert values(scaler, "S2", "T") == (7.0, 1.0)


# --- snapshots


def test_a_snapshot_of_a_scaler_is_restored(clock, scaler):
    scaler.put("NM2", "i0")
    scaler.put("TP", 0.5)
    count(scaler)
    other = ScalerRecord(SimClock(epoch=0.0), "s", lambda duration: (100.0 * duration,))
    other.restore(scaler.state())
    assert values(other, "NM2", "TP", "S2", "T", "PR1") == ("i0", 0.5, 50.0, 0.5, 5e6)
    count(other)
    assert values(other, "S2") == (50.0,)
