"""Files and disks that fail."""

import os
import sqlite3

import pytest

from beamtwin.databroker.errors import StoreError
from beamtwin.databroker.stores.schema import SCHEMA_VERSION
from beamtwin.databroker.stores.sqlite import SqliteStore


@pytest.fixture
def filled(path, make, fill):
    """A file with some runs."""
    with SqliteStore(path) as store:
        for _ in range(20):
            fill(store, make.run(40))
    return path


def test_a_newer_layout_is_refused(filled):
    with sqlite3.connect(filled) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    with pytest.raises(
        StoreError, match=r"runs\.db: has layout 3, and this beamtwin reads layout 2: use the "
    ):
        SqliteStore(filled)


def test_another_programs_file_is_refused_and_left_alone(path):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"runs\.db: is no store of beamtwin's"):
        SqliteStore(path)
    assert path.read_bytes() == before


def test_a_text_file_is_refused(path):
    path.write_text("gap_h_um,gap_v_um\n" * 100)
    with pytest.raises(StoreError, match=r"runs\.db: is no store of beamtwin's: move it away"):
        SqliteStore(path)


@pytest.mark.parametrize("damage", ["cut", "overwritten"])
def test_a_damaged_file_is_named_with_the_way_out(filled, damage):
    content = bytearray(filled.read_bytes())
    if damage == "cut":
        content = content[: len(content) // 2]
    else:
        content[4096 : len(content)] = os.urandom(len(content) - 4096)
    filled.write_bytes(content)
    with pytest.raises(StoreError, match=r"runs\.db: is damaged: restore a copy"):
        read_everything(filled)


def read_everything(path):
    with SqliteStore(path) as store:
        for header in store.find({}):
            list(store.documents(header.start["uid"]))


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("", "is a folder: give the path of a file in it"),
        ("missing/runs.db", "the folder .*missing is not there: make it first"),
        ("file/runs.db", "the folder .*file is not there: make it first"),
    ],
)
def test_a_place_that_cannot_be(tmp_path, place, message):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=message):
        SqliteStore(tmp_path / place)


def test_reading_asks_for_a_file_that_is_there(path):
    with pytest.raises(StoreError, match=r"runs\.db: is not there"):
        SqliteStore(path, readonly=True)
    assert not path.exists()


def test_a_read_only_store_refuses_documents(filled, make):
    with SqliteStore(filled, readonly=True) as store:
        with pytest.raises(StoreError, match=r"runs\.db: is read-only; nothing was stored"):
            store.insert(*make.run()[0])
        assert store.count({}) == 20


def test_a_folder_without_room_for_the_lock_is_named(path, make, monkeypatch):
    """Tests run as root, whom permissions do not stop: the refusal is the operating system's words."""
    store = SqliteStore(path)

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied", "runs.db-writer-1")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(StoreError, match=r"runs\.db: cannot be opened or made.*Permission denied"):
        store.insert(*make.run()[0])
    assert store.count({}) == 0
    store.close()


def kept_in(kept, documents):
    """The documents; each goes to the list when the next is asked for, so when it was acknowledged."""
    for document in documents:
        yield document
        kept.append(document)


@pytest.mark.parametrize("pages", [1, 5, 30])
def test_a_full_disk_loses_nothing_that_was_acknowledged(path, make, fill, pages):
    """However little room is left: each document is there or it is not, and what was there stays."""
    documents = make.run(3000)
    run, kept = documents[0][1]["uid"], []
    with SqliteStore(path) as store:
        store.insert(*documents[0])
        store.insert(*documents[1])
        used = store._connection.execute("PRAGMA page_count").fetchone()[0]
        store._connection.execute(f"PRAGMA max_page_count = {used + pages}")
        with pytest.raises(StoreError, match=r"runs\.db: the disk is full; nothing of the last"):
            fill(store, kept_in(kept, documents[2:]))
        assert list(store.documents(run)) == documents[:2] + kept
        store._connection.execute("PRAGMA max_page_count = 1000000")
        for document in documents[2 + len(kept) :]:
            store.insert(*document)
    with SqliteStore(path) as store:
        assert list(store.documents(run)) == documents


def test_a_run_that_does_not_fit_is_not_begun(path, make):
    with SqliteStore(path) as store:
        used = store._connection.execute("PRAGMA page_count").fetchone()[0]
        store._connection.execute(f"PRAGMA max_page_count = {used}")
        with pytest.raises(StoreError, match="the disk is full"):
            store.insert_all(make.run(500))
        assert store.count({}) == 0
