"""Measured tables as runs."""

import hashlib

import pytest
from event_model import DocumentNames, schema_validators

from beamtwin.databroker.errors import ImportFileError, StoreError
from beamtwin.databroker.interchange.tables import import_table

MEASURED = 1_528_800_000.0
GOOD = """# Diffraction of a slit,
# read off a figure.
gap,position,value
5.8,0,3.9
9,0,2.4
5.8,75,-1.5e-3

9,75,nan
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "cuts.csv"
    path.write_text(GOOD)
    return path


def load(db, file, **changes):
    arguments = {
        "axis": "position",
        "group_by": ["gap"],
        "time": MEASURED,
        "units": {"position": "um"},
    }
    return import_table(db, file, **arguments | changes)


def test_each_group_is_a_run_and_each_row_an_event(db, file):
    runs = load(db, file)
    assert [run.start["labels"] for run in runs] == [{"gap": 5.8}, {"gap": 9.0}]
    data = runs[0].primary.read()
    assert data["position"].values.tolist() == [0.0, 75.0]
    assert data["value"].values.tolist() == [3.9, -1.5e-3]
    assert data["position"].attrs["units"] == "um"
    assert runs[0].primary.dimensions == ["position"]


def test_the_start_says_where_it_comes_from(db, file):
    run, _ = load(
        db, file, metadata={"purpose": "S2", "twin": {"target": "live", "scenario": "chx"}}
    )
    assert run.start["imported"] == {
        "file": "cuts.csv",
        "sha256": hashlib.sha256(GOOD.encode()).hexdigest(),
        "source": "Diffraction of a slit,\nread off a figure.",
    }
    assert (run.start["time"], run.start["purpose"], run.state) == (MEASURED, "S2", "success")
    assert len(db.experiment) == 2
    assert len(db.simulation) == 0


def test_documents_are_valid(db, file):
    for run in load(db, file):
        for name, doc in run.documents():
            schema_validators[DocumentNames[name]].validate(doc)


def test_the_same_file_is_filed_once(db, file, tmp_path):
    first = load(db, file)
    again = load(db, file.rename(tmp_path / "renamed.csv"))
    assert [run.uid for run in first] == [run.uid for run in again]
    assert len(db) == 2


def test_another_content_is_another_run(db, file):
    load(db, file)
    file.write_text(GOOD.replace("3.9", "3.8"))
    load(db, file)
    assert len(db) == 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ("5.8,75,-1.5e-3", "5.8,75,-1,5e-3"),
            "line 6: has 4 cells; expected 3: gap, position, value",
        ),
        (("5.8,75,-1.5e-3", "5.8,75"), "line 6: has 2 cells; expected 3: gap, position, value"),
        (("9,0,2.4", "9,zero,2.4"), "line 5, column 'position': 'zero' is not a number"),
        (("9,0,2.4", "9,0,"), "line 5, column 'value': '' is not a number"),
        (
            ("gap,position", "gap,distance"),
            "line 3: has no column 'position'; it has: gap, distance, value",
        ),
        (("gap,position,value", "gap,position,gap"), "line 3: names a column twice"),
        (("9,75,nan\n", "9,7"), "line 8: has no line end, so the file may have been cut off there"),
        ((GOOD, ""), "has no rows; expected a line of column names"),
        ((GOOD, "# only\ngap,position,value\n"), "has no rows"),
    ],
)
def test_a_corrupt_file_is_refused_as_a_whole(db, file, change, message):
    file.write_text(GOOD.replace(*change))
    with pytest.raises(ImportFileError) as caught:
        load(db, file)
    assert str(caught.value).startswith(f"{file}")
    assert message in str(caught.value)
    assert len(db) == 0


def test_bytes_that_are_no_text(db, file):
    file.write_bytes(GOOD.encode() + b"\xff\xfe\n")
    with pytest.raises(ImportFileError, match=r"cuts\.csv, line 9: is not UTF-8 text"):
        load(db, file)


def test_a_file_that_is_not_there(db, tmp_path):
    with pytest.raises(ImportFileError, match=r"nothing\.csv: cannot be read: No such file"):
        load(db, tmp_path / "nothing.csv")


def test_a_file_that_must_be_another(db, file):
    with pytest.raises(ImportFileError, match="is not the file that is expected: sha256 "):
        load(db, file, sha256="0" * 64)
    assert len(db) == 0


def test_a_full_disk_leaves_no_half_of_an_import(db, store, file):
    file.write_text(GOOD + "".join(f"9,{n},1\n" for n in range(5000)))
    used = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {used + 2}")
    with pytest.raises(StoreError, match="the disk is full"):
        load(db, file)
    assert len(db) == 0


def test_the_measured_patterns_of_chx(db, chx_table):
    runs = import_table(
        db,
        chx_table,
        axis="position_um",
        group_by=["gap_h_um", "gap_v_um"],
        units={"position_um": "um"},
        time=MEASURED,
    )
    assert [tuple(run.start["labels"].values()) for run in runs] == [
        (7.5, 5.8),
        (11, 9),
        (12, 13.9),
    ]
    assert [len(run.primary) for run in runs] == [40, 40, 40]
    assert "NOBUGS 2018" in runs[0].start["imported"]["source"]
