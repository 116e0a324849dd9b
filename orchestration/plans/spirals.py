"""From the middle outwards."""

from collections.abc import Sequence
from typing import Any

from beamtwin.orchestration import patterns
from beamtwin.orchestration.messages import Plan
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
    where = {
        "x_motor": x_motor,
        "y_motor": y_motor,
        "x_start": x_start,
        "y_start": y_start,
        "x_range": x_range,
        "y_range": y_range,
        "dr": dr,
        "nth": nth,
        "dr_y": dr_y,
        "tilt": tilt,
    }
    return (yield from _scan("spiral", "spiral", detectors, where, _reach(where), per_step, md))


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
    where = {
        "x_motor": x_motor,
        "y_motor": y_motor,
        "x_start": x_start,
        "y_start": y_start,
        "x_range": x_range,
        "y_range": y_range,
        "dr": dr,
        "factor": factor,
        "dr_y": dr_y,
        "tilt": tilt,
    }
    name = "spiral_fermat"
    return (yield from _scan(name, name, detectors, where, _reach(where), per_step, md))


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
    x_num, y_num = patterns.whole(x_num, "x_num"), patterns.whole(y_num, "y_num")
    where = {
        "x_motor": x_motor,
        "y_motor": y_motor,
        "x_center": x_center,
        "y_center": y_center,
        "x_range": x_range,
        "y_range": y_range,
        "x_num": x_num,
        "y_num": y_num,
    }
    mesh = {
        "shape": [y_num, x_num],
        "extents": [
            [y_center - y_range / 2, y_center + y_range / 2],
            [x_center - x_range / 2, x_center + x_range / 2],
        ],
        "hints": {"gridding": "rectilinear_nonsequential", **dimensions([y_motor, x_motor])},
    }
    name, pattern = "spiral_square", "spiral_square_pattern"
    return (yield from _scan(name, pattern, detectors, where, mesh, per_step, md))


def _reach(where: dict[str, Any]) -> dict[str, Any]:
    """Extents, to which Bluesky gives twice the range."""
    x, y, dx, dy = (where[key] for key in ("x_start", "y_start", "x_range", "y_range"))
    return {
        "extents": [[x - dx, x + dx], [y - dy, y + dy]],
        "hints": dimensions([where["x_motor"], where["y_motor"]]),
    }


def _scan(
    name: str,
    pattern: str,
    detectors: Sequence[Any],
    where: dict[str, Any],
    shape: dict[str, Any],
    per_step: PerStep | None,
    md: Metadata,
) -> Plan[str]:
    args = dict(zip(where, written(where.values()), strict=True))
    defaults = {
        "plan_args": {"detectors": labels(detectors), **args, "per_step": function(per_step)},
        "plan_name": name,
        "plan_pattern": pattern,
        "plan_pattern_module": PATTERNS,
        "plan_pattern_args": args,
        **shape,
    }
    steps = getattr(patterns, pattern)(**where)
    return (yield from scan_nd(detectors, steps, per_step=per_step, md=describe(defaults, md)))
