"""Where scans go: trajectories as lists of ``{motor: position}``, one a point."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

__all__ = ["Step", "grid", "inner_product", "listed"]

Step = dict[Any, Any]


def inner_product(num: int, axes: Sequence[tuple[Any, float, float]]) -> list[Step]:
    """Motors that move together, each from start to stop in ``num`` equal steps.

    >>> inner_product(3, [("x", 0, 1), ("y", 10, 20)])
    [{'x': 0.0, 'y': 10.0}, {'x': 0.5, 'y': 15.0}, {'x': 1.0, 'y': 20.0}]
    """
    return listed([(motor, np.linspace(start, stop, num).tolist()) for motor, start, stop in axes])


def listed(axes: Sequence[tuple[Any, Sequence[Any]]]) -> list[Step]:
    """Motors that move together through lists of positions.

    Raises
    ------
    ValueError
        If the lists differ in length.
    """
    lengths = {getattr(motor, "name", str(motor)): len(positions) for motor, positions in axes}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"lists of positions must be of one length, and are: {lengths}")
    motors = [motor for motor, _ in axes]
    columns = [positions for _, positions in axes]
    return [dict(zip(motors, point, strict=True)) for point in zip(*columns, strict=True)]


def grid(
    axes: Sequence[tuple[Any, Sequence[float]]], snake: Sequence[bool] | None = None
) -> list[Step]:
    """A mesh: the last motor is the fastest; those that snake go back and forth.

    >>> [step["x"] for step in grid([("y", [0, 1]), ("x", [5, 6])], snake=[False, True])]
    [5, 6, 6, 5]
    """
    snake = snake or [False] * len(axes)
    steps = []
    counts = [len(positions) for _, positions in axes]
    for indices in product(*map(range, counts)):
        step, passes = {}, 0
        for (motor, positions), index, snakes in zip(axes, indices, snake, strict=True):
            back = snakes and passes % 2 == 1
            step[motor] = positions[-1 - index] if back else positions[index]
            passes = passes * len(positions) + index
        steps.append(step)
    return steps
