"""Plans around where motors are: as the others, but that they go back in the end."""

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from beamtwin.orchestration.control import AnyPlan
from beamtwin.orchestration.messages import Plan
from beamtwin.orchestration.plans import adaptive, scans, spirals
from beamtwin.orchestration.plans.metadata import Metadata, PerStep, function, labels
from beamtwin.orchestration.preprocessors import relative_set_wrapper, reset_positions_wrapper

__all__ = [
    "rel_adaptive_scan",
    "rel_grid_scan",
    "rel_list_grid_scan",
    "rel_list_scan",
    "rel_log_scan",
    "rel_scan",
    "rel_spiral",
    "rel_spiral_fermat",
    "rel_spiral_square",
    "relative_inner_product_scan",
    "x2x_scan",
]


def _around(plan: AnyPlan, motors: Sequence[Any]) -> Plan[Any]:
    return reset_positions_wrapper(relative_set_wrapper(plan, motors), motors)


def _relative(absolute: Callable[..., Plan[str]]) -> Callable[..., Plan[str]]:
    """The plan of the same arguments whose positions are distances from where its motors are."""
    name = f"rel_{absolute.__name__}"
    signature = inspect.signature(absolute)

    @wraps(absolute)
    def relative(*args: Any, **kwargs: Any) -> Plan[str]:
        given = signature.bind(*args, **kwargs).arguments
        candidates = [given.get("motor"), *given.get("args", ())]
        motors = [each for each in candidates if hasattr(each, "set")]
        kwargs["md"] = _named(name, kwargs.get("md"))
        return (yield from _around(absolute(*args, **kwargs), motors))

    relative.__name__ = relative.__qualname__ = name
    relative.__doc__ = f"`{absolute.__name__}` around where the motors are, to which they return."
    return relative


def _named(name: str, md: Metadata) -> dict[str, Any]:
    return {"plan_name": name, **(md or {})}


rel_scan = _relative(scans.scan)
rel_list_scan = _relative(scans.list_scan)
rel_log_scan = _relative(scans.log_scan)
rel_grid_scan = _relative(scans.grid_scan)
rel_list_grid_scan = _relative(scans.list_grid_scan)
rel_adaptive_scan = _relative(adaptive.adaptive_scan)


def rel_spiral(
    detectors: Sequence[Any],
    x_motor: Any,
    y_motor: Any,
    x_range: float,
    y_range: float,
    dr: float,
    nth: float,
    *,
    dr_y: float | None = None,
    tilt: float = 0.0,
    per_step: PerStep | None = None,
    md: Metadata = None,
) -> Plan[str]:
    """`spiral` around where the motors are, to which they return."""
    plan = spirals.spiral(
        *(detectors, x_motor, y_motor, 0, 0, x_range, y_range, dr, nth),
        dr_y=dr_y,
        tilt=tilt,
        per_step=per_step,
        md=_named("rel_spiral", md),
    )
    return (yield from _around(plan, [x_motor, y_motor]))


def rel_spiral_fermat(
    detectors: Sequence[Any],
    x_motor: Any,
    y_motor: Any,
    x_range: float,
    y_range: float,
    dr: float,
    factor: float,
    *,
    dr_y: float | None = None,
    tilt: float = 0.0,
    per_step: PerStep | None = None,
    md: Metadata = None,
) -> Plan[str]:
    """`spiral_fermat` around where the motors are, to which they return."""
    plan = spirals.spiral_fermat(
        *(detectors, x_motor, y_motor, 0, 0, x_range, y_range, dr, factor),
        dr_y=dr_y,
        tilt=tilt,
        per_step=per_step,
        md=_named("rel_spiral_fermat", md),
    )
    return (yield from _around(plan, [x_motor, y_motor]))


def rel_spiral_square(
    detectors: Sequence[Any],
    x_motor: Any,
    y_motor: Any,
    x_range: float,
    y_range: float,
    x_num: int,
    y_num: int,
    *,
    per_step: PerStep | None = None,
    md: Metadata = None,
) -> Plan[str]:
    """`spiral_square` around where the motors are, to which they return."""
    plan = spirals.spiral_square(
        *(detectors, x_motor, y_motor, 0, 0, x_range, y_range, x_num, y_num),
        per_step=per_step,
        md=_named("rel_spiral_square", md),
    )
    return (yield from _around(plan, [x_motor, y_motor]))


def relative_inner_product_scan(
    detectors: Sequence[Any],
    num: int,
    *args: Any,
    per_step: PerStep | None = None,
    md: Metadata = None,
) -> Plan[str]:
    """`rel_scan`, with the number of points before the motors."""
    md = _named("relative_inner_product_scan", md)
    return (yield from rel_scan(detectors, *args, num=num, per_step=per_step, md=md))


def x2x_scan(
    detectors: Sequence[Any],
    motor1: Any,
    motor2: Any,
    start: float,
    stop: float,
    num: int,
    *,
    per_step: PerStep | None = None,
    md: Metadata = None,
) -> Plan[str]:
    """Scan two motors around where they are, the second half as far as the first: 2 theta and theta."""
    plan_args = {
        "detectors": labels(detectors),
        "motor1": motor1.name,
        "motor2": motor2.name,
        "start": start,
        "stop": stop,
        "num": num,
        "per_step": function(per_step),
    }
    md = {"plan_name": "x2x_scan", "plan_args": plan_args, **(md or {})}
    args = (motor1, start, stop, motor2, start / 2, stop / 2)
    return (yield from rel_scan(detectors, *args, num=num, per_step=per_step, md=md))
