"""Documents may name any file of this machine: which of them go into exports."""

import h5py
import numpy as np
import pytest

from beamtwin.databroker.assets.registry import Assets
from beamtwin.databroker.broker import Broker
from beamtwin.databroker.errors import DataBrokerError, ExportError
from beamtwin.databroker.interchange.formats import export_runs, import_file
from beamtwin.databroker.interchange.options import Options

FRAME = np.arange(20, dtype="u2").reshape(4, 5)
WAY_OUT = r"is not in a folder of which files may be handed on; these are: {}; .*--root {}"


@pytest.fixture
def data(tmp_path):
    """A data folder, as beamtwin makes it."""
    (tmp_path / "data" / "assets").mkdir(parents=True)
    return tmp_path / "data"


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "private" / "secret.npy"
    path.parent.mkdir()
    np.save(path, FRAME[None])
    return path


@pytest.fixture
def filed(data, make):
    """Files a run with one frame, which says where it is; gives the run as a user opens it."""
    opened = []

    def insert(mimetype="application/x-npy", uri=None, path=None, parameters=None, **options):
        documents = make.run(0, stop=False)
        run, uid = documents[0][1]["uid"], f"{documents[0][1]['uid']}/cam"
        key = {"dtype": "array", "shape": [4, 5], "source": "s", "external": "STREAM:"}
        resource = {
            "uid": f"{uid}/file",
            "run_start": run,
            "data_key": "image",
            "mimetype": mimetype,
            "uri": uri or f"file://localhost{path}",
            "parameters": parameters or {},
        }
        datum = {
            "uid": f"{uid}/0",
            "descriptor": uid,
            "stream_resource": resource["uid"],
            "indices": {"start": 0, "stop": 1},
            "seq_nums": {"start": 1, "stop": 2},
        }
        documents[1:] = [
            ("descriptor", make.descriptor(run, uid, "primary", image=key)),
            ("stream_resource", resource),
            ("stream_datum", datum),
            ("event", make.event(uid, 1) | {"data": {}, "timestamps": {}}),
            ("stop", make.stop(run)),
        ]
        broker = Broker.open(data / "catalog.sqlite", **options)
        opened.append(broker)
        broker.store.insert_all(documents)
        return broker[run]

    yield insert
    for broker in opened:
        broker.close()


def refused(run, out, match):
    with pytest.raises(DataBrokerError, match=match):
        export_runs([run], out)
    assert not out.exists()


def test_what_lies_in_the_data_folder_goes_along(filed, data, tmp_path, elsewhere):
    np.save(data / "assets" / "a.npy", FRAME[None])
    run = filed(path=data / "assets" / "a.npy")
    (path,) = export_runs([run], tmp_path / "run.beamtwin")
    (copy,) = import_file(elsewhere, path, None, Options(assets=tmp_path / "assets"))
    assert np.array_equal(copy.primary.read()["image"][0], FRAME)


@pytest.mark.parametrize("name", ["run.beamtwin", "run.nxs", "frames"])
def test_what_lies_elsewhere_is_refused_and_the_way_out_named(name, filed, secret, data, tmp_path):
    form = None if "." in name else "tiff"
    run = filed(path=secret)
    match = f"secret.npy {WAY_OUT}".format(data / "assets", secret.parent)
    with pytest.raises(DataBrokerError, match=match):
        export_runs([run], tmp_path / name, form)
    assert not (tmp_path / name).exists()
    assert np.array_equal(run.primary.read()["image"][0], FRAME)  # who reads it himself may


def test_the_users_own_word(filed, secret, tmp_path):
    run = filed(path=secret, roots=[secret.parent])
    export_runs([run], tmp_path / "run.beamtwin")
    moved = filed(path="/old/secret.npy", root_map={"/old": secret.parent})
    export_runs([moved], tmp_path / "moved.beamtwin")
    without = filed(path=secret)
    export_runs([without], tmp_path / "bare.beamtwin", None, Options(with_assets=False))
    assert (tmp_path / "bare.beamtwin").stat().st_size < 2000


def test_roots_of_a_catalogue_by_name(filed, secret, data, tmp_path, monkeypatch):
    run = filed(path=secret)
    config = tmp_path / "beamtwin" / "catalogs.toml"
    config.parent.mkdir()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    config.write_text(f'[mine]\nopen = "{data}/catalog.sqlite"\nroots = ["{secret.parent}"]\n')
    with Broker.open("mine") as broker:
        export_runs([broker[run.uid]], tmp_path / "run.beamtwin")
    config.write_text(f'[mine]\nopen = "{data}/catalog.sqlite"\nroots = "{secret.parent}"\n')
    with pytest.raises(DataBrokerError, match="roots is a list of folders"):
        Broker.open("mine")


def test_links_are_no_way_out(filed, secret, data, tmp_path):
    assets, out = data / "assets", tmp_path / "run.beamtwin"
    (assets / "link.npy").symlink_to(secret)
    (assets / "folder").symlink_to(secret.parent)
    (assets / "circle.npy").symlink_to(assets / "circle.npy")
    leads = rf"\(it leads to {secret}\) is not in a folder"
    refused(filed(path=assets / "link.npy"), out, leads)
    refused(filed(path=assets / "folder" / "secret.npy"), out, leads)
    refused(filed(path=assets / "circle.npy"), out, "circle.npy leads nowhere|is not there")
    refused(filed(uri=f"file:///{assets}/../../private/secret.npy"), out, "leads upwards")


def test_a_data_folder_that_is_a_link_itself(filed, data, tmp_path):
    (data / "assets").rmdir()
    (tmp_path / "disk").mkdir()
    (data / "assets").symlink_to(tmp_path / "disk")
    np.save(data / "assets" / "a.npy", FRAME[None])
    export_runs([filed(path=data / "assets" / "a.npy")], tmp_path / "run.beamtwin")


def test_a_series_with_a_link_in_it(filed, secret, data, tmp_path):
    mimetype = "multipart/related;type=application/x-npy"
    np.save(data / "assets" / "det_0.npy", FRAME)
    run = filed(mimetype, path=data / "assets", parameters={"template": "det_{:d}.npy"})
    (data / "assets" / "another").symlink_to(secret)
    export_runs([run], tmp_path / "run.beamtwin")
    (data / "assets" / "det_1.npy").symlink_to(secret)
    refused(run, tmp_path / "run.nxs", "det_1.npy .*is not in a folder")
    below = filed(mimetype, path=data / "assets", parameters={"template": "x/det_{:d}.npy"})
    refused(below, tmp_path / "run.nxs", "lie in folders below")


@pytest.mark.parametrize("virtual", [True, False])
def test_a_file_of_hdf5_that_leads_elsewhere(virtual, filed, secret, data, tmp_path):
    assets, frames = data / "assets", secret.with_name("frames.h5")
    with h5py.File(frames, "w") as file:
        file["data"] = FRAME[None]
    (assets / "neighbour.h5").symlink_to(frames)
    with h5py.File(assets / "master.h5", "w") as file:
        layout = h5py.VirtualLayout((1, 4, 5), "u2")
        layout[:] = h5py.VirtualSource("neighbour.h5", "data", (1, 4, 5))
        if virtual:
            file.create_virtual_dataset("data", layout)
        else:
            file["data"] = h5py.ExternalLink("neighbour.h5", "/data")
        file["circle"] = file["/"]
    run = filed("application/x-hdf5", path=assets / "master.h5", parameters={"dataset": "/data"})
    for name in ("run.nxs", "run.beamtwin"):
        refused(run, tmp_path / name, "neighbour.h5 .*is not in a folder")
    (assets / "neighbour.h5").unlink()
    frames.rename(assets / "neighbour.h5")
    (path,) = export_runs([run], tmp_path / "run.beamtwin")
    with Broker.in_memory() as broker:
        (copy,) = import_file(broker, path, None, Options(assets=tmp_path / "assets"))
        assert np.array_equal(copy.primary.read()["image"][0], FRAME)


def test_a_catalogue_without_a_folder(tomogram, tmp_path):
    tomogram.assets = Assets()
    with pytest.raises(
        ExportError, match=r"these are: none; .*leave the files out with --no-assets"
    ):
        export_runs([tomogram], tmp_path / "run.beamtwin")


@pytest.mark.parametrize(
    "changes",
    [{"uri": 5}, {"uri": "file://["}, {"uri": "file://localhost/" + "x" * 300}, {"parameters": 5}],
)
def test_announcements_of_nonsense(changes, filed, data, tmp_path):
    given = {"path": data / "assets" / "a.npy", **changes}
    run = filed(**given)
    refused(run, tmp_path / "run.beamtwin", str(tmp_path) + "|names no file|leads nowhere")
    with pytest.raises(DataBrokerError):
        run.primary.read()["image"].to_numpy()


def test_a_damaged_file_goes_along_as_it_is(filed, data, tmp_path):
    path = data / "assets" / "damaged.h5"
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    run = filed("application/x-hdf5", path=path, parameters={"dataset": "/data"})
    assert export_runs([run], tmp_path / "run.beamtwin")
