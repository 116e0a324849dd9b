"""From the middle outwards."""

from collections.abc import Callable, Iterable, Sequence
from inspect import signature
from typing import Any

from beamtwin.orchestration import patterns
from beamtwin.orchestration.messages import Plan
from beamtwin.orchestration.patterns.arguments import whole
from beamtwin.orchestration.plans.basic import scan_nd
from beamtwin.orchestration.plans.metadata import (
    PATTERNS,
    Metadata,
    PerStep,
    describe,
    dimensions,
    function,
    labels,
    written,
)

__all__ = ["spiral", "spiral_fermat", "spiral_square"]


def spiral(
    detectors: Sequence[Any],
    x_motor: Any,
    y_motor: Any,
    x_start: float,
    y_start: float,
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
    """Scan rings around (x_start, y_start); see `patterns.spiral` for the parameters."""
    where = (x_motor, y_motor, x_start, y_start, x_range, y_range, dr, nth)
    args = _by_name(patterns.spiral, *where, dr_y=dr_y, tilt=tilt)
    md = describe({"plan_name": "spiral", **_reach(args)}, md)
    return (yield from _scan(detectors, patterns.spiral, args, per_step, md))


def spiral_fermat(
    detectors: Sequence[Any],
    x_motor: Any,
    y_motor: Any,
    x_start: float,
    y_start: float,
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
    """Scan a sunflower's points around (x_start, y_start); see `patterns.spiral_fermat`."""
    where = (x_motor, y_motor, x_start, y_start, x_range, y_range, dr, factor)
    args = _by_name(patterns.spiral_fermat, *where, dr_y=dr_y, tilt=tilt)
    md = describe({"plan_name": "spiral_fermat", **_reach(args)}, md)
    return (yield from _scan(detectors, patterns.spiral_fermat, args, per_step, md))


def spiral_square(
    detectors: Sequence[Any],
    x_motor: Any,
    y_motor: Any,
    x_center: float,
    y_center: float,
    x_range: float,
    y_range: float,
    x_num: int,
    y_num: int,
    *,
    per_step: PerStep | None = None,
    md: Metadata = None,
) -> Plan[str]:
    """Scan a mesh in square rings from its centre outwards; see `patterns.spiral_square_pattern`."""
    x_num, y_num = whole(x_num, "x_num"), whole(y_num, "y_num")
    where = (x_motor, y_motor, x_center, y_center, x_range, y_range, x_num, y_num)
    args = _by_name(patterns.spiral_square_pattern, *where)
    mesh = {
        "plan_name": "spiral_square",
        "shape": (y_num, x_num),
        "extents": tuple(
            [centre - full / 2, centre + full / 2]
            for centre, full in ((y_center, y_range), (x_center, x_range))
        ),
        "hints": {"gridding": "rectilinear_nonsequential", **dimensions([y_motor, x_motor])},
    }
    md = describe(mesh, md)
    return (yield from _scan(detectors, patterns.spiral_square_pattern, args, per_step, md))


def _by_name(pattern: Callable[..., Any], *args: Any, **kwargs: Any) -> dict[str, Any]:
    """A pattern's arguments by its names for them, which documents have too."""
    return dict(signature(pattern).bind(*args, **kwargs).arguments)


def _reach(args: dict[str, Any]) -> dict[str, Any]:
    """Extents, to which Bluesky gives twice the range."""
    x, y, dx, dy = (args[key] for key in ("x_start", "y_start", "x_range", "y_range"))
    return {
        "extents": ([x - dx, x + dx], [y - dy, y + dy]),
        "hints": dimensions([args["x_motor"], args["y_motor"]]),
    }


def _scan(
    detectors: Sequence[Any],
    pattern: Callable[..., Iterable[dict[Any, Any]]],
    args: dict[str, Any],
    per_step: PerStep | None,
    md: Metadata,
) -> Plan[str]:
    names = dict(zip(args, written(args.values()), strict=True))
    defaults = {
        "plan_args": {"detectors": labels(detectors), **names, "per_step": function(per_step)},
        "plan_pattern": pattern.__name__,
        "plan_pattern_module": PATTERNS,
        "plan_pattern_args": names,
    }
    steps = pattern(**args)
    return (yield from scan_nd(detectors, steps, per_step=per_step, md=describe(defaults, md)))
