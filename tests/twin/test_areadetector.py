"""The areaDetector PVs against ADCore's database templates and plugin sources."""

import errno
import subprocess
import sys
import textwrap
from concurrent.futures import Future
from pathlib import Path

import h5py
import numpy as np
import pytest

from beamtwin.hardware.channel import SEVERITIES
from beamtwin.twin.areadetector import Camera, hdf5_file
from beamtwin.twin.database import Database

PREFIX = "XF:11IDB-ES{Det:Eig4M}"
SHAPE = (6, 8)


class Numbers:
    """Frames that are numbered, from 1."""

    shape = SHAPE
    dtype = np.dtype("<u2")

    def __init__(self):
        self.exposures = []
        self.failure = None

    def expose(self, duration_s):
        self.exposures.append(duration_s)
        future = Future()
        if self.failure is None:
            future.set_result(np.full(self.shape, len(self.exposures), self.dtype))
        else:
            future.set_exception(self.failure)
        return future


class Bench:
    """A camera, and a client that reads and writes its PVs."""

    def __init__(self, clock, frames):
        self.clock = clock
        self.database = Database(clock)
        self.camera = Camera(self.database, PREFIX, frames)

    def get(self, pv):
        value = self.database.channel(PREFIX + pv).get().value
        if isinstance(value, np.ndarray) and value.dtype == np.uint8:
            return value.tobytes().split(b"\0")[0].decode()
        return value

    def choice(self, pv):
        return self.database.channel(PREFIX + pv).metadata.choices[self.get(pv)]

    def put(self, **values):
        """Write without waiting: ``cam1_AcquireTime=1.0``."""
        for pv, value in values.items():
            status = self.database.channel(PREFIX + pv.replace("_", ":", 1)).put(value)
        return status

    def acquire(self):
        status = self.put(cam1_Acquire=1)
        status.wait()

    def stream_to(self, folder, **values):
        values = {"HDF1_NumCapture": 0, "HDF1_LazyOpen": 1, **values}
        self.put(
            HDF1_FilePath=str(folder), HDF1_FileName="scan", HDF1_FileWriteMode="Stream", **values
        )
        return self.put(HDF1_Capture=1)


@pytest.fixture
def frames():
    return Numbers()


@pytest.fixture
def bench(clock, frames):
    bench = Bench(clock, frames)
    bench.put(cam1_ImageMode="Single", cam1_AcquireTime=0.5)
    return bench


# --- the camera


def test_settings_have_readbacks(bench):
    bench.put(cam1_AcquireTime=0.25, cam1_NumImages=7, cam1_ImageMode="Multiple")
    assert (bench.get("cam1:AcquireTime_RBV"), bench.get("cam1:NumImages_RBV")) == (0.25, 7)
    assert bench.choice("cam1:ImageMode_RBV") == "Multiple"


def test_settings_that_the_twin_does_not_have_stay_as_they_are(bench):
    bench.put(cam1_BinX=2, cam1_TriggerMode="External", cam1_SizeX=3)
    assert (bench.get("cam1:BinX_RBV"), bench.get("cam1:SizeX_RBV")) == (1, SHAPE[1])
    assert bench.choice("cam1:TriggerMode_RBV") == "Internal"


def test_what_the_camera_is_like(bench):
    sizes = (
        "MaxSizeX_RBV",
        "MaxSizeY_RBV",
        "SizeX_RBV",
        "SizeY_RBV",
        "ArraySizeX_RBV",
        "ArraySizeY_RBV",
    )
    assert [bench.get(f"cam1:{name}") for name in sizes] == [8, 6] * 3
    assert bench.choice("cam1:DataType_RBV") == "UInt16"
    assert bench.choice("cam1:ColorMode_RBV") == "Mono"
    assert bench.get("cam1:Manufacturer_RBV")


def test_one_frame_takes_the_exposure_time_and_completes_the_put(bench, frames):
    status = bench.put(cam1_Acquire=1)
    assert (bench.get("cam1:Acquire_RBV"), bench.get("cam1:AcquireBusy")) == (1, 1)
    assert bench.choice("cam1:DetectorState_RBV") == "Acquire"
    bench.clock.sleep(0.4)
    assert not status.done
    status.wait()
    assert bench.clock.env.now == 0.5
    assert frames.exposures == [0.5]
    for pv in ("Acquire", "Acquire_RBV", "AcquireBusy"):
        assert bench.get(f"cam1:{pv}") == 0
    assert bench.choice("cam1:DetectorState_RBV") == "Idle"
    assert bench.get("cam1:ArrayCounter_RBV") == bench.get("cam1:NumImagesCounter_RBV") == 1


def test_many_frames_begin_a_period_apart(bench, frames):
    bench.put(cam1_ImageMode="Multiple", cam1_NumImages=3, cam1_AcquirePeriod=2.0)
    bench.acquire()
    assert bench.clock.env.now == 2.0 + 2.0 + 0.5
    assert bench.get("cam1:NumImagesCounter_RBV") == 3
    bench.put(cam1_AcquirePeriod=0.0)
    bench.acquire()
    assert bench.clock.env.now == 4.5 + 1.5
    assert (bench.get("cam1:NumImagesCounter_RBV"), bench.get("cam1:ArrayCounter_RBV")) == (3, 6)


def test_continuous_acquisition_goes_on_until_it_is_stopped(bench):
    bench.put(cam1_ImageMode="Continuous")
    status = bench.put(cam1_Acquire=1)
    bench.clock.sleep(10.2)
    assert not status.done
    bench.put(cam1_Acquire=0)
    status.wait()
    assert (bench.get("cam1:ArrayCounter_RBV"), bench.get("cam1:Acquire_RBV")) == (20, 0)
    assert bench.choice("cam1:DetectorState_RBV") == "Idle"


def test_an_acquisition_that_is_stopped_is_aborted_at_once(bench):
    bench.put(cam1_AcquireTime=100.0)
    status = bench.put(cam1_Acquire=1)
    bench.clock.sleep(1.0)
    bench.put(cam1_Acquire=0)
    status.wait()
    assert bench.clock.env.now == 1.0
    assert bench.choice("cam1:DetectorState_RBV") == "Aborted"
    assert bench.get("cam1:ArrayCounter_RBV") == 0
    bench.put(cam1_AcquireTime=0.5)
    bench.acquire()
    assert bench.get("cam1:ArrayCounter_RBV") == 1


def test_the_array_counter_can_be_set_and_the_unique_id_goes_on(bench):
    bench.acquire()
    bench.put(cam1_ArrayCounter=0)
    bench.acquire()
    assert (bench.get("cam1:ArrayCounter_RBV"), bench.get("cam1:UniqueId_RBV")) == (1, 2)


class Unkind(Exception):
    """Cannot be made anew from its arguments, as simpy would."""

    def __init__(self, one, two):
        super().__init__(f"{one} {two}")


@pytest.mark.parametrize("failure", [RuntimeError("no light"), Unkind("no", "light")])
def test_a_frame_that_cannot_be_had_is_an_error_of_the_detector(bench, frames, failure):
    frames.failure = failure
    bench.acquire()
    state = bench.database.channel(f"{PREFIX}cam1:DetectorState_RBV").get()
    assert bench.choice("cam1:DetectorState_RBV") == "Error"
    assert SEVERITIES[state.severity] == "INVALID"
    assert "no light" in bench.get("cam1:StatusMessage_RBV")
    assert (bench.get("cam1:Acquire"), bench.get("cam1:AcquireBusy")) == (0, 0)
    assert bench.get("image1:UniqueId_RBV") == 0
    frames.failure = None
    bench.acquire()
    state = bench.database.channel(f"{PREFIX}cam1:DetectorState_RBV").get()
    assert (state.value, state.severity) == (0, 0)


def test_a_frame_of_another_shape_is_an_error(bench, frames):
    frames.expose = lambda duration_s: _done(np.zeros((2, 2)))
    bench.acquire()
    assert bench.choice("cam1:DetectorState_RBV") == "Error"
    assert "(2, 2)" in bench.get("cam1:StatusMessage_RBV")


def _done(value):
    future = Future()
    future.set_result(value)
    return future


# --- image and statistics


def test_the_image_is_the_frame_row_by_row(bench, frames):
    data = np.arange(48, dtype="<u2").reshape(SHAPE)
    frames.expose = lambda duration_s: _done(data)
    bench.acquire()
    channel = bench.database.channel(f"{PREFIX}image1:ArrayData")
    assert np.array_equal(channel.get().value, np.arange(48))
    assert (channel.metadata.dtype, channel.metadata.count) == ("<i4", 48)
    assert [bench.get(f"image1:ArraySize{n}_RBV") for n in (0, 1, 2)] == [8, 6, 0]
    assert bench.get("image1:UniqueId_RBV") == 1


def test_monitors_of_the_image_hear_of_each_frame_even_if_it_is_the_same(bench, frames):
    frames.expose = lambda duration_s: _done(np.zeros(SHAPE))
    heard = []
    bench.database.channel(f"{PREFIX}image1:ArrayData").subscribe(heard.append)
    bench.acquire()
    bench.acquire()
    assert len(heard) == 3


def test_frames_go_nowhere_without_callbacks(bench):
    bench.put(image1_EnableCallbacks="Disable")
    bench.acquire()
    assert (bench.get("image1:ArrayCounter_RBV"), bench.get("Stats1:ArrayCounter_RBV")) == (0, 1)
    bench.put(image1_EnableCallbacks="Enable", cam1_ArrayCallbacks="Disable")
    bench.acquire()
    assert (bench.get("image1:ArrayCounter_RBV"), bench.get("Stats1:ArrayCounter_RBV")) == (0, 1)


def test_plugins_are_through_when_the_put_completes(bench):
    bench.acquire()
    assert bench.get("Stats1:MeanValue_RBV") == bench.get("image1:ArrayData")[0] == 1


def test_statistics(bench, frames):
    data = np.arange(48, dtype="<u2").reshape(SHAPE)
    frames.expose = lambda duration_s: _done(data)
    bench.acquire()
    got = {
        name: bench.get(f"Stats1:{name}_RBV")
        for name in ("Total", "MeanValue", "MinValue", "MaxValue")
    }
    assert got == {"Total": 1128.0, "MeanValue": 23.5, "MinValue": 0.0, "MaxValue": 47.0}
    assert (bench.get("Stats1:MaxX_RBV"), bench.get("Stats1:MaxY_RBV")) == (7, 5)
    # The variance of 0..n-1 is (n^2 - 1)/12.
    assert bench.get("Stats1:Sigma_RBV") == pytest.approx(((48**2 - 1) / 12) ** 0.5)


def test_the_centroid_of_a_gaussian_spot(clock):
    y, x = np.mgrid[:60, :80]
    u, v = (x - 41.5) / 5.0, (y - 22.0) / 3.0
    spot = 1e4 * np.exp(-(u**2 - 2 * 0.4 * u * v + v**2) / (2 * (1 - 0.4**2)))

    class Spot:
        shape, dtype = (60, 80), np.dtype("<f8")

        def expose(self, duration_s):
            return _done(spot + 0.5)

    bench = Bench(clock, Spot())
    bench.put(cam1_ImageMode="Single")
    bench.acquire()
    names = ("CentroidX", "CentroidY", "SigmaX", "SigmaY", "SigmaXY")
    got = [bench.get(f"Stats1:{name}_RBV") for name in names]
    # The threshold, 1 by default, cuts off the background and next to nothing of the spot.
    assert got == pytest.approx([41.5, 22.0, 5.0, 3.0, 0.4], rel=5e-3)


def test_the_centroid_of_nothing_is_nothing(bench, frames):
    frames.expose = lambda duration_s: _done(np.zeros(SHAPE))
    bench.acquire()
    assert bench.get("Stats1:CentroidX_RBV") == bench.get("Stats1:SigmaX_RBV") == 0.0


def test_what_is_not_asked_for_is_not_computed(bench):
    bench.put(Stats1_ComputeStatistics=0, Stats1_ComputeCentroid=0)
    bench.acquire()
    assert (bench.get("Stats1:Total_RBV"), bench.get("Stats1:CentroidTotal_RBV")) == (0.0, 0.0)


# --- files


def test_a_stream_of_frames_is_one_file_in_areadetectors_layout(bench, tmp_path):
    bench.put(cam1_ImageMode="Multiple", cam1_NumImages=3)
    status = bench.stream_to(tmp_path)
    assert (bench.get("HDF1:Capture_RBV"), bench.get("HDF1:FilePathExists_RBV")) == (1, 1)
    bench.acquire()
    bench.acquire()
    assert not status.done
    assert bench.get("HDF1:NumCaptured_RBV") == 6
    path = bench.get("HDF1:FullFileName_RBV")
    assert path == f"{tmp_path}/scan_000001.h5"
    bench.put(HDF1_Capture=0)
    status.wait()
    assert (bench.get("HDF1:Capture_RBV"), bench.get("HDF1:FileNumber")) == (0, 2)
    with h5py.File(path) as file:
        data = file["entry/data/data"]
        assert (data.shape, data.chunks, data.dtype) == ((6, *SHAPE), (1, *SHAPE), np.dtype("<u2"))
        assert data[:, 0, 0].tolist() == [1, 2, 3, 4, 5, 6]
        assert file["entry/instrument/detector/data"] == data
        attributes = file["entry/instrument/NDAttributes"]
        assert attributes["NDArrayUniqueId"][:].tolist() == [1, 2, 3, 4, 5, 6]
        stamps = attributes["NDArrayTimeStamp"][:] + 631_152_000
        assert stamps.tolist() == pytest.approx([bench.clock.epoch + 0.5 * n for n in range(1, 7)])
        seconds = attributes["NDArrayEpicsTSSec"][:] + 1e-9 * attributes["NDArrayEpicsTSnSec"][:]
        assert seconds == pytest.approx(attributes["NDArrayTimeStamp"][:], abs=1e-6)


def test_a_file_is_complete_after_each_frame_for_others_too(bench, tmp_path):
    bench.stream_to(tmp_path)
    for count in (1, 2, 3):
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
    file = HDF5File(sys.argv[1], (4, 4), "<u4")
    for number in (1, 2):
        file.append(Frame(np.full((4, 4), number, "<u4"), number, 1e9))
    os.kill(os.getpid(), signal.SIGKILL)
    """
    path = tmp_path / "killed.h5"
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code), path], check=False)
    assert done.returncode == -9
    with h5py.File(path) as file:
        assert file["entry/data/data"][:, 0, 0].tolist() == [1, 2]


def test_a_capture_ends_after_so_many_frames(bench, tmp_path):
    status = bench.stream_to(tmp_path, HDF1_NumCapture=2)
    for _ in range(3):
        bench.acquire()
    assert status.success
    assert bench.get("HDF1:NumCaptured_RBV") == 2
    assert len(h5py.File(bench.get("HDF1:FullFileName_RBV"))["entry/data/data"]) == 2


def test_frames_that_were_taken_before_are_kept_in_memory_and_written_on_demand(bench, tmp_path):
    bench.put(HDF1_FilePath=str(tmp_path), HDF1_FileName="kept", HDF1_FileWriteMode="Capture")
    bench.put(HDF1_NumCapture=2, HDF1_LazyOpen=1)
    bench.put(HDF1_Capture=1)
    for _ in range(3):
        bench.acquire()
    assert list(tmp_path.iterdir()) == []
    bench.put(HDF1_WriteFile=1)
    assert len(h5py.File(tmp_path / "kept_000001.h5")["entry/data/data"]) == 2


def test_single_mode_saves_each_frame_in_a_file_of_its_own(bench, tmp_path):
    bench.put(HDF1_FilePath=str(tmp_path), HDF1_FileName="one", HDF1_AutoSave=1)
    bench.acquire()
    bench.acquire()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one_000001.h5", "one_000002.h5"]
    bench.put(HDF1_AutoSave=0)
    bench.acquire()
    assert len(list(tmp_path.iterdir())) == 2


def test_a_template_may_leave_the_number_out(bench, tmp_path):
    bench.stream_to(tmp_path, HDF1_FileTemplate="%s%s.h5")
    bench.acquire()
    assert bench.get("HDF1:FullFileName_RBV") == f"{tmp_path}/scan.h5"


def test_compressed_files_are_smaller_and_the_same(bench, tmp_path):
    bench.stream_to(tmp_path, HDF1_Compression="zlib")
    bench.acquire()
    bench.put(HDF1_Capture=0)
    with h5py.File(tmp_path / "scan_000001.h5") as file:
        assert file["entry/data/data"].compression == "gzip"
        assert file["entry/data/data"][0, 0, 0] == 1


def test_a_swmr_file_can_be_followed(bench, tmp_path):
    bench.stream_to(tmp_path, HDF1_SWMRMode="On")
    bench.acquire()
    code = "import h5py, sys; print(len(h5py.File(sys.argv[1], swmr=True)['entry/data/data']))"
    arguments = [sys.executable, "-c", code, bench.get("HDF1:FullFileName_RBV")]
    assert int(subprocess.run(arguments, capture_output=True, check=True).stdout) == 1


@pytest.mark.parametrize(("depth", "exists"), [(0, 0), (-1, 0), (-2, 1), (1, 1)])
def test_folders_are_made_as_deep_as_create_directory_says(bench, tmp_path, depth, exists):
    bench.put(HDF1_CreateDirectory=depth)
    bench.put(HDF1_FilePath=f"{tmp_path}/2018/run")
    assert bench.get("HDF1:FilePathExists_RBV") == exists
    assert bench.get("HDF1:FilePath_RBV") == f"{tmp_path}/2018/run/"


def failed(bench):
    severity = bench.database.channel(f"{PREFIX}HDF1:WriteStatus").get().severity
    assert SEVERITIES[severity] == "MAJOR"
    assert bench.choice("HDF1:WriteStatus") == "Write error"
    assert (bench.get("HDF1:Capture"), bench.get("HDF1:Capture_RBV")) == (0, 0)
    return bench.get("HDF1:WriteMessage")


def test_a_folder_that_is_not_there(bench, tmp_path):
    bench.acquire()
    status = bench.stream_to(tmp_path / "missing", HDF1_LazyOpen=0)
    assert bench.get("HDF1:FilePathExists_RBV") == 0
    assert status.success
    assert f"{tmp_path}/missing/: no such folder" in failed(bench)


def test_a_folder_that_is_read_only(bench):
    """/proc is, for root too."""
    if not Path("/proc").is_dir():
        pytest.skip("there is no /proc")
    bench.acquire()
    bench.stream_to("/proc", HDF1_LazyOpen=0)
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
        assert file["entry/data/data"][:, 0, 0].tolist() == [1, 2]
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
        ({"HDF1_FileWriteMode": "Single"}, "Single mode"),
        ({"HDF1_LazyOpen": 0}, "No frame has come yet"),
    ],
)
def test_a_capture_that_cannot_begin_says_why(bench, tmp_path, values, message):
    bench.put(HDF1_FilePath=str(tmp_path), HDF1_FileWriteMode="Stream", HDF1_LazyOpen=1)
    bench.put(**values)
    assert bench.put(HDF1_Capture=1).success
    assert message in failed(bench)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"HDF1_Compression": "Blosc"}, "compression Blosc"),
        ({"HDF1_FileTemplate": "%d%d%d"}, "FileTemplate"),
        ({"HDF1_FileTemplate": "scan.h5"}, "FileTemplate"),
    ],
)
def test_a_file_that_cannot_be_begun_says_why(bench, tmp_path, values, message):
    bench.stream_to(tmp_path, **values)
    bench.acquire()
    assert message in failed(bench)
    assert list(tmp_path.iterdir()) == []


def test_to_write_what_there_is_not(bench):
    bench.put(HDF1_WriteFile=1)
    assert "no frame" in failed(bench)
    assert bench.get("HDF1:WriteFile") == 0


# --- names and types


@pytest.mark.parametrize(
    ("pv", "dtype"),
    [
        ("cam1:AcquireTime", "<f8"),
        ("cam1:NumImages_RBV", "<i4"),
        ("cam1:ImageMode", "enum"),
        ("cam1:Acquire_RBV", "enum"),
        ("cam1:Manufacturer_RBV", "|S40"),
        ("cam1:StatusMessage_RBV", "|u1"),
        ("image1:ArrayData", "<i4"),
        ("Stats1:Total_RBV", "<f8"),
        ("HDF1:FilePath", "|u1"),
        ("HDF1:Capture_RBV", "enum"),
        ("HDF1:WriteStatus", "enum"),
    ],
)
def test_types_are_those_of_adcores_templates(bench, pv, dtype):
    assert bench.database.channel(PREFIX + pv).metadata.dtype == dtype


@pytest.mark.parametrize("port", ["cam1:", "image1:", "Stats1:", "HDF1:"])
def test_what_ophyd_async_needs_of_each_port(bench, port):
    """Of its NDArrayBaseIO."""
    names = ("PortName", "UniqueId", "ArraySizeZ", "ArraySize2", "DataType", "ColorMode")
    versions = ("ADCoreVersion", "DriverVersion")
    suffixes = [
        *(f"{name}_RBV" for name in (*names, *versions)),
        "ArrayCounter",
        "NDAttributesFile",
    ]
    bench.database.connect([bench.database.channel(PREFIX + port + name) for name in suffixes])
