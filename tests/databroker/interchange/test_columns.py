"""Text tables and SPEC files, out and in."""

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from beamtwin.databroker.broker import Broker
from beamtwin.databroker.errors import ImportFileError
from beamtwin.databroker.interchange.formats import export_runs, import_file
from beamtwin.databroker.interchange.options import Options
from beamtwin.databroker.stores import jsontext

_FILES = itertools.count()
METADATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


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


# --- what comes back of our own -----------------------------------------------

TABLES = ["csv", "spec"]


@pytest.mark.parametrize("form", TABLES)
def test_a_simulated_run_stays_one(form, elsewhere, make, fill, db, tmp_path):
    fill(db, make.run(2, twin={"target": "twin", "seed": 7}, plan_name="my own plan"))
    (path,) = export_runs([db[-1]], tmp_path / f"run.{form}")
    (back,) = import_file(elsewhere, path)
    assert (len(elsewhere.simulation), len(elsewhere.experiment)) == (1, 0)
    start = db[-1].start | {"uid": back.uid}
    assert {key: back.start[key] for key in start} == start


@pytest.mark.parametrize("form", TABLES)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(key=st.text(), value=METADATA)
def test_any_metadata_comes_back(form, key, value, tmp_path, make, fill):
    assume(key not in ("uid", "time", "scan_id", "plan_name", "hints", "imported", jsontext.MARK))
    with Broker.in_memory() as one, Broker.in_memory() as other:
        fill(one, make.run(1, **{key: value}))
        (path,) = export_runs([one[-1]], tmp_path / f"{next(_FILES)}.{form}")
        (back,) = import_file(other, path)
        assert make.same(back.start[key], one[-1].start[key])


@pytest.mark.parametrize("form", TABLES)
def test_what_was_scanned_comes_back(form, db, elsewhere, make, fill, tmp_path):
    grid = {"gridding": "rectilinear", "dimensions": [[["m"], "primary"], [["d"], "primary"]]}
    more = [[["far"], "primary"], [["m", "far"], "primary"]]
    hints = [grid, grid | {"dimensions": grid["dimensions"] + more}, {}, None]
    for said in hints:
        documents = make.run(2, hints=said)
        if said is None:
            del documents[0][1]["hints"]
        fill(db, documents)
        (path,) = export_runs([db[-1]], tmp_path / f"{next(_FILES)}.{form}")
        (back,) = import_file(elsewhere, path)
        assert back.start["hints"] == (grid if said else {})
        assert back.primary.columns().time.tolist() == db[-1].primary.columns().time.tolist()


def test_texts_come_back_from_a_table(scanned, elsewhere, tmp_path):
    (path,) = export_runs([scanned], tmp_path / "run.csv")
    (back,) = import_file(elsewhere, path)
    columns, were = back.primary.columns(), scanned.primary.columns()
    assert columns.data["state"].tolist() == were.data["state"].tolist()
    assert columns.time.tolist() == were.time.tolist()
    assert back.primary.data_keys["state"]["dtype"] == "string"


def test_a_key_may_be_called_time(db, elsewhere, make, fill, tmp_path):
    documents = make.run(0, stop=False)
    for number in (1, 2):
        event = make.event(documents[1][1]["uid"], number, time=number / 2, text=f'"{number},"')
        documents.append(("event", event))
    fill(db, documents)
    (path,) = export_runs([db[-1]], tmp_path / "run.csv")
    assert "time_,time,text" in path.read_text().splitlines()
    (back,) = import_file(elsewhere, path)
    found = {key: column.tolist() for key, column in back.primary.columns().data.items()}
    assert found == {"time": [0.5, 1.0], "text": ['"1,"', '"2,"']}
    assert back.primary.columns().time.tolist() == db[-1].primary.columns().time.tolist()


def test_a_gap_in_numbers_comes_back_as_nan(db, elsewhere, make, fill, tmp_path):
    documents = make.run(2, stop=False)
    documents[-1][1]["data"]["d"] = None
    fill(db, documents)
    for form in TABLES:
        (path,) = export_runs([db[-1]], tmp_path / f"run.{form}")
        (back,) = import_file(elsewhere, path)
        assert str(back.primary.columns().data["d"].tolist()) == "[2.0, nan]"


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ('#MD scan_id = "7"', "scan_id is '7'; it must be an integer"),
        ('#MD time = "noon"', "time is 'noon'; it must be a number"),
        ("#MD a = 1;", "line 11: Extra data"),
        ("#MD a", "line 11: Expecting value"),
        ('#MD "a', "line 11: Unterminated string"),
        pytest.param(
            f"#MD a = {'[' * 200}{']' * 200}", "nested deeper than 100 levels", id="nested"
        ),
        pytest.param(f"#MD a = {'[' * 100_000}", "line 11: maximum recursion depth", id="deep"),
        ('#MD a = {"$beamtwin": "array", "dtype": "O"}', "line 11: '.beamtwin' of 'array' cannot"),
    ],
)
def test_metadata_that_nobody_vouches_for(lines, complaint, scanned, elsewhere, tmp_path):
    (path,) = export_runs([scanned], tmp_path / "run.spec")
    written = path.read_text().splitlines()
    place = next(n for n, line in enumerate(written) if line.startswith("#MD"))
    lines = [*written[:place], lines, *(w for w in written[place:] if not w.startswith("#MD"))]
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(ImportFileError, match=complaint):
        import_file(elsewhere, path)
    assert len(elsewhere) == 0


@pytest.mark.parametrize(
    "said", ['{"time": 1.0}', "[]", '{"time":"x","start":{},"units":{}}', "{", '{"start":[]}']
)
def test_a_table_of_others_that_looks_like_ours(said, elsewhere, tmp_path):
    path = tmp_path / "other.csv"
    path.write_text(f"# beamtwin: {said}\nx,y\n1,2\n")
    with pytest.raises(ImportFileError, match="does not say which column was scanned; give --axis"):
        import_file(elsewhere, path)
    (run,) = import_file(elsewhere, path, options=Options(axis="x", time=5.0))
    assert (run.primary.dimensions, run.start["plan_name"]) == (["x"], "import_table")


@pytest.mark.parametrize(
    "said",
    [
        '"texts":["time",[],null]',
        '"units":{"x":{"a":[]}}',
        '"start":{"hints":[],"uid":{},"imported":0}',
        '"start":{"hints":{"dimensions":[[{},"primary"],["x","primary"]]}}',
        '"start":{"hints":{"dimensions":5}}',
        '"start":{"hints":{"dimensions":[[[],"primary"]]}}',
    ],
)
def test_nothing_that_a_table_says_of_itself_is_believed(said, elsewhere, tmp_path):
    path = tmp_path / "hostile.csv"
    path.write_text(f'# beamtwin: {{"time":1.0,"start":{{}},"units":{{}},{said}}}\ntime,x\n1,2\n')
    (run,) = import_file(elsewhere, path)
    assert run.primary.dimensions in ([], ["x"])
    assert run.primary.read()["x"].values.tolist() == [2.0]


def test_a_time_that_is_none(elsewhere, tmp_path):
    path = tmp_path / "hostile.csv"
    path.write_text('# beamtwin: {"time":1,"start":{},"units":{},"texts":["time"]}\ntime,x\na,2\n')
    with pytest.raises(ImportFileError, match="line 3, column 'time': 'a' is not a number"):
        import_file(elsewhere, path)


def test_of_a_table_of_ours_the_axis_may_be_another(scanned, elsewhere, tmp_path):
    (path,) = export_runs([scanned], tmp_path / "run.csv")
    (run,) = import_file(elsewhere, path, options=Options(axis="d"))
    assert run.primary.dimensions == ["d"]


# --- what others write --------------------------------------------------------


SPEC = """#F /data/old.spec
#E 1700000000
#D Tue Nov 14 17:13:20 2023
#O0 two theta  chi
#O1 phi

#S 3  ascan  chi 0 1 1 0.1
#D Tue Nov 14 17:14:20 2023
#MD uid = 5f0c2a81
#MD scan_id = 9
#MD twin = {"target": "twin"}
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
    assert (run.start["plan_name"], run.start.get("twin")) == ("ascan", None)
    assert run.primary.columns().time.tolist() == [1_700_000_061, 1_700_000_062]
    assert run.primary.columns().data["Detector"].tolist() == [5, 0.065]
    positions = {key: column.item() for key, column in run.baseline.columns().data.items()}
    assert positions == {"two theta": 10, "chi": 20, "phi": 30}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("0 61 1000 5", "0 61 1000"), "line 16: has 3 numbers; expected 4: "),
        (("0 61 1000 5", "0 61 x 5"), "line 16: could not convert"),
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
