"""Finding runs."""

import numpy as np
import pytest

from beamtwin.databroker import Broker
from beamtwin.databroker.compare.comparison import compare
from beamtwin.databroker.compare.profile import Profile
from beamtwin.databroker.errors import ComparisonError, DocumentError, QueryError, RunNotFoundError
from beamtwin.twin.clock import SimClock


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


def test_numpys_integers_are_integers(db, runs):
    assert uids([db[np.int64(3)], db[np.int32(-1)]]) == ["0007-c-run", "0009-e-run"]


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
        (slice(-5, None, 2), QueryError, r"\[-5::2\]: slices count from the last run"),
        (slice("0003-", None), QueryError, r"\['0003-':\]: slices .*; head\(5\) are the first"),
        (True, QueryError, "True: ask for a uid"),
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
    with pytest.raises(QueryError, match="a query is a dictionary"):
        db.search("scan")


def test_contains(db, runs):
    assert "0001-b-run" in db
    assert "0001-b-run" not in db.search({"plan_name": "scan"})


@pytest.mark.parametrize(
    ("key", "there"),
    [
        ("0001-", True),
        ("000", False),
        (5, True),
        (6, False),
        (-10, True),
        (-11, False),
        (None, False),
    ],
)
def test_what_can_be_looked_up_is_contained(db, runs, key, there):
    assert (key in db) is there


def test_open_and_close(path, make, fill):
    with Broker.open(path) as db:
        documents = fill(db, make.run(1))
        assert repr(db).splitlines()[0] == f"<Broker: 1 run in this store, <SqliteStore {path}>>"
    with Broker.open(path, readonly=True) as db:
        assert uids(db) == [documents[0][1]["uid"]]


def test_it_is_a_subscriber(db, make):
    for name, doc in make.run(2):
        db(name, doc)
    assert len(db[-1].primary) == 2


def test_a_sorted_broker_is_in_that_order(db, runs):
    order = db.sorted("plan_name", "-scan_id")
    names = [(run.start["plan_name"], run.start["scan_id"]) for run in order]
    assert names == sorted(names, key=lambda pair: (pair[0], -pair[1]))
    assert [run.uid for run in order.head(2)] == uids(order)[:2]
    assert uids([order[-1], order[-10]]) == [uids(order)[-1], uids(order)[0]]
    assert uids(order[-3:-1]) == uids(order)[-3:-1]
    assert order.search({"plan_name": "count"}).head(1)[0].start["scan_id"] == 5
    assert order[3].uid == "0007-c-run"


@pytest.mark.parametrize("key", [5, ("time", -1)])
def test_to_sort_takes_keys(db, key):
    with pytest.raises(QueryError, match="sort by keys such as 'time', or '-time'"):
        db.sorted(key)


def test_distinct_values_and_how_often(db, runs):
    assert sorted(db.distinct("plan_name")) == ["count", "scan"]
    assert db.counts("plan_name") == {"scan": 5, "count": 5}
    assert db.search({"scan_id": 1}).counts("plan_name") == {"scan": 1, "count": 1}
    with pytest.raises(QueryError, match=r"twin: its values have parts; name one of these"):
        db.counts("twin")


def test_search_in_stop_descriptors_and_annotations(db, runs):
    assert len(db.search({"stop.exit_status": "success"})) == 10
    assert len(db.search({"descriptors.data_keys.m.units": "mm"})) == 10
    db[2].tag("good", "thin")
    assert uids(db.tagged("good", "thin")) == [db[2].uid]
    assert len(db.tagged("bad")) == 0


def test_tags_and_notes(store, make, fill):
    clock = SimClock(epoch=1.7e9)
    db = Broker(store, clock=clock)
    fill(db, make.run(1))
    run = db[-1]
    run.tag("good", "b")
    run.tag("a", "good")
    run.untag("b", "never there")
    assert run.tags == ["a", "good"]
    run.note("the sample had moved", author="ada")
    Broker(store)[-1].note("no clock, no date")
    assert run.annotations["notes"] == [
        {"text": "the sample had moved", "author": "ada", "time": 1.7e9},
        {"text": "no clock, no date"},
    ]


@pytest.mark.parametrize("said", ["", " ", 5, ["good"]])
def test_tags_notes_and_authors_are_texts(db, runs, said):
    run = db[-1]
    with pytest.raises(DocumentError, match=r"^tag .*: give a text, and no empty one"):
        run.tag("good", said)
    with pytest.raises(DocumentError, match=r"^note "):
        run.note(said)
    with pytest.raises(DocumentError, match=r"^author "):
        run.note("fine", author=said)
    assert run.annotations == {}


def test_deleting_takes_two_steps(db, runs):
    with pytest.raises(RunNotFoundError, match="no run that was removed has a uid"):
        db.purge("0003-d-run")
    removed = db.remove("0003-d")
    assert "0003-d-run" not in db
    assert uids(db.removed) == [removed.uid]
    assert removed.state == "success"
    assert len(removed.primary) == 2
    assert db.restore("0003-d").uid in db
    db.remove("0003-d")
    db.purge("0003-d-run")
    assert (len(db), db.removed) == (9, [])
    with pytest.raises(RunNotFoundError):
        db.restore("0003-d-run")


def curve(run, values):
    axis = np.linspace(-1, 1, len(values))
    return Profile(axis, np.asarray(values), "mm", source={"uid": run.uid})


def test_scores_are_filed_with_both_runs(db, runs):
    measured, simulated = db[1], db[2]
    points = np.linspace(1, 2, 20)
    comparison = compare(curve(measured, points), curve(simulated, points**2), space="linear")
    filed = db.file(comparison)
    assert filed["nrmse"] == comparison.scores.nrmse
    db.file(comparison)
    assert [score["counterpart"] for score in measured.scores] == [simulated.uid]
    assert uids(measured.counterparts) == [simulated.uid]
    assert uids(simulated.counterparts) == [measured.uid]
    bad = db.search({"annotations.scores.nrmse": {"$gt": 0.001}})
    assert sorted(uids(bad)) == sorted([measured.uid, simulated.uid])


def test_a_curve_of_no_run_is_not_filed(db):
    flat = Profile(np.arange(9.0), np.arange(9.0) ** 2 + 1, "mm")
    with pytest.raises(ComparisonError, match="the measured curve is of no run"):
        db.file(compare(flat, flat))


def test_event_models_own_names_are_taken(db, make):
    from event_model import DocumentNames

    for name, doc in make.run(1):
        db.insert(DocumentNames[name], doc)
    assert (db[-1].state, len(db[-1].primary)) == ("success", 1)
