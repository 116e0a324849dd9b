"""Kinds of files: those known here, one's own, and those that mean harm."""

import hashlib
import pickle
import traceback

import h5py
import numpy as np
import pytest
import tifffile

from beamtwin.databroker import Broker
from beamtwin.databroker.assets.registry import Assets
from beamtwin.databroker.errors import AssetError

FRAMES = np.arange(6 * 4 * 5, dtype="u2").reshape(6, 4, 5)


def streamed(path, mimetype, **parameters):
    uri = path.as_uri().replace("file://", "file://localhost")
    return {"uid": "r", "data_key": "x", "mimetype": mimetype, "uri": uri, "parameters": parameters}


def referenced(path, spec, **kwargs):
    return {
        "uid": "r",
        "spec": spec,
        "root": str(path.parent),
        "resource_path": path.name,
        "resource_kwargs": kwargs,
        "path_semantics": "posix",
    }


def hdf5(path, dataset="/entry/data/data", **parameters):
    return Assets().open(
        streamed(path, "application/x-hdf5", dataset=dataset, **parameters), [4, 5]
    )


# --- known here ---------------------------------------------------------------


def test_one_npy(tmp_path):
    np.save(tmp_path / "a.npy", FRAMES)
    rows = Assets().open(streamed(tmp_path / "a.npy", "application/x-npy"), [4, 5])
    assert rows.describe() == ((4, 5), np.dtype("u2"))
    np.testing.assert_array_equal(rows.read(2, 3), FRAMES[2:5])
    with pytest.raises(AssetError, match="7 were announced"):
        rows.read(0, 7)


def test_numbered_npys(tmp_path):
    for number, frame in enumerate(FRAMES):
        np.save(tmp_path / f"a_{number}.npy", frame)
    stream = streamed(tmp_path, "multipart/related;type=application/x-npy", template="a_{:d}.npy")
    np.testing.assert_array_equal(Assets().open(stream, [4, 5]).read(1, 5), FRAMES[1:])
    datums = [{"index": 3}, {"index": 0}, {"index": 1}]
    rows = Assets().open(referenced(tmp_path / "a", "NPY_SEQ"), [4, 5], datums)
    np.testing.assert_array_equal(rows.read(0, 3), FRAMES[[3, 0, 1]])


@pytest.mark.parametrize(
    ("mimetype", "text", "parameters", "shape", "expected"),
    [
        ("text/csv", "# by hand\nx,y\n1,2\n3,4\n5,6\n", {"column": "y"}, [], [4.0, 6.0]),
        ("text/csv", "1;2\n3;4\n5;6\n", {"column": 0, "delimiter": ";", "header": False}, [], [3.0, 5.0]),
        ("text/csv", "x,y\n1,2\n3,4\n5,6\n", {}, [2], [[3.0, 4.0], [5.0, 6.0]]),
        ("text/plain", "1 2\n3  4\n\n5\t6\n", {"column": 1}, [], [4.0, 6.0]),
    ],
)  # fmt: skip
def test_text_tables(tmp_path, mimetype, text, parameters, shape, expected):
    path = tmp_path / "a.txt"
    path.write_text(text)
    rows = Assets().open(streamed(path, mimetype, **parameters), shape)
    assert rows.describe(1)[0] == tuple(shape)
    assert rows.read(1, 2).tolist() == expected


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("x,secret\n1,2\n3,4\n", "z", "has no column 'z' among the 2 that it names$"),
        ("x,y\n1,2\n", "x", "has no row 2"),
        ("x,y\n#\n1,2\n1,secret\n", "y", "as numbers: line 4, column 2 is no number$"),
        ("x,y\n1,2\nsecret,2,3\n", None, "as numbers: line 3 has 3 columns, and line 2 2$"),
        ("x,y\n1,2\n1_0,2\n", None, "as numbers: its lines 2 to 3 are no table of numbers$"),
        ("x,y\n1,2\n3,4\n", 2, "as numbers: line 2 has 2 columns, and none of the number 2$"),
        ("x,y\nsecret\udcff\n", "x", "as numbers: it is no text$"),
    ],
)
def test_text_that_is_no_table(tmp_path, text, column, message):
    """Nor is it quoted: a document may name any file, and errors are sent around."""
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(AssetError, match=message) as caught:
        Assets().open(streamed(path, "text/csv", column=column), []).read(0, 2)
    assert "secret" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("kind", ["CSV", "ASCII", "NPY", "AD_TIFF", "AD_HDF5"])
def test_no_reader_quotes_another_file(folder, kind):
    (folder / "a_0").write_text("secret:x,y\nsecret,secret\n")
    parameters = {"template": "%s%s_%d", "filename": "a", "frame_per_point": 1}
    of_frames = folder if kind == "AD_TIFF" else folder / "a_0"
    with pytest.raises(AssetError, match="cannot be read as") as caught:
        Assets().open(referenced(of_frames, kind, **parameters), [4, 5]).read(0, 1)
    assert "secr" not in str(caught.value)


def eiger(folder, sequence, link="{prefix}_data_000001.h5"):
    """Six frames in two data files, and a master that links to them."""
    prefix = f"e_{sequence}"
    with h5py.File(folder / f"{prefix}_master.h5", "w") as master:
        for number, part in enumerate((FRAMES[:4], FRAMES[4:]), 1):
            name = f"{prefix}_data_{number:06d}.h5"
            with h5py.File(folder / name, "w") as file:
                file["/entry/data/data"] = part + sequence
            target = link.format(prefix=prefix) if number == 1 else name
            master[f"/entry/data/data_{number:06d}"] = h5py.ExternalLink(target, "/entry/data/data")


def test_eiger_sequences(tmp_path):
    eiger(tmp_path, 7)
    eiger(tmp_path, 8)
    datums = [{"seq_id": 8}, {"seq_id": 7}]
    rows = Assets().open(
        referenced(tmp_path / "e", "AD_EIGER2", images_per_file=4), [6, 4, 5], datums
    )
    assert rows.describe() == ((6, 4, 5), np.dtype("u2"))
    np.testing.assert_array_equal(rows.read(0, 2), [FRAMES + 8, FRAMES + 7])
    (tmp_path / "e_7_data_000002.h5").unlink()
    with pytest.raises(AssetError, match=r"e_7_data_000002\.h5 is not there"):
        rows.read(1, 1)


@pytest.mark.parametrize(
    ("stored", "shape", "join_method"),
    [
        ((6, 4, 5), [4, 5], "stack"),
        ((6, 4, 5), [1, 4, 5], "concat"),
        ((6, 1, 4, 5), [1, 4, 5], "stack"),
        ((12, 4, 5), [2, 4, 5], "concat"),
        ((24, 5), [4, 5], "concat"),
        ((6,), [], "concat"),
        ((6,), [1], "concat"),
    ],
)
def test_datasets_as_consolidators_join_them(tmp_path, stored, shape, join_method):
    values = np.arange(np.prod(stored)).reshape(stored)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = values
    parameters = {"dataset": "x", "join_method": join_method, "chunk_shape": [1, *shape]}
    rows = Assets().open(streamed(tmp_path / "a.h5", "application/x-hdf5", **parameters), shape)
    np.testing.assert_array_equal(rows.read(0, 6), values.reshape(6, *shape))


def test_a_file_still_written(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w", libver="latest", locking=False) as file:
        data = file.create_dataset("x", (2, 4, 5), "u2", maxshape=(None, 4, 5))
        file.swmr_mode = True
        data[:] = FRAMES[:2]
        data.flush()
        np.testing.assert_array_equal(hdf5(path, "x", swmr=True).read(0, 2), FRAMES[:2])


# --- one's own ------------------------------------------------------------------


class Doubled:
    """A handler as Bluesky's are."""

    specs = frozenset({"DOUBLE"})

    def __init__(self, path, factor=2):
        self.values = np.load(path) * factor

    def __call__(self, n, part=slice(None)):
        return self.values[n][part]


@pytest.fixture
def saved(tmp_path):
    np.save(tmp_path / "a.npy", FRAMES)
    return tmp_path / "a.npy"


def test_a_handler_of_bluesky(saved):
    assets = Assets({"DOUBLE": Doubled})
    rows = assets.open(referenced(saved, "DOUBLE", factor=3), [4, 5], [{"n": 5}, {"n": 0}])
    np.testing.assert_array_equal(rows.read(0, 2), FRAMES[[5, 0]] * 3)


def test_a_function_as_a_handler(saved):
    class Mine:
        def __init__(self, path, parameters, shape):
            self.values = np.load(path) + parameters["add"]

        def describe(self, row=0):
            return self.values.shape[1:], self.values.dtype

        def read(self, first, count):
            return self.values[first : first + count]

    with Broker.in_memory(handlers={"image/x-mine": Mine}) as db:
        rows = db.search({}).assets.open(streamed(saved, "image/x-mine", add=1), [4, 5])
        np.testing.assert_array_equal(rows.read(0, 6), FRAMES + 1)
        with pytest.raises(AssetError, match="'image/x-mine' has a handler; to replace it"):
            db.register_handler("image/x-mine", Doubled)
        db.register_handler("image/x-mine", Doubled, overwrite=True)
        with pytest.raises(AssetError, match="a handler is a class or a function, not 'Doubled'"):
            db.register_handler("DOUBLED", "Doubled")
    with (
        Broker.in_memory() as other,
        pytest.raises(AssetError, match="nothing here reads 'image/x-mine'"),
    ):
        other.assets.open(streamed(saved, "image/x-mine"), [])


def test_checksums(saved):
    stated = hashlib.sha256(saved.read_bytes()).hexdigest()
    with Broker.in_memory() as db:
        db("start", {"uid": "run-1", "time": 1.7e9})
        for number, name in enumerate(["a.npy", "a.npy", "b.npy", "a"]):
            checksum = {} if number == 3 else {"sha256": stated if number != 1 else "0" * 64}
            doc = referenced(saved.with_name(name), "NPY", **checksum)
            db("resource", doc | {"uid": f"r{number}", "run_start": "run-1"})
        states = [report.state for report in db["run-1"].verify()]
    assert states == ["same", "changed", "missing", "unstated"]


# --- that mean harm ---------------------------------------------------------------


class Harm:
    def __reduce__(self):
        return (print, ("unpickled",))


def test_no_pickle_is_loaded(tmp_path, capsys):
    np.save(tmp_path / "a.npy", np.array([Harm()], object), allow_pickle=True)
    (tmp_path / "b.npy").write_bytes(pickle.dumps(Harm()))
    for name in ("a.npy", "b.npy"):
        with pytest.raises(AssetError, match=r"\.npy cannot be read as an array of numbers"):
            Assets().open(streamed(tmp_path / name, "application/x-npy"), []).read(0, 1)
    assert "unpickled" not in capsys.readouterr().out


def test_a_npy_that_declares_more_than_it_has(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, FRAMES)
    path.write_bytes(path.read_bytes().replace(b"(6, 4, 5)", b"(9999999, 9999, 9)")[:4096])
    with pytest.raises(AssetError, match="cannot be read as an array"):
        Assets().open(streamed(path, "application/x-npy"), [4, 5]).describe()


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "secret.h5"
    with h5py.File(path, "w") as file:
        file["x"] = FRAMES
    return path


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.mark.parametrize("target", ["../secret.h5", "{secret}"])
def test_links_lead_only_into_the_files_folder(folder, secret, target):
    eiger(folder, 1, link=target.format(secret=secret))
    rows = Assets().open(referenced(folder / "e", "AD_EIGER"), [6, 4, 5], [{"seq_id": 1}])
    with pytest.raises(AssetError, match=r"e_1_master\.h5 leads to another file: .* refused"):
        rows.describe()


def test_links_within_a_file_are_followed_but_not_for_ever(folder):
    path = folder / "a.h5"
    with h5py.File(path, "w") as file:
        file["/entry/data/raw"] = FRAMES
        file["/entry/data/data"] = h5py.SoftLink("raw")
        file["/loop"] = h5py.SoftLink("/loop")
    np.testing.assert_array_equal(hdf5(path).read(0, 6), FRAMES)
    with pytest.raises(AssetError, match="behind more than 8 links"):
        hdf5(path, "/loop").describe()


def test_data_that_lie_in_other_files_lie_in_the_folder(folder, secret):
    with h5py.File(folder / "raw.h5", "w") as file:
        file.create_dataset("x", (3,), "u1", external=[("/etc/hostname", 0, 3)])
    with pytest.raises(AssetError, match="x is raw bytes of other files, and is refused"):
        hdf5(folder / "raw.h5", "x").describe()
    for number, source in enumerate([secret, folder / "raw.h5"]):
        layout = h5py.VirtualLayout((6, 4, 5), "u2")
        layout[:] = h5py.VirtualSource(source, "x", (6, 4, 5))
        with h5py.File(folder / f"v{number}.h5", "w") as file:
            file.create_virtual_dataset("x", layout)
        with pytest.raises(AssetError, match="refused"):
            hdf5(folder / f"v{number}.h5", "x").describe()


def test_virtual_datasets_of_the_folder_are_read(folder):
    with h5py.File(folder / "part.h5", "w") as file:
        file["x"] = FRAMES
    layout = h5py.VirtualLayout((6, 4, 5), "u2")
    layout[:] = h5py.VirtualSource("part.h5", "x", (6, 4, 5))
    with h5py.File(folder / "v.h5", "w") as file:
        file.create_virtual_dataset("x", layout)
    np.testing.assert_array_equal(hdf5(folder / "v.h5", "x").read(0, 6), FRAMES)
    (folder / "part.h5").unlink()  # HDF5 itself would give zeros
    with pytest.raises(AssetError, match=r"part\.h5 is not there"):
        hdf5(folder / "v.h5", "x").read(0, 6)


def test_objects_are_refused(folder):
    with h5py.File(folder / "a.h5", "w") as file:
        file["x"] = ["a", "b"]
    with pytest.raises(AssetError, match="holds objects"):
        hdf5(folder / "a.h5", "x").describe()


def test_a_filter_that_is_not_installed_is_named(folder, monkeypatch):
    path = folder / "a.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=FRAMES, compression="gzip")
    monkeypatch.setattr(h5py.h5z, "filter_avail", lambda code: False)
    with pytest.raises(
        AssetError, match=r"is compressed by filter 1 \(deflate\); pip install hdf5plugin"
    ):
        hdf5(path, "x").describe()


def test_declared_sizes_are_refused_before_anything_is_made(db, make, fill, folder):
    """A file of a few kB may declare a petabyte."""
    path = folder / "a.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("x", (2**20, 2**14, 2**14), "u1", chunks=(1, 2**8, 2**8))
    documents = make.run(0, stop=False)
    image = {"dtype": "array", "shape": [2**14, 2**14], "source": "s", "external": "STREAM:"}
    run = documents[0][1]["uid"]
    documents[1] = ("descriptor", make.descriptor(run, "d", image=image))
    resource = streamed(path, "application/x-hdf5", dataset="x") | {
        "run_start": run,
        "data_key": "image",
    }
    limits = {"start": 0, "stop": 2**20}
    numbers = {"start": 1, "stop": 2**20 + 1}
    datum = {
        "uid": "r/0",
        "descriptor": "d",
        "stream_resource": "r",
        "indices": limits,
        "seq_nums": numbers,
    }
    fill(db, [*documents, ("stream_resource", resource), ("stream_datum", datum)])
    image = db[-1].primary.read()["image"]
    assert image[2**20 - 1, :2, :2].values.tolist() == [[0, 0], [0, 0]]
    with pytest.raises(AssetError, match=r"takes 262144\.0 GiB, and the limit is 16\.0 GiB"):
        image.load()


@pytest.mark.parametrize("declared", [(2**20, 2**20), (2**17, 2**17)])
def test_a_tiff_that_declares_too_much(folder, monkeypatch, declared):
    monkeypatch.setattr(tifffile.TiffPageSeries, "shape", declared)
    tifffile.imwrite(folder / "a_0.tiff", FRAMES[0])
    stream = streamed(folder, "multipart/related;type=image/tiff", template="a_{:d}.tiff")
    with pytest.raises(AssetError, match=r"a_0\.tiff: an array of .* GiB"):
        Assets().open(stream, list(declared)).describe()


@pytest.mark.parametrize(
    "template", ["{0.__class__}.tiff", "{:999999999d}", "{}{}", "a.tiff", "../{:d}", "/etc/{:d}"]
)
def test_templates_are_one_number_in_a_name(folder, template):
    stream = streamed(folder, "multipart/related;type=image/tiff", template=template)
    with pytest.raises(AssetError, match=r"is not a name with one number|leads"):
        Assets().open(stream, [4, 5]).read(0, 1)


@pytest.mark.parametrize(
    ("template", "filename"),
    [("%s%s_%999999999d", "a"), ("%s%s", "a"), ("%s%s_%d", "../../a"), ("%s%s_%d%s", "a")],
)
def test_area_detectors_templates(folder, template, filename):
    resource = referenced(folder, "AD_TIFF", template=template, filename=filename)
    with pytest.raises(AssetError, match=r"is not of path, name and number|leads"):
        Assets().open(resource, [4, 5]).read(0, 1)


def test_a_document_that_lacks_a_parameter(folder):
    with pytest.raises(AssetError, match="the document that announces it lacks 'dataset'"):
        Assets().open(streamed(folder / "a.h5", "application/x-hdf5"), [])


def test_moved_files_are_named_by_both_paths(saved):
    with Broker.in_memory(root_map={str(saved.parent): "/elsewhere"}) as db:
        resource = referenced(saved, "NPY")
        words = f"root {resource['root']!r}, resource_path {resource['resource_path']!r}"
        assert db.assets.was(resource) == f" (recorded as {saved}: {words})"
        with pytest.raises(AssetError, match=r"/elsewhere/a\.npy is not there"):
            db.assets.open(resource, []).describe()
