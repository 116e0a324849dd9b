"""Autosave: motors are where they were left, and what can go wrong with a file does not end the IOC."""

import json

import pytest

from beamtwin.orchestration.errors import StateError
from beamtwin.twin import autosave
from beamtwin.twin.autosave import Autosave
from beamtwin.twin.clock import PacedClock
from beamtwin.twin.database import Database
from beamtwin.twin.records import AoRecord, MotorRecord


def database_with(*names):
    clock = PacedClock(speed=1000.0)
    database = Database(clock)
    for name in names:
        database.add(MotorRecord(clock, name, VELO=1.0, HLM=10.0, LLM=-10.0))
    database.add(AoRecord(clock, "gain"))
    return database


@pytest.fixture
def file(tmp_path):
    return tmp_path / "motors.json"


def move(database, name, value):
    status = database.channel(name).put(value)
    database.clock.wait(lambda: status.done)


def test_what_was_set_is_there_again(file):
    database = database_with("m1", "m2")
    with Autosave(database, file) as kept:
        assert kept.report == f"{file}: is not there yet; motors stand where the twin has them"
        move(database, "m1", 3.0)
        database.channel("m1.VELO").put(2.0)
        database.channel("m1.OFF").put(1.0)
        database.channel("m1.LLM").put(-4.0)
    later = database_with("m1", "m2")
    with Autosave(later, file) as kept:
        assert kept.report == f"{file}: 2 motors restored"
        read = {
            field: later.channel(f"m1.{field}").get().value
            for field in ("VAL", "DVAL", "VELO", "LLM")
        }
        assert read == {"VAL": 4.0, "DVAL": 3.0, "VELO": 2.0, "LLM": -4.0}
        assert later.records["m1"].position == 3.0
        move(later, "m1", 5.0)
        assert later.records["m1"].position == 4.0


def test_it_is_written_while_it_runs_and_only_where_something_has_changed(file, monkeypatch):
    monkeypatch.setattr(autosave, "PERIOD_S", 0.02)
    database = database_with("m1")
    written = []
    monkeypatch.setattr(autosave, "_replace", lambda path, text: written.append(json.loads(text)))
    with Autosave(database, file):
        database.clock.sleep(100.0)
        assert len(written) == 1
        move(database, "m1", 3.0)
        database.clock.sleep(50.0)
        assert len(written) > 1
        assert written[-1]["motors"]["m1"]["DVAL"] == 3.0
        written.clear()
        database.clock.sleep(100.0)
    assert written == []


def test_motors_that_there_are_no_more_do_no_harm(file):
    with Autosave(database_with("m1", "m2", "m3"), file):
        pass
    with Autosave(database_with("m1"), file) as kept:
        assert kept.report == f"{file}: 1 motors restored; 2 more are not in this twin"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"format": 2, "motors": {}}',
        '{"format": 1}',
        '{"format": 1, "motors": {"m1": {}}}',
    ],
)
def test_a_file_that_makes_no_sense_is_put_aside(file, text):
    file.write_text(text)
    database = database_with("m1")
    warned = r"motors.json: is no autosave file \(.*\); it is kept as motors.json.damaged"
    with pytest.warns(UserWarning, match=warned), Autosave(database, file) as kept:
        assert kept.report == ""
    assert file.with_name("motors.json.damaged").read_text() == text
    assert json.loads(file.read_text())["motors"].keys() == {"m1"}


def test_where_there_can_be_no_file_it_does_not_begin(tmp_path):
    missing = tmp_path / "no" / "motors.json"
    with pytest.raises(StateError, match=f"there is no folder {missing.parent}; make it"):
        Autosave(database_with("m1"), missing).__enter__()
    with pytest.raises(StateError, match="this is a folder; name a file"):
        Autosave(database_with("m1"), tmp_path).__enter__()


def test_a_file_that_cannot_be_written_is_warned_of_once(tmp_path):
    database = database_with("m1")
    kept = Autosave(database, tmp_path / "no" / "motors.json")
    with pytest.warns(UserWarning, match="cannot be written: No such file or directory"):
        kept.save()
    move(database, "m1", 1.0)
    kept.save()  # which would be an error here, if it warned again
