"""Queries made by name."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from beamtwin.databroker.errors import QueryError
from beamtwin.databroker.search import FullText, Key, ScanIDRange, Tagged, TimeRange

EPOCH = 1_700_000_000.0  # 2023-11-14 22:13:20 UTC


@pytest.mark.parametrize(
    ("made", "plain"),
    [
        (Key("a.b") == 1, {"a.b": {"$eq": 1}}),
        (Key("a") != "x", {"a": {"$ne": "x"}}),
        (Key("a") < 1, {"a": {"$lt": 1}}),
        (Key("a") <= 1, {"a": {"$lte": 1}}),
        (Key("a") > 1, {"a": {"$gt": 1}}),
        (Key("a") >= 5, {"a": {"$gte": 5}}),
        (Key("a").isin((1, 2)), {"a": {"$in": [1, 2]}}),
        (Key("a").exists(), {"a": {"$exists": True}}),
        (Key("a").matches("^x", ignore_case=True), {"a": {"$regex": "^x", "$options": "i"}}),
        (
            ScanIDRange(1, 3) & (Key("a") == 1),
            {"$and": [{"scan_id": {"$gte": 1, "$lte": 3}}, {"a": {"$eq": 1}}]},
        ),
        (FullText("x") | {"a": 1}, {"$or": [{"$text": {"$search": "x"}}, {"a": 1}]}),
        (~Tagged("a"), {"$nor": [{"annotations.tags": "a"}]}),
        (Tagged("a", "b"), {"$and": [{"annotations.tags": "a"}, {"annotations.tags": "b"}]}),
    ],
)
def test_each_is_the_query_that_it_prints_as(made, plain):
    assert dict(made) == plain
    assert repr(made) == repr(plain)


@pytest.mark.parametrize(
    "moment",
    [
        EPOCH,
        "2023-11-14T22:13:20",
        "2023-11-14 23:13:20+01:00",
        datetime(2023, 11, 14, 22, 13, 20),
        datetime(2023, 11, 15, 0, 13, 20, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_moments_as_people_write_them(moment):
    assert dict(TimeRange(moment)) == {"time": {"$gte": EPOCH}}


def test_time_zones():
    assert TimeRange("2023-11-14 17:13:20", timezone="America/New_York")["time"]["$gte"] == EPOCH
    assert TimeRange(until="2023-11-14 22:13:20", timezone=UTC) == {"time": {"$lt": EPOCH}}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TimeRange("yesterday"), "'yesterday' is not a moment; give ISO 8601"),
        (lambda: TimeRange([1]), r"\[1\] is not a moment"),
        (TimeRange, "give since, until, or both"),
        (
            lambda: TimeRange("2023-01-01", timezone="Mars/Olympus"),
            "'Mars/Olympus' is not a time zone",
        ),
        (Tagged, "give a tag"),
        (lambda: Tagged(5), "Tagged: takes a string, not 5"),
        (lambda: Key(5), "Key: takes a string, not 5"),
        (lambda: FullText(5), "FullText: takes a string, not 5"),
        (lambda: TimeRange("2026-03-02", "2026-03-01"), "'2026-03-01' is before '2026-03-02'"),
        (lambda: ScanIDRange(4, 2), "2 is less than 4"),
        (lambda: ScanIDRange(1, "b"), "'b' is not an integer"),
        (lambda: (Key("n") > 1) and (Key("n") < 3), r"say a & b, .* for 1 < Key\("),
        (lambda: 1 < Key("n") < 3, "neither true nor false"),
    ],
)
def test_what_has_no_meaning_is_refused(make, message):
    with pytest.raises(QueryError, match=message):
        make()


def test_a_datetime_is_no_time_of_a_document(db):
    with pytest.raises(QueryError, match="times are seconds since 1970: use TimeRange"):
        db.search({"time": {"$gt": datetime(2026, 3, 1)}})


def test_they_find_runs_and_chain(db, make, fill):
    for number in range(6):
        fill(
            db,
            make.run(
                0, scan_id=number, time=EPOCH + 60 * number, sample={"name": f"silica {number}"}
            ),
        )
    late = db.search(TimeRange("2023-11-14 22:15"))
    assert sorted(run.start["scan_id"] for run in late) == [2, 3, 4, 5]
    assert len(late.search(ScanIDRange(0, 3))) == 2
    assert len(late.search((Key("scan_id") == 5) | (Key("scan_id") < 3))) == 2
    assert len(late.search(~(Key("scan_id") == 5))) == 3
    assert len(db.search(FullText("silica"))) == 6
    assert [
        run.start["scan_id"] for run in db.search(FullText("silica") & (Key("scan_id") == 4))
    ] == [4]
