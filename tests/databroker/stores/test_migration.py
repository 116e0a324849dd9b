"""Files that an earlier beamtwin wrote."""

import json
import re
import shutil
import sqlite3
from math import isnan
from threading import Timer

import pytest

from beamtwin.databroker.errors import StoreError
from beamtwin.databroker.stores import schema
from beamtwin.databroker.stores.sqlite import SqliteStore
from beamtwin.orchestration.clock import WallClock

#: This machine's: what is killed is at work.
CLOCK = WallClock()
pause = CLOCK.sleep
#: The tables of layout 1.
LAYOUT_1 = """
CREATE TABLE runs (id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, time REAL NOT NULL, scan_id INTEGER,
    plan_name TEXT, writer TEXT, start TEXT NOT NULL, stop TEXT);
CREATE INDEX runs_time ON runs (time);
CREATE INDEX runs_scan_id ON runs (scan_id);
CREATE INDEX runs_plan_name ON runs (plan_name);
CREATE INDEX runs_open ON runs (id) WHERE stop IS NULL;
CREATE TABLE documents (id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs, place INTEGER NOT NULL,
    name TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX documents_run ON documents (run, name, place);
CREATE TABLE streams (id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs, name TEXT NOT NULL,
    descriptor TEXT NOT NULL);
CREATE INDEX streams_run ON streams (run);
CREATE TABLE pages (id INTEGER PRIMARY KEY, stream INTEGER NOT NULL REFERENCES streams, place INTEGER NOT NULL,
    events INTEGER NOT NULL, whole INTEGER NOT NULL, body BLOB NOT NULL);
CREATE INDEX pages_stream ON pages (stream, place);
CREATE TABLE pending (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
PRAGMA application_id = 0x6265616D;
PRAGMA user_version = 1;
"""


def write_layout_1(path, runs):
    """A file of these runs, each a start, a descriptor, events and perhaps a stop, as layout 1 kept them."""
    connection = sqlite3.connect(path)
    connection.executescript(LAYOUT_1)
    for number, documents in enumerate(runs, 1):
        (_, start), (_, descriptor), *rest = documents
        stop = rest[-1][1] if rest[-1][0] == "stop" else None
        texts = [json.dumps(start), None if stop is None else json.dumps(stop)]
        row = (number, start["uid"], start["time"], start["scan_id"], start["plan_name"], *texts)
        connection.execute("INSERT INTO runs VALUES (?, ?, ?, ?, ?, NULL, ?, ?)", row)
        body = json.dumps(descriptor)
        connection.execute(
            "INSERT INTO documents VALUES (?, ?, 1, 'descriptor', ?)", (number, number, body)
        )
        stream = (number, number, "primary", descriptor["uid"])
        connection.execute("INSERT INTO streams VALUES (?, ?, ?, ?)", stream)
        events = [doc for name, doc in rest if name == "event"]
        for place, event in enumerate(events, 2):
            pending = ((number << 32) + place, json.dumps(event))
            connection.execute("INSERT INTO pending VALUES (?, ?)", pending)
    connection.commit()
    connection.close()


@pytest.fixture
def old(path, make):
    """Two runs, the second with a NaN as layout 1 wrote it, and without an end; and their documents."""
    ended = make.run(2, sample={"name": "silica"})
    begun = make.run(1, stop=False, offset=float("nan"))
    write_layout_1(path, [ended, begun])
    return ended, begun


def test_a_file_of_layout_1_is_brought_up_to_date(old, path, make, fill):
    ended, begun = old
    first, second = ended[0][1]["uid"], begun[0][1]["uid"]
    with SqliteStore(path) as store:
        for documents in (ended, begun):
            assert make.same(list(store.documents(documents[0][1]["uid"])), documents)
        assert [header.start["uid"] for header in store.interrupted()] == [second]
        for query in ({"$text": {"$search": "Silica"}}, {"stop.exit_status": "success"}):
            assert [header.start["uid"] for header in store.find(query)] == [first]
        assert [header.start["uid"] for header in store.find({"offset": {"$exists": True}})] == [
            second
        ]
        assert isnan(next(store.find({"uid": second})).start["offset"])
        store.annotate(second, lambda _: {"tags": ["odd"]})
        fill(store, make.run(1))
    with SqliteStore(path, readonly=True) as store:
        assert store.count({"annotations.tags": "odd"}) == 1
        assert store.count({}) == 3


def test_a_file_of_layout_1_opened_for_reading_names_the_way_out(old, path):
    before = path.read_bytes()
    with pytest.raises(
        StoreError,
        match=re.escape("has layout 1, and this beamtwin reads layout 2: open it once for writing"),
    ):
        SqliteStore(path, readonly=True)
    assert path.read_bytes() == before


def test_a_migration_that_fails_changes_nothing(old, path):
    connection = sqlite3.connect(path)
    connection.execute("UPDATE runs SET stop = '{' WHERE id = 1")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"runs\.db: is damaged"):
        SqliteStore(path)
    assert path.read_bytes() == before


# --- killed, or at the same time ----------------------------------------------


class OldFile:
    """Runs in a file of layout 1 that takes a while to bring up to date, as often as it is wanted."""

    def __init__(self, path, runs, journal):
        self.runs = runs
        self._path, self._original = path, path.with_name("original.db")
        write_layout_1(self._original, runs)
        with sqlite3.connect(self._original) as connection:
            connection.execute(f"PRAGMA journal_mode = {journal}")
        connection.close()

    def put(self):
        """A copy of it where there was one."""
        for file in self._path.parent.glob(f"{self._path.name}*"):
            file.unlink()
        shutil.copy(self._original, self._path)

    def is_begun(self):
        """Whether SQLite keeps a log of what it does to the file."""
        return any(self._path.with_name(f"{self._path.name}{end}").exists() for end in LOGS)

    def check(self, make):
        """Everything is there, in the new layout, and found by what only that has."""
        with SqliteStore(self._path) as store:
            assert store._connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            for documents in self.runs:
                assert make.same(list(store.documents(documents[0][1]["uid"])), documents)
            assert store.count({"$text": {"$search": "word3"}}) == len(self.runs)
            assert store.count({"stop.exit_status": "success"}) == len(self.runs) // 2


LOGS = ("-wal", "-journal")


@pytest.fixture
def old_file(request, path, make):
    """Half of its runs have ended; the journal is the test's parameter."""
    text = " ".join(f"word{number}" for number in range(1000))
    runs = [make.run(2, stop=number % 2 == 1, text=text) for number in range(40)]
    return OldFile(path, runs, request.param)


@pytest.mark.parametrize("kills", [3, pytest.param(150, marks=pytest.mark.slow)])
@pytest.mark.parametrize("old_file", ["wal", "delete"], indirect=True)
def test_who_is_killed_while_migrating_loses_nothing(executioner, old_file, path, make, kills):
    duration_s, midway = time_to_migrate(executioner, old_file, path), 0
    for kill in range(kills):
        old_file.put()
        executioner.start("open", "normal", path, kill)
        while not old_file.is_begun():
            pause(0.0005)
        pause(duration_s * kill / kills)
        midway += executioner.kill() == 0
        old_file.check(make)
    assert midway > 0


def time_to_migrate(executioner, old_file, path):
    """In seconds, from its beginning on."""
    old_file.put()
    executioner.start("open", "normal", path, 0)
    while not old_file.is_begun():
        pause(0.0005)
    begun = CLOCK.time()
    executioner.wait_for_first()
    duration_s = CLOCK.time() - begun
    executioner.kill()
    return duration_s


@pytest.mark.parametrize("races", [2, pytest.param(50, marks=pytest.mark.slow)])
@pytest.mark.parametrize("old_file", ["wal", "delete"], indirect=True)
def test_two_processes_that_migrate_at_once(executioner, old_file, path, make, races):
    before = executioner.refused
    for race in range(races):
        old_file.put()
        executioner.start("open", "normal", path, race)
        old_file.check(make)
        executioner.wait_for_first()
        assert executioner.kill() == 1
        old_file.check(make)
    assert executioner.refused == before


@pytest.mark.parametrize("races", [2, pytest.param(300, marks=pytest.mark.slow)])
def test_two_processes_that_make_a_file_at_once(executioner, tmp_path, races):
    before = executioner.refused
    for race in range(races):
        path = tmp_path / f"new-{race}.db"
        executioner.start("open", "normal", path, race)
        SqliteStore(path).close()
        executioner.wait_for_first()
        assert executioner.kill() == 1
    assert executioner.refused == before


def test_who_is_about_to_make_a_file_is_waited_for(path):
    """SQLite itself waits nowhere but here."""
    options = {"isolation_level": None, "check_same_thread": False}
    first, second = sqlite3.connect(path, **options), sqlite3.connect(path, **options)
    first.execute("BEGIN IMMEDIATE")
    end = Timer(0.05, first.commit)
    end.start()
    schema._use_log(second)
    end.join()
    assert second.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    first.close()
    second.close()
