"""Along lines, through lists of positions, and over meshes."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from beamtwin.orchestration.errors import PlanError
from beamtwin.orchestration.messages import Plan
from beamtwin.orchestration.patterns.arguments import chunk_outer_product_args, chunks, whole
from beamtwin.orchestration.patterns.products import (
    distinct,
    inner_list_product,
    inner_product,
    outer_list_product,
    outer_product,
    snaking,
)
from beamtwin.orchestration.plans.basic import scan_nd
from beamtwin.orchestration.plans.metadata import (
    PATTERNS,
    Metadata,
    PerStep,
    as_list,
    derive_default_hints,
    describe,
    dimensions,
    function,
    label,
    labels,
    written,
)

__all__ = ["grid_scan", "inner_product_scan", "list_grid_scan", "list_scan", "log_scan", "scan"]


def scan(
    detectors: Sequence[Any],
    *args: Any,
    num: int | None = None,
    per_step: PerStep | None = None,
    md: Metadata = None,
) -> Plan[str]:
    """Scan motors together along a line: ``scan([det], motor, start, stop, num)``.

    Parameters
    ----------
    detectors : list of Readable
    *args
        ``motor, start, stop`` for each motor, then ``num`` unless given by name.
    num : int
        Points, ends included.
    """
    if num is None and len(args) % 3 == 1:
        args, num = args[:-1], args[-1]
    num = whole(num, "num")
    steps = inner_product(num, args)
    pattern = {"num": num, "args": written(args)}
    defaults = {
        "plan_args": _plan_args(detectors, per_step, **pattern),
        "plan_name": "scan",
        **_pattern("inner_product", **pattern),
        "hints": derive_default_hints(args[::3]),
    }
    return (yield from scan_nd(detectors, steps, per_step=per_step, md=describe(defaults, md)))


def inner_product_scan(
    detectors: Sequence[Any],
    num: int,
    *args: Any,
    per_step: PerStep | None = None,
    md: Metadata = None,
) -> Plan[str]:
    """`scan`, with the number of points before the motors."""
    md = {"plan_name": "inner_product_scan", **(md or {})}
    return (yield from scan(detectors, *args, num=num, per_step=per_step, md=md))


def list_scan(
    detectors: Sequence[Any], *args: Any, per_step: PerStep | None = None, md: Metadata = None
) -> Plan[str]:
    """Scan motors together through lists of positions: ``list_scan([det], motor, [0, 1, 5])``."""
    axes = _listed(args)
    steps = inner_list_product(axes)
    pattern = {"args": written(axes)}
    defaults = {
        "plan_args": _plan_args(detectors, per_step, **pattern),
        "plan_name": "list_scan",
        **_pattern("inner_list_product", **pattern),
        "hints": derive_default_hints(axes[::2]),
    }
    return (yield from scan_nd(detectors, steps, per_step=per_step, md=describe(defaults, md)))


def log_scan(
    detectors: Sequence[Any],
    motor: Any,
    start: float,
    stop: float,
    num: int,
    *,
    per_step: PerStep | None = None,
    md: Metadata = None,
) -> Plan[str]:
    """Scan a motor from ``10**start`` to ``10**stop`` in ``num`` points of equal ratio."""
    num = whole(num, "num")
    pattern = {"start": start, "stop": stop, "num": num}
    positions = np.logspace(start, stop, num).tolist()
    defaults = {
        "plan_args": _plan_args(detectors, per_step, motor=label(motor), **pattern),
        "plan_name": "log_scan",
        "plan_pattern": "logspace",
        "plan_pattern_module": "numpy",
        "plan_pattern_args": pattern,
    }
    steps = [{motor: position} for position in positions]
    return (yield from scan_nd(detectors, steps, per_step=per_step, md=describe(defaults, md)))


def grid_scan(
    detectors: Sequence[Any],
    *args: Any,
    snake_axes: bool | Iterable[Any] | None = None,
    per_step: PerStep | None = None,
    md: Metadata = None,
) -> Plan[str]:
    """Scan motors over a mesh: ``grid_scan([det], slow, 0, 1, 5, fast, -1, 1, 11)``.

    Parameters
    ----------
    detectors : list of Readable
    *args
        ``motor, start, stop, num`` for each motor, the slowest first. As in old plans,
        ``snake`` (a bool) may follow for all motors but the first.
    snake_axes : bool or list of motors, optional
        Which motors go back and forth (True: all but the slowest).
    """
    axes, snake_axes = chunk_outer_product_args(args), _kept(snake_axes)
    motors = distinct(axes)
    shape = [whole(num, f"num of {label(motor)}") for motor, _, _, num, _ in axes]
    snakes = _snakes(axes, len(args) != 4 * len(axes), snake_axes)
    pattern = _flat(
        (motor, start, stop, num, snake)
        for (motor, start, stop, _, _), num, snake in zip(axes, shape, snakes, strict=True)
    )
    pattern.pop(4)  # the slowest has no say in snaking
    defaults = {
        "shape": tuple(shape),
        "extents": tuple([start, stop] for _, start, stop, _, _ in axes),
        "snaking": tuple(snakes),
        "plan_args": _plan_args(
            detectors, per_step, args=written(args), snake_axes=_written_axes(snake_axes, motors)
        ),
        "plan_name": "grid_scan",
        **_pattern("outer_product", args=written(pattern)),
        "hints": {"gridding": "rectilinear", **dimensions(motors)},
    }
    steps = outer_product(pattern)
    return (yield from scan_nd(detectors, steps, per_step=per_step, md=describe(defaults, md)))


def list_grid_scan(
    detectors: Sequence[Any],
    *args: Any,
    snake_axes: bool | Iterable[Any] = False,
    per_step: PerStep | None = None,
    md: Metadata = None,
) -> Plan[str]:
    """Scan motors over a mesh of lists of positions, the slowest first: ``m, [0, 1], n, [5, 7]``.

    Parameters
    ----------
    snake_axes : bool or list of motors
        Which motors go back and forth (True: all but the slowest).
    """
    axes, snake_axes = _listed(args), _kept(snake_axes)
    motors, columns = axes[::2], axes[1::2]
    steps = outer_list_product(axes, snake_axes)
    pattern = {"args": written(axes), "snake_axes": _written_axes(snake_axes, motors)}
    defaults = {
        "shape": tuple(len(column) for column in columns),
        "extents": tuple([min(column), max(column)] for column in columns if column),
        "snake_axes": pattern["snake_axes"],
        "plan_args": _plan_args(detectors, per_step, **pattern),
        "plan_name": "list_grid_scan",
        **_pattern("outer_list_product", **pattern),
        "hints": dimensions(motors),
    }
    return (yield from scan_nd(detectors, steps, per_step=per_step, md=describe(defaults, md)))


def _plan_args(detectors: Sequence[Any], per_step: PerStep | None, **others: Any) -> dict[str, Any]:
    return {"detectors": labels(detectors), **others, "per_step": function(per_step)}


def _pattern(name: str, **args: Any) -> dict[str, Any]:
    return {"plan_pattern": name, "plan_pattern_module": PATTERNS, "plan_pattern_args": args}


def _listed(args: Sequence[Any]) -> list[Any]:
    """``motor, positions, ...`` with positions that have a length, and are Python's."""
    pairs = chunks(args, "motor, positions")
    return _flat((motor, list(as_list(positions))) for motor, positions in pairs)


def _snakes(axes: Sequence[Any], inline: bool, snake_axes: Any) -> list[bool]:
    motors = [axis[0] for axis in axes]
    if not inline:
        return snaking(motors, snake_axes)
    if snake_axes is not None:
        raise PlanError(
            "Mixing of deprecated and new API interface is not allowed: give snake_axes, "
            "or whether it snakes after each motor's num"
        )
    return [bool(snake) for *_, snake in axes]


def _kept(snake_axes: Any) -> Any:
    """As it can be looked at twice."""
    return list(snake_axes) if isinstance(snake_axes, Iterator) else snake_axes


def _written_axes(snake_axes: Any, motors: Sequence[Any]) -> bool | list[str]:
    if snake_axes is None or isinstance(snake_axes, bool):
        return bool(snake_axes)
    return labels(motor for motor in motors if motor in snake_axes)


def _flat(rows: Iterable[Iterable[Any]]) -> list[Any]:
    return [item for row in rows for item in row]
