import numpy as np
import pytest

from beamtwin.hardware.channel import Metadata
from beamtwin.hardware.conversion import conversion, describe_type

ENUM = Metadata("enum", choices=("Done", "Acquire"))
TEXT = Metadata("|u1", count=8, is_array=True)


@pytest.mark.parametrize(
    ("datatype", "metadata", "raw", "value", "dtype"),
    [
        (float, Metadata("<f8"), 1.5, 1.5, "number"),
        (float, Metadata("<i4"), 3, 3.0, "number"),
        (int, Metadata("<i2"), 3, 3, "integer"),
        (int, ENUM, 1, 1, "integer"),
        (bool, ENUM, 1, True, "boolean"),
        (bool, Metadata("<i2"), 0, False, "boolean"),
        (str, ENUM, 1, "Acquire", "string"),
        (str, Metadata("|S40"), "mm", "mm", "string"),
    ],
)
def test_a_value_goes_there_and_back(
    datatype: type, metadata: Metadata, raw: object, value: object, dtype: str
) -> None:
    rule = conversion(datatype, metadata)
    assert rule is not None
    there = raw if rule.from_pv is None else rule.from_pv(raw)
    assert (there, type(there)) == (value, datatype)
    assert rule.to_pv(value) == raw
    assert rule.dtype == dtype


def test_text_longer_than_a_string_is_characters_up_to_a_zero() -> None:
    rule = conversion(str, TEXT)
    assert rule is not None
    assert rule.from_pv is not None
    assert rule.from_pv(np.frombuffer(b"/data\0xy", "|u1")) == "/data"
    assert rule.to_pv("/data").tobytes() == b"/data\0"
    with pytest.raises(ValueError, match="8 bytes, where 7 have room"):
        rule.to_pv("/data/20")


@pytest.mark.parametrize(
    ("datatype", "metadata", "what"),
    [
        (float, ENUM, "an enum (Done, Acquire)"),
        (float, Metadata("|S40"), "a string (|S40)"),
        (int, Metadata("<f8"), "a float (<f8)"),
        (str, Metadata("<i4"), "an integer (<i4)"),
        (float, Metadata("<u2", count=24, is_array=True), "an array of 24 x <u2"),
        (np.ndarray, Metadata("<f8"), "a float (<f8)"),
    ],
)
def test_what_does_not_fit_is_named(datatype: type, metadata: Metadata, what: str) -> None:
    assert conversion(datatype, metadata) is None
    assert describe_type(metadata) == what
