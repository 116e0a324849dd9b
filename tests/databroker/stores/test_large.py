"""Documents larger than the 16 MB that MongoDB takes: kept, or refused, on every store."""

import bson
import pytest
from event_model import unpack_event_page

from beamtwin.databroker.errors import DocumentError
from beamtwin.databroker.stores import jsontext
from beamtwin.databroker.stores.mongo.layout import LARGEST_BYTES
from beamtwin.databroker.stores.mongo.normalized import NormalizedStore
from beamtwin.databroker.stores.sqlite import SqliteStore

#: More than a MongoDB document may be.
LARGE = "x" * 17_000_000


def a_run(make):
    """A document of every kind, in order."""
    documents = make.run(1, stop=False, hints={})
    run, descriptor = documents[0][1]["uid"], documents[1][1]["uid"]
    resource = {"uid": f"{run}/r", "run_start": run, "spec": "X", "resource_path": "f"}
    datum = {"datum_id": f"{run}/r/0", "resource": f"{run}/r", "datum_kwargs": {}}
    page = {"descriptor": descriptor, "uid": [f"{run}/2"], "seq_num": [2], "time": [2.0]}
    page |= {"data": {"m": [2.0]}, "timestamps": {"m": [2.0]}}
    documents += [("event_page", page), ("resource", resource), ("datum", datum)]
    return [*documents, ("stop", make.stop(run, 2))]


def enlarged(name, doc):
    """The same with what is too large, where a document of its kind may have it."""
    if name == "datum":
        return {**doc, "datum_kwargs": {"large": LARGE}}
    if name.startswith("event"):
        values = [LARGE] if name == "event_page" else LARGE
        return {**doc, "data": {"m": values}}
    return {**doc, "large": LARGE}


def single_events(documents):
    """As suitcase-mongo keeps them."""
    return [
        ("event", event) if name == "event_page" else (name, doc)
        for name, doc in documents
        for event in (unpack_event_page(doc) if name == "event_page" else [None])
    ]


@pytest.mark.parametrize(
    "every_opener",
    [
        *("memory", "mongodb", "normalized"),
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("sqlite", "mongomock", "normalized-mongomock")
        ),
    ],
    indirect=True,
)
def test_a_document_beyond_16_mb_is_kept_or_refused_and_the_run_goes_on(every_store, make):
    """Of every kind; what is refused leaves nothing behind, and is followed by what it should have been."""
    documents, kept = a_run(make), []
    for name, doc in documents:
        large = enlarged(name, doc)
        if isinstance(every_store, SqliteStore):
            every_store.insert(name, large)
            kept.append((name, large))
            continue
        with pytest.raises(DocumentError, match=f"{name}: .* would take .* MB of MongoDB's 16 MB"):
            every_store.insert(name, large)
        every_store.insert(name, doc)
        kept.append((name, doc))
    if isinstance(every_store, NormalizedStore):
        kept = single_events(kept)
    assert list(every_store.documents(documents[0][1]["uid"])) == kept


@pytest.mark.parametrize("every_opener", ["mongodb", "normalized"], indirect=True)
def test_whole_runs_with_a_document_beyond_16_mb_leave_nothing(every_store, make):
    documents = a_run(make)
    large = [(name, enlarged(name, doc) if name == "datum" else doc) for name, doc in documents]
    with pytest.raises(DocumentError, match=r"datum: it would take .* MB of MongoDB's 16 MB"):
        every_store.insert_all(make.run(1, hints={}) + large)
    database = every_store._database
    names = set(database.list_collection_names()) - {"store", "writers"}
    assert {name: database[name].count_documents({}) for name in names} == dict.fromkeys(names, 0)
    every_store.insert_all(documents)
    assert every_store.count({}) == 1


def test_a_document_of_just_16_mb_is_kept(mongo_opener, make, fill):
    *documents, (_, datum), _ = a_run(make)
    room = LARGEST_BYTES - len(jsontext.dumps({**datum, "text": ""}))
    with mongo_opener() as store:
        fill(store, documents)
        with pytest.raises(DocumentError, match=r"16\.7 MB of MongoDB's 16 MB .* at most 16\.7 MB"):
            store.insert("datum", {**datum, "text": "x" * (room + 1)})
        documents += fill(store, [("datum", {**datum, "text": "x" * room})])
        assert list(store.documents(documents[0][1]["uid"])) == documents


@pytest.mark.slow
def test_the_row_of_a_run_is_filled_to_the_brim(mongo_opener, make, fill):
    """Its start, descriptors, stop and annotations are one MongoDB document; all but descriptors are in it twice."""
    (_, start), (_, descriptor), *_, (_, stop) = a_run(make)
    run = start["uid"]
    documents = [("start", {**start, "text": "x" * 4_340_000})]
    for number in range(3):
        several = {"uid": f"{run}/{number}", "text": "x" * 1_330_000}
        documents.append(("descriptor", {**descriptor, **several}))
    with mongo_opener() as store:
        fill(store, documents)
        with pytest.raises(
            DocumentError, match="descriptor: all of a run's descriptors would take"
        ):
            store.insert("descriptor", {**descriptor, "uid": "more", "text": "x" * 100_000})
        documents += fill(store, [("stop", {**stop, "text": "x" * 990_000})])
        store.annotate(run, lambda _: {"notes": ["x" * 990_000]})
        with pytest.raises(DocumentError, match=r"the annotations would take .* at most 2\.0 MB"):
            store.annotate(run, lambda _: {"notes": ["x" * 1_010_000]})
        assert list(store.documents(run)) == documents
        assert len(bson.encode(store._tables.runs.find_one())) > 0.98 * LARGEST_BYTES
