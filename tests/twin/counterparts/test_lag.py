"""Lags and ramps against the differential equation that they solve."""

from math import exp, inf

import pytest

from beamtwin.twin.clock import SimClock
from beamtwin.twin.counterparts.lag import FirstOrder, LagRecord


def integrated(lag: FirstOrder, until: float, steps: int = 20_000) -> float:
    """x' = (w - x) / tau, by the midpoint rule."""
    step, value = until / steps, lag.value(0.0)
    for n in range(steps):
        middle = lag.setpoint((n + 0.5) * step)
        value = middle + (value - middle) * exp(-step / lag.tau_s)
    return value


@pytest.mark.parametrize("rate", [inf, 0.5, 4.0])
@pytest.mark.parametrize("target", [5.0, -3.0])
@pytest.mark.parametrize("after", [0.5, 3.0, 20.0])
def test_the_closed_form_solves_the_equation(rate: float, target: float, after: float) -> None:
    lag = FirstOrder(1.0, tau_s=2.0, rate=rate)
    lag.send(0.0, target)
    assert lag.value(after) == pytest.approx(integrated(lag, after), abs=1e-5)


def test_another_target_on_the_way_is_gone_to_from_there() -> None:
    whole, cut = FirstOrder(0.0, 2.0, 1.0), FirstOrder(0.0, 2.0, 1.0)
    whole.send(0.0, 10.0)
    cut.send(0.0, 10.0)
    for now in (1.0, 4.0, 11.0):
        cut.send(now, 10.0)
    assert cut.value(15.0) == pytest.approx(whole.value(15.0))
    cut.send(15.0, 0.0)
    assert cut.setpoint(20.0) == 5.0


def test_holding_stays_and_a_rate_counts_from_then_on() -> None:
    lag = FirstOrder(0.0, 2.0, 1.0)
    lag.send(0.0, 10.0)
    here = lag.value(3.0)
    lag.hold(3.0)
    assert lag.value(100.0) == here == lag.target
    lag.set_rate(100.0, 2.0)
    lag.send(100.0, here + 10.0)
    assert lag.setpoint(103.0) == pytest.approx(here + 6.0)


def test_without_a_time_constant_it_is_its_set_point() -> None:
    lag = FirstOrder(0.0, 0.0, 1.0)
    lag.send(0.0, 10.0)
    assert lag.value(4.0) == 4.0


def test_a_record_is_told_while_it_changes_and_only_while_somebody_listens(clock: SimClock) -> None:
    record = LagRecord(clock, "T", FirstOrder(0.0, 1.0), period_s=0.5, PREC=1)
    record.send_to(10.0)
    assert clock.env.peek() == inf
    heard: list[float] = []
    end = record.subscribe("VAL", lambda reading: heard.append(reading.value))
    clock.sleep(20.0)
    # Until it is within half its last digit: after ln(10 / 0.05) = 5.3 time constants.
    assert 5.0 <= 0.5 * len(heard) <= 6.5
    assert heard == sorted(heard)
    assert record.read().value == pytest.approx(10.0)
    assert record.read().timestamp == clock.time()
    end()
    record.send_to(0.0)
    assert all(when <= clock.env.now for when, *_ in clock.env._queue)
