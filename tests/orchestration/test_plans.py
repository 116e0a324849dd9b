"""Plans: where they go, what they record, and what they refuse."""

from collections.abc import Callable
from inspect import signature
from itertools import pairwise
from typing import Any, cast

import numpy as np
import pytest
from cycler import cycler

from beamtwin.orchestration import patterns, plans
from beamtwin.orchestration.engine import RunEngine
from beamtwin.orchestration.errors import PlanError, RunEngineInterrupted

Make = Callable[..., Any]


def gaps(documents: Any) -> list[float]:
    return [b["time"] - a["time"] for a, b in pairwise(documents.events())]


# --- count -------------------------------------------------------------------------------------


def test_count_takes_readings(RE: RunEngine, det: Any, documents: Any) -> None:
    uids = RE(plans.count([det], 3))
    assert documents.names == ["start", "descriptor", *["event"] * 3, "stop"]
    assert uids == (documents.start["uid"],)
    assert documents.column("det") == [1, 2, 3]
    assert det.calls == ["stage", *["trigger"] * 3, "unstage"]


def test_count_answers_the_uid_of_its_run(RE: RunEngine, det: Any, documents: Any) -> None:
    RE.call_returns_result = True
    assert RE(plans.count([det])).plan_result == documents.start["uid"]


@pytest.mark.parametrize("delay", [1.5, [1.5, 1.5, 1.5], (1.5,) * 9, np.full(3, 1.5)])
def test_count_waits_between_readings(RE: RunEngine, det: Any, documents: Any, delay: Any) -> None:
    RE(plans.count([det], 4, delay=delay))
    assert gaps(documents) == [1.5] * 3
    assert documents.stop["time"] == documents.events()[-1]["time"]


def test_delays_may_differ_and_come_from_anywhere(RE: RunEngine, det: Any, documents: Any) -> None:
    delays: Any = (n for n in (1.0, None, 3.0))
    RE(plans.count([det], 4, delay=delays))
    assert gaps(documents) == [1.0, 0.0, 3.0]
    assert "generator" in documents.start["plan_args"]["delay"]


def test_count_goes_on_until_it_is_stopped(RE: RunEngine, det: Any, documents: Any) -> None:
    RE.subscribe(lambda *_: RE.stop() if len(documents.events()) == 7 else None, "event")
    with pytest.raises(RunEngineInterrupted, match="stopped"):
        RE(plans.count([det], None, delay=1.0))
    assert (documents.start["num_points"], documents.start["num_intervals"]) == (None, None)
    assert len(documents.events()) == 7
    assert documents.stop["exit_status"] == "success"


def test_count_goes_on_until_there_are_no_delays(RE: RunEngine, det: Any, documents: Any) -> None:
    RE(plans.count([det], None, delay=[1.0, 2.0]))
    assert gaps(documents) == [1.0, 2.0]


@pytest.mark.parametrize("delay", [[1.0], [], np.ones(1)])
def test_too_few_delays_are_told_before_anything_begins(
    RE: RunEngine, det: Any, documents: Any, delay: Any
) -> None:
    with pytest.raises(PlanError, match="3 readings have 2 delays between them; got"):
        RE(plans.count([det], 3, delay=delay))
    assert documents == []
    assert det.calls == []


def test_too_few_delays_of_an_iterator_are_told_when_they_run_out(
    RE: RunEngine, det: Any, documents: Any
) -> None:
    with pytest.raises(PlanError, match="3 readings have 2 delays between them; got 1"):
        RE(plans.count([det], 3, delay=iter([1.0])))
    assert documents.stop["exit_status"] == "fail"


@pytest.mark.parametrize("plan", [plans.count, lambda det: plans.scan_nd(det, [])])
def test_detectors_are_a_list(RE: RunEngine, det: Any, plan: Any) -> None:
    with pytest.raises(PlanError, match=r"a list or a tuple of .*, as in \[det\]; got det"):
        RE(plan(det))


# --- scans -------------------------------------------------------------------------------------


def test_scan_goes_along_a_line(RE: RunEngine, det: Any, motor: Any, documents: Any) -> None:
    RE(plans.scan([det], motor, -1, 1, 5))
    assert documents.column("m") == [-1.0, -0.5, 0.0, 0.5, 1.0]
    assert documents.column("det") == [1, 2, 3, 4, 5]


def test_scan_moves_motors_together(
    RE: RunEngine, det: Any, motor: Any, make: Make, documents: Any
) -> None:
    other = make("Motor", "other")
    RE(plans.scan([det], motor, 0, 2, other, 10, 20, 3))
    assert documents.column("m") == [0.0, 1.0, 2.0]
    assert documents.column("other") == [10.0, 15.0, 20.0]
    assert documents.start["hints"] == {"dimensions": [(["m", "other"], "primary")]}


def test_list_scan_goes_through_its_list(
    RE: RunEngine, det: Any, motor: Any, make: Make, documents: Any
) -> None:
    other = make("Motor", "other")
    RE(plans.list_scan([det], motor, np.array([3, 1, 1, 2]), other, (0.0, 0.5, 0.5, 0.0)))
    assert documents.column("m") == [3, 1, 1, 2]
    assert documents.column("other") == [0.0, 0.5, 0.5, 0.0]
    assert motor.calls == [*[("set", value) for value in (3, 1, 2)], ("stop", True)]
    args = documents.start["plan_args"]["args"]
    assert args == ["m", [3, 1, 1, 2], "other", [0.0, 0.5, 0.5, 0.0]]
    assert type(args[1][0]) is int


def test_grid_scan_covers_a_mesh(
    RE: RunEngine, det: Any, motor: Any, make: Make, documents: Any
) -> None:
    fast = make("Motor", "fast")
    RE(plans.grid_scan([det], motor, 0, 1, 2, fast, 10, 12, 3.0, snake_axes=True))
    assert documents.column("m") == [0.0] * 3 + [1.0] * 3
    assert documents.column("fast") == [10.0, 11.0, 12.0, 12.0, 11.0, 10.0]
    start = documents.start
    assert (start["shape"], start["extents"]) == ((2, 3), ([0, 1], [10, 12]))
    assert (start["snaking"], start["num_points"]) == ((False, True), 6)
    assert start["hints"] == {
        "gridding": "rectilinear",
        "dimensions": [(["m"], "primary"), (["fast"], "primary")],
    }


@pytest.mark.parametrize(
    ("snake", "snaking"),
    [(False, (False, False, False)), (True, (False, True, True)), ("last", (False, False, True))],
)
def test_any_of_the_faster_axes_can_snake(
    RE: RunEngine, det: Any, make: Make, documents: Any, snake: Any, snaking: tuple[bool, ...]
) -> None:
    a, b, c = (make("Motor", name) for name in "abc")
    axes = [c] if snake == "last" else snake
    RE(plans.grid_scan([det], a, 0, 1, 2, b, 0, 1, 2, c, 0, 1, 2, snake_axes=axes))
    assert documents.start["snaking"] == snaking
    plan_args = documents.start["plan_args"]
    assert plan_args["snake_axes"] == (["c"] if snake == "last" else snake)


@pytest.mark.parametrize("name", ["spiral", "spiral_fermat", "spiral_square"])
def test_around_where_the_motors_are_no_centre_is_given(name: str) -> None:
    """The signatures that help() shows differ in that alone."""
    absolute, relative = getattr(plans, name), getattr(plans, f"rel_{name}")
    missing = signature(absolute).parameters.keys() - signature(relative).parameters.keys()
    assert missing in ({"x_start", "y_start"}, {"x_center", "y_center"})
    assert signature(relative).parameters.keys() <= signature(absolute).parameters.keys()
    assert relative.__name__ == f"rel_{name}"
    assert f"`{name}`" in relative.__doc__


def test_arguments_of_a_spiral_may_be_named(
    RE: RunEngine, make: Make, det: Any, documents: Any
) -> None:
    a, b = make("Motor", "a"), make("Motor", "b")
    a.value, b.value = 5.0, 7.0
    RE(plans.rel_spiral_square([det], x_motor=a, y_motor=b, x_range=2, y_range=2, x_num=3, y_num=1))
    assert documents.column("a") == [5.0, 6.0, 4.0]
    assert (a.value, b.value) == (5.0, 7.0)
    with pytest.raises(TypeError, match="missing a required argument: 'y_num'"):
        RE(plans.rel_spiral_square([det], a, b, 2, 2, 3))


def test_scan_nd_takes_any_trajectory(RE: RunEngine, det: Any, motor: Any, documents: Any) -> None:
    RE(plans.scan_nd([det], ({motor: n**2} for n in range(4))))
    assert documents.column("m") == [0, 1, 4, 9]
    assert documents.start["num_points"] == 4


def test_scan_nd_takes_cyclers(RE: RunEngine, det: Any, make: Make, documents: Any) -> None:
    a, b, c = (make("Motor", name) for name in "abc")
    RE(plans.scan_nd([det], cycler(c, [5, 6]) * patterns.inner_product(2, [a, 0, 1, b, 2, 4])))
    assert documents.column("c") == [5, 5, 6, 6]
    assert documents.column("a") == [0.0, 1.0, 0.0, 1.0]
    assert documents.column("b") == [2.0, 4.0, 2.0, 4.0]
    assert documents.start["plan_args"]["cycler"]["b"] == [2.0, 4.0, 2.0, 4.0]


def test_a_motor_moves_only_where_it_is_not_yet(RE: RunEngine, det: Any, make: Make) -> None:
    slow, fast = make("Motor", "slow"), make("Motor", "fast")
    RE(plans.grid_scan([det], slow, 0, 1, 2, fast, 0, 1, 3))
    assert [value for verb, value in slow.calls if verb == "set"] == [0.0, 1.0]


def test_a_motor_may_be_a_detector_too(RE: RunEngine, det: Any, motor: Any, documents: Any) -> None:
    RE(plans.scan([det, motor], motor, 0, 1, 2))
    assert documents.column("m") == [0.0, 1.0]


def test_detectors_and_motors_are_staged(RE: RunEngine, make: Make, det: Any) -> None:
    axis = make("Detector", "axis")
    axis.set = lambda value: make("Motor", "m").set(value)
    RE(plans.scan([det], axis, 0, 1, 2))
    assert axis.calls[0] == "stage"
    assert axis.calls[-1] == "unstage"


@pytest.mark.parametrize(
    ("plan", "complaint"),
    [
        (lambda d, m: plans.scan([d], m, 0, 1), "num: None is not a number of points"),
        (lambda d, m: plans.scan([d], m, 0, 1, 0), "num: 0 is not"),
        (lambda d, m: plans.scan([d], m, 0, num=3), "2 arguments; expected, for each motor"),
        (lambda d, m: plans.scan([d], num=3), "0 arguments"),
        (
            lambda d, m: plans.scan([d], m, 0, 1, m, 2, 3, num=3),
            "multiple times .*: m; a motor has",
        ),
        (lambda d, m: plans.list_scan([d], m), "1 arguments; expected, for each motor: motor, pos"),
        (lambda d, m: plans.grid_scan([d], m, 0, 1), "3 arguments"),
        (lambda d, m: plans.grid_scan([d], m, 0, 1, 2.5), r"num of m: 2\.5 is not"),
        (lambda d, m: plans.grid_scan([d], m, 0, 1, 2, snake_axes=[m]), "the slowest motor: m"),
        (lambda d, m: plans.grid_scan([d], m, 0, 1, 2, snake_axes=[d]), "not controlled .*: det"),
        (
            lambda d, m: plans.grid_scan([d], m, 0, 1, 2, snake_axes=[d, d]),
            "repeated elements: det",
        ),
        (lambda d, m: plans.grid_scan([d], m, 0, 1, 2, d, 0, 1, 2), "Incorrect order"),
        (
            lambda d, m: plans.grid_scan([d], m, 0, 1, 2, snake_axes=cast(Any, 7)),
            "'snake_axes' is not iterable, boolean or None: 7; expected True",
        ),
        (
            lambda d, m: plans.list_grid_scan([d], m, [0, 1], snake_axes="m"),
            "boolean or None: 'm'; expected",
        ),
        (lambda d, m: plans.scan([d], "m", 0, 1, 2), "'m' is given for a device, and is none"),
        (lambda d, m: plans.count([d, 1.5]), r"1\.5 is given for a device, and is none"),
    ],
)
def test_arguments_that_make_no_sense_begin_nothing(
    RE: RunEngine, det: Any, motor: Any, documents: Any, plan: Any, complaint: str
) -> None:
    with pytest.raises(PlanError, match=complaint):
        RE(plan(det, motor))
    assert (documents, det.calls, motor.calls) == ([], [], [])


def test_which_axes_snake_is_said_once(RE: RunEngine, det: Any, motor: Any, slow: Any) -> None:
    with pytest.raises(PlanError, match="Mixing of deprecated and new"):
        RE(plans.grid_scan([det], slow, 0, 1, 2, motor, 0, 1, 2, True, snake_axes=True))
