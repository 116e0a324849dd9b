"""What a motor record has in common with all others: links, scanning, being disabled."""

import pytest

from beamtwin.orchestration.errors import PutError
from beamtwin.twin.database import Database
from beamtwin.twin.record import ALARM, LOG, VALUE
from beamtwin.twin.records import AoRecord, MotorRecord


@pytest.fixture
def database(clock):
    return Database(clock)


@pytest.fixture
def add(database):
    """``add(**fields)``: the motor m, and a record a that counts how often it is processed."""

    def add(**fields):
        database.loads('record(calc, "a") { field(CALC, "VAL+1") }')
        return database.add(MotorRecord(database.clock, "m", VELO=1.0, **fields))

    return add


def count(database):
    return database.records["a"].values["VAL"]


def wait(database, completion):
    database.clock.wait(lambda: completion is None or completion.done)


def test_the_forward_link_is_processed_when_a_motion_is_over(database, add):
    motor = add(FLNK="a")
    move = motor.put("VAL", 1.0)
    assert count(database) == 0
    wait(database, move)
    assert count(database) == 1
    wait(database, motor.put("VAL", 1.0))
    assert count(database) == 2


def test_a_put_is_complete_when_what_it_has_processed_is(database, add):
    motor = add(FLNK="n")
    other = database.add(MotorRecord(database.clock, "n", OMSL="closed_loop", DOL="m.RBV"))
    wait(database, motor.put("VAL", 1.0))
    assert other.values["RBV"] == 1.0


def test_in_closed_loop_the_target_comes_from_dol(database, add):
    setpoint = database.add(AoRecord(database.clock, "s", VAL=2.0))
    motor = add(OMSL="closed_loop", DOL="s CP")
    setpoint.put("VAL", 3.0)
    database.clock.sleep(10.0)
    assert (motor.values["VAL"], motor.position) == (3.0, 3.0)
    motor.send("JOGF", 1)
    database.clock.sleep(10.0)
    assert motor.position == 3.0


def test_a_target_that_cannot_be_had_is_undefined(database, add):
    motor = add(OMSL="closed_loop", DOL="nobody")
    motor.put("PROC", 1)
    assert (motor.values["UDF"], motor.read().severity, motor.position) == (1, 3, 0.0)


def test_a_constant_dol_is_where_it_begins(add):
    assert add(DOL="4.5").values["RBV"] == 4.5


def test_a_link_can_send_it_somewhere(database, add):
    motor = add()
    setpoint = database.add(AoRecord(database.clock, "s", OUT="m.VAL PP"))
    put = setpoint.put("VAL", 2.0)
    assert not put.done
    wait(database, put)
    assert motor.position == 2.0


def test_the_readback_may_come_from_another_record(database, add):
    gauge = database.add(AoRecord(database.clock, "g", VAL=1000.0))
    motor = add(RDBL="g", RRES=0.001, URIP="Yes", MRES=0.01, RTRY=0)
    assert motor.read("RBV") == (0.0, motor.timestamp, 0, 0)
    motor.put("STUP", "ON")
    assert motor.values["RBV"] == 1.0
    gauge.put("VAL", 1500.0)
    wait(database, motor.put("VAL", 2.0))
    assert (motor.values["RBV"], motor.values["DIFF"], motor.values["RRBV"]) == (1.5, 0.5, 150)


def test_with_a_readback_that_cannot_be_read_it_goes_nowhere(database, add):
    motor = add(RDBL="nobody", RRES=1.0, URIP="Yes")
    assert motor.put("VAL", 2.0) is None
    assert (motor.values["VAL"], motor.values["DMOV"], motor.position) == (0.0, 1, 0.0)


def test_a_readback_that_is_lost_stops_it(database, add):
    gauge = database.add(AoRecord(database.clock, "g", VAL=0.0))
    motor = add(RDBL="g", RRES=1.0, URIP="Yes")
    move = motor.put("VAL", 5.0)
    database.clock.sleep(1.0)
    motor.send("RDBL", "nobody")
    motor.read("RBV")  # polls
    wait(database, move)
    assert motor.position < 2.0
    assert gauge.values["VAL"] == 0.0


def test_the_encoder_and_the_link_exclude_one_another(add):
    motor = add(URIP="Yes")
    motor.put("UEIP", "Yes")
    assert (motor.values["UEIP"], motor.values["URIP"]) == (0, 1)


def test_rlnk_tells_another_record_where_it_is(database, add):
    follower = database.add(AoRecord(database.clock, "f"))
    motor = add(RLNK="f PP")
    heard = []
    follower.subscribe("VAL", lambda reading: heard.append(reading.value))
    motor.subscribe("RBV", lambda reading: None)
    wait(database, motor.put("VAL", 1.0))
    assert heard == sorted(heard)
    assert (len(heard) > 5, heard[-1]) == (True, 1.0)


def test_a_disabled_record_does_nothing(add):
    motor = add(DISA=1)
    assert motor.put("VAL", 1.0) is None
    assert (motor.values["DMOV"], motor.position) == (1, 0.0)
    motor.put("DISP", 1)
    with pytest.raises(PutError, match="DISP"):
        motor.put("VAL", 2.0)


def test_a_scanned_record_asks_for_its_status(database, add):
    motor = add(SCAN="1 second")
    heard = []
    motor.subscribe("STUP", lambda reading: heard.append(reading.value))
    database.clock.sleep(2.5)
    assert heard == [0, 2, 0, 2, 0]


def test_archivers_have_a_deadband_of_their_own(database, add):
    motor = add(ADEL=0.5)
    heard = {VALUE: 0, LOG: 0}
    for events in heard:

        def take(reading, events=events):
            heard[events] += 1

        motor.subscribe("RBV", take, events)
    wait(database, motor.put("VAL", 2.0))
    assert heard[LOG] < 6 < heard[VALUE]


def test_alarm_monitors_hear_of_alarms_alone(database, add):
    motor = add(DLLM=-9.0, DHLM=9.0, HLSV="MAJOR")
    heard = []
    motor.subscribe("RBV", lambda reading: heard.append(reading.severity), ALARM)
    wait(database, motor.put("VAL", 5.0))
    assert heard == [0]
    motor.put("DHLM", 4.0)
    assert heard == [0, 2]
