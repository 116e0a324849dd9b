"""What start documents say of plans."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from beamtwin.orchestration import patterns, plans
from beamtwin.orchestration.engine import RunEngine

Make = Callable[..., Any]


def test_count_says_what_it_is(RE: RunEngine, det: Any, documents: Any) -> None:
    RE(plans.count([det], 3, delay=0.5, md={"sample": "gold", "plan_name": "mine"}))
    start = documents.start
    assert start["detectors"] == ["det"]
    assert (start["num_points"], start["num_intervals"]) == (3, 2)
    assert start["plan_args"] == {"detectors": ["det"], "num": 3, "delay": 0.5}
    assert start["hints"] == {"dimensions": [(["time"], "primary")]}
    assert (start["sample"], start["plan_name"]) == ("gold", "mine")


def test_scan_says_what_it_is(RE: RunEngine, det: Any, motor: Any, documents: Any) -> None:
    RE(plans.scan([det], motor, -1, 1, num=5, md={"sample": "gold"}))
    start = documents.start
    assert (start["plan_name"], start["sample"]) == ("scan", "gold")
    assert (start["motors"], start["detectors"]) == (("m",), ["det"])
    assert (start["num_points"], start["num_intervals"]) == (5, 4)
    assert start["plan_args"] == {
        "detectors": ["det"],
        "num": 5,
        "args": ["m", -1, 1],
        "per_step": "None",
    }
    assert start["hints"] == {"dimensions": [(["m"], "primary")]}


@pytest.mark.parametrize(
    "plan",
    [
        lambda det, a, b: plans.scan([det], a, 0, 1, b, 2, 3, 4),
        lambda det, a, b: plans.list_scan([det], a, [1, 5], b, [2, 7]),
        lambda det, a, b: plans.grid_scan([det], a, 0, 1, 2, b, 0, 1, 3, snake_axes=True),
        lambda det, a, b: plans.grid_scan([det], a, 0, 1, 2),
        lambda det, a, b: plans.list_grid_scan([det], a, [0, 3], b, [5, 6], snake_axes=iter([b])),
        lambda det, a, b: plans.spiral([det], a, b, 0, 1, 2, 3, 0.5, 4, tilt=0.2),
        lambda det, a, b: plans.spiral_fermat([det], a, b, 0, 1, 2, 3, 0.5, 1, dr_y=0.3),
        lambda det, a, b: plans.spiral_square([det], a, b, 0, 1, 2, 3, 3, 4),
    ],
    ids=["scan", "list", "grid", "one axis", "list grid", "spiral", "fermat", "square"],
)
def test_a_start_document_holds_its_trajectory(
    RE: RunEngine, det: Any, make: Make, documents: Any, plan: Any
) -> None:
    """The pattern that it names, called with the arguments that it gives, leads where the scan went."""
    RE(plan(det, make("Motor", "a"), make("Motor", "b")))
    start = documents.start
    assert start["plan_pattern_module"] == "bluesky.plan_patterns"  # ours has the same names
    pattern = getattr(patterns, start["plan_pattern"])
    went = [{axis: event["data"][axis] for axis in start["motors"]} for event in documents.events()]
    assert list(pattern(**start["plan_pattern_args"])) == went


TUPLES = {"motors", "shape", "extents", "snaking"}


@pytest.mark.parametrize(
    "plan",
    [
        lambda det, a, b: plans.count([det], 2),
        lambda det, a, b: plans.scan([det], a, 0, 1, b, 2, 3, 4),
        lambda det, a, b: plans.list_scan([det], a, (1, 5), b, np.array([2, 7])),
        lambda det, a, b: plans.grid_scan((det,), a, 0, 1, 2, b, 0, 1, 3, snake_axes=(b,)),
        lambda det, a, b: plans.list_grid_scan([det], a, (1, 5), b, [2, 7], snake_axes=True),
        lambda det, a, b: plans.log_scan([det], a, 0, 1, 2),
        lambda det, a, b: plans.scan_nd([det], [{a: 0, b: 1}]),
        lambda det, a, b: plans.spiral([det], a, b, 0, 1, 2, 3, 0.5, 4),
        lambda det, a, b: plans.rel_spiral_fermat([det], a, b, 2, 3, 0.5, 1),
        lambda det, a, b: plans.spiral_square([det], a, b, 0, 1, 2, 3, 3, 4),
        lambda det, a, b: plans.x2x_scan([det], a, b, 0, 1, 2),
        lambda det, a, b: plans.adaptive_scan([det], "det", a, 0, 1, 0.1, 0.5, 1, True),
        lambda det, a, b: plans.tune_centroid([det], "det", a, 0, 1, 0.6, 2),
    ],
)
def test_what_there_is_one_of_for_each_motor_is_a_tuple(
    RE: RunEngine, det: Any, make: Make, documents: Any, plan: Any
) -> None:
    """As a dimension is; everything else of several parts is a list."""
    RE(plan(det, make("Motor", "a"), make("Motor", "b")))
    start = dict(documents.start)
    dimensions = start["hints"]["dimensions"]
    assert type(dimensions) is list
    assert {type(dimension) for dimension in dimensions} == {tuple}
    assert {type(keys) for keys, _ in dimensions} == {list}
    assert {type(start[key]) for key in TUPLES & start.keys()} <= {tuple}
    assert {type(extent) for extent in start.get("extents", ())} <= {list}
    rest = {key: value for key, value in start.items() if key not in TUPLES | {"hints"}}
    assert json.loads(json.dumps(rest)) == rest
