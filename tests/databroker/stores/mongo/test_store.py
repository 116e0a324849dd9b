"""What the store in MongoDB does beyond what every store must: rows, pages, what the server is asked."""

import re
from hashlib import shake_256

import numpy as np
import pytest

from beamtwin.databroker.query import matches
from beamtwin.databroker.stores.mongo import open_mongo
from beamtwin.databroker.stores.mongo.narrowing import narrow
from beamtwin.databroker.stores.mongo.shelves import LiveShelf

#: Metadata of which the server can hold all, some or nothing.
SAMPLES = [
    None,
    "silica",
    5,
    5.0,
    True,
    float("nan"),
    float("inf"),
    2**70,
    -0.0,
    "nul\0",
    ["silica", 7],
    [["silica"]],
    [float("nan"), "silica"],
    np.array([5, 6]),
    np.float32(5),
    {"name": "silica"},
    {"na.me": "silica", "name": 3},
    {"$name": "silica"},
    {"": "silica"},
    [{"name": "silica"}, {"name": 9}],
    [{"name": [["silica"]]}],
]
QUERIES = [
    {"sample": "silica"},
    {"sample": 5},
    {"sample": {"$in": [5, "silica"]}},
    {"sample": {"$gt": 4}},
    {"sample": {"$gte": 5, "$lt": 2**65}},
    {"sample": {"$lt": "t"}},
    {"sample": True},
    {"sample": {"$ne": "silica"}},
    {"sample": 0},
    {"sample": "nul\0"},
    {"sample.name": "silica"},
    {"sample.name": {"$gt": 2}},
    {"sample.0": "silica"},
    {"sample.1": {"$lte": 7}},
    {"sample.$name": "silica"},
    {"$and": [{"sample": "silica"}, {"plan_name": "scan"}]},
    {"$or": [{"sample": 5}, {"sample": "silica"}]},
    {"sample": re.compile("^sil")},
    {"$text": {"$search": "silica"}},
    {"time": {"$gt": 5}, "sample": "silica"},
    {"uid": {"$gte": "run", "$lt": "s"}},
]


def test_the_server_narrows_and_never_decides(store, make):
    """Each query, on metadata of all kinds, finds what asking every run by itself does."""
    runs = [make.run(0, sample=sample) for sample in SAMPLES]
    store.insert_all([pair for documents in runs for pair in documents])
    starts = [documents[0][1] for documents in runs]
    for query in QUERIES:
        expected = [start["uid"] for start in reversed(starts) if matches(query, start)]
        assert [header.start["uid"] for header in store.find(query)] == expected, query


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ({}, {}),
        ({"uid": "x"}, {"_id": "x"}),
        ({"scan_id": {"$gte": 5}}, {"search.start.scan_id": {"$gte": 5}}),
        (
            {"sample.name": "a"},
            {"$or": [{"search.start.sample.name": "a"}, {"partial.start": True}]},
        ),
        (
            {"stop.exit_status": "fail"},
            {"$or": [{"search.stop.exit_status": "fail"}, {"partial.stop": True}]},
        ),
        ({"descriptors.name": "baseline"}, {}),
        ({"a": {"$where": 1}}, {}),
        ({"a": {"$ne": 5}}, {}),
    ],
)
def test_what_the_server_is_asked(query, asked):
    assert narrow(query) == asked


def test_events_move_from_pending_to_pages(store, make, fill):
    documents = make.run(LiveShelf.page_events + 3)
    run = documents[0][1]["uid"]
    fill(store, documents[:-1])
    tables = store._tables
    assert tables.pending.count_documents({}) == 3
    assert [page["events"] for page in tables.pages.find()] == [LiveShelf.page_events]
    assert store.counts(run) == {"primary": LiveShelf.page_events + 3}
    fill(store, documents[-1:])
    assert tables.pending.count_documents({}) == 0
    assert list(store.documents(run)) == documents


@pytest.mark.parametrize("noise", [False, True])
def test_pages_are_deflated_where_that_makes_them_smaller(store, make, fill, noise):
    start, (_, descriptor), *_, stop = make.run(1)
    digest = shake_256(b"noise").digest(8000) if noise else bytes(8000)
    event = make.event(descriptor["uid"], 1, m=np.frombuffer(digest, np.uint8))
    documents = fill(store, [start, ("descriptor", descriptor), ("event", event), stop])
    (page,) = store._tables.pages.find()
    assert page["deflated"] is not noise
    assert len(page["body"]) > 8000 if noise else len(page["body"]) < 1000
    assert make.same(list(store.documents(start[1]["uid"])), documents)


def test_a_page_that_came_before_its_events_were_removed(store, make, fill):
    """What a reader sees who comes between the two writes."""
    documents = make.run(LiveShelf.page_events + 2, stop=False)
    run = documents[0][1]["uid"]
    fill(store, documents[: LiveShelf.page_events + 1])
    waiting = list(store._tables.pending.find())
    fill(store, documents[LiveShelf.page_events + 1 :])
    store._tables.pending.insert_many(waiting)
    assert list(store.documents(run)) == documents
    assert store.counts(run) == {"primary": LiveShelf.page_events + 2}
    assert len(store.columns(run, "primary").time) == LiveShelf.page_events + 2


def test_the_connection_string_holds(mongodb_uri, mongo_database):
    uri = f"{mongodb_uri.rstrip('/')}/{mongo_database}"
    with open_mongo(uri) as store:
        assert store._database.name == mongo_database
        assert store._database.write_concern.document == {"w": "majority"}
        assert repr(store) == f"<MongoStore {uri}>"
    with open_mongo(f"{uri}?w=1&journal=true") as store:
        assert store._database.write_concern.document == {"w": 1, "j": True}
