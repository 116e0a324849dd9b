"""Finding runs."""

import pytest

from beamtwin.databroker import Broker
from beamtwin.databroker.errors import QueryError, RunNotFoundError


@pytest.fixture
def runs(db, make, fill):
    """Ten runs with the scan_ids 1 to 5, twice; every third is the twin's."""
    targets = [{"target": "twin"}, {"target": "live", "scenario": "chx"}, None]
    starts = []
    for number in range(10):
        twin = {} if targets[number % 3] is None else {"twin": targets[number % 3]}
        documents = make.run(
            2, scan_id=number % 5 + 1, uid=f"{number:04d}-{'abcde'[number % 5]}-run", **twin
        )
        documents[0][1]["plan_name"] = ["scan", "count"][number % 2]
        fill(db, documents)
        starts.append(documents[0][1])
    return starts


def uids(found):
    return [run.uid for run in found]


def test_by_uid_and_its_beginning(db, runs):
    assert db["0003-d-run"].uid == db["0003-"].uid == "0003-d-run"


def test_an_exact_uid_wins_over_longer_ones(db, make, fill):
    fill(db, make.run(0, uid="abcdef"))
    fill(db, make.run(0, uid="abcdefgh"))
    assert db["abcdef"].uid == "abcdef"


def test_by_scan_id_the_newest(db, runs):
    assert db[3].uid == "0007-c-run"


def test_from_the_end(db, runs):
    assert uids([db[-1], db[-10]]) == ["0009-e-run", "0000-a-run"]


def test_slices_and_iteration_are_newest_first(db, runs):
    everything = [start["uid"] for start in reversed(runs)]
    assert uids(db) == everything
    assert uids(db[-3:]) == everything[:3]
    assert uids(db[-5:-2]) == everything[2:5]
    assert uids(db[:-8]) == everything[8:]
    assert uids(db[:]) == everything
    assert len(db) == 10


@pytest.mark.parametrize(
    ("key", "error", "message"),
    [
        ("0003", RunNotFoundError, "give at least 5 characters"),
        ("nobody", RunNotFoundError, "no run in this store has a uid that begins with 'nobody'"),
        (77, RunNotFoundError, "no run in this store has the scan_id 77"),
        (-11, RunNotFoundError, "there are 10 runs in this store, and no number -11"),
        (1.5, QueryError, "ask for a uid, a scan_id, -1 for the last run"),
        (slice(0, 5), QueryError, "slices count from the last run"),
        (slice(-5, None, 2), QueryError, "slices count from the last run"),
    ],
)
def test_what_is_not_there_is_said(db, runs, key, error, message):
    with pytest.raises(error, match=message):
        db[key]


def test_an_ambiguous_uid_lists_its_candidates(db, make, fill):
    for number in range(7):
        fill(db, make.run(0, uid=f"same-{number}"))
    with pytest.raises(RunNotFoundError, match=r"same-6, same-5, .*, \.\.\.; give more of it"):
        db["same-"]
    fill(db, make.run(0, uid="same-1a") + make.run(0, uid="same-1b"))
    with pytest.raises(RunNotFoundError, match="'same-1' begins several uids: same-1b, same-1a"):
        db.search({"uid": {"$ne": "same-1"}})["same-1"]


def test_search_results_are_brokers(db, runs):
    counts = db.search({"plan_name": "count"})
    assert len(counts) == 5
    assert counts[-1].uid == "0009-e-run"
    assert counts[3].uid == "0007-c-run"
    assert uids(counts.search({"scan_id": {"$lte": 2}})) == ["0005-a-run", "0001-b-run"]
    with pytest.raises(RunNotFoundError, match="no run that this search found has the scan_id 9"):
        counts[9]
    with pytest.raises(RunNotFoundError, match="no run that this search found"):
        counts["0002-c"]


def test_lookup_is_within_the_search(db, runs):
    """databroker#746: there, the newest run with the scan_id is taken first, then the search applied."""
    assert db[4].uid == "0008-d-run"
    assert db.search({"plan_name": "count"})[4].uid == "0003-d-run"


def test_a_search_is_alive(db, runs, make, fill):
    scans = db.search({"plan_name": "scan"})
    before = len(scans)
    fill(db, make.run(0))
    assert len(scans) == before + 1


def test_simulation_and_experiment_share_all_runs(db, runs):
    """What names no target was measured, too."""
    simulated, measured = uids(db.simulation), uids(db.experiment)
    assert simulated == ["0009-e-run", "0006-b-run", "0003-d-run", "0000-a-run"]
    assert sorted(simulated + measured) == sorted(uids(db))


def test_an_unknown_operator_is_refused_at_once(db):
    with pytest.raises(QueryError, match=r"\$near"):
        db.search({"x": {"$near": 1}})


def test_contains(db, runs):
    assert "0001-b-run" in db
    assert "0001-b-run" not in db.search({"plan_name": "scan"})


def test_open_and_close(path, make, fill):
    with Broker.open(path) as db:
        documents = fill(db, make.run(1))
        assert repr(db) == f"<Broker: 1 run in this store, <SqliteStore {path}>>"
    with Broker.open(path, readonly=True) as db:
        assert uids(db) == [documents[0][1]["uid"]]


def test_it_is_a_subscriber(db, make):
    for name, doc in make.run(2):
        db(name, doc)
    assert len(db[-1].primary) == 2
