"""Getting there: backlash, the encoder, retries, the time to settle, dead bands."""

import itertools

import pytest

from beamtwin.twin.records.motor import Encoder, Mechanics


def encoded(make, **fields):
    """A motor that reads its load, behind a play of 0.2 mm."""
    mechanics = fields.pop("mechanics", Mechanics(play=0.2))
    fields = {"MRES": 0.01, "UEIP": "Yes", "RDBD": 0.05} | fields
    return make(mechanics=mechanics, encoder=Encoder(step=0.001), **fields)


# --- backlash


def test_backlash_is_taken_out_from_one_side(make):
    motor = make(ACCL=0.1, BDST=0.5, BVEL=0.5, BACC=0.1, VAL=2.0)
    lines = motor.listen("MOVN", "DMOV")
    lowest = []
    motor.record.subscribe("RBV", lambda reading: lowest.append(reading.value))
    # 1.5 mm down with ramps of 0.1 s, and 0.5 mm up at half the speed.
    assert motor.put("VAL", 1.0) == pytest.approx(1.5 + 0.1 + 1.0 + 0.1)
    assert min(lowest) == pytest.approx(0.5, abs=1e-6)
    assert motor.position == 1.0
    assert lines == [
        *(("DMOV", 0), ("MOVN", 1), ("MOVN", 0), ("MOVN", 1), ("MOVN", 0), ("DMOV", 1)),
    ]


def test_within_the_backlash_and_in_its_direction_it_goes_at_the_backlash_speed(make):
    motor = make(ACCL=0.1, BDST=0.5, BVEL=0.5, BACC=0.1)
    assert motor.put("VAL", 0.25) == pytest.approx(0.5 + 0.1)


def test_a_longer_move_in_its_direction_ends_at_the_backlash_speed(make):
    motor = make(ACCL=0.1, BDST=0.5, BVEL=0.5, BACC=0.1)
    assert motor.put("VAL", 2.0) == pytest.approx(1.5 + 0.1 + 1.0 + 0.1)


def test_at_the_same_speed_a_move_in_its_direction_needs_no_second_part(make):
    motor = make(BDST=0.5, BACC=0.5)
    assert motor.put("VAL", 2.0) == pytest.approx(2.5)


def test_a_negative_backlash_is_taken_out_from_above(make):
    motor = make(BDST=-0.5)
    highest = []
    motor.record.subscribe("RBV", lambda reading: highest.append(reading.value))
    motor.put("VAL", 1.0)
    assert (max(highest), motor.position) == (pytest.approx(1.5), 1.0)


def test_backlash_may_not_leave_the_limits(make):
    motor = make(BDST=0.5, DLLM=-1.0, DHLM=5.0)
    motor.put("VAL", -0.75)
    assert motor["LVIO", "VAL"] == (1, 0.0)


def test_frac_goes_part_of_the_way_and_a_retry_the_rest(make):
    motor = make(FRAC=0.5)
    lines = motor.listen("RCNT", "DMOV")
    motor.put("VAL", 2.0)
    assert motor.position == 2.0
    assert lines == [("DMOV", 0), ("RCNT", 1), ("DMOV", 1)]
    assert motor["MISS"] == 0


# --- the encoder


def test_without_an_encoder_there_is_none_to_use(motor):
    motor.put("UEIP", "Yes")
    assert motor["UEIP"] == 0
    assert not int(motor["MSTA"]) & 0x100


def test_ueip_as_it_is_loads_no_position(motor):
    motor.put("VAL", 1.0)
    lines = motor.listen("VAL", "OFF", "DMOV", "MIP")
    motor.put("UEIP", "No")
    assert lines == []


def test_with_an_encoder_the_readback_is_where_the_load_is(make):
    motor = encoded(make, RTRY=0, VAL=1.0)
    assert int(motor["MSTA"]) & 0x100
    motor.put("VAL", 2.0)
    # The load is half the play behind.
    assert motor["RBV", "RRBV", "REP", "RMP"] == (pytest.approx(1.9), 1900, 1900, 200)
    assert motor["DIFF"] == pytest.approx(0.1)
    assert motor.position == pytest.approx(1.9)
    motor.put("UEIP", "No")
    assert motor["RRBV"] == 200


def test_the_encoder_is_used_as_soon_as_ueip_says_so(make):
    motor = encoded(make, RTRY=0, UEIP="No")
    motor.put("VAL", 1.0)
    assert motor["RBV", "REP"] == (1.0, 900)
    motor.put("UEIP", "Yes")
    assert motor["DVAL", "RBV", "RRBV"] == (1.0, pytest.approx(0.9), 900)


def test_a_new_encoder_resolution_loads_the_counters_so_that_the_dial_keeps_its_value(make):
    motor = encoded(make, RTRY=0)
    motor.put("VAL", 1.0)
    motor.put("ERES", 0.002)
    assert motor["DVAL", "RBV", "RRBV", "RMP"] == (1.0, pytest.approx(1.0), 500, 100)
    assert motor.position == pytest.approx(0.9)
    motor.put("ERES", 0.0)
    assert motor["ERES"] == 0.01


def test_retries_take_up_what_is_missing(make):
    motor = encoded(make)
    lines = motor.listen("RCNT", "DMOV", "MISS")
    motor.put("VAL", 1.0)
    assert motor["RBV"] == pytest.approx(1.0, abs=0.01)
    assert lines == [("DMOV", 0), ("RCNT", 1), ("DMOV", 1)]
    motor.put("VAL", 2.0)  # no play is left in this direction
    assert motor["RCNT", "RBV"] == (0, pytest.approx(2.0, abs=0.01))


def test_without_retries_it_stays_where_it_is(make):
    motor = encoded(make, RTRY=0)
    motor.put("VAL", 1.0)
    assert motor["RBV", "DMOV", "MISS", "RCNT"] == (pytest.approx(0.9), 1, 0, 0)


def test_when_retries_are_of_no_use_it_gives_up(make):
    motor = encoded(make, mechanics=Mechanics(play=float("inf")), RTRY=3)
    lines = motor.listen("RCNT", "MISS", "DMOV")
    motor.put("VAL", 1.0)
    assert lines == [
        *(("DMOV", 0), ("RCNT", 1), ("RCNT", 2), ("RCNT", 3)),
        *(("RCNT", 4), ("MISS", 1), ("DMOV", 1)),
    ]
    assert motor["RBV", "VAL", "RMP"] == (0.0, 1.0, 400)
    motor.put("VAL", 0.0)
    assert motor["MISS", "RCNT"] == (1, 4)  # it is there, and has made no attempt


@pytest.mark.parametrize(
    ("mode", "steps"),
    [("Default", 400), ("Arithmetic", 100 + 100 + 67 + 33), ("Geometric", 100 + 100 + 50 + 25)],
)
def test_what_a_retry_goes_of_what_is_missing(make, mode, steps):
    motor = encoded(make, mechanics=Mechanics(play=float("inf")), RTRY=3, RMOD=mode)
    motor.put("VAL", 1.0)
    assert motor["RMP"] == steps


def test_in_position_retries_wait_for_a_servo(make):
    motor = encoded(make, mechanics=Mechanics(lag_s=1.0), RMOD="In-Position", DLY=0.5, RTRY=20)
    took = motor.put("VAL", 1.0)
    # Absolute moves: the motor is there after 1.5 s, and the load within 0.05 mm some time later.
    assert motor["RMP", "MISS"] == (100, 0)
    assert took > 3.0
    assert motor["RBV"] == pytest.approx(1.0, abs=0.05)


def test_dly_lets_the_readback_settle(make):
    slow = Mechanics(lag_s=0.2)
    hasty = encoded(make, mechanics=slow)
    hasty.put("VAL", 1.0)
    assert hasty["RCNT"] > 0
    motor = encoded(make, mechanics=slow, DLY=1.0)
    lines = motor.listen("MOVN", "DMOV", "MIP")
    assert motor.put("VAL", 1.0) == pytest.approx(1.5 + 1.0)
    assert motor["RCNT", "RBV"] == (0, pytest.approx(1.0, abs=0.005))
    assert lines == [
        *(("DMOV", 0), ("MIP", 0x20), ("MOVN", 1)),
        *(("MIP", 0x420), ("MOVN", 0), ("MIP", 0), ("DMOV", 1)),
    ]


def test_a_stop_while_it_settles_lets_the_delay_end(make):
    motor = make(DLY=5.0)
    move = motor.begin("VAL", 1.0)
    motor.sleep(2.0)
    motor.send("STOP", 1)
    motor.wait(move)
    assert (motor["DMOV", "MIP"], motor.clock.env.now) == ((1, 0), pytest.approx(6.5))


def test_a_move_asked_for_while_it_settles_comes_after_that_and_settles_too(make):
    motor = make(DLY=2.0)
    move = motor.begin("VAL", 1.0)
    motor.sleep(2.0)
    motor.send("VAL", 0.0)
    motor.wait(move)
    assert motor.position == 0.0
    assert motor.clock.env.now == pytest.approx(1.5 + 2.0 + 1.5 + 2.0)


# --- dead bands of monitors


def test_mdel_spares_monitors_small_steps(make):
    motor = make(MDEL=0.5)
    heard = []
    motor.record.subscribe("RBV", lambda reading: heard.append(reading.value))
    motor.put("VAL", 2.0)
    steps = [after - before for before, after in itertools.pairwise(heard)]
    assert len(steps) == 3
    assert min(steps) > 0.5


def test_adel_alone_spares_monitors_nothing(make):
    motor = make(ADEL=0.5)
    lines = motor.listen("RBV")
    motor.put("VAL", 2.0)
    assert len(lines) > 15
    assert motor["ALST", "MLST"] == (pytest.approx(1.9, abs=0.3), 0.0)
