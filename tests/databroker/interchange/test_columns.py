"""Text tables and SPEC files, out and in."""

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beamtwin.databroker.errors import ImportFileError
from beamtwin.databroker.interchange.formats import export_runs, import_file

_FILES = itertools.count()


def file_floats(db, make, fill, values):
    documents = make.run(0, stop=False)
    run = documents[0][1]["uid"]
    keys = {key: {"dtype": "number", "shape": [], "source": "s", "units": "mm"} for key in "md"}
    documents[1] = ("descriptor", make.descriptor(run, f"{run}/f", "primary", **keys))
    for number, value in enumerate(values, 1):
        documents.append(("event", make.event(f"{run}/f", number, m=float(number), d=value)))
    fill(db, [*documents, ("stop", make.stop(run, len(values)))])
    return db[run]


@pytest.mark.parametrize("form", ["csv", "spec"])
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(values=st.lists(st.floats(), min_size=1, max_size=5))
def test_every_float_comes_back(form, values, db, make, fill, tmp_path):
    run = file_floats(db, make, fill, values)
    (path,) = export_runs([run], tmp_path / f"{next(_FILES)}.{form}")
    (back,) = import_file(db, path)
    assert back.primary.columns().data["d"].tolist() == pytest.approx(values, rel=0, nan_ok=True)
    assert back.primary.columns().time.tolist() == run.primary.columns().time.tolist()
    assert back.primary.dimensions == ["m"]


def test_a_table_tells_what_it_is(db, make, fill, tmp_path):
    run = file_floats(db, make, fill, [1.0, 2.0])
    (path,) = export_runs([run], tmp_path / "run.csv")
    lines = path.read_text().splitlines()
    assert f"# uid: {run.uid}" in lines
    assert "# d in mm" in lines
    (back,) = import_file(db, path)
    assert back.primary.data_keys["d"]["units"] == "mm"
    assert back.start["imported"]["file"] == "run.csv"


def test_no_metadata_breaks_a_line(scanned, tmp_path):
    """Whatever a start document says, a table stays a table."""
    for form in ("csv", "spec"):
        (path,) = export_runs([scanned], tmp_path / f"run.{form}")
        lines = path.read_text().splitlines()
        assert sum(line.startswith("#S") for line in lines) == (form == "spec")
        assert sum(not line.startswith("#") and bool(line) for line in lines) == 5 + (form == "csv")


def test_a_spec_file_of_two_scans(scanned, db, make, fill, tmp_path):
    fill(db, make.run(2))
    (path,) = export_runs([scanned, db[-1]], tmp_path / "two.spec")
    first, second = import_file(db, path)
    assert [run.start["scan_id"] for run in (first, second)] == [
        scanned.start["scan_id"],
        db[-3].start["scan_id"],
    ]
    assert first.baseline.columns().data == {"b one": np.array([12.5])}
    assert first.start["time"] == scanned.start["time"]
    assert [run.uid for run in import_file(db, path)] == [first.uid, second.uid]


SPEC = """#F /data/old.spec
#E 1700000000
#D Tue Nov 14 17:13:20 2023
#O0 two theta  chi
#O1 phi

#S 3  ascan  chi 0 1 1 0.1
#D Tue Nov 14 17:14:20 2023
#P0 10 20
#P1 30
#N 4
#L chi  Epoch  Monitor  Detector
0 61 1000 5
1 62 1001 6.5e-2
@A 1 2 3
"""


def test_a_spec_file_of_spec(db, tmp_path):
    """Its clock was five hours behind UTC: its ``#D`` and ``#E`` say so."""
    path = tmp_path / "old.spec"
    path.write_text(SPEC)
    (run,) = import_file(db, path)
    assert (run.start["time"], run.start["scan_id"]) == (1_700_000_060, 3)
    assert run.start["plan_name"] == "ascan"
    assert run.primary.columns().time.tolist() == [1_700_000_061, 1_700_000_062]
    assert run.primary.columns().data["Detector"].tolist() == [5, 0.065]
    positions = {key: column.item() for key, column in run.baseline.columns().data.items()}
    assert positions == {"two theta": 10, "chi": 20, "phi": 30}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("0 61 1000 5", "0 61 1000"), "line 13: has 3 numbers; expected 4: "),
        (("0 61 1000 5", "0 61 x 5"), "line 13: could not convert"),
        (("Tue Nov 14 17:14:20 2023", "once"), "line 8: time data 'once'"),
        (("#S", "#C"), "has no scan"),
    ],
)
def test_a_spec_file_that_is_broken(change, complaint, db, tmp_path):
    path = tmp_path / "old.spec"
    path.write_text(SPEC.replace(*change))
    with pytest.raises(ImportFileError, match=complaint):
        import_file(db, path)
    assert len(db) == 0
