"""The twin's motor over Channel Access, under the clients that people use: each in a process of its own."""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from beamtwin.twin.ioc import IOCProcess

HERE = Path(__file__).parent
PATIENCE_S = 90.0

#: A name for a client and its motor, its script, and the environment that it wants.
CLIENTS: dict[str, tuple[str, dict[str, str]]] = {
    "pyepics": ("motor_by_pyepics.py", {}),
    "ophyd": ("motor_by_ophyd.py", {"OPHYD_CONTROL_LAYER": "pyepics"}),
    "ophyd_on_caproto": ("motor_by_ophyd.py", {"OPHYD_CONTROL_LAYER": "caproto"}),
    "ophyd_async": ("motor_by_ophyd_async.py", {}),
    "caproto": ("motor_by_caproto.py", {}),
}


class Clients:
    """All clients at once, since most of their time goes into starting; asked for what they found one by one."""

    def __init__(self, port: int):
        network = {
            "EPICS_CA_ADDR_LIST": "127.0.0.1",
            "EPICS_CA_AUTO_ADDR_LIST": "NO",
            "EPICS_CA_SERVER_PORT": str(port),
            "EPICS_CA_REPEATER_PORT": str(port + 1),
        }
        self._processes = {
            name: subprocess.Popen(
                [sys.executable, str(HERE / script), f"T:{name}"],
                env={**os.environ, **network, **environment},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for name, (script, environment) in CLIENTS.items()
        }

    def found(self, name: str) -> dict[str, Any]:
        out, err = self._processes[name].communicate(timeout=PATIENCE_S)
        lines = [line for line in out.splitlines() if line.startswith("{")]
        assert lines, f"{name}:\n{out}\n{err}"
        return json.loads(lines[-1])

    def close(self) -> None:
        for process in self._processes.values():
            process.kill()
            process.communicate()


@pytest.fixture(scope="module")
def clients() -> Iterator[Clients]:
    sys.path.insert(0, str(HERE))
    database = importlib.import_module("motor_database")
    with IOCProcess(database.make, *(f"T:{name}" for name in CLIENTS)) as ioc:
        clients = Clients(ioc.port)
        yield clients
        clients.close()
    sys.path.remove(str(HERE))


def assert_moved_and_was_stopped(found: dict[str, Any]) -> None:
    """What all clients do: a move to 3 mm, and one of 40 mm that is stopped in the middle."""
    assert found["move"][0] == 3.0
    setpoint, readback = found["stop"][:2]
    assert setpoint == readback
    assert 4.0 < readback < 42.0


def test_pyepics(clients: Clients) -> None:
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
def test_ophyd(clients: Clients, name: str) -> None:
    found = clients.found(name)
    assert_moved_and_was_stopped(found)
    assert found["describe"] == ["mm", 3, 50.0]
    assert found["move"] == [3.0, False, 3.0]
    assert (found["limits"], found["moving"]) == ([-50.0, 50.0], True)
    assert (found["jogging"], found["jogged"]) == ([1, 0], [0, 1])
    assert (found["home"], found["tweak"]) == (-2.0, -1.5)
    assert (found["set_position"], found["after"]) == ([7.0, 0], 8.0)


def test_ophyd_async(clients: Clients) -> None:
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


def test_caget_and_caput(clients: Clients) -> None:
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
