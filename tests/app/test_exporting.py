"""``beamtwin export`` and ``import``."""

import json
from zipfile import ZipFile

import h5py
import pytest

from beamtwin.app.commands_catalogue import Form
from beamtwin.databroker.broker import Broker
from beamtwin.databroker.interchange.formats import FORMATS


def test_the_command_line_knows_every_format():
    assert [form.value for form in Form] == list(FORMATS)


@pytest.mark.parametrize("form", ["jsonl", "msgpack", "beamtwin"])
def test_out_and_in(form, beamtwin, filed, tmp_path):
    out, other = tmp_path / f"runs.{form}", tmp_path / "other"
    assert beamtwin("export", "1", "-1", "--out", str(out)).out == f"{out}\n"
    done = beamtwin("import", str(out), "--data", str(other))
    assert done.out.endswith(f"2 runs in {other}\n")
    assert beamtwin("import", str(out), "--data", str(other)).code == 0
    with Broker.open(other / "catalog.sqlite", readonly=True) as broker:
        assert [run.uid for run in broker] == [filed[2], filed[0]]


@pytest.mark.parametrize("form", ["csv", "spec"])
def test_tables_out_and_in(form, beamtwin, filed, tmp_path, catalogue):
    out = tmp_path / f"run.{form}"
    beamtwin("export", "-1", "--out", str(out))
    (run,) = json.loads(beamtwin("import", str(out), "--json").out)
    data = catalogue()[run["uid"]].primary.columns().data
    assert data["y"].tolist() == [n / 7 * 2 for n in range(5)]


def test_a_file_for_each_run(beamtwin, filed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = beamtwin("export", "1", "2", "--format", "csv", "--out", "tables", "--json")
    names = [run["path"] for run in json.loads(done.out)]
    assert names == [str(tmp_path / "tables" / f"{n}bcdef00.csv") for n in (0, 1)]


def test_nexus_is_plotted_at_once(beamtwin, filed, tmp_path):
    beamtwin("export", "1", "2", "--out", str(tmp_path / "runs.nxs"))
    with h5py.File(tmp_path / "runs.nxs") as file:
        data = file[file.attrs["default"]]["data"]
        assert data[data.attrs["axes"][0]].attrs["units"] == "mm"
        assert list(file) == ["entry_1", "entry_2"]


def test_errors_say_what_to_do(beamtwin, filed, tmp_path):
    out = tmp_path / "run.csv"
    out.write_text("precious")
    assert "with --force" in beamtwin("export", "-1", "--out", str(out)).complaint
    assert beamtwin("export", "-1", "--out", str(out), "--force").code == 0
    assert "name one: --format csv|" in beamtwin("export", "-1", "--out", "x").complaint
    assert (
        "no key with frames" in beamtwin("export", "-1", "--out", str(tmp_path / "x.dx")).complaint
    )
    assert (
        "has no stream 'x'" in beamtwin("export", "-1", "--out", "y.csv", "--stream", "x").complaint
    )
    foreign = tmp_path / "foreign.csv"
    foreign.write_text("x,y\n1,2\n")
    assert "give --axis COLUMN and --time" in beamtwin("import", str(foreign)).complaint
    assert beamtwin("import", str(foreign), "--axis", "x", "--time", "2024-01-01").code == 0


def test_a_file_from_elsewhere_goes_along_where_the_user_says_so(beamtwin, filed, data, tmp_path):
    """What a run names that was imported from a stranger might be any file of this machine."""
    secret, out = tmp_path / "private" / "secret.npy", str(tmp_path / "run.beamtwin")
    secret.parent.mkdir()
    secret.write_bytes(b"secret")
    run = {"uid": "spy", "time": 1.0}
    about = {"spec": "NPY", "root": str(secret.parent), "resource_path": secret.name}
    resource = {"uid": "r", "run_start": "spy", "resource_kwargs": {}, **about}
    with Broker.open(data / "catalog.sqlite") as broker:
        broker.store.insert_all([("start", run), ("resource", resource)])
    complaint = beamtwin("export", "spy", "--out", out).complaint
    assert f"{secret} is not in a folder of which files may be handed on" in complaint
    assert f"these are: {data / 'assets'}" in complaint
    assert f"--root {secret.parent}" in complaint
    assert "--no-assets" in complaint
    assert beamtwin("export", "spy", "--out", out, "--no-assets").code == 0
    assert (
        beamtwin("export", "spy", "--out", out, "--root", str(secret.parent), "--force").code == 0
    )
    with ZipFile(out) as archive:
        assert archive.read("assets/0/secret.npy") == b"secret"
