"""Where scans go: trajectories as lists of ``{motor: position}``, one a point. Names and arguments are Bluesky's."""

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import product
from numbers import Real
from typing import Any

import numpy as np

from beamtwin.orchestration.errors import PlanError

__all__ = [
    "Step",
    "chunk_outer_product_args",
    "chunks",
    "inner_list_product",
    "inner_product",
    "outer_list_product",
    "outer_product",
    "spiral",
    "spiral_fermat",
    "spiral_square_pattern",
    "whole",
]

Step = dict[Any, Any]

GOLDEN_ANGLE = 137.508 * math.pi / 180


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

    Those that snake go back and forth; without ``snake`` for each, none does.

    >>> [step["x"] for step in outer_product(["y", 0, 1, 2, "x", 5, 6, 2, True])]
    [5.0, 6.0, 6.0, 5.0]
    """
    axes = chunk_outer_product_args(args)
    return _mesh(
        [motor for motor, *_ in axes],
        [_line(start, stop, num) for _, start, stop, num, _ in axes],
        [snakes for *_, snakes in axes],
    )


def outer_list_product(args: Sequence[Any], snake_axes: bool | Collection[Any]) -> list[Step]:
    """A mesh of lists of positions: ``motor, positions`` for each, the slowest first.

    Parameters
    ----------
    snake_axes : bool or list of motors
        Which motors go back and forth (True: all but the slowest).
    """
    axes = chunks(args, "motor, positions")
    motors = [motor for motor, _ in axes]
    return _mesh(motors, [positions for _, positions in axes], snaking(motors, snake_axes))


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
        raise PlanError(f"snake_axes: {snake_axes!r}: expected True, False or a list of motors")
    axes = list(snake_axes)
    unknown = [_name(motor) for motor in axes if motor not in motors[1:] or axes.count(motor) > 1]
    if unknown:
        raise PlanError(
            f"snake_axes: {', '.join(unknown)}: only the faster motors of the scan can snake"
        )
    return [motor in axes for motor in motors]


def chunk_outer_product_args(args: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Arguments of a mesh as ``(motor, start, stop, num, snake)``, whether or not ``snake`` is given.

    Raises
    ------
    PlanError
        If motors are not where they are expected.
    """
    args = list(args)
    given = [i for i, arg in enumerate(args) if not isinstance(arg, (Real, np.bool_))]
    if len(args) % 5 == 4 and given == [0, *range(4, len(args), 5)]:
        return chunks([*args[:4], False, *args[4:]], "motor, start, stop, num, snake")
    if given != list(range(0, len(args), 4)):
        raise PlanError(
            f"{len(args)} arguments; expected, for each motor: motor, start, stop, num; "
            "or for all but the first: motor, start, stop, num, snake"
        )
    return [(*axis, False) for axis in chunks(args, "motor, start, stop, num")]


# --- spirals -----------------------------------------------------------------------------------


def spiral(
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
) -> list[Step]:
    """Rings around a centre, as far as they lie within a tilted box.

    Parameters
    ----------
    x_start, y_start : float
        The centre, which is no point itself.
    x_range, y_range : float
        Full width and height of the box.
    dr : float
        From ring to ring along x; ``dr_y`` along y (default: the same).
    nth : float
        Points on the first ring; the n-th has n times as many.
    tilt : float
        Of the box's sides, in radians.
    """
    box = _Box(x_range, y_range, dr, dr_y, tilt)
    rings = 2 + int(box.half_diagonal / dr)
    polar = (
        (ring * dr, turn * (2 * math.pi / (ring * nth)))
        for ring in range(1, rings + 1)
        for turn in range(int(ring * nth))
    )
    points = [point for point in box.points(polar) if box.holds(*point)]
    return _around(x_motor, y_motor, x_start, y_start, points)


def spiral_fermat(
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
) -> list[Step]:
    """A sunflower's points: the n-th turned on by the golden angle, at a radius of ``dr / factor * sqrt(n)``.

    Parameters
    ----------
    x_start, y_start : float
        The centre, which is no point itself.
    x_range, y_range : float
        Full width and height of the box that holds them.
    dr : float
        Scale of the radius along x; ``dr_y`` along y (default: the same).
    factor : float
        Divides ``dr``.
    tilt : float
        Of the box's sides, in radians.
    """
    box = _Box(x_range, y_range, dr, dr_y, tilt)
    num = int((1.5 * box.half_diagonal / (dr / factor)) ** 2)
    polar = ((math.sqrt(n) * dr / factor, GOLDEN_ANGLE * n) for n in range(1, num))
    points = [
        (x, y)
        for x, y in box.points(polar)
        # As Bluesky does, which divides the range, and not the height, by the aspect.
        if box.holds_width(x, y) and abs(y) <= box.half_y
    ]
    return _around(x_motor, y_motor, x_start, y_start, points)


def spiral_square_pattern(
    x_motor: Any,
    y_motor: Any,
    x_center: float,
    y_center: float,
    x_range: float,
    y_range: float,
    x_num: int,
    y_num: int,
) -> list[Step]:
    """All points of a mesh, in square rings from its centre outwards.

    Parameters
    ----------
    x_range, y_range : float
        Full width and height of the mesh.
    x_num, y_num : int
        Points along each.
    """
    dx, dy = x_range / max(x_num - 1, 1), y_range / max(y_num - 1, 1)
    # Of an even number of points the first is half a step beside the centre.
    x_shift, y_shift = (0.5, 0.0)[x_num % 2], (-0.5, 0.0)[y_num % 2]
    points = [
        ((i - x_shift) * dx, (j - y_shift) * dy)
        for i, j in _square_rings(max(x_num, y_num))
        if _inside(i - x_shift, x_num) and _inside(j - y_shift, y_num)
    ]
    return _around(x_motor, y_motor, x_center, y_center, points)


def _square_rings(rings: int) -> Iterator[tuple[int, int]]:
    """Around (0, 0): each ring down its right side, then along the bottom, up the left, and along the top."""
    yield 0, 0
    for r in range(1, rings + 1):
        yield from ((r, j) for j in range(r - 1, -r - 1, -1))
        yield from ((i, -r) for i in range(r - 1, -r - 1, -1))
        yield from ((-r, j) for j in range(-r + 1, r + 1))
        yield from ((i, r) for i in range(-r + 1, r + 1))


def _inside(index: float, num: int) -> bool:
    return abs(index) < num / 2


class _Box:
    """Where a spiral may go: rings are ``aspect`` times as high as they are wide, and ``half_y`` is before that.

    In numpy's arithmetic, and Bluesky's order: points may lie on the very edge.
    """

    def __init__(self, x_range: float, y_range: float, dr: float, dr_y: float | None, tilt: float):
        self.aspect = 1.0 if dr_y is None else dr_y / dr
        self.half_x = x_range / 2
        self.half_y = y_range / (2 * self.aspect)
        self.half_diagonal = math.sqrt(self.half_x**2 + self.half_y**2)
        self.slope = float(np.tan(tilt + math.pi / 2))

    def points(self, polar: Iterable[tuple[float, float]]) -> Iterator[tuple[float, float]]:
        for radius, angle in polar:
            yield radius * float(np.cos(angle)), radius * float(np.sin(angle)) * self.aspect

    def holds(self, x: float, y: float) -> bool:
        return self.holds_width(x, y) and abs(y / self.aspect) <= self.half_y

    def holds_width(self, x: float, y: float) -> bool:
        return abs(x - y / self.aspect / self.slope) <= self.half_x


def _around(
    x_motor: Any, y_motor: Any, x: float, y: float, points: Iterable[tuple[float, float]]
) -> list[Step]:
    return [{x_motor: x + dx, y_motor: y + dy} for dx, dy in points]


# --- arguments ---------------------------------------------------------------------------------


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


def _mesh(
    motors: Sequence[Any], columns: Sequence[Sequence[Any]], snakes: Sequence[bool]
) -> list[Step]:
    steps = []
    for indices in product(*[range(len(column)) for column in columns]):
        step, passes = {}, 0
        for motor, column, snake, index in zip(motors, columns, snakes, indices, strict=True):
            back = snake and passes % 2 == 1
            step[motor] = column[-1 - index] if back else column[index]
            passes = passes * len(column) + index
        steps.append(step)
    return steps


def _name(motor: Any) -> str:
    return getattr(motor, "name", None) or str(motor)
