"""NDPluginFile and NDFileHDF5: when frames go to which file, and what that is like."""

import errno
import subprocess
import sys
import textwrap
from pathlib import Path

import h5py
import numpy as np
import pytest

from beamtwin.twin.areadetector import hdf5_file

SHAPE = (6, 8)
DATA = "entry/data/data"


def test_a_stream_of_frames_is_one_file_in_areadetectors_layout(bench, tmp_path):
    bench.put(cam1_ImageMode="Multiple", cam1_NumImages=3)
    status = bench.stream_to(tmp_path)
    assert (bench.get("HDF1:Capture_RBV"), bench.get("HDF1:FilePathExists_RBV")) == (1, 1)
    assert bench.choice("HDF1:WriteFile_RBV") == "Writing"
    bench.acquire()
    bench.acquire()
    assert not status.done
    assert bench.get("HDF1:NumCaptured_RBV") == 6
    path = bench.get("HDF1:FullFileName_RBV")
    assert path == f"{tmp_path}/scan_000001.h5"
    bench.send(HDF1_Capture=0)
    status.wait()
    assert (bench.get("HDF1:Capture_RBV"), bench.get("HDF1:FileNumber")) == (0, 2)
    with h5py.File(path) as file:
        data = file[DATA]
        assert (data.shape, data.chunks, data.dtype) == ((6, *SHAPE), (1, *SHAPE), np.dtype("<u2"))
        assert data[:, 0, 0].tolist() == [1, 2, 3, 4, 5, 6]
        assert file["entry/instrument/detector/data"] == data
        assert data.attrs["signal"] == 1


def test_groups_have_their_nexus_classes(bench, tmp_path):
    bench.stream_to(tmp_path)
    bench.acquire()
    bench.send(HDF1_Capture=0)
    with h5py.File(bench.get("HDF1:FullFileName_RBV")) as file:
        classes = {name: file[name].attrs["NX_class"] for name in hdf5_file.GROUPS}
    assert classes == {
        "entry": "NXentry",
        "entry/data": "NXdata",
        "entry/instrument": "NXinstrument",
        "entry/instrument/detector": "NXdetector",
        "entry/instrument/detector/NDAttributes": "NXcollection",
        "entry/instrument/NDAttributes": "NXcollection",
    }


def test_number_and_time_of_each_frame_are_noted(bench, tmp_path):
    bench.put(cam1_ImageMode="Multiple", cam1_NumImages=6)
    bench.stream_to(tmp_path)
    bench.acquire()
    bench.send(HDF1_Capture=0)
    with h5py.File(bench.get("HDF1:FullFileName_RBV")) as file:
        attributes = file["entry/instrument/NDAttributes"]
        assert attributes["NDArrayUniqueId"][:].tolist() == [1, 2, 3, 4, 5, 6]
        stamps = attributes["NDArrayTimeStamp"][:] + 631_152_000
        assert stamps.tolist() == pytest.approx([bench.clock.epoch + 0.5 * n for n in range(1, 7)])
        seconds = attributes["NDArrayEpicsTSSec"][:] + 1e-9 * attributes["NDArrayEpicsTSnSec"][:]
        assert seconds == pytest.approx(attributes["NDArrayTimeStamp"][:], abs=1e-6)


def test_a_file_is_complete_after_each_frame_for_others_too(bench, tmp_path):
    bench.stream_to(tmp_path)
    for count in (1, 2):
        bench.acquire()
        code = "import h5py, sys; print(len(h5py.File(sys.argv[1])['entry/data/data']))"
        path = bench.get("HDF1:FullFileName_RBV")
        seen = subprocess.run([sys.executable, "-c", code, path], capture_output=True, check=True)
        assert int(seen.stdout) == count


def test_a_killed_writer_leaves_the_frames_it_has_written(tmp_path):
    """kill -9 right after the second frame."""
    code = """
    import os, signal, sys
    import numpy as np
    from beamtwin.twin.areadetector.frame import Frame
    from beamtwin.twin.areadetector.hdf5_file import HDF5File
    frames = [Frame(np.full((4, 4), number, "<u4"), number, 1e9) for number in (1, 2)]
    file = HDF5File(sys.argv[1], frames[0])
    for frame in frames:
        file.append(frame)
    os.kill(os.getpid(), signal.SIGKILL)
    """
    path = tmp_path / "killed.h5"
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code), path], check=False)
    assert done.returncode == -9
    with h5py.File(path) as file:
        assert file[DATA][:, 0, 0].tolist() == [1, 2]


def test_a_capture_ends_after_so_many_frames(bench, tmp_path):
    status = bench.stream_to(tmp_path, NumCapture=2)
    for _ in range(3):
        bench.acquire()
    assert status.success
    assert bench.get("HDF1:NumCaptured_RBV") == 2
    assert len(h5py.File(bench.get("HDF1:FullFileName_RBV"))[DATA]) == 2


def test_a_put_to_a_busy_record_waits_for_the_one_before(bench, tmp_path):
    """So Capture=0 with completion ends nothing: it waits for the very capture that it is to end."""
    capturing = bench.stream_to(tmp_path)
    ending = bench.put(HDF1_Capture=0)
    bench.acquire()
    assert (bench.get("HDF1:Capture_RBV"), ending.done) == (1, False)
    bench.send(HDF1_Capture=0)
    assert capturing.success
    assert ending.success
    assert bench.get("HDF1:Capture_RBV") == 0


def test_each_capture_begins_with_a_new_file_and_counts_from_0(bench, tmp_path):
    for _ in range(2):
        bench.stream_to(tmp_path)
        assert bench.get("HDF1:NumCaptured_RBV") == 0
        assert bench.get("HDF1:FullFileName_RBV") == ""
        bench.acquire()
        bench.send(HDF1_Capture=0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scan_000001.h5", "scan_000002.h5"]


def test_a_capture_is_over_for_others_when_its_file_is_closed(bench, tmp_path):
    bench.stream_to(tmp_path, SWMRMode=1)
    bench.acquire()
    path, found = bench.get("HDF1:FullFileName_RBV"), []

    def look(reading):
        if not reading.value:
            with h5py.File(path) as file:  # which HDF5 refuses while it is open for writing
                found.append(len(file[DATA]))

    bench.channel("HDF1:Capture_RBV").subscribe(look)
    bench.send(HDF1_Capture=0)
    assert found == [1]


def test_lazily_opened_there_is_no_file_before_the_first_frame(bench, tmp_path):
    bench.stream_to(tmp_path)
    assert bench.get("HDF1:WriteMessage") == "Lazy Open..."
    assert list(tmp_path.iterdir()) == []
    bench.acquire()
    assert bench.get("HDF1:WriteMessage") == ""
    assert len(list(tmp_path.iterdir())) == 1


def test_otherwise_the_file_is_opened_for_frames_like_the_last(bench, tmp_path):
    bench.enable("HDF1")
    bench.acquire()
    bench.stream_to(tmp_path, LazyOpen=0)
    assert bench.get("HDF1:FullFileName_RBV") == f"{tmp_path}/scan_000001.h5"
    assert Path(bench.get("HDF1:FullFileName_RBV")).exists()


def test_a_frame_of_another_size_is_left_out(bench, tmp_path):
    """NDPluginFile's isFrameValid."""
    bench.stream_to(tmp_path)
    bench.acquire()
    bench.put(cam1_SizeX=4)
    bench.acquire()
    assert bench.choice("HDF1:WriteStatus") == "Write error"
    assert bench.get("HDF1:WriteMessage") == "Invalid frame. Ignoring."
    assert (bench.get("HDF1:Capture_RBV"), bench.get("HDF1:NumCaptured_RBV")) == (1, 1)
    bench.put(cam1_SizeX=8)
    bench.acquire()
    assert bench.get("HDF1:NumCaptured_RBV") == 2


def test_frames_that_were_taken_before_are_kept_in_memory_and_written_on_demand(bench, tmp_path):
    bench.enable("HDF1")
    bench.acquire()
    bench.put(HDF1_FilePath=str(tmp_path), HDF1_FileName="kept", HDF1_FileWriteMode="Capture")
    bench.put(HDF1_NumCapture=2)
    bench.put(HDF1_Capture=1)
    for _ in range(3):
        bench.acquire()
    assert list(tmp_path.iterdir()) == []
    assert (bench.get("HDF1:NumCaptured_RBV"), bench.get("HDF1:Capture_RBV")) == (2, 0)
    bench.put(HDF1_WriteFile=1)
    with h5py.File(tmp_path / "kept_000001.h5") as file:
        assert file[DATA][:, 0, 0].tolist() == [2, 3]
    assert (bench.get("HDF1:NumCaptured_RBV"), bench.get("HDF1:WriteFile")) == (0, 0)
    bench.put(HDF1_WriteFile=1)
    assert bench.get("HDF1:WriteMessage") == "ERROR, no capture buffer present"


def test_with_auto_save_a_full_buffer_is_written(bench, tmp_path):
    bench.enable("HDF1")
    bench.acquire()
    bench.put(HDF1_FilePath=str(tmp_path), HDF1_FileName="kept", HDF1_FileWriteMode="Capture")
    bench.put(HDF1_NumCapture=2, HDF1_AutoSave=1)
    status = bench.put(HDF1_Capture=1)
    bench.acquire()
    bench.acquire()
    assert status.success
    assert len(h5py.File(tmp_path / "kept_000001.h5")[DATA]) == 2


def test_single_mode_saves_each_frame_in_a_file_of_its_own(bench, tmp_path):
    bench.enable("HDF1")
    bench.put(HDF1_FilePath=str(tmp_path), HDF1_FileName="one", HDF1_AutoSave=1)
    bench.acquire()
    bench.acquire()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one_000001.h5", "one_000002.h5"]
    assert h5py.File(tmp_path / "one_000002.h5")[DATA].shape == SHAPE
    bench.put(HDF1_AutoSave=0)
    bench.acquire()
    assert len(list(tmp_path.iterdir())) == 2
    heard = bench.heard("HDF1:WriteFile_RBV")
    bench.put(HDF1_WriteFile=1)
    assert len(list(tmp_path.iterdir())) == 3
    assert [value for _, value in heard] == [1, 0]
    assert bench.get("HDF1:NumCaptured_RBV") == 1


def test_without_auto_increment_the_number_stays(bench, tmp_path):
    bench.stream_to(tmp_path, AutoIncrement=0, FileNumber=7)
    bench.acquire()
    assert bench.get("HDF1:FullFileName_RBV") == f"{tmp_path}/scan_000007.h5"
    assert bench.get("HDF1:FileNumber_RBV") == 7


def test_a_template_may_leave_the_number_out(bench, tmp_path):
    bench.stream_to(tmp_path, FileTemplate="%s%s.h5")
    bench.acquire()
    assert bench.get("HDF1:FullFileName_RBV") == f"{tmp_path}/scan.h5"


def test_under_a_temporary_name_until_it_is_complete(bench, tmp_path):
    bench.stream_to(tmp_path, TempSuffix=".tmp")
    bench.acquire()
    assert [path.name for path in tmp_path.iterdir()] == ["scan_000001.h5.tmp"]
    bench.send(HDF1_Capture=0)
    assert [path.name for path in tmp_path.iterdir()] == ["scan_000001.h5"]


def test_compressed_files_are_smaller_and_the_same(bench, tmp_path):
    bench.stream_to(tmp_path, Compression="zlib", ZLevel=2)
    bench.acquire()
    bench.send(HDF1_Capture=0)
    with h5py.File(tmp_path / "scan_000001.h5") as file:
        assert (file[DATA].compression, file[DATA].compression_opts) == ("gzip", 2)
        assert file[DATA][0, 0, 0] == 1


def test_a_compression_that_this_machine_does_not_have_is_not_accepted(bench):
    bench.put(HDF1_Compression="zlib")
    bench.put(HDF1_Compression="N-bit")
    assert bench.choice("HDF1:Compression_RBV") == "zlib"


def test_chunks_as_they_are_asked_for(bench, tmp_path):
    bench.put(HDF1_ChunkSizeAuto=0, HDF1_NumRowChunks=3, HDF1_NumFramesChunks=2)
    bench.stream_to(tmp_path)
    for _ in range(3):
        bench.acquire()
    bench.put(HDF1_NumFramesChunks=5)
    assert bench.get("HDF1:NumFramesChunks_RBV") == 2  # a file is open
    bench.send(HDF1_Capture=0)
    data = h5py.File(tmp_path / "scan_000001.h5")[DATA]
    assert data.chunks == (2, 3, 8)
    assert data[:, 0, 0].tolist() == [1, 2, 3]
    assert bench.get("HDF1:NumColChunks_RBV") == 8


def test_a_swmr_file_can_be_followed(bench, tmp_path):
    bench.stream_to(tmp_path, SWMRMode="On")
    bench.acquire()
    assert bench.choice("HDF1:SWMRActive_RBV") == "Active"
    bench.put(HDF1_FlushNow=1)
    code = "import h5py, sys; print(len(h5py.File(sys.argv[1], swmr=True)['entry/data/data']))"
    arguments = [sys.executable, "-c", code, bench.get("HDF1:FullFileName_RBV")]
    assert int(subprocess.run(arguments, capture_output=True, check=True).stdout) == 1
    bench.send(HDF1_Capture=0)
    assert bench.choice("HDF1:SWMRActive_RBV") == "Off"


def test_a_file_without_attributes(bench, tmp_path):
    bench.stream_to(tmp_path, StoreAttr=0)
    bench.acquire()
    bench.send(HDF1_Capture=0)
    with h5py.File(bench.get("HDF1:FullFileName_RBV")) as file:
        assert len(file["entry/instrument/NDAttributes"]) == 0


def test_frames_that_are_written_go_on_to_other_plugins(bench, tmp_path):
    bench.enable("Stats1")
    bench.put(Stats1_NDArrayPort="FileHDF1")
    bench.stream_to(tmp_path, NumCapture=1)
    bench.acquire()
    bench.acquire()
    counters = [bench.get(f"{plugin}:ArrayCounter_RBV") for plugin in ("cam1", "HDF1", "Stats1")]
    assert counters == [2, 1, 1]


# --- folders


@pytest.mark.parametrize(("depth", "exists"), [(0, 0), (-1, 0), (-2, 1), (1, 1)])
def test_folders_are_made_as_deep_as_create_directory_says(bench, tmp_path, depth, exists):
    bench.put(HDF1_CreateDirectory=depth)
    bench.put(HDF1_FilePath=f"{tmp_path}/2018/run")
    assert bench.get("HDF1:FilePathExists_RBV") == exists
    assert bench.get("HDF1:FilePath_RBV") == f"{tmp_path}/2018/run/"


def test_a_folder_that_is_not_there_is_an_alarm(bench, tmp_path):
    bench.put(HDF1_FilePath=str(tmp_path))
    assert bench.severity("HDF1:FilePathExists_RBV") == "NO_ALARM"
    bench.put(HDF1_FilePath=f"{tmp_path}/missing")
    assert bench.severity("HDF1:FilePathExists_RBV") == "MAJOR"


# --- what goes wrong


def failed(bench):
    assert bench.severity("HDF1:WriteStatus") == "MAJOR"
    assert bench.choice("HDF1:WriteStatus") == "Write error"
    assert (bench.get("HDF1:Capture"), bench.get("HDF1:Capture_RBV")) == (0, 0)
    return bench.get("HDF1:WriteMessage")


def test_a_folder_that_is_not_there(bench, tmp_path):
    bench.enable("HDF1")
    bench.acquire()
    status = bench.stream_to(tmp_path / "missing", LazyOpen=0)
    assert bench.get("HDF1:FilePathExists_RBV") == 0
    assert status.success
    assert f"{tmp_path}/missing/: no such folder" in failed(bench)


def test_a_folder_that_is_read_only(bench):
    """/proc is, for root too."""
    if not Path("/proc").is_dir():
        pytest.skip("there is no /proc")
    bench.enable("HDF1")
    bench.acquire()
    bench.stream_to("/proc", LazyOpen=0)
    assert "/proc/scan_000001.h5" in failed(bench)


def test_a_disk_that_fills_up_ends_the_capture_and_the_frames_so_far_are_safe(
    bench, tmp_path, monkeypatch
):
    status = bench.stream_to(tmp_path)
    for _ in range(2):
        bench.acquire()

    def no_room(path, size):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(hdf5_file, "make_room", no_room)
    bench.acquire()
    assert "No space left on device" in failed(bench)
    assert status.success
    bench.acquire()
    assert "No space left on device" in failed(bench)
    assert bench.get("HDF1:NumCaptured_RBV") == 2
    assert bench.choice("cam1:DetectorState_RBV") == "Idle"
    with h5py.File(bench.get("HDF1:FullFileName_RBV")) as file:
        assert file[DATA][:, 0, 0].tolist() == [1, 2]
    monkeypatch.undo()
    bench.put(HDF1_Capture=1)
    bench.acquire()
    assert (bench.get("HDF1:WriteStatus"), bench.get("HDF1:WriteMessage")) == (0, "")
    assert bench.get("HDF1:NumCaptured_RBV") == 1


def test_room_is_made_before_anything_is_written(tmp_path):
    """Where a file may not grow to what is asked for, this is known before HDF5 finds out."""
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, limits[1]))
    try:
        hdf5_file.make_room(f"{tmp_path}/x.h5", 2**19)
        with pytest.raises(OSError, match="too large"):
            hdf5_file.make_room(f"{tmp_path}/x.h5", 2**21)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"FileWriteMode": "Single"}, "ERROR: capture not supported in Single mode"),
        ({"LazyOpen": 0}, "must collect an array"),
        ({"FileWriteMode": "Capture"}, "must collect an array"),
    ],
)
def test_a_capture_that_cannot_begin_says_why(bench, tmp_path, values, message):
    assert bench.stream_to(tmp_path, **values).success
    assert message in failed(bench)


@pytest.mark.parametrize("template", ["%d%d%d", "scan.h5"])
def test_a_file_that_cannot_be_begun_says_why(bench, tmp_path, template):
    bench.stream_to(tmp_path, FileTemplate=template)
    bench.acquire()
    assert "FileTemplate" in failed(bench)
    assert list(tmp_path.iterdir()) == []


def test_to_write_what_there_is_not(bench):
    bench.put(HDF1_WriteFile=1)
    assert "no valid array to write" in failed(bench)
    assert bench.get("HDF1:WriteFile") == 0
