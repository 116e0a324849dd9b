"""Runs with their files in one archive; and archives that nobody should unpack."""

import json
import os
import shutil
import zipfile

import numpy as np
import pytest

from beamtwin.databroker.broker import Broker
from beamtwin.databroker.errors import ExportError, ImportFileError, RunNotFoundError
from beamtwin.databroker.interchange import unpacked
from beamtwin.databroker.interchange.formats import export_runs, import_file
from beamtwin.databroker.interchange.options import Options


@pytest.fixture
def packed(tomogram, tmp_path):
    (path,) = export_runs([tomogram], tmp_path / "run.beamtwin")
    return path


@pytest.fixture
def assets(tmp_path):
    return Options(assets=tmp_path / "assets")


def rewrite(path, change, **options):
    """The archive, with its members changed: a dictionary of names and contents."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w", **options) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def refused(broker, path, assets, match):
    with pytest.raises(ImportFileError, match=match):
        import_file(broker, path, None, assets)
    assert len(broker) == 0
    assert not assets.assets.exists() or not any(assets.assets.iterdir())


def test_frames_come_along(packed, tomogram, elsewhere, assets, frames_file):
    tomogram.tag("good")
    expected = tomogram.primary.read(["image"])["image"].to_numpy()
    shutil.rmtree(frames_file.parent)
    (run,) = import_file(elsewhere, packed, None, assets)
    assert np.array_equal(run.primary.read(["image"])["image"].to_numpy(), expected)
    assert import_file(elsewhere, packed, None, assets)[0].uid == run.uid
    assert len(list(assets.assets.iterdir())) == 1


def kill_while_filing(path, catalogue, assets, monkeypatch, *, filed=False):
    """Import in a process of its own, which ends before or after its runs are filed."""
    file_runs = unpacked.file_runs

    def die(*arguments):
        if filed:
            file_runs(*arguments)
        os._exit(9)

    with monkeypatch.context() as patched:
        patched.setattr(unpacked, "file_runs", die)
        child = os.fork()
        if child == 0:
            try:
                import_file(Broker.open(catalogue), path, None, assets)
            finally:
                os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def test_the_next_import_clears_up_after_one_that_was_killed(packed, assets, tmp_path, monkeypatch):
    catalogue = tmp_path / "killed.sqlite"
    for _ in range(2):
        kill_while_filing(packed, catalogue, assets, monkeypatch)
    (folder,) = [path for path in assets.assets.iterdir() if path.is_dir()]
    (folder / "left").touch()
    with Broker.open(catalogue) as db:
        (run,) = import_file(db, packed, None, assets)
        assert run.primary.read(["image"])["image"].shape == (3, 2, 3, 5)
    assert [path.name for path in assets.assets.iterdir()] == [folder.name]
    assert not (folder / "left").exists()


def test_a_folder_of_runs_that_were_filed_is_never_cleared(
    tomogram, scanned, assets, tmp_path, monkeypatch
):
    """The process was killed before it tore up its note; later one of the runs is deleted, and imported again."""
    (path,) = export_runs([tomogram, scanned], tmp_path / "runs.beamtwin")
    catalogue = tmp_path / "killed.sqlite"
    kill_while_filing(path, catalogue, assets, monkeypatch, filed=True)
    with Broker.open(catalogue) as db:
        db.remove(tomogram.uid)
        db.purge(tomogram.uid)
        import_file(db, path, None, assets)
    assert len([path for path in assets.assets.iterdir() if path.is_dir()]) == 2


def test_a_folder_of_another_catalogue_is_not_cleared(
    packed, assets, tmp_path, monkeypatch, elsewhere
):
    kill_while_filing(packed, tmp_path / "killed.sqlite", assets, monkeypatch)
    import_file(elsewhere, packed, None, assets)
    assert len([path for path in assets.assets.iterdir() if path.is_dir()]) == 2


def test_one_import_of_a_file_at_a_time(packed, assets, elsewhere, monkeypatch):
    def also(*_):
        with pytest.raises(ImportFileError, match="another process imports this file: wait for it"):
            import_file(elsewhere, packed, None, assets)

    with monkeypatch.context() as patched:
        patched.setattr(unpacked, "file_runs", also)
        with pytest.raises(RunNotFoundError):
            import_file(elsewhere, packed, None, assets)
    assert import_file(elsewhere, packed, None, assets)


def test_a_folder_that_cannot_be_made(packed, elsewhere, tmp_path):
    (tmp_path / "assets").touch()
    with pytest.raises(ImportFileError, match="assets: cannot have the files of an import: "):
        import_file(elsewhere, packed, None, Options(assets=tmp_path / "assets"))


def test_what_was_said_of_a_run_comes_along(scanned, elsewhere, tmp_path):
    scanned.tag("good")
    scanned.note("three beam losses", author="me")
    (path,) = export_runs([scanned], tmp_path / "run.beamtwin")
    (run,) = import_file(elsewhere, path)
    assert run.annotations == scanned.annotations


def test_the_same_run_is_the_same_file(tomogram, packed, tmp_path):
    (again,) = export_runs([tomogram], tmp_path / "again.beamtwin")
    assert again.read_bytes() == packed.read_bytes()


def test_frames_that_are_gone_can_be_left_out(tomogram, tmp_path, frames_file, elsewhere):
    frames_file.unlink()
    out = tmp_path / "run.beamtwin"
    with pytest.raises(ExportError, match=r"frames.h5 is not there .*--no-assets"):
        export_runs([tomogram], out)
    export_runs([tomogram], out, None, Options(with_assets=False))
    assert import_file(elsewhere, out)[0].uid == tomogram.uid


@pytest.mark.parametrize(
    "name",
    ["../escaped", "/etc/escaped", "assets/0/../../x", "assets\\0\\x", "assets/0/a/b", "new"],
)
def test_names_that_lead_elsewhere(name, packed, elsewhere, assets, tmp_path):
    rewrite(packed, lambda members: members.update({name: b"x"}))
    refused(elsewhere, packed, assets, "which no export puts there; nothing was unpacked")
    assert not (tmp_path / "escaped").exists()


def test_a_resource_that_would_lie_elsewhere(packed, elsewhere, assets):
    def change(members):
        manifest = json.loads(members["manifest.json"])
        for entry in manifest["resources"].values():
            entry["folder"] = "assets/../.."
        members["manifest.json"] = json.dumps(manifest).encode()

    rewrite(packed, change)
    refused(elsewhere, packed, assets, r"a resource lies in assets/\.\./\.\./frames.h5, outside")


def test_what_would_fill_the_disk(packed, elsewhere, assets, monkeypatch):
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10))
    refused(elsewhere, packed, assets, "has room for 10")


def test_what_would_fill_the_memory(packed, elsewhere, assets):
    bomb = {"documents.jsonl": b" " * 20_000_000}
    rewrite(packed, lambda members: members.update(bomb), compression=zipfile.ZIP_DEFLATED)
    with zipfile.ZipFile(packed) as archive:
        assert archive.getinfo("documents.jsonl").compress_size < 30_000
    refused(elsewhere, packed, assets, "claims 20000000 bytes|is compressed, which no export does")


@pytest.mark.parametrize("member", ["documents.jsonl", "assets/0/frames.h5"])
def test_a_content_that_changed_on_the_way(member, packed, elsewhere, assets):
    def change(members):
        changed = bytearray(members[member])
        changed[5] ^= 1
        members[member] = bytes(changed)

    rewrite(packed, change)
    with pytest.raises(ImportFileError):
        import_file(elsewhere, packed, None, assets)
    assert len(elsewhere) == 0
    assert not assets.assets.exists() or not any(assets.assets.iterdir())


def test_an_archive_that_was_cut_off(packed, elsewhere, assets):
    whole = packed.read_bytes()
    for size in (0, 10, len(whole) // 2, len(whole) - 1):
        packed.write_bytes(whole[:size])
        refused(elsewhere, packed, assets, "is no sound archive")


@pytest.mark.parametrize("text", [b"[]", b"{", b"{}", b'{"format": "other"}', b"\xff"])
def test_a_manifest_of_nonsense(text, packed, elsewhere, assets):
    rewrite(packed, lambda members: members.update({"manifest.json": text}))
    refused(elsewhere, packed, assets, "manifest.json makes no sense")
