"""STOP, and SPMG."""

import pytest


def test_stop_slows_down_and_the_put_succeeds(motor):
    lines = motor.listen("VAL", "MOVN", "DMOV", "STOP")
    motor.put_noting(lines, "VAL", 10.0)
    motor.sleep(2.0)
    lines.clear()
    motor.send("STOP", 1)
    assert lines == [("STOP", 1), ("STOP", 0)]
    lines.clear()
    motor.sleep(10.0)
    # 0.25 mm on the ramp, 1.5 mm at speed, 0.25 mm to brake.
    assert motor.position == pytest.approx(2.0)
    assert lines == [("VAL", motor["RBV"]), ("MOVN", 0), ("DMOV", 1), "done"]
    assert motor["VAL", "DVAL"] == motor["RBV", "DRBV"]


def test_stop_with_completion_waits_for_the_move_that_it_was_to_end(motor):
    move = motor.begin("VAL", 2.0)
    motor.put("STOP", 1)
    assert move.done
    assert motor.position == 2.0


def test_stop_at_rest_does_nothing(motor):
    lines = motor.listen("VAL", "DMOV", "STOP")
    motor.put_noting(lines, "STOP", 1)
    assert lines == [("STOP", 1), ("STOP", 0), "done"]


def test_what_waited_for_its_turn_has_it_after_a_stop(motor):
    first, second = motor.begin("VAL", 10.0), motor.begin("VAL", 1.0)
    motor.sleep(1.0)
    motor.send("STOP", 1)
    motor.wait(second)
    assert (first.done, motor.position) == (True, 1.0)


def test_a_base_speed_is_stopped_from_at_once(make):
    motor = make(VBAS=1.0)
    motor.begin("VAL", 10.0)
    motor.sleep(2.0)
    motor.send("STOP", 1)
    motor.sleep(0.0)
    assert (motor["DMOV"], motor.position) == (1, 2.0)


def test_pause_holds_the_put_and_go_resumes_it(motor):
    completion = motor.begin("VAL", 3.0)
    motor.sleep(1.0)
    motor.send("SPMG", "Pause")
    motor.sleep(10.0)
    assert motor["DMOV", "MOVN", "VAL", "LSPG"] == (0, 0, 3.0, 1)
    assert not completion.done
    motor.send("SPMG", "Go")
    motor.wait(completion)
    assert (motor["DMOV"], motor.position) == (1, 3.0)


def test_without_retries_a_pause_is_an_end(make):
    motor = make(RTRY=0)
    completion = motor.begin("VAL", 3.0)
    motor.sleep(1.0)
    motor.send("SPMG", "Pause")
    motor.wait(completion)
    assert (motor["DMOV", "VAL"], motor.position < 2.0) == ((1, 3.0), True)


def test_go_while_it_still_brakes_for_a_pause(motor):
    completion = motor.begin("VAL", 3.0)
    motor.sleep(1.0)
    motor.send("SPMG", "Pause")
    motor.sleep(0.1)
    motor.send("SPMG", "Go")
    motor.wait(completion)
    assert motor.position == 3.0


def test_stop_while_it_is_paused_gives_the_move_up(motor):
    completion = motor.begin("VAL", 3.0)
    motor.sleep(1.0)
    motor.send("SPMG", "Pause")
    motor.sleep(10.0)
    motor.send("STOP", 1)
    motor.wait(completion)
    assert motor["DMOV", "MIP", "VAL"] == (1, 0, 3.0)


def test_move_goes_to_val_and_pauses_there(motor):
    motor.put("SPMG", "Stop")
    completion = motor.begin("VAL", 1.0)
    motor.sleep(10.0)
    assert (motor["DMOV", "VAL"], motor.position) == ((0, 1.0), 0.0)
    motor.send("SPMG", "Move")
    motor.wait(completion)
    assert (motor["SPMG"], motor.position) == (1, 1.0)


def test_spmg_stop_ends_a_move(motor):
    completion = motor.begin("VAL", 3.0)
    motor.sleep(1.0)
    motor.send("SPMG", "Stop")
    motor.wait(completion)
    assert motor["DMOV", "VAL"] == (1, motor["RBV"])


def test_a_jog_asked_for_in_a_pause_begins_with_go(motor):
    motor.put("SPMG", "Pause")
    motor.send("JOGF", 1)
    motor.sleep(5.0)
    assert (motor["DMOV", "JOGF"], motor.position) == ((1, 1), 0.0)
    motor.send("SPMG", "Go")
    motor.sleep(2.0)
    assert (motor["DMOV"], motor.position > 1.0) == (0, True)


def test_a_search_for_home_asked_for_in_a_pause_begins_with_go(make):
    motor = make(home=2.0)
    motor.put("SPMG", "Pause")
    search = motor.begin("HOMF", 1)
    assert (motor["DMOV", "HOMF"], motor.position) == ((0, 1), 0.0)
    motor.send("SPMG", "Go")
    motor.wait(search)
    assert motor["RBV", "HOMF", "ATHM"] == (2.0, 0, 1)
