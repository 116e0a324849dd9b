"""MotorRecord against what was measured on a real motor record (motorSim), and its source."""

import math

import pytest

from beamtwin.orchestration.errors import DeadlockError, PutError
from beamtwin.twin.records import MotorRecord
from beamtwin.twin.records.motor import UPDATE_PERIOD_S


@pytest.fixture
def motor(clock):
    return MotorRecord(clock, "m", VELO=1.0, ACCL=0.5, EGU="mm")


class Diary:
    """What monitors of some fields and put-completions hear, in order."""

    def __init__(self, motor, *fields):
        self.lines = []
        self.motor = motor
        for field in fields:
            motor.subscribe(field, lambda reading, field=field: self.add(field, reading.value))
        self.lines.clear()

    def add(self, field, value):
        self.lines.append((field, value))

    def put(self, field, value):
        completion = self.motor.put(field, value)
        if completion is None:
            self.add("done", value)
        else:
            completion.add_callback(lambda _: self.add("done", value))
        return completion


def put(motor, field, value):
    """Write, wait for the completion, and say how long it took."""
    began = motor.clock.env.now
    completion = motor.put(field, value)
    if completion is not None:
        motor.clock.wait(lambda: completion.done)
    return motor.clock.env.now - began


def values(motor, *fields):
    return tuple(motor.read(field).value for field in fields)


# --- moves


def test_the_order_of_monitors_in_a_move(clock, motor):
    diary = Diary(motor, "DMOV", "VAL", "MOVN", "RBV")
    diary.put("VAL", 0.5)
    assert diary.lines == [("DMOV", 0), ("VAL", 0.5), ("MOVN", 1)]
    clock.sleep(10.0)
    readbacks = [value for field, value in diary.lines if field == "RBV"]
    assert readbacks == sorted(readbacks)
    assert diary.lines[3:] == [
        *(("RBV", value) for value in readbacks),
        ("MOVN", 0),
        ("DMOV", 1),
        ("done", 0.5),
    ]
    assert readbacks[-1] == 0.5


def test_a_move_takes_the_time_of_a_trapezoid(motor):
    # 3 mm at 1 mm/s with two ramps of 0.5 s.
    assert put(motor, "VAL", 3.0) == pytest.approx(3.0 + 0.5)
    assert values(motor, "RBV", "DRBV", "DVAL") == (3.0, 3.0, 3.0)


def test_who_watches_hears_ten_times_a_second_and_who_reads_hears_where_it_is(clock, motor):
    times = []
    motor.put("VAL", 3.0)
    clock.sleep(1.03)
    end = motor.subscribe("RBV", lambda reading: times.append(reading.timestamp - clock.epoch))
    clock.sleep(1.0)
    end()
    assert times[1:] == pytest.approx([1.03 + UPDATE_PERIOD_S * n for n in range(1, 10)])
    clock.sleep(0.25)
    assert motor.read("RBV").value == pytest.approx(motor.position, abs=1e-6)
    clock.sleep(5.0)
    assert values(motor, "RBV", "DMOV") == (3.0, 1)


def test_an_unwatched_move_costs_one_event_however_long(clock, motor):
    motor.put("VAL", 1e4)
    events = 0
    while motor.values["DMOV"] == 0:
        clock.env.step()
        events += 1
    assert events == 1


def test_the_position_is_exact_in_mid_move(clock, motor):
    motor.put("VAL", 3.0)
    clock.sleep(0.25)
    assert motor.position == pytest.approx(0.5 * 2.0 * 0.25**2)
    clock.sleep(1.25)
    assert motor.position == pytest.approx(0.25 + 1.0)


def test_positions_are_whole_steps(clock):
    motor = MotorRecord(clock, "m", MRES=0.25)
    put(motor, "VAL", 1.1)
    assert values(motor, "VAL", "RBV") == (1.1, 1.0)
    assert motor.position == 1.0


def test_a_move_to_where_it_is_pulses_dmov(clock, motor):
    diary = Diary(motor, "DMOV", "VAL", "MOVN", "RBV")
    diary.put("VAL", 0.0)
    diary.put("VAL", 1e-7)  # less than half a step
    assert diary.lines == [
        *(("DMOV", 0), ("DMOV", 1), ("done", 0.0)),
        *(("DMOV", 0), ("VAL", 1e-7), ("DMOV", 1), ("done", 1e-7)),
    ]


def test_beyond_a_soft_limit_dmov_pulses_val_reverts_and_the_put_succeeds(clock):
    motor = MotorRecord(clock, "m", VAL=1.0, LLM=-2.0, HLM=2.0)
    diary = Diary(motor, "DMOV", "VAL", "LVIO", "MOVN")
    diary.put("VAL", 1e5)
    assert diary.lines == [("DMOV", 0), ("LVIO", 1), ("VAL", 1.0), ("DMOV", 1), ("done", 1e5)]
    assert motor.position == 1.0
    put(motor, "VAL", -1.0)
    assert values(motor, "LVIO", "RBV") == (0, -1.0)


def test_equal_dial_limits_of_zero_are_none_and_crossed_ones_forbid_all(clock, motor):
    put(motor, "VAL", 1e3)
    assert motor.position == 1e3
    motor.put("DLLM", 5.0)
    put(motor, "VAL", 3.0)
    assert values(motor, "VAL", "LVIO") == (1e3, 1)


def test_from_outside_the_limits_there_is_a_way_back(clock):
    motor = MotorRecord(clock, "m", VAL=5.0, LLM=-2.0, HLM=2.0)
    put(motor, "VAL", 3.0)
    assert (values(motor, "LVIO"), motor.position) == ((0,), 3.0)
    put(motor, "VAL", 4.0)
    assert (values(motor, "LVIO"), motor.position) == ((1,), 3.0)


def test_a_put_while_it_moves_waits_for_its_turn(clock, motor):
    diary = Diary(motor, "DMOV", "VAL")
    diary.put("VAL", 1.0)
    clock.sleep(0.3)
    diary.put("VAL", 0.0)
    diary.put("VAL", 2.0)
    diary.put("VAL", 2.0)
    assert motor.read("VAL").value == 1.0
    clock.sleep(20.0)
    assert diary.lines == [
        *(("DMOV", 0), ("VAL", 1.0), ("DMOV", 1), ("done", 1.0)),
        *(("DMOV", 0), ("VAL", 0.0), ("DMOV", 1), ("done", 0.0)),
        *(("DMOV", 0), ("VAL", 2.0), ("DMOV", 1), ("done", 2.0)),
        *(("DMOV", 0), ("DMOV", 1), ("done", 2.0)),
    ]


def test_dial_and_relative_moves(motor):
    put(motor, "OFF", 10.0)
    put(motor, "DVAL", 2.0)
    assert values(motor, "VAL", "RBV", "DRBV") == (12.0, 12.0, 2.0)
    put(motor, "RLV", -0.5)
    assert values(motor, "VAL", "RBV", "RLV") == (11.5, 11.5, 0.0)


def test_tweaks(motor):
    put(motor, "TWV", 0.25)
    put(motor, "TWF", 1)
    put(motor, "TWF", 1)
    put(motor, "TWR", 1)
    assert values(motor, "VAL", "RBV", "TWF", "TWR") == (0.25, 0.25, 0, 0)


def test_backlash_is_taken_out_from_one_side(clock):
    motor = MotorRecord(clock, "m", VELO=1.0, ACCL=0.1, BDST=0.5, BVEL=0.5, BACC=0.1, VAL=2.0)
    lowest = []
    motor.subscribe("RBV", lambda reading: lowest.append(reading.value))
    # 1.5 mm down with ramps of 0.1 s, and 0.5 mm up at half the speed.
    assert put(motor, "VAL", 1.0) == pytest.approx(1.5 + 0.1 + 1.0 + 0.1)
    assert min(lowest) == pytest.approx(0.5, abs=0.05)
    assert motor.position == 1.0
    # With the backlash distance, within it: one move at the backlash speed.
    assert put(motor, "VAL", 1.25) == pytest.approx(0.5 + 0.1)


def test_backlash_may_not_leave_the_limits(clock):
    motor = MotorRecord(clock, "m", BDST=0.5, DLLM=-1.0, DHLM=5.0)
    put(motor, "VAL", -0.75)
    assert values(motor, "LVIO", "VAL") == (1, 0.0)


@pytest.mark.parametrize("value", [math.nan, math.inf, "far"])
def test_what_is_no_position_is_refused(motor, value):
    with pytest.raises(PutError, match="m"):
        motor.put("VAL", value)
    assert values(motor, "DMOV", "VAL") == (1, 0.0)


# --- stopping


def test_stop_slows_down_and_the_put_succeeds(clock, motor):
    diary = Diary(motor, "VAL", "MOVN", "DMOV", "STOP")
    diary.put("VAL", 10.0)
    clock.sleep(2.0)
    diary.lines.clear()
    diary.put("STOP", 1)
    clock.sleep(10.0)
    # 0.25 mm on the ramp, 1.5 mm at speed, 0.25 mm to brake.
    assert motor.position == pytest.approx(2.0)
    assert diary.lines == [
        *(("STOP", 1), ("STOP", 0)),
        *(("VAL", values(motor, "RBV")[0]), ("MOVN", 0), ("DMOV", 1)),
        *(("done", 10.0), ("done", 1)),
    ]
    assert values(motor, "VAL") == values(motor, "RBV")


def test_stop_at_rest_does_nothing(motor):
    diary = Diary(motor, "VAL", "DMOV")
    diary.put("STOP", 1)
    assert diary.lines == [("done", 1)]


def test_what_waited_for_its_turn_has_it_after_a_stop(clock, motor):
    first, second = motor.put("VAL", 10.0), motor.put("VAL", 1.0)
    clock.sleep(1.0)
    motor.put("STOP", 1)
    clock.wait(lambda: first.done and second.done)
    assert motor.position == 1.0


def test_pause_holds_the_put_and_go_resumes_it(clock, motor):
    completion = motor.put("VAL", 3.0)
    clock.sleep(1.0)
    motor.put("SPMG", "Pause")
    clock.sleep(10.0)
    assert values(motor, "DMOV", "MOVN", "VAL") == (0, 0, 3.0)
    assert not completion.done
    motor.put("SPMG", "Go")
    clock.wait(lambda: completion.done)
    assert (values(motor, "DMOV"), motor.position) == ((1,), 3.0)


def test_go_while_it_still_brakes_for_a_pause(clock, motor):
    completion = motor.put("VAL", 3.0)
    clock.sleep(1.0)
    motor.put("SPMG", "Pause")
    clock.sleep(0.1)
    motor.put("SPMG", "Go")
    clock.wait(lambda: completion.done)
    assert motor.position == 3.0


def test_stop_while_it_is_paused(clock, motor):
    completion = motor.put("VAL", 3.0)
    clock.sleep(1.0)
    motor.put("SPMG", "Pause")
    clock.sleep(10.0)
    motor.put("STOP", 1)
    clock.wait(lambda: completion.done)
    assert values(motor, "DMOV", "VAL") == (1, *values(motor, "RBV"))


def test_a_move_asked_for_while_spmg_is_stop_begins_with_go(clock, motor):
    motor.put("SPMG", "Stop")
    completion = motor.put("VAL", 1.0)
    clock.sleep(10.0)
    assert (values(motor, "DMOV", "VAL"), motor.position) == ((0, 1.0), 0.0)
    motor.put("SPMG", "Move")
    clock.wait(lambda: completion.done)
    assert (values(motor, "SPMG"), motor.position) == ((1,), 1.0)


def test_spmg_stop_ends_a_move(clock, motor):
    completion = motor.put("VAL", 3.0)
    clock.sleep(1.0)
    motor.put("SPMG", "Stop")
    clock.wait(lambda: completion.done)
    assert values(motor, "DMOV", "VAL") == (1, *values(motor, "RBV"))


# --- jogging, homing, switches


def test_a_jog_goes_on_until_the_button_is_released(clock, motor):
    began = motor.put("JOGR", 1)
    clock.sleep(2.0)
    assert values(motor, "DMOV", "MOVN", "JOGR") == (0, 1, 1)
    motor.put("JOGR", 0)
    clock.wait(lambda: began.done)
    assert motor.position == pytest.approx(-(0.25 + 1.5 + 0.25))
    assert values(motor, "DMOV", "JOGR", "VAL") == (1, 0, *values(motor, "RBV"))


def test_a_jog_stops_a_second_before_a_soft_limit(clock):
    motor = MotorRecord(clock, "m", VELO=1.0, ACCL=0.5, DLLM=-5.0, DHLM=5.0)
    ended = motor.put("JOGF", 1)
    clock.wait(lambda: ended.done)
    assert 4.0 <= motor.position <= 4.0 + 0.1 + 0.25
    assert values(motor, "LVIO", "JOGF", "DMOV") == (1, 0, 1)
    assert motor.put("JOGF", 1) is None
    assert values(motor, "LVIO", "JOGF", "DMOV") == (1, 0, 1)


def test_a_jog_forward_follows_the_users_direction(clock):
    motor = MotorRecord(clock, "m", DIR="Neg")
    motor.put("JOGF", 1)
    clock.sleep(1.0)
    assert motor.position < 0 < motor.read("RBV").value


def test_a_jog_that_cannot_begin_is_forgotten(clock, motor):
    move = motor.put("VAL", 1.0)
    assert motor.put("JOGF", 1) is None
    clock.wait(lambda: move.done)
    clock.sleep(5.0)
    assert (values(motor, "JOGF", "DMOV"), motor.position) == ((0, 1), 1.0)


def test_homing_finds_the_switch_beyond_soft_limits(clock):
    motor = MotorRecord(clock, "m", VAL=1.0, home=-3.0, HVEL=0.5, ACCL=0.5, LLM=-2.0, HLM=2.0)
    assert put(motor, "HOMR", 1) == pytest.approx(4.0 / 0.5 + 0.5)
    assert values(motor, "ATHM", "HOMR", "DMOV", "VAL", "LVIO") == (1, 0, 1, -3.0, 0)
    put(motor, "VAL", 0.0)
    assert values(motor, "ATHM") == (0,)


def test_a_limit_switch_ends_a_move(clock):
    motor = MotorRecord(clock, "m", switches=(-5.0, 5.0), HLSV="MAJOR")
    put(motor, "VAL", 8.0)
    assert values(motor, "HLS", "LLS", "VAL", "RBV", "DMOV") == (1, 0, 5.0, 5.0, 1)
    assert motor.read().severity == 2
    assert int(motor.read("MSTA").value) & 0x4
    put(motor, "VAL", 0.0)
    assert values(motor, "HLS", "VAL") == (0, 0.0)
    assert motor.read().severity == 0


def test_limit_switches_follow_the_users_direction(clock):
    motor = MotorRecord(clock, "m", switches=(-5.0, 5.0), DIR="Neg")
    put(motor, "DVAL", 8.0)
    assert values(motor, "HLS", "LLS", "VAL") == (0, 1, -5.0)


def test_the_status_word(clock, motor):
    """MSTA: direction 1, done 2, at home 8, moving 0x400."""
    assert int(motor.read("MSTA").value) == 0x8 | 0x2
    motor.put("VAL", 1.0)
    assert int(motor.read("MSTA").value) & 0x403 == 0x401
    clock.sleep(5.0)
    assert int(motor.read("MSTA").value) == 0x1 | 0x2


# --- coordinates and configuration


def test_user_and_dial(clock):
    motor = MotorRecord(clock, "m", OFF=10.0, DIR="Neg", VAL=8.0, LLM=0.0, HLM=20.0)
    assert values(motor, "DVAL", "DRBV", "RBV") == (2.0, 2.0, 8.0)
    assert values(motor, "DLLM", "DHLM") == (-10.0, 10.0)
    assert motor.metadata("VAL").limits == (0.0, 20.0)
    motor.put("DHLM", 4.0)
    assert values(motor, "LLM", "HLM") == (6.0, 20.0)


def test_an_offset_renames_places_and_moves_nothing(motor):
    put(motor, "VAL", 2.0)
    motor.put("DHLM", 5.0)
    motor.put("OFF", 100.0)
    assert values(motor, "VAL", "RBV", "DVAL", "HLM") == (102.0, 102.0, 2.0, 105.0)
    assert motor.position == 2.0


def test_a_new_direction_keeps_val_unless_the_offset_is_frozen(motor):
    put(motor, "VAL", 2.0)
    motor.put("DIR", "Neg")
    assert values(motor, "VAL", "OFF", "RBV") == (2.0, 4.0, 2.0)
    motor.put("FOFF", "Frozen")
    motor.put("DIR", "Pos")
    assert values(motor, "VAL", "OFF", "RBV") == (6.0, 4.0, 6.0)


def test_set_changes_the_offset(motor):
    put(motor, "VAL", 2.0)
    motor.put("SET", "Set")
    assert motor.put("VAL", 0.0) is None
    motor.put("SET", "Use")
    assert values(motor, "VAL", "RBV", "OFF", "DVAL") == (0.0, 0.0, -2.0, 2.0)
    put(motor, "VAL", 1.0)
    assert motor.position == 3.0


def test_set_with_a_frozen_offset_changes_the_dial_but_moves_nothing(motor):
    put(motor, "VAL", 2.0)
    motor.put("FOFF", "Frozen")
    motor.put("SET", "Set")
    motor.put("VAL", 0.0)
    motor.put("SET", "Use")
    assert values(motor, "VAL", "RBV", "DVAL", "DRBV", "OFF") == (0.0, 0.0, 0.0, 0.0, 0.0)
    assert motor.position == 2.0
    put(motor, "VAL", 1.0)
    assert (values(motor, "DRBV"), motor.position) == ((1.0,), 3.0)


def test_a_dial_that_is_set_keeps_val(motor):
    put(motor, "VAL", 2.0)
    motor.put("SET", "Set")
    motor.put("DVAL", 50.0)
    assert values(motor, "VAL", "RBV", "DRBV", "OFF") == (2.0, 2.0, 50.0, -48.0)


def test_set_is_refused_in_a_move(motor):
    motor.put("VAL", 2.0)
    motor.put("SET", "Set")
    with pytest.raises(PutError, match="it moves"):
        motor.put("VAL", 0.0)


def test_sync_lets_val_be_rbv(clock):
    motor = MotorRecord(clock, "m", MRES=0.25)
    put(motor, "VAL", 1.1)
    motor.put("SYNC", 1)
    assert values(motor, "VAL", "DVAL", "SYNC") == (1.0, 1.0, 0)


def test_speeds_stay_within_their_range(motor):
    motor.put("VMAX", 2.0)
    motor.put("VBAS", 0.5)
    for value, held in ((5.0, 2.0), (0.1, 0.5), (1.5, 1.5)):
        motor.put("VELO", value)
        assert motor.read("VELO").value == held
    motor.put("VMAX", 1.0)
    assert values(motor, "VELO", "VBAS") == (1.0, 0.5)
    motor.put("VMAX", 0.25)
    assert values(motor, "VELO", "VBAS") == (0.25, 0.25)
    assert motor.metadata("VELO").units == "mm/sec"


@pytest.mark.parametrize("field", ["VELO", "ACCL", "MRES"])
def test_what_would_never_arrive_is_refused(clock, motor, field):
    with pytest.raises(PutError, match=rf"m\.{field}: 0 refused"):
        motor.put(field, 0.0)
    with pytest.raises(PutError, match=field):
        MotorRecord(clock, "n", **{field: -1.0})


def test_what_the_motor_measures_cannot_be_written(motor):
    for field in ("RBV", "DRBV", "DMOV", "MOVN", "HLS", "LVIO", "MSTA"):
        with pytest.raises(PutError, match="read-only"):
            motor.put(field, 1)


# --- faults


def test_a_stuck_motor_never_arrives(clock, motor):
    motor.subscribe("RBV", lambda reading: None)
    motor.stuck = True
    completion = motor.put("VAL", 1.0)
    assert values(motor, "DMOV", "MOVN") == (0, 1)
    with pytest.raises(DeadlockError):
        clock.wait(lambda: completion.done)
    assert motor.position == 0.0


def test_a_motor_that_sticks_on_its_way_can_be_stopped_and_freed(clock, motor):
    completion = motor.put("VAL", 3.0)
    clock.sleep(1.0)
    motor.stuck = True
    clock.sleep(10.0)
    assert motor.position == pytest.approx(0.75)
    assert not completion.done
    motor.put("STOP", 1)
    clock.wait(lambda: completion.done)
    motor.stuck = False
    put(motor, "VAL", 3.0)
    assert motor.position == 3.0
