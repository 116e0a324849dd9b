"""All that a motor can be asked for, on a motor record of the twin."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from beamtwin.hardware.motor import FlyMotorInfo, Motor, MotorStatus
from beamtwin.orchestration.errors import (
    DeviceError,
    LimitsError,
    MoveError,
    NotConnectedError,
    StatusTimeoutError,
)
from beamtwin.twin.clock import SimClock
from beamtwin.twin.database import Database
from beamtwin.twin.records import MotorRecord
from beamtwin.twin.records.motor import Mechanics

Make = Callable[..., Motor]


@pytest.fixture
def database(clock: SimClock) -> Database:
    return Database(clock)


@pytest.fixture
def make(database: Database) -> Make:
    """``make(**fields)``: a motor at 1 mm/s with ramps of 0.5 s, between -10 and 10 mm."""

    def make(**fields: Any) -> Motor:
        defaults = {"VELO": 1.0, "ACCL": 0.5, "EGU": "mm", "PREC": 3, "LLM": -10.0, "HLM": 10.0}
        database.add(MotorRecord(database.clock, "M", **(defaults | fields)))
        motor = Motor("M", "m", database)
        motor.connect()
        return motor

    return make


@pytest.fixture
def motor(make: Make) -> Motor:
    return make()


def record(motor: Motor) -> MotorRecord:
    database: Any = motor.transport
    return database.records["M"]


# --- moves


def test_a_move(motor: Motor, clock: SimClock) -> None:
    motor.set(3.0).wait()
    assert (motor.position, clock.env.now) == (3.0, pytest.approx(3.5))
    assert motor.flags == MotorStatus.DONE | MotorStatus.DIRECTION


def test_a_target_that_the_record_rounds_in_the_last_bit_is_arrived_at(make: Make) -> None:
    motor = make(OFF=0.7)
    motor.set(0.1).wait()
    assert motor.user_setpoint.get() != 0.1


def test_a_limit_switch_fails_the_move_and_says_which_way_is_out(make: Make) -> None:
    motor = make(switches=(-10.0, 2.0))
    with pytest.raises(
        MoveError,
        match=r"m: did not get to 5 mm: stopped by its high limit switch: move it down from there;"
        r" it is at 2 mm \(M\)",
    ):
        motor.set(5.0).wait()
    motor.set(0.0).wait()


def test_an_alarm_at_the_end_fails_the_move_unless_it_is_tolerated(make: Make) -> None:
    motor = make()
    record(motor).put("HLSV", "MAJOR")
    status = motor.set(5.0)
    record(motor).send("DHLM", 4.0)  # the target is in alarm from now on
    with pytest.raises(
        MoveError,
        match=r"m: got to 5 mm, but it is in alarm MAJOR \(HIGH\).*tolerated_alarm.*\(M\)",
    ):
        status.wait()
    assert motor.tolerated_alarm == "MINOR"
    motor.tolerated_alarm = "MAJOR"
    record(motor).send("DHLM", 10.0)
    status = motor.set(6.0)
    record(motor).send("DHLM", 4.0)
    status.wait()


def test_a_motor_that_slips_fails_the_move_and_says_so(make: Make, clock: SimClock) -> None:
    motor = make(mechanics=Mechanics(error_limit=0.5), RTRY=0)
    status = motor.set(5.0)
    clock.sleep(2.0)
    record(motor).stuck = True
    with pytest.raises(
        MoveError, match=r"in alarm MAJOR \(STATE\): it slipped or stalled: see what"
    ):
        status.wait()
    assert MotorStatus.PROBLEM in motor.flags


def test_a_controller_that_is_silent_fails_the_move(make: Make) -> None:
    motor = make(RTRY=0)
    record(motor).axis.silent = True
    with pytest.raises(MoveError, match=r"did not get to 5 mm: it is in alarm INVALID \(COMM\)"):
        motor.set(5.0).wait()


def test_a_lost_connection_fails_the_move_at_once(
    motor: Motor, database: Database, clock: SimClock
) -> None:
    status = motor.set(5.0)
    clock.sleep(1.0)
    database.disconnect("M")
    with pytest.raises(NotConnectedError, match=r"M\.VAL: disconnected during a put"):
        status.wait(0.0)
    assert clock.env.now == 1.0


def test_a_lost_connection_fails_what_waits_for_the_motor_to_stand(
    motor: Motor, database: Database, clock: SimClock
) -> None:
    record(motor).send("VAL", 5.0)  # somebody else's
    clock.sleep(1.0)
    status = motor.home("forward", timeout=60.0)
    motor.user_setpoint.send(3.0)
    assert not status.done
    database.disconnect("M")
    with pytest.raises(NotConnectedError, match=r"M\."):
        status.wait(0.0)


def test_a_stuck_motor_fails_in_time(motor: Motor, clock: SimClock) -> None:
    record(motor).stuck = True
    with pytest.raises(StatusTimeoutError, match=r"m: move to 2 mm: not done after 13 s"):
        motor.set(2.0).wait()


def test_backlash_counts_for_the_time_that_a_move_may_take(make: Make) -> None:
    motor = make(BDST=3.0)
    record(motor).stuck = True
    with pytest.raises(StatusTimeoutError, match=r"not done after 19 s"):
        motor.set(2.0).wait()


# --- progress


def test_who_watches_a_move_hears_how_far_it_is(motor: Motor, clock: SimClock) -> None:
    motor.set(1.0).wait()
    status = motor.set(3.0)
    clock.sleep(0.5)
    told: list[dict[str, Any]] = []
    status.watch(lambda **progress: told.append(progress))
    status.watch(lambda **progress: None)
    status.wait()
    assert told[0] == {
        "name": "m",
        "current": pytest.approx(1.25),
        "initial": 1.0,
        "target": 3.0,
        "unit": "mm",
        "precision": 3,
        "fraction": pytest.approx(0.875),
        "time_elapsed": 0.5,
        "time_remaining": pytest.approx(3.5),
    }
    fractions = [each["fraction"] for each in told]
    assert fractions == sorted(fractions, reverse=True)
    assert len(told) > 15
    count = len(told)
    motor.set(0.0).wait()
    assert len(told) == count


def test_who_does_not_watch_is_told_nothing(motor: Motor) -> None:
    motor.set(3.0)
    assert not record(motor).monitors.keys() & {"RBV"}


def test_a_move_of_which_the_start_is_not_known_begins_where_it_is_seen(motor: Motor) -> None:
    status = motor.set(3.0, timeout=30.0)
    told: list[dict[str, Any]] = []
    status.watch(lambda **progress: told.append(progress))
    assert (told[0]["initial"], told[0]["fraction"], told[0]["time_remaining"]) == (0.0, 1.0, None)


def test_a_move_to_where_it_is_has_nothing_left(motor: Motor) -> None:
    status = motor.set(0.0)
    told: list[Any] = []
    status.watch(lambda **progress: told.append(progress))
    assert (status.done, told) == (True, [])


# --- jog, tweak, home


def test_a_jog_goes_on_until_it_is_ended(motor: Motor, clock: SimClock) -> None:
    jog = motor.jog("reverse")
    clock.sleep(2.0)
    assert not jog.done
    motor.stop_jog()
    jog.wait()
    assert motor.position == pytest.approx(-2.0)


def test_a_jog_that_comes_near_a_soft_limit_fails(motor: Motor) -> None:
    with pytest.raises(
        MoveError,
        match=r"m: jog forward failed: it came within a second of its soft limits \[-10, 10\] mm; it is at 9\.",
    ):
        motor.jog("forward").wait()


def test_a_stop_ends_a_jog(motor: Motor, clock: SimClock) -> None:
    jog = motor.jog("forward")
    clock.sleep(2.0)
    motor.stop()
    jog.wait()
    assert motor.jog_forward.get() is False


def test_tweaks(motor: Motor) -> None:
    motor.tweak("forward", 0.25).wait()
    motor.tweak("forward").wait()
    motor.tweak("reverse", 0.1).wait()
    assert motor.position == pytest.approx(0.4)


def test_a_tweak_beyond_a_soft_limit_moves_nothing(make: Make) -> None:
    motor = make(VAL=9.9)
    with pytest.raises(LimitsError, match=r"m: 10\.4 mm is outside \[-10, 10\] mm"):
        motor.tweak("forward", 0.5).wait()
    assert motor.position == 9.9


def test_homing(make: Make) -> None:
    motor = make(home=-3.0)
    motor.home("reverse").wait()
    assert (motor.position, motor.at_home.get()) == (-3.0, True)
    assert MotorStatus.HOMED in motor.flags


def test_homing_may_not_take_for_ever(make: Make) -> None:
    motor = make(home=-3.0)
    record(motor).stuck = True
    with pytest.raises(StatusTimeoutError, match="m: home reverse: not done after 20 s"):
        motor.home("reverse", timeout=20.0).wait()


# --- position, pause, the rest of the record


def test_the_position_can_be_called_otherwise(motor: Motor) -> None:
    motor.set(2.0).wait()
    motor.set_current_position(0.0).wait()
    assert (motor.position, motor.user_offset.get(), motor.dial_readback.get()) == (0.0, -2.0, 2.0)


def test_with_a_frozen_offset_the_dial_is_called_otherwise(motor: Motor) -> None:
    motor.set(2.0).wait()
    motor.offset_freeze_switch.set("Frozen").wait()
    motor.set_current_position(0.0).wait()
    assert (motor.position, motor.user_offset.get(), motor.dial_readback.get()) == (0.0, 0.0, 0.0)


def test_the_position_cannot_be_called_otherwise_on_the_way(motor: Motor) -> None:
    motor.set(2.0)
    with pytest.raises(DeviceError, match=r"m: it is moving.*\(M\)"):
        motor.set_current_position(0.0).wait()


def test_pause_and_resume(motor: Motor, clock: SimClock) -> None:
    move = motor.set(3.0)
    clock.sleep(1.0)
    motor.pause()
    clock.sleep(5.0)
    assert (move.done, motor.motor_is_moving.get()) == (False, False)
    motor.resume()
    move.wait()
    assert motor.stop_go.get() == "Go"


def test_a_pause_at_rest_holds_nothing(motor: Motor) -> None:
    motor.pause()
    motor.resume()
    assert "stop_go" not in vars(motor)


def test_what_a_record_does_not_have_is_named(motor: Motor, database: Database) -> None:
    database.disconnect("M")
    with pytest.raises(NotConnectedError, match=r"M\.RTRY"):
        motor.retry_max.get()
    database.reconnect("M")
    assert motor.retry_max.get() == 10
    assert motor.retry_max is motor.retry_max


def test_all_that_is_there_on_demand_is_there(motor: Motor) -> None:
    names = [
        name
        for name, part in vars(type(motor).__mro__[1]).items()
        if type(part).__name__ == "_OnDemand"
    ]
    assert len(names) > 30
    for name in names:
        assert getattr(motor, name).name == f"m_{name}"


# --- flights


def test_a_flight_has_a_constant_velocity_from_its_start_to_its_end(
    motor: Motor, clock: SimClock
) -> None:
    motor.prepare(FlyMotorInfo(1.0, 5.0, time_for_move=2.0)).wait()
    assert motor.velocity.get() == 2.0
    begun = motor.kickoff()
    landed = motor.complete()
    begun.wait()
    times: dict[float, float] = {}
    for place in (1.0, 3.0, 5.0):
        times[place] = record(motor).axis.when(place)
    landed.wait()
    assert times[3.0] - times[1.0] == pytest.approx(1.0)
    assert times[5.0] - times[3.0] == pytest.approx(1.0)
    assert motor.velocity.get() == 1.0


def test_a_flight_may_go_backwards_and_has_a_timeout(motor: Motor) -> None:
    motor.prepare(FlyMotorInfo(5.0, 1.0, 2.0, timeout=0.5)).wait()
    motor.kickoff().wait()
    with pytest.raises(StatusTimeoutError, match=r"m: move to 0 mm: not done after 0.5 s"):
        motor.complete().wait()
    assert motor.velocity.get() == 1.0


def test_a_flight_of_ophyd_asyncs_description(motor: Motor) -> None:
    info: Any = SimpleNamespace(
        start_position=1.0, end_position=2.0, time_for_move=1.0, timeout="CALCULATE_TIMEOUT"
    )
    motor.prepare(info).wait()
    motor.kickoff().wait()
    motor.complete().wait()
    assert motor.position == pytest.approx(2.5)


def test_a_flight_whose_run_up_leaves_the_limits_fails_and_keeps_the_velocity(motor: Motor) -> None:
    with pytest.raises(LimitsError, match=r"m: 11 mm is outside"):
        motor.prepare(FlyMotorInfo(0.0, 10.0, time_for_move=5.0)).wait()
    assert (motor.velocity.get(), motor.position) == (1.0, 0.0)


def test_a_flight_that_cannot_be(make: Make) -> None:
    motor = make(VMAX=3.0)
    with pytest.raises(LimitsError, match=r"m: a flight at 5 mm/s is faster than 3 mm/s"):
        motor.prepare(FlyMotorInfo(0.0, 5.0, time_for_move=1.0))
    with pytest.raises(LimitsError, match="must be more than 0"):
        motor.prepare(FlyMotorInfo(1.0, 1.0, time_for_move=1.0))
    with pytest.raises(DeviceError, match="m: no flight is prepared"):
        motor.kickoff()
    motor.prepare(FlyMotorInfo(0.0, 1.0, time_for_move=1.0)).wait()
    with pytest.raises(DeviceError, match="m: it has not been kicked off"):
        motor.complete().wait()
