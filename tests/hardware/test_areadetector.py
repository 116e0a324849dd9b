import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from event_model import DocumentNames, schema_validators

from beamtwin.hardware.areadetector import AreaDetector
from beamtwin.hardware.areadetector.stream import FrameStream
from beamtwin.hardware.soft import SoftTransport
from beamtwin.orchestration.errors import AcquisitionError, StatusTimeoutError
from beamtwin.orchestration.status import Status
from beamtwin.twin.clock import SimClock


@pytest.fixture
def detector(soft_detector: Any, transport: SoftTransport, tmp_path: Path) -> AreaDetector:
    numbers = itertools.count(1)
    device = AreaDetector(
        "Det:", "det", transport, directory=tmp_path, uid=lambda: f"uid-{next(numbers)}"
    )
    device.connect()
    return device


def documents(detector: AreaDetector, index: int | None = None) -> list[tuple[str, dict[str, Any]]]:
    return list(detector.collect_asset_docs(index))


def test_staging_sets_up_camera_and_file_and_unstaging_restores(
    detector: AreaDetector, soft_detector: Any, tmp_path: Path
) -> None:
    detector.stage().wait()
    assert detector.cam.image_mode.get() == "Multiple"
    assert detector.cam.num_images.get() == 1
    assert detector.hdf.file_write_mode.get() == "Stream"
    assert detector.hdf.capture.get()
    assert soft_detector.text("HDF1:FilePath_RBV") == f"{tmp_path}/"
    assert soft_detector.text("HDF1:FileName_RBV") == "det_uid-1"
    assert soft_detector.text("HDF1:FileTemplate_RBV") == "%s%s.h5"
    detector.unstage().wait()
    assert not detector.hdf.capture.get()
    assert detector.cam.image_mode.get() == "Continuous"
    assert detector.cam.num_images.get() == 5
    assert not detector.stats.enable_callbacks.get()


def test_a_trigger_takes_the_exposure_and_ends_with_the_frame_in_the_file(
    detector: AreaDetector, clock: SimClock
) -> None:
    detector.count_time.set(2.5).wait()
    detector.stage().wait()
    status = detector.trigger()
    assert not status.done
    status.wait()
    assert clock.time() - clock.epoch == 2.5
    assert detector.get_index() == 1
    assert detector.read()["det_stats_total"]["value"] == 1234.0


def test_statistics_are_read_and_frames_are_described(detector: AreaDetector) -> None:
    assert detector.hints["fields"] == [
        "det_stats_total",
        "det_stats_centroid_x",
        "det_stats_centroid_y",
    ]
    assert "det_image" not in detector.read()
    assert set(detector.describe()) == {*detector.read(), "det_image"}
    assert detector.describe()["det_image"] == {
        "source": "soft://Det:HDF1:FullFileName_RBV",
        "dtype": "array",
        "shape": [1, 4, 6],
        "dtype_numpy": "<u2",
        "external": "STREAM:",
    }
    assert "det_cam_acquire_time" in detector.read_configuration()


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
    for _ in range(3):
        detector.trigger().wait()
    assert documents(detector, index=2)[0][1]["indices"] == {"start": 1, "stop": 2}
    assert documents(detector)[0][1]["indices"] == {"start": 2, "stop": 4}


def test_the_documents_are_valid_event_model() -> None:
    stream = FrameStream("det_image", Path("/data/run 1.h5"), uid=lambda: "u")
    for name, document in stream.documents(2, (4, 6)):
        schema_validators[DocumentNames[name]].validate(document | {"run_start": "r"})
    assert next(FrameStream("i", Path("/a b.h5"), uid=lambda: "u").documents(1, (1, 1)))[1][
        "uri"
    ] == ("file://localhost/a%20b.h5")


def test_several_frames_can_make_one_event(
    soft_detector: Any, transport: SoftTransport, tmp_path: Path
) -> None:
    detector = AreaDetector("Det:", "det", transport, directory=tmp_path, frames=3)
    detector.connect()
    detector.stage().wait()
    detector.trigger().wait()
    assert soft_detector.read("HDF1:NumCaptured_RBV") == 3
    assert detector.get_index() == 1
    assert detector.describe()["det_image"]["shape"] == [3, 4, 6]
    assert documents(detector)[1][1]["indices"] == {"start": 0, "stop": 1}


def test_each_stage_has_its_own_file(detector: AreaDetector) -> None:
    uris = []
    for _ in range(2):
        detector.stage().wait()
        detector.trigger().wait()
        uris.append(documents(detector)[0][1]["uri"])
        detector.unstage().wait()
    assert len(set(uris)) == 2


def test_a_folder_that_is_not_there_is_named(detector: AreaDetector, tmp_path: Path) -> None:
    detector.directory = tmp_path / "nowhere"
    message = (
        r"det_hdf: the file writer has no folder .*nowhere \(Det:HDF1:FilePathExists_RBV is 0\)"
    )
    with pytest.raises(AcquisitionError, match=message):
        detector.stage().wait()
    detector.unstage().wait()
    assert detector.cam.image_mode.get() == "Continuous"


def test_a_folder_that_cannot_be_written_to_says_so(
    detector: AreaDetector, soft_detector: Any
) -> None:
    soft_detector.fault = "Permission denied"
    message = r"det_hdf: does not begin to capture to .*det_uid-1.h5: Permission denied"
    with pytest.raises(AcquisitionError, match=message):
        detector.stage().wait()


def test_a_frame_that_cannot_be_written_fails_its_trigger(
    detector: AreaDetector, soft_detector: Any
) -> None:
    detector.stage().wait()
    soft_detector.fault = "No space left on device"
    message = r"det_hdf: could not write: No space left on device \(Det:HDF1:WriteMessage"
    with pytest.raises(AcquisitionError, match=message):
        detector.trigger().wait()


def test_a_frame_that_never_reaches_the_file_fails_its_trigger(
    detector: AreaDetector, soft_detector: Any
) -> None:
    detector.stage().wait()
    soft_detector.lost = 1
    with pytest.raises(AcquisitionError, match="has written 0 of 1 frames: no reason given"):
        detector.trigger().wait()


def test_a_frame_that_comes_late_is_waited_for(
    detector: AreaDetector, soft_detector: Any, clock: SimClock
) -> None:
    detector.stage().wait()
    soft_detector.lost = 1
    clock.call_at(clock.time() + 3, lambda: soft_detector.post("HDF1:NumCaptured_RBV", 1))
    detector.trigger().wait()
    assert clock.time() - clock.epoch == 3.0


def test_a_camera_in_error_fails_the_trigger(detector: AreaDetector, soft_detector: Any) -> None:
    soft_detector.post("cam1:DetectorState_RBV", 2)
    soft_detector.say("cam1:StatusMessage_RBV", "cooling lost")
    with pytest.raises(AcquisitionError, match="det_cam: in error: cooling lost"):
        detector.trigger().wait()


def test_a_camera_that_does_not_end_fails_the_trigger(
    detector: AreaDetector, transport: SoftTransport, clock: SimClock
) -> None:
    transport.on_put("Det:cam1:Acquire", lambda on: Status(clock) if on else None)
    with pytest.raises(StatusTimeoutError, match=r"det: trigger: not done after 60.1 s"):
        detector.trigger().wait()


def test_unstaged_a_trigger_takes_a_frame_for_no_file(detector: AreaDetector) -> None:
    detector.trigger().wait()
    assert (detector.get_index(), documents(detector)) == (0, [])


def test_the_latest_frame_is_an_image(detector: AreaDetector) -> None:
    np.testing.assert_array_equal(detector.image.image(), np.arange(24).reshape(4, 6))
