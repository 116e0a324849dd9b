"""Documents as text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamtwin.databroker.errors import DocumentError
from beamtwin.databroker.stores import jsontext

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@given(plain)
def test_what_python_has_comes_back(make, value):
    assert make.same(jsontext.loads(jsontext.dumps(value)), value)


@pytest.mark.parametrize(
    "value",
    [
        np.arange(6, dtype=">i2").reshape(2, 3),
        np.array([[np.nan, np.inf]]),
        np.zeros((0, 3), "f4"),
        np.array(2 + 1j),
        np.array(["a", "bc"]),
        np.array("2018-06-12T08:00", "M8[s]"),
        np.float32(0.1),
        np.int64(-3),
        np.bool_(True),
    ],
)
def test_numpy_comes_back(make, value):
    assert make.same(jsontext.loads(jsontext.dumps({"x": [value]})), {"x": [value]})


def test_tuples_and_float64_scalars_become_what_equals_them_in_json():
    assert jsontext.loads(jsontext.dumps((np.float64(0.1), (1, 2)))) == [0.1, [1, 2]]


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ({"scan": {"motors": [{1, 2}]}}, "scan.motors.0: a set"),
        ({"plan_args": {"f": print}}, "plan_args.f: a builtin_function_or_method"),
        ({"image": np.array([None])}, "image: an array of dtype object"),
        ({"table": np.zeros(2, [("a", "f8")])}, "table: an array of dtype"),
        ({"sample": {"$beamtwin": "array"}}, "sample: the key '\\$beamtwin' is reserved"),
    ],
)
def test_what_cannot_is_refused_with_its_key(value, named):
    with pytest.raises(DocumentError, match=named):
        jsontext.dumps(value)


def test_keys_that_json_would_turn_into_text_are_refused_on_request():
    with pytest.raises(DocumentError, match="a: the key 1 is a int"):
        jsontext.check({"a": {1: "one"}})


@pytest.mark.parametrize(
    "item",
    [
        '{"$beamtwin": "timedelta", "parts": [1e20, 0, 0]}',
        '{"$beamtwin": "pickle", "base64": ""}',
        '{"$beamtwin": "array", "dtype": "O", "shape": [1], "base64": "AAAAAAAAAAA="}',
        '{"$beamtwin": ["unhashable"]}',
        '{"$beamtwin": "bytes"}',
    ],
)
def test_what_nobody_can_have_written_is_refused(item: str) -> None:
    with pytest.raises(DocumentError, match="cannot be read"):
        jsontext.loads(item)
