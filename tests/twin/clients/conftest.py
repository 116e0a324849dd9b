"""Clients of other people's making, each in a process of its own, at one IOC of the twin's."""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from beamtwin.twin.ioc import IOCProcess

HERE = Path(__file__).parent
PATIENCE_S = 90.0

#: By client: its script with arguments, and the environment that it wants.
Commands = Mapping[str, tuple[Sequence[str], Mapping[str, str]]]


class Clients:
    """All clients at once, since most of their time goes into starting; asked for what they found one by one."""

    def __init__(self, port: int, commands: Commands):
        network = {
            "EPICS_CA_ADDR_LIST": "127.0.0.1",
            "EPICS_CA_AUTO_ADDR_LIST": "NO",
            "EPICS_CA_SERVER_PORT": str(port),
            "EPICS_CA_REPEATER_PORT": str(port + 1),
        }
        self._processes = {
            name: subprocess.Popen(
                [sys.executable, str(HERE / script), *arguments],
                env={**os.environ, **network, **environment},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for name, ((script, *arguments), environment) in commands.items()
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


@contextmanager
def served(database: str, names: Sequence[str], commands: Commands) -> Iterator[Clients]:
    sys.path.insert(0, str(HERE))
    with IOCProcess(importlib.import_module(database).make, *names) as ioc:
        clients = Clients(ioc.port, commands)
        yield clients
        clients.close()
    sys.path.remove(str(HERE))


@pytest.fixture(scope="session")
def serve() -> Callable[..., AbstractContextManager[Clients]]:
    """``serve(database, names, commands)``: the module that makes the database, what for, and the clients."""
    return served
