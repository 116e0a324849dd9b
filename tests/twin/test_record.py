import math

import numpy as np
import pytest

from beamtwin.hardware.channel import SEVERITIES, Reading
from beamtwin.orchestration.errors import NotConnectedError, PutError
from beamtwin.orchestration.status import Status
from beamtwin.twin.record import STATUSES
from beamtwin.twin.records import (
    AiRecord,
    AoRecord,
    BiRecord,
    BoRecord,
    LonginRecord,
    LongoutRecord,
    MbbiRecord,
    MbboRecord,
    StringoutRecord,
    TextRecord,
    WaveformRecord,
)

MINOR, MAJOR, INVALID = (SEVERITIES.index(name) for name in ("MINOR", "MAJOR", "INVALID"))


def alarm(record):
    reading = record.read()
    return SEVERITIES[reading.severity], STATUSES[reading.status]


def values_of(record, field):
    seen = []
    record.subscribe(field, lambda reading: seen.append(reading.value))
    return seen


# --- reading, writing, monitoring


def test_a_reading_has_the_time_of_the_timeline(clock):
    record = AoRecord(clock, "X", VAL=1.0)
    clock.sleep(5.0)
    record.put("VAL", 2.0)
    clock.sleep(5.0)
    assert record.read() == Reading(2.0, clock.epoch + 5.0)


def test_monitors_hear_the_value_now_and_every_change_in_order(clock):
    record = AoRecord(clock, "X", VAL=1.0)
    seen = values_of(record, "VAL")
    for value in (2.0, 2.0, 3.0):
        record.put("VAL", value)
    assert seen == [1.0, 2.0, 3.0]


def test_a_monitor_that_has_ended_hears_nothing(clock):
    record = AoRecord(clock, "X")
    first, second = [], []
    end = record.subscribe("VAL", first.append)
    record.subscribe("VAL", second.append)
    end()
    end()
    record.put("VAL", 1.0)
    assert (len(first), len(second)) == (1, 2)


def test_ending_one_of_two_equal_subscriptions_leaves_the_other(clock):
    record, seen = AoRecord(clock, "X"), []
    end = record.subscribe("VAL", seen.append)
    record.subscribe("VAL", seen.append)
    end()
    end()
    record.put("VAL", 1.0)
    assert [reading.value for reading in seen] == [0.0, 0.0, 1.0]


def test_a_monitor_may_end_itself_while_it_is_called(clock):
    record, seen = AoRecord(clock, "X"), []

    def once(reading):
        seen.append(reading.value)
        if len(seen) == 2:
            end()

    end = record.subscribe("VAL", once)
    for value in (1.0, 2.0):
        record.put("VAL", value)
    assert seen == [0.0, 1.0]


def test_on_put_reacts_after_monitors_and_its_status_is_the_completion(clock):
    heard = []

    def begin(duration):
        status = Status(clock, name="X")
        clock.call_at(clock.time() + duration, status.set_finished)
        return status

    record = AoRecord(clock, "X", on_put=begin)
    record.subscribe("VAL", lambda reading: heard.append((reading.value, clock.env.now)))
    completion = record.put("VAL", 3.0)
    assert heard[-1] == (3.0, 0.0)
    clock.wait(lambda: completion.done)
    assert clock.env.now == 3.0


def test_fields_are_written_as_pvs_of_their_own(clock):
    record = AoRecord(clock, "X")
    record.put("DESC", "beam stop")
    assert record.read("DESC").value == "beam stop"


def test_a_field_that_is_not_there_is_named_with_what_comes_close(clock):
    record = AoRecord(clock, "X")
    for access in (lambda: record.read("HIGHH"), lambda: record.put("HIGHH", 1)):
        with pytest.raises(NotConnectedError, match=r"X\.HIGHH: the ao record has no field.*HIGH"):
            access()
    with pytest.raises(NotConnectedError):
        AoRecord(clock, "X", VELO=1.0)


@pytest.mark.parametrize(
    ("record_type", "fields", "value", "allowed"),
    [
        (AoRecord, {}, "fast", "float"),
        (AoRecord, {}, [1.0], "number"),
        (LongoutRecord, {}, 2.5, "whole number"),
        (LongoutRecord, {}, 2**31, "2147483647"),
        (LongoutRecord, {}, math.nan, "whole number"),
        (BoRecord, {"ZNAM": "Out", "ONAM": "In"}, "Up", "'Out', 'In'"),
        (BoRecord, {"ZNAM": "Out", "ONAM": "In"}, 2, "'Out', 'In'"),
        (MbboRecord, {"states": ("a", "b", "c")}, "d", "'a', 'b', 'c'"),
        (MbboRecord, {"states": ("a", "b", "c")}, -1, "'a', 'b', 'c'"),
        (StringoutRecord, {}, 3, "text"),
        (StringoutRecord, {}, "x" * 40, "39"),
        (WaveformRecord, {"count": 2}, [1.0, 2.0, 3.0], "NELM"),
        (TextRecord, {"count": 4}, "abcd", "NELM"),
    ],
)
def test_what_a_field_cannot_hold_is_refused(clock, record_type, fields, value, allowed):
    record = record_type(clock, "X:y", **fields)
    before = record.read().value
    with pytest.raises(PutError, match=r"X:y.*refused") as refusal:
        record.put("VAL", value)
    assert allowed in str(refusal.value)
    assert np.array_equal(record.read().value, before)


def test_read_only_fields_are_refused_and_stay(clock):
    record = AoRecord(clock, "X")
    with pytest.raises(PutError, match=r"X\.SEVR: 2 refused: this field is read-only"):
        record.put("SEVR", 2)
    assert record.read("SEVR").value == 0


def test_enums_take_indices_and_strings(clock):
    record = MbboRecord(clock, "X", states=("Single", "Multiple", "Continuous"))
    for value, index in (("Multiple", 1), (2, 2), (np.int32(0), 0), (1.0, 1)):
        record.put("VAL", value)
        assert record.read().value == index
    assert record.metadata("VAL").choices == ("Single", "Multiple", "Continuous")
    assert record.metadata("VAL").dtype == "enum"


def test_metadata_tell_type_unit_precision_and_limits(clock):
    record = AoRecord(clock, "X", EGU="mm", PREC=3, DRVL=-1.0, DRVH=8.0)
    about = record.metadata("VAL")
    assert (about.dtype, about.units, about.precision, about.limits) == (
        "<f8",
        "mm",
        3,
        (-1.0, 8.0),
    )
    assert record.metadata("DESC").dtype == "|S40"
    assert record.read("RTYP").value == "ao"
    assert AiRecord(clock, "Y").metadata("VAL").limits is None
    assert LongoutRecord(clock, "Z", LOPR=1, HOPR=9).metadata("VAL").limits == (1, 9)


def test_an_output_is_clamped_to_its_drive_limits(clock):
    record = LongoutRecord(clock, "X", DRVL=0, DRVH=10)
    told = []
    record.on_put = told.append
    for value, held in ((12, 10), (-3, 0), (4, 4)):
        record.put("VAL", value)
        assert record.read().value == held
    assert told == [10, 0, 4]


# --- alarms and deadbands


def test_alarm_limits_have_severities_precedence_and_hysteresis(clock):
    """The cases of EPICS base's checkAlarms."""
    limits = {"LOLO": -9.0, "LOW": -5.0, "HIGH": 5.0, "HIHI": 9.0, "HYST": 1.0}
    severities = {"LLSV": MAJOR, "LSV": MINOR, "HSV": MINOR, "HHSV": MAJOR}
    record = AiRecord(clock, "X", **limits, **severities)
    for value, expected in (
        (0.0, ("NO_ALARM", "NO_ALARM")),
        (5.0, ("MINOR", "HIGH")),
        (4.5, ("MINOR", "HIGH")),
        (3.9, ("NO_ALARM", "NO_ALARM")),
        (4.5, ("NO_ALARM", "NO_ALARM")),
        (9.5, ("MAJOR", "HIHI")),
        (8.5, ("MAJOR", "HIHI")),
        (7.0, ("MINOR", "HIGH")),
        (-5.5, ("MINOR", "LOW")),
        (-9.0, ("MAJOR", "LOLO")),
    ):
        record.post("VAL", value)
        assert alarm(record) == expected, value


def test_a_limit_that_changes_is_applied_at_once_and_told(clock):
    record = AoRecord(clock, "X", VAL=3.0, HSV=MAJOR, HIGH=10.0)
    severities = []
    record.subscribe("VAL", lambda reading: severities.append(reading.severity))
    record.put("HIGH", 2.0)
    assert severities == [0, MAJOR]
    assert record.read("SEVR").value == MAJOR


def test_not_a_number_is_undefined(clock):
    record = AiRecord(clock, "X")
    record.post("VAL", math.nan)
    assert alarm(record) == ("INVALID", "UDF")
    assert record.read("UDF").value == 1
    record.post("VAL", 1.0)
    assert alarm(record) == ("NO_ALARM", "NO_ALARM")


def test_a_models_alarm_stays_until_it_ends_and_the_worse_counts(clock):
    record = AiRecord(clock, "X", HIGH=5.0, HSV=MAJOR)
    record.set_alarm(MINOR, STATUSES.index("COMM"))
    record.post("VAL", 1.0)
    assert alarm(record) == ("MINOR", "COMM")
    record.post("VAL", 6.0)
    assert alarm(record) == ("MAJOR", "HIGH")
    record.set_alarm(0)
    assert alarm(record) == ("MAJOR", "HIGH")
    record.post("VAL", 1.0)
    assert alarm(record) == ("NO_ALARM", "NO_ALARM")


def test_states_bring_their_alarms(clock):
    door = BiRecord(clock, "X", ZNAM="closed", ONAM="open", OSV=MAJOR)
    door.post("VAL", 1)
    assert alarm(door) == ("MAJOR", "STATE")
    state = MbbiRecord(clock, "Y", states=("ok", "bad"), ONSV=INVALID)
    state.post("VAL", 1)
    assert alarm(state) == ("INVALID", "STATE")
    state.post("VAL", 0)
    assert alarm(state) == ("NO_ALARM", "NO_ALARM")


@pytest.mark.parametrize(
    ("mdel", "expected"), [(0, [0, 1, 2, 4]), (1.5, [0, 2, 4]), (-1, [0, 0, 1, 2, 4])]
)
def test_the_deadband_of_monitors(clock, mdel, expected):
    record = AiRecord(clock, "X", MDEL=mdel)
    seen = values_of(record, "VAL")
    for value in (0.0, 1.0, 2.0, 4.0):
        record.post("VAL", value)
    assert seen == expected


def test_the_deadband_of_integers(clock):
    record = LonginRecord(clock, "X", MDEL=2)
    seen = values_of(record, "VAL")
    for value in range(6):
        record.post("VAL", value)
    assert seen == [0, 3]


# --- arrays and long text


def test_arrays_are_posted_without_a_copy_read_only_and_always_news(clock):
    record = WaveformRecord(clock, "X", dtype="<u2", count=6)
    seen = values_of(record, "VAL")
    frame = np.arange(6, dtype="<u2").reshape(2, 3)
    record.post("VAL", frame)
    record.post("VAL", frame)
    assert len(seen) == 3
    assert np.shares_memory(seen[-1], frame)
    assert seen[-1].shape == (6,)
    assert not seen[-1].flags.writeable
    assert record.read("NORD").value == 6
    about = record.metadata("VAL")
    assert (about.dtype, about.count, about.is_array) == ("<u2", 6, True)


def test_a_clients_array_is_copied(clock):
    record, mine = WaveformRecord(clock, "X", count=2), np.zeros(2)
    record.put("VAL", mine)
    mine[0] = 5.0
    assert record.read().value[0] == 0.0


@pytest.mark.parametrize("value", ["/data/é/", b"/data/\xc3\xa9/", list("/data/é/".encode())])
def test_long_text_is_a_waveform_of_bytes(clock, value):
    record = TextRecord(clock, "X")
    record.put("VAL", value)
    assert record.text == "/data/é/"
    assert record.read().value.dtype == np.uint8
    assert record.metadata("VAL").count == 256
