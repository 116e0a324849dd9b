"""Every format: what is written is there whole or not at all, and what is read back is the same."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beamtwin.databroker.broker import Broker
from beamtwin.databroker.errors import DataBrokerError, ExportError, ImportFileError
from beamtwin.databroker.interchange.formats import FORMATS, export_runs, import_file
from beamtwin.databroker.interchange.options import Options

LIMITED = """
import resource, signal, sys
from pathlib import Path
import h5py, tifffile
import numpy as np
from beamtwin.databroker import Broker, DataBrokerError
from beamtwin.databroker.interchange.composing import Points, compose
from beamtwin.databroker.interchange.formats import export_runs

form, out, folder = sys.argv[1:]
broker = Broker.in_memory()
uid = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
rows = [{"x": n / 7, "y": n / 3} for n in range(2000)]
points = Points("primary", "table", "test", rows, [1e9 + n for n in range(2000)], axis="x")
documents = list(compose({"uid": uid, "time": 1e9}, [points]))
if form == "tiff":
    key = {"dtype": "array", "shape": [1, 40, 40], "source": "test"}
    documents[1][1]["data_keys"] = {"image": key}
    for name, doc in documents[2:-1]:
        doc["data"] = {"image": np.zeros((1, 40, 40))}
        doc["timestamps"] = {"image": 1e9}
    del documents[12:-1]
broker.store.insert_all(documents)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
try:
    export_runs([broker[uid]], Path(out), form)
except DataBrokerError as error:
    print(error)
"""

EXACT = ["jsonl", "msgpack", "beamtwin"]
_TREES = itertools.count()


@pytest.mark.parametrize("form", EXACT)
def test_documents_come_back_as_they_were(form, scanned, elsewhere, tmp_path, make):
    (path,) = export_runs([scanned], tmp_path / f"run.{form}")
    (run,) = import_file(elsewhere, path)
    assert make.same(list(run.documents()), list(scanned.documents()))


@pytest.mark.parametrize("form", EXACT)
def test_the_same_run_again_is_found_and_another_with_its_uid_refused(
    form, scanned, elsewhere, tmp_path, make, fill
):
    (path,) = export_runs([scanned], tmp_path / f"run.{form}")
    for _ in range(2):
        assert [run.uid for run in import_file(elsewhere, path)] == [scanned.uid]
    assert len(elsewhere) == 1
    with Broker.open(":memory:") as third:
        fill(third, make.run(uid=scanned.uid))
        with pytest.raises(
            ImportFileError, match=f"run {scanned.uid} is stored already, with anot"
        ):
            import_file(third, path)


@pytest.mark.parametrize("form", EXACT)
def test_several_runs_in_one_file(form, db, elsewhere, tmp_path, make, fill):
    for _ in range(3):
        fill(db, make.run())
    export_runs(list(db), tmp_path / f"runs.{form}")
    runs = import_file(elsewhere, tmp_path / f"runs.{form}")
    assert [run.uid for run in runs] == [run.uid for run in db]


METADATA = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text()
    | st.binary()
    | st.sampled_from([np.int8(3), np.float32("nan"), np.arange(6.0).reshape(2, 3)]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("form", EXACT)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(metadata=METADATA)
def test_any_metadata_survives(form, metadata, tmp_path, make, fill):
    path = tmp_path / f"{next(_TREES)}.{form}"
    with Broker.open(":memory:") as one, Broker.open(":memory:") as other:
        fill(one, make.run(given=metadata))
        export_runs([one[-1]], path)
        (run,) = import_file(other, path)
        assert make.same(list(run.documents()), list(one[-1].documents()))


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_is_overwritten_unless_asked(form, tomogram, tmp_path):
    out = tmp_path / "there"
    out.write_text("precious")
    with pytest.raises(ExportError, match=r"is there already; .* --force"):
        export_runs([tomogram], out, form)
    assert out.read_text() == "precious"


@pytest.mark.parametrize("form", sorted(set(FORMATS) - {"tiff"}))
def test_force_replaces_a_file(form, tomogram, tmp_path):
    out = tmp_path / "there"
    out.write_text("precious")
    assert export_runs([tomogram], out, form, Options(force=True)) == [out]
    assert out.read_bytes()[:8] != b"precious"


@pytest.mark.parametrize("form", ["nexus", "nxtomo", "dx", "tiff", "beamtwin"])
def test_an_export_that_fails_leaves_what_was_there(form, tomogram, tmp_path, frames_file):
    """Its frames are gone."""
    frames_file.unlink()
    out = tmp_path / "there"
    out.write_text("precious")
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(DataBrokerError, match=r"frames\.h5"):
        export_runs([tomogram], out, form, Options(force=True))
    assert out.read_text() == "precious"
    assert sorted(os.listdir(tmp_path)) == before


@pytest.mark.parametrize("form", ["csv", "nexus", "jsonl", "beamtwin", "tiff"])
def test_a_full_disk(form, tmp_path):
    """No file may be longer than 1,000 bytes."""
    out = tmp_path / "out"
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, form, str(out), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith(f"{out}: cannot be written: "), done
    assert "File too large" in done.stdout
    assert done.stdout.endswith("; nothing was\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert not out.exists()
    assert not list(tmp_path.glob(".out*"))


def test_a_folder_that_nobody_may_write_to(scanned):
    """Not even root writes into /proc."""
    with pytest.raises(ExportError, match=r"^/proc/run.csv: cannot be written: .*; nothing was$"):
        export_runs([scanned], Path("/proc/run.csv"))


def test_ctrl_c_leaves_nothing_half_written(scanned, tmp_path):
    def interrupt(*_):
        raise KeyboardInterrupt

    before = sorted(os.listdir(tmp_path))
    with pytest.raises(KeyboardInterrupt):
        export_runs([scanned], tmp_path / "out.jsonl", options=Options(watch=interrupt))
    assert sorted(os.listdir(tmp_path)) == before


def test_in_a_folder_files_are_called_by_uid(db, tmp_path, make, fill):
    uids = ["0123456789", "../../etc"]
    for uid in uids:
        fill(db, make.run(uid=uid))
    runs = [db[uid] for uid in uids]
    written = export_runs(runs, tmp_path / "tables", "csv")
    assert [path.name for path in written] == ["01234567.csv", "_.._et.csv"]
    assert all(path.parent == tmp_path / "tables" for path in written)


def test_what_names_no_format_is_asked_back(scanned, db, tmp_path):
    with pytest.raises(ExportError, match=r"its name says no format; name one: --format csv\|"):
        export_runs([scanned], tmp_path / "out")
    with pytest.raises(ExportError, match="'docx' is no format; known: csv, "):
        export_runs([scanned], tmp_path / "out", "docx")
    with pytest.raises(ImportFileError, match="this format is only written; read are: csv, "):
        import_file(db, tmp_path / "in.nxs")
    with pytest.raises(ImportFileError, match="there is no such file"):
        import_file(db, tmp_path / "in.jsonl")


def test_the_longest_extension_decides(tomogram, tmp_path):
    import h5py

    (path,) = export_runs([tomogram], tmp_path / "tooth.dx.h5")
    with h5py.File(path) as file:
        assert "exchange" in file
