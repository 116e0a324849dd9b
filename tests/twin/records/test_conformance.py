"""The conformance table: each row of conformance/*.yaml, on the twin's records and on EPICS base's.

A row says which behaviour it is about, and where the reference describes it; its records, as in a .db file; what
is done: ``x = 1`` (a put with completion), ``start x = 1`` (whose end is not awaited), ``send x = 1`` (without
completion), ``refused x = 1``, ``sleep 0.1``; what then is; what monitors have heard since the beginning, the first
value included; and what is said of fields, as `Metadata` calls it (``about``). A value may be written with its alarm:
``[9.5, MAJOR, HIHI]``. ``twin: reason`` is for what EPICS base does not have.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from beamtwin.hardware.ca import CATransport
from beamtwin.hardware.channel import SEVERITIES, STATUSES, Channel, Reading
from beamtwin.orchestration.clock import WallClock
from beamtwin.twin.clock import SimClock
from beamtwin.twin.database import Database

FOLDER = Path(__file__).parent / "conformance"
IOC = """
import sys
from epicscorelibs.ioc import start_ioc
start_ioc(dbs=[(sys.argv[1], "")])
print("ready", flush=True)
sys.stdin.read()
"""

#: How long monitors may take to come, in seconds of the wall.
PATIENCE_S = 3.0


def rows() -> Iterator[dict[str, Any]]:
    for file in sorted(FOLDER.glob("*.yaml")):
        for number, plain_row in enumerate(yaml.safe_load(file.read_text(encoding="utf-8"))):
            prefix = f"{file.stem}:{number}:"
            row = yaml.safe_load(yaml.safe_dump(plain_row).replace("$(P)", prefix))
            row["id"] = f"{file.stem}-{row['behaviour'].replace(' ', '_')}"
            yield row | {"prefix": prefix, "db": plain_row["db"]}


ROWS = list(rows())
assert len({row["id"] for row in ROWS}) == len(ROWS)


class World:
    """Where rows are played: a transport, and how time passes there."""

    def __init__(self, transport: Any, load: Callable[[str, str], object]):
        self.transport = transport
        self.clock = transport.clock
        self.load = load

    def channel(self, row: dict[str, Any], name: str) -> Channel:
        channel = self.transport.channel(row["prefix"] + name)
        self.transport.connect([channel], timeout=PATIENCE_S)
        return channel

    def do(self, row: dict[str, Any], step: str) -> None:
        word, _, rest = step.partition(" ")
        if word == "sleep":
            self.clock.sleep(float(rest))
            return
        verb = word if word in ("start", "send", "refused") else "put"
        name, _, text = (step if verb == "put" else rest).partition(" = ")
        status = self.channel(row, name.strip()).put(
            yaml.safe_load(text), completion=verb != "send", timeout=PATIENCE_S
        )
        if verb == "start":
            return
        assert (status.exception(timeout=None) is not None) == (verb == "refused"), step

    def finds(self, condition: Callable[[], bool]) -> bool:
        """Whether that comes to be: at once in virtual time, soon on the wall."""
        wait = PATIENCE_S if isinstance(self.clock, WallClock) else 0.0
        return self.clock.wait(condition, wait)


@contextmanager
def twin() -> Iterator[World]:
    database = Database(SimClock(epoch=1.7e9))
    yield World(database, lambda text, prefix: database.loads(text, {"P": prefix}))


@contextmanager
def epics() -> Iterator[World]:
    pytest.importorskip("epicscorelibs")
    with epics_ioc() as port:
        transport = CATransport(addresses=["127.0.0.1"], port=port)
        try:
            yield World(transport, lambda text, prefix: None)
        finally:
            transport.close()


@contextmanager
def epics_ioc() -> Iterator[int]:
    """EPICS base with the records of all rows."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "EPICS_CAS_SERVER_PORT": str(port),
        "EPICS_CAS_INTF_ADDR_LIST": "127.0.0.1",
        "EPICS_CAS_AUTO_BEACON_ADDR_LIST": "NO",
        "EPICS_CAS_BEACON_ADDR_LIST": "127.0.0.1",
    }
    with subprocess.Popen(
        [sys.executable, "-c", IOC, database_file()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert any(line == "ready\n" for line in process.stdout)
        yield port
        process.communicate()


def database_file() -> str:
    file = Path(os.environ["PYTEST_TMP"]) / "conformance.db"
    texts = [row["db"].replace("$(P)", row["prefix"]) for row in ROWS if "twin" not in row]
    file.write_text("\n".join(texts), encoding="utf-8")
    return str(file)


WORLDS = {"twin": twin, "epics": epics}


@pytest.fixture(scope="module", params=WORLDS)
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    os.environ["PYTEST_TMP"] = str(tmp_path_factory.mktemp("conformance"))
    with WORLDS[request.param]() as world:
        yield world


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_row(world: World, row: dict[str, Any]) -> None:
    if "twin" in row and isinstance(world.clock, WallClock):
        pytest.skip(row["twin"])
    world.load(row["db"], row["prefix"])
    heard: dict[str, list[Any]] = {}
    for name in row.get("monitors", ()):
        channel = world.channel(row, name)
        seen = heard[name] = []
        channel.subscribe(lambda reading, seen=seen: seen.append(reading))
        assert world.finds(lambda seen=seen: len(seen) == 1)
    for step in row.get("do", ()):
        world.do(row, step)
    for name, expected in row.get("then", {}).items():
        channel = world.channel(row, name)
        world.finds(lambda channel=channel, expected=expected: matches(channel, expected))
        assert said(channel, channel.get(), expected) == told(expected), name
    for name, expected in row.get("about", {}).items():
        metadata = asdict(world.channel(row, name).metadata)
        wanted = {key: tuple(v) if isinstance(v, list) else v for key, v in expected.items()}
        assert {key: metadata[key] for key in wanted} == wanted, name
    times = {world.channel(row, name).get().timestamp for name in row.get("same_time", ())}
    assert len(times) <= 1
    for name, expected in row.get("monitors", {}).items():
        channel = world.channel(row, name)
        world.finds(lambda name=name, expected=expected: len(heard[name]) >= len(expected))
        pairs = zip(heard[name], expected, strict=False)
        assert [said(channel, reading, wanted) for reading, wanted in pairs] == [
            told(wanted) for wanted in expected
        ], name
        assert len(heard[name]) == len(expected), name


def matches(channel: Channel, expected: Any) -> bool:
    return said(channel, channel.get(), expected) == told(expected)


def said(channel: Channel, reading: Reading, expected: Any) -> Any:
    """A reading, in the words of what is expected."""
    value = reading.value
    if hasattr(value, "tolist"):
        value = value.tolist()
    choices = channel.metadata.choices
    if choices and isinstance(plain(expected), str):
        value = choices[value] if value < len(choices) else value
    if isinstance(value, float):
        value = pytest.approx(value, nan_ok=True)
    if not has_alarm(expected):
        return value
    return value, SEVERITIES[reading.severity], STATUSES[reading.status]


def told(expected: Any) -> Any:
    return tuple(expected) if has_alarm(expected) else expected


def plain(expected: Any) -> Any:
    return expected[0] if has_alarm(expected) else expected


def has_alarm(expected: Any) -> bool:
    return isinstance(expected, list) and len(expected) == 3 and expected[1] in SEVERITIES
