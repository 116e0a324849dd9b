"""The query language: by example, against mongomock, and through the store's indexes."""

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import product
from math import inf, nextafter
from sqlite3 import OperationalError, connect

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from beamtwin.databroker.errors import QueryError
from beamtwin.databroker.query import both, matches, same, validate
from beamtwin.databroker.stores.patterns import Patterns
from beamtwin.databroker.stores.searched import answers, different, in_order
from beamtwin.databroker.stores.sqlite import SqliteStore
from beamtwin.databroker.stores.unindexed import literal

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
    "when": datetime(2026, 11, 22),
    "note": "Straße nach Süden",
    "descriptors": [{"name": "primary"}],
}


NESTED = 1
for _ in range(60):
    NESTED = {"$not": NESTED}


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"motors": {"$all": ["s2_v", "s2_h"]}},
        {"scan_id": {"$all": [7]}},
        {"rois": {"$all": [{"$elemMatch": {"counts": 5}}]}},
        {"motors": {"$size": 2}},
        {"offsets": {"$size": 2}},
        {"sample.size_nm": {"$elemMatch": {"$gt": 200, "$lt": 400}}},
        {"rois": {"$elemMatch": {"name": "edge", "counts": {"$gt": 5}}}},
        {"rois": {"$elemMatch": {"$or": [{"name": "edge"}, {"name": "x"}]}}},
        {"scan_id": {"$mod": [4, 3]}},
        {"energy_keV": {"$mod": [2, 1]}},
        {"sample.size_nm": {"$mod": [100, 50]}},
        {"scan_id": {"$type": "int"}},
        {"scan_id": {"$type": ["string", "number"]}},
        {"energy_keV": {"$type": "double"}},
        {"operator": {"$type": "null"}},
        {"aligned": {"$type": "bool"}},
        {"sample": {"$type": "object"}},
        {"motors": {"$type": "array"}},
        {"motors": {"$type": "string"}},
        {"when": {"$type": "date"}},
        {"when": {"$gt": datetime(2026, 11, 1), "$lt": datetime(2026, 12, 1)}},
        {"when": datetime(2026, 11, 22)},
        {"$text": {"$search": "silica"}},
        {"$text": {"$search": "gold SILICÀ"}},
        {"$text": {"$search": '"straße nach süden"'}},
        {"$text": {"$search": '"STRASSE NACH" -gold'}},
        {"$text": {"$search": "s2_v"}},
        {"$text": {"$search": 'edge -"silica edge"'}},
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
        {"motors": {"$all": ["s2_v", "s3_v"]}},
        {"motors": {"$all": []}},
        {"motors": {"$size": 1}},
        {"scan_id": {"$size": 1}},
        {"sample.size_nm": {"$elemMatch": {"$gt": 200, "$lt": 350}}},
        {"rois": {"$elemMatch": {"name": "edge", "counts": 5}}},
        {"scan_id": {"$elemMatch": {"$gt": 1}}},
        {"scan_id": {"$mod": [4, 2]}},
        {"plan_name": {"$mod": [4, 2]}},
        {"scan_id": {"$type": "double"}},
        {"nothing": {"$type": "null"}},
        {"when": {"$gt": datetime(2026, 11, 1, tzinfo=UTC)}},
        {"$text": {"$search": ""}},
        {"$text": {"$search": "-gold"}},
        {"$text": {"$search": "silic"}},
        {"$text": {"$search": "silica -edge"}},
        {"$text": {"$search": '"nach straße" silica'}},
        {"$text": {"$search": '"silica centre"'}},
        {"$text": {"$search": "primary"}},
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
        ({"x": {"$near": 1}}, r"\$near: not an operator that is known here; known: \$all, "),
        (
            {"$xor": []},
            r"\$xor: not an operator that is known here; known: \$and, \$nor, \$or, \$text",
        ),
        ({"$or": {}}, r"\$or: takes a list of queries"),
        ({"$or": []}, r"\$or: takes a list of queries"),
        ({"$and": [{"$or": [{"x": {"$foo": 1}}]}]}, r"\$foo"),
        ({"x": {"$in": 5}}, r"\$in and \$nin take a list"),
        ({"x": {"$gt": {"a": 1}}}, "only numbers, strings and dates have an order"),
        ({"x": {"$regex": "("}}, r"\$regex: '\(' is not a regular expression"),
        ({"x": {"$regex": "a", "$options": "q"}}, r"\$options: 'q' is not among 'imsx'"),
        ({"x": {"$options": "i"}}, r"\$options: belongs beside a \$regex"),
        ({"x": {"$not": 5}}, r"\$not: takes operators"),
        ({"x": {"$not": {"$bad": 5}}}, r"\$bad"),
        ("scan", "a query is a dictionary"),
        ({5: 1}, "5: keys are strings"),
        ({"x": {"$all": 5}}, r"\$all: takes a list"),
        ({"x": {"$all": [{"$elemMatch": {"$bad": 1}}]}}, r"\$bad"),
        ({"x": {"$size": -1}}, r"\$size: takes a number of elements, not -1"),
        ({"x": {"$size": True}}, r"\$size: takes a number of elements"),
        ({"x": {"$elemMatch": 5}}, r"\$elemMatch: takes a query, or operators, not 5"),
        ({"x": {"$elemMatch": {"a": {"$bad": 1}}}}, r"\$bad"),
        ({"x": {"$mod": [0, 1]}}, r"\$mod: takes \[divisor, remainder\], the divisor not 0"),
        ({"x": {"$mod": [2]}}, r"\$mod: takes"),
        ({"x": {"$type": "float"}}, r"\$type: 'float' is not among double, string"),
        ({"x": {"$type": []}}, r"\$type: \[\] is not among"),
        ({"x": {"$type": [["int"]]}}, r"\$type: \['int'\] is not among"),
        ({"$text": "silica"}, r"\$text: takes \{'\$search': "),
        ({"$text": {"$search": "a", "$language": "en"}}, r"\$text: takes"),
        ({"x": {"$regex": "a" * 1001}}, r"\$regex: has 1001 characters, the limit is 1000"),
        ({"x": {"$regex": "(" * 500}}, r"\$regex: .* is not a regular expression"),
        ({"$and": [{"y": NESTED}]}, "nested deeper than 50"),
        ({"$where": "sleep(1000)"}, r"\$where: would run code; queries here are data"),
        ({"$expr": {"$gt": ["$a", "$b"]}}, r"\$expr: would run code"),
        ({"$or": [{"x": {"$function": {"body": "f"}}}]}, r"\$function: would run code"),
        ({"x": {"$where": "1"}}, r"\$where: would run code"),
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

# No 0 and 1: mongomock takes them for False and True, which MongoDB does not. No $size: mongomock knows one of numbers.
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
    st.fixed_dictionaries({"$all": st.lists(ordered, min_size=1, max_size=2)}),
    st.fixed_dictionaries({"$elemMatch": st.fixed_dictionaries({"$gt": ordered, "$ne": scalars})}),
    st.fixed_dictionaries({"$elemMatch": st.fixed_dictionaries({"x": scalars})}),
    st.fixed_dictionaries({"$type": st.sampled_from(["string", "bool", "array", "object"])}),
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
wide = words | st.text('aB \0é"\\_', max_size=4)
number = st.integers(-3, 3) | st.floats(-3, 3) | st.sampled_from([0.1, 0.3, 1e300, 2**53 + 1])
odd = st.sampled_from(
    [2**63, -(2**70), 10**400, float("nan"), float("-inf"), 9.65, np.int64(2), np.array([1, 2])]
)
single = number | odd | wide | st.booleans() | st.none()
value = single | st.lists(single, max_size=2)
inner = st.dictionaries(st.sampled_from(["b", "0", "a b", "é"]), value, max_size=2)
starts = st.fixed_dictionaries(
    {"time": st.floats(-1e12, 1e12) | st.integers(-(2**40), 2**40)},
    optional={
        "scan_id": st.integers(0, 5),
        "plan_name": words,
        "a": value | inner | st.lists(inner, max_size=2),
        "twin": st.fixed_dictionaries({"target": value}),
        "stop": inner,
    },
)
stops = st.none() | st.fixed_dictionaries(
    {"exit_status": st.text("aB ", max_size=2)}, optional={"b": value}
)
keys = ["uid", "time", "scan_id", "plan_name", "a", "a.b", "a.0", "a.0.b", "a.a b", "a.é", "b"]
keys += ["twin.target", "twin", "stop", "stop.exit_status", "stop.b", "annotations.tags"]
ordering = number | wide | st.sampled_from([2**63, 9.65, 1e19, float("nan"), float("inf")])
tests = st.one_of(
    single,
    value.map(lambda operand: {"$eq": operand}),
    value.map(lambda operand: {"$ne": operand}),
    st.fixed_dictionaries({"$in": st.lists(single, max_size=3)}),
    st.fixed_dictionaries({"$nin": st.lists(single, max_size=3)}),
    st.fixed_dictionaries({"$all": st.lists(single, max_size=2)}),
    st.fixed_dictionaries({"$exists": st.booleans()}),
    st.fixed_dictionaries({"$regex": st.sampled_from(["a", "^a", "B$", "a.*b", "é", "\0", "^$"])}),
    st.fixed_dictionaries({"$regex": st.just("b"), "$options": st.just("i")}),
    st.fixed_dictionaries({"$gte": ordering, "$ne": single}),
    *(st.fixed_dictionaries({name: ordering}) for name in ("$gt", "$gte", "$lt", "$lte")),
    st.fixed_dictionaries({"$not": st.fixed_dictionaries({"$lt": ordering})}),
    st.fixed_dictionaries({"$size": st.integers(0, 2)}),
    st.fixed_dictionaries({"$mod": st.just([2, 0])}),
    st.fixed_dictionaries({"$type": st.sampled_from(["null", "string", "number", "array"])}),
)
searches = st.text('ab \U0001f600é"-_B', max_size=6).map(lambda text: {"$search": text})
asked = st.recursive(
    st.dictionaries(st.sampled_from(keys), tests, min_size=1, max_size=2)
    | st.fixed_dictionaries({"$text": searches}),
    lambda clause: st.dictionaries(
        st.sampled_from(["$and", "$or", "$nor"]),
        st.lists(clause, min_size=1, max_size=2),
        min_size=1,
        max_size=1,
    ),
    max_leaves=3,
)


sorts = st.lists(st.tuples(st.sampled_from(keys), st.sampled_from([1, -1])), max_size=2)


def add(store, starts):
    """Runs, the first of them filed last: as they are found."""
    for number, start in reversed([*enumerate(starts)]):
        store.insert("start", {"uid": f"a{number}", "time": 0, **start})


def uids(headers):
    return [header.start["uid"] for header in headers]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(starts, stops, value), max_size=4),
    st.lists(st.tuples(asked, sorts, st.sampled_from(keys)), min_size=1, max_size=4),
)
def test_indexes_find_what_the_matcher_finds(runs, queries):
    """No run that matches is lost to SQLite, and none is found that does not; and all are in order."""
    with SqliteStore(":memory:") as store:
        for number, (start, stop, tags) in enumerate(runs):
            store.insert("start", {"uid": f"a{number}", **start})
            if stop is not None:
                store.insert("stop", {"run_start": f"a{number}", **stop})
            store.annotate(f"a{number}", lambda _, tags=tags: {"tags": tags})
        headers = list(store.find({}))
        for query, sort, key in queries:
            found = list(answers(query, headers))
            assert uids(store.find(query)) == [header.start["uid"] for header, _ in found]
            assert uids(store.find(query, sort=sort)) == uids(in_order(found, sort))
            assert store.count(query) == len(found)
            expected = different(key, (searched for _, searched in found))
            values = store.distinct(key, query)
            assert len(values) == len(expected)
            assert all(map(same, values, expected))


NUMBERS = [
    near
    for number in (0.0, 0.1, 9.65, 20.0, 1e-3, 1e17, 2.0**53, -9.65)
    for near in (nextafter(number, -inf), number, nextafter(number, inf))
] + [-0.0, 0, 20, 21, 2**53, 2**53 + 1, 2**63 - 1, 2**63, 10**400, 1e300, 5e-324]


def test_numbers_are_told_apart_to_the_last_digit():
    with SqliteStore(":memory:") as store:
        add(store, [{"a": number} for number in NUMBERS])
        headers = list(store.find({}))
        for name, number in product(("$eq", "$ne", "$gt", "$gte", "$lt", "$lte"), NUMBERS):
            query = {"a": {name: number}}
            expected = [header.start["uid"] for header, _ in answers(query, headers)]
            assert uids(store.find(query)) == expected, query
            assert store.count(query) == len(expected), query


def test_what_sqlite_is_sure_of_is_not_asked_again(monkeypatch):
    with SqliteStore(":memory:") as store:
        add(store, [{"a": value} for value in (1.5, 2.5, "x", None, True, [2.5])])
        asked = []

        def ask(query, searched):
            asked.extend([searched["a"]] if query else [])
            return matches(query, searched)

        monkeypatch.setattr("beamtwin.databroker.stores.searched.matches", ask)
        assert uids(store.find({"a": {"$gte": 2.5}})) == ["a1", "a5"]
        assert store.count({"a": {"$not": {"$gte": 2.5}}}) == 4
        assert uids(store.find({"a": {"$regex": "x"}})) == ["a2"]
        assert asked == [[2.5]] * 2


pieces = st.sampled_from(
    [
        "a",
        "b",
        " b",
        "a-",
        ".",
        ".*",
        "^",
        "$",
        "a?",
        "b*",
        "[ab]+",
        "[^b]",
        r"\.",
        r"\w+?",
        "|",
        "(a)",
        "x{0}",
    ]
)


@given(
    st.lists(pieces, max_size=5).map("".join),
    st.text("ab -.x", max_size=8),
    st.sampled_from([0, re.IGNORECASE, re.MULTILINE, re.DOTALL, re.VERBOSE]),
)
def test_the_text_of_a_regular_expression_is_in_all_that_it_matches(expression, text, flags):
    try:
        compiled = re.compile(expression, flags)
    except re.error:
        assume(False)
    assert compiled.search(text) is None or literal(compiled) in text


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("ple-42$", "ple-42"),
        ("^rel_scan", "rel_scan"),
        (r"sample_\d+ of [A-Z]*silica", "sample_"),
        ("gold|silica", ""),
        ("(?i)silica", ""),
        ("silica?", ""),
    ],
)
def test_the_text_that_is_looked_for_first(expression, text):
    assert literal(re.compile(expression)) == text


# --- Ctrl-C -----------------------------------------------------------------


@contextmanager
def interrupted_after(cpu_s: float) -> Iterator[None]:
    """What Ctrl-C does, after so much work."""
    before = signal.signal(signal.SIGVTALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_VIRTUAL, cpu_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@pytest.mark.parametrize("key", ["a", "plan_name"])
def test_ctrl_c_ends_a_regular_expression_that_takes_for_ever(key):
    with SqliteStore(":memory:") as store:
        add(store, [{key: "a" * 60 + "!"}])
        with interrupted_after(0.05), pytest.raises(KeyboardInterrupt):
            store.count({key: {"$regex": "(a+)+$"}})
        assert store.count({key: {"$regex": "a+!$"}}) == 1


def test_ctrl_c_before_the_first_line_of_a_match_is_heard():
    def interrupt():
        raise KeyboardInterrupt

    connection = connect(":memory:")
    patterns = Patterns(connection)
    connection.create_function("interrupt", 0, interrupt)
    with pytest.raises(KeyboardInterrupt), patterns.heard():
        connection.execute("SELECT interrupt()")
    with pytest.raises(OperationalError, match="no such column"), patterns.heard():
        connection.execute("SELECT x")
    connection.close()


def test_text_that_is_longer_than_sqlite_looks_for():
    with SqliteStore(":memory:") as store:
        add(store, [{"a": "b" * 60_000}, {"a": "b"}])
        assert store.count({"a": "b" * 60_000}) == 1
        assert store.count({"a": re.compile("b" * 60_000)}) == 1
