"""Trajectories: Bluesky's, point by point."""

from collections.abc import Callable
from itertools import pairwise, product
from typing import Any

import pytest
from bluesky import plan_patterns as bluesky_patterns

from beamtwin.orchestration import patterns
from beamtwin.orchestration.errors import PlanError


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
    assert patterns.inner_product(num, args) == points(bluesky_patterns.inner_product(num, args))


@pytest.mark.parametrize("args", [[X, [3, 1, 2]], [X, [1, 2], Y, [0.5, -1.5]], [X, []]])
def test_inner_list_product(args: list[Any]) -> None:
    theirs = points(bluesky_patterns.inner_list_product(args)) if args[1] else []
    assert patterns.inner_list_product(args) == theirs


@pytest.mark.parametrize("snakes", list(product([False, True], repeat=2)))
@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 3, 4), (3, 2, 2), (1, 4, 3), (3, 1, 3)])
def test_outer_product(snakes: tuple[bool, bool], shape: tuple[int, ...]) -> None:
    """Two and three axes, odd and even numbers of passes, any of the faster ones snaking."""
    args = [X, 0, 1, shape[0], Y, 10, 11, shape[1], snakes[0], Z, -1, 1, shape[2], snakes[1]]
    for some in (args[:4], args[:9], args):
        assert patterns.outer_product(some) == points(bluesky_patterns.outer_product(some))


def test_a_grid_visits_each_of_its_points_once() -> None:
    steps = patterns.outer_product(["a", 0, 4, 5, "b", 0, 3, 4, True, "c", 0, 2, 3, True])
    assert {tuple(step.values()) for step in steps} == set(product(range(5), range(4), range(3)))
    assert len(steps) == 60


def test_a_snaking_grid_moves_one_step_at_a_time() -> None:
    steps = patterns.outer_product(["a", 0, 4, 5, "b", 0, 3, 4, True, "c", 0, 2, 3, True])
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
        (lambda: patterns.inner_product(3, [X, 0, 1, X, 2, 3]), "given twice: x"),
        (lambda: patterns.inner_list_product([X, [1], Y, [1, 2]]), "one length.*'x': 1, 'y': 2"),
        (
            lambda: patterns.outer_product([X, 0, 1, 2, Y, 0, 1, 2]),
            "motor, start, stop, num, snake",
        ),
        (lambda: patterns.outer_product([X, 0, 1, 2, X, 0, 1, 2, True]), "given twice: x"),
        (lambda: patterns.whole(0, "num"), "num: 0 is not a number of points; expected 1 or more"),
        (lambda: patterns.whole(2.5, "num"), r"num: 2\.5 is not"),
        (lambda: patterns.whole(None, "num"), "num: None is not"),
        (lambda: patterns.whole("many", "num"), "num: 'many' is not"),
        (lambda: patterns.whole(float("nan"), "num"), "num: nan is not"),
    ],
)
def test_arguments_that_make_no_sense(make: Callable[[], Any], complaint: str) -> None:
    with pytest.raises(PlanError, match=complaint) as caught:
        make()
    assert isinstance(caught.value, ValueError)


def test_whole_numbers_may_be_floats() -> None:
    assert patterns.whole(5.0, "num") == 5
