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


def test_a_way_without_end_can_be_stopped():
    motion = Motion.to(math.inf, begins=0.0, start=0.0, ramp=RAMP)
    assert (motion.ends, motion.position(100.5)) == (math.inf, 0.5 + 2.0 * 100)
    assert motion.stopped(100.5, 4.0).target == 0.5 + 200 + 0.5


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
