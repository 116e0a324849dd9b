"""The stores that the contract holds for, and the servers that they need.

MongoDB is FerretDB 1.24 on SQLite, which speaks its wire protocol: built once, from ``tests/servers/ferretdb``. The
variable ``BEAMTWIN_TEST_MONGODB_URI`` points the same tests at another server; those that stop and start one take
FerretDB.
"""

import os
import signal
import subprocess
import sys
from array import array
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from fcntl import ioctl
from functools import partial
from itertools import count
from pathlib import Path
from select import select
from termios import FIONREAD
from threading import RLock

import mongomock
import pytest
from pymongo import MongoClient

from beamtwin.databroker.stores.base import Store
from beamtwin.databroker.stores.mongo import leases, open_mongo
from beamtwin.databroker.stores.mongo.normalized import NormalizedStore
from beamtwin.databroker.stores.mongo.store import MongoStore
from beamtwin.databroker.stores.sqlite import SqliteStore
from beamtwin.orchestration.clock import WallClock

_BUILD_FERRETDB = Path(__file__).parents[2] / "servers" / "ferretdb" / "build.py"
_GIVEN_SERVER = "BEAMTWIN_TEST_MONGODB_URI"
_DATABASES = count(1)

#: Opens one and the same place anew at every call.
Opener = Callable[[], Store]


def sqlite(folder: Path) -> Opener:
    return lambda: SqliteStore(folder / "runs.db")


def memory(_: Path) -> Opener:
    """Which has but one opening: it ends when that is closed."""
    store = SqliteStore(":memory:")
    return lambda: store


#: By name: for an empty folder, how to open a store that is empty, too.
STORES: dict[str, Callable[[Path], Opener]] = {"sqlite": sqlite, "memory": memory}
#: By name: the fixture that opens a store on a server.
SERVED = {"mongodb": "mongo_opener", "mongomock": "mock_opener"}
#: The same for suitcase-mongo's layout, which does not take everything that a store must take.
NORMALIZED = {"normalized": "facility_opener", "normalized-mongomock": "mock_facility_opener"}
#: What FerretDB is not asked, and why.
_NO_NESTED_LISTS = "FerretDB 1.24 has no form for lists in lists, which hints and images are"
_NOT_ON_FERRETDB = {
    "test_nobodys_annotation_is_lost[mongodb]": "FerretDB 1.24 reads, then writes: its updates are not atomic",
    "test_a_scan_comes_back_identical[normalized]": _NO_NESTED_LISTS,
    "test_frames_in_files_come_back_and_are_read[normalized]": _NO_NESTED_LISTS,
    "test_flights_monitors_and_images_come_back_identical[normalized]": _NO_NESTED_LISTS,
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.name in _NOT_ON_FERRETDB and _GIVEN_SERVER not in os.environ:
            item.add_marker(pytest.mark.skip(reason=_NOT_ON_FERRETDB[item.name]))


def _opener(request: pytest.FixtureRequest) -> Opener:
    if request.param in STORES:
        return STORES[request.param](request.getfixturevalue("tmp_path"))
    return request.getfixturevalue((SERVED | NORMALIZED)[request.param])


@pytest.fixture(params=[*STORES, *SERVED])
def opener(request) -> Opener:
    """How to open the store, of every kind."""
    return _opener(request)


@pytest.fixture(params=[*STORES, *SERVED, *NORMALIZED])
def every_opener(request) -> Opener:
    """How to open the store, of every kind and layout."""
    return _opener(request)


@pytest.fixture
def any_store(opener) -> Iterator[Store]:
    """An empty store, of every kind."""
    with opener() as store:
        yield store


@pytest.fixture
def every_store(every_opener) -> Iterator[Store]:
    """An empty store, of every kind and layout."""
    with every_opener() as store:
        yield store


# --- MongoDB ----------------------------------------------------------------


class FerretDB:
    """A server that can be stopped and started again, over the same files and at the same port."""

    def __init__(self, program: Path, folder: Path):
        self._program, self._folder = program, folder
        self.address = "127.0.0.1:0"
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> str:
        """The URI, once the server is ready."""
        self._process = subprocess.Popen(
            [self._program, "-folder", self._folder, "-address", self.address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        uri = self._process.stdout.readline().strip()
        assert uri, "FerretDB ended before it was ready"
        self.address = uri.removeprefix("mongodb://").rstrip("/")
        return uri

    def stop(self) -> None:
        """As a crash would: at once."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()


@pytest.fixture(scope="session")
def ferretdb_program() -> Path:
    """The executable, built when its sources change."""
    command = [sys.executable, _BUILD_FERRETDB]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    if built.returncode:
        pytest.skip(
            f"FerretDB, the MongoDB of the tests, could not be built: {built.stderr[-500:]}"
        )
    return Path(built.stdout.strip())


@pytest.fixture
def start_ferretdb(ferretdb_program, tmp_path_factory) -> Iterator[Callable[[], FerretDB]]:
    """FerretDB servers of one test's own."""
    servers = []

    def start() -> FerretDB:
        servers.append(FerretDB(ferretdb_program, tmp_path_factory.mktemp("ferretdb")))
        servers[-1].start()
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def mongodb_uri(request: pytest.FixtureRequest, tmp_path_factory) -> Iterator[str]:
    """A server for all tests; each takes a database of its own."""
    given = os.environ.get(_GIVEN_SERVER)
    if given:
        yield given
        return
    program = request.getfixturevalue("ferretdb_program")
    server = FerretDB(program, tmp_path_factory.mktemp("ferretdb"))
    yield server.start()
    server.stop()


@pytest.fixture
def mongo_database(mongodb_uri) -> Iterator[str]:
    """The name of a database that is there for one test."""
    name = f"beamtwin_test_{os.getpid()}_{next(_DATABASES)}"
    yield name
    with MongoClient(mongodb_uri) as client:
        client.drop_database(name)


@pytest.fixture
def mongo_opener(mongodb_uri, mongo_database) -> Callable[..., Store]:
    """Opens the test's database, as another process would."""
    return lambda **options: open_mongo(mongodb_uri, database=mongo_database, **options)


def _wall_time(_: object) -> datetime:
    return datetime.fromtimestamp(WallClock().time(), UTC).replace(tzinfo=None)


@pytest.fixture
def mock_client(monkeypatch) -> mongomock.MongoClient:
    """mongomock, which ends with the test, has no clock to ask, and updates one document at a time only if told to."""
    monkeypatch.setattr(leases, "server_time", _wall_time)
    update, lock = mongomock.Collection._update, RLock()

    def one_at_a_time(collection, *arguments, **options):
        with lock:
            return update(collection, *arguments, **options)

    monkeypatch.setattr(mongomock.Collection, "_update", one_at_a_time)
    client = mongomock.MongoClient()
    monkeypatch.setattr(client, "close", lambda: None)
    return client


@pytest.fixture
def mock_opener(mock_client) -> Opener:
    return lambda: MongoStore(mock_client["beamtwin"], "mongomock")


@pytest.fixture
def facility_opener(mongo_opener) -> Opener:
    return partial(mongo_opener, layout="normalized")


@pytest.fixture
def mock_facility_opener(mock_client) -> Opener:
    return lambda: NormalizedStore(mock_client["facility"], "mongomock")


# --- processes that are killed ------------------------------------------------


class Executioner:
    """Starts processes of ``victim.py``, one at a time, and kills them."""

    def __init__(self) -> None:
        program = [sys.executable, Path(__file__).with_name("victim.py")]
        self._process = subprocess.Popen(
            program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        assert self._process.stdin
        assert self._process.stdout
        self._orders, self._answers = self._process.stdin, self._process.stdout
        self.pid = 0
        """Of the process that is at work."""
        self.refused = 0
        """How much was refused, of all of them."""

    def start(self, job: str, how: str, place: object, seed: int) -> None:
        """Have one begin."""
        self._orders.write(f"{job} {how} {place} {seed}\n".encode())
        self.pid = int(self._answers.readline())

    def acknowledged(self) -> int:
        """How much so far, of one that is refused nothing."""
        waiting = array("i", [0])
        ioctl(self._answers.fileno(), FIONREAD, waiting)
        return waiting[0]

    def wait_for_first(self) -> None:
        """Until something is acknowledged."""
        select([self._answers], [], [])

    def kill(self) -> int:
        """How much was acknowledged in the end."""
        os.kill(self.pid, signal.SIGKILL)
        said = self._answers.readline().decode()
        assert set(said) <= set(".!\n"), said
        self.refused += said.count("!")
        return said.count(".")

    def close(self) -> None:
        """End with the one that is at work."""
        self._orders.close()
        if self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        self._process.wait(10)
        self._answers.close()


@pytest.fixture(scope="session")
def executioners() -> Iterator[Callable[[], Executioner]]:
    """As many as one calls for."""
    started: list[Executioner] = []

    def start() -> Executioner:
        started.append(Executioner())
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture(scope="session")
def executioner(executioners: Callable[[], Executioner]) -> Executioner:
    """One for all tests."""
    return executioners()
