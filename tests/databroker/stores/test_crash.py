"""Writers that die."""

import os
import signal
import subprocess
import sys

import pytest

from beamtwin.databroker.broker import Broker
from beamtwin.databroker.stores.sqlite import SqliteStore

#: Writes a run without end, and says after each event that it is stored.
WRITER = """
import sys
from beamtwin.databroker.stores.sqlite import SqliteStore
store = SqliteStore(sys.argv[1])
store.insert("start", {"uid": "victim", "time": 1.7e9, "scan_id": 1, "plan_name": "scan"})
store.insert("descriptor", {"uid": "d", "run_start": "victim", "time": 1.7e9, "name": "primary",
             "data_keys": {"x": {"dtype": "number", "shape": [], "source": "s"}}})
for n in range(1, 10**9):
    store.insert("event", {"uid": f"e{n}", "descriptor": "d", "seq_num": n, "time": 1.7e9 + n,
                 "data": {"x": n / 7}, "timestamps": {"x": 1.7e9 + n}})
    print(n, flush=True)
"""


@pytest.fixture
def writer(path):
    """A process that writes, and dies at the end of the test at the latest."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True
    )
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def kill_after(process, events):
    """SIGKILL once so many events are acknowledged; how many were in the end."""
    for line in process.stdout:
        if int(line) == events:
            break
    os.kill(process.pid, signal.SIGKILL)
    rest = process.stdout.read().split("\n")
    complete = [int(line) for line in rest[:-1]]
    return complete[-1] if complete else events


@pytest.mark.parametrize("events", [499, 500])
def test_no_acknowledged_event_is_lost(writer, path, events):
    acknowledged = kill_after(writer, events)
    with SqliteStore(path) as store:
        numbers = [doc["seq_num"] for _, doc in store.documents("victim", ["event"])]
        assert numbers == list(range(1, len(numbers) + 1))
        assert acknowledged <= len(numbers) <= acknowledged + 1
        columns = store.columns("victim", "primary")
        assert columns.data["x"].tolist() == [n / 7 for n in numbers]
        assert store._connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_run_is_running_until_its_writer_dies(writer, path):
    writer.stdout.readline()
    with Broker.open(path) as db:
        assert (db[-1].state, db[-1].stop, db.interrupted()) == ("running", None, [])
        kill_after(writer, 10)
        assert db[-1].state == "interrupted"
        assert db[-1].stop is None
        assert [run.uid for run in db.interrupted()] == ["victim"]


def test_the_next_writer_takes_note_once(writer, path, make, fill):
    kill_after(writer, 3)
    with SqliteStore(path) as store:
        assert [header.start["uid"] for header in store.interrupted(new=True)] == ["victim"]
        fill(store, make.run(1))
        assert store.interrupted(new=True) == []
        assert [header.start["uid"] for header in store.interrupted()] == ["victim"]


def test_lock_files_go_with_their_writers(writer, path, make, fill):
    kill_after(writer, 3)
    assert len(list(path.parent.glob("*-writer-*"))) == 1
    with SqliteStore(path) as store:
        fill(store, make.run(1))
        assert len(list(path.parent.glob("*-writer-*"))) == 1
    assert list(path.parent.glob("*-writer-*")) == []


def test_two_processes_may_write_at_once(writer, path, make, fill):
    writer.stdout.readline()
    with SqliteStore(path) as store:
        documents = fill(store, make.run(50))
        assert list(store.documents(documents[0][1]["uid"])) == documents
        assert store.interrupted() == []
        acknowledged = kill_after(writer, 200)
        assert len(list(store.documents("victim", ["event"]))) >= acknowledged


def test_a_run_that_was_left_open_is_interrupted(path, make, fill):
    with SqliteStore(path) as store:
        fill(store, make.run(2, stop=False))
        assert next(store.find({})).state == "running"
    with SqliteStore(path) as store:
        assert next(store.find({})).state == "interrupted"
