import pytest

from beamtwin.orchestration.errors import PutError
from beamtwin.twin.records import ScalerRecord


@pytest.fixture
def scaler(clock):
    """Channel 2 counts 100 a second, channel 3 the seconds of the timeline."""
    return ScalerRecord(clock, "s", lambda duration: (100.0 * duration, clock.env.now), TP=2.0)


def values(scaler, *fields):
    return tuple(scaler.read(field).value for field in fields)


def count(scaler):
    completion = scaler.put("CNT", 1)
    scaler.clock.wait(lambda: completion.done)


def test_a_count_lasts_its_preset_time_and_the_put_completes_at_its_end(clock, scaler):
    heard = []
    for field in ("CNT", "S2", "T"):
        scaler.subscribe(field, lambda reading, field=field: heard.append((field, reading.value)))
    heard.clear()
    completion = scaler.put("CNT", "Count")
    completion.add_callback(lambda _: heard.append("done"))
    assert heard == [("CNT", 1)]
    clock.sleep(1.999)
    assert heard == [("CNT", 1)]
    clock.sleep(0.001)
    assert heard == [("CNT", 1), ("S2", 200.0), ("T", 2.0), ("CNT", 0), "done"]


def test_channel_1_counts_the_clock_and_the_next_ones_what_they_see_at_the_end(clock, scaler):
    clock.sleep(10.0)
    count(scaler)
    assert values(scaler, "S1", "S2", "S3", "S4", "T", "VAL") == (2e7, 200.0, 12.0, 0.0, 2.0, 2.0)


def test_to_count_again_while_it_counts_is_no_new_count(clock, scaler):
    first = scaler.put("CNT", 1)
    clock.sleep(1.0)
    assert scaler.put("CNT", 1) is first
    clock.sleep(1.0)
    assert values(scaler, "CNT", "T") == (0, 2.0)


def test_a_count_that_is_stopped_has_what_there_is(clock, scaler):
    completion = scaler.put("CNT", 1)
    clock.sleep(0.5)
    assert scaler.put("CNT", 0) is None
    assert values(scaler, "CNT", "S1", "S2", "T") == (0, 5e6, 50.0, 0.5)
    clock.wait(lambda: completion.done)
    clock.sleep(10.0)
    assert values(scaler, "S2") == (50.0,)


def test_a_stopped_count_does_not_end_the_next_one(clock, scaler):
    scaler.put("CNT", 1)
    clock.sleep(1.5)
    scaler.put("CNT", 0)
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


def test_preset_time_and_preset_ticks_agree(scaler):
    scaler.put("TP", 0.25)
    assert values(scaler, "PR1") == (2.5e6,)
    scaler.put("PR1", 1e7)
    assert values(scaler, "TP") == (1.0,)
    scaler.put("FREQ", 1e3)
    scaler.put("TP", 0.0014)
    assert values(scaler, "TP", "PR1") == (0.001, 1.0)


@pytest.mark.parametrize(
    ("field", "value"),
    [("TP", 0.0), ("TP", -1.0), ("FREQ", 0.0), ("CONT", "AutoCount"), ("G2", "Y"), ("PR3", 1)],
)
def test_what_it_cannot_do_is_refused(scaler, field, value):
    before = values(scaler, field)
    with pytest.raises(PutError, match=rf"s\.{field}"):
        scaler.put(field, value)
    assert values(scaler, field) == before


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
