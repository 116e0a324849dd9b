"""Area detectors against the twin's cameras, whose PVs are ADCore's."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path, PureWindowsPath
from typing import Any

import h5py
import numpy as np
import pytest
from event_model import DocumentNames, schema_validators

from beamtwin.databroker.assets.external import ExternalColumn, by_datum, by_stream
from beamtwin.databroker.broker import Broker
from beamtwin.hardware.areadetector import (
    Acquisition,
    AreaDetector,
    ContinuousTrigger,
    EigerDetector,
    FrameSequence,
    MultiTrigger,
    ProsilicaDetector,
    SimDetector,
)
from beamtwin.hardware.areadetector.paths import Folders
from beamtwin.orchestration import RunEngine, stubs
from beamtwin.orchestration.errors import (
    AcquisitionError,
    DeclarationError,
    LimitsError,
    NoReplayAllowed,
    NotConnectedError,
    RunEngineInterrupted,
    StatusTimeoutError,
)
from beamtwin.orchestration.plans import count
from beamtwin.twin.areadetector import Camera, EigerDriver, Pattern, ProsilicaDriver, SimDriver
from beamtwin.twin.clock import SimClock
from beamtwin.twin.database import Database

Make = Callable[..., AreaDetector]


@pytest.fixture
def database(clock: SimClock) -> Database:
    return Database(clock)


@pytest.fixture
def camera(database: Database) -> Camera:
    """Takes 6 columns by 4 rows; an image is brighter than the one before."""
    camera = Camera(database, "Det:", Pattern((4, 6)), driver=SimDriver)
    camera.port("cam1").begin_with({"AcquireTime": 0.1, "AcquirePeriod": 0.1, "NumImages": 5})
    camera.port("image1").begin_with({"EnableCallbacks": 0})
    return camera


@pytest.fixture
def make(camera: Camera, database: Database, tmp_path: Path) -> Make:
    """``make(**arguments)``: a detector, connected; uids are numbered."""
    numbers = itertools.count(1)

    def make(**arguments: Any) -> AreaDetector:
        given = {"directory": tmp_path, "uid": lambda: f"uid-{next(numbers)}"} | arguments
        device = SimDetector("Det:", "det", database, **given)
        device.connect()
        return device

    return make


@pytest.fixture
def detector(make: Make) -> AreaDetector:
    return make()


def documents(detector: AreaDetector, index: int | None = None) -> list[tuple[str, dict[str, Any]]]:
    return list(detector.collect_asset_docs(index))


# --- staging


def test_staging_sets_up_camera_and_file_and_unstaging_restores(
    detector: AreaDetector, tmp_path: Path
) -> None:
    detector.stage().wait()
    assert detector.cam.image_mode.get() == "Multiple"
    assert detector.cam.num_images.get() == 1
    assert detector.hdf1.file_write_mode.get() == "Stream"
    assert detector.hdf1.capture.get()
    assert detector.hdf1.file_path.get() == f"{tmp_path}/"
    assert detector.hdf1.file_name.get() == "det_uid-1"
    assert detector.hdf1.file_template.get() == "%s%s.h5"
    detector.unstage().wait()
    assert not detector.hdf1.capture.get()
    assert detector.cam.image_mode.get() == "Continuous"
    assert detector.cam.num_images.get() == 5
    assert not detector.stats1.enable.get()


def test_plugins_that_are_read_are_enabled_and_those_that_feed_them(
    detector: AreaDetector,
) -> None:
    detector.stats2.kind = "normal"
    detector.stats2.nd_array_port.set("ROI3").wait()
    detector.stage().wait()
    used = {plugin.name for plugin in detector.plugins() if plugin.enable.get()}
    assert used == {f"det_{name}" for name in ("image", "stats1", "stats2", "roi3", "hdf1")}


def test_only_what_is_read_is_computed(detector: AreaDetector) -> None:
    for name in ("centroid_x", "centroid_y", "sigma_x", "sigma_y"):
        getattr(detector.stats1, name).kind = "omitted"
    detector.stage().wait()
    assert detector.stats1.compute_statistics.get()
    assert not detector.stats1.compute_centroid.get()


def test_what_a_user_wants_staged_goes_before_all(detector: AreaDetector) -> None:
    detector.stage_sigs[detector.cam.num_images] = 3
    detector.stage().wait()
    assert detector.cam.num_images.get() == 3


def test_each_stage_has_its_own_file(detector: AreaDetector) -> None:
    uris = []
    for _ in range(2):
        detector.stage().wait()
        detector.trigger().wait()
        uris.append(documents(detector)[0][1]["uri"])
        detector.unstage().wait()
    assert len(set(uris)) == 2


# --- one acquisition a trigger


def test_a_trigger_takes_the_exposure_and_ends_with_the_frame_in_the_file(
    detector: AreaDetector, clock: SimClock
) -> None:
    detector.count_time.set(2.5).wait()
    detector.stage().wait()
    began = clock.time()
    status = detector.trigger()
    assert not status.done
    status.wait()
    assert clock.time() - began == 2.5
    assert detector.get_index() == 1
    assert detector.read()["det_stats1_total"]["value"] == detector.image.image().sum()


def test_statistics_are_read_and_frames_are_described(detector: AreaDetector) -> None:
    names = ("total", "centroid_x", "centroid_y")
    assert detector.hints["fields"] == [f"det_stats1_{name}" for name in names]
    assert "det_image" not in detector.read()
    assert set(detector.describe()) == {*detector.read(), "det_image"}
    assert detector.describe()["det_image"] == {
        "source": "twin://Det:HDF1:FullFileName_RBV",
        "dtype": "array",
        "shape": [1, 4, 6],
        "dtype_numpy": "|u1",
        "external": "STREAM:",
    }
    configuration = detector.read_configuration()
    assert configuration["det_cam_acquire_time"]["value"] == 0.1
    assert "det_hdf1_compression" in configuration
    assert "det_stats2_bgd_width" not in configuration


def test_frames_are_announced_once_each(detector: AreaDetector, tmp_path: Path) -> None:
    detector.stage().wait()
    assert documents(detector) == []
    detector.trigger().wait()
    (_, resource), (_, first) = documents(detector)
    assert resource == {
        "uid": "uid-2",
        "data_key": "det_image",
        "mimetype": "application/x-hdf5",
        "uri": f"file://localhost{tmp_path}/det_uid-1.h5",
        "parameters": {"dataset": "/entry/data/data", "swmr": False, "chunk_shape": [1, 4, 6]},
    }
    assert first == {
        "uid": "uid-2/0",
        "stream_resource": "uid-2",
        "descriptor": "",
        "indices": {"start": 0, "stop": 1},
        "seq_nums": {"start": 0, "stop": 0},
    }
    assert documents(detector) == []
    detector.trigger().wait()
    assert [name for name, _ in documents(detector)] == ["stream_datum"]


def test_frames_that_a_plan_has_not_kept_are_not_announced(detector: AreaDetector) -> None:
    """Triggered again after a pause, or dropped: one event has the frames of the last trigger."""
    detector.stage().wait()
    for _ in range(3):
        detector.trigger().wait()
    _, (_, datum) = documents(detector)
    assert datum["indices"] == {"start": 2, "stop": 3}


@pytest.mark.parametrize("assets", ["stream", "datum"])
def test_the_documents_are_valid_event_model(make: Make, tmp_path: Path, assets: str) -> None:
    detector = make(directory=tmp_path, assets=assets, file_name=lambda: "run 1")
    detector.stage().wait()
    detector.trigger().wait()
    found = documents(detector)
    for name, document in found:
        own = {} if name == "datum" else {"run_start": "r"}
        schema_validators[DocumentNames[name]].validate(document | own)
    if assets == "stream":
        assert found[0][1]["uri"].endswith("/run%201.h5")


def test_several_frames_can_make_one_event(make: Make) -> None:
    detector = make(frames=3)
    detector.stage().wait()
    detector.trigger().wait()
    assert detector.hdf1.num_captured.get() == 3
    assert detector.get_index() == 1
    assert detector.describe()["det_image"]["shape"] == [3, 4, 6]
    assert documents(detector)[1][1]["indices"] == {"start": 0, "stop": 1}


def test_unstaged_a_trigger_takes_a_frame_for_no_file(detector: AreaDetector) -> None:
    detector.cam.image_mode.set("Single").wait()
    detector.trigger().wait()
    assert (detector.get_index(), documents(detector)) == (0, [])


def test_the_latest_frame_is_an_image(detector: AreaDetector) -> None:
    detector.stage().wait()
    detector.trigger().wait()
    y, x = np.mgrid[:4, :6]
    np.testing.assert_array_equal(detector.image.image(), x + y)


# --- other ways to announce, and to write


def column(found: list[tuple[str, dict[str, Any]]], shape: list[int]) -> ExternalColumn:
    """What the broker makes of the documents."""
    if any(name == "resource" for name, _ in found):
        ids = [document["datum_id"] for name, document in found if name == "datum"]
        return ExternalColumn("det", {"shape": shape}, list(by_datum(ids, found)))
    numbered = []
    for name, document in found:
        if name == "stream_datum":
            limits = {side: number + 1 for side, number in document["indices"].items()}
            numbered.append((name, document | {"descriptor": "d", "seq_nums": limits}))
        else:
            numbered.append((name, document))
    return ExternalColumn("det", {"shape": shape}, list(by_stream("det_image", ["d"], numbered)))


@pytest.mark.parametrize("writer", ["hdf1", "tiff1"])
@pytest.mark.parametrize("assets", ["stream", "datum"])
@pytest.mark.parametrize("frames", [1, 2])
def test_the_broker_reads_what_is_announced(
    make: Make, writer: str, assets: str, frames: int
) -> None:
    detector = make(writer=writer, assets=assets, frames=frames)
    detector.stage().wait()
    found = []
    for _ in range(3):
        detector.trigger().wait()
        found += documents(detector)
    detector.unstage().wait()
    shape = detector.describe()["det_image"]["shape"]
    images = column(found, shape).read(np.arange(3))
    assert images.shape == (3, frames, 4, 6)
    assert images[:, :, 0, 0].ravel().tolist() == list(range(3 * frames))


def test_a_datum_an_event_and_its_id_in_the_event(make: Make, tmp_path: Path) -> None:
    detector = make(assets="datum")
    detector.stage().wait()
    assert detector.describe()["det_image"]["external"] == "FILESTORE:"
    ids, found = [], []
    for _ in range(2):
        detector.trigger().wait()
        ids.append(detector.read()["det_image"]["value"])
        found += documents(detector)
    assert [name for name, _ in found] == ["resource", "datum", "datum"]
    assert found[0][1] == {
        "uid": "uid-2",
        "spec": "AD_HDF5",
        "root": str(tmp_path),
        "resource_path": "det_uid-1.h5",
        "resource_kwargs": {"frame_per_point": 1},
        "path_semantics": "posix",
    }
    assert [document["datum_id"] for _, document in found[1:]] == ids == ["uid-2/0", "uid-2/1"]
    assert [document["datum_kwargs"]["point_number"] for _, document in found[1:]] == [0, 1]


def test_tiff_files_are_numbered_from_0(make: Make, tmp_path: Path) -> None:
    detector = make(writer="tiff1")
    detector.stage().wait()
    detector.trigger().wait()
    (_, resource), _ = documents(detector)
    assert resource["uri"] == f"file://localhost{tmp_path}/"
    assert resource["mimetype"] == "multipart/related;type=image/tiff"
    assert resource["parameters"]["template"] == "det_uid-1_{:06d}.tiff"
    assert [path.name for path in tmp_path.iterdir()] == ["det_uid-1_000000.tiff"]
    assert not detector.hdf1.enable.get()


def test_without_a_writer_there_are_readings_alone(make: Make, tmp_path: Path) -> None:
    detector = make(writer=None)
    detector.stage().wait()
    detector.trigger().wait()
    assert "det_image" not in detector.describe()
    assert detector.read()["det_stats1_total"]["value"] > 0
    assert documents(detector) == list(tmp_path.iterdir()) == []


def test_frames_of_a_region_of_interest_can_be_written(make: Make) -> None:
    detector = make()
    detector.hdf1.nd_array_port.set("ROI1").wait()
    detector.roi1.size_x.set(3).wait()
    detector.stage().wait()
    message = (
        r"det_hdf1: it has its frames from ROI1, and of which size .* take one with det.warm_up\(\)"
    )
    with pytest.raises(AcquisitionError, match=message):
        detector.describe()
    detector.unstage().wait()
    detector.warm_up().wait()
    assert not detector.roi1.enable.get()
    assert detector.describe()["det_image"]["shape"] == [1, 4, 3]
    detector.stage().wait()
    detector.trigger().wait()
    assert detector.roi1.enable.get()
    detector.unstage().wait()


# --- folders


def test_a_folder_may_have_two_names(make: Make, tmp_path: Path) -> None:
    detector = make(directory="/nowhere/on/this/side", write_directory=str(tmp_path))
    detector.stage().wait()
    detector.trigger().wait()
    assert documents(detector)[0][1]["uri"] == "file://localhost/nowhere/on/this/side/det_uid-1.h5"
    assert [path.name for path in tmp_path.iterdir()] == ["det_uid-1.h5"]


def test_a_folder_for_each_day(make: Make, tmp_path: Path) -> None:
    detector = make(directory=tmp_path / "%Y/%m/%d", create_depth=3, assets="datum")
    detector.stage().wait()
    detector.trigger().wait()
    resource = documents(detector)[0][1]
    assert resource["root"] == str(tmp_path)
    assert resource["resource_path"] == "2023/11/14/det_uid-1.h5"
    assert (tmp_path / resource["resource_path"]).exists()


def test_a_folder_on_windows() -> None:
    read, write = Folders("/data/%Y", r"C:\data\%Y").at(0.0)
    assert (read, write) == (Path("/data/1970"), PureWindowsPath(r"C:\data\1970"))


# --- several acquisitions a trigger


def test_acquisitions_with_settings_of_their_own(make: Make, clock: SimClock) -> None:
    dark = Acquisition("dark", {"cam.acquire_time": 0.5, "cam.gain": 0.0})
    light = Acquisition("light", {"cam.acquire_time": 0.25, "cam.gain": 1.0}, frames=2)
    detector = make(triggering=MultiTrigger([dark, light]))
    detector.cam.offset.set(7.0).wait()
    detector.stage().wait()
    began = clock.time()
    detector.trigger().wait()
    assert clock.time() - began == 0.5 + 2 * 0.25
    assert detector.describe()["det_image"]["shape"] == [3, 4, 6]
    found = documents(detector)
    detector.unstage().wait()
    images = column(found, [3, 4, 6]).read(np.arange(1))[0]
    assert images[:, 0, 0].tolist() == [7, 7, 8]
    assert (images[0] == 7).all()
    assert detector.cam.acquire_time.get() == 0.1


# --- a camera that goes on and on


@pytest.fixture
def continuous(make: Make) -> AreaDetector:
    return make(triggering=ContinuousTrigger(frames=2))


def test_a_running_camera_gives_the_next_frames(continuous: AreaDetector, clock: SimClock) -> None:
    continuous.stage().wait()
    assert continuous.cam.acquire.get()
    assert continuous.hdf1.nd_array_port.get() == "CB1"
    clock.sleep(10.02)
    began = clock.time()
    for _ in range(3):
        continuous.trigger().wait()
    assert clock.time() - began == pytest.approx(0.58)
    assert continuous.get_index() == 3
    assert continuous.cam.array_counter.get() > 100
    continuous.unstage().wait()
    assert not continuous.cam.acquire.get()
    assert continuous.hdf1.nd_array_port.get() == "CAM"


def test_a_camera_that_has_stopped_cannot_be_triggered(continuous: AreaDetector) -> None:
    continuous.stage().wait()
    continuous.stop()
    continuous.clock.sleep(1.0)
    with pytest.raises(AcquisitionError, match=r"the camera has stopped \(Det:cam1:Acquire_RBV"):
        continuous.trigger().wait()


# --- what goes wrong


def test_a_folder_that_is_not_there_is_named(detector: AreaDetector, tmp_path: Path) -> None:
    detector.directory = tmp_path / "nowhere"
    message = (
        r"det_hdf1: the file writer has no folder .*nowhere \(Det:HDF1:FilePathExists_RBV is 0\)"
    )
    with pytest.raises(AcquisitionError, match=message):
        detector.stage().wait()
    detector.unstage().wait()
    assert detector.cam.image_mode.get() == "Continuous"


def test_a_folder_that_cannot_be_written_to_fails_the_trigger(detector: AreaDetector) -> None:
    detector.directory = "/proc"
    detector.stage().wait()
    message = (
        r"det_hdf1: could not write: /proc/det_uid-1.h5: .* \(Det:HDF1:WriteMessage; file /proc/"
    )
    with pytest.raises(AcquisitionError, match=message):
        detector.trigger().wait()


def test_a_capture_that_does_not_begin_says_so(detector: AreaDetector) -> None:
    detector.stage_sigs[detector.hdf1.file_write_mode] = "Single"
    message = (
        r"does not begin to capture to .*det_uid-1: ERROR: capture not supported in Single mode"
    )
    with pytest.raises(AcquisitionError, match=message):
        detector.stage().wait()


def test_frames_of_another_size_than_the_first_fail_the_trigger(detector: AreaDetector) -> None:
    detector.stage().wait()
    detector.trigger().wait()
    detector.cam.size_x.set(3).wait()
    message = (
        "det_hdf1: could not write: Invalid frame. Ignoring. .* the last frame that came is 4 x 3"
    )
    with pytest.raises(AcquisitionError, match=message):
        detector.trigger().wait()


def test_a_frame_that_never_reaches_the_file_fails_its_trigger(detector: AreaDetector) -> None:
    detector.stage().wait()
    detector.hdf1.enable.set(False).wait()
    message = "has written 0 of 1 frames: Lazy Open... .*; no frame came"
    with pytest.raises(AcquisitionError, match=message):
        detector.trigger().wait()


def test_frames_that_were_dropped_fail_the_trigger(make: Make, camera: Camera) -> None:
    detector = make(frames=5)
    camera.plugins["HDF1"].bytes_per_second = 48.0  # two a second
    detector.hdf1.queue_size.set(1).wait()
    detector.stage().wait()
    message = r"det_hdf1: \d frames were dropped \(Det:HDF1:DroppedArrays_RBV\): .* its queue of 1 is full; make"
    with pytest.raises(AcquisitionError, match=message):
        detector.trigger().wait()
    detector.unstage().wait()
    detector.stage().wait()
    assert detector.hdf1.dropped_arrays.get() == 0


def test_a_slow_file_plugin_is_waited_for(make: Make, camera: Camera, clock: SimClock) -> None:
    detector = make(frames=5)
    camera.plugins["HDF1"].bytes_per_second = 48.0
    detector.stage().wait()
    began = clock.time()
    detector.trigger().wait()
    assert clock.time() - began == pytest.approx(0.1 + 5 * 0.5)


def test_a_camera_in_error_fails_the_trigger(detector: AreaDetector, camera: Camera) -> None:
    def break_down(duration_s: float) -> Any:
        raise RuntimeError("cooling lost")

    camera.driver.frames.expose = break_down  # type: ignore[method-assign]
    detector.stage().wait()
    with pytest.raises(
        AcquisitionError, match=r"det_cam: in error: No frame: cooling lost \(Det:cam1:St"
    ):
        detector.trigger().wait()


def test_a_camera_that_does_not_end_fails_the_trigger(detector: AreaDetector) -> None:
    detector.stage().wait()
    detector.cam.trigger_mode.set("External").wait()
    message = (
        r"det: 1 images have not been taken in 60.1 s; Det:cam1:DetectorState_RBV is Waiting: 'Waiting for a trigger';"
        r" does it wait for triggers \(Det:cam1:TriggerMode_RBV is External\)\?"
    )
    with pytest.raises(StatusTimeoutError, match=message):
        detector.trigger().wait()


def test_an_acquisition_that_is_aborted_fails_the_trigger(detector: AreaDetector) -> None:
    detector.count_time.set(10.0).wait()
    detector.stage().wait()
    status = detector.trigger()
    detector.clock.sleep(1.0)
    detector.stop()
    with pytest.raises(AcquisitionError, match="det_cam: aborted: Acquisition stopped"):
        status.wait()


def test_a_camera_that_vanishes_fails_the_trigger(
    detector: AreaDetector, database: Database
) -> None:
    detector.stage().wait()
    status = detector.trigger()
    database.disconnect("Det:cam1:Acquire")
    with pytest.raises(NotConnectedError, match="Det:cam1:Acquire: disconnected during a put"):
        status.wait()


def test_after_half_an_event_there_is_a_new_file(make: Make, tmp_path: Path) -> None:
    detector = make(frames=4)
    detector.stage().wait()
    detector.trigger().wait()
    found = documents(detector)
    status = detector.trigger()
    detector.clock.sleep(0.25)
    detector.stop()
    assert isinstance(status.exception(None), AcquisitionError)
    detector.trigger().wait()
    found += documents(detector)
    resources = [document for name, document in found if name == "stream_resource"]
    assert len({each["uri"] for each in resources}) == 2
    assert [d["indices"] for name, d in found if name == "stream_datum"] == [
        {"start": 0, "stop": 1}
    ] * 2


def test_arguments_that_mean_nothing(make: Make) -> None:
    with pytest.raises(DeclarationError, match="det: assets='files': there are stream, datum"):
        make(assets="files")
    with pytest.raises(DeclarationError, match="det: writer='hdf': there are hdf1, tiff1"):
        make(writer="hdf")
    with pytest.raises(DeclarationError, match="det: without='stats9': there are image, stats1"):
        make(without=["stats9"])


# --- pausing


def test_a_pause_ends_the_exposure(detector: AreaDetector) -> None:
    detector.count_time.set(100.0).wait()
    detector.stage().wait()
    status = detector.trigger()
    detector.clock.sleep(1.0)
    detector.pause()
    assert isinstance(status.exception(None), AcquisitionError)
    detector.resume()
    detector.trigger().wait()
    assert documents(detector)[1][1]["indices"] == {"start": 0, "stop": 1}


# --- in flight


def fly(detector: AreaDetector, sequence: Any) -> None:
    detector.prepare(sequence).wait()
    detector.kickoff().wait()
    detector.complete().wait()


def test_frames_are_taken_by_the_detector_itself(detector: AreaDetector, clock: SimClock) -> None:
    detector.stage().wait()
    began = clock.time()
    fly(detector, FrameSequence(50, exposure_s=0.01, period_s=0.02))
    assert clock.time() - began == pytest.approx(49 * 0.02 + 0.01)
    assert detector.get_index() == 50
    detector.unstage().wait()
    assert detector.cam.acquire_time.get() == 0.1


def test_frames_are_announced_as_they_arrive(detector: AreaDetector, clock: SimClock) -> None:
    detector.stage().wait()
    detector.prepare({"events": 10, "exposure_s": 0.1, "period_s": 0.1}).wait()
    detector.kickoff().wait()
    assert (documents(detector), detector.get_index()) == ([], 0)
    clock.sleep(0.45)
    (_, _), (_, first) = documents(detector)
    assert first["indices"] == {"start": 0, "stop": 4}
    clock.sleep(0.2)
    assert documents(detector, index=5)[0][1]["indices"] == {"start": 4, "stop": 5}
    detector.complete().wait()
    assert documents(detector)[0][1]["indices"] == {"start": 5, "stop": 10}


def test_several_frames_an_event_in_flight(detector: AreaDetector) -> None:
    detector.stage().wait()
    fly(detector, FrameSequence(3, frames=2))
    assert detector.get_index() == 3
    assert detector.describe_collect()["det_image"]["shape"] == [2, 4, 6]


def test_in_flight_each_frame_can_wait_for_a_pulse(
    detector: AreaDetector, camera: Camera, clock: SimClock
) -> None:
    detector.stage().wait()
    detector.prepare(FrameSequence(2, exposure_s=0.1, trigger="edge")).wait()
    detector.kickoff().wait()
    clock.sleep(1000.0)
    for _ in range(2):
        camera.driver.trigger()
        clock.sleep(1.0)
    assert detector.complete().success
    assert detector.get_index() == 2


def test_two_flights_follow_each_other_in_one_file(detector: AreaDetector, tmp_path: Path) -> None:
    detector.stage().wait()
    for _ in range(2):
        fly(detector, 3)
    assert detector.get_index() == 6
    detector.unstage().wait()
    (file,) = tmp_path.iterdir()
    assert len(h5py.File(file)["entry/data/data"]) == 6


def test_a_flight_cannot_be_paused_but_stopped(detector: AreaDetector, clock: SimClock) -> None:
    detector.stage().wait()
    detector.prepare(FrameSequence(100, exposure_s=1.0)).wait()
    detector.kickoff().wait()
    clock.sleep(3.5)
    with pytest.raises(NoReplayAllowed, match="det: it flies"):
        detector.pause()
    detector.stop(success=True)
    detector.complete().wait()
    assert detector.get_index() == 3


def test_a_flight_that_is_stopped_otherwise_fails(detector: AreaDetector) -> None:
    detector.stage().wait()
    detector.prepare(FrameSequence(100, exposure_s=1.0)).wait()
    detector.kickoff().wait()
    detector.stop()
    with pytest.raises(AcquisitionError, match="aborted"):
        detector.complete().wait()


def test_what_cannot_be_flown(detector: AreaDetector) -> None:
    with pytest.raises(AcquisitionError, match="prepare it first"):
        detector.kickoff()
    with pytest.raises(AcquisitionError, match="it is not staged"):
        detector.prepare(3).wait()
    with pytest.raises(LimitsError, match=r"frames every 0.1 s cannot have 0.2 s"):
        FrameSequence(3, exposure_s=0.2, period_s=0.1)
    with pytest.raises(LimitsError, match="must be 1 or more"):
        FrameSequence(0)


# --- in plans


@pytest.fixture
def broker(engine: RunEngine, tmp_path: Path) -> Iterator[Broker]:
    """What is run is stored here."""
    with Broker.open(tmp_path / "catalog.sqlite") as broker:
        engine.subscribe(broker.insert)
        yield broker


@pytest.fixture
def engine(clock: SimClock) -> RunEngine:
    return RunEngine(clock=clock, context_managers=[])


@pytest.mark.parametrize("assets", ["stream", "datum"])
@pytest.mark.parametrize("writer", ["hdf1", "tiff1"])
def test_a_count_and_its_frames(
    make: Make, engine: RunEngine, broker: Broker, assets: str, writer: str
) -> None:
    detector = make(assets=assets, writer=writer, frames=2)
    engine(count([detector], 3))
    data = broker[-1].primary.read()
    assert data["det_image"].shape == (3, 2, 4, 6)
    assert data["det_image"][:, :, 0, 0].values.ravel().tolist() == list(range(6))
    totals = data["det_image"][:, -1].sum(("det_image_dim_1", "det_image_dim_2"))
    assert data["det_stats1_total"].values.tolist() == totals.values.tolist()


def flight(detector: AreaDetector, sequence: FrameSequence) -> Any:
    yield from stubs.stage(detector, wait=True)
    yield from stubs.open_run()
    yield from stubs.prepare(detector, sequence, wait=True)
    yield from stubs.declare_stream(detector, name="primary", collect=True)
    yield from stubs.kickoff(detector, wait=True)
    yield from stubs.collect_while_completing([detector], [detector], flush_period=1.0)
    yield from stubs.close_run()
    yield from stubs.unstage(detector, wait=True)


def test_a_flight_is_collected_while_it_goes_on(
    detector: AreaDetector, engine: RunEngine, broker: Broker, clock: SimClock
) -> None:
    began = clock.time()
    engine(flight(detector, FrameSequence(100, exposure_s=0.1, period_s=0.1)))
    assert clock.time() - began == pytest.approx(10.0, abs=1.0)
    run = broker[-1]
    ranges = [document["indices"] for _, document in run.documents(["stream_datum"])]
    assert 9 <= len(ranges) <= 12
    assert (ranges[0]["start"], ranges[-1]["stop"]) == (0, 100)
    images = run.primary.read(["det_image"])["det_image"]
    assert images[:, 0, 0, 0].values.tolist() == list(range(100))


def test_an_event_that_is_taken_again_after_a_pause_has_the_later_frame(
    detector: AreaDetector, engine: RunEngine, broker: Broker
) -> None:
    def plan() -> Any:
        yield from stubs.open_run()
        yield from stubs.checkpoint()
        yield from stubs.create()
        yield from stubs.trigger(detector, wait=True)
        yield from stubs.read(detector)
        if not paused:
            paused.append(True)
            yield from stubs.pause()
        yield from stubs.save()
        yield from stubs.close_run()

    paused: list[bool] = []
    detector.stage().wait()
    with pytest.raises(RunEngineInterrupted):
        engine(plan())
    engine.resume()
    detector.unstage().wait()
    assert broker[-1].primary.read()["det_image"][0, 0, 0, 0].item() == 1


# --- detectors of some makes


class Ones:
    """Frames of ones."""

    dtype = np.dtype("<u2")

    def __init__(self, shape: tuple[int, int]):
        self.shape = shape

    def expose(self, duration_s: float) -> Any:
        from concurrent.futures import Future

        future: Future[Any] = Future()
        future.set_result(np.ones(self.shape, self.dtype))
        return future


@pytest.mark.parametrize(
    ("cls", "driver", "words"),
    [
        (EigerDetector, EigerDriver, ("Internal Series", "External Enable")),
        (ProsilicaDetector, ProsilicaDriver, ("Fixed Rate", "Sync In 1")),
    ],
)
def test_detectors_of_other_makes(
    database: Database, tmp_path: Path, cls: Any, driver: Any, words: tuple[str, str]
) -> None:
    camera = Camera(database, "Det:", Ones((4, 6)), driver=driver)
    detector = cls("Det:", "det", database, directory=tmp_path)
    detector.connect()
    detector.count_time.set(0.1).wait()
    detector.stage().wait()
    assert detector.cam.trigger_mode.get() == words[0]
    detector.trigger().wait()
    assert detector.get_index() == 1
    detector.prepare(FrameSequence(2, trigger="edge")).wait()
    assert detector.cam.trigger_mode.get() == words[1]
    detector.kickoff().wait()
    for _ in range(2):
        detector.clock.sleep(1.0)
        camera.driver.trigger()
    detector.complete().wait()
    assert detector.get_index() == 3


def test_a_driver_whose_words_are_not_known(
    database: Database, camera: Camera, tmp_path: Path
) -> None:
    detector = AreaDetector("Det:", "det", database, directory=tmp_path)
    detector.connect()
    detector.stage().wait()
    message = "det_cam: no word is known for 'edge' triggers: set Det:cam1:TriggerMode yourself"
    with pytest.raises(AcquisitionError, match=message):
        detector.prepare(FrameSequence(2, trigger="edge")).wait()


def test_an_ioc_may_lack_plugins(database: Database, tmp_path: Path) -> None:
    Camera(
        database, "Det:", Pattern((4, 6)), driver=SimDriver, plugins=("image1", "HDF1", "Stats1")
    )
    lacking = ["tiff1", *(f"stats{n}" for n in (2, 3, 4, 5)), *(f"roi{n}" for n in (1, 2, 3, 4))]
    detector = SimDetector("Det:", "det", database, directory=tmp_path, without=lacking)
    detector.connect()
    detector.stage().wait()
    detector.trigger().wait()
    assert detector.get_index() == 1
