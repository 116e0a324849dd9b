"""Servers that are away, or go; writers that die; what MongoDB does not take."""

import signal
import subprocess
import sys
from datetime import timedelta

import numpy as np
import pytest
from pymongo.errors import AutoReconnect, OperationFailure

from beamtwin.databroker.errors import DocumentError, RunNotFoundError, StoreError
from beamtwin.databroker.stores.mongo import leases, open_mongo
from beamtwin.databroker.stores.mongo.connection import explain
from beamtwin.databroker.stores.redaction import redact

#: Writes a run without end, and says after each event that it is stored.
WRITER = """
import sys
from beamtwin.databroker.stores.mongo import open_mongo
store = open_mongo(sys.argv[1], database=sys.argv[2])
store.insert("start", {"uid": "victim", "time": 1.7e9, "scan_id": 1, "plan_name": "scan"})
store.insert("descriptor", {"uid": "d", "run_start": "victim", "time": 1.7e9, "name": "primary",
             "data_keys": {"x": {"dtype": "number", "shape": [], "source": "s"}}})
for n in range(1, 10**9):
    store.insert("event", {"uid": f"e{n}", "descriptor": "d", "seq_num": n, "time": 1.7e9 + n,
                 "data": {"x": n / 7}, "timestamps": {"x": 1.7e9 + n}})
    print(n, flush=True)
"""


def killed_after(uri, database, events):
    """SIGKILL once so many events are acknowledged; how many were in the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, uri, database], stdout=subprocess.PIPE, text=True
    )
    for line in process.stdout:
        if int(line) == events:
            break
    process.send_signal(signal.SIGKILL)
    rest, _ = process.communicate()
    return max([events, *(int(line) for line in rest.split("\n")[:-1])])


def test_no_acknowledged_event_is_lost(mongodb_uri, mongo_database, mongo_opener):
    acknowledged = killed_after(mongodb_uri, mongo_database, 501)
    with mongo_opener() as store:
        numbers = [doc["seq_num"] for _, doc in store.documents("victim", ["event"])]
        assert numbers == list(range(1, len(numbers) + 1))
        assert acknowledged <= len(numbers) <= acknowledged + 1
        assert store.columns("victim", "primary").data["x"].tolist() == [n / 7 for n in numbers]


def test_a_run_is_interrupted_when_its_writers_lease_has_lapsed(
    mongodb_uri, mongo_database, mongo_opener, make, fill, monkeypatch
):
    killed_after(mongodb_uri, mongo_database, 1)
    with mongo_opener() as store:
        assert next(store.find({})).state == "running"
        now = leases.server_time
        later = timedelta(seconds=leases.LAPSE_S + 1)
        monkeypatch.setattr(leases, "server_time", lambda database: now(database) + later)
        assert next(store.find({})).state == "interrupted"
        assert [header.start["uid"] for header in store.interrupted(new=True)] == ["victim"]
        fill(store, make.run(0))
        assert store.interrupted(new=True) == []
        assert [header.start["uid"] for header in store.interrupted()] == ["victim"]


def test_who_closes_a_store_leaves_no_run_running(mongo_opener, make, fill):
    with mongo_opener() as store:
        fill(store, make.run(1, stop=False))
        assert next(store.find({})).state == "running"
    with mongo_opener() as store:
        assert next(store.find({})).state == "interrupted"


def test_a_server_that_went_away_and_came_back(start_ferretdb, make, fill):
    """What was acknowledged is there; what was refused can be inserted again, and is there once."""
    server = start_ferretdb()
    documents = make.run(20)
    run = documents[0][1]["uid"]
    uri = f"mongodb://{server.address}/beamtwin?serverSelectionTimeoutMS=200"
    with open_mongo(uri) as store:
        fill(store, documents[:12])
        server.stop()
        with pytest.raises(StoreError, match=rf"mongodb://{server.address}/beamtwin: .*server"):
            store.insert(*documents[12])
        with pytest.raises(StoreError, match="server"):
            store.count({})
        server.start()
        fill(store, documents[12:])
        assert list(store.documents(run)) == documents


def test_an_acknowledgement_that_was_lost(store, make, fill, monkeypatch):
    """Every kind of document, stored and not acknowledged, is inserted again: it is there once."""
    documents = make.run(3)
    documents.insert(2, ("resource", {"uid": "r", "run_start": documents[0][1]["uid"]}))
    run = documents[0][1]["uid"]
    for name, doc in documents:
        lose_one_acknowledgement(monkeypatch, store)
        with pytest.raises(
            StoreError, match=r"the server was lost; .*insert it again, which is safe"
        ):
            store.insert(name, doc)
        store.insert(name, doc)
    assert list(store.documents(run)) == documents
    assert store.columns(run, "primary").seq_num.tolist() == [1, 2, 3]


def lose_one_acknowledgement(monkeypatch, store):
    tables = store._tables
    with monkeypatch.context():
        for name in ("runs", "pages", "pending", "documents"):
            setattr(tables, name, Forgetful(getattr(tables, name), tables, name))


class Forgetful:
    """A collection whose first write is done, and not acknowledged."""

    def __init__(self, collection, tables, name):
        self._collection, self._tables, self._name = collection, tables, name

    def __getattr__(self, name):
        method = getattr(self._collection, name)
        if name not in ("insert_one", "update_one"):
            return method

        def write(*arguments, **options):
            method(*arguments, **options)
            for other in ("runs", "pages", "pending", "documents"):
                forgetful = getattr(self._tables, other)
                setattr(self._tables, other, getattr(forgetful, "_collection", forgetful))
            raise AutoReconnect("connection closed")

        return write


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        (
            "mongodb://user:secret@127.0.0.1:9/db?serverSelectionTimeoutMS=50",
            r"mongodb://user:\*\*\*@127\.0\.0\.1:9/db\?.*: no server answers there in the time given",
        ),
        ("mongodb://127.0.0.1:nine", "is no connection string: give one such as mongodb://user"),
        ("mongodb://127.0.0.1:9/?w=0", "w=0 lets an insert return before anything is stored"),
    ],
)
def test_no_way_to_the_server(uri, message):
    with pytest.raises(StoreError, match=message) as raised:
        open_mongo(uri)
    assert "secret" not in str(raised.value)


def test_what_is_secret_is_not_shown():
    uri = "mongodb+srv://u:p%40ss:w@rd@host/db?tlsCertificateKeyFilePassword=x1&w=1"
    assert redact(uri) == "mongodb+srv://u:***@host/db?tlsCertificateKeyFilePassword=***&w=1"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (18, "the server does not know this user with this password"),
        (13, "this user may not do that: grant the role readWrite, or open it with readonly=True"),
        (14031, "the server's disk is full"),
        (59, r"failed \(no such command"),
    ],
)
def test_what_the_server_refuses(code, message):
    with pytest.raises(StoreError, match=f"mongodb://h/db: {message}"):
        raise explain("mongodb://h/db", OperationFailure("no such command", code))


def test_reading_only(mongo_opener, store, make):
    documents = make.run(1)
    store.insert_all(documents)
    run = documents[0][1]["uid"]
    with mongo_opener(readonly=True) as reader:
        assert list(reader.documents(run)) == documents
        for write in (
            lambda: reader.insert(*make.run(0)[0]),
            lambda: reader.insert_all(make.run(0)),
            lambda: reader.annotate(run, dict),
            lambda: reader.hide(run),
            lambda: reader.delete(run),
        ):
            with pytest.raises(StoreError, match="is open for reading only; nothing was stored"):
                write()


def test_reading_asks_for_runs_that_are_there(mongo_opener):
    with pytest.raises(StoreError, match="holds no runs: check the name, or take a run first"):
        mongo_opener(readonly=True)


def test_a_newer_layout_is_refused(mongo_opener, store):
    store._database["store"].update_one({}, {"$set": {"version": 2}})
    with pytest.raises(StoreError, match="has layout pages 2, and this beamtwin reads pages 1"):
        mongo_opener()


def test_large_events_get_pages_of_their_own(store, make, fill):
    documents = make.run(3, stop=False)
    run, descriptor = documents[0][1]["uid"], documents[1][1]["uid"]
    documents += [("event", make.event(descriptor, n, a=np.zeros(700_000))) for n in (4, 5)]
    documents += [("event", make.event(descriptor, 6)), ("stop", make.stop(run, 6))]
    fill(store, documents)
    assert make.same(list(store.documents(run)), documents)


def test_who_died_while_deleting_leaves_the_rest_to_the_next_writer(mongo_opener, store, make):
    gone, there = make.run(2), make.run(2)
    store.insert_all(gone + there)
    run = gone[0][1]["uid"]
    store.hide(run)
    store._tables.runs.update_one({"_id": run}, {"$set": {"deleting": True}})
    assert list(store.find({}, hidden=True)) == []
    with pytest.raises(RunNotFoundError):
        store.documents(run)
    with mongo_opener() as other:
        other.insert_all(make.run(0))
        assert other._tables.runs.find_one({"_id": run}) is None
        assert other._tables.pages.count_documents({}) == 1
        assert list(other.documents(there[0][1]["uid"])) == there


def test_bulk_leaves_nothing_of_what_it_could_not_finish(store, make):
    known = make.run(2)
    store.insert_all(known)
    with pytest.raises(DocumentError, match="is stored already"):
        store.insert_all([*make.run(2), *known])
    assert store.count({}) == 1
    assert store._tables.pages.count_documents({}) == 1
    assert list(store.documents(known[0][1]["uid"])) == known
