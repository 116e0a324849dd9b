"""suitcase-mongo's layout: what a facility's database has, and what databroker finds there."""

from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from pymongo import MongoClient

from beamtwin.databroker.errors import DocumentError, RunNotFoundError, StoreError
from beamtwin.databroker.stores.mongo.normalized import NormalizedStore


@pytest.fixture
def make(make):
    """Documents without lists in lists, as hints are: FerretDB 1.24 has no form for these."""
    return SimpleNamespace(**{**vars(make), "run": partial(make.run, hints={})})


@pytest.fixture
def facility(mongo_opener) -> Iterator[NormalizedStore]:
    with mongo_opener(layout="normalized") as opened:
        yield opened


@pytest.fixture
def raw(mongodb_uri, mongo_database):
    """The database as other programs see it."""
    with MongoClient(mongodb_uri) as client:
        yield client[mongo_database]


def by_suitcase(raw, documents):
    """As suitcase-mongo 0.7 files documents: each by itself, its fields unchanged."""
    collections = {
        "start": "run_start",
        "stop": "run_stop",
        "descriptor": "event_descriptor",
        "event": "event",
        "resource": "resource",
        "datum": "datum",
    }
    for name, doc in documents:
        raw[collections[name]].insert_one(dict(doc))


def with_datums(make):
    documents = make.run(2)
    run = documents[0][1]["uid"]
    resource = {
        "uid": f"{run}/r",
        "run_start": run,
        "spec": "NPY_SEQ",
        "root": "/",
        "resource_path": "a",
        "resource_kwargs": {},
        "path_semantics": "posix",
    }
    documents.insert(2, ("resource", resource))
    datum = {"datum_id": f"{run}/r/0", "resource": f"{run}/r", "datum_kwargs": {"index": 0}}
    documents.insert(3, ("datum", datum))
    return documents


def test_what_suitcase_wrote_is_read(facility, raw, make):
    documents = with_datums(make)
    run = documents[0][1]["uid"]
    by_suitcase(raw, documents)
    assert list(facility.documents(run)) == documents
    assert list(facility.documents(run, since=3)) == documents[3:]
    assert facility.counts(run) == {"primary": 2}
    columns = facility.columns(run, "primary")
    assert columns.seq_num.tolist() == [1, 2]
    assert columns.data["m"].tolist() == [0.1, 0.2]
    (header,) = facility.find({"plan_name": "scan", "descriptors.name": "primary"})
    assert header.state == "success"


def test_what_is_written_is_what_suitcase_writes(facility, raw, make, fill):
    documents = fill(facility, with_datums(make))
    for collection, name in (
        ("run_start", "start"),
        ("event_descriptor", "descriptor"),
        ("event", "event"),
        ("resource", "resource"),
        ("datum", "datum"),
        ("run_stop", "stop"),
    ):
        found = list(raw[collection].find({}, {"_id": 0}).sort("_id", 1))
        assert found == [doc for other, doc in documents if other == name]
    assert "descriptor_-1_time_1" in raw["event"].index_information()
    assert raw["run_start"].index_information()["uid_1"]["unique"]


def test_stream_documents_are_kept_too(facility, make, fill):
    documents = make.run(0, stop=False)
    run, descriptor = documents[0][1]["uid"], documents[1][1]["uid"]
    resource = {"uid": f"{run}/s", "run_start": run, "data_key": "d", "parameters": {}}
    datum = {"uid": f"{run}/s/0", "stream_resource": f"{run}/s", "descriptor": descriptor}
    documents += [("stream_resource", resource), ("stream_datum", datum)]
    documents.append(("stop", make.stop(run)))
    fill(facility, documents)
    assert list(facility.documents(run)) == documents


def test_pages_become_events_and_arrays_lists(facility, make, fill):
    documents = fill(facility, make.run(0, stop=False, offsets=np.array([1.0, 2.0])))
    run, descriptor = documents[0][1]["uid"], documents[1][1]["uid"]
    page = {
        "descriptor": descriptor,
        "uid": [f"{run}/1", f"{run}/2"],
        "seq_num": [1, 2],
        "time": [1.0, 2.0],
        "data": {"m": [0.5, 1.5]},
        "timestamps": {"m": [1.0, 2.0]},
        "filled": {},
    }
    facility.insert("event_page", page)
    names = [name for name, _ in facility.documents(run)]
    assert names == ["start", "descriptor", "event", "event"]
    assert next(facility.find({})).start["offsets"] == [1.0, 2.0]
    assert facility.columns(run, "primary").data["m"].tolist() == [0.5, 1.5]


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"big": 2**70}, "start: MongoDB has no form for it: MongoDB can only handle up to 8-byte"),
        ({"f": {1, 2}}, "start: f: a set cannot be stored"),
        ({"grid": [[1, 2]]}, "start: the server does not take it: .*nested arrays.*layout 'pages'"),
    ],
)
def test_what_mongodb_has_no_form_for_is_refused(facility, make, metadata, message):
    with pytest.raises(DocumentError, match=message):
        facility.insert(*make.run(0, **metadata)[0])
    assert facility.count({}) == 0


def test_whole_runs_or_nothing(facility, make):
    good, known = make.run(3), make.run(2)
    facility.insert_all(known)
    with pytest.raises(DocumentError, match="with that uid is stored already"):
        facility.insert_all(good + known)
    assert facility.count({}) == 1
    facility.insert_all(good)
    assert list(facility.documents(good[0][1]["uid"])) == good


def test_a_run_without_a_stop_runs_while_it_is_the_last(mongo_opener, facility, raw, make):
    first, second = make.run(1, stop=False), make.run(1, stop=False)
    by_suitcase(raw, first)
    assert next(facility.find({})).state == "running"
    by_suitcase(raw, second)
    states = {header.start["uid"]: header.state for header in facility.find({})}
    assert states == {first[0][1]["uid"]: "interrupted", second[0][1]["uid"]: "running"}
    (interrupted,) = facility.interrupted()
    assert interrupted.start["uid"] == first[0][1]["uid"]


def test_annotations_hiding_and_deleting(facility, raw, make):
    documents = with_datums(make)
    run = documents[0][1]["uid"]
    by_suitcase(raw, documents)
    facility.annotate(run, lambda old: {**old, "tags": ["good"]})
    assert facility.count({"annotations.tags": "good"}) == 1
    assert raw["run_start"].find_one({}, {"_id": 0}) == documents[0][1]
    with pytest.raises(StoreError, match="is not hidden"):
        facility.delete(run)
    facility.hide(run)
    assert facility.count({}) == 0
    facility.delete(run)
    with pytest.raises(RunNotFoundError, match=f"no run with the uid '{run}'"):
        facility.documents(run)
    assert sum(raw[name].count_documents({}) for name in raw.list_collection_names()) == 0


def test_it_is_not_taken_for_the_other_layout(facility, mongo_opener, make):
    facility.insert_all(make.run(1))
    with pytest.raises(
        StoreError, match="suitcase-mongo's layout: open it with layout='normalized'"
    ):
        mongo_opener()


def test_reading_only(mongo_opener, facility, make):
    facility.insert_all(make.run(1))
    with mongo_opener(layout="normalized", readonly=True) as reader:
        assert reader.count({}) == 1
        with pytest.raises(StoreError, match="is open for reading only; nothing was stored"):
            reader.insert(*make.run(0)[0])


def test_annotations_that_are_too_large_are_refused(facility, make, fill):
    run = fill(facility, make.run(0))[0][1]["uid"]
    facility.annotate(run, lambda _: {"notes": ["kept"]})
    with pytest.raises(
        DocumentError, match=r"the annotations would take 2\.0 MB .* at most 2\.0 MB"
    ):
        facility.annotate(run, lambda _: {"notes": ["x" * 2_000_001]})
    (header,) = facility.find({})
    assert header.annotations == {"notes": ["kept"]}
