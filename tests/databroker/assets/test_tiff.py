"""Data in TIFF files that documents announce."""

import numpy as np
import pytest
import tifffile

from beamtwin.databroker.assets.external import ExternalColumn, by_stream
from beamtwin.databroker.assets.registry import Assets
from beamtwin.databroker.errors import AssetError

FRAMES = np.arange(6 * 4 * 5, dtype="u2").reshape(6, 4, 5)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "with a space"
    folder.mkdir()
    for number, frame in enumerate(FRAMES):
        tifffile.imwrite(folder / f"det_{number:06d}.tiff", frame)
    return folder


def streamed(folder):
    return {
        "uid": "r",
        "data_key": "image",
        "mimetype": "multipart/related;type=image/tiff",
        "uri": folder.as_uri().replace("file://", "file://localhost") + "/",
        "parameters": {"template": "det_{:06d}.tiff", "chunk_shape": [1, 4, 5]},
    }


def referenced(folder, frames):
    kwargs = {"template": "%s%s_%6.6d.tiff", "filename": "det", "frame_per_point": frames}
    return {
        "uid": "r",
        "spec": "AD_TIFF",
        "root": str(folder.parent),
        "resource_path": folder.name,
        "resource_kwargs": kwargs,
        "path_semantics": "posix",
    }


def opened(document, shape):
    return Assets().open(document, shape)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ([1, 4, 5], FRAMES[:, np.newaxis]),
        ([4, 5], FRAMES),
        ([2, 4, 5], FRAMES.reshape(3, 2, 4, 5)),
        ([1, None, None], FRAMES[:, np.newaxis]),
    ],
)
def test_a_stream_of_files(folder, shape, expected):
    rows = opened(streamed(folder), shape)
    assert rows.describe() == (expected.shape[1:], np.dtype("u2"))
    np.testing.assert_array_equal(rows.read(0, len(expected)), expected)
    np.testing.assert_array_equal(rows.read(1, 2), expected[1:3])


@pytest.mark.parametrize("frames", [1, 3])
def test_area_detector_files(folder, frames):
    rows = opened(referenced(folder, frames), [frames, 4, 5])
    np.testing.assert_array_equal(rows.read(1, 1)[0], FRAMES[frames : 2 * frames])


def test_documents_lead_to_the_files(folder):
    limits = {"start": 2, "stop": 5}
    datum = {"descriptor": "d", "stream_resource": "r", "indices": limits, "seq_nums": limits}
    found = [("stream_resource", streamed(folder)), ("stream_datum", datum)]
    column = ExternalColumn("it", {"shape": [4, 5]}, list(by_stream("image", ["d"], found)))
    np.testing.assert_array_equal(column.read(np.arange(1, 4)), FRAMES[2:5])


def test_what_cannot_be_read_names_the_file(folder):
    rows = opened(streamed(folder), [4, 5])
    with pytest.raises(AssetError, match=r"det_000006\.tiff is not there"):
        rows.read(0, 7)
    tifffile.imwrite(folder / "det_000003.tiff", FRAMES[0, :2])
    with pytest.raises(
        AssetError, match=r"det_000003\.tiff has a frame of \(2, 5\), and the others"
    ):
        rows.read(0, 5)
    (folder / "det_000000.tiff").write_text("not TIFF")
    with pytest.raises(AssetError, match=r"det_000000\.tiff cannot be read as TIFF"):
        rows.describe()
