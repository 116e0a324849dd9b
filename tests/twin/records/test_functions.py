"""sub and aSub: records that call Python."""

import numpy as np
import pytest

from beamtwin.hardware.channel import SEVERITIES, STATUSES
from beamtwin.orchestration.errors import PutError
from beamtwin.twin.database import Database
from beamtwin.twin.records import AoRecord, AsubRecord, SubRecord, WaveformRecord


@pytest.fixture
def database(clock):
    return Database(clock)


def alarm(record):
    return SEVERITIES[record.values["SEVR"]], STATUSES[record.values["STAT"]]


def hypotenuse(arguments):
    arguments["C"] += 1.0
    return (arguments["A"] ** 2 + arguments["B"] ** 2) ** 0.5


def test_a_function_of_numbers(clock, database):
    database.add(AoRecord(clock, "a", VAL=3.0))
    record = database.add(
        SubRecord(clock, "x", {"hypotenuse": hypotenuse}, SNAM="hypotenuse", INPA="a", INPB="4")
    )
    record.process()
    assert (record.values["VAL"], record.values["C"], record.values["UDF"]) == (5.0, 1.0, 0)


def test_the_function_can_be_changed(clock):
    functions = {"one": lambda _: 1.0, "two": lambda _: 2.0}
    record = SubRecord(clock, "x", functions, SNAM="one")
    record.put("SNAM", "two")
    record.process()
    assert record.values["VAL"] == 2.0


def test_a_function_that_fails_is_an_alarm_of_its_severity(clock):
    record = SubRecord(clock, "x", {"divide": lambda a: 1 / a["A"]}, SNAM="divide", BRSV="MAJOR")
    record.process()
    assert alarm(record) == ("MAJOR", "SOFT")


def moments(arrays):
    return {"VALA": [arrays["A"].mean()], "VALB": arrays["A"] * 2}


def test_a_function_of_arrays(clock, database):
    database.add(WaveformRecord(clock, "w", count=4, VAL=[1.0, 2.0, 6.0]))
    out = database.add(WaveformRecord(clock, "out", count=9))
    record = database.add(
        AsubRecord(
            clock, "x", {"moments": moments}, SNAM="moments",
            INPA="w", NOA=4, NOVB=8, FTVB="LONG", OUTB="out PP", EFLG="ALWAYS",
        )
    )  # fmt: skip
    heard = []
    record.subscribe("VALA", lambda reading: heard.append(reading.value.tolist()))
    record.process()
    assert (record.values["VALA"].tolist(), record.values["NEA"], record.values["NEVB"]) == (
        [3.0],
        3,
        3,
    )
    assert out.values["VAL"].tolist() == [2, 4, 12]
    record.process()
    assert heard == [[], [3.0], [3.0]]
    assert record.metadata("VALB").dtype == "<i4"
    assert record.metadata("A").count == 4


def test_arrays_are_told_when_they_change(clock):
    record = AsubRecord(clock, "x", {"copy": lambda a: {"VALA": a["A"]}}, SNAM="copy")
    heard = []
    record.subscribe("VALA", lambda reading: heard.append(reading.value.tolist()))
    for value in (1.0, 1.0, 2.0):
        record.put("A", [value])
        record.process()
    assert heard == [[], [1.0], [2.0]]


def test_a_link_may_name_the_function(clock, database):
    name = database.add(AoRecord(clock, "n", VAL=2.0, PREC=0))
    functions = {"2": lambda _: {"VALA": [20.0]}, "3": lambda _: {"VALA": [30.0]}}
    record = database.add(AsubRecord(clock, "x", functions, LFLG="READ", SUBL="n"))
    record.process()
    name.put("VAL", 3.0)
    record.process()
    assert (record.values["VALA"].tolist(), record.values["ONAM"]) == ([30.0], "3")


@pytest.mark.parametrize(
    ("snam", "expected", "value"),
    [
        ("missing", ("INVALID", "BAD_SUB"), 16),
        ("bad", ("MINOR", "SOFT"), -1),
        ("", ("NO_ALARM", "NO_ALARM"), 0),
    ],
)
def test_a_function_that_is_not_there_or_fails(clock, snam, expected, value):
    record = AsubRecord(clock, "x", {"bad": lambda a: {"VALA": "text"}}, SNAM=snam, BRSV="MINOR")
    record.process()
    assert (alarm(record), record.values["VAL"]) == (expected, value)


def test_what_is_no_array_is_refused(clock):
    record = AsubRecord(clock, "x")
    with pytest.raises(PutError, match=r"x\.A: array refused"):
        record.put("A", "text")
    assert np.array_equal(record.values["A"], [])


def test_arguments_have_no_unit_and_counts_no_digits(clock):
    record = SubRecord(clock, "x", EGU="K", PREC=2)
    assert [record.metadata(field).units for field in ("VAL", "A", "LA")] == ["K", "", ""]
    array = WaveformRecord(clock, "w", count=4, PREC=2)
    assert [array.metadata(field).precision for field in ("VAL", "NORD")] == [2, 0]
