"""What a `Broker` finds, and what it does to runs after their end, over every store and layout."""

import numpy as np
import pytest

from beamtwin.databroker.broker import Broker
from beamtwin.databroker.compare.comparison import compare
from beamtwin.databroker.compare.profile import Profile
from beamtwin.databroker.errors import RunNotFoundError, StoreError
from beamtwin.twin.clock import SimClock


@pytest.fixture
def db(every_store):
    return Broker(every_store, clock=SimClock(epoch=1.7e9))


@pytest.fixture
def documents(db, make):
    """Of four runs, each by itself, without the lists in lists that FerretDB has no form for."""
    targets = ["twin", "live", "ioc", None]
    several = [
        make.run(
            2,
            uid=f"{number:04d}-run",
            scan_id=number % 2,
            hints={},
            **({"twin": {"target": target}} if target else {}),
        )
        for number, target in enumerate(targets)
    ]
    for run in several:
        db.store.insert_all(run)
    return several


def uids(runs):
    return [run.uid for run in runs]


def test_runs_are_found(db, documents):
    newest_first = [run[0][1]["uid"] for run in reversed(documents)]
    assert uids(db) == uids(db[-4:]) == newest_first
    assert uids([db[-1], db[-4], db["0001-"], db[0]]) == [
        newest_first[0],
        newest_first[-1],
        "0001-run",
        "0002-run",
    ]
    assert uids(db.simulation) == ["0002-run", "0000-run"]
    assert uids(db.experiment) == ["0003-run", "0001-run"]
    assert uids(db.search({"scan_id": 1}).sorted("uid")) == ["0001-run", "0003-run"]
    assert db.counts("scan_id") == {0: 2, 1: 2}
    with pytest.raises(RunNotFoundError, match="begins with 'nobody'"):
        db["nobody"]


def test_tags_and_notes(db, documents, every_opener):
    """They are searched, and found by whoever opens the store besides."""
    run, other = db["0001-run"], db["0002-run"]
    run.tag("good", "thin")
    run.tag("thin")
    other.tag("thin")
    other.untag("thin", "never there")
    run.note("the sample had moved", author="ada")
    run.note("µ, NaN and 2.5")
    with every_opener() as store:
        seen = Broker(store)["0001-run"]
        assert seen.tags == ["good", "thin"]
        assert seen.annotations["notes"] == [
            {"text": "the sample had moved", "author": "ada", "time": 1.7e9},
            {"text": "µ, NaN and 2.5", "time": 1.7e9},
        ]
        assert uids(Broker(store).tagged("thin")) == ["0001-run"]
        assert uids(Broker(store).search({"$text": {"$search": "moved"}})) == ["0001-run"]
        assert Broker(store).distinct("annotations.tags") == ["good", "thin"]
        assert list(seen.documents()) == documents[1]


def test_scores_are_filed_with_both_runs(db, documents):
    points = np.linspace(1, 2, 20)
    measured, simulated = (
        Profile(np.linspace(-1, 1, 20), values, "mm", source={"uid": uid})
        for uid, values in (("0001-run", points), ("0002-run", points**2))
    )
    filed = db.file(compare(measured, simulated, space="linear"))
    assert uids(db["0001-run"].counterparts) == ["0002-run"]
    assert [score["nrmse"] for score in db["0002-run"].scores] == [filed["nrmse"]]
    assert len(db.search({"annotations.scores.nrmse": {"$gt": 0.001}})) == 2


def test_removed_restored_and_purged(db, documents):
    """A run's tags go with it; its uid may come again, and begins anew."""
    run = documents[3][0][1]["uid"]
    db[run].tag("good")
    removed = db.remove(run)
    assert (len(db), run in db, len(db.tagged("good"))) == (3, False, 0)
    assert uids(db.removed) == [run]
    assert list(removed.documents()) == documents[3]
    assert db.restore(run).tags == ["good"]
    assert (len(db), db.removed) == (4, [])
    with pytest.raises(RunNotFoundError, match="no run that was removed has"):
        db.purge(run)
    db.remove(run)
    db.purge(run)
    assert (len(db), db.removed, db.distinct("annotations.tags")) == (3, [], [])
    with pytest.raises(RunNotFoundError):
        db.restore(run)
    db.store.insert_all(documents[3])
    assert db[run].tags == []
    assert list(db[run].documents()) == documents[3]


def test_a_run_that_is_being_written_is_not_purged(db, make, fill):
    documents = fill(db, make.run(1, stop=False, hints={}))
    run = documents[0][1]["uid"]
    db.remove(run)
    with pytest.raises(StoreError, match=f"{run}: is being written; end the run first"):
        db.purge(run)
    fill(db, [("stop", make.stop(run, 1))])
    db.purge(run)
    assert (len(db), db.removed) == (0, [])
