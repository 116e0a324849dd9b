"""Cameras against ADCore's ADBase.template and ADDriver, and ADSimDetector's driver."""

import numpy as np
import pytest

from beamtwin.twin.areadetector import Frame

SHAPE = (6, 8)


def test_settings_have_readbacks(bench):
    bench.put(cam1_AcquireTime=0.25, cam1_NumImages=7, cam1_ImageMode="Multiple")
    assert (bench.get("cam1:AcquireTime_RBV"), bench.get("cam1:NumImages_RBV")) == (0.25, 7)
    assert bench.choice("cam1:ImageMode_RBV") == "Multiple"


def test_what_the_camera_is_like(bench):
    sizes = ("MaxSizeX", "MaxSizeY", "SizeX", "SizeY", "ArraySizeX", "ArraySizeY")
    assert [bench.get(f"cam1:{name}_RBV") for name in sizes] == [8, 6] * 3
    assert bench.get("cam1:ArraySize_RBV") == 96
    assert bench.choice("cam1:DataType_RBV") == "UInt16"
    assert bench.choice("cam1:ColorMode_RBV") == "Mono"


def test_a_camera_says_who_it_is(make_bench):
    bench = make_bench(manufacturer="DECTRIS", model="Eiger 4M", serial_number="E-08-0102")
    names = ("Manufacturer", "Model", "SerialNumber", "PortName")
    assert [bench.get(f"cam1:{name}_RBV") for name in names] == [
        *("DECTRIS", "Eiger 4M", "E-08-0102", "CAM")
    ]


def test_one_frame_takes_the_exposure_time_and_completes_the_put(bench, frames):
    status = bench.put(cam1_Acquire=1)
    assert (bench.get("cam1:Acquire_RBV"), bench.get("cam1:AcquireBusy")) == (1, 1)
    assert bench.choice("cam1:DetectorState_RBV") == "Acquire"
    bench.clock.sleep(0.4)
    assert bench.get("cam1:TimeRemaining_RBV") == 0.5
    assert not status.done
    status.wait()
    assert bench.clock.env.now == 0.5
    assert frames.exposures == [0.5]
    for pv in ("Acquire", "Acquire_RBV", "AcquireBusy"):
        assert bench.get(f"cam1:{pv}") == 0
    assert bench.choice("cam1:DetectorState_RBV") == "Idle"
    assert bench.get("cam1:StatusMessage_RBV") == "Waiting for acquisition"
    assert bench.get("cam1:ArrayCounter_RBV") == bench.get("cam1:NumImagesCounter_RBV") == 1


def test_acquire_is_over_before_acquire_busy_and_that_before_the_put_completes(bench):
    news = bench.heard("cam1:Acquire_RBV", "cam1:AcquireBusy", "cam1:DetectorState_RBV")
    status = bench.put(cam1_Acquire=1)
    status.add_callback(lambda _: news.append(("completed", None)))
    status.wait()
    assert news[-4:] == [
        ("cam1:DetectorState_RBV", 0),
        ("cam1:Acquire_RBV", 0),
        ("cam1:AcquireBusy", 0),
        ("completed", None),
    ]


def test_a_second_put_while_acquiring_begins_nothing_and_completes_at_once(bench, frames):
    first, second = bench.put(cam1_Acquire=1), bench.put(cam1_Acquire=1)
    assert (first.done, second.done) == (False, True)
    first.wait()
    assert len(frames.exposures) == 1


def test_a_stop_completes_at_once_and_the_put_that_began_when_it_has_ended(bench):
    acquisition = bench.put(cam1_Acquire=1)
    bench.clock.sleep(0.1)
    assert bench.put(cam1_Acquire=0).done
    acquisition.wait()
    assert bench.clock.env.now == 0.1


def test_many_frames_begin_a_period_apart(bench):
    bench.put(cam1_ImageMode="Multiple", cam1_NumImages=3, cam1_AcquirePeriod=2.0)
    bench.acquire()
    assert bench.clock.env.now == 2.0 + 2.0 + 0.5
    assert bench.get("cam1:NumImagesCounter_RBV") == 3
    bench.put(cam1_AcquirePeriod=0.0)
    bench.acquire()
    assert bench.clock.env.now == 4.5 + 1.5
    assert (bench.get("cam1:NumImagesCounter_RBV"), bench.get("cam1:ArrayCounter_RBV")) == (3, 6)


def test_between_frames_the_detector_waits_for_its_period(bench):
    bench.put(cam1_ImageMode="Multiple", cam1_NumImages=2, cam1_AcquirePeriod=2.0)
    bench.put(cam1_Acquire=1)
    bench.clock.sleep(1.0)
    assert bench.choice("cam1:DetectorState_RBV") == "Waiting"


def test_reading_out_takes_its_time_and_limits_the_rate(make_bench):
    bench = make_bench(readout_s=0.25)
    bench.put(cam1_ImageMode="Multiple", cam1_NumImages=4, cam1_AcquireTime=1.0)
    bench.put(cam1_Acquire=1)
    bench.clock.sleep(1.1)
    assert bench.choice("cam1:DetectorState_RBV") == "Readout"
    bench.clock.wait(lambda: not bench.get("cam1:AcquireBusy"))
    assert bench.clock.env.now == 4 * 1.25


def test_several_exposures_make_one_image(bench, frames):
    bench.put(cam1_NumExposures=3)
    bench.acquire()
    assert frames.exposures == [1.5]
    assert bench.clock.env.now == 1.5
    assert bench.get("cam1:NumExposuresCounter_RBV") == 3


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
    assert bench.severity("cam1:DetectorState_RBV") == "MINOR"
    assert bench.get("cam1:StatusMessage_RBV") == "Acquisition stopped"
    assert bench.get("cam1:ArrayCounter_RBV") == 0
    bench.put(cam1_AcquireTime=0.5)
    bench.acquire()
    assert bench.get("cam1:ArrayCounter_RBV") == 1


def test_an_acquisition_can_be_stopped_in_the_instant_in_which_it_begins(bench, frames):
    status = bench.put(cam1_Acquire=1)
    bench.put(cam1_Acquire=0)
    status.wait()
    assert (bench.clock.env.now, bench.get("cam1:ArrayCounter_RBV")) == (0.0, 0)


def test_to_stop_what_does_not_run_changes_nothing(bench):
    assert bench.put(cam1_Acquire=0).success
    assert bench.choice("cam1:DetectorState_RBV") == "Idle"


def test_the_array_counter_can_be_set_and_numbers_the_arrays(bench):
    bench.acquire()
    bench.put(cam1_ArrayCounter=40)
    bench.acquire()
    assert (bench.get("cam1:ArrayCounter_RBV"), bench.get("cam1:UniqueId_RBV")) == (41, 41)


def test_time_stamps_are_those_of_the_exposures_end(bench):
    bench.acquire()
    epics = bench.clock.epoch + 0.5 - 631_152_000
    assert bench.get("cam1:TimeStamp_RBV") == pytest.approx(epics, abs=1e-6)
    assert bench.get("cam1:EpicsTSSec_RBV") == int(epics)
    assert bench.get("cam1:EpicsTSNsec_RBV") == pytest.approx(epics % 1 * 1e9, abs=1000)


def test_times_before_epics_was_are_its_first_second():
    frame = Frame(np.zeros((2, 2), "u1"), 1, 0.25)
    assert frame.epics_timestamp == 0.25 - 631_152_000
    assert frame.epics_time == (0, 250_000_000)


def test_the_array_rate_is_looked_at_once_a_second(bench):
    bench.put(cam1_ImageMode="Continuous", cam1_AcquireTime=0.1, cam1_AcquirePeriod=0.1)
    assert bench.get("cam1:ArrayRate_RBV") == 0
    bench.put(cam1_Acquire=1)
    bench.clock.sleep(3.05)
    assert bench.get("cam1:ArrayRate_RBV") == pytest.approx(10, abs=1)
    bench.put(cam1_Acquire=0)
    bench.clock.sleep(3.0)
    assert bench.get("cam1:ArrayRate_RBV") == 0


def test_in_an_external_mode_each_frame_waits_for_a_pulse(bench):
    bench.put(cam1_TriggerMode="External", cam1_ImageMode="Multiple", cam1_NumImages=2)
    status = bench.put(cam1_Acquire=1)
    bench.clock.sleep(5.0)
    assert bench.get("cam1:ArrayCounter_RBV") == 0
    bench.camera.driver.trigger()
    bench.clock.sleep(1.0)
    assert (bench.get("cam1:ArrayCounter_RBV"), status.done) == (1, False)
    bench.camera.driver.trigger()
    status.wait()
    assert bench.clock.env.now == 6.5
    bench.camera.driver.trigger()  # comes too late, and is lost


# --- what is read out


def test_a_region_is_read_out(bench, frames):
    frames.image = np.arange(48, dtype="<u2").reshape(SHAPE)
    bench.enable("image1")
    bench.put(cam1_MinX=2, cam1_SizeX=4, cam1_MinY=1, cam1_SizeY=2)
    assert (bench.get("cam1:ArraySizeX_RBV"), bench.get("cam1:ArraySizeY_RBV")) == (4, 2)
    bench.acquire()
    np.testing.assert_array_equal(bench.get("image1:ArrayData"), [10, 11, 12, 13, 18, 19, 20, 21])


def test_binning_sums_and_reversing_reverses(bench, frames):
    frames.image = np.arange(48, dtype="<u2").reshape(SHAPE)
    bench.enable("image1")
    bench.put(cam1_BinX=4, cam1_BinY=3, cam1_ReverseX=1)
    assert (bench.get("cam1:ArraySizeX_RBV"), bench.get("cam1:ArraySizeY_RBV")) == (2, 2)
    bench.acquire()
    blocks = frames.image.reshape(2, 3, 2, 4).sum(axis=(1, 3))
    np.testing.assert_array_equal(bench.get("image1:ArrayData"), blocks[:, ::-1].ravel())


@pytest.mark.parametrize(
    ("asked", "got"),
    [
        ({"MinX": -3}, {"MinX": 0}),
        ({"MinX": 100}, {"MinX": 7, "SizeX": 1}),
        ({"SizeY": 100}, {"SizeY": 6}),
        ({"SizeX": 0}, {"SizeX": 1}),
        ({"BinX": 3}, {"BinX": 3, "SizeX": 6}),
        ({"BinY": 0}, {"BinY": 1}),
    ],
)
def test_a_region_that_there_is_not_is_cut_back(bench, asked, got):
    bench.put(**{f"cam1_{name}": value for name, value in asked.items()})
    assert {name: bench.get(f"cam1:{name}_RBV") for name in got} == got


def test_a_full_frame_is_not_copied(bench, frames):
    frames.image = np.zeros(SHAPE, "<u2")
    bench.enable("Trans1")
    bench.acquire()
    assert np.shares_memory(bench.camera.plugins["Trans1"].port.last.data, frames.image)


def test_the_type_of_pixels_is_the_detectors(bench):
    bench.put(cam1_DataType="Float64")
    assert bench.choice("cam1:DataType_RBV") == "UInt16"


# --- faults


class Unkind(Exception):
    """Cannot be made anew from its arguments, as simpy would."""

    def __init__(self, one, two):
        super().__init__(f"{one} {two}")


@pytest.mark.parametrize("failure", [RuntimeError("no light"), Unkind("no", "light")])
def test_a_frame_that_cannot_be_had_is_an_error_of_the_detector(bench, frames, failure):
    bench.enable("image1")
    frames.failure = failure
    bench.acquire()
    assert bench.choice("cam1:DetectorState_RBV") == "Error"
    assert bench.severity("cam1:DetectorState_RBV") == "INVALID"
    assert "no light" in bench.get("cam1:StatusMessage_RBV")
    assert (bench.get("cam1:Acquire"), bench.get("cam1:AcquireBusy")) == (0, 0)
    assert bench.get("image1:UniqueId_RBV") == 0
    frames.failure = None
    bench.acquire()
    assert bench.severity("cam1:DetectorState_RBV") == "NO_ALARM"
    assert bench.choice("cam1:DetectorState_RBV") == "Idle"


def test_a_frame_of_another_shape_is_an_error(bench, frames):
    frames.image = np.zeros((2, 2))
    bench.acquire()
    assert bench.choice("cam1:DetectorState_RBV") == "Error"
    assert "(2, 2)" in bench.get("cam1:StatusMessage_RBV")


# --- shutters


def test_an_epics_shutter_is_opened_for_each_exposure(bench):
    bench.put(cam1_ShutterMode="EPICS PV", cam1_ShutterOpenDelay=0.25, cam1_ShutterCloseDelay=0.125)
    news = bench.heard("cam1:ShutterControlEPICS")
    bench.acquire()
    assert [value for _, value in news] == [1, 0]
    assert bench.clock.env.now == 0.25 + 0.5 + 0.125


def test_a_detectors_own_shutter_only_says_that_it_is_open(bench):
    bench.put(cam1_ShutterMode="Detector output")
    news = bench.heard("cam1:ShutterStatus_RBV", "cam1:ShutterControlEPICS")
    bench.acquire()
    assert news == [("cam1:ShutterStatus_RBV", 1), ("cam1:ShutterStatus_RBV", 0)]
    bench.put(cam1_ShutterControl="Open")
    assert bench.get("cam1:ShutterStatus_RBV") == 1
