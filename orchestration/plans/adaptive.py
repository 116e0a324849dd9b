"""Plans that look at what they measure, to see where to go next."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from beamtwin.orchestration import stubs
from beamtwin.orchestration.errors import PlanError
from beamtwin.orchestration.messages import Msg, Plan
from beamtwin.orchestration.plans.metadata import (
    Metadata,
    describe,
    dimensions,
    fields,
    label,
    labels,
    names,
)
from beamtwin.orchestration.preprocessors import pchain, run_wrapper, stage_wrapper
from beamtwin.orchestration.stubs.steps import predeclare

__all__ = ["adaptive_scan", "tune_centroid", "tweak"]


def adaptive_scan(
    detectors: Sequence[Any],
    target_field: str,
    motor: Any,
    start: float,
    stop: float,
    min_step: float,
    max_step: float,
    target_delta: float,
    backstep: bool,
    threshold: float = 0.8,
    *,
    md: Metadata = None,
) -> Plan[str]:
    """Scan a motor in steps that are small where a signal changes fast.

    Parameters
    ----------
    detectors : list of Readable
    target_field : str
        The signal: a key of the detectors' readings.
    start, stop : float
        From where to where, in either direction.
    min_step, max_step : float
        The smallest and the largest step.
    target_delta : float
        How much the signal should change from point to point.
    backstep : bool
        Whether to go back and take a smaller step where the signal changed too much.
    threshold : float
        Go back if the step should have been shorter than this fraction of what it was.
    """
    if not 0 < min_step < max_step:
        raise PlanError(f"steps: expected 0 < min_step < max_step; got {min_step}, {max_step}")
    settings = {
        "start": start,
        "stop": stop,
        "min_step": min_step,
        "max_step": max_step,
        "target_delta": target_delta,
        "backstep": backstep,
        "threshold": threshold,
    }
    pace = _Pace(min_step, max_step, target_delta, threshold if backstep else 0.0)
    walk = _walk(detectors, target_field, motor, start, stop, pace)
    return (yield from _in_run("adaptive_scan", walk, detectors, motor, settings, md))


def _walk(
    detectors: Sequence[Any], field: str, motor: Any, start: float, stop: float, pace: "_Pace"
) -> Plan[None]:
    direction = 1 if stop >= start else -1
    position, before = start, None
    while position * direction < stop * direction:
        signal = _value((yield from _point(detectors, motor, position)), field)
        back, ahead = (0.0, pace.step) if before is None else pace.next(signal - before)
        if not back:
            before = signal
        position += (ahead - back) * direction


class _Pace:
    """How far to go next, in order that a signal changes by ``target_delta``."""

    def __init__(self, min_step: float, max_step: float, target_delta: float, threshold: float):
        self.step = (max_step - min_step) / 2
        self._shortest = min_step
        self._longest = max_step
        self._target_delta = target_delta
        self._threshold = threshold

    def next(self, change: float) -> tuple[float, float]:
        """How far to go back, and from there ahead, when the last step changed the signal so much."""
        last, slope = self.step, abs(change) / self.step
        if slope:
            wanted = min(max(self._target_delta / slope, self._shortest), self._longest)
        else:
            wanted = min(1.1 * last, self._longest)
        if wanted < last * self._threshold:
            self.step = wanted
            return last, wanted
        self.step = 0.2 * wanted + 0.8 * last  # smoothed
        return 0.0, self.step


def tune_centroid(
    detectors: Sequence[Any],
    signal: str,
    motor: Any,
    start: float,
    stop: float,
    min_step: float,
    num: int = 10,
    step_factor: float = 3.0,
    snake: bool = False,
    *,
    md: Metadata = None,
) -> Plan[str]:
    """Find a peak: scan, go to the centroid of the signal, and scan more finely there, until it is fine enough.

    Parameters
    ----------
    detectors : list of Readable
    signal : str
        A key of the detectors' readings.
    start, stop : float
        The first scan; no other goes beyond it.
    min_step : float
        Stop when steps would be smaller than this.
    num : int
        Points of each scan.
    step_factor : float
        How much smaller the steps of each scan are than those of the one before.
    snake : bool
        Whether every other scan goes backwards.
    """
    if min_step <= 0 or step_factor <= 1 or num < 2:
        raise PlanError(
            "expected min_step > 0, step_factor > 1 and num >= 2; "
            f"got {min_step}, {step_factor} and {num}"
        )
    settings = {
        "start": start,
        "stop": stop,
        "num": num,
        "min_step": min_step,
        "step_factor": step_factor,
        "snake": snake,
    }
    zoom = _zoom(detectors, signal, motor, **settings)
    return (yield from _in_run("tune_centroid", zoom, detectors, motor, settings, md))


def _zoom(
    detectors: Sequence[Any],
    signal: str,
    motor: Any,
    start: float,
    stop: float,
    num: int,
    min_step: float,
    step_factor: float,
    snake: bool,
) -> Plan[None]:
    low, high = sorted((start, stop))
    peak, begin, end = None, start, stop
    while abs(end - begin) / (num - 1) >= min_step:
        centroid = yield from _centroid(detectors, motor, signal, begin, end, num)
        if centroid is None:
            break
        half = (end - begin) / step_factor / 2
        wanted = (centroid - half, centroid, centroid + half)
        begin, peak, end = (min(max(place, low), high) for place in wanted)
        if snake:
            begin, end = end, begin
    if peak is not None:
        yield from stubs.mv(motor, peak)


def _centroid(
    detectors: Sequence[Any], motor: Any, signal: str, start: float, stop: float, num: int
) -> Plan[float | None]:
    """Scan once; returns where, on average, the signal is, if there is any."""
    weight = moment = 0.0
    for position in np.linspace(start, stop, num).tolist():
        readings = yield from _point(detectors, motor, position)
        value = _value(readings, signal)
        weight += value
        moment += value * _position(readings, motor, position)
    return moment / weight if weight else None


def _point(detectors: Sequence[Any], motor: Any, position: float) -> Plan[dict[str, Any]]:
    yield Msg("checkpoint")
    yield from stubs.mv(motor, position)
    return (yield from stubs.trigger_and_read([*detectors, motor]))


def _value(readings: Mapping[str, Any], field: str) -> float:
    """A signal's value; 0 where there are no readings, since nobody runs the plan."""
    if field in readings:
        return readings[field]["value"]
    if readings:
        raise PlanError(f"{field!r} is not among what is read: {', '.join(sorted(readings))}")
    return 0.0


def _position(readings: Mapping[str, Any], motor: Any, target: float) -> float:
    key = next(iter(fields([motor])), motor.name)
    return readings[key]["value"] if key in readings else target


def tweak(
    detector: Any, target_field: str, motor: Any, step: float, *, md: Metadata = None
) -> Plan[str]:
    """Move a motor step by step, and ask the user each time for the next step.

    Parameters
    ----------
    target_field : str
        The signal to show: a key of the detector's readings.
    step : float
        The first step. An empty answer repeats the last one; what is no number ends the plan.
    """
    settings = {"target_field": target_field, "step": step}
    ask = _ask(detector, target_field, motor, step)
    return (yield from _in_run("tweak", ask, [detector], motor, settings, md))


def _ask(detector: Any, field: str, motor: Any, step: float) -> Plan[None]:
    distance: float | None = step
    while distance is not None:
        yield Msg("checkpoint")
        readings = yield from stubs.trigger_and_read([detector, motor])
        if not readings:
            return  # nobody runs the plan, or answers
        value, position = _value(readings, field), _position(readings, motor, 0.0)
        prompt = f"{motor.name}, {position:.3}, {float(value):.3}, ({distance}) "
        distance = _next_step((yield from stubs.input_plan(prompt)), distance)
        if distance is not None:
            yield from stubs.mv(motor, position + distance)


def _next_step(answer: str | None, last: float) -> float | None:
    try:
        return float(answer) if answer else last
    except ValueError:
        return None


def _in_run(
    name: str,
    plan: Plan[None],
    detectors: Sequence[Any],
    motor: Any,
    settings: dict[str, Any],
    md: Metadata,
) -> Plan[str]:
    """A run that says what its plan is, with its devices staged."""
    defaults = {
        "detectors": names(detectors),
        "motors": tuple(names([motor])),
        "plan_args": {"detectors": labels(detectors), "motor": label(motor), **settings},
        "plan_name": name,
        "hints": dimensions([motor]),
    }
    devices = [*detectors, motor]
    run = run_wrapper(pchain(predeclare(devices), plan), md=describe(defaults, md))
    return (yield from stage_wrapper(run, devices))
