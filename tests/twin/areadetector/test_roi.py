"""Plugins that give other frames than they take: NDPluginROI, -Transform, -Process, -CircularBuff, -Overlay."""

import numpy as np
import pytest

RAMP = np.arange(48, dtype="<u2").reshape(6, 8)


@pytest.fixture
def bench(bench, frames):
    """A camera that sees a ramp."""
    frames.image = RAMP
    return bench


def after(bench, plugin, **values):
    """The frame that comes out of a plugin."""
    bench.enable(plugin, "image1")
    port = bench.get(f"{plugin}:PortName_RBV")
    bench.put(image1_NDArrayPort=port)
    if values:
        bench.put(**{f"{plugin}_{name}": value for name, value in values.items()})
    bench.acquire()
    columns, rows = (bench.get(f"image1:ArraySize{n}_RBV") for n in (0, 1))
    return bench.get("image1:ArrayData").reshape(rows, columns)


# --- regions of interest


def test_a_region(bench):
    out = after(bench, "ROI1", MinX=2, SizeX=3, MinY=1, SizeY=2)
    np.testing.assert_array_equal(out, RAMP[1:3, 2:5])
    assert [bench.get(f"ROI1:ArraySize{axis}_RBV") for axis in "XY"] == [3, 2]
    assert [bench.get(f"ROI1:MaxSize{axis}_RBV") for axis in "XY"] == [8, 6]


def test_a_region_is_all_of_the_frame_at_first(bench):
    np.testing.assert_array_equal(after(bench, "ROI1"), RAMP)
    assert (bench.get("ROI1:SizeX"), bench.get("ROI1:SizeX_RBV")) == (1_000_000, 8)


def test_what_is_asked_for_beyond_the_frame_is_remembered(bench):
    after(bench, "ROI1", MinX=6, SizeX=5)
    assert bench.get("ROI1:SizeX_RBV") == 2
    after(bench, "ROI1", MinX=1)
    assert bench.get("ROI1:SizeX_RBV") == 5


def test_binning_sums(bench):
    out = after(bench, "ROI1", BinX=4, BinY=2)
    np.testing.assert_array_equal(out, RAMP.reshape(3, 2, 2, 4).sum(axis=(1, 3)))


def test_reverse(bench):
    out = after(bench, "ROI1", ReverseX=1, ReverseY=1, SizeX=3)
    np.testing.assert_array_equal(out, RAMP[::-1, 2::-1])


def test_an_axis_that_is_disabled_is_taken_whole(bench):
    out = after(bench, "ROI1", EnableX="Disable", MinX=3, SizeX=2, MinY=4)
    np.testing.assert_array_equal(out, RAMP[4:])


def test_auto_size_is_all_that_follows(bench):
    out = after(bench, "ROI1", AutoSizeX=1, MinX=3, SizeX=1)
    np.testing.assert_array_equal(out, RAMP[:, 3:])


def test_scale_divides_before_the_type_cuts_off(bench):
    out = after(bench, "ROI1", BinX=2, BinY=2, EnableScale=1, Scale=4.0)
    np.testing.assert_array_equal(out, RAMP.reshape(3, 2, 4, 2).sum(axis=(1, 3)) // 4)


def test_another_type_of_pixels(bench):
    after(bench, "ROI1", DataTypeOut="Float32")
    assert bench.choice("image1:DataType_RBV") == "Float32"
    assert bench.choice("ROI1:DataType_RBV") == "UInt16"


# --- transforms


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("None", RAMP),
        ("Rot90", np.rot90(RAMP, -1)),
        ("Rot180", RAMP[::-1, ::-1]),
        ("Rot270", np.rot90(RAMP)),
        ("Mirror", RAMP[:, ::-1]),
        ("Rot90Mirror", RAMP.T),
        ("Rot180Mirror", RAMP[::-1]),
        ("Rot270Mirror", RAMP.T[::-1, ::-1]),
    ],
)
def test_transforms(bench, kind, expected):
    np.testing.assert_array_equal(after(bench, "Trans1", Type=kind), expected)


@pytest.mark.parametrize("plugin", ["Over1", "CC1"])
def test_what_is_not_simulated_passes_frames_on(bench, plugin):
    np.testing.assert_array_equal(after(bench, plugin), RAMP)


# --- arithmetic


def test_offset_and_scale(bench):
    out = after(bench, "Proc1", EnableOffsetScale=1, Offset=2.0, Scale=3.0)
    np.testing.assert_array_equal(out, (RAMP + 2) * 3)


def test_clips(bench):
    settings = {"LowClipThresh": 10.0, "LowClipValue": 1.0, "HighClipThresh": 40.0}
    out = after(bench, "Proc1", EnableLowClip=1, EnableHighClip=1, **settings)
    np.testing.assert_array_equal(out, np.where(RAMP > 40, 100, np.where(RAMP < 10, 1, RAMP)))


def test_a_background_and_a_flat_field(bench, frames):
    frames.image = np.full((6, 8), 10, "<u2")
    bench.enable("Proc1")
    bench.acquire()
    bench.put(Proc1_SaveBackground=1, Proc1_EnableBackground=1)
    assert bench.choice("Proc1:ValidBackground_RBV") == "Valid"
    frames.image = np.full((6, 8), 60, "<u2")
    bench.acquire()
    assert (after(bench, "Proc1") == 50).all()
    bench.put(Proc1_SaveFlatField=1)
    assert (after(bench, "Proc1", EnableFlatField=1, ScaleFlatField=120.0) == 100).all()


@pytest.mark.parametrize(
    ("kind", "expected"), [("Average", 2), ("Sum", 6), ("RecursiveAve", 2), ("Difference", 1)]
)
def test_filters(bench, frames, kind, expected):
    bench.put(Proc1_EnableFilter=1, Proc1_NumFilter=3, Proc1_FilterType=kind)
    for level in (1, 2, 3):
        frames.image = np.full((6, 8), level, "<u2")
        out = after(bench, "Proc1", **({"ResetFilter": 1} if level == 1 else {}))
    assert set(out.ravel()) == {expected}
    assert bench.get("Proc1:NumFiltered_RBV") == 3


def test_only_every_third_filtered_frame_goes_on(bench, frames):
    bench.enable("Proc1", "image1")
    bench.put(Proc1_EnableFilter=1, Proc1_NumFilter=3, Proc1_FilterType="Sum")
    bench.put(Proc1_FilterCallbacks="Array N only", Proc1_AutoResetFilter=1)
    bench.put(image1_NDArrayPort="PROC1")
    frames.image = np.ones((6, 8), "<u2")
    for _ in range(6):
        bench.acquire()
    assert [bench.get(f"{plugin}:ArrayCounter_RBV") for plugin in ("Proc1", "image1")] == [6, 2]
    assert set(bench.get("image1:ArrayData")) == {3}


def test_offset_and_scale_can_be_found(bench):
    bench.enable("Proc1")
    bench.acquire()
    bench.put(Proc1_AutoOffsetScale=1)
    assert bench.get("Proc1:Scale_RBV") == pytest.approx(65535 / 47)
    assert bench.choice("Proc1:EnableOffsetScale_RBV") == "Enable"
    assert after(bench, "Proc1").max() == 65535


# --- frames around a trigger


@pytest.fixture
def buffer(bench):
    """A camera that goes on and on, a frame each half second, into a buffer."""
    bench.enable("CB1", "image1")
    bench.put(image1_NDArrayPort="CB1", CB1_PreCount=2, CB1_PostCount=3)
    bench.put(cam1_ImageMode="Continuous")
    bench.put(cam1_Acquire=1)
    return bench


def test_frames_before_and_after_a_trigger_go_on(buffer):
    captured = buffer.put(CB1_Capture=1)
    ids = buffer.heard("image1:UniqueId_RBV")
    buffer.clock.sleep(5.1)
    assert (buffer.get("CB1:CurrentQty_RBV"), buffer.get("CB1:StatusMessage")) == (
        *(2, "Buffer Wrapping"),
    )
    buffer.put(CB1_Trigger=1)
    captured.wait()
    assert [value for _, value in ids] == [9, 10, 11, 12, 13]
    assert buffer.choice("CB1:Capture_RBV") == "Done"
    assert buffer.get("CB1:StatusMessage") == "Acquisition Completed"


def test_after_the_last_trigger_its_put_goes_on_until_capture_is_written(buffer):
    captured = buffer.put(CB1_Capture=1)
    triggered = buffer.put(CB1_Trigger=1)
    captured.wait()
    buffer.clock.sleep(60.0)
    assert (triggered.done, buffer.choice("CB1:Trigger_RBV")) == (False, "Triggered")
    buffer.put(CB1_Capture=1)
    assert (triggered.done, buffer.choice("CB1:Trigger_RBV")) == (True, "Done")


def test_a_buffer_can_be_triggered_for_ever(buffer):
    buffer.put(CB1_PreCount=0, CB1_PostCount=1, CB1_PresetTriggerCount=0)
    captured = buffer.put(CB1_Capture=1)
    for _ in range(3):
        buffer.put(CB1_Trigger=1).wait()
    assert (buffer.get("CB1:ActualTriggerCount_RBV"), captured.done) == (3, False)
    assert buffer.get("image1:ArrayCounter_RBV") == 3
    buffer.send(CB1_Capture=0)
    assert captured.success
    assert buffer.get("CB1:StatusMessage") == "Acquisition Stopped"


def test_a_buffer_that_does_not_capture_keeps_nothing(buffer):
    buffer.clock.sleep(3.0)
    assert buffer.get("CB1:CurrentQty_RBV") == 0
