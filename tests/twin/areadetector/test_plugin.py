"""What all plugins do, against ADCore's NDPluginDriver, and NDPluginStdArrays."""

import numpy as np
import pytest


def counts(bench, *plugins):
    return [bench.get(f"{plugin}:ArrayCounter_RBV") for plugin in plugins]


def test_a_plugin_gets_frames_while_it_is_enabled(bench):
    bench.acquire()
    bench.enable("image1")
    bench.acquire()
    assert bench.choice("image1:EnableCallbacks_RBV") == "Enable"
    assert counts(bench, "image1") == [1]
    bench.put(image1_EnableCallbacks="Disable")
    bench.acquire()
    assert counts(bench, "image1") == [1]


def test_a_driver_without_array_callbacks_gives_frames_to_nobody(bench):
    bench.enable("image1")
    bench.put(cam1_ArrayCallbacks="Disable")
    bench.acquire()
    assert counts(bench, "cam1", "image1") == [1, 0]


def test_a_plugin_gets_its_frames_from_the_port_that_it_is_told(bench):
    bench.enable("ROI1", "Stats1", "image1")
    assert bench.get("Stats1:NDArrayPort_RBV") == "CAM"
    bench.put(Stats1_NDArrayPort="ROI1", image1_NDArrayPort="STATS1", ROI1_SizeX=4)
    assert bench.get("Stats1:NDArrayPort_RBV") == bench.get("ROI1:PortName_RBV") == "ROI1"
    bench.acquire()
    assert [bench.get(f"{plugin}:ArraySize0_RBV") for plugin in ("ROI1", "Stats1", "image1")] == [
        *(8, 4, 4)
    ]
    bench.put(ROI1_EnableCallbacks=0)
    bench.acquire()
    assert counts(bench, "ROI1", "Stats1", "image1") == [1, 1, 1]


def test_a_port_that_there_is_not_gives_no_frames(bench):
    bench.enable("image1")
    bench.put(image1_NDArrayPort="NOWHERE")
    bench.acquire()
    assert bench.get("image1:NDArrayPort_RBV") == "NOWHERE"
    assert counts(bench, "image1") == [0]


def test_plugins_in_a_circle_come_to_an_end(bench):
    bench.enable("Stats1", "Stats2")
    bench.acquire()
    bench.put(Stats1_NDArrayPort="STATS2", Stats2_NDArrayPort="STATS1")
    bench.acquire()
    assert counts(bench, "Stats1", "Stats2") == [1, 1]
    bench.put(Stats1_ProcessPlugin=1)
    assert counts(bench, "Stats1", "Stats2") == [2, 2]


def test_what_a_plugin_has_seen(bench):
    bench.enable("Stats1")
    bench.acquire()
    names = ("NDimensions", "ArraySize0", "ArraySize1", "ArraySize2", "UniqueId")
    assert [bench.get(f"Stats1:{name}_RBV") for name in names] == [2, 8, 6, 0, 1]
    assert bench.get("Stats1:Dimensions_RBV").tolist() == [8, 6, *(0,) * 8]
    assert bench.choice("Stats1:DataType_RBV") == "UInt16"
    assert bench.get("Stats1:TimeStamp_RBV") == bench.get("cam1:TimeStamp_RBV")
    assert bench.get("Stats1:PluginType_RBV") == "NDPluginStats"


def test_too_many_frames_are_let_pass(bench):
    bench.enable("Stats1")
    bench.put(Stats1_MinCallbackTime=1.0, cam1_ImageMode="Multiple", cam1_NumImages=5)
    assert bench.get("Stats1:MaxArrayRate_RBV") == 1.0
    bench.acquire()
    assert counts(bench, "Stats1") == [2]  # at 0.5 s and 2.0 s
    assert bench.get("Stats1:DroppedArrays_RBV") == 0


def test_a_rate_limit_is_a_minimal_time(bench):
    bench.put(Stats1_MaxArrayRate=4.0)
    assert bench.get("Stats1:MinCallbackTime_RBV") == bench.get("Stats1:MinCallbackTime") == 0.25
    bench.put(Stats1_MaxArrayRate=0.0)
    assert bench.get("Stats1:MinCallbackTime_RBV") == 0.0


def test_the_last_frame_can_be_processed_again(bench):
    bench.enable("Stats1")
    bench.put(Stats1_ProcessPlugin=1)
    bench.acquire()
    bench.put(Stats1_ComputeCentroid=1)
    assert bench.get("Stats1:CentroidTotal_RBV") == 0
    bench.put(Stats1_ProcessPlugin=1)
    assert bench.get("Stats1:CentroidTotal_RBV") == 48


# --- slow plugins: a frame has 96 bytes


@pytest.fixture
def slow(bench):
    """Statistics that take two seconds a frame, for frames every half second."""
    bench.enable("Stats1")
    bench.camera.plugins["Stats1"].bytes_per_second = 48.0
    bench.put(cam1_ImageMode="Multiple", cam1_NumImages=6, Stats1_QueueSize=2)
    return bench


def test_frames_queue_before_a_slow_plugin_and_are_dropped_where_there_is_no_room(slow):
    slow.put(cam1_Acquire=1)
    slow.clock.sleep(1.6)
    assert (slow.get("Stats1:QueueFree"), slow.get("Stats1:QueueUse")) == (0, 2.0)
    assert slow.get("cam1:NumQueuedArrays") == 3
    assert slow.get("Stats1:ExecutionTime_RBV") == 2000.0
    slow.clock.sleep(10.0)
    assert counts(slow, "cam1", "Stats1") == [6, 4]
    assert slow.get("Stats1:DroppedArrays_RBV") == 2
    slow.put(Stats1_DroppedArrays=0)
    assert slow.get("Stats1:DroppedArrays_RBV") == 0


@pytest.mark.parametrize(("waits", "end"), [("No", 3.0), ("Yes", 8.5)])
def test_acquire_busy_waits_for_plugins_where_it_is_asked_to(slow, waits, end):
    slow.put(cam1_WaitForPlugins=waits)
    slow.acquire()
    assert slow.clock.env.now == end
    assert slow.get("cam1:Acquire_RBV") == 0


def test_a_new_acquisition_can_begin_while_plugins_are_at_the_last(slow):
    slow.put(cam1_WaitForPlugins="Yes", cam1_NumImages=1)
    first = slow.put(cam1_Acquire=1)
    slow.clock.wait(lambda: not slow.get("cam1:Acquire_RBV"))
    second = slow.put(cam1_Acquire=1)
    second.wait()
    assert first.done
    assert counts(slow, "cam1", "Stats1") == [2, 2]


def test_blocking_callbacks_hold_the_camera_up(slow):
    slow.put(Stats1_BlockingCallbacks="Yes")
    slow.acquire()
    assert slow.clock.env.now == 6 * 2.5
    assert counts(slow, "cam1", "Stats1") == [6, 6]
    assert slow.get("Stats1:DroppedArrays_RBV") == 0


# --- the image


def test_the_image_is_the_frame_row_by_row(bench, frames):
    frames.image = np.arange(48, dtype="<u2").reshape(6, 8)
    bench.enable("image1")
    bench.acquire()
    channel = bench.channel("image1:ArrayData")
    np.testing.assert_array_equal(channel.get().value, np.arange(48))
    assert (channel.metadata.dtype, channel.metadata.count) == ("<i4", 48)
    assert [bench.get(f"image1:ArraySize{n}_RBV") for n in (0, 1, 2)] == [8, 6, 0]
    assert bench.get("image1:UniqueId_RBV") == 1


@pytest.mark.parametrize(
    ("dtype", "served"),
    [("|u1", "|u1"), ("<u2", "<i4"), ("<u4", "<i4"), ("<i8", "<f8"), ("<f4", "<f4")],
)
def test_pixels_are_of_a_type_that_channel_access_has(make_bench, numbers, dtype, served):
    frames = numbers()
    frames.dtype = np.dtype(dtype)
    frames.image = np.arange(48, dtype=dtype).reshape(6, 8)
    bench = make_bench(frames)
    bench.put(cam1_ImageMode="Single")
    bench.enable("image1")
    bench.acquire()
    channel = bench.channel("image1:ArrayData")
    assert channel.metadata.dtype == served
    assert channel.get().value.tolist() == list(range(48))


def test_monitors_of_the_image_hear_of_each_frame_even_if_it_is_the_same(bench, frames):
    frames.image = np.zeros((6, 8), "<u2")
    bench.enable("image1")
    news = bench.heard("image1:ArrayData")
    bench.acquire()
    bench.acquire()
    assert len(news) == 2


def test_plugins_are_through_when_the_put_completes(bench):
    bench.enable("image1", "Stats1")
    bench.acquire()
    assert bench.get("Stats1:MeanValue_RBV") == bench.get("image1:ArrayData")[0] == 1
