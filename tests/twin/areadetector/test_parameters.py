"""The records: all that Ophyd and ophyd-async know, their types, and what a snapshot holds of them."""

import inspect
import warnings

import numpy as np
import pytest

from beamtwin.orchestration.errors import NotConnectedError, PutError
from beamtwin.twin.areadetector import Driver, EigerDriver, Pattern, ProsilicaDriver, SimDriver
from beamtwin.twin.areadetector.driver import AD_BASE
from beamtwin.twin.areadetector.parameters import Parameters
from beamtwin.twin.areadetector.row import flag, real, settings
from beamtwin.twin.clock import SimClock
from beamtwin.twin.database import Database

PREFIX = "XF:11IDB-ES{Det:Eig4M}"


@pytest.fixture(scope="module")
def ophyd():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("ophyd.areadetector.plugins"), pytest.importorskip(
            "ophyd.areadetector.cam"
        )


def suffixes(device_class):
    """The PVs of one of Ophyd's classes, below its prefix."""
    for component in device_class._sig_attrs.values():
        defined = getattr(
            component, "defn", {"": (component.cls, component.suffix, component.kwargs)}
        )
        for kind, suffix, arguments in defined.values():
            if suffix is None:
                continue
            if hasattr(kind, "_sig_attrs"):
                yield from (suffix + name for name in suffixes(kind))
                continue
            yield suffix
            if kind.__name__ in ("EpicsSignalWithRBV", "EpicsPathSignal"):
                yield suffix + "_RBV"
            if "write_pv" in arguments:
                yield arguments["write_pv"]


def missing(bench, port, names):
    absent = []
    for name in names:
        try:
            bench.database.find(f"{PREFIX}{port}:{name}")
        except NotConnectedError:
            absent.append(name)
    return absent


@pytest.mark.parametrize(
    ("plugin", "port"),
    [
        *[("ImagePlugin", "image1"), ("StatsPlugin", "Stats5"), ("ROIPlugin", "ROI4")],
        *[("HDF5Plugin", "HDF1"), ("TIFFPlugin", "TIFF1"), ("ProcessPlugin", "Proc1")],
        *[("TransformPlugin", "Trans1"), ("OverlayPlugin", "Over1"), ("ColorConvPlugin", "CC1")],
        ("CircularBuffPlugin", "CB1"),
    ],
)
def test_every_pv_of_ophyds_plugins_is_there_of_all_versions(ophyd, bench, plugin, port):
    versions = [
        cls
        for name, cls in inspect.getmembers(ophyd[0], inspect.isclass)
        if name == plugin or name.startswith(f"{plugin}_V")
    ]
    assert len(versions) > 5
    names = {name for version in versions for name in suffixes(version)}
    assert missing(bench, port, names) == []


@pytest.mark.parametrize(
    ("cam", "driver"),
    [
        ("CamBase", Driver),
        ("SimDetectorCam", SimDriver),
        ("ProsilicaDetectorCam", ProsilicaDriver),
        ("EigerDetectorCam", EigerDriver),
    ],
)
def test_every_pv_of_ophyds_cameras_is_there(ophyd, make_bench, cam, driver):
    frames = Pattern((4, 4)) if driver is SimDriver else None
    bench = make_bench(frames, driver=driver)
    assert missing(bench, "cam1", set(suffixes(getattr(ophyd[1], cam)))) == []


@pytest.mark.parametrize("port", ["cam1", "image1", "Stats1", "ROI1", "HDF1", "TIFF1"])
def test_what_ophyd_async_needs_of_each_port(bench, port):
    """Of its NDArrayBaseIO."""
    names = ("PortName", "UniqueId", "ArraySizeZ", "ArraySize2", "DataType", "ColorMode")
    versions = ("ADCoreVersion", "DriverVersion")
    with_rbv = [f"{name}_RBV" for name in (*names, *versions)]
    assert missing(bench, port, [*with_rbv, "ArrayCounter", "NDAttributesFile"]) == []


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
        ("Stats1:MaxX_RBV", "<f8"),
        ("Stats1:ProfileAverageX_RBV", "<f8"),
        ("ROI1:SizeX_RBV", "<i4"),
        ("HDF1:FilePath", "|u1"),
        ("HDF1:Capture_RBV", "enum"),
        ("HDF1:WriteStatus", "enum"),
    ],
)
def test_types_are_those_of_adcores_templates(bench, pv, dtype):
    assert bench.channel(pv).metadata.dtype == dtype


@pytest.mark.parametrize(
    ("pv", "choices"),
    [
        ("cam1:Acquire", ("Done", "Acquire")),
        ("cam1:Acquire_RBV", ("Done", "Acquiring")),
        ("cam1:ImageMode_RBV", ("Single", "Multiple", "Continuous")),
        ("cam1:ShutterMode_RBV", ("None", "EPICS PV", "Camera output")),
        ("HDF1:FileWriteMode", ("Single", "Capture", "Stream")),
        ("HDF1:FileFormat_RBV", ("HDF5", "Undefined")),
        ("HDF1:WriteStatus", ("Write OK", "Write error")),
        ("ROI1:EnableX", ("Disable", "Enable")),
    ],
)
def test_choices_are_those_of_adcores_templates(bench, pv, choices):
    assert bench.channel(pv).metadata.choices == choices


@pytest.mark.parametrize(
    ("pv", "severity"),
    [("Acquire_RBV", "MINOR"), ("AcquireBusy", "MINOR"), ("ArrayCallbacks_RBV", "MINOR")],
)
def test_what_runs_is_in_minor_alarm(bench, pv, severity):
    bench.put(cam1_ImageMode="Continuous")
    bench.put(cam1_Acquire=1)
    assert bench.severity(f"cam1:{pv}") == severity


@pytest.mark.parametrize(
    ("pv", "record_type"),
    [
        *[("cam1:Acquire", "bo"), ("cam1:Acquire_RBV", "bi"), ("cam1:ImageMode", "mbbo")],
        *[("cam1:AcquireTime", "ao"), ("HDF1:Capture", "busy"), ("HDF1:FilePath", "waveform")],
    ],
)
def test_records_say_of_which_type_they_are(bench, pv, record_type):
    assert bench.get(f"{pv}.RTYP") == record_type


def test_text_longer_than_its_waveform_is_cut(bench):
    bench.camera.driver.port["StatusMessage"] = "x" * 300
    assert bench.get("cam1:StatusMessage_RBV") == "x" * 255


def test_what_makes_no_sense_is_refused_and_changes_nothing(bench):
    status = bench.put(cam1_ImageMode="Sometimes")
    with pytest.raises(PutError, match=r"cam1:ImageMode\.VAL: 'Sometimes' refused"):
        status.wait()
    assert bench.choice("cam1:ImageMode_RBV") == "Single"


# --- made when somebody looks


def test_records_that_nobody_looks_at_are_not_made(bench):
    record = bench.database.records[f"{PREFIX}Stats3:Total_RBV"]
    bench.enable("Stats3")
    bench.acquire()
    assert "values" not in record.__dict__
    assert bench.get("Stats3:Total_RBV") == 48.0
    assert "values" in record.__dict__


def test_a_record_that_is_made_late_has_the_time_of_its_value(bench):
    bench.enable("Stats1")
    bench.acquire()
    bench.clock.sleep(100.0)
    reading = bench.channel("Stats1:Total_RBV").get()
    assert reading.timestamp == bench.clock.epoch + 0.5
    assert bench.channel("Stats1:MaxValue_RBV").metadata.dtype == "<f8"


def test_a_record_lacks_what_records_lack(bench):
    record = bench.database.records[f"{PREFIX}Stats3:Total_RBV"]
    with pytest.raises(AttributeError, match="nonsense"):
        _ = record.nonsense
    with pytest.raises(NotConnectedError, match="has no field NOPE"):
        bench.database.find(f"{PREFIX}Stats3:Total_RBV.NOPE")


# --- first values


def test_settings_decide_what_a_camera_begins_with(make_bench):
    settings = {
        "cam1": {"AcquireTime": 0.125, "ImageMode": "Multiple", "SizeX": 4},
        "image1": {"EnableCallbacks": "Enable"},
    }
    bench = make_bench(settings=settings)
    assert bench.get("cam1:AcquireTime") == bench.get("cam1:AcquireTime_RBV") == 0.125
    assert bench.get("cam1:ArraySizeX_RBV") == 4
    assert bench.choice("image1:EnableCallbacks_RBV") == "Enable"


def test_only_the_plugins_that_are_wanted(make_bench):
    bench = make_bench(plugins=("image1", "HDF1"))
    assert set(bench.camera.plugins) == {"image1", "HDF1"}
    assert missing(bench, "Stats1", ["Total_RBV"]) == ["Total_RBV"]


def test_a_setting_that_there_is_not():
    with pytest.raises(KeyError, match="AcquireTim"):
        Parameters(Database(SimClock()), "X:", AD_BASE).begin_with({"AcquireTim": 1})


# --- snapshots


def snapshot(bench):
    return {
        name: state for name, record in bench.database.records.items() if (state := record.state())
    }


def restore(bench, states):
    for name, record in bench.database.records.items():
        record.restore(states.get(name, {}))


def test_a_snapshot_holds_what_is_not_as_at_first(bench):
    before = snapshot(bench)
    bench.put(cam1_AcquireTime=3.0, Stats1_NDArrayPort="ROI1")
    after = snapshot(bench)
    changed = {name: after[name] for name in after if after[name] != before.get(name)}
    assert changed == {
        f"{PREFIX}cam1:AcquireTime": {"VAL": 3.0},
        f"{PREFIX}cam1:AcquireTime_RBV": {"VAL": 3.0},
        f"{PREFIX}Stats1:NDArrayPort": {"VAL": "ROI1"},
        f"{PREFIX}Stats1:NDArrayPort_RBV": {"VAL": "ROI1"},
    }
    assert len(before) < 20


def test_a_camera_goes_back_to_its_snapshot(bench, frames):
    frames.image = np.arange(48, dtype="<u2").reshape(6, 8)
    bench.enable("Stats1", "ROI1", "image1")
    bench.put(Stats1_NDArrayPort="ROI1", ROI1_SizeX=2)
    bench.acquire()
    before, total = snapshot(bench), bench.get("Stats1:Total_RBV")
    news = bench.heard("cam1:ArrayCounter_RBV", "Stats1:NDArrayPort_RBV")
    bench.put(Stats1_NDArrayPort="CAM", cam1_SizeX=4, cam1_ImageMode="Multiple", cam1_NumImages=5)
    bench.acquire()
    restore(bench, before)
    assert snapshot(bench) == before
    assert news[-2:] == [("cam1:ArrayCounter_RBV", 1), ("Stats1:NDArrayPort_RBV", "ROI1")]
    bench.acquire()
    assert bench.get("cam1:ArrayCounter_RBV") == 2
    assert bench.get("Stats1:Total_RBV") == total
    assert bench.get("cam1:SizeX_RBV") == 8


def test_what_is_under_way(bench, tmp_path):
    acquire = bench.database.records[f"{PREFIX}cam1:Acquire"]
    capture = bench.database.records[f"{PREFIX}HDF1:Capture"]
    assert (acquire.under_way, capture.under_way) == ("", "")
    bench.stream_to(tmp_path)
    status = bench.put(cam1_Acquire=1)
    assert acquire.under_way == "acquiring frames"
    status.wait()
    assert acquire.under_way == ""
    assert capture.under_way == f"capturing to {tmp_path}/scan_000001.h5"


def test_tables_are_made_of_rows():
    table = settings(X=real(1.5), Y=flag("off", "on", value=1))
    port = Parameters(Database(SimClock()), "P:", table)
    assert (port["X"], port.choice("Y"), "X" in port, "Z" in port) == (1.5, "on", True, False)
