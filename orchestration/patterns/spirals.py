"""From the middle outwards."""

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from cycler import Cycler

from beamtwin.orchestration.patterns.products import together

__all__ = ["spiral", "spiral_fermat", "spiral_square_pattern"]

GOLDEN_ANGLE = 137.508 * math.pi / 180


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
) -> Cycler[Any, Any]:
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
) -> Cycler[Any, Any]:
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
) -> Cycler[Any, Any]:
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
) -> Cycler[Any, Any]:
    offsets = list(points)
    return together(
        [x_motor, y_motor], [[x + dx for dx, _ in offsets], [y + dy for _, dy in offsets]]
    )
