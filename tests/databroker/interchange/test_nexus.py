"""NeXus, NXtomo and Data Exchange, as h5py alone sees them."""

import json
from datetime import datetime

import h5py
import numpy as np
import pytest

from beamtwin.databroker.errors import ExportError
from beamtwin.databroker.interchange import frames
from beamtwin.databroker.interchange.formats import export_runs
from beamtwin.databroker.interchange.options import Options


def plotted(file):
    """What a viewer shows: it follows the defaults from the file to the data."""
    entry = file[file.attrs["default"]]
    data = entry[entry.attrs["default"]]
    assert [g.attrs["NX_class"] for g in (file, entry, data)] == ["NXroot", "NXentry", "NXdata"]
    signal, axes = data[data.attrs["signal"]], list(data.attrs["axes"])
    assert len(axes) == signal.ndim
    for dimension, axis in enumerate(axes):
        if axis != ".":
            assert data[axis].shape == (signal.shape[dimension],)
            assert list(data.attrs[f"{axis}_indices"]) == [dimension]
    return entry, signal, data[axes[0]]


def test_a_scan_is_plotted_over_its_motor(scanned, tmp_path):
    (path,) = export_runs([scanned], tmp_path / "run.nxs")
    with h5py.File(path) as file:
        entry, signal, axis = plotted(file)
        assert (signal.name, axis.name) == ("/entry/data/d", "/entry/data/m")
        assert (signal.attrs["units"], axis.attrs["units"]) == ("counts", "mm")
        expected = scanned.primary.columns().data["d"]
        assert np.array_equal(signal[()], expected, equal_nan=True)
        assert list(file["/entry/data/state"].asstr()) == [f"it's, {n}" for n in range(1, 6)]
        began = datetime.fromisoformat(entry["start_time"].asstr()[()])
        assert began.timestamp() == scanned.start["time"]
        assert entry["sample/name"].asstr()[()] == "wäter"
        assert entry["baseline/b_one"][()] == [12.5]
        assert entry["baseline/b_one"].attrs["units"] == "deg"


def test_devices_lead_to_their_data(scanned, tmp_path):
    (path,) = export_runs([scanned], tmp_path / "run.nxs")
    with h5py.File(path) as file:
        instrument = file["/entry/instrument"]
        kinds = {name: instrument[name].attrs["NX_class"] for name in ("m", "d", "b")}
        assert kinds == {"m": "NXpositioner", "d": "NXdetector", "b": "NXcollection"}
        link = instrument["m/primary/m"]
        assert file[link.attrs["target"]] == link == file["/entry/data/m"]
        assert instrument["m/configuration/m_velocity"][()] == 1.5


def test_every_document_is_in_it(scanned, tmp_path):
    (path,) = export_runs([scanned], tmp_path / "run.nxs")
    with h5py.File(path) as file:
        notes = file["/entry/documents"]
        assert json.loads(notes["start/data"].asstr()[()]) == scanned.start
        assert json.loads(notes["stop/data"].asstr()[()]) == scanned.stop
        assert len(json.loads(notes["descriptors/data"].asstr()[()])) == 2


@pytest.mark.parametrize("block", [1, 60, 100, 10**6])
def test_frames_are_copied_block_by_block(block, tomogram, tmp_path, monkeypatch):
    """A frame is 30 bytes, an event two."""
    monkeypatch.setattr(frames, "_BLOCK_BYTES", block)
    (path,) = export_runs([tomogram], tmp_path / "run.nxs")
    with h5py.File(path) as file:
        _, signal, angle = plotted(file)
        expected = np.arange(6 * 15).reshape(3, 2, 3, 5)
        assert np.array_equal(signal[()], expected)
        assert angle.attrs["units"] == "deg"


def test_nxtomo(tomogram, tmp_path):
    (path,) = export_runs([tomogram], tmp_path / "tomo.nxtomo.nxs")
    with h5py.File(path) as file:
        entry, signal, angle = plotted(file)
        assert entry["definition"].asstr()[()] == "NXtomo"
        key = entry["instrument/detector/image_key"][()]
        assert key.tolist() == [2, 2, 1, 1, 0, 0, 0, 0, 0, 0]
        assert signal == entry["instrument/detector/data"]
        assert signal[:, 0, 0].tolist() == [120, 135, 90, 105, 0, 15, 30, 45, 60, 75]
        assert angle == entry["sample/rotation_angle"]
        assert angle[4:].tolist() == [0, 0, 60, 60, 120, 120]


def test_data_exchange(tomogram, tmp_path):
    (path,) = export_runs([tomogram], tmp_path / "tomo.dx")
    with h5py.File(path) as file:
        shapes = {name: dataset.shape for name, dataset in file["exchange"].items()}
        assert shapes == {
            "data": (6, 3, 5),
            "data_white": (2, 3, 5),
            "data_dark": (2, 3, 5),
            "theta": (6,),
        }
        assert file["exchange/theta"].attrs["units"] == "degrees"
        assert file["implements"].asstr()[()] == "exchange:measurement"


def test_which_frames_are_what_may_be_said_event_by_event(db, make, fill, tmp_path):
    documents = make.run(0, stop=False, tomography={"image_key": "kind", "angle": "angle"})
    run = documents[0][1]["uid"]
    keys = {
        "angle": {"dtype": "number", "shape": [], "source": "s", "units": "rad"},
        "kind": {"dtype": "integer", "shape": [], "source": "s"},
        "image": {"dtype": "array", "shape": [2, 2], "source": "s"},
    }
    documents[1] = ("descriptor", make.descriptor(run, "k", "primary", **keys))
    for n, kind in enumerate((2, 1, 0, 3, 0), 1):
        data = {"angle": n * np.pi / 2, "kind": kind, "image": np.full((2, 2), n)}
        documents.append(("event", make.event("k", n, **data)))
    fill(db, documents)
    (path,) = export_runs([db[run]], tmp_path / "tomo.dx")
    with h5py.File(path) as file:
        exchange = file["exchange"]
        found = {name: exchange[name][:, 0, 0].tolist() for name in exchange if name != "theta"}
        assert found == {"data": [3, 5], "data_white": [2], "data_dark": [1]}
        assert exchange["theta"][()] == pytest.approx([270, 450])


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (Options(flat="white"), "has no stream 'white'; it has: primary, flat, dark"),
        (Options(key="angle"), "'angle' is no key with frames; it has: image"),
        (Options(angle="theta"), "no column 'theta' of the rotation angle .* --angle"),
        (Options(image_key="kind"), "no column 'kind' beside it"),
    ],
)
def test_what_is_not_there_is_named(options, complaint, tomogram, tmp_path):
    with pytest.raises(ExportError, match=complaint):
        export_runs([tomogram], tmp_path / "tomo.dx", None, options)
    assert not (tmp_path / "tomo.dx").exists()


def test_a_tiff_for_each_frame(tomogram, tmp_path):
    import tifffile

    (path,) = export_runs([tomogram], tmp_path / "frames", "tiff")
    files = sorted(path.glob("*.tif"))
    assert [file.name for file in files] == [f"image_{n:05d}.tif" for n in range(1, 7)]
    assert np.array_equal(tifffile.imread(files), np.arange(6 * 15).reshape(6, 3, 5))
    with tifffile.TiffFile(files[3]) as file:
        about = json.loads(file.pages[0].description)
    assert about == {
        "run": tomogram.uid,
        "stream": "primary",
        "key": "image",
        "event": 2,
        "frame": 2,
    }
    assert json.loads((path / "run.json").read_text())["start"] == tomogram.start
