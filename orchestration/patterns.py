"""Where scans go: trajectories as lists of ``{motor: position}``, one a point. Names and arguments are Bluesky's."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from beamtwin.orchestration.errors import PlanError

__all__ = ["Step", "chunks", "inner_list_product", "inner_product", "outer_product", "whole"]

Step = dict[Any, Any]


def inner_product(num: int, args: Sequence[Any]) -> list[Step]:
    """Motors that move together, each from start to stop in ``num`` equally spaced points.

    >>> inner_product(3, ["x", 0, 1, "y", 10, 20])
    [{'x': 0.0, 'y': 10.0}, {'x': 0.5, 'y': 15.0}, {'x': 1.0, 'y': 20.0}]
    """
    axes = chunks(args, "motor, start, stop")
    columns = [_line(start, stop, num) for _, start, stop in axes]
    return _together([motor for motor, _, _ in axes], columns)


def inner_list_product(args: Sequence[Any]) -> list[Step]:
    """Motors that move together through lists of positions: ``motor, positions`` for each.

    Raises
    ------
    PlanError
        If the lists differ in length.
    """
    axes = chunks(args, "motor, positions")
    lengths = {_name(motor): len(positions) for motor, positions in axes}
    if len(set(lengths.values())) > 1:
        raise PlanError(f"lists of positions must be of one length, and are: {lengths}")
    return _together([motor for motor, _ in axes], [positions for _, positions in axes])


def outer_product(args: Sequence[Any]) -> list[Step]:
    """A mesh: ``motor, start, stop, num`` of the slowest, then ``motor, start, stop, num, snake`` of the others.

    Those that snake go back and forth.

    >>> [step["x"] for step in outer_product(["y", 0, 1, 2, "x", 5, 6, 2, True])]
    [5.0, 6.0, 6.0, 5.0]
    """
    axes = chunks([*args[:4], False, *args[4:]], "motor, start, stop, num, snake")
    lines = [_line(start, stop, num) for _, start, stop, num, _ in axes]
    steps = []
    for indices in product(*[range(len(line)) for line in lines]):
        step, passes = {}, 0
        for (motor, *_, snakes), line, index in zip(axes, lines, indices, strict=True):
            back = snakes and passes % 2 == 1
            step[motor] = line[-1 - index] if back else line[index]
            passes = passes * len(line) + index
        steps.append(step)
    return steps


def chunks(args: Sequence[Any], each: str) -> list[tuple[Any, ...]]:
    """Arguments motor by motor.

    Parameters
    ----------
    each : str
        What is given for each motor: ``"motor, start, stop"``.

    Raises
    ------
    PlanError
        If they are too few or too many, or of one motor twice.
    """
    size = each.count(",") + 1
    if not args or len(args) % size:
        raise PlanError(f"{len(args)} arguments; expected, for each motor: {each}")
    groups = [tuple(args[i : i + size]) for i in range(0, len(args), size)]
    motors = [group[0] for group in groups]
    twice = {_name(motor) for motor in motors if motors.count(motor) > 1}
    if twice:
        raise PlanError(
            f"given twice: {', '.join(sorted(twice))}; a motor has one position a point"
        )
    return groups


def whole(num: Any, what: str) -> int:
    """A number of points, checked.

    Raises
    ------
    PlanError
        If it is none.
    """
    try:
        if int(num) == num and num >= 1:
            return int(num)
    except (TypeError, ValueError):
        pass
    raise PlanError(f"{what}: {num!r} is not a number of points; expected 1 or more")


def _line(start: float, stop: float, num: int) -> list[float]:
    return np.linspace(start, stop, num).tolist()


def _together(motors: Sequence[Any], columns: Sequence[Sequence[Any]]) -> list[Step]:
    return [dict(zip(motors, point, strict=True)) for point in zip(*columns, strict=True)]


def _name(motor: Any) -> str:
    return getattr(motor, "name", None) or str(motor)
