"""state, restore and under_way."""

import json

import pytest

from beamtwin.orchestration.errors import PutError
from beamtwin.twin.clock import SimClock
from beamtwin.twin.records import MotorRecord
from beamtwin.twin.records.motor import Encoder, Mechanics

FIELDS = {"VELO": 1.0, "ACCL": 0.5, "MRES": 0.01}


def new(clock):
    mechanics, encoder = Mechanics(play=0.2, lag_s=0.3), Encoder(step=0.001)
    return MotorRecord(clock, "m", mechanics=mechanics, encoder=encoder, UEIP="Yes", **FIELDS)


def exercised(clock):
    motor = new(clock)
    for field, value in (
        *(("DHLM", 50.0), ("VAL", 3.0), ("SET", 1), ("FOFF", 1), ("VAL", 7.0), ("SET", 0)),
        *(("VAL", 5.0), ("OFF", 1.5), ("HOMR", 1), ("VAL", 2.0), ("VELO", 2.0)),
    ):
        completion = motor.put(field, value)
        if completion is not None:
            clock.wait(lambda completion=completion: completion.done)
    return motor


def test_a_restored_record_goes_on_as_the_first_would_have(clock):
    motor = exercised(clock)
    state = json.loads(json.dumps(motor.state()))
    later = SimClock(epoch=clock.epoch)
    later.sleep(clock.env.now)
    other = new(later)
    other.restore(state)
    assert other.values == motor.values
    for each in (clock, later):
        each.sleep(0.1)
    assert other.position == motor.position
    histories = []
    for record, each in ((motor, clock), (other, later)):
        heard = []
        for field in record.fields:
            record.subscribe(field, lambda reading, heard=heard: heard.append(reading))
        record.put("VAL", 1.0)
        each.sleep(20.0)
        histories.append((heard, record.position))
    assert histories[0] == histories[1]


def test_monitors_hear_of_a_restoration_and_puts_under_way_fail(clock):
    motor = new(clock)
    state = motor.state()
    heard = []
    motor.subscribe("VAL", lambda reading: heard.append(reading.value))
    first, second = motor.put("VAL", 3.0), motor.put("VAL", 4.0)
    clock.sleep(1.0)
    motor.restore(state)
    assert heard == [0.0, 3.0, 0.0]
    for put in (first, second):
        with pytest.raises(PutError, match="m: restored to an earlier state"):
            put.wait()
    clock.sleep(20.0)
    assert (motor.position, motor.values["DMOV"]) == (0.0, 1)


def test_what_is_under_way(clock):
    motor = MotorRecord(clock, "m", EGU="mm")
    assert motor.under_way == ""
    motor.put("VAL", 2.5)
    assert motor.under_way == "it is on its way to 2.5 mm"
    clock.sleep(10.0)
    assert motor.under_way == ""
