"""What a store must do, on SQLite."""

import sqlite3
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from beamtwin.databroker.errors import DocumentError, RunNotFoundError, StoreError
from beamtwin.databroker.stores.sqlite import SqliteStore
from beamtwin.databroker.stores.writing import PAGE_EVENTS

values = (
    st.floats()
    | st.integers()
    | st.booleans()
    | st.text()
    | st.none()
    | st.lists(st.floats(), max_size=3)
    | hnp.arrays("<f4", (2,))
)
metadata = st.dictionaries(st.text(), values | st.lists(values, max_size=3), max_size=4)
data = st.dictionaries(st.sampled_from(["a", "b", "ä.$"]), values, min_size=1)
emitted = st.lists(st.tuples(st.sampled_from(["primary", "monitor"]), data), max_size=8)


@given(sample=metadata, emitted=emitted, ended=st.booleans())
def test_any_documents_come_back_in_their_order(make, fill, sample, emitted, ended):
    """Two streams, interleaved, with values of all sorts, while the run is open and after its end."""
    documents = make.run(0, stop=False, sample=sample)
    run = documents[0][1]["uid"]
    documents.append(("descriptor", make.descriptor(run, f"{run}/monitor", "monitor")))
    uids = {"primary": documents[1][1]["uid"], "monitor": f"{run}/monitor"}
    documents += [
        ("event", make.event(uids[stream], number, **part))
        for number, (stream, part) in enumerate(emitted, 1)
    ]
    documents += [("stop", make.stop(run))] if ended else []
    with SqliteStore(":memory:") as store:
        fill(store, documents)
        assert make.same(list(store.documents(run)), documents)


def test_events_of_several_pages_come_back(store, make, fill):
    documents = fill(store, make.run(2 * PAGE_EVENTS + 17))
    run = documents[0][1]["uid"]
    assert list(store.documents(run)) == documents
    columns = store.columns(run, "primary")
    sent = [doc for name, doc in documents if name == "event"]
    assert columns.seq_num.tolist() == [doc["seq_num"] for doc in sent]
    assert columns.time.tolist() == [doc["time"] for doc in sent]
    assert columns.data["m"].tolist() == [doc["data"]["m"] for doc in sent]
    assert columns.data["d"].dtype == np.int64


def test_runs_may_be_open_at_once(store, make, fill):
    first, second = make.run(4), make.run(4)
    fill(store, [pair for pairs in zip(first, second, strict=True) for pair in pairs])
    for documents in (first, second):
        assert list(store.documents(documents[0][1]["uid"])) == documents


def test_what_was_inserted_is_not_changed_by_its_owner(store, make, fill):
    documents = fill(store, make.run(1, stop=False))
    run, event = documents[0][1]["uid"], documents[-1][1]
    event["data"]["m"] = "spoiled"
    (*_, (_, stored)) = store.documents(run)
    assert stored["data"]["m"] == 0.1


def test_a_new_descriptor_continues_its_stream(store, make, fill):
    documents = make.run(2, stop=False)
    run = documents[0][1]["uid"]
    documents.append(("descriptor", make.descriptor(run, "next")))
    documents += [("event", make.event("next", 3, m=0.3, extra="new"))]
    fill(store, documents)
    columns = store.columns(run, "primary")
    assert columns.data["m"].tolist() == [0.1, 0.2, 0.3]
    assert columns.data["extra"].tolist() == [None, None, "new"]


def test_another_connection_sees_every_event_at_once(store, path, make, fill):
    documents = make.run(PAGE_EVENTS + 20)
    run = documents[0][1]["uid"]
    with SqliteStore(path, readonly=True) as reader:
        fill(store, documents[:2])
        for number, document in enumerate(documents[2:-1], 1):
            fill(store, [document])
            if number % 40 == 0 or number in (PAGE_EVENTS - 1, PAGE_EVENTS, PAGE_EVENTS + 1):
                assert reader.counts(run) == {"primary": number}
                assert len(reader.columns(run, "primary").time) == number


def test_a_reader_in_another_thread_never_sees_less_than_before(store, make, fill):
    documents = make.run(3 * PAGE_EVENTS)
    run, seen, done = documents[0][1]["uid"], [], threading.Event()
    fill(store, documents[:2])

    def watch() -> None:
        while not done.is_set():
            seen.append(len(store.columns(run, "primary").time))

    thread = threading.Thread(target=watch)
    thread.start()
    fill(store, documents[2:])
    done.set()
    thread.join()
    assert seen == sorted(seen)


@pytest.mark.parametrize(
    ("name", "doc", "message"),
    [
        (
            "event",
            {"descriptor": "no"},
            "event: belongs to descriptor 'no', which is of no run that",
        ),
        ("stop", {"run_start": "nobody's"}, "stop: belongs to run_start"),
        ("stop", {}, "stop: belongs to run_start None"),
        ("datum", {"resource": "nobody's"}, "datum: belongs to resource"),
        ("descriptor", {"run_start": "x"}, "descriptor: has no data_keys, uid"),
        ("bulk_events", {}, "bulk_events: not a kind of document that is known; known: start, "),
        ("start", {"uid": "x"}, "start: time is None; it must be a number of seconds"),
        ("start", {"time": 1.0}, "start: uid is None; it must be a string"),
        ("start", {"uid": "", "time": 1.0}, "uid is ''; it must be a string that is not empty"),
        (
            "start",
            {"uid": "x", "time": 1.0, "scan_id": "7"},
            "scan_id is '7'; it must be an integer",
        ),
        (
            "start",
            {"uid": "x", "time": 1.0, "scan_id": 2**70},
            "scan_id is 1180591620717411303424;",
        ),
        (
            "start",
            {"uid": "x", "time": float("nan")},
            "time is nan; it must be a number of seconds",
        ),
        ("start", {"uid": "x", "time": 1.0, "plan_name": 5}, "plan_name is 5; it must be a string"),
        ("start", {"uid": "x", "time": 1.0, "f": {1: 2}}, "start: f: the key 1 is a int"),
        ("start", {"uid": "x", "time": 1.0, "f": [{3}]}, "start: f.0: a set cannot be stored"),
    ],
)
def test_documents_that_make_no_sense_are_refused(store, name, doc, message):
    with pytest.raises(DocumentError, match=message):
        store.insert(name, doc)
    assert store.count({}) == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data": [1]}, "data must be a dictionary"),
        ({"data": {"m": {1, 2}}}, r"event: data\.m: a set cannot be stored"),
        ({"colour": "red"}, r"event: \['colour'\] missing or not known"),
    ],
)
def test_a_bad_event_leaves_the_run_as_it_was(store, make, fill, change, message):
    documents = fill(store, make.run(2, stop=False))
    run, good = documents[0][1]["uid"], documents[-1][1]
    with pytest.raises(DocumentError, match=message):
        store.insert("event", {**good, **change})
    with pytest.raises(DocumentError, match=r"\['seq_num'\] missing"):
        store.insert("event", {key: value for key, value in good.items() if key != "seq_num"})
    fill(store, [("stop", make.stop(run, 2))])
    assert [name for name, _ in store.documents(run, ["event", "stop"])] == [
        "event",
        "event",
        "stop",
    ]


def test_a_stop_that_names_no_run_ends_none(store, make, fill):
    fill(store, make.run(1, stop=False))
    with pytest.raises(DocumentError, match="stop: belongs to run_start None, which is of no run"):
        store.insert("stop", {"uid": "s", "time": 1.0, "exit_status": "success"})
    assert next(store.find({})).state == "running"


def test_a_uid_is_stored_once(store, make, fill):
    documents = fill(store, make.run(1))
    with pytest.raises(DocumentError, match="is stored already"):
        store.insert(*documents[0])


def test_an_unknown_run_is_named(store, path):
    with pytest.raises(RunNotFoundError, match=f"no run with the uid 'nobody' in {path}"):
        store.documents("nobody")


def test_find_is_lazy_and_newest_first(store, make, fill):
    for _ in range(600):
        fill(store, make.run(0))
    numbers = [header.start["scan_id"] for header in store.find({}, limit=3)]
    last = numbers[0]
    assert numbers == [last, last - 1, last - 2]
    assert next(store.find({}, skip=599)).start["scan_id"] == last - 599
    assert len(list(store.find({"scan_id": {"$gt": last - 500}}, skip=490))) == 10
    assert store.count({}) == 600


def test_the_stop_is_searched_too(store, make, fill):
    fill(store, make.run(1))
    fill(store, make.run(1, stop=False))
    assert store.count({"stop.exit_status": "success"}) == 1
    assert store.count({"stop": None}) == 1


def test_durability_is_as_asked_for(path):
    for level, code in (("NORMAL", 1), ("FULL", 2)):
        with SqliteStore(path, synchronous=level) as store:
            assert store._connection.execute("PRAGMA synchronous").fetchone() == (code,)
            assert store._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize("level", ["MAYBE", "full", None])
def test_a_durability_that_is_not_known_is_refused(path, level):
    with pytest.raises(
        StoreError, match=f"synchronous={level!r} is not known; known: NORMAL, FULL"
    ):
        SqliteStore(path, synchronous=level)
    assert not path.exists()


def test_what_is_closed_says_how_to_go_on(path, make):
    store = SqliteStore(path)
    store.close()
    with pytest.raises(StoreError, match=r"is closed: open it again, with Broker\.open"):
        store.insert(*make.run()[0])


def test_events_move_from_the_pending_table_to_pages(store, path, make, fill):
    documents = make.run(PAGE_EVENTS + 3)
    fill(store, documents[:-1])
    with sqlite3.connect(path) as reader:
        assert reader.execute("SELECT count(*) FROM pending").fetchone() == (3,)
        assert reader.execute("SELECT events FROM pages").fetchall() == [(PAGE_EVENTS,)]
        fill(store, documents[-1:])
        assert reader.execute("SELECT count(*) FROM pending").fetchone() == (0,)
    reader.close()
