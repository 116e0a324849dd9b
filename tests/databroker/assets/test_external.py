"""Data in HDF5 files that documents announce."""

import h5py
import numpy as np
import pytest

from beamtwin.databroker.errors import AssetError

FRAMES = np.arange(12 * 4 * 5, dtype="u2").reshape(12, 4, 5)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "with a space" / "frames.h5"
    path.parent.mkdir()
    with h5py.File(path, "w") as opened:
        opened["/entry/data/data"] = FRAMES
    return path


def streamed(make, file, shape, numbers, **changes):
    """A run whose images come by stream_resource and stream_datum, in blocks of events."""
    documents = make.run(0, stop=False)
    run = documents[0][1]["uid"]
    image = {"dtype": "array", "shape": shape, "source": "s", "external": "STREAM:"}
    number = {"dtype": "number", "shape": [], "source": "s"}
    documents[1] = ("descriptor", make.descriptor(run, "d", "primary", image=image, n=number))
    resource = {
        "uid": "r",
        "run_start": run,
        "data_key": "image",
        "mimetype": "application/x-hdf5",
        "uri": file.as_uri().replace("file://", "file://localhost"),
        "parameters": {"dataset": "/entry/data/data", "chunk_shape": [1, 4, 5]},
    } | changes
    documents.append(("stream_resource", resource))
    for start, stop in numbers:
        limits = {"start": start, "stop": stop}
        datum = {"uid": f"r/{start}", "descriptor": "d", "stream_resource": "r", "indices": limits}
        documents.append(
            ("stream_datum", datum | {"seq_nums": {"start": start + 1, "stop": stop + 1}})
        )
        documents += [("event", make.event("d", n + 1, n=n)) for n in range(start, stop)]
    return documents


def referenced(make, file, shape, frames, points, spec="AD_HDF5"):
    """A run whose images come by resource and datum."""
    documents = make.run(0, stop=False)
    run = documents[0][1]["uid"]
    image = {"dtype": "array", "shape": shape, "source": "s", "external": "FILESTORE:"}
    documents[1] = ("descriptor", make.descriptor(run, "d", "primary", image=image))
    resource = {
        "uid": "r",
        "spec": spec,
        "root": str(file.parent.parent),
        "resource_path": f"{file.parent.name}/{file.name}",
        "resource_kwargs": {"frame_per_point": frames},
        "path_semantics": "posix",
    }
    documents.append(("resource", resource))
    for number, point in enumerate(points, 1):
        datum = {
            "datum_id": f"r/{number}",
            "resource": "r",
            "datum_kwargs": {"point_number": point},
        }
        event = make.event("d", number, image=f"r/{number}")
        documents += [("datum", datum), ("event", event | {"filled": {"image": False}})]
    return documents


def test_a_streamed_dataset(db, make, fill, file):
    fill(db, streamed(make, file, [1, 4, 5], [(0, 5), (5, 6), (6, 12)]))
    image = db[-1].primary.read()["image"]
    assert (image.shape, image.dtype) == ((12, 1, 4, 5), np.dtype("u2"))
    np.testing.assert_array_equal(image.values[:, 0], FRAMES)


def test_several_frames_an_event(db, make, fill, file):
    fill(db, streamed(make, file, [3, 4, 5], [(0, 4)]))
    image = db[-1].primary.read()["image"]
    np.testing.assert_array_equal(image.values, FRAMES.reshape(4, 3, 4, 5))


def test_frames_without_an_axis_for_their_number(db, make, fill, file):
    fill(db, streamed(make, file, [4, 5], [(0, 12)]))
    np.testing.assert_array_equal(db[-1].primary.read()["image"].values, FRAMES)


@pytest.mark.parametrize(
    "pick",
    [
        {"time": 3},
        {"time": [1, 7, 2]},
        {"time": slice(2, 9, 3)},
        {"time": -1, "image_dim_1": slice(1, 3)},
        {"time": [0, 11], "image_dim_1": [3, 0], "image_dim_2": 2},
        {"image_dim_0": 0, "image_dim_2": slice(None, None, -1)},
    ],
)
def test_any_part_is_the_same_part_of_the_whole(db, make, fill, file, pick):
    fill(db, streamed(make, file, [1, 4, 5], [(0, 7), (7, 12)]))
    image = db[-1].primary.read()["image"]
    np.testing.assert_array_equal(
        image.isel(pick).values, image.copy(deep=True).load().isel(pick).values
    )


def test_only_what_is_used_is_read(db, make, fill, file, monkeypatch):
    fill(db, streamed(make, file, [1, 4, 5], [(0, 12)]))
    image = db[-1].primary.read()["image"]
    read = []
    getitem = h5py.Dataset.__getitem__
    monkeypatch.setattr(
        h5py.Dataset, "__getitem__", lambda self, key: read.append(key) or getitem(self, key)
    )
    assert image.isel(time=[2, 3, 9]).values.shape == (3, 1, 4, 5)
    assert read == [slice(2, 4), slice(9, 10)]


@pytest.mark.parametrize(
    ("shape", "frames", "expected"),
    [([4, 5], 1, FRAMES[[0, 1, 2, 5]]), ([2, 4, 5], 2, FRAMES.reshape(6, 2, 4, 5)[[0, 1, 2, 5]])],
)
def test_area_detector_files(db, make, fill, file, shape, frames, expected):
    fill(db, referenced(make, file, shape, frames, [0, 1, 2, 5]))
    np.testing.assert_array_equal(db[-1].primary.read()["image"].values, expected)


def test_area_detector_files_that_were_read_while_written(db, make, fill, file):
    fill(db, referenced(make, file, [4, 5], 1, [0, 1], "AD_HDF5_SWMR"))
    np.testing.assert_array_equal(db[-1].primary.read()["image"].values, FRAMES[:2])


def test_datum_pages(db, make, fill, file):
    documents = [
        pair for pair in referenced(make, file, [4, 5], 1, [0, 1, 2]) if pair[0] != "datum"
    ]
    page = {
        "resource": "r",
        "datum_id": ["r/1", "r/2", "r/3"],
        "datum_kwargs": {"point_number": [5, 6, 0]},
    }
    documents.insert(3, ("datum_page", page))
    fill(db, documents)
    np.testing.assert_array_equal(db[-1].primary.read()["image"].values, FRAMES[[5, 6, 0]])


def test_a_missing_file_names_run_key_and_path(db, make, fill, file):
    documents = fill(db, streamed(make, file, [1, 4, 5], [(0, 12)]))
    lazy = db[-1].primary.read()["image"]
    file.rename(file.with_suffix(".moved"))
    label = f"run {documents[0][1]['uid'][:8]}, image: "
    for ask in (lazy.load, db[-1].primary.read):
        with pytest.raises(AssetError) as caught:
            ask()
        assert str(caught.value).startswith(f"{label}{file} is not there; if files were moved")
    assert db[-1].primary.read(["n"])["n"].values.tolist() == list(range(12))


@pytest.mark.parametrize(
    ("numbers", "changes", "message"),
    [
        ([(0, 13)], {}, "/entry/data/data has 12 frames, and 13 were announced"),
        (
            [(0, 2)],
            {"mimetype": "image/x-unknown"},
            "nothing here reads 'image/x-unknown'; known: app",
        ),
        (
            [(0, 2)],
            {"uri": "http://elsewhere/f.h5"},
            "http://elsewhere/f.h5 is not a file on this machine",
        ),
        ([(0, 2)], {"parameters": {"dataset": "/entry"}}, "has no dataset /entry"),
        ([(0, 2)], {"data_key": "other"}, "image: no file was announced"),
    ],
)
def test_what_cannot_be_read_is_said(db, make, fill, file, numbers, changes, message):
    fill(db, streamed(make, file, [1, 4, 5], numbers, **changes))
    with pytest.raises(AssetError, match=message):
        db[-1].primary.read()["image"].load()


def test_a_file_that_is_no_hdf5(db, make, fill, file):
    fill(db, streamed(make, file, [1, 4, 5], [(0, 2)]))
    file.write_text("not HDF5")
    with pytest.raises(AssetError, match=r"frames\.h5 cannot be read as HDF5"):
        db[-1].primary.read()


def test_an_event_whose_frame_was_not_announced(db, make, fill, file):
    documents = streamed(make, file, [1, 4, 5], [(0, 3)])
    fill(db, [*documents, ("event", make.event("d", 4, n=3))])
    image = db[-1].primary.read()["image"]
    assert image[2].values.shape == (1, 4, 5)
    with pytest.raises(AssetError, match="image: event 4 has no data announced"):
        image.load()


def test_a_stream_of_frames_alone_has_rows(db, make, fill, file):
    """A fly scan announces frames, and no events."""
    documents = [pair for pair in streamed(make, file, [1, 4, 5], [(0, 12)]) if pair[0] != "event"]
    fill(db, documents)
    data = db[-1].primary.read(["image"])
    assert data["image"].shape == (12, 1, 4, 5)
    assert data["seq_num"].values.tolist() == list(range(1, 13))
