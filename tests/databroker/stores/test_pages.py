"""Columns as bytes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from beamtwin.databroker.errors import DocumentError
from beamtwin.databroker.stores.encoding import as_array
from beamtwin.databroker.stores.pages import Page, pack_events, pack_page

UUID = "0b2c8d1e-9f3a-4c5b-8d7e-6f0a1b2c3d4e"
#: As long as UUIDs.
NEARLY_UUIDS = [
    UUID,
    UUID.upper(),
    UUID.replace("-", " "),
    UUID[1:] + "-",
    "g" + UUID[1:],
    "-" * 36,
]
numbers = st.floats() | st.integers() | st.booleans()
arrays = hnp.arrays(
    st.sampled_from(["<f8", ">i2", "|b1", "<c8", "<U3"]), hnp.array_shapes(min_side=0, max_side=3)
)
one_kind = [
    st.floats(),
    st.integers(),
    st.integers(-(2**63), 2**63 - 1),
    st.booleans(),
    st.text(),
    st.uuids().map(str),
    st.sampled_from(NEARLY_UUIDS),
    st.binary(),
    st.none(),
    st.lists(st.floats(), min_size=2, max_size=2),
    st.lists(st.lists(st.integers(), min_size=1, max_size=2), max_size=2),
    st.lists(numbers, max_size=3),
    hnp.arrays("<f4", (2, 3)),
    arrays,
    hnp.from_dtype(np.dtype("<f4")),
    hnp.from_dtype(np.dtype("<u2")),
    st.dictionaries(st.text(), st.integers(), max_size=2),
    numbers | st.text() | arrays,
]
columns = st.sampled_from(one_kind).flatmap(lambda kind: st.lists(kind, min_size=1, max_size=6))


@given(columns)
def test_any_column_of_events_comes_back(make, column):
    events = [(n, make.event("d", n, x=value)) for n, value in enumerate(column, 1)]
    pages = [Page(body) for _, _, body in pack_events(events)]
    assert make.same([item for page in pages for item in page.events("d")], events)


@given(columns)
def test_any_column_of_an_event_page_comes_back(make, column):
    count = len(column)
    document = {
        "descriptor": "d",
        "uid": [f"e{n}" for n in range(count)],
        "seq_num": list(range(3, 3 + count)),
        "time": [0.5 * n for n in range(count)],
        "data": {"x": column, "whole": np.arange(count, dtype="<f4")},
        "timestamps": {"x": [1.0] * count},
    }
    events, body = pack_page(17, document)
    assert events == count
    assert make.same(Page(body).document("d"), (17, document))


def test_numbers_are_stored_as_they_are_in_memory(make):
    events = [(n, make.event("d", n, x=n / 3)) for n in range(1, 101)]
    ((_, _, body),) = pack_events(events)
    assert np.array([n / 3 for n in range(1, 101)]).tobytes() in body


def test_uuids_take_16_bytes(make):
    uids = [f"{n:08x}{UUID[8:]}" for n in range(100)]
    ((_, _, body),) = pack_events(
        [(n, make.event("d", n) | {"uid": u}) for n, u in enumerate(uids)]
    )
    assert b"".join(bytes.fromhex(uid.replace("-", "")) for uid in uids) in body


def test_a_change_of_keys_begins_a_page(make):
    events = [(1, make.event("d", 1, x=1.0)), (2, make.event("d", 2, x=1.0, y=2.0))]
    del events[1][1]["filled"]
    assert [(first, count) for first, count, _ in pack_events(events)] == [(1, 1), (2, 1)]


def test_columns_of_different_lengths_are_refused():
    document = {
        "uid": ["a"],
        "seq_num": [1],
        "time": [0.0],
        "data": {"x": [1, 2]},
        "timestamps": {},
    }
    with pytest.raises(DocumentError, match=r"data\.x has 2 values for 1 events"):
        pack_page(1, document)


@pytest.mark.parametrize(
    ("values", "kind", "shape"),
    [
        ([1, 2], "i", (2,)),
        ([1, 2.5], "f", (2,)),
        (["a", "bc"], "U", (2,)),
        ([1, "a"], "O", (2,)),
        ([None, 1.0], "O", (2,)),
        ([[1.0], [2.0, 3.0]], "O", (2,)),
        ([[1, 2], [3, 4]], "i", (2, 2)),
        ([["a"], ["b"]], "U", (2, 1)),
        ([{"a": 1}], "O", (1,)),
        ([np.zeros((2, 2)), np.ones((2, 2))], "f", (2, 2, 2)),
    ],
)
def test_arrays_to_compute_with(values, kind, shape):
    array = as_array(values)
    assert (array.dtype.kind, array.shape) == (kind, shape)
