"""Jogging, homing, limit switches, SYNC, STUP."""

import pytest

from beamtwin.orchestration.errors import PutError


def test_a_jog_goes_on_until_the_button_is_released(motor):
    began = motor.begin("JOGR", 1)
    motor.sleep(2.0)
    assert motor["DMOV", "MOVN", "JOGR"] == (0, 1, 1)
    motor.send("JOGR", 0)
    motor.wait(began)
    assert motor.position == pytest.approx(-(0.25 + 1.5 + 0.25))
    assert motor["DMOV", "JOGR", "VAL"] == (1, 0, motor["RBV"])


def test_a_jog_has_a_speed_and_an_acceleration_of_its_own(make):
    motor = make(JVEL=2.0, JAR=8.0)
    motor.begin("JOGF", 1)
    motor.sleep(2.0)
    assert motor.position == pytest.approx(0.25 + 2.0 * 1.75)


def test_a_new_jog_speed_is_taken_up_at_once(make):
    motor = make(JVEL=1.0, JAR=2.0)
    motor.begin("JOGF", 1)
    motor.sleep(1.5)
    motor.put("JVEL", 2.0) if motor["DMOV"] else motor.send("JVEL", 2.0)
    motor.sleep(1.5)
    # 0.25 mm and 1 s at 1 mm/s; 0.5 s from 1 to 2 mm/s, and 1 s at 2 mm/s.
    assert motor.position == pytest.approx(1.25 + 0.75 + 2.0)


def test_a_jog_stops_a_second_before_a_soft_limit(make):
    motor = make(DLLM=-5.0, DHLM=5.0)
    motor.put("JOGF", 1)
    assert 4.0 <= motor.position <= 4.0 + 0.1 + 0.25
    assert motor["LVIO", "JOGF", "DMOV"] == (1, 0, 1)
    assert motor.begin("JOGF", 1) is None
    assert motor["LVIO", "JOGF", "DMOV", "MIP"] == (1, 0, 1, 0)


def test_a_jog_forward_follows_the_users_direction(make):
    motor = make(DIR="Neg")
    motor.begin("JOGF", 1)
    motor.sleep(1.0)
    assert motor.position < 0 < motor["RBV"]


def test_a_jog_that_cannot_begin_is_forgotten(motor):
    move = motor.begin("VAL", 1.0)
    motor.send("JOGF", 1)
    motor.wait(move)
    motor.sleep(5.0)
    assert (motor["DMOV"], motor.position) == (1, 1.0)


def test_a_jog_asked_for_with_completion_waits_for_its_turn(motor):
    motor.begin("VAL", 1.0)
    motor.begin("JOGF", 1)
    motor.sleep(5.0)
    assert (motor["JOGF", "DMOV"], motor.position > 2.0) == ((1, 0), True)


def test_a_target_written_in_a_jog_ends_the_jog(motor):
    jog = motor.begin("JOGF", 1)
    motor.sleep(2.0)
    motor.send("VAL", 100.0)
    motor.wait(jog)
    assert motor["VAL"] == motor["RBV"] == pytest.approx(2.0)


def test_a_jog_takes_out_the_backlash_at_its_end(make):
    motor = make(BDST=0.5)
    lowest = []
    motor.record.subscribe("RBV", lambda reading: lowest.append(reading.value))
    jog = motor.begin("JOGF", 1)
    motor.sleep(2.0)
    lowest.clear()
    motor.send("JOGF", 0)
    motor.wait(jog)
    assert min(lowest) == pytest.approx(1.5, abs=0.05)
    assert motor["RBV", "VAL"] == (pytest.approx(2.0), pytest.approx(2.0))


def test_homing_finds_the_switch_beyond_soft_limits(make):
    motor = make(VAL=1.0, home=-3.0, HVEL=0.5, LLM=-2.0, HLM=2.0)
    lines = motor.listen("DMOV", "HOMR")
    assert motor.put("HOMR", 1) == pytest.approx(4.0 / 0.5 + 0.5)
    assert lines == [("HOMR", 1), ("DMOV", 0), ("DMOV", 1), ("HOMR", 0)]
    assert motor["ATHM", "HOMR", "DMOV", "VAL", "LVIO"] == (1, 0, 1, -3.0, 0)
    assert int(motor["MSTA"]) & 0x4008 == 0x4008  # homed, and at home
    motor.put("VAL", 0.0)
    assert motor["ATHM"] == 0


def test_homing_in_mid_move_stops_first(make):
    motor = make(home=-1.0)
    move = motor.begin("VAL", 5.0)
    motor.sleep(2.0)
    motor.send("HOMF", 1)
    with pytest.raises(PutError, match="searches for home already"):
        motor.send("HOMF", 1)
    motor.wait(move)
    assert motor["VAL", "ATHM", "HOMF"] == (-1.0, 1, 0)


def test_stop_ends_a_search_for_home(make):
    motor = make(home=5.0)
    search = motor.begin("HOMF", 1)
    motor.sleep(1.0)
    motor.send("STOP", 1)
    motor.wait(search)
    assert motor["HOMF", "ATHM", "VAL"] == (0, 0, motor["RBV"])
    assert not int(motor["MSTA"]) & 0x4000


def test_a_target_written_in_a_search_for_home_is_gone_to_afterwards(make):
    motor = make(home=2.0)
    search = motor.begin("HOMF", 1)
    motor.sleep(1.0)
    motor.send("VAL", 1.0)
    motor.wait(search)
    assert (motor.position, motor["HOMF"]) == (1.0, 0)


def test_a_limit_switch_ends_a_move(make):
    motor = make(switches=(-5.0, 5.0))
    lines = motor.listen("HLS", "RHLS", "MOVN", "DMOV", "VAL")
    # 0.25 mm on the ramp, and then at full speed until the switch cuts in.
    assert motor.put("VAL", 8.0) == pytest.approx(0.5 + 4.75)
    assert lines[-5:] == [("HLS", 1), ("RHLS", 1), ("MOVN", 0), ("VAL", 5.0), ("DMOV", 1)]
    assert motor["LLS", "RLLS", "RBV"] == (0, 0, 5.0)
    assert int(motor["MSTA"]) & 0x4
    motor.put("VAL", 7.0)
    assert (motor["VAL", "HLS"], motor.position) == ((5.0, 1), 5.0)
    motor.put("VAL", 0.0)
    assert motor["HLS", "VAL"] == (0, 0.0)


def test_limit_switches_follow_the_users_direction(make):
    motor = make(switches=(-5.0, 5.0), DIR="Neg")
    motor.put("DVAL", 8.0)
    assert motor["HLS", "LLS", "RHLS", "RLLS", "VAL"] == (0, 1, 1, 0, -5.0)


def test_raw_limit_switches_follow_the_sign_of_mres(make):
    motor = make(switches=(-5.0, 5.0), MRES=-0.01)
    motor.put("DVAL", 8.0)
    assert motor["HLS", "LLS", "RHLS", "RLLS", "RBV", "RRBV"] == (1, 0, 0, 1, 5.0, -500)
    assert int(motor["MSTA"]) & 0x2000


def test_a_limit_switch_ends_a_jog(make):
    motor = make(switches=(-5.0, 2.0))
    motor.put("JOGF", 1)
    assert motor["RBV", "VAL", "HLS", "JOGF", "DMOV"] == (2.0, 2.0, 1, 0, 1)
    assert motor.begin("JOGF", 1) is None
    motor.send("JOGF", 0)
    motor.begin("JOGR", 1)
    motor.sleep(1.0)
    assert motor["HLS", "DMOV"] == (0, 0)


def test_the_status_word(motor):
    """MSTA: direction 1, done 2, at home 8, moving 0x400."""
    assert int(motor["MSTA"]) == 0x8 | 0x2
    motor.begin("VAL", 1.0)
    assert int(motor["MSTA"]) & 0x403 == 0x401
    motor.sleep(5.0)
    assert int(motor["MSTA"]) == 0x1 | 0x2
    assert motor["TDIR", "CDIR"] == (1, 1)
    motor.put("VAL", 0.0)
    assert motor["TDIR", "CDIR"] == (0, 0)


def test_sync_lets_the_target_be_where_it_is(make):
    motor = make(MRES=0.25)
    motor.put("VAL", 1.1)
    motor.put("SYNC", 1)
    assert motor["VAL", "DVAL", "RVAL", "SYNC"] == (1.0, 1.0, 4, 0)


def test_stup_asks_the_controller_and_moves_nothing(motor):
    lines = motor.listen("STUP", "DMOV", "MOVN", "VAL")
    motor.put("STUP", "ON")
    assert lines == [("STUP", 1), ("STUP", 2), ("STUP", 0)]
    with pytest.raises(PutError, match="write ON"):
        motor.put("STUP", "BUSY")
    assert motor["STUP"] == 0
