"""ADSimDetector's and ADProsilica's cameras."""

import numpy as np
import pytest

from beamtwin.twin.areadetector import Driver, Pattern, ProsilicaDriver, SimDriver


@pytest.fixture
def sim(make_bench):
    bench = make_bench(Pattern((40, 60)), driver=SimDriver)
    bench.enable("image1")
    bench.put(cam1_ImageMode="Single", cam1_AcquireTime=0.1)
    return bench


def image(bench):
    bench.acquire()
    return bench.camera.plugins["image1"].port.last.data


def test_the_first_values_are_those_of_the_driver(sim):
    assert sim.get("cam1:Model_RBV") == "Basic simulator"
    assert (sim.get("cam1:NumImages_RBV"), sim.get("cam1:AcquirePeriod_RBV")) == (100, 0.005)
    assert sim.choice("cam1:DataType_RBV") == "UInt8"


def test_a_linear_ramp_that_rises_with_each_image(sim):
    y, x = np.mgrid[:40, :60]
    np.testing.assert_array_equal(image(sim), (x + y) % 256)
    np.testing.assert_array_equal(image(sim), (x + y + 1) % 256)
    sim.put(cam1_GainX=2.0, cam1_Gain=3.0)
    np.testing.assert_array_equal(image(sim), 3 * (2 * x + y) % 256)


def test_pixels_wrap_around_as_in_c(sim):
    sim.put(cam1_Gain=10.0)
    ramp = image(sim).astype(int)
    assert ramp[0, 30] == 300 - 256


def test_peaks(sim):
    sim.put(cam1_SimMode="Peaks", cam1_Gain=100.0, cam1_DataType="Float64")
    sim.put(**{f"cam1_{name}": value for name, value in PEAKS.items()})
    peaks = image(sim)
    assert peaks.max() == pytest.approx(100.0, rel=1e-3)
    summits = {divmod(int(index), 60) for index in np.argsort(peaks.ravel())[-4:]}
    assert summits == {(10, 15), (10, 45), (30, 15), (30, 45)}


PEAKS = {
    "PeakStartX": 15,
    "PeakStartY": 10,
    "PeakNumX": 2,
    "PeakNumY": 2,
    "PeakStepX": 30,
    "PeakStepY": 20,
    "PeakWidthX": 3,
    "PeakWidthY": 2,
}


def test_noise_is_the_same_for_the_same_seed(make_bench):
    images = []
    for seed in (1, 1, 2):
        bench = make_bench(Pattern((40, 60), seed=seed), driver=SimDriver)
        bench.enable("image1")
        bench.put(cam1_ImageMode="Single", cam1_SimMode="Offset&Noise")
        bench.put(cam1_Offset=100.0, cam1_Noise=20.0)
        images.append(image(bench))
        assert images[-1].min() >= 90
        assert images[-1].max() <= 110
    np.testing.assert_array_equal(images[0], images[1])
    assert (images[0] != images[2]).any()


def test_sines(sim):
    sim.put(cam1_SimMode="Sine", cam1_Gain=100.0, cam1_DataType="Float32")
    sim.put(cam1_XSine2Amplitude=0.0, cam1_YSine1Amplitude=0.0, cam1_YSine2Amplitude=0.0)
    wave = image(sim)
    assert wave[0] == pytest.approx(100 * np.sin(2 * np.pi * np.arange(60) / 60), abs=1e-4)
    assert (wave == wave[0]).all()


@pytest.fixture
def prosilica(make_bench):
    bench = make_bench(driver=ProsilicaDriver, model="GC1290")
    bench.enable("image1")
    bench.put(cam1_ImageMode="Single", cam1_AcquireTime=0.1)
    return bench


def test_a_prosilica_saturates(prosilica):
    prosilica.frames.image = np.full((6, 8), 1000)
    prosilica.put(cam1_DataType="UInt8")
    assert image(prosilica).max() == 255
    assert prosilica.choice("image1:DataType_RBV") == "UInt8"
    prosilica.put(cam1_DataType="UInt16")
    assert image(prosilica).max() == 1000
    assert prosilica.get("cam1:PSFramesCompleted_RBV") == 2


def test_a_prosilica_can_be_triggered_by_software(prosilica):
    prosilica.put(cam1_TriggerMode="Software")
    status = prosilica.put(cam1_Acquire=1)
    prosilica.clock.sleep(10.0)
    assert not status.done
    prosilica.put(cam1_TriggerSoftware=1)
    status.wait()
    assert prosilica.clock.env.now == 10.1
    assert prosilica.get("cam1:TriggerSoftware") == 0


def test_a_pattern_needs_the_simulated_cameras_driver(make_bench):
    bench = make_bench(Pattern((4, 4)), driver=Driver)
    bench.acquire()
    assert bench.choice("cam1:DetectorState_RBV") == "Error"
    assert bench.get("cam1:StatusMessage_RBV").endswith("from a camera of driver=SimDriver")
