"""Motion against the closed forms of constant acceleration."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamtwin.twin.records.motor import Motion, Ramp

RAMP = Ramp(velocity=2.0, acceleration=4.0)


def test_a_long_way_is_a_trapezoid():
    motion = Motion.to(10.0, begins=1.0, start=0.0, ramp=RAMP)
    # Ramps of 0.5 s and 0.5 units each, and 9 units at 2 units/s.
    assert motion.ends == 1.0 + 0.5 + 4.5 + 0.5
    assert motion.position(1.5) == 0.5 * 4.0 * 0.5**2
    assert motion.position(3.5) == 0.5 + 2.0 * 2.0
    assert motion.position(6.0) == 9.5
    assert motion.position(motion.ends - 0.25) == pytest.approx(10.0 - 0.5 * 4.0 * 0.25**2)
    assert motion.velocity(3.0) == 2.0


def test_a_short_way_is_a_triangle():
    motion = Motion.to(-0.25, begins=0.0, start=0.0, ramp=RAMP)
    assert motion.ends == pytest.approx(2 * math.sqrt(0.25 / 4.0))
    assert motion.position(motion.ends / 2) == pytest.approx(-0.125)
    assert motion.velocity(motion.ends / 2) == pytest.approx(-math.sqrt(0.25 * 4.0))


def test_a_base_speed_is_jumped_to():
    motion = Motion.to(10.0, begins=0.0, start=0.0, ramp=Ramp(2.0, 4.0, base=1.0))
    assert motion.velocity(0.0) == 1.0
    # The ramps take (2 - 1)/4 s and (4 - 1)/8 units each.
    assert motion.ends == 0.5 + (10.0 - 0.75) / 2.0


def test_without_a_ramp_it_cruises():
    motion = Motion.to(3.0, begins=0.0, start=1.0, ramp=Ramp(1.0, 5.0, base=1.0))
    assert (motion.ends, motion.position(1.5)) == (2.0, 2.5)


def test_no_way_takes_no_time():
    motion = Motion.to(1.0, begins=5.0, start=1.0, ramp=RAMP)
    assert (motion.ends, motion.position(5.0)) == (5.0, 1.0)


def test_a_stop_brakes_evenly():
    motion = Motion.to(-10.0, begins=0.0, start=0.0, ramp=RAMP).stopped(2.0, deceleration=4.0)
    here = -(0.5 + 2.0 * 1.5)
    assert motion.ends == 2.5
    assert motion.target == pytest.approx(here - 2.0**2 / (2 * 4.0))


def test_a_stop_from_a_base_speed_is_sudden():
    motion = Motion.to(10.0, begins=0.0, start=0.0, ramp=Ramp(2.0, 4.0, base=1.0))
    assert motion.stopped(3.0, 4.0, base=1.0).ends == 3.25
    assert motion.stopped(0.0, 4.0, base=1.0).ends == 0.0


def test_a_jog_has_no_end_and_can_be_stopped():
    motion = Motion.jog(0.0, 0.0, speed=0.0, ramp=RAMP, sign=-1)
    assert (motion.ends, motion.position(100.5)) == (math.inf, -(0.5 + 2.0 * 100))
    assert motion.stopped(100.5, 4.0).target == -(0.5 + 200 + 0.5)


@pytest.mark.parametrize(("speed", "rise"), [(1.0, 0.25), (2.0, 0.0), (4.0, 0.5)])
def test_a_jog_takes_its_speed_up_from_another(speed, rise):
    motion = Motion.jog(1.0, 5.0, speed=speed, ramp=RAMP, sign=1)
    assert motion.velocity(1.0) == speed
    assert motion.velocity(1.0 + rise) == 2.0
    assert motion.position(1.0 + rise) == 5.0 + 0.5 * (speed + 2.0) * rise


def test_a_path_can_be_cut_off_where_a_switch_is():
    motion = Motion.to(10.0, begins=1.0, start=0.0, ramp=RAMP)
    cut = motion.until(3.5)
    assert (cut.ends, cut.target, cut.position(2.0)) == (3.0, 3.5, motion.position(2.0))
    assert cut.velocity(2.999) == 2.0
    assert motion.until(12.0) is motion
    assert motion.until(-1.0) is motion


@given(
    target=st.floats(-1e3, 1e3).filter(lambda target: abs(target) > 1e-3),
    acceleration=st.floats(0.01, 1e4),
    base=st.floats(0.0, 1.0),
    fraction=st.floats(0.01, 0.99),
)
def test_when_is_the_inverse_of_position(target, acceleration, base, fraction):
    motion = Motion.to(target, 0.0, 0.0, Ramp(2.0, acceleration, base))
    when = fraction * motion.ends
    assert motion.when(motion.position(when)) == pytest.approx(when, rel=1e-6)


@given(
    target=st.floats(-1e3, 1e3),
    start=st.floats(-1e3, 1e3),
    velocity=st.floats(0.01, 100.0),
    acceleration=st.floats(0.01, 1e4),
    base=st.floats(0.0, 1.0),
    fraction=st.floats(0.0, 1.0),
)
def test_it_is_never_beyond_never_faster_and_ends_at_its_target(
    target, start, velocity, acceleration, base, fraction
):
    motion = Motion.to(target, 0.0, start, Ramp(velocity, acceleration, base * velocity))
    when = fraction * motion.ends
    low, high = min(start, target), max(start, target)
    slack = 1e-9 * max(1.0, abs(low), abs(high))
    assert low - slack <= motion.position(when) <= high + slack
    assert abs(motion.velocity(when)) <= velocity * (1 + 1e-9)
    assert motion.position(motion.ends) == target
    assert motion.position(math.nextafter(motion.ends, 0)) == pytest.approx(target, abs=1e-6)
