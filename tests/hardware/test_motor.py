from collections.abc import Callable
from typing import Any

import pytest

from beamtwin.hardware.motor import Motor
from beamtwin.hardware.soft import SoftTransport
from beamtwin.orchestration.errors import (
    LimitsError,
    MoveError,
    NotConnectedError,
    PutError,
    StatusTimeoutError,
)
from beamtwin.orchestration.status import Status
from beamtwin.twin.clock import SimClock

ServeMotor = Callable[..., Any]


@pytest.fixture
def record(serve_motor: ServeMotor) -> Any:
    return serve_motor("M1")


@pytest.fixture
def motor(record: Any, transport: SoftTransport) -> Motor:
    device = Motor("M1", "m1", transport)
    device.connect()
    return device


def test_its_readings_are_called_as_ophyds(motor: Motor) -> None:
    assert list(motor.read()) == ["m1", "m1_user_setpoint"]
    assert motor.hints == {"fields": ["m1"]}
    assert list(motor.read_configuration()) == [
        "m1_user_offset",
        "m1_user_offset_dir",
        "m1_velocity",
        "m1_acceleration",
        "m1_motor_egu",
    ]
    key = motor.describe()["m1"]
    assert (key["units"], key["precision"], key["source"]) == ("mm", 3, "soft://M1.RBV")


def test_a_move_is_done_when_it_is_there(motor: Motor, clock: SimClock) -> None:
    status = motor.set(3.0)
    assert motor.moving
    assert not status.done
    status.wait()
    assert (motor.position, motor.moving) == (3.0, False)
    assert clock.time() - clock.epoch == 3.0
    assert motor.locate() == {"setpoint": 3.0, "readback": 3.0}


def test_a_put_that_completes_early_does_not_end_the_move(
    motor: Motor, record: Any, clock: SimClock
) -> None:
    record.early = True
    motor.set(3.0).wait()
    assert (motor.position, clock.time() - clock.epoch) == (3.0, 3.0)


def test_beyond_its_soft_limits_nothing_is_put(motor: Motor, record: Any) -> None:
    message = r"m1: 12.5 mm is outside \[-10, 10\] mm \(soft limits of M1\)"
    for ask in (motor.set, motor.check_value):
        with pytest.raises(LimitsError, match=message):
            ask(12.5)
    assert record.read("VAL") == 0.0
    with pytest.raises(LimitsError, match="m1: nan mm is not finite"):
        motor.set(float("nan"))


def test_limits_are_those_of_now(motor: Motor, record: Any) -> None:
    record.post("HLM", 5.0)
    assert motor.limits == (-10.0, 5.0)
    with pytest.raises(LimitsError, match=r"\[-10, 5\] mm"):
        motor.set(6.0)


def test_equal_limits_mean_none(motor: Motor, record: Any) -> None:
    record.post("HLM", 0.0)
    record.post("LLM", 0.0)
    motor.check_value(1e6)


def test_a_stopped_move_fails_and_says_where_it_is(motor: Motor, clock: SimClock) -> None:
    status = motor.set(3.0)
    clock.sleep(1.25)
    motor.stop()
    with pytest.raises(
        MoveError,
        match=r"m1: did not get to 3 mm: it was stopped; it is at 1.25 mm \(M1\)",
    ):
        status.wait()


def test_a_move_that_was_stopped_on_purpose_does_not_fail(motor: Motor, clock: SimClock) -> None:
    status = motor.set(3.0)
    clock.sleep(1)
    motor.stop(success=True)
    assert status.success
    failing = motor.set(3.0)
    clock.sleep(1)
    motor.stop()
    assert not failing.success


def test_a_move_that_the_record_refuses_fails(
    motor: Motor, record: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(motor, "_check", lambda *_: None)
    message = r"did not get to 12 mm: refused, the soft limits are \[-10, 10\] mm; it is at 0 mm"
    with pytest.raises(MoveError, match=message):
        motor.set(12.0).wait()


@pytest.mark.parametrize(
    ("field", "reason"),
    [("HLS", "stopped by its high limit switch"), ("RDBD", "it came to rest before")],
)
def test_a_move_that_ends_elsewhere_fails(
    motor: Motor, record: Any, field: str, reason: str
) -> None:
    record.reach = 2.0
    record.post(field, 1e-3)
    if field == "HLS":
        record.post(field, 1)
    with pytest.raises(MoveError, match=rf"{reason}.*; it is at 2 mm \(M1\)"):
        motor.set(3.0).wait()


@pytest.mark.parametrize(
    ("fields", "miss", "arrives"),
    [
        ({"RDBD": 0.05}, 0.04, True),
        ({"RDBD": 0.05}, 0.06, False),
        ({"MRES": -0.02}, 0.015, True),
        ({}, 0.0009, True),
        ({}, 0.0011, False),
    ],
)
def test_near_enough_is_the_dead_band_a_step_or_the_last_digit(
    motor: Motor, record: Any, fields: dict[str, float], miss: float, arrives: bool
) -> None:
    for field, value in fields.items():
        record.post(field, value)
    record.reach = 3.0 - miss
    assert (motor.set(3.0).exception(None) is None) == arrives


def test_a_move_takes_no_longer_than_its_speed_says_and_ten_seconds(
    motor: Motor, clock: SimClock, transport: SoftTransport
) -> None:
    put = Status(clock)
    transport.on_put("M1.VAL", lambda _: put)
    status = motor.set(4.0)
    with pytest.raises(StatusTimeoutError, match="m1: move to 4 mm: not done after 15 s"):
        status.wait()
    put.set_finished()
    assert isinstance(status.exception(), StatusTimeoutError)
    transport.on_put("M1.VAL", lambda _: Status(clock))
    with pytest.raises(StatusTimeoutError, match=r"not done after 0.5 s"):
        motor.set(2.0, timeout=0.5).wait()


def test_a_move_replaced_by_another_does_not_fail(
    motor: Motor, record: Any, clock: SimClock
) -> None:
    record.early = True
    first = motor.set(3.0)
    clock.sleep(1)
    record._timer.cancel()
    record.post("RBV", 1.0)
    second = motor.set(-1.0)
    assert not first.done
    second.wait()
    assert motor.position == -1.0


def test_a_second_move_begun_before_the_first_is_judged_ends_the_first(
    motor: Motor, record: Any, clock: SimClock, transport: SoftTransport
) -> None:
    put = Status(clock)
    transport.on_put("M1.VAL", lambda _: put)
    first = motor.set(3.0)
    record.post("DMOV", False)
    record.post("VAL", 5.0)
    put.set_finished()
    assert first.success


def test_a_refused_put_and_a_lost_connection_fail_the_move(
    motor: Motor, clock: SimClock, transport: SoftTransport
) -> None:
    put = Status(clock)
    transport.on_put("M1.VAL", lambda _: put)
    status = motor.set(3.0)
    put.set_exception(PutError("M1.VAL: no write access"))
    assert str(status.exception()) == "M1.VAL: no write access"
    transport.on_put("M1.VAL", lambda _: None)
    transport.disconnect("M1.DMOV")
    assert isinstance(motor.set(3.0).exception(), NotConnectedError)


def test_the_current_position_can_be_called_otherwise(motor: Motor, record: Any) -> None:
    motor.set_current_position(7.0).wait()
    assert (motor.position, motor.set_use_switch.get(), motor.moving) == (7.0, "Use", False)


def test_a_failed_redefinition_leaves_the_motor_in_use(
    motor: Motor, transport: SoftTransport, clock: SimClock
) -> None:
    refused = Status(clock)
    refused.set_exception(PutError("M1.VAL: frozen"))
    transport.on_put("M1.VAL", lambda _: refused)
    with pytest.raises(PutError, match="frozen"):
        motor.set_current_position(7.0).wait()
    assert motor.set_use_switch.get() == "Use"


def test_homing_ends_when_the_motor_stands(
    motor: Motor, record: Any, clock: SimClock, transport: SoftTransport
) -> None:
    def search(_: Any) -> None:
        record.post("DMOV", False)
        clock.call_at(clock.time() + 8, lambda: record.post("DMOV", True))

    transport.on_put("M1.HOMR", search)
    motor.home("reverse").wait()
    assert clock.time() - clock.epoch == 8.0


def test_a_subscriber_hears_readback_and_setpoint_together(motor: Motor, record: Any) -> None:
    heard: list[dict[str, Any]] = []
    motor.subscribe(heard.append)
    motor.set(2.0).wait()
    places = [(one["m1"]["value"], one["m1_user_setpoint"]["value"]) for one in heard]
    assert places == [(0.0, 0.0), (0.0, 2.0), (2.0, 2.0)]
