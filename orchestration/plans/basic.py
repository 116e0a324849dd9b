"""Readings again and again, or along any trajectory: what all other plans are made of."""

import inspect
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from beamtwin.orchestration import stubs
from beamtwin.orchestration.errors import PlanTypeError
from beamtwin.orchestration.messages import Plan
from beamtwin.orchestration.plans.metadata import (
    Metadata,
    PerShot,
    PerStep,
    PerStepND,
    as_list,
    describe,
    dimensions,
    function,
    labels,
    names,
    plain,
)
from beamtwin.orchestration.preprocessors import run_wrapper, stage_wrapper
from beamtwin.orchestration.stubs.moving import merge_axes
from beamtwin.orchestration.stubs.steps import check_delays, predeclare

__all__ = ["count", "scan_nd"]

ND_STEP = ("detectors", "step", "pos_cache")
ONE_MOTOR_STEP = ("detectors", "motor", "step")


def count(
    detectors: Sequence[Any],
    num: int | None = 1,
    delay: float | Iterable[float] = 0.0,
    *,
    per_shot: PerShot | None = None,
    md: Metadata = None,
) -> Plan[str]:
    """Read detectors several times.

    Parameters
    ----------
    detectors : list of Readable
    num : int, optional
        How often; None: until somebody stops it, or ``delay`` has no more.
    delay : float or iterable of float
        Seconds from the beginning of one reading to the beginning of the next; the time of a pause does not count.
    per_shot : plan function, optional
        Instead of `stubs.one_shot`.
    md : mapping, optional
        Metadata for the start document.
    """
    shot = per_shot or stubs.one_shot
    delay = as_list(delay)
    check_delays(num, delay)
    defaults = {
        "detectors": names(detectors),
        "num_points": num,
        "num_intervals": None if num is None else num - 1,
        "plan_args": {"detectors": labels(detectors), "num": num, "delay": plain(delay)},
        "plan_name": "count",
        "hints": {"dimensions": [(["time"], "primary")]},
    }

    def shots() -> Plan[None]:
        if per_shot is None:
            yield from predeclare(detectors)
        yield from stubs.repeat(lambda: shot(detectors), num, delay)

    return (yield from stage_wrapper(run_wrapper(shots(), md=describe(defaults, md)), detectors))


def scan_nd(
    detectors: Sequence[Any],
    cycler: Iterable[Mapping[Any, Any]],
    *,
    per_step: PerStep | None = None,
    md: Metadata = None,
) -> Plan[str]:
    """Read detectors at every step of a trajectory.

    Parameters
    ----------
    detectors : list of Readable
    cycler : iterable of {motor: position}
        The points, in order; each has the same motors. A `cycler.Cycler` is one.
    per_step : plan function, optional
        Instead of `stubs.one_nd_step`: ``per_step(detectors, step, pos_cache)``, or, if there is
        one motor, ``per_step(detectors, motor, step)``.
    md : mapping, optional
        Metadata for the start document.
    """
    points = [dict(step) for step in cycler]
    motors = list(points[0]) if points else []
    defaults = {
        "detectors": names(detectors),
        "motors": tuple(names(motors)),
        "num_points": len(points),
        "num_intervals": len(points) - 1,
        "plan_args": {
            "detectors": labels(detectors),
            "cycler": _written(points),
            "per_step": function(per_step),
        },
        "plan_name": "scan_nd",
        "hints": dimensions(motors),
    }
    take_step = _nd_step(per_step, motors)
    steps = [merge_axes(point) for point in points]
    moved = list(steps[0]) if steps else []

    def walk() -> Plan[None]:
        if per_step is None and steps:
            yield from predeclare([*detectors, *moved])
        reached: dict[Any, Any] = defaultdict(lambda: None)
        for step in steps:
            yield from take_step(detectors, step, reached)

    run = run_wrapper(walk(), md=describe(defaults, md))
    return (yield from stage_wrapper(run, [*detectors, *moved]))


def _written(points: Sequence[Mapping[Any, Any]]) -> dict[str, Any]:
    """A trajectory as columns by motor."""
    motors = points[0] if points else ()
    return {motor.name: [plain(point[motor]) for point in points] for motor in motors}


def _nd_step(per_step: PerStep | None, motors: Sequence[Any]) -> PerStepND:
    """A step of any number of motors, of one that may be of a single motor: its parameters' names tell."""
    if per_step is None:
        return stubs.one_nd_step
    signature = inspect.signature(per_step)
    first = tuple(signature.parameters)[:3]
    if first not in (ND_STEP, ONE_MOTOR_STEP) or not _takes_three(signature):
        raise PlanTypeError(
            "per_step must be a callable with the signature \n "
            f"<Signature ({', '.join(ND_STEP)})> or <Signature ({', '.join(ONE_MOTOR_STEP)})>. \n"
            f"per_step signature received: {signature}"
        )
    if first == ND_STEP:
        return per_step
    if len(motors) != 1:
        moved = ", ".join(names(motors))
        raise PlanTypeError(f"Signature of per_step assumes 1D trajectory; the scan moves {moved}")

    def one_motor(detectors: Sequence[Any], step: Mapping[Any, Any], _: Any) -> Plan[Any]:
        ((motor, position),) = step.items()
        return (yield from per_step(detectors, motor, position))

    return one_motor


def _takes_three(signature: inspect.Signature) -> bool:
    try:
        signature.bind(None, None, None)
    except TypeError:
        return False
    return True
