"""The command line, as a person meets it: in this process where it is quick, in one of its own to be killed."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from beamtwin.app import cli
from beamtwin.databroker.broker import Broker
from beamtwin.databroker.interchange.composing import Points, compose

BEAMTWIN = (sys.executable, "-m", "beamtwin")

#: Seconds that a command may take to end, once it should.
PATIENCE_S = 30.0


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The one line on stderr that says what is wrong."""
        assert self.code == 1, self
        assert re.fullmatch(r"beamtwin: .*\n", self.err), self.err
        return self.err.removeprefix("beamtwin: ").strip()


class Command:
    """A command in a process, and a process group, of its own."""

    def __init__(self, *arguments: str, program: Sequence[str] = BEAMTWIN):
        self.process = subprocess.Popen(
            [*program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def line(self) -> str:
        """Its next line on stdout."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def signal(self, number: int) -> None:
        """As a terminal does it: to the process and to all that it has started."""
        os.killpg(self.process.pid, number)

    def outcome(self) -> Outcome:
        """Wait for its end."""
        out, err = self.process.communicate(timeout=PATIENCE_S)
        return Outcome(self.process.returncode, out, err)

    def processes(self) -> list[int]:
        """Those of its group that are alive."""
        alive = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):  # it may have ended since
                state, _, group = stat.read_text().rpartition(")")[2].split()[:3]
                if int(group) == self.process.pid and state != "Z":
                    alive.append(int(stat.parent.name))
        return alive

    def close(self) -> None:
        """Leave nothing behind."""
        with suppress(ProcessLookupError):
            self.signal(signal.SIGKILL)
        self.process.communicate()


@pytest.fixture
def data(tmp_path, monkeypatch) -> Path:
    """The data folder of all commands, not yet made."""
    folder = tmp_path / "data"
    monkeypatch.setenv("BEAMTWIN_DATA", str(folder))
    monkeypatch.setenv("COLUMNS", "100")
    return folder


@pytest.fixture
def filed(data) -> list[str]:
    """The uids of three runs in the catalogue: of the twin, of the beamline, and of the IOC."""
    data.mkdir()
    uids = [f"{number}bcdef00-0000-4000-8000-000000000000" for number in range(3)]
    with Broker.open(data / "catalog.sqlite") as broker:
        for number, target in enumerate(("twin", "live", "ioc")):
            start = {
                "uid": uids[number],
                "time": 1.7e9 + 86400 * number,
                "scan_id": number + 1,
                "plan_name": "scan",
                "hints": {"dimensions": [[["x"], "primary"]]},
                "twin": {"target": target},
                "sample": {"name": f"silica [{number}]"},
            }
            rows = [{"x": n / 3, "y": n / 7 * number} for n in range(5)]
            points = Points("primary", "d", "test", rows, [1.7e9] * 5, {"x": "mm"}, "x")
            broker.store.insert_all(compose(start, [points]))
    return uids


@pytest.fixture
def beamtwin(data, capfd) -> Callable[..., Outcome]:
    """Run a command in this process."""

    def run(*arguments: str) -> Outcome:
        capfd.readouterr()
        code = cli.run(arguments)
        out, err = capfd.readouterr()
        return Outcome(code, out, err)

    return run


@pytest.fixture(scope="session")
def one_run(tmp_path_factory) -> Path:
    """A data folder with a slit scan of two points, for `slit_scanned`."""
    folder = tmp_path_factory.mktemp("taken") / "data"
    assert cli.run(["run", "chx", "slit_scan", "points=2", "--data", str(folder)]) == 0
    return folder


@pytest.fixture
def slit_scanned(data, one_run) -> None:
    """The data folder is as ``beamtwin run chx slit_scan points=2`` leaves it."""
    shutil.copytree(one_run, data, dirs_exist_ok=True)


@pytest.fixture
def start(data) -> Iterator[Callable[..., Command]]:
    """Start a command in a process of its own."""
    commands: list[Command] = []

    def start_one(*arguments: str, program: Sequence[str] = BEAMTWIN) -> Command:
        commands.append(Command(*arguments, program=program))
        return commands[-1]

    yield start_one
    for command in commands:
        command.close()


@pytest.fixture
def catalogue(data) -> Iterator[Callable[[], Broker]]:
    """Open the catalogue, when something has made it."""
    opened: list[Broker] = []

    def open_it() -> Broker:
        opened.append(Broker.open(data / "catalog.sqlite", readonly=True))
        return opened[-1]

    yield open_it
    for broker in opened:
        broker.close()
