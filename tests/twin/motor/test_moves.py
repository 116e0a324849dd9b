"""Moves: completion, monitors, trapezoids, soft limits, tweaks, turns."""

import math

import pytest

from beamtwin.orchestration.errors import PutError
from beamtwin.twin.records.motor import UPDATE_PERIOD_S


def test_the_order_of_monitors_in_a_move(motor):
    lines = motor.listen("DMOV", "VAL", "MOVN", "RBV")
    motor.put_noting(lines, "VAL", 0.5)
    assert lines == [("DMOV", 0), ("VAL", 0.5), ("MOVN", 1)]
    motor.sleep(10.0)
    readbacks = [line[1] for line in lines if line[0] == "RBV"]
    assert readbacks == sorted(readbacks)
    assert lines[3:] == [
        *(("RBV", value) for value in readbacks),
        *(("MOVN", 0), ("DMOV", 1), "done"),
    ]
    assert readbacks[-1] == 0.5


def test_all_that_monitors_hear_of_a_move(make):
    motor = make(MRES=1e-3)
    lines = motor.listen(*sorted(motor.record.fields))
    motor.put("VAL", 1.0)
    begun = ["DMOV", "DIFF", "RDIF", "VAL", "DVAL", "RVAL", "MIP", "MSTA", "TDIR", "MOVN"]
    ended = ["RMP", "REP", "RVEL", "RBV", "RRBV", "DRBV", "DIFF", "RDIF", "MSTA", "MIP"]
    names = [field for field, _ in lines]
    assert names[: len(begun)] == begun
    assert names[-len(ended) - 2 :] == [*ended, "MOVN", "DMOV"]


def test_a_move_takes_the_time_of_a_trapezoid(motor):
    # 3 mm at 1 mm/s with two ramps of 0.5 s.
    assert motor.put("VAL", 3.0) == pytest.approx(3.0 + 0.5)
    assert motor["RBV", "DRBV", "DVAL", "RRBV", "RVAL"] == (3.0, 3.0, 3.0, 3_000_000, 3_000_000)


def test_a_base_speed_shortens_the_ramps(make):
    # 3 mm: in 0.5 s from 0.5 to 1 mm/s, twice 0.375 mm; and 2.25 mm.
    assert make(VBAS=0.5).put("VAL", 3.0) == pytest.approx(0.5 + 2.25 + 0.5)


def test_acceleration_as_accs_where_accu_says_so(make):
    motor = make(ACCU="Use ACCS", ACCS=4.0)
    assert motor["ACCL"] == 0.25
    assert motor.put("VAL", 3.0) == pytest.approx(3.0 + 0.25)
    motor.put("VELO", 2.0)
    assert motor["ACCL", "ACCS"] == (0.5, 4.0)


def test_who_watches_hears_ten_times_a_second_and_who_reads_hears_where_it_is(motor):
    times = []
    motor.begin("VAL", 3.0)
    motor.sleep(1.03)
    epoch = motor.clock.epoch
    end = motor.record.subscribe("RBV", lambda reading: times.append(reading.timestamp - epoch))
    motor.sleep(1.0)
    end()
    assert times[1:] == pytest.approx([1.03 + UPDATE_PERIOD_S * n for n in range(1, 10)])
    motor.sleep(0.25)
    assert motor["RBV"] == pytest.approx(motor.position, abs=1e-6)
    motor.sleep(5.0)
    assert motor["RBV", "DMOV"] == (3.0, 1)


def test_an_unwatched_move_costs_one_event_however_long(motor):
    motor.begin("VAL", 1e4)
    events = 0
    while motor.record.values["DMOV"] == 0:
        motor.clock.env.step()
        events += 1
    assert events == 1


def test_the_position_is_exact_in_mid_move(motor):
    motor.begin("VAL", 3.0)
    motor.sleep(0.25)
    assert motor.position == pytest.approx(0.5 * 2.0 * 0.25**2)
    motor.sleep(1.25)
    assert motor.position == pytest.approx(0.25 + 1.0)


def test_positions_are_whole_steps(make):
    motor = make(MRES=0.25)
    motor.put("VAL", 1.1)
    assert motor["VAL", "RVAL", "RBV", "RRBV", "RMP"] == (1.1, 4, 1.0, 4, 4)
    assert motor["DIFF", "RDIF"] == (pytest.approx(0.1), 0)
    assert motor.position == 1.0


def test_a_move_to_where_it_is_pulses_dmov(motor):
    lines = motor.listen("DMOV", "VAL", "MOVN", "RBV")
    motor.put_noting(lines, "VAL", 0.0)
    motor.put_noting(lines, "VAL", 1e-7)  # less than half a step
    assert lines == [
        *(("DMOV", 0), ("DMOV", 1), "done"),
        *(("DMOV", 0), ("VAL", 1e-7), ("DMOV", 1), "done"),
    ]


def test_within_spdb_of_the_readback_it_stays(make):
    motor = make(SPDB=0.1)
    assert motor.put("VAL", 0.09) == 0.0
    assert motor["VAL", "RBV", "DMOV"] == (0.09, 0.0, 1)
    motor.put("VAL", 0.11)
    assert motor["RBV"] == 0.11


def test_dial_raw_and_relative_moves(make):
    motor = make(MRES=0.5, OFF=10.0)
    motor.put("DVAL", 2.0)
    assert motor["VAL", "RBV", "DRBV", "RVAL"] == (12.0, 12.0, 2.0, 4)
    lines = motor.listen("RLV", "DMOV")
    motor.put("RLV", -0.5)
    assert lines == [("DMOV", 0), ("RLV", -0.5), ("RLV", 0.0), ("DMOV", 1)]
    assert motor["VAL", "RBV", "RLV"] == (11.5, 11.5, 0.0)
    motor.put("RVAL", 10)
    assert motor["VAL", "DVAL", "RBV"] == (15.0, 5.0, 15.0)


def test_tweaks(motor):
    lines = motor.listen("TWF", "TWR", "DMOV")
    motor.put("TWV", 0.25)
    motor.put("TWF", 1)
    assert lines == [("DMOV", 0), ("TWF", 1), ("TWF", 0), ("DMOV", 1)]
    motor.put("TWF", 1)
    motor.put("TWR", 1)
    assert motor["VAL", "RBV", "TWF", "TWR"] == (0.25, 0.25, 0, 0)


# --- soft limits


def test_beyond_a_soft_limit_dmov_pulses_val_reverts_and_the_put_succeeds(make):
    motor = make(VAL=1.0, LLM=-2.0, HLM=2.0)
    lines = motor.listen("DMOV", "VAL", "LVIO", "MOVN")
    motor.put_noting(lines, "VAL", 1e5)
    assert lines == [("DMOV", 0), ("VAL", 1.0), ("LVIO", 1), ("DMOV", 1), "done"]
    assert motor.position == 1.0
    motor.put("VAL", -1.0)
    assert motor["LVIO", "RBV"] == (0, -1.0)


def test_equal_dial_limits_of_zero_are_none_and_crossed_ones_forbid_all(motor):
    motor.put("VAL", 1e3)
    assert motor.position == 1e3
    motor.put("DLLM", 5.0)
    motor.put("VAL", 3.0)
    assert motor["VAL", "LVIO"] == (1e3, 1)


def test_from_outside_the_limits_there_is_a_way_back(make):
    motor = make(VAL=5.0, LLM=-2.0, HLM=2.0)
    assert motor["LVIO"] == 1
    motor.put("VAL", 3.0)
    assert (motor["LVIO"], motor.position) == (0, 3.0)
    motor.put("VAL", 4.0)
    assert (motor["LVIO"], motor.position) == (1, 3.0)


def test_a_tweak_beyond_a_limit_is_refused(make):
    motor = make(VAL=1.5, LLM=-2.0, HLM=2.0, TWV=1.0)
    motor.put("TWF", 1)
    assert (motor["VAL", "LVIO"], motor.position) == ((1.5, 1), 1.5)
    motor.put("TWR", 1)
    assert (motor["VAL", "LVIO"], motor.position) == ((0.5, 0), 0.5)


@pytest.mark.parametrize("value", [math.nan, math.inf, "far"])
def test_what_is_no_position_is_refused(motor, value):
    with pytest.raises(PutError, match="m"):
        motor.put("VAL", value)
    assert motor["DMOV", "VAL"] == (1, 0.0)


# --- several puts


def test_a_put_with_completion_waits_for_the_move_under_way(motor):
    lines = motor.listen("DMOV", "VAL")
    motor.put_noting(lines, "VAL", 1.0)
    motor.sleep(0.3)
    for target in (0.0, 2.0, 2.0):
        motor.put_noting(lines, "VAL", target)
    assert motor["VAL"] == 1.0
    motor.sleep(20.0)
    assert lines == [
        *(("DMOV", 0), ("VAL", 1.0), ("DMOV", 1), "done"),
        *(("DMOV", 0), ("VAL", 0.0), ("DMOV", 1), "done"),
        *(("DMOV", 0), ("VAL", 2.0), ("DMOV", 1), "done"),
        *(("DMOV", 0), ("DMOV", 1), "done"),
    ]


def test_any_put_with_completion_waits(motor):
    move = motor.begin("VAL", 2.0)
    speed = motor.begin("VELO", 5.0)
    assert motor["VELO"] == 1.0
    motor.wait(speed)
    assert (move.done, motor["VELO"]) == (True, 5.0)


def test_a_new_target_ahead_is_gone_on_to_without_completion_in_between(motor):
    lines = motor.listen("DMOV", "MOVN")
    move = motor.put_noting(lines, "VAL", 1.0)
    motor.sleep(0.5)
    motor.send("VAL", 3.0)
    assert motor["VAL"] == 3.0
    motor.wait(move)
    assert motor.position == 3.0
    assert lines == [
        ("DMOV", 0),
        ("MOVN", 1),
        ("MOVN", 0),
        ("MOVN", 1),
        ("MOVN", 0),
        ("DMOV", 1),
        "done",
    ]


def test_a_new_target_behind_stops_it_at_once(motor):
    move = motor.begin("VAL", 10.0)
    motor.sleep(2.0)
    motor.send("VAL", -1.0)
    motor.sleep(0.6)
    assert motor.position == pytest.approx(2.0, abs=0.05)
    motor.wait(move)
    assert (motor.position, motor["DMOV"]) == (-1.0, 1)


def test_with_ntm_off_a_new_target_behind_waits_for_the_end(make):
    motor = make(NTM="NO")
    move = motor.begin("VAL", 5.0)
    motor.sleep(2.0)
    motor.send("VAL", -1.0)
    motor.sleep(3.4)
    assert motor.position == pytest.approx(5.0, abs=0.1)
    motor.wait(move)
    assert motor.position == -1.0


def test_ntmf_is_how_far_behind_a_target_must_be_to_stop_it(make):
    motor = make(NTMF=20, RDBD=0.1)
    motor.begin("VAL", 5.0)
    motor.sleep(2.0)
    motor.send("VAL", 0.0)  # 1.75 mm behind: less than 20 dead bands
    motor.sleep(1.0)
    assert motor.position > 2.5
    with pytest.raises(PutError, match="2 is the least"):
        motor.send("NTMF", 1)
    assert motor["NTMF"] == 2


def test_what_monitors_write_is_written_when_the_record_has_processed(motor):
    def answer(reading):
        if reading.value == 1 and motor["VAL"] == 1.0:
            motor.send("VAL", 2.0)

    motor.record.subscribe("DMOV", answer)
    lines = motor.listen("DMOV", "VAL")
    motor.put("VAL", 1.0)
    motor.sleep(5.0)
    assert motor.position == 2.0
    assert lines == [("DMOV", 0), ("VAL", 1.0), ("DMOV", 1), ("DMOV", 0), ("VAL", 2.0), ("DMOV", 1)]


def test_what_the_motor_measures_cannot_be_written(motor):
    for field in ("RBV", "DRBV", "DMOV", "MOVN", "HLS", "LVIO", "MSTA", "RMP", "MIP", "LVAL"):
        with pytest.raises(PutError, match="read-only"):
            motor.put(field, 1)
