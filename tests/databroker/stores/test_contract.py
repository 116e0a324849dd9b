"""What every store must do: the promises of `Store`, one by one."""

import threading
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from beamtwin.databroker.errors import DocumentError, QueryError, RunNotFoundError, StoreError

_ONE_STORE_FOR_ALL = settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)

# --- documents in and out ---------------------------------------------------

scalars = (
    st.none()
    | st.booleans()
    | st.floats()
    | st.integers()
    | st.text()
    | st.binary(max_size=8)
    | st.datetimes()
    | st.datetimes(timezones=st.just(UTC))
    | st.dates()
    | st.timedeltas()
    | hnp.arrays(
        hnp.integer_dtypes()
        | hnp.floating_dtypes()
        | hnp.complex_number_dtypes()
        | hnp.datetime64_dtypes(),
        hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3),
    )
    | st.builds(np.int64, st.integers(-9, 9))
    | st.builds(np.float32, st.floats(width=32))
)
keys = st.text() | st.sampled_from(["a.b", "$set", "$", ".", "", "ä", "_id", "stop"])
metadata = st.dictionaries(
    keys,
    st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
        max_leaves=5,
    ),
    max_size=4,
)


@_ONE_STORE_FOR_ALL
@given(sample=metadata, said=metadata)
def test_any_metadata_comes_back(any_store, make, fill, sample, said):
    documents = make.run(0, sample=sample)
    run = documents[0][1]["uid"]
    documents[1][1]["configuration"] = {"m": {"data": sample}}
    documents[2][1]["reason"] = said
    fill(any_store, documents)
    any_store.annotate(run, lambda _: said)
    assert make.same(list(any_store.documents(run)), documents)
    header = next(any_store.find({"uid": run}))
    assert make.same(
        [header.start, header.stop, header.annotations],
        [
            documents[0][1],
            documents[2][1],
            said,
        ],
    )


data = st.dictionaries(st.sampled_from(["a", "b", "ä.$"]), scalars, min_size=1)
emitted = st.lists(st.tuples(st.sampled_from(["primary", "monitor"]), data), max_size=8)


@_ONE_STORE_FOR_ALL
@given(emitted=emitted, ended=st.booleans())
def test_any_events_come_back_in_their_order(any_store, make, fill, emitted, ended):
    """Two streams, interleaved, with values of all sorts, while the run is open and after its end."""
    documents = make.run(0, stop=False)
    run = documents[0][1]["uid"]
    documents.append(("descriptor", make.descriptor(run, f"{run}/monitor", "monitor")))
    uids = {"primary": documents[1][1]["uid"], "monitor": f"{run}/monitor"}
    documents += [
        ("event", make.event(uids[stream], number, **part))
        for number, (stream, part) in enumerate(emitted, 1)
    ]
    documents += [("stop", make.stop(run))] if ended else []
    fill(any_store, documents)
    assert make.same(list(any_store.documents(run)), documents)


def nested(levels):
    value = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({1, 2}, "sample: a set cannot be stored; convert it to numbers or text"),
        ([{"f": print}], r"sample\.0\.f: a builtin_function_or_method cannot be stored"),
        ({True: 1}, "sample: the key True is a bool; keys must be strings"),
        ({"a": {5: 1}}, "sample.a: the key 5 is a int"),
        (1 + 2j, "sample: a complex cannot be stored"),
        ("\ud800", "sample: .* is not valid Unicode"),
        ({"\udfff": 1}, "sample: .* is not valid Unicode"),
        ([1 << 20_000], r"sample\.0: an integer of 20001 bits cannot be stored"),
        (np.array([None]), "sample: an array of dtype object"),
        (np.zeros(2, [("a", "f8")]), "sample: an array of dtype"),
        (np.ma.masked_array([1, 2], [True, False]), "sample: a MaskedArray cannot be stored"),
        ({"a": {"$beamtwin": "array"}}, r"sample\.a: the key '\$beamtwin' is reserved"),
        (nested(200), r"sample\.0\.0.*: is nested deeper than 100 levels"),
        (nested(5_000), "is nested deeper than 100 levels"),
    ],
)
@pytest.mark.parametrize("where", ["start", "descriptor", "event", "stop", "annotations"])
def test_what_would_not_come_back_is_refused_and_named(
    any_store, make, fill, value, message, where
):
    documents = {name: dict(doc) for name, doc in make.run(1)}
    run, before = documents["start"]["uid"], []
    bad = {"data": {"sample": value}} if where == "event" else {"sample": value}
    for name, doc in documents.items():
        if name == where:
            with pytest.raises(DocumentError, match=message):
                any_store.insert(name, {**doc, **bad})
        before.append((name, doc))
        any_store.insert(name, doc)
    if where == "annotations":
        with pytest.raises(DocumentError, match=message):
            any_store.annotate(run, lambda _: bad)
    assert list(any_store.documents(run)) == before
    assert next(any_store.find({})).annotations == {}


@pytest.mark.parametrize(
    ("name", "key", "value", "message"),
    [
        pytest.param(
            "start", "scan_id", 10**5000, "scan_id is a huge int; it must be an integer", id="huge"
        ),
        ("descriptor", "uid", ["d"], r"uid is \['d'\]; it must be a string"),
        (
            "descriptor",
            "run_start",
            {"$ne": None},
            "belongs to run_start .* of no run that is open",
        ),
        ("descriptor", "name", 5, "name is 5; it must be a string"),
        ("descriptor", "data_keys", {"m": None}, "it must be a dictionary of dictionaries"),
        ("event", "descriptor", ["d"], "belongs to descriptor .* of no run that is open here"),
        ("event_page", "time", 5.0, "time is a float; a page has a list of values"),
        ("event_page", "uid", np.array("x"), "uid is a ndarray; a page has a list of values"),
        ("event_page", "time", [1.0], "time has 1 values for 2 events"),
        ("stop", "exit_status", None, "exit_status is None; it must be a string"),
        ("stop", "time", "noon", "time is 'noon'; it must be a number of seconds"),
    ],
)
def test_a_malformed_document_is_refused_and_harms_nothing(
    any_store, make, name, key, value, message
):
    documents = make.run(1)
    page = {"descriptor": documents[1][1]["uid"], "uid": ["p1", "p2"], "seq_num": [2, 3]}
    page |= {"time": [2.0, 3.0], "data": {}, "timestamps": {}}
    documents.insert(-1, ("event_page", page))
    for own, doc in documents:
        if own == name:
            with pytest.raises(DocumentError, match=message):
                any_store.insert(own, {**doc, key: value})
        any_store.insert(own, doc)
    assert list(any_store.documents(documents[0][1]["uid"])) == documents


@pytest.mark.parametrize("name", ["start", "descriptor", "event_page", "stop"])
def test_what_is_no_document_is_refused(every_store, name):
    for doc in (None, ["uid"], "uid"):
        with pytest.raises(DocumentError, match=rf"^{name}: is .*; it must be a dictionary$"):
            every_store.insert(name, doc)


def test_nothing_follows_a_stop(every_store, make, fill):
    documents = fill(every_store, make.run(1, hints={}))
    for name, doc in (documents[2], documents[-1]):
        with pytest.raises(DocumentError, match=rf"^{name}: belongs to .*of a run that has ended"):
            every_store.insert(name, doc)
    every_store.insert_all(imported := make.run(1, hints={}))
    with pytest.raises(DocumentError, match=r"^stop: .* of a run that has ended"):
        every_store.insert(*imported[-1])


def test_what_is_asked_for_by_uid_is_no_query(any_store, runs):
    for uid in ({"$ne": None}, {"$gt": ""}, ["run"], None):
        for ask in (any_store.counts, any_store.documents, any_store.hide):
            with pytest.raises((RunNotFoundError, StoreError)):
                list(ask(uid))
    assert any_store.count({}) == len(runs)


def test_event_pages_and_events_keep_their_order_and_their_form(any_store, make, fill):
    documents = make.run(2, stop=False)
    run, descriptor = documents[0][1]["uid"], documents[1][1]["uid"]
    page = {
        "descriptor": descriptor,
        "uid": ["p1", "p2"],
        "seq_num": [3, 4],
        "time": [3.5, 4.5],
        "data": {"m": [30.0, 40.0], "d": np.array([3, 4])},
        "timestamps": {"m": [3.0, 4.0], "d": [3.0, 4.0]},
    }
    documents += [("event_page", page), ("event", make.event(descriptor, 5))]
    fill(any_store, documents)
    assert make.same(list(any_store.documents(run)), documents)
    assert any_store.columns(run, "primary").seq_num.tolist() == [1, 2, 3, 4, 5]
    assert any_store.counts(run) == {"primary": 5}


def with_assets(make):
    start, descriptor, *events = make.run(2, stop=False)
    run, uid = start[1]["uid"], descriptor[1]["uid"]
    resource = {"uid": "r", "spec": "X", "root": "", "resource_path": "", "resource_kwargs": {}}
    return [
        start,
        descriptor,
        ("resource", resource),
        ("datum", {"datum_id": "r/0", "resource": "r", "datum_kwargs": {}}),
        events[0],
        ("stream_resource", {"uid": "s", "run_start": run, "data_key": "d", "parameters": {}}),
        ("stream_datum", {"uid": "s/0", "stream_resource": "s", "descriptor": uid}),
        events[1],
        ("stop", make.stop(run, 2)),
    ]


def test_asset_documents_come_back_in_their_place(any_store, make, fill):
    documents = fill(any_store, with_assets(make))
    run = documents[0][1]["uid"]
    assert list(any_store.documents(run)) == documents
    names = [name for name, _ in any_store.documents(run, ["datum", "event"])]
    assert names == ["datum", "event", "event"]


def test_who_has_seen_some_documents_asks_for_the_rest(any_store, make, fill):
    """At every moment of the run, and for every number of documents seen."""
    documents, run = with_assets(make), None
    for number, document in enumerate(documents, 1):
        fill(any_store, [document])
        run = run or document[1]["uid"]
        for seen in range(number + 2):
            assert list(any_store.documents(run, since=seen)) == documents[seen:number]
    assert list(any_store.documents(run, ["event", "stop"], since=5)) == documents[-2:]


def test_the_rest_of_a_long_run(any_store, make, fill):
    documents = make.run(1203)
    any_store.insert_all(documents)
    run = documents[0][1]["uid"]
    for seen in (0, 1, 2, 501, 502, 503, 1003, 1204, 1205, 1206):
        assert list(any_store.documents(run, since=seen)) == documents[seen:]


def test_columns_of_chosen_keys(any_store, make, fill):
    documents = fill(any_store, make.run(1203))
    run = documents[0][1]["uid"]
    columns = any_store.columns(run, "primary", ["d", "nothing"])
    assert list(columns.data) == ["d"]
    sent = [doc["data"]["d"] for name, doc in documents if name == "event"]
    assert columns.data["d"].tolist() == sent
    assert columns.seq_num.tolist() == list(range(1, 1204))
    assert any_store.columns(run, "nothing").data == {}


def test_whole_runs_are_filed_together_or_not_at_all(any_store, make, fill):
    before = make.run(2, stop=False)
    fill(any_store, before)
    good, bad = make.run(5), make.run(5)
    bad[4] = ("event", {**bad[4][1], "data": {"m": {1}}})
    with pytest.raises(DocumentError, match="a set cannot be stored"):
        any_store.insert_all(good + bad)
    assert any_store.count({}) == 1
    any_store.insert_all(good)
    assert list(any_store.documents(good[0][1]["uid"])) == good
    fill(any_store, [("stop", make.stop(before[0][1]["uid"], 2))])


def test_what_was_inserted_is_not_changed_by_its_owner(any_store, make):
    documents = make.run(1, stop=False, sample={"size": [1, 2]})
    event = documents[-1][1]
    event["data"]["m"] = [1.0, 2.0]
    any_store.insert_all(documents)
    event["data"]["m"][0] = documents[0][1]["sample"]["size"][0] = "spoiled"
    (_, start), *_, (_, stored) = any_store.documents(documents[0][1]["uid"])
    assert (start["sample"], stored["data"]["m"]) == ({"size": [1, 2]}, [1.0, 2.0])


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.documents("nobody"),
        lambda store: store.columns("nobody", "primary"),
        lambda store: store.counts("nobody"),
        lambda store: store.annotate("nobody", dict),
        lambda store: store.hide("nobody"),
        lambda store: store.delete("nobody"),
    ],
)
def test_an_unknown_run_is_named(any_store, ask):
    with pytest.raises(RunNotFoundError, match="no run with the uid 'nobody'"):
        ask(any_store)


# --- search -----------------------------------------------------------------


@pytest.fixture
def runs(any_store, make, fill):
    """Uids of runs that differ in what is searched; the last has no stop."""
    uids = []
    for number, sample in enumerate(["silica", ["silica", "gold"], None, "Kapton foil"]):
        documents = make.run(1, sample=sample, power=[number, -number], stop=number != 3)
        documents[0][1].update(scan_id=number % 2, time=100.0 - number)
        uids.append(documents[0][1]["uid"])
        fill(any_store, documents)
    any_store.annotate(uids[1], lambda _: {"tags": ["good", "silica"], "scores": {"chi2": 1.5}})
    return uids


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ([], [3, 2, 1, 0]),
        ([("time", 1)], [3, 2, 1, 0]),
        ([("time", -1)], [0, 1, 2, 3]),
        ([("scan_id", 1)], [2, 0, 3, 1]),
        ([("scan_id", -1), ("time", -1)], [1, 3, 0, 2]),
        ([("sample", 1)], [2, 3, 1, 0]),  # nothing, then text; of lists the least
        ([("sample", -1)], [1, 0, 3, 2]),  # of lists the greatest
        ([("power", 1)], [3, 2, 1, 0]),
        ([("power", -1)], [3, 2, 1, 0]),
        ([("scan_id", 1), ("power", -1)], [2, 0, 3, 1]),
        ([("annotations.scores.chi2", -1)], [1, 3, 2, 0]),
    ],
)
def test_runs_in_order(any_store, runs, sort, order):
    found = [runs.index(header.start["uid"]) for header in any_store.find({}, sort=sort)]
    assert found == order
    some = any_store.find({"uid": {"$ne": "x"}}, sort=sort, skip=1, limit=2)
    assert [runs.index(header.start["uid"]) for header in some] == order[1:3]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"stop.exit_status": "success"}, {0, 1, 2}),
        ({"stop": None}, {3}),
        ({"annotations.tags": "good"}, {1}),
        ({"annotations.scores.chi2": {"$lt": 2}}, {1}),
        ({"annotations": {"$exists": False}}, {0, 2, 3}),
        ({"descriptors.data_keys.m.units": "mm", "scan_id": 1}, {1, 3}),
        ({"descriptors.name": "baseline"}, set()),
        ({"descriptors": {"$size": 1}}, {0, 1, 2, 3}),
        ({"$text": {"$search": "SILICÄ"}}, {0, 1}),
        ({"$text": {"$search": "silica -good"}}, {0}),
        ({"$text": {"$search": '"kapton foil"'}}, {3}),
        ({"$text": {"$search": '"foil kapton" silica'}}, set()),
        ({"$text": {"$search": "gold foil"}}, {1, 3}),
        ({"$or": [{"$text": {"$search": "gold"}}, {"scan_id": 0}]}, {0, 1, 2}),
        ({"sample": {"$regex": "^silica$"}}, {0, 1}),
    ],
)
def test_what_is_searched(any_store, runs, query, expected):
    assert {runs.index(header.start["uid"]) for header in any_store.find(query)} == expected
    assert any_store.count(query) == len(expected)


@pytest.mark.parametrize(
    ("key", "query", "expected"),
    [
        ("sample", {}, [None, "Kapton foil", "gold", "silica"]),
        ("sample", {"scan_id": 0}, [None, "silica"]),
        ("scan_id", {}, [0, 1]),
        ("power", {"scan_id": 1}, [-3, -1, 1, 3]),
        ("stop.exit_status", {}, ["success"]),
        ("descriptors.name", {}, ["primary"]),
        ("annotations.tags", {}, ["good", "silica"]),
        ("nothing", {}, []),
    ],
)
def test_distinct_values(any_store, runs, key, query, expected):
    assert any_store.distinct(key, query) == expected


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.find({"x": {"$near": 1}}),
        lambda store: store.find({"$where": "true"}),
        lambda store: store.find({}, sort=["time"]),
        lambda store: store.find({}, sort=[("time", 2)]),
        lambda store: store.count({"x": {"$near": 1}}),
        lambda store: store.distinct("x", {"$or": 1}),
    ],
)
def test_a_question_without_meaning_is_refused_at_once(any_store, ask):
    with pytest.raises(QueryError):
        ask(any_store)


# --- afterwards -------------------------------------------------------------


def test_annotations_are_what_change_makes_of_them(any_store, make, fill):
    run = fill(any_store, make.run(1))[0][1]["uid"]
    said = {"tags": ["good"], "when": date(2026, 11, 22), "for": timedelta(hours=1)}
    assert any_store.annotate(run, lambda old: {**old, **said}) == said
    said["at"] = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
    any_store.annotate(run, lambda old: {**old, "at": said["at"]})
    assert next(any_store.find({})).annotations == said
    assert any_store.annotate(run, lambda _: {}) == {}
    assert next(any_store.find({"annotations.tags": "good"}), None) is None


def test_a_change_that_fails_changes_nothing(any_store, make, fill):
    run = fill(any_store, make.run(1))[0][1]["uid"]
    any_store.annotate(run, lambda _: {"notes": ["first"]})

    def fail(old):
        old["notes"].append("second")
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        any_store.annotate(run, fail)
    assert next(any_store.find({})).annotations == {"notes": ["first"]}


def test_nobodys_annotation_is_lost(opener, make):
    """Two openings of one place, each with a thread, count in turns as they may."""
    documents = make.run(1)
    run, errors = documents[0][1]["uid"], []
    with opener() as first, opener() as second:
        first.insert_all(documents)

        def add(store):
            try:
                for _ in range(25):
                    store.annotate(run, lambda old: {"n": old.get("n", 0) + 1})
            except Exception as error:
                errors.append(error)

        threads = [threading.Thread(target=add, args=(store,)) for store in (first, second)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert next(second.find({})).annotations == {"n": 50}


def test_a_hidden_run_is_out_of_sight_until_it_is_brought_back(any_store, runs):
    any_store.hide(runs[1])
    assert any_store.count({}) == 3
    assert any_store.count({"uid": runs[1]}) == 0
    assert any_store.distinct("uid", {}) == sorted(set(runs) - {runs[1]})
    assert [header.start["uid"] for header in any_store.find({})] == [runs[3], runs[2], runs[0]]
    (header,) = any_store.find({}, hidden=True)
    assert (header.start["uid"], header.hidden) == (runs[1], True)
    any_store.hide(runs[1], False)
    assert any_store.count({}) == 4
    assert list(any_store.find({}, hidden=True)) == []


def test_a_hidden_run_can_be_deleted_for_good(any_store, make, fill, runs):
    documents = with_assets(make)
    any_store.insert_all(documents)
    run = documents[0][1]["uid"]
    with pytest.raises(StoreError, match=f"{run}: is not hidden"):
        any_store.delete(run)
    assert list(any_store.documents(run)) == documents
    any_store.hide(run)
    any_store.delete(run)
    with pytest.raises(RunNotFoundError):
        any_store.documents(run)
    assert list(any_store.find({}, hidden=True)) == []
    assert any_store.count({}) == 4
    any_store.insert_all(documents)
    assert list(any_store.documents(run)) == documents


def test_a_run_that_is_being_written_is_not_deleted(any_store, make, fill):
    documents = fill(any_store, make.run(1, stop=False))
    run = documents[0][1]["uid"]
    any_store.hide(run)
    with pytest.raises(StoreError, match=f"{run}: is being written"):
        any_store.delete(run)
    fill(any_store, [("stop", make.stop(run, 1))])
    any_store.delete(run)
    assert list(any_store.find({}, hidden=True)) == []


def test_close_twice(opener):
    store = opener()
    store.close()
    store.close()
