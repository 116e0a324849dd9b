"""EPICS's .db files: what is read, and what messages say of what cannot be."""

import pytest

from beamtwin.orchestration.errors import NotConnectedError
from beamtwin.twin.database import Database
from beamtwin.twin.dbfile import RecordFileError, read_declarations

SLITS = """
# Blades and gap of a slit, as a facility writes them: $(UNKNOWN)
record(ao, "$(P)top") {
    field(DESC, "top \\"blade\\" #1")   # a comment on $(THIS)
    field(EGU,  "mm")
    field(PREC, 3)
    field(VAL, "${TOP=1.5}")
    info(autosaveFields, "VAL EGU")
}
grecord(ao, $(P)bottom) { field(EGU, mm) field(VAL, 0x2) alias("$(P)lower") }
record(transform, "$(P)t2") {
    field(INPA, "$(P)top CP NMS") field(INPB, "$(P)bottom.VAL CP")
    field(CLCC, "(A-B)/2") field(CLCD, "A+B")
}
alias("$(P)t2", "$(P)virtual")
record("*", "$(P)top") { field(HIHI, "9") }
"""


@pytest.fixture
def database(clock):
    return Database(clock)


def test_records_of_a_text(database):
    records = database.loads(SLITS, {"P": "S:"})
    assert [(record.record_type, record.name) for record in records] == [
        ("ao", "S:top"),
        ("ao", "S:bottom"),
        ("transform", "S:t2"),
    ]
    top = database.records["S:top"]
    assert (top.values["DESC"], top.values["PREC"], top.values["VAL"], top.values["HIHI"]) == (
        'top "blade" #1',
        3,
        1.5,
        9.0,
    )
    assert database.records["S:bottom"].values["VAL"] == 2.0


def test_records_work_together(database):
    database.loads(SLITS, {"P": "S:", "TOP": "4"})
    transform = database.records["S:t2"]
    assert (transform.values["C"], transform.values["D"]) == (1.0, 6.0)
    database.channel("S:bottom").put(0.0).wait()
    assert (database.channel("S:t2.C").get().value, transform.values["D"]) == (2.0, 4.0)


def test_aliases_are_names_too(database):
    database.loads(SLITS, {"P": "S:"})
    assert database.channel("S:lower").get().value == 2.0
    assert database.channel("S:virtual.D").get().value == 3.5
    assert "S:lower" in database
    with pytest.raises(ValueError, match="S:lower"):
        database.loads('record(ao, "S:lower") {}')


def test_a_file_with_files_in_it(database, tmp_path):
    (tmp_path / "all.db").write_text(
        'include "blades.db"\nrecord(calc, "$(P)x") {}', encoding="utf-8"
    )
    (tmp_path / "blades.db").write_text('record(ao, "$(P)top") {}', encoding="utf-8")
    records = database.load(tmp_path / "all.db", {"P": "S:"})
    assert [record.name for record in records] == ["S:top", "S:x"]


def test_functions_are_handed_on(database):
    [record] = database.loads(
        'record(sub, "x") { field(SNAM, "double") field(INPA, "2") }',
        functions={"double": lambda a: 2 * a["A"]},
    )
    record.process()
    assert record.values["VAL"] == 4.0


def test_records_of_a_file_are_undefined_until_they_have_a_value(database):
    ai, ao = database.loads('record(ai, "x") {} record(ao, "y") { field(PINI, "YES") }')
    assert (ai.values["UDF"], ai.values["SEVR"], ao.values["SEVR"]) == (1, 3, 0)


def test_motors_and_scalers_come_from_files_too(clock, database):
    database.loads(
        'record(motor, "m") { field(VELO, "2") field(HLM, "10") field(LLM, "-10") field(DTYP, "asynMotor")'
        ' field(OUT, "@asyn(SIM,0)") } record(scaler, "s") { field(TP, "0.5") }'
    )
    database.channel("m").put(4.0).wait()
    database.channel("s.CNT").put(1).wait()
    assert (database.channel("m.RBV").get().value, database.channel("s.T").get().value) == (
        4.0,
        0.5,
    )


def test_hardware_is_a_models_affair(database):
    [record] = database.loads(
        'record(ai, "x") { field(DTYP, "asynFloat64") field(INP, "@asyn(P,0)T") field(SCAN, "I/O Intr") }'
    )
    record.post("VAL", 3.0)
    assert (record.values["VAL"], record.values["INP"]) == (3.0, "@asyn(P,0)T")


def test_the_order_of_fields_does_not_matter(database):
    [record] = database.loads(
        'record(mbbo, "x") { field(VAL, "in") field(ZRST, "out") field(ONST, "in") }'
    )
    assert record.values["VAL"] == 1


def test_arrays_say_what_their_elements_are(database):
    text, numbers = database.loads(
        'record(waveform, "x") { field(NELM, "5") }\n'
        'record(waveform, "y") { field(FTVL, "USHORT") field(INP, [1, 2]) field(NELM, 9) }'
    )
    assert (text.metadata("VAL").dtype, numbers.metadata("VAL").dtype) == ("|S40", "<u2")
    assert numbers.values["VAL"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('record(ai, "x") {\n field(HIGHH, "5") }', r"text:2: x\.HIGHH: the ai record has no field HIGHH; did you"),
        ('\n\nrecord(aii, "x") {}', r"text:3: x: there is no record type 'aii' here; did you mean .*ai"),
        ('record(compress, "x") {}', r"text:1: x: there is no record type 'compress' here$"),
        ('record(ai, "x") { field(PREC, "many") }', r"text:1: x\.PREC: 'many': could not convert"),
        ('record(ai, "x") { field(PREC, "2.5") }', r"text:1: x\.PREC: 2\.5 refused: a whole number"),
        ('record(ai, "x") { field(SCAN, "3 second") }', r"text:1: x\.SCAN: '3 second' refused: the choices are"),
        ('record(calc, "x") { field(CALC, "A+") }', r"text:1: x\.CALC refused: 'A\+', at 3: an operand is wanted"),
        ('record(ai, "x") { field(INP, "y QQ") }', r"text:1: x\.INP: 'y QQ' refused: 'QQ' is none of"),
        ('record(ai, "x") { field(INP, {pva: 1}) }', r"text:1: x\.INP: .* JSON that cannot be read"),
        ('record(ai, "x") { field(ZNAM, {"a": 1) ', r"text:1: a bracket is not closed"),
        ('record(ai, "$(P)x") {}', r"text:1: nobody says what \$\(P\) stands for; did you mean P1"),
        ('record(ai, "$(PP)x") {}', r"text:1: nobody says what \$\(PP\) stands for$"),
        ('record(ai, "x") { value(1) }', r"text:1: x: 'value' is not understood; field or \} is wanted"),
        ('record(ai "x")', r"text:1: ',' is missing"),
        ('record(ai, "x") { field(EGU) }', r"text:1: ',' is missing"),
        ('record(ai, ) {}', r"text:1: a value is missing"),
        ('recrod(ai, "x")', r"text:1: 'recrod' is not understood; record, alias or include is wanted"),
        ('record(ai, "x") { field(EGU, "mm) }', r"""text:1: '"mm\)' is not understood"""),
        ('alias("y", "z")', r"text:1: y: there is no such record"),
        ('record(ai, "x") {} record(ao, "x") {}', r"text:1: x: it is ai at text:1, not ao"),
        ('include "nowhere.db"', r"text:1: nowhere\.db: No such file"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_with_its_place(database, text, message):
    with pytest.raises(RecordFileError, match=message):
        database.loads(text, {"P1": "S:"})
    assert database.records == {}


def test_files_that_include_each_other_are_found_out(database, tmp_path):
    (tmp_path / "a.db").write_text('include "a.db"', encoding="utf-8")
    with pytest.raises(RecordFileError, match=r"a\.db:1: a\.db: files that include each other"):
        database.load(tmp_path / "a.db")


def test_macros_that_stand_for_each_other_are_found_out():
    with pytest.raises(RecordFileError, match="text:1: macros that stand for each other"):
        read_declarations("$(A)", {"A": "$(B)", "B": "$(A)"})


def test_a_name_that_is_taken_is_refused_before_anything_is_added(database):
    database.loads('record(ai, "x") {}')
    with pytest.raises(ValueError, match="x: there is a record of this name already"):
        database.loads('record(ai, "y") {} record(ai, "x") {}')
    with pytest.raises(NotConnectedError):
        database.resolve("y")
