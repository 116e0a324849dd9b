"""Motors that move together, and meshes."""

from collections.abc import Iterable, Sequence
from functools import reduce
from itertools import product
from operator import add
from typing import Any

import numpy as np
from cycler import Cycler, cycler

from beamtwin.orchestration.errors import PlanError
from beamtwin.orchestration.patterns.arguments import (
    chunk_outer_product_args,
    chunks,
    name_of,
)

__all__ = [
    "distinct",
    "inner_list_product",
    "inner_product",
    "outer_list_product",
    "outer_product",
    "snaking",
    "together",
]


def inner_product(num: int, args: Sequence[Any]) -> Cycler[Any, Any]:
    """Motors that move together, each from start to stop in ``num`` equally spaced points.

    >>> list(inner_product(3, ["x", 0, 1, "y", 10, 20]))
    [{'x': 0.0, 'y': 10.0}, {'x': 0.5, 'y': 15.0}, {'x': 1.0, 'y': 20.0}]
    """
    axes = chunks(args, "motor, start, stop")
    columns = [_line(start, stop, num) for _, start, stop in axes]
    return together(distinct(axes), columns)


def inner_list_product(args: Sequence[Any]) -> Cycler[Any, Any]:
    """Motors that move together through lists of positions: ``motor, positions`` for each.

    Raises
    ------
    PlanError
        If the lists differ in length.
    """
    axes = chunks(args, "motor, positions")
    motors = distinct(axes)
    lengths = {name_of(motor): len(positions) for motor, positions in axes}
    if len(set(lengths.values())) > 1:
        raise PlanError(f"lists of positions must be of one length, and are: {lengths}")
    return together(motors, [positions for _, positions in axes])


def outer_product(args: Sequence[Any]) -> Cycler[Any, Any]:
    """A mesh: ``motor, start, stop, num`` of the slowest, then ``motor, start, stop, num, snake`` of the others.

    Those that snake go back and forth; without ``snake`` for each, none does.

    >>> [step["x"] for step in outer_product(["y", 0, 1, 2, "x", 5, 6, 2, True])]
    [5.0, 6.0, 6.0, 5.0]
    """
    axes = chunk_outer_product_args(args)
    lines = [_line(start, stop, num) for _, start, stop, num, _ in axes]
    return _mesh(distinct(axes), lines, [snakes for *_, snakes in axes])


def outer_list_product(args: Sequence[Any], snake_axes: bool | Iterable[Any]) -> Cycler[Any, Any]:
    """A mesh of lists of positions: ``motor, positions`` for each, the slowest first.

    Parameters
    ----------
    snake_axes : bool or list of motors
        Which motors go back and forth (True: all but the slowest).
    """
    axes = chunks(args, "motor, positions")
    motors = distinct(axes)
    return _mesh(motors, [positions for _, positions in axes], snaking(motors, snake_axes))


def distinct(axes: Iterable[Sequence[Any]]) -> list[Any]:
    """The motors, of which each has what is said of it.

    Raises
    ------
    PlanError
        If one is there twice.
    """
    motors = [motor for motor, *_ in axes]
    twice = _names(motor for motor in motors if motors.count(motor) > 1)
    if twice:
        raise PlanError(
            f"Some motors are listed multiple times in the argument list 'args': {twice}; "
            "a motor has one position a point"
        )
    return motors


def snaking(motors: Sequence[Any], snake_axes: bool | Iterable[Any] | None) -> list[bool]:
    """For each motor of a mesh, the slowest first, whether it goes back and forth.

    Raises
    ------
    PlanError
        If one that is to snake is not one of the faster ones, or is named twice.
    """
    if snake_axes is None or isinstance(snake_axes, bool):
        return [False] + [bool(snake_axes)] * (len(motors) - 1)
    if isinstance(snake_axes, str) or not isinstance(snake_axes, Iterable):
        raise PlanError(
            f"Parameter 'snake_axes' is not iterable, boolean or None: {snake_axes!r}; "
            "expected True, False or a list of motors"
        )
    axes = list(snake_axes)
    for fault, faulty in (
        ("repeated elements", [motor for motor in axes if axes.count(motor) > 1]),
        ("the slowest motor", [motor for motor in axes if motor == motors[0]]),
        ("motors that are not controlled during the scan", [m for m in axes if m not in motors]),
    ):
        if faulty:
            raise PlanError(f"The list of axes 'snake_axes' contains {fault}: {_names(faulty)}")
    return [motor in axes for motor in motors]


def _names(motors: Iterable[Any]) -> str:
    return ", ".join(sorted({name_of(motor) for motor in motors}))


def _line(start: float, stop: float, num: int) -> list[float]:
    return np.linspace(start, stop, num).tolist()


def together(motors: Iterable[Any], columns: Iterable[Iterable[Any]]) -> Cycler[Any, Any]:
    """Motors that move together, each through a column of positions."""
    return reduce(add, map(cycler, motors, columns))


def _mesh(
    motors: Sequence[Any], columns: Sequence[Sequence[Any]], snakes: Sequence[bool]
) -> Cycler[Any, Any]:
    points: list[list[Any]] = [[] for _ in motors]
    for indices in product(*[range(len(column)) for column in columns]):
        passes = 0
        for positions, column, snake, index in zip(points, columns, snakes, indices, strict=True):
            back = snake and passes % 2 == 1
            positions.append(column[-1 - index] if back else column[index])
            passes = passes * len(column) + index
    return together(motors, points)
