"""What the text of a link means, and links to records that come and go."""

import pytest

from beamtwin.orchestration.errors import NotConnectedError, PutError
from beamtwin.twin.database import Database
from beamtwin.twin.link_text import Constant, Target, link_text, parse_link
from beamtwin.twin.records import AiRecord, AoRecord, CalcRecord, MotorRecord, StringoutRecord


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", None),
        ("  ", None),
        ("@asyn(PORT,0)MOTOR", None),
        ("#C0 S1", None),
        ("5", Constant(5)),
        ("-2.5e3", Constant(-2500.0)),
        ("0x1F", Constant(31)),
        ("[1, 2.5]", Constant([1, 2.5])),
        ('{"const": "a text"}', Constant("a text")),
        (
            "XF:11IDB-OP{Slt:2-Ax:HGap}Mtr.RBV",
            Target("XF:11IDB-OP{Slt:2-Ax:HGap}Mtr.RBV", "NPP", "NMS"),
        ),
        ("x PP", Target("x", "PP", "NMS")),
        ("x MS CPP", Target("x", "CPP", "MS")),
        ("x CP MSS", Target("x", "CP", "MSS")),
    ],
)
def test_what_a_link_means(text, meant):
    assert parse_link(text) == meant


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x PPP", "'PPP' is none of NPP, PP, CA"),
        ('{"pva": {"pv": "x"}}', "only const, not pva"),
        ("[1, 2", "cannot be read"),
    ],
)
def test_links_that_mean_nothing_are_refused(clock, text, problem):
    record = AiRecord(clock, "y")
    with pytest.raises(PutError, match=rf"y\.INP: .* refused: .*{problem}"):
        record.put("INP", text)
    assert record.values["INP"] == ""


def test_links_are_shown_as_epics_shows_them():
    assert link_text("x", is_forward=False) == "x NPP NMS"
    assert (link_text("x CA", is_forward=True), link_text("x", is_forward=True)) == ("x CA", "x")
    assert link_text("4.5", is_forward=False) == "4.5"


@pytest.fixture
def database(clock):
    return Database(clock)


def test_a_record_need_not_be_there_yet(clock, database):
    calc = database.add(CalcRecord(clock, "x", CALC="A", INPA="y"))
    calc.process()
    assert calc.values["SEVR"] == 3
    database.add(AoRecord(clock, "y", VAL=2.0))
    calc.process()
    assert (calc.values["VAL"], calc.values["SEVR"]) == (2.0, 0)


def test_a_field_is_followed_as_soon_as_it_is_there(clock, database):
    calc = database.add(CalcRecord(clock, "x", CALC="A*2", INPA="y.VAL CP"))
    source = database.add(AoRecord(clock, "y", VAL=2.0))
    assert calc.values["VAL"] == 4.0
    source.put("VAL", 3.0)
    assert calc.values["VAL"] == 6.0


def test_a_link_that_is_cut_is_followed_no_more(clock, database):
    source = database.add(AoRecord(clock, "y"))
    calc = database.add(CalcRecord(clock, "x", CALC="A*2", INPA="y CP"))
    calc.put("INPA", "")
    source.put("VAL", 3.0)
    assert calc.values["VAL"] == 0.0
    assert source.monitors == {}


def test_a_link_that_is_set_is_followed(clock, database):
    source = database.add(AoRecord(clock, "y", VAL=1.0))
    calc = database.add(CalcRecord(clock, "x", CALC="A*2"))
    calc.put("INPA", "y CP")
    source.put("VAL", 3.0)
    assert calc.values["VAL"] == 6.0


def test_a_moving_motor_is_read_where_it_is_and_followed(clock, database):
    """What virtual slits do: the motor's readback is told as it moves."""
    motor = database.add(MotorRecord(clock, "m", VELO=1.0, ACCL=0.5))
    passive = database.add(CalcRecord(clock, "p", CALC="A", INPA="m.RBV"))
    calc = database.add(CalcRecord(clock, "x", CALC="A*2", INPA="m.RBV CP"))
    status = motor.put("VAL", 2.0)
    clock.sleep(1.25)
    passive.process()
    assert passive.values["VAL"] == pytest.approx(1.0)
    assert 1.5 < calc.values["VAL"] <= 2.0
    clock.wait(lambda: status.done)
    assert calc.values["VAL"] == 4.0


def test_records_without_a_database_have_links_that_lead_nowhere(clock):
    record = AiRecord(clock, "x", INP="y")
    record.process()
    assert (record.values["SEVR"], record.values["STAT"]) == (3, 14)
    with pytest.raises(NotConnectedError, match="x is in no database"):
        _ = record.links["INP"].found


def test_a_link_that_writes_what_cannot_be_is_an_alarm(clock, database):
    database.add(AoRecord(clock, "y"))
    writer = database.add(StringoutRecord(clock, "x", OUT="y PP"))
    writer.put("VAL", "many")
    assert (writer.values["SEVR"], database.records["y"].values["VAL"]) == (3, 0.0)
    other = database.add(AoRecord(clock, "z", OUT="y.NAME"))
    other.put("VAL", 1.0)
    assert other.values["SEVR"] == 3


def test_a_circle_that_never_settles_lets_time_go_on(clock, database):
    database.loads(
        'record(calc, "x") { field(CALC, "A+1") field(INPA, "y CP") }'
        'record(calc, "y") { field(CALC, "A+1") field(INPA, "x CP") }'
    )
    database.records["x"].process()
    clock.sleep(1.0)
    assert 100.0 < database.records["x"].values["VAL"] < 10_000.0
