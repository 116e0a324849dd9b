"""EigerDriver against ADEiger's documentation."""

import h5py
import pytest

from beamtwin.twin.areadetector import EigerDriver

CHX = {"driver": EigerDriver, "manufacturer": "DECTRIS", "model": "Eiger 4M"}


@pytest.fixture
def eiger(make_bench):
    bench = make_bench(**CHX)
    bench.enable("image1")
    bench.put(cam1_AcquireTime=0.5, cam1_AcquirePeriod=1.0)
    return bench


def test_internal_series_is_triggers_times_images(eiger):
    eiger.put(cam1_NumImages=3, cam1_NumTriggers=2)
    eiger.acquire()
    assert eiger.get("cam1:ArrayCounter_RBV") == eiger.get("image1:ArrayCounter_RBV") == 6
    assert eiger.choice("cam1:DetectorState_RBV") == "Idle"
    assert eiger.get("cam1:StatusMessage_RBV") == "Ready"


def test_internal_enable_takes_one_image_a_trigger(eiger):
    eiger.put(cam1_TriggerMode="Internal Enable", cam1_NumImages=5, cam1_NumTriggers=2)
    eiger.acquire()
    assert eiger.get("cam1:ArrayCounter_RBV") == 2


def test_it_is_armed_while_it_acquires_under_a_number_of_its_own(eiger):
    status = eiger.put(cam1_Acquire=1)
    eiger.clock.sleep(0.1)
    assert (eiger.choice("cam1:Armed"), eiger.get("cam1:SequenceId")) == ("Armed", 1)
    status.wait()
    assert eiger.choice("cam1:Armed") == "Unarmed"
    eiger.acquire()
    assert eiger.get("cam1:SequenceId") == 2


def test_manual_triggers(eiger):
    """As CHX's profile has it: staged with ManualTrigger, then Acquire, then Trigger."""
    eiger.put(cam1_ManualTrigger="Enable", cam1_NumImages=2, cam1_NumTriggers=2)
    status = eiger.put(cam1_Acquire=1)
    eiger.clock.sleep(60.0)
    assert eiger.get("cam1:StatusMessage_RBV") == "Waiting for manual triggers"
    eiger.put(cam1_Trigger=1)
    eiger.clock.sleep(5.0)
    assert (eiger.get("cam1:NumImagesCounter_RBV"), status.done) == (2, False)
    eiger.put(cam1_Trigger=1)
    status.wait()
    assert eiger.get("cam1:NumImagesCounter_RBV") == 4


def test_a_click_while_it_arms_is_not_lost(eiger):
    """Ophyd writes Trigger right after Acquire."""
    eiger.put(cam1_ManualTrigger="Enable")
    status = eiger.put(cam1_Acquire=1)
    eiger.put(cam1_Trigger=1)
    status.wait()
    assert eiger.get("cam1:NumImagesCounter_RBV") == 1


def test_a_click_at_rest_is(eiger):
    eiger.put(cam1_ManualTrigger="Enable")
    eiger.put(cam1_Trigger=1)
    status = eiger.put(cam1_Acquire=1)
    eiger.clock.sleep(5.0)
    assert not status.done


@pytest.mark.parametrize(("mode", "images"), [("External Series", 3), ("External Enable", 1)])
def test_external_triggers(eiger, mode, images):
    eiger.put(cam1_TriggerMode=mode, cam1_NumImages=3)
    status = eiger.put(cam1_Acquire=1)
    eiger.clock.sleep(5.0)
    assert "external triggers" in eiger.get("cam1:StatusMessage_RBV")
    eiger.camera.driver.trigger()
    status.wait()
    assert eiger.get("cam1:NumImagesCounter_RBV") == images


def test_continuous_begins_again_until_it_is_stopped(eiger):
    eiger.put(cam1_TriggerMode="Continuous", cam1_NumImages=2)
    status = eiger.put(cam1_Acquire=1)
    eiger.clock.sleep(9.9)
    eiger.put(cam1_Acquire=0)
    status.wait()
    assert eiger.get("cam1:ArrayCounter_RBV") > 6
    assert eiger.choice("cam1:DetectorState_RBV") == "Aborted"


def test_a_period_is_no_shorter_than_the_exposure_and_the_dead_time(eiger):
    eiger.put(cam1_AcquireTime=2.0)
    assert eiger.get("cam1:AcquirePeriod_RBV") == eiger.get("cam1:AcquirePeriod")
    assert eiger.get("cam1:AcquirePeriod_RBV") == 2.0 + eiger.get("cam1:DeadTime_RBV")
    eiger.put(cam1_AcquirePeriod=3.0)
    assert eiger.get("cam1:AcquirePeriod_RBV") == 3.0


def test_energy_wavelength_and_threshold_go_together(eiger):
    eiger.put(cam1_PhotonEnergy=9650.0)
    assert eiger.get("cam1:Wavelength_RBV") == pytest.approx(1.2848, abs=1e-4)
    assert eiger.get("cam1:ThresholdEnergy_RBV") == 4825.0
    eiger.put(cam1_Wavelength=1.0)
    assert eiger.get("cam1:PhotonEnergy_RBV") == pytest.approx(12398.42)


def test_what_an_eiger_cannot_do_says_so(eiger):
    eiger.put(cam1_BinX=2, cam1_MinY=1)
    assert (eiger.get("cam1:BinX_RBV"), eiger.get("cam1:MinY_RBV")) == (1, 0)
    assert eiger.get("cam1:DataType_RBV.DISA") == 1
    assert eiger.get("cam1:BitDepthImage_RBV") == 16


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"FWEnable": "Disable"}, "FileWriter API is disabled"),
        ({"DataSource": "Stream"}, "Stream API is disabled"),
        ({"SaveFiles": "Enable", "FilePath": "/nowhere"}, "Invalid file path"),
    ],
)
def test_what_it_refuses(eiger, values, message):
    eiger.put(**{f"cam1_{name}": value for name, value in values.items()})
    eiger.acquire()
    assert eiger.choice("cam1:DetectorState_RBV") == "Error"
    assert eiger.get("cam1:StatusMessage_RBV") == message
    assert eiger.get("cam1:SequenceId") == 0


@pytest.mark.parametrize(("source", "arrays"), [("None", 0), ("FileWriter", 1), ("Stream", 1)])
def test_frames_go_to_plugins_from_a_source(eiger, source, arrays):
    eiger.put(cam1_StreamEnable="Enable", cam1_DataSource=source)
    eiger.acquire()
    assert eiger.get("image1:ArrayCounter_RBV") == arrays
    assert eiger.get("cam1:ArrayCounter_RBV") == 1


def test_it_writes_a_master_file_and_data_files(eiger, tmp_path):
    eiger.put(
        cam1_SaveFiles="Enable",
        cam1_FilePath=str(tmp_path),
        cam1_FWNamePattern="run_$id",
        cam1_FWNImagesPerFile=2,
        cam1_NumImages=5,
        cam1_BeamX=1030.5,
    )
    eiger.acquire()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *(f"run_1_data_00000{n}.h5" for n in (1, 2, 3)),
        "run_1_master.h5",
    ]
    assert eiger.get("cam1:FullFileName_RBV") == f"{tmp_path}/run_1_master.h5"
    with h5py.File(tmp_path / "run_1_master.h5") as master:
        data = master["entry/data"]
        assert [len(data[f"data_00000{n}"]) for n in (1, 2, 3)] == [2, 2, 1]
        assert data["data_000002"][:, 0, 0].tolist() == [3, 4]
        assert data["data_000002"].attrs["image_nr_low"] == 3
        assert data["data_000002"].attrs["image_nr_high"] == 4
        assert master["entry/instrument/detector/beam_center_x"][()] == 1030.5


def test_stopped_its_files_are_complete(eiger, tmp_path):
    eiger.put(cam1_SaveFiles="Enable", cam1_FilePath=str(tmp_path), cam1_NumImages=10)
    status = eiger.put(cam1_Acquire=1)
    eiger.clock.sleep(2.6)
    eiger.put(cam1_Acquire=0)
    status.wait()
    with h5py.File(tmp_path / "series_1_master.h5") as master:
        assert len(master["entry/data/data_000001"]) == 3


def test_files_that_cannot_be_written_are_an_error(eiger, tmp_path):
    (tmp_path / "series_1_master.h5").mkdir()
    eiger.put(cam1_SaveFiles="Enable", cam1_FilePath=str(tmp_path))
    eiger.acquire()
    assert eiger.choice("cam1:DetectorState_RBV") == "Error"
    assert "series_1_master.h5" in eiger.get("cam1:StatusMessage_RBV")
