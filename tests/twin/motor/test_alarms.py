"""Alarms and faults."""

import pytest

from beamtwin.orchestration.errors import DeadlockError
from beamtwin.twin.record import STATUSES
from beamtwin.twin.records.motor import Encoder, Mechanics

HIGH, LOW, COMM, STATE = (STATUSES.index(name) for name in ("HIGH", "LOW", "COMM", "STATE"))
MINOR, MAJOR, INVALID = 1, 2, 3


def test_limit_switches_are_an_alarm_where_hlsv_says_so(make):
    motor = make(switches=(-5.0, 5.0), DLLM=-90.0, DHLM=90.0, HLSV="MAJOR")
    lines = motor.listen("SEVR", "STAT")
    motor.put("VAL", 8.0)
    assert motor.alarm == (MAJOR, HIGH)
    assert lines == [("SEVR", MAJOR), ("STAT", HIGH)]
    motor.put("VAL", -8.0)
    assert motor.alarm == (MAJOR, LOW)
    motor.put("VAL", 0.0)
    assert motor.alarm == (0, 0)
    motor.put("HLSV", "NO_ALARM")
    motor.put("VAL", 8.0)
    assert motor.alarm == (0, 0)


def test_a_target_beyond_soft_limits_is_an_alarm_where_hlsv_says_so(make):
    motor = make(DLLM=-9.0, DHLM=9.0, HLSV="MINOR")
    motor.put("VAL", 5.0)
    motor.put("DHLM", 4.0)
    assert motor.alarm == (MINOR, HIGH)
    motor.put("VAL", 3.0)
    assert motor.alarm == (0, 0)


def test_monitors_of_values_hear_of_an_alarm(make):
    motor = make(DLLM=-9.0, DHLM=9.0, HLSV="MAJOR")
    motor.put("VAL", 5.0)
    severities = []
    motor.record.subscribe("RBV", lambda reading: severities.append(reading.severity))
    motor.put("DHLM", 4.0)
    assert severities == [0, MAJOR]


def test_a_stuck_motor_never_arrives(motor):
    motor.record.subscribe("RBV", lambda reading: None)
    motor.record.stuck = True
    completion = motor.begin("VAL", 1.0)
    assert motor["DMOV", "MOVN"] == (0, 1)
    with pytest.raises(DeadlockError):
        motor.wait(completion)
    assert motor.position == 0.0


def test_a_motor_that_sticks_on_its_way_can_be_stopped_and_freed(motor):
    completion = motor.begin("VAL", 3.0)
    motor.sleep(1.0)
    motor.record.stuck = True
    motor.sleep(10.0)
    assert motor.position == pytest.approx(0.75)
    assert not completion.done
    motor.record.stuck = False
    motor.send("STOP", 1)
    motor.wait(completion)
    assert motor["VAL"] == motor["RBV"] == pytest.approx(0.75)
    motor.put("VAL", 3.0)
    assert motor.position == 3.0


def test_a_stuck_motor_trips_where_its_controller_watches_the_following_error(make):
    motor = make(mechanics=Mechanics(error_limit=0.5), RTRY=0)
    completion = motor.begin("VAL", 3.0)
    motor.sleep(1.0)
    motor.record.stuck = True
    motor.wait(completion)
    # The motor would have been 0.5 mm on at its speed of 1 mm/s.
    assert motor.clock.env.now == pytest.approx(1.5)
    assert motor.alarm == (MAJOR, STATE)
    assert int(motor["MSTA"]) & 0x240 == 0x240  # slip or stall, and problem
    assert motor["DMOV", "MOVN", "VAL", "RBV"] == (1, 0, 3.0, pytest.approx(0.75))
    motor.record.stuck = False
    motor.put("VAL", 2.0)
    assert (motor.alarm, motor.position) == ((0, 0), 2.0)


def test_a_trip_lets_go_of_the_jog_button(make):
    motor = make(mechanics=Mechanics(error_limit=0.5))
    motor.record.stuck = True
    motor.put("JOGF", 1)
    assert (motor["JOGF", "DMOV"], motor.alarm) == ((0, 1), (MAJOR, STATE))


def test_a_silent_controller_is_an_invalid_alarm_and_moves_nothing(make):
    motor = make(RTRY=1)
    motor.record.axis.silent = True
    assert motor.alarm == (INVALID, COMM)
    motor.put("VAL", 1.0)
    assert (motor["DMOV", "RBV", "MISS"], motor.position) == ((1, 0.0, 1), 0.0)
    assert motor.alarm == (INVALID, COMM)
    motor.record.axis.silent = False
    assert motor.alarm == (0, 0)


def test_a_controller_that_falls_silent_in_mid_move_is_late_with_the_end(motor):
    completion = motor.begin("VAL", 1.0)
    motor.sleep(0.5)
    motor.record.axis.silent = True
    motor.sleep(10.0)
    assert (motor["DMOV", "MOVN"], motor.position) == ((0, 1), 1.0)
    motor.record.axis.silent = False
    assert completion.done
    assert motor["DMOV", "RBV"] == (1, 1.0)


def test_a_loose_coupling_shows_in_the_encoder_alone(make):
    loose = Mechanics(play=float("inf"))
    motor = make(mechanics=loose, encoder=Encoder(step=0.001))
    motor.put("VAL", 1.0)
    assert (motor["RBV", "REP"], motor.position) == ((1.0, 0), 0.0)
