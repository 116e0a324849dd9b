"""Plans around where motors are: as the others, but that they go back in the end."""

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec, cast

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

P = ParamSpec("P")


def _relative(absolute: Callable[P, Plan[str]]) -> Callable[P, Plan[str]]:
    """The plan of the same arguments whose positions are distances from where its motors are."""
    name = f"rel_{absolute.__name__}"
    signature = inspect.signature(absolute)

    @wraps(absolute)
    def relative(*args: P.args, **kwargs: P.kwargs) -> Plan[str]:
        given = signature.bind(*args, **kwargs).arguments
        candidates = [given.get(key) for key in ("motor", "x_motor", "y_motor")]
        motors = [each for each in (*candidates, *given.get("args", ())) if hasattr(each, "set")]
        kwargs["md"] = _named(name, given.get("md"))
        plan = relative_set_wrapper(absolute(*args, **kwargs), motors)
        return (yield from reset_positions_wrapper(plan, motors))

    relative.__name__ = relative.__qualname__ = name
    relative.__doc__ = f"`{absolute.__name__}` around where the motors are, to which they return."
    return relative


def _centred(plan: Callable[..., Plan[str]], *centre: str) -> Callable[..., Plan[str]]:
    """The plan around 0, without the arguments that say around what."""
    signature = inspect.signature(plan)
    others = [each for each in signature.parameters.values() if each.name not in centre]
    shown = signature.replace(parameters=others)

    @wraps(plan)
    def centred(*args: Any, **kwargs: Any) -> Plan[str]:
        return plan(**shown.bind(*args, **kwargs).arguments, **dict.fromkeys(centre, 0))

    cast("Any", centred).__signature__ = shown  # what help() shows
    return centred


def _named(name: str, md: Metadata) -> dict[str, Any]:
    return {"plan_name": name, **(md or {})}


rel_scan = _relative(scans.scan)
rel_list_scan = _relative(scans.list_scan)
rel_log_scan = _relative(scans.log_scan)
rel_grid_scan = _relative(scans.grid_scan)
rel_list_grid_scan = _relative(scans.list_grid_scan)
rel_adaptive_scan = _relative(adaptive.adaptive_scan)
rel_spiral = _relative(_centred(spirals.spiral, "x_start", "y_start"))
rel_spiral_fermat = _relative(_centred(spirals.spiral_fermat, "x_start", "y_start"))
rel_spiral_square = _relative(_centred(spirals.spiral_square, "x_center", "y_center"))


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
