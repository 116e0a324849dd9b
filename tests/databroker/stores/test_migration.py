"""Files that an earlier beamtwin wrote."""

import json
import re
import sqlite3
from math import isnan

import pytest

from beamtwin.databroker.errors import StoreError
from beamtwin.databroker.stores.sqlite import SqliteStore

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


@pytest.fixture
def old(path, make):
    """Two runs, the second with a NaN as layout 1 wrote it, and without an end; and their documents."""
    connection = sqlite3.connect(path)
    connection.executescript(LAYOUT_1)
    ended, begun = (
        make.run(2, sample={"name": "silica"}),
        make.run(1, stop=False, offset=float("nan")),
    )
    for number, documents in enumerate((ended, begun), 1):
        (_, start), (_, descriptor), *rest = documents
        stop = rest.pop()[1] if rest[-1][0] == "stop" else None
        texts = [json.dumps(start), None if stop is None else json.dumps(stop)]
        row = (number, start["uid"], start["time"], start["scan_id"], start["plan_name"], *texts)
        connection.execute("INSERT INTO runs VALUES (?, ?, ?, ?, ?, NULL, ?, ?)", row)
        body = json.dumps(descriptor)
        connection.execute(
            "INSERT INTO documents VALUES (?, ?, 1, 'descriptor', ?)", (number, number, body)
        )
        stream = (number, number, "primary", descriptor["uid"])
        connection.execute("INSERT INTO streams VALUES (?, ?, ?, ?)", stream)
        for place, (_, event) in enumerate(rest, 2):
            pending = ((number << 32) + place, json.dumps(event))
            connection.execute("INSERT INTO pending VALUES (?, ?)", pending)
    connection.commit()
    connection.close()
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
