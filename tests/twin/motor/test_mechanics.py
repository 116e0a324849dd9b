"""What stands between motor and load, against closed forms; noise as a function of time."""

import math

import numpy as np
import pytest

from beamtwin.orchestration.errors import DeadlockError
from beamtwin.twin.noise import stream
from beamtwin.twin.records.motor import (
    IDLE_PERIOD_S,
    Drift,
    Encoder,
    Mechanics,
    Noise,
    Vibration,
)


def test_play_is_taken_up_at_a_reversal(make):
    motor = make(mechanics=Mechanics(play=0.2))
    positions = []
    for target in (1.0, 0.9, 0.8, 0.7, 1.0):
        motor.put("VAL", target)
        positions.append(motor.position)
    assert positions == pytest.approx([0.9, 0.9, 0.9, 0.8, 0.9])
    assert motor["RBV"] == 1.0


def test_play_in_mid_move(make):
    motor = make(mechanics=Mechanics(play=0.2))
    motor.begin("VAL", 3.0)
    motor.sleep(0.2)  # 0.04 mm: within half the play
    assert motor.position == 0.0
    motor.sleep(1.3)  # 1.25 mm
    assert motor.position == pytest.approx(1.25 - 0.1)


def test_a_lag_is_that_of_a_first_order_system(make):
    motor = make(mechanics=Mechanics(lag_s=0.3))
    motor.begin("VAL", 3.0)
    lag, rate = 0.3, 2.0
    motor.sleep(0.4)  # on the ramp: x = a t²/2 - a lag t + a lag² (1 - exp(-t/lag))
    ramp = 0.5 * rate * 0.4**2 - rate * lag * 0.4 + rate * lag**2 * (1 - math.exp(-0.4 / lag))
    assert motor.position == pytest.approx(ramp)
    motor.sleep(2.4)  # in the cruise: behind by what it moves in that time, but for a transient
    assert motor.position == pytest.approx(2.55 - 0.3, abs=1e-3)
    motor.sleep(0.7)
    behind = 3.0 - motor.position
    motor.sleep(0.3)
    assert 3.0 - motor.position == pytest.approx(behind / math.e)


def test_a_lag_agrees_with_its_differential_equation(make):
    motor = make(mechanics=Mechanics(lag_s=0.3), VBAS=0.3)
    motor.begin("VAL", 1.0)
    step, x = 1e-3, 0.0
    for _ in range(2500):
        motor.sleep(step / 2)
        target = motor.record.axis.motor  # the midpoint rule
        x += step / (0.3 + step / 2) * (target - x)
        motor.sleep(step / 2)
        if _ == 700:
            motor.send("STOP", 1)
    assert motor.position == pytest.approx(x, abs=2e-4)


def test_a_lag_never_lets_the_load_go_back(make):
    motor = make(mechanics=Mechanics(lag_s=0.3))
    motor.begin("VAL", 1.0)
    positions = []
    for _ in range(40):
        positions.append(motor.position)
        motor.sleep(0.05)
    assert positions == sorted(positions)


def test_drift_and_vibration_add_to_the_load_and_not_to_the_motor(make):
    drift = Drift(amplitude=0.01, time_constant_s=100.0)
    shake = Vibration(stream(1, "m"), rms=1e-4, band_Hz=(10.0, 60.0))
    motor = make(mechanics=Mechanics(disturbances=(drift, shake)))
    motor.sleep(100.0)
    assert motor.position == pytest.approx(0.01 * (1 - 1 / math.e) + shake(100.0))
    assert motor["RBV"] == 0.0


def test_a_vibration_has_the_rms_and_the_bits_of_its_seed():
    shake, same, other = (
        Vibration(stream(seed, "m"), rms=0.5, band_Hz=(10.0, 60.0)) for seed in (1, 1, 2)
    )
    times = np.linspace(0.0, 20.0, 20_001)
    values = [shake(when) for when in times]
    assert np.sqrt(np.mean(np.square(values))) == pytest.approx(0.5, rel=0.02)
    assert shake(1.234) == same(1.234) != other(1.234)


def test_noise_is_white_and_a_function_of_the_time():
    noise, same = (Noise(stream(1, "m"), rms=0.5) for _ in range(2))
    values = np.array([noise(0.0005 + 0.001 * count) for count in range(4000)])
    assert values.std() == pytest.approx(0.5, rel=0.05)
    assert abs(np.corrcoef(values[1:], values[:-1])[0, 1]) < 0.05
    assert noise(17.3) == same(17.3)


def test_who_looks_does_not_change_what_the_encoder_says(make):
    def encoder():
        return Encoder(step=1e-4, noise=Noise(stream(1, "m"), rms=0.01))

    looked, alone = (make(encoder=encoder(), UEIP="Yes", RTRY=0) for _ in range(2))
    for _ in range(5):
        looked.sleep(0.35)
        looked["RBV"]
    assert looked["RBV"] == alone["RBV"] != 0.0
    looked.begin("VAL", 1.0)
    alone.begin("VAL", 1.0)
    looked.sleep(5.0)
    assert looked["RBV"] == alone["RBV"]


def test_an_unsteady_axis_is_polled_at_rest_where_somebody_watches(make, clock):
    drift = Drift(amplitude=1.0, time_constant_s=10.0)
    motor = make(mechanics=Mechanics(disturbances=(drift,)), encoder=Encoder(1e-6), UEIP="Yes")
    times = []
    end = motor.record.subscribe("RBV", lambda reading: times.append(clock.env.now))
    motor.sleep(3.5)
    assert times == pytest.approx([0.0, IDLE_PERIOD_S, 2 * IDLE_PERIOD_S, 3 * IDLE_PERIOD_S])
    end()
    with pytest.raises(DeadlockError, match=r"nothing is left to happen at t = 4 s"):
        clock.wait(lambda: False)


def test_by_default_the_load_is_where_the_motor_is(motor):
    motor.begin("VAL", 1.0)
    motor.sleep(0.7)
    assert motor.position == motor.record.axis.motor
    assert not motor.record.axis.unsteady


@pytest.mark.parametrize("mechanics", [None, Mechanics(play=0.2, lag_s=0.1)])
@pytest.mark.parametrize("target", [3.0, -3.0])
def test_when_the_load_gets_somewhere_is_known_beforehand(make, mechanics, target):
    motor = make(mechanics=mechanics)
    axis = motor.record.axis
    assert axis.when(0.5) == math.inf
    motor.begin("VAL", target)
    motor.sleep(0.3)
    when = axis.when(0.5 * target)
    assert axis.when(-0.5 * target) == axis.when(1.1 * target) == math.inf
    motor.sleep(when - motor.clock.env.now)
    assert motor.position == pytest.approx(0.5 * target, abs=1e-9)
