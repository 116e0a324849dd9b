"""NDFileTIFF: a frame a file."""

import numpy as np
import pytest
import tifffile

from beamtwin.orchestration.clock import WallClock


def test_a_stream_is_a_file_a_frame(bench, tmp_path, frames):
    frames.image = np.arange(48, dtype="<u2").reshape(6, 8)
    status = bench.stream_to(tmp_path, "TIFF1", NumCapture=3)
    for _ in range(4):
        bench.acquire()
    assert status.success
    names = [f"scan_{number:06d}.tiff" for number in (1, 2, 3)]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert bench.get("TIFF1:NumCaptured_RBV") == 3
    assert bench.get("TIFF1:FullFileName_RBV") == f"{tmp_path}/{names[-1]}"
    np.testing.assert_array_equal(tifffile.imread(tmp_path / names[0]), frames.image)


@pytest.mark.parametrize("dtype", ["|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<f4", "<f8"])
def test_pixels_keep_their_type(make_bench, numbers, tmp_path, dtype):
    frames = numbers()
    frames.dtype = np.dtype(dtype)
    bench = make_bench(frames)
    bench.put(cam1_ImageMode="Single")
    bench.stream_to(tmp_path, "TIFF1")
    bench.acquire()
    image = tifffile.imread(tmp_path / "scan_000001.tiff")
    assert (image.dtype, image.shape) == (np.dtype(dtype), (6, 8))


def test_what_is_known_of_a_frame_is_in_areadetectors_tags(bench, tmp_path):
    bench.put(
        cam1_NDAttributesFile='<Attributes><Attribute name="Model" type="CONST" source="twin"/>'
        '<Attribute name="Energy" type="CONST" source="9650.5" datatype="DOUBLE"/></Attributes>'
    )
    bench.stream_to(tmp_path, "TIFF1")
    bench.acquire()
    with tifffile.TiffFile(tmp_path / "scan_000001.tiff") as file:
        tags = {tag.code: tag.value for tag in file.pages[0].tags}
    assert tags[65000] == pytest.approx(bench.clock.epoch + 0.5 - 631_152_000)
    assert (tags[65001], tags[65002]) == (1, int(tags[65000]))
    assert (tags[65010], tags[65011]) == ("Model:twin", "Energy:9650.500000")
    assert (tags[271], tags[272], tags[305]) == ("Unknown", "twin", "EPICS areaDetector")


def test_files_are_the_same_bits_whenever_they_are_written(bench, tmp_path):
    """No time of the wall gets into them."""
    bench.enable("TIFF1")
    bench.put(TIFF1_FilePath=str(tmp_path), TIFF1_FileName="one")
    bench.acquire()
    bench.put(TIFF1_WriteFile=1)
    WallClock().sleep(0.01)
    bench.put(TIFF1_WriteFile=1)
    first, second = sorted(tmp_path.iterdir())
    assert first.read_bytes() == second.read_bytes()


def test_in_single_mode_with_auto_save(bench, tmp_path):
    bench.enable("TIFF1")
    bench.put(TIFF1_FilePath=str(tmp_path), TIFF1_FileName="one", TIFF1_AutoSave=1)
    bench.acquire()
    bench.acquire()
    assert [path.name for path in sorted(tmp_path.iterdir())] == [
        *("one_000001.tiff", "one_000002.tiff")
    ]


def test_kept_frames_are_written_one_by_one(bench, tmp_path):
    bench.enable("TIFF1")
    bench.acquire()
    bench.put(TIFF1_FilePath=str(tmp_path), TIFF1_FileName="kept", TIFF1_FileWriteMode="Capture")
    bench.put(TIFF1_NumCapture=2)
    bench.put(TIFF1_Capture=1)
    bench.acquire()
    bench.acquire()
    bench.put(TIFF1_WriteFile=1)
    images = [tifffile.imread(path)[0, 0] for path in sorted(tmp_path.iterdir())]
    assert images == [2, 3]


def test_a_folder_that_may_not_be_written_to(bench):
    bench.stream_to("/proc", "TIFF1")
    bench.acquire()
    assert bench.choice("TIFF1:WriteStatus") == "Write error"
    assert "/proc/scan_000001.tiff: " in bench.get("TIFF1:WriteMessage")
    assert bench.get("TIFF1:Capture_RBV") == 0


def test_the_drivers_own_file_can_be_deleted(bench, tmp_path):
    original = tmp_path / "original.raw"
    original.touch()
    bench.put(
        cam1_NDAttributesFile=f'<Attributes><Attribute name="DriverFileName" type="CONST" source="{original}"/>'
        "</Attributes>"
    )
    bench.stream_to(tmp_path, "TIFF1", DeleteDriverFile=1)
    bench.acquire()
    assert [path.name for path in tmp_path.iterdir()] == ["scan_000001.tiff"]
