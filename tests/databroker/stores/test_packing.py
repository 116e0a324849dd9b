"""Events of plain numbers as bytes, and those that are not."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beamtwin.databroker.errors import DocumentError
from beamtwin.databroker.stores.packing import Signature, pack_rows
from beamtwin.databroker.stores.pages import Page
from beamtwin.databroker.stores.sqlite import SqliteStore

#: The data of events in a row, and how many of these go into the store as bytes.
STREAMS = {
    "the type of a value changes": ([{"x": 1.0}, {"x": 2.0}, {"x": 3}, {"x": 4}, {"x": 5.0}], 5),
    "keys come and go": ([{"x": 1.0}, {"x": 1.0, "y": 2}, {"y": 2, "x": 1.0}, {"y": 3}], 4),
    "by turns": ([{"x": 1.0}, {"x": 1}] * 4, 8),
    "more signatures than are kept": ([{f"k{n % 7}": n} for n in range(21)], 12),
    "true is not 1": ([{"x": True}, {"x": 1}, {"x": False}, {"x": 0}, {"x": 1.0}], 5),
    "numpy's": ([{"x": np.float32(0.1)}, {"x": np.int64(3)}, {"x": np.True_}, {"x": 1.0}], 1),
    "beyond 64 bits": ([{"x": n} for n in (2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**200)], 2),
    "not finite": ([{"x": x} for x in (float("nan"), float("inf"), -float("inf"), -0.0)], 4),
    "nothing in them": ([{}, {}, {"x": 1.0}, {}], 4),
    "keys that are not ASCII": ([{"µ": 1.0, "a.b": 2, "$": True, "": 0.5}] * 2, 2),
    "other things than numbers": ([{"x": 1.0}, {"x": "1"}, {"x": None}, {"x": [1]}, {"x": 2.0}], 2),
}


def with_data(make, several):
    """The documents of a run of such events, without its end."""
    documents = make.run(0, stop=False)
    descriptor = documents[1][1]["uid"]
    for number, data in enumerate(several, 1):
        event = make.event(descriptor, number)
        timestamps = dict.fromkeys(data, number / 4)
        documents.append(("event", {**event, "data": data, "timestamps": timestamps}))
    return documents


def packed(store):
    """How many of the events that await their page are bytes."""
    return store._connection.execute("SELECT count(signature) FROM pending").fetchone()[0]


@pytest.mark.parametrize("case", STREAMS)
def test_they_come_back_one_by_one_in_a_page_and_in_bulk(store, make, fill, case):
    several, of_numbers = STREAMS[case]
    documents = fill(store, with_data(make, several))
    run = documents[0][1]["uid"]
    assert packed(store) == of_numbers
    assert make.same(list(store.documents(run)), documents)
    documents += fill(store, [("stop", make.stop(run))])
    assert make.same(list(store.documents(run)), documents)
    with SqliteStore(":memory:") as other:
        other.insert_all(documents)
        assert make.same(list(other.documents(run)), documents)


def test_columns_of_events_of_several_signatures(store, make, fill):
    documents = fill(store, with_data(make, [{"x": 1.5}, {"x": 2}, {"x": 3, "y": True}, {"y": 4}]))
    run = documents[0][1]["uid"]
    for _ in range(2):
        columns = store.columns(run, "primary")
        assert columns.seq_num.tolist() == [1, 2, 3, 4]
        assert columns.data["x"].tolist() == [1.5, 2, 3, None]
        assert columns.data["y"].tolist() == [None, None, True, 4]
        fill(store, [("stop", make.stop(run))] if packed(store) else [])


@pytest.mark.parametrize("uid", ["µ", "событие", "e 1\0", ""])
def test_uids_of_all_sorts(store, make, fill, uid):
    documents = with_data(make, [{"x": 1.0}] * 3)
    documents[-2][1]["uid"] = uid
    fill(store, documents)
    assert make.same(list(store.documents(documents[0][1]["uid"])), documents)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"uid": "\ud800"}, "uid: .* is not valid Unicode"),
        ({"data": {"\udfff": 1.0}}, "data: .* is not valid Unicode"),
        ({"data": {"$beamtwin": 1.0}}, r"data: the key '\$beamtwin' is reserved"),
        ({"data": {5: 1.0}}, "data: the key 5 is a int"),
        ({"data": [1.0]}, "data must be a dictionary"),
        ({"extra": 1.0}, r"\['extra'\] missing or not known"),
    ],
)
def test_what_is_no_event_is_refused_by_those_that_are(store, make, fill, change, message):
    """Where a signature is known, too: nothing of it is stored."""
    documents = fill(store, with_data(make, [{"x": 1.0}]))
    event = documents[-1][1]
    with pytest.raises(DocumentError, match=message):
        store.insert("event", {**event, **change})
    assert list(store.documents(documents[0][1]["uid"])) == documents


# --- signatures -----------------------------------------------------------------

numbers = (
    st.floats()
    | st.integers(-(2**64), 2**64)
    | st.booleans()
    | st.builds(np.float64, st.floats())
    | st.builds(np.int32, st.integers(-9, 9))
    | st.none()
)
sections = st.dictionaries(st.sampled_from(["x", "y", "ä", ""]), numbers, max_size=3)
events = st.fixed_dictionaries(
    {
        "uid": st.text(max_size=3),
        "descriptor": st.just("d"),
        "seq_num": st.integers(0, 2**40) | st.floats(0, 9),
        "time": st.floats() | st.integers(0, 9),
        "data": sections,
        "timestamps": sections,
    },
    optional={"filled": sections},
)


def as_stored(event):
    """With Python's floats for numpy's float64."""
    sections = [key for key in ("data", "timestamps", "filled") if key in event]
    plain = {
        section: {
            k: float(v) if isinstance(v, np.float64) else v for k, v in event[section].items()
        }
        for section in sections
    }
    return {**event, **plain}


def is_of_numbers(event):
    """Whether it is one that need not be stored as JSON, by what the module says of itself."""
    values = [event["seq_num"], event["time"]]
    values += [v for key in ("data", "timestamps", "filled") for v in event.get(key, {}).values()]
    known = {float, np.float64, int, bool}
    in_64_bits = all(-(2**63) <= v < 2**63 for v in values if type(v) is int)
    return event["uid"].isascii() and known.issuperset(map(type, values)) and in_64_bits


@given(event=events)
def test_an_event_of_numbers_comes_back_from_its_bytes(make, event):
    signature = Signature.of(event)
    body = None if signature is None else signature.pack(event)
    assert (body is not None) == is_of_numbers(event)
    if signature is not None and body is not None:
        unpacked = {"descriptor": "d", **Signature.parse(signature.text).unpack(body)}
        assert make.same(unpacked, as_stored(event))


@given(first=events, second=events)
def test_a_signature_takes_only_events_that_have_it(first, second):
    signature = Signature.of(first)
    if signature is not None and is_of_numbers(second):
        assert (signature.pack(second) is not None) == (types_of(first) == types_of(second))


def types_of(event):
    """What a signature stands for: the keys in order, and the types of the values."""
    sections = {key: event[key] for key in ("data", "timestamps", "filled") if key in event}
    values = [(name, k, type(v)) for name, part in sections.items() for k, v in part.items()]
    return [type(event["seq_num"]), type(event["time"]), list(sections), values]


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(several=st.lists(events, min_size=1, max_size=8))
def test_rows_of_all_sorts_become_pages(make, several):
    rows = []
    for place, event in enumerate(filter(is_of_numbers, several), 3):
        signature = Signature.of(event)
        rows.append((place, signature.text, signature.pack(event)))
    pages = list(pack_rows(rows)) if rows else []
    back = [item for _, _, body in pages for item in Page(body).events("d")]
    kept = [as_stored(event) for event in several if is_of_numbers(event)]
    assert make.same(back, list(enumerate(kept, 3)))
    assert sum(count for _, count, _ in pages) == len(rows)
