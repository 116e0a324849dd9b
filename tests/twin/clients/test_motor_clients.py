"""The twin's motor over Channel Access, under the clients that people use: each in a process of its own."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

#: A name for a client and its motor, its script, and the environment that it wants.
CLIENTS: dict[str, tuple[str, dict[str, str]]] = {
    "pyepics": ("motor_by_pyepics.py", {}),
    "ophyd": ("motor_by_ophyd.py", {"OPHYD_CONTROL_LAYER": "pyepics"}),
    "ophyd_on_caproto": ("motor_by_ophyd.py", {"OPHYD_CONTROL_LAYER": "caproto"}),
    "ophyd_async": ("motor_by_ophyd_async.py", {}),
    "caproto": ("motor_by_caproto.py", {}),
}


@pytest.fixture(scope="module")
def clients(serve: Callable[..., Any]) -> Iterator[Any]:
    commands = {
        name: ((script, f"T:{name}"), environment)
        for name, (script, environment) in CLIENTS.items()
    }
    with serve("motor_database", [f"T:{name}" for name in CLIENTS], commands) as clients:
        yield clients


def assert_moved_and_was_stopped(found: dict[str, Any]) -> None:
    """What all clients do: a move to 3 mm, and one of 40 mm that is stopped in the middle."""
    assert found["move"][0] == 3.0
    setpoint, readback = found["stop"][:2]
    assert setpoint == readback
    assert 4.0 < readback < 42.0


def test_pyepics(clients: Any) -> None:
    found = clients.found("pyepics")
    assert_moved_and_was_stopped(found)
    assert found["caget"] == ["mm", 50.0, "motor", 2.0]
    assert (found["move"][1], found["relative"]) == (1, 4.0)
    assert found["limits"] == [-12, False]  # its word for a value outside the limits
    assert found["refused"] == [1, 4.0]
    assert (found["moving"], found["stop"][2]) == ([0, 1], 1)
    assert (found["jogging"], found["jogged"]) == ([1, 0], [0, 1])
    assert (found["home"], found["tweak"]) == ([-2.0, 1], [-1.5])
    assert found["set_position"] == [10.0, 11.5, 0]


@pytest.mark.parametrize("name", ["ophyd", "ophyd_on_caproto"])
def test_ophyd(clients: Any, name: str) -> None:
    found = clients.found(name)
    assert_moved_and_was_stopped(found)
    assert found["describe"] == ["mm", 3, 50.0]
    assert found["move"] == [3.0, False, 3.0]
    assert (found["limits"], found["moving"]) == ([-50.0, 50.0], True)
    assert (found["jogging"], found["jogged"]) == ([1, 0], [0, 1])
    assert (found["home"], found["tweak"]) == (-2.0, -1.5)
    assert (found["set_position"], found["after"]) == ([7.0, 0], 8.0)


def test_ophyd_async(clients: Any) -> None:
    found = clients.found("ophyd_async")
    assert_moved_and_was_stopped(found)
    assert (found["describe"], found["move"]) == ("mm", [3.0, True])
    assert found["locate"] == {"setpoint": 3.0, "readback": 3.0}
    assert (found["limits"], found["moving"]) == ("MotorLimitsError", [False])
    assert found["stopped"] == "RuntimeError"
    assert found["updates"]
    assert found["prepared"] == [10.0]
    assert found["flown"][0] > 5.0
    assert (found["home"], found["tweak"]) == ([-2.0], [-1.5])
    assert (found["jogging"], found["jogged"]) == ([False], [True])
    assert found["set_position"] == [0.0]


def test_caget_and_caput(clients: Any) -> None:
    found = clients.found("caproto")
    assert_moved_and_was_stopped(found)
    assert found["text"] == ["of a test", "mm", "motor"]
    assert found["control"] == [50.0, -50.0, 3]
    assert found["types"] == ["DOUBLE", "INT", "LONG", "DOUBLE", "FLOAT", "STRING"]
    assert found["move"][1:] == [1, 0]
    assert (found["refused"], found["moving"], found["stop"][2]) == ([3.0, 1], [0, 1], 1)
    assert (found["jogging"], found["jogged"]) == ([1, 0], [0, 1])
    assert (found["home"], found["tweak"]) == ([-2.0, 1, 0], [-1.5, 0])
    assert found["set_position"] == [0.0, 1.5, -1.5]
    assert found["relative"] == [-1.0, 0.0]
