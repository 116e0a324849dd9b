"""The query language: by example, against mongomock, and through the store's indexes."""

import re

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from beamtwin.databroker.errors import QueryError
from beamtwin.databroker.query import both, matches, validate
from beamtwin.databroker.stores.sqlite import SqliteStore

RUN = {
    "uid": "abc",
    "scan_id": 7,
    "plan_name": "rel_scan",
    "energy_keV": 9.65,
    "aligned": True,
    "operator": None,
    "sample": {"name": "Silica", "size_nm": [200, 350]},
    "motors": ("s2_h", "s2_v"),
    "rois": [{"name": "centre", "counts": 5}, {"name": "edge", "counts": 50}],
    "offsets": np.array([0.1, 0.2]),
    "stop": {"exit_status": "success"},
}


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"scan_id": 7},
        {"scan_id": 7.0},
        {"scan_id": {"$gte": 7, "$lt": 8}},
        {"scan_id": {"$in": [1, 7]}},
        {"scan_id": {"$ne": 8}},
        {"scan_id": {"$not": {"$gt": 7}}},
        {"plan_name": {"$regex": "^rel_"}},
        {"plan_name": {"$regex": "SCAN$", "$options": "i"}},
        {"plan_name": re.compile("scan")},
        {"plan_name": {"$gt": "abs", "$lte": "rel_scan"}},
        {"sample.name": "Silica"},
        {"sample": {"name": "Silica", "size_nm": [200, 350]}},
        {"sample.size_nm": 350},
        {"sample.size_nm": [200, 350]},
        {"sample.size_nm.1": {"$gt": 300}},
        {"sample.size_nm": {"$gt": 300}},
        {"motors": "s2_v"},
        {"rois.name": "edge"},
        {"rois.counts": {"$gt": 5, "$lt": 50}},  # each by some element, as in MongoDB
        {"rois.0.name": "centre"},
        {"offsets": 0.2},
        {"operator": None},
        {"nothing": None},
        {"nothing": {"$exists": False}},
        {"operator": {"$exists": True}},
        {"nothing": {"$ne": 1}},
        {"nothing": {"$nin": [1]}},
        {"nothing": {"$not": {"$gt": 1}}},
        {"stop.exit_status": "success"},
        {"$or": [{"scan_id": 1}, {"plan_name": "rel_scan"}]},
        {"$and": [{"scan_id": 7}, {"aligned": True}]},
        {"$nor": [{"scan_id": 1}, {"scan_id": 2}]},
    ],
)
def test_what_matches(query):
    validate(query)
    assert matches(query, RUN)


@pytest.mark.parametrize(
    "query",
    [
        {"scan_id": "7"},
        {"scan_id": {"$gt": "1"}},
        {"scan_id": True},
        {"aligned": 1},
        {"aligned": {"$gte": 0}},
        {"plan_name": {"$regex": "SCAN$"}},
        {"scan_id": {"$regex": "7"}},
        {"sample": {"name": "Silica"}},
        {"sample.size_nm": [200]},
        {"sample.name.first": "S"},
        {"motors": {"$ne": "s2_v"}},
        {"rois.name": {"$nin": ["edge"]}},
        {"nothing": 0},
        {"nothing": {"$gt": 0}},
        {"operator": {"$exists": False}},
        {"stop.exit_status": {"$ne": "success"}},
        {"$or": [{"scan_id": 1}, {"scan_id": 2}]},
        {"$nor": [{"scan_id": 1}, {"scan_id": 7}]},
    ],
)
def test_what_does_not(query):
    validate(query)
    assert not matches(query, RUN)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"x": {"$near": 1}}, r"\$near: not an operator that is known here; known: \$eq, "),
        ({"$xor": []}, r"\$xor: not an operator that is known here; known: \$and, \$nor, \$or"),
        ({"$or": {}}, r"\$or: takes a list of queries"),
        ({"$or": []}, r"\$or: takes a list of queries"),
        ({"$and": [{"$or": [{"x": {"$foo": 1}}]}]}, r"\$foo"),
        ({"x": {"$in": 5}}, r"\$in and \$nin take a list"),
        ({"x": {"$gt": {"a": 1}}}, "only numbers and strings have an order"),
        ({"x": {"$regex": "("}}, r"\$regex: '\(' is not a regular expression"),
        ({"x": {"$regex": "a", "$options": "q"}}, r"\$options: 'q' is not among 'imsx'"),
        ({"x": {"$options": "i"}}, r"\$options: belongs beside a \$regex"),
        ({"x": {"$not": 5}}, r"\$not: takes operators"),
        ({"x": {"$not": {"$bad": 5}}}, r"\$bad"),
        ("scan", "a query is a dictionary"),
    ],
)
def test_a_query_without_meaning_is_refused_before_it_is_asked(query, message):
    with pytest.raises(QueryError, match=message):
        validate(query)


def test_both():
    assert both({}, {"a": 1}) == {"a": 1}
    assert both({"a": 1}, {}) == {"a": 1}
    assert matches(both({"scan_id": 7}, {"aligned": True}), RUN)
    assert not matches(both({"scan_id": 7}, {"aligned": False}), RUN)


# --- against mongomock ------------------------------------------------------

# No 0 and 1: mongomock takes them for False and True, which MongoDB does not.
scalars = st.sampled_from([None, True, False, 2, 4, 1.5, -3, "", "a", "b", "ab"])
ordered = st.sampled_from([2, 4, 1.5, -3, "", "a", "b", "ab"])
leaf = scalars | st.lists(scalars, max_size=3)
# Where a path leads through what is no dictionary mongomock forgets the document even for $not; MongoDB does not.
documents = st.fixed_dictionaries(
    {},
    optional={
        "a": leaf,
        "b": st.dictionaries(st.sampled_from(["x", "y"]), leaf, max_size=2),
        "c": st.lists(st.fixed_dictionaries({"x": scalars}), min_size=1, max_size=2),
    },
)
paths = st.sampled_from(["a", "b", "b.x", "b.y", "c.x", "c.0.x"])
operators = st.one_of(
    st.fixed_dictionaries({"$eq": scalars}),
    st.fixed_dictionaries({"$ne": scalars}),
    st.fixed_dictionaries({"$in": st.lists(scalars, max_size=3)}),
    st.fixed_dictionaries({"$nin": st.lists(scalars, max_size=3)}),
    st.fixed_dictionaries({"$exists": st.booleans()}),
    st.fixed_dictionaries({"$regex": st.sampled_from(["a", "^a", "b$", "A"])}),
    st.fixed_dictionaries({"$regex": st.just("A"), "$options": st.just("i")}),
    *(st.fixed_dictionaries({name: ordered}) for name in ("$gt", "$gte", "$lt", "$lte")),
)
conditions = operators | scalars | st.fixed_dictionaries({"$not": operators})
queries = st.recursive(
    st.dictionaries(paths, conditions, min_size=1, max_size=2),
    lambda inner: st.dictionaries(
        st.sampled_from(["$and", "$or", "$nor"]),
        st.lists(inner, min_size=1, max_size=2),
        min_size=1,
    ),
    max_leaves=3,
)


@settings(max_examples=300)
@given(documents, queries)
def test_mongomock_agrees(document, query):
    filtering = pytest.importorskip(
        "mongomock.filtering", reason="mongomock is not installed: the peer to compare with"
    )
    try:
        expected = filtering.filter_applies(query, document)
    except Exception as error:  # what mongomock cannot do
        assume(not error)
    assert matches(query, document) == expected


# --- through the store ------------------------------------------------------

words = st.text("ab\U0001f600", max_size=2)
starts = st.fixed_dictionaries(
    {"time": st.floats(-1e12, 1e12) | st.integers(-(2**40), 2**40)},
    optional={"scan_id": st.integers(0, 5), "plan_name": words},
)
orders = st.integers(0, 5) | st.integers() | st.floats() | words | st.booleans()
operands = orders | st.none()
indexed = st.dictionaries(
    st.sampled_from(["uid", "time", "scan_id", "plan_name"]),
    operands
    | st.fixed_dictionaries({"$in": st.lists(operands, max_size=3)})
    | st.fixed_dictionaries({"$gte": orders, "$ne": operands})
    | st.fixed_dictionaries({"$lt": orders, "$exists": st.booleans()}),
    max_size=2,
)


@given(st.lists(starts, max_size=5), indexed, indexed)
def test_indexes_find_what_the_matcher_finds(bare, first, second):
    documents = [{"uid": f"a{number}", **start} for number, start in enumerate(bare)]
    query = both(first, {"$or": [second, {"scan_id": 3}]})
    with SqliteStore(":memory:") as store:
        for document in documents:
            store.insert("start", document)
        found = [header.start["uid"] for header in store.find(query)]
    assert found == [doc["uid"] for doc in reversed(documents) if matches(query, doc)]
