"""Speeds, accelerations and resolutions, and how they follow one another."""

import pytest

from beamtwin.orchestration.errors import PutError


def test_speeds_stay_within_their_range(motor):
    motor.put("VMAX", 2.0)
    motor.put("VBAS", 0.5)
    for field in ("VELO", "BVEL", "JVEL", "HVEL"):
        for value, held in ((5.0, 2.0), (0.1, 0.5), (1.5, 1.5)):
            motor.put(field, value)
            assert motor[field] == held


def test_the_limits_of_speeds_push_one_another_and_the_speeds(motor):
    motor.put("VBAS", 0.5)
    motor.put("VMAX", 0.8)
    assert motor["VELO", "VBAS", "VMAX", "JVEL"] == (0.8, 0.5, 0.8, 0.8)
    motor.put("VMAX", 0.25)
    assert motor["VELO", "VBAS", "VMAX", "SBAS"] == (0.25, 0.25, 0.25, motor["SMAX"])
    motor.put("VBAS", 1.0)
    assert motor["VELO", "VBAS", "VMAX"] == (1.0, 1.0, 1.0)
    motor.put("VMAX", -1.0)
    motor.put("VBAS", -1.0)
    assert motor["VBAS", "VMAX"] == (0.0, 0.0)


def test_revolutions_and_units_say_the_same(make):
    motor = make(MRES=0.01, SREV=200, BVEL=0.5, VMAX=4.0)
    assert motor["UREV", "S", "SBAK", "SMAX"] == (2.0, 0.5, 0.25, 2.0)
    motor.put("VELO", 3.0)
    assert motor["S"] == 1.5
    motor.put("S", 1.0)
    assert motor["VELO"] == 2.0
    motor.put("S", 100.0)
    assert motor["S", "VELO"] == (2.0, 4.0)
    motor.put("SBAK", 1.0)
    assert motor["BVEL"] == 2.0
    motor.put("SMAX", 1.0)
    assert motor["VMAX", "VELO", "S"] == (2.0, 2.0, 1.0)
    motor.put("SBAS", 0.25)
    assert motor["VBAS"] == 0.5


def test_rise_times_and_accelerations_say_the_same(motor):
    motor.put("ACCL", 0.25)
    assert motor["ACCS"] == 4.0
    motor.put("ACCS", 2.0)
    assert motor["ACCL"] == 0.5
    motor.put("VELO", 2.0)
    assert motor["ACCL", "ACCS"] == (0.5, 4.0)
    motor.put("VBAS", 1.0)
    assert motor["ACCL", "ACCS"] == (0.5, 2.0)
    motor.put("ACCS", -1.0)
    assert motor["ACCL", "ACCS"] == (0.5, 2.0)


def test_what_cannot_be_a_rise_is_corrected(motor):
    motor.put("ACCL", 0.0)
    motor.put("BACC", -1.0)
    motor.put("JAR", 0.0)
    assert motor["ACCL", "BACC", "JAR"] == (0.1, 0.1, 10.0)


def test_monitors_hear_of_all_that_a_speed_changes(make):
    motor = make(MRES=0.01)
    lines = motor.listen("VELO", "S", "ACCS", "ACCL")
    motor.put("VELO", 2.0)
    assert lines == [("ACCS", 4.0), ("S", 1.0), ("VELO", 2.0)]


def test_frac_stays_within_reason(motor):
    for value, held in ((0.01, 0.1), (3.0, 1.5), (0.8, 0.8)):
        motor.put("FRAC", value)
        assert motor["FRAC"] == held


def test_a_new_resolution_keeps_revolutions_and_the_dial(make):
    motor = make(MRES=0.01, VAL=2.0, DLLM=-1.0, DHLM=4.0)
    motor.put("MRES", 0.02)
    assert motor["UREV", "VELO", "S"] == (4.0, 2.0, 0.5)
    assert motor["DVAL", "RBV", "RVAL", "RRBV"] == (2.0, 2.0, 100, 100)
    assert motor["DLLM", "DHLM", "HLM"] == (-2.0, 8.0, 8.0)  # the raw limits are kept
    assert motor.position == 2.0


def test_a_wrong_resolution_moves_the_stage_by_another_distance(make):
    motor = make(MRES=0.01)
    motor.put("MRES", 0.02)
    motor.put("VAL", 1.0)
    assert (motor["RBV", "RRBV"], motor.position) == ((1.0, 50), 0.5)


@pytest.mark.parametrize("way", [1, -1])
def test_the_readback_is_a_whole_number_of_the_new_steps(make, way):
    motor = make(SREV=200, UREV=0.2)
    motor.put("VAL", way * 0.777)
    motor.put("SREV", 100)
    assert motor["MRES", "RRBV", "DRBV", "VAL"] == (0.002, way * 389, way * 0.778, way * 0.777)


def test_in_set_mode_a_new_resolution_keeps_the_counters(make):
    motor = make(MRES=0.01, VAL=2.0)
    motor.put("SET", "Set")
    motor.put("MRES", 0.02)
    assert motor["RRBV", "DRBV", "RBV", "VAL", "DVAL"] == (200, 4.0, 4.0, 4.0, 4.0)


def test_steps_and_units_of_a_revolution(make):
    motor = make(SREV=400, UREV=2.0)
    assert motor["MRES"] == 0.005
    motor.put("SREV", 200)
    assert motor["MRES", "VELO"] == (0.01, 1.0)
    motor.put("UREV", 1.0)
    assert motor["MRES", "VELO"] == (0.005, 0.5)
    motor.put("SREV", 0)
    assert motor["SREV"] == 200


def test_the_retry_dead_band_is_a_step_at_least(make):
    motor = make(MRES=0.01)
    assert motor["RDBD"] == 0.01
    motor.put("RDBD", 0.001)
    assert motor["RDBD"] == 0.01
    motor.put("MRES", 0.05)
    assert motor["RDBD"] == 0.05


@pytest.mark.parametrize("field", ["MRES", "UREV"])
def test_a_step_has_a_length(make, motor, field):
    with pytest.raises(PutError, match=rf"m\.{field}: 0 refused"):
        motor.put(field, 0.0)
    with pytest.raises(PutError, match=r"m\.MRES: 0 refused"):
        make(MRES=0.0)


@pytest.mark.parametrize("field", ["VELO", "ACCL", "BACC"])
def test_a_motor_that_could_never_arrive_is_not_made(make, field):
    with pytest.raises(PutError, match=rf"m\.{field}: -1 refused: more than 0 .*sec is wanted"):
        make(**{field: -1.0})


def test_at_no_speed_it_goes_as_fast_as_before(motor):
    motor.put("VAL", 1.0)
    motor.put("VELO", 0.0)
    assert motor.put("VAL", 4.0) == pytest.approx(3.5)


def test_how_it_begins(make):
    motor = make(VBAS=0.1, S=2.0, MRES=0.01, SBAK=0.5, ACCS=5.0, VAL=1.0)
    assert motor["VELO", "BVEL", "HVEL", "JVEL"] == (4.0, 1.0, 0.1, 4.0)
    assert motor["ACCL"] == pytest.approx(3.9 / 5.0)
    assert motor["JAR"] == pytest.approx(5.0 * 4.0 / 3.9)
    assert motor["RMP", "RVAL", "DMOV", "SPMG", "LVIO", "ERES"] == (100, 100, 1, 3, 0, 0.01)
