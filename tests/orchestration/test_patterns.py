"""Trajectories: Bluesky's, point by point."""

from collections.abc import Callable
from itertools import pairwise, product
from typing import Any, cast

import numpy as np
import pytest
from bluesky import plan_patterns as bluesky_patterns
from cycler import cycler

from beamtwin.orchestration import patterns
from beamtwin.orchestration.errors import PlanError
from beamtwin.orchestration.patterns.arguments import whole


class Axis:
    """What Bluesky takes for a motor."""

    parent = None

    def __init__(self, name: str):
        self.name = name

    def read(self) -> Any: ...
    def describe(self) -> Any: ...
    def set(self, value: float) -> Any: ...
    def __repr__(self) -> str:
        return self.name


X, Y, Z = Axis("x"), Axis("y"), Axis("z")


def points(cycler: Any) -> list[Any]:
    return [dict(step) for step in cycler]


@pytest.mark.parametrize("num", [1, 2, 7])
@pytest.mark.parametrize("args", [[X, 0, 1], [X, 0.1, -0.3, Y, 5, 5], [X, 0, 1, Y, 2, 7, Z, 1, 0]])
def test_inner_product(num: int, args: list[Any]) -> None:
    assert points(patterns.inner_product(num, args)) == points(
        bluesky_patterns.inner_product(num, args)
    )


@pytest.mark.parametrize("args", [[X, [3, 1, 2]], [X, [1, 2], Y, [0.5, -1.5]], [X, []]])
def test_inner_list_product(args: list[Any]) -> None:
    theirs = points(bluesky_patterns.inner_list_product(args)) if args[1] else []
    assert points(patterns.inner_list_product(args)) == theirs


@pytest.mark.parametrize("snakes", list(product([False, True], repeat=2)))
@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 3, 4), (3, 2, 2), (1, 4, 3), (3, 1, 3)])
def test_outer_product(snakes: tuple[bool, bool], shape: tuple[int, ...]) -> None:
    """Two and three axes, odd and even numbers of passes, any of the faster ones snaking."""
    args = [X, 0, 1, shape[0], Y, 10, 11, shape[1], snakes[0], Z, -1, 1, shape[2], snakes[1]]
    for some in (args[:4], args[:9], args):
        assert points(patterns.outer_product(some)) == points(bluesky_patterns.outer_product(some))


@pytest.mark.parametrize("snake_axes", [False, True, [Y], [Z, Y]])
def test_outer_list_product(snake_axes: Any) -> None:
    args = [X, [3, 1, 2], Y, [0.5, -1.5], Z, [7, 8, 9]]
    theirs = points(bluesky_patterns.outer_list_product(args, snake_axes))
    assert points(patterns.outer_list_product(args, snake_axes)) == theirs


def test_a_mesh_without_a_word_on_snaking() -> None:
    for args in ([X, 0, 1, 2, Y, 0, 1, 3], [X, 0, 1, 2, Y, 0, 1, 3, Z, 5, 6, np.int64(2)]):
        assert points(patterns.outer_product(args)) == points(bluesky_patterns.outer_product(args))


ONE, TWO = patterns.OuterProductArgsPattern


@pytest.mark.parametrize(
    ("args", "written", "axes"),
    [
        ([X, 0, 1, 2], ONE, [(X, 0, 1, 2, False)]),
        ([X, 0, 1, 2, Y, 3, 4, 5], ONE, [(X, 0, 1, 2, False), (Y, 3, 4, 5, False)]),
        ([X, 0, 1, 2, Y, 3, 4, 5, True], TWO, [(X, 0, 1, 2, False), (Y, 3, 4, 5, True)]),
    ],
)
def test_how_a_mesh_is_written(args: list[Any], written: Any, axes: list[Any]) -> None:
    assert patterns.classify_outer_product_args_pattern(args) is written
    assert patterns.chunk_outer_product_args(args) == axes
    assert patterns.chunk_outer_product_args(args, written) == axes


def test_the_places_of_the_motors_tell_where_the_number_of_arguments_does_not() -> None:
    """24 arguments are six motors, or five of which four may snake."""
    six = [item for axis in "abcdef" for item in (axis, 0, 1, 2)]
    five = ["a", 0, 1, 2, *(item for axis in "bcde" for item in (axis, 0, 1, 2, True))]
    assert len(six) == len(five) == 24
    assert patterns.classify_outer_product_args_pattern(six) is ONE
    assert patterns.classify_outer_product_args_pattern(five) is TWO


def rounded(steps: Any) -> list[Any]:
    """Positions to 1e-12 mm: sums are taken in another order."""
    return [[round(float(step[axis]), 12) for axis in (X, Y)] for step in steps]


SPIRALS = list(product([0.0, 1.5], [1.0, 3.3], [2.0, 0.7], [0.2, 0.35], [None, 0.3], [0.0, -0.9]))


@pytest.mark.parametrize(("name", "last"), [("spiral", 3), ("spiral_fermat", 5.5)])
def test_spirals(name: str, last: float) -> None:
    """Round and stretched, upright and tilted; as many points, the same, in the same order."""
    ours, theirs = getattr(patterns, name), getattr(bluesky_patterns, name)
    for x, x_range, y_range, dr, dr_y, tilt in SPIRALS:
        args, kwargs = (X, Y, x, -2.0, x_range, y_range, dr, last), {"dr_y": dr_y, "tilt": tilt}
        assert rounded(ours(*args, **kwargs)) == rounded(theirs(*args, **kwargs))


@pytest.mark.parametrize(("x_num", "y_num"), list(product(range(2, 8), repeat=2)))
def test_square_spirals(x_num: int, y_num: int) -> None:
    args = (X, Y, 1.0, 2.0, 3.0, 4.0, x_num, y_num)
    ours = rounded(patterns.spiral_square_pattern(*args))
    assert ours == rounded(bluesky_patterns.spiral_square_pattern(*args))
    assert len(ours) == x_num * y_num


def test_a_square_spiral_may_be_a_line() -> None:
    steps = points(patterns.spiral_square_pattern("x", "y", 1, 2, 5, 4, 1, 3))
    assert [tuple(step.values()) for step in steps] == [(1, 2), (1, 0), (1, 4)]


def test_trajectories_can_be_combined() -> None:
    """They are cyclers: with others they are scanned one within the other, or together."""
    line = patterns.inner_product(2, ["x", 0, 1])
    within = points(cycler("z", [5, 6]) * line)
    assert [tuple(step.values()) for step in within] == [(5, 0), (5, 1), (6, 0), (6, 1)]
    assert points(line + cycler("z", [5, 6])) == [{"x": 0, "z": 5}, {"x": 1, "z": 6}]
    assert patterns.spiral("x", "y", 0, 0, 1, 1, 0.3, 3).keys == {"x", "y"}


def test_a_grid_visits_each_of_its_points_once() -> None:
    steps = points(patterns.outer_product(["a", 0, 4, 5, "b", 0, 3, 4, True, "c", 0, 2, 3, True]))
    assert {tuple(step.values()) for step in steps} == set(product(range(5), range(4), range(3)))
    assert len(steps) == 60


def test_a_snaking_grid_moves_one_step_at_a_time() -> None:
    steps = points(patterns.outer_product(["a", 0, 4, 5, "b", 0, 3, 4, True, "c", 0, 2, 3, True]))
    for before, after in pairwise(steps):
        assert sum(abs(before[axis] - after[axis]) for axis in "abc") == 1


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (
            lambda: patterns.inner_product(3, [X, 0]),
            "2 arguments; expected, for each motor: motor,",
        ),
        (lambda: patterns.inner_product(3, []), "0 arguments"),
        (
            lambda: patterns.inner_product(3, [X, 0, 1, X, 2, 3]),
            "multiple times .*: x; a motor has",
        ),
        (lambda: patterns.inner_list_product([X, [1], Y, [1, 2]]), "one length.*'x': 1, 'y': 2"),
        (
            lambda: patterns.outer_product([X, 0, 1, 2, Y, 0, 1]),
            "Wrong number of elements .* 7 arguments; expected, for each motor: motor, start, stop,",
        ),
        (
            lambda: patterns.outer_product([X, 0, 1, 2, 3, Y, 0, 1]),
            r"Incorrect order .* expected at \[0, 4\], and are at \[0, 5\]",
        ),
        (
            lambda: patterns.outer_product([X, 0, 1, 2, X, 0, 1, 2, True]),
            "multiple times .*: x; a motor has",
        ),
        (
            lambda: patterns.chunk_outer_product_args([X, 0, 1, 2], cast(Any, 1)),
            "pattern: 1: expected an OuterProductArgsPattern",
        ),
        (lambda: whole(0, "num"), "num: 0 is not a number of points; expected 1 or more"),
        (lambda: whole(2.5, "num"), r"num: 2\.5 is not"),
        (lambda: whole(None, "num"), "num: None is not"),
        (lambda: whole("many", "num"), "num: 'many' is not"),
        (lambda: whole(float("nan"), "num"), "num: nan is not"),
    ],
)
def test_arguments_that_make_no_sense(make: Callable[[], Any], complaint: str) -> None:
    with pytest.raises(PlanError, match=complaint) as caught:
        make()
    assert isinstance(caught.value, ValueError)


def test_whole_numbers_may_be_floats() -> None:
    assert whole(5.0, "num") == 5
