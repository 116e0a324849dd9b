"""User, dial and raw coordinates; limits; calibration."""

import math

import pytest


def test_user_and_dial(make):
    motor = make(OFF=10.0, DIR="Neg", VAL=8.0, LLM=0.0, HLM=20.0)
    assert motor["DVAL", "DRBV", "RBV"] == (2.0, 2.0, 8.0)
    assert motor["DLLM", "DHLM"] == (-10.0, 10.0)
    motor.put("DHLM", 4.0)
    assert motor["LLM", "HLM"] == (6.0, 20.0)
    motor.put("HLM", 12.0)
    assert motor["DLLM", "DHLM"] == (-2.0, 4.0)


def test_raw_limits_follow_those_of_the_dial(make):
    motor = make(MRES=0.5, DLLM=-1.0, DHLM=2.0)
    assert motor["RLLM", "RHLM"] == (-2.0, 4.0)
    other = make(MRES=-0.5, DLLM=-1.0, DHLM=2.0)
    assert other["RLLM", "RHLM"] == (-4.0, 2.0)
    motor.put("LLM", -4.0)
    assert motor["RLLM"] == -8.0


@pytest.mark.parametrize(
    ("field", "limits"),
    [
        *(("VAL", (-1.0, 2.0)), ("RBV", (-1.0, 2.0)), ("DVAL", (-2.0, 1.0))),
        *(("DRBV", (-2.0, 1.0)), ("RVAL", (-4.0, 2.0)), ("VELO", (0.1, 3.0)), ("OFF", None)),
    ],
)
def test_the_limits_that_a_field_is_served_with(make, field, limits):
    motor = make(DIR="Neg", MRES=0.5, LLM=-1.0, HLM=2.0, VBAS=0.1, VMAX=3.0)
    metadata = motor.record.metadata(field)
    assert metadata.limits == metadata.display_limits == limits


def test_alarm_limits_are_served_and_raise_no_alarm(make):
    motor = make(HIHI=5.0, HIGH=4.0, LOW=-4.0, LOLO=-5.0, HHSV="MAJOR", HSV="MINOR")
    metadata = motor.record.metadata("VAL")
    assert (metadata.alarm_limits, metadata.warning_limits) == ((-5.0, 5.0), (-4.0, 4.0))
    motor.put("VAL", 6.0)
    assert motor.alarm == (0, 0)


@pytest.mark.parametrize(
    ("field", "units"),
    [
        *(("VAL", "mm"), ("RBV", "mm"), ("VELO", "mm/sec"), ("JAR", "mm/s/s"), ("ACCL", "sec")),
        *(("S", "rev/sec"), ("SREV", "steps/rev"), ("UREV", "mm/rev"), ("HVEL", "mm/sec")),
        *(("RVAL", "mm"), ("DMOV", "mm"), ("MSTA", "mm"), ("PHAS", "mm"), ("DIR", ""), ("EGU", "")),
    ],
)
def test_the_units_that_a_field_is_served_with(motor, field, units):
    assert motor.record.metadata(field).units == units


def test_digits_are_those_of_prec_but_for_the_version(make):
    record = make(PREC=4).record
    assert [record.metadata(field).precision for field in ("VAL", "ACCL", "VERS")] == [4, 4, 2]


@pytest.mark.parametrize(
    ("field", "control", "alarm"),
    [
        ("VAL", (0.0, 0.0), 0.0),
        ("RBV", (0.0, 0.0), math.nan),
        ("OFF", (-1e300, 1e300), math.nan),
        ("DMOV", (-32768.0, 32767.0), math.nan),
        ("MSTA", (0.0, 4294967295.0), math.nan),
        ("DIR", (0.0, 0.0), math.nan),
    ],
)
def test_what_a_field_without_limits_is_served_with(make, field, control, alarm):
    unlimited = make(DHLM=0.0, DLLM=0.0).record.unlimited(field)
    assert unlimited[:2] == (control, control)
    assert unlimited.alarm == pytest.approx(alarm, nan_ok=True)


def test_an_offset_renames_places_and_moves_nothing(motor):
    motor.put("VAL", 2.0)
    motor.put("DHLM", 5.0)
    motor.put("OFF", 100.0)
    assert motor["VAL", "RBV", "DVAL", "HLM", "LVAL"] == (102.0, 102.0, 2.0, 105.0, 102.0)
    assert motor.position == 2.0


def test_a_new_direction_keeps_val_unless_the_offset_is_frozen(motor):
    motor.put("VAL", 2.0)
    motor.put("DIR", "Neg")
    assert motor["VAL", "OFF", "RBV"] == (2.0, 4.0, 2.0)
    motor.put("FOFF", "Frozen")
    motor.put("DIR", "Pos")
    assert motor["VAL", "OFF", "RBV"] == (6.0, 4.0, 6.0)
    assert motor.position == 2.0


def test_set_changes_the_offset(motor):
    motor.put("VAL", 2.0)
    motor.put("DHLM", 5.0)
    lines = motor.listen("DMOV", "VAL", "RBV", "OFF", "HLM")
    motor.put("SET", "Set")
    motor.put("VAL", 0.0)
    assert lines == [
        ("DMOV", 0),
        *(("RBV", 0.0), ("VAL", 0.0), ("HLM", 3.0), ("OFF", -2.0), ("DMOV", 1)),
    ]
    motor.put("SET", "Use")
    assert motor["VAL", "RBV", "OFF", "DVAL"] == (0.0, 0.0, -2.0, 2.0)
    motor.put("VAL", 1.0)
    assert motor.position == 3.0


def test_set_with_a_frozen_offset_changes_the_dial_but_moves_nothing(motor):
    motor.put("VAL", 2.0)
    motor.put("FOFF", "Frozen")
    motor.put("SET", "Set")
    motor.put("VAL", 0.0)
    motor.put("SET", "Use")
    assert motor["VAL", "RBV", "DVAL", "DRBV", "OFF", "RRBV"] == (0.0, 0.0, 0.0, 0.0, 0.0, 0)
    assert motor.position == 2.0
    motor.put("VAL", 1.0)
    assert (motor["DRBV"], motor.position) == (1.0, 3.0)


def test_a_dial_that_is_set_keeps_val(motor):
    motor.put("VAL", 2.0)
    motor.put("SET", "Set")
    lines = motor.listen("DMOV")
    motor.put("DVAL", 50.0)
    assert motor["VAL", "RBV", "DRBV", "OFF"] == (2.0, 2.0, 50.0, -48.0)
    assert lines == [("DMOV", 0), ("DMOV", 1)]
    assert motor.position == 2.0


def test_igset_lets_set_be_ignored(motor):
    motor.put("IGSET", 1)
    motor.put("SET", "Set")
    motor.put("VAL", 1.0)
    assert (motor["OFF"], motor.position) == (0.0, 1.0)


def test_fields_that_any_write_lets_switch_another(motor):
    for button, field, value in (
        *(("SSET", "SET", 1), ("SUSE", "SET", 0)),
        *(("FOF", "FOFF", 1), ("VOF", "FOFF", 0)),
    ):
        told = []
        motor.record.subscribe(field, lambda reading, told=told: told.append(reading.value))
        motor.put(button, 1)
        motor.put(button, 1)
        assert told[-2:] == [value, value]
        assert motor[field] == value


def test_what_it_is_told_to_be_is_what_val_becomes(make):
    """The record computes VAL anew from DVAL: in the last bit it may not be what was written."""
    motor = make(OFF=0.1)
    motor.put("VAL", 0.3)
    assert motor["VAL"] == motor["RBV"] == 0.1 + (0.3 - 0.1)
