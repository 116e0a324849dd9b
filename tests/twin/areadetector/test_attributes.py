"""NDAttributes."""

import h5py
import pytest

from beamtwin.twin.areadetector.attributes import parameter_of, read_attributes
from beamtwin.twin.records.analog import AoRecord
from beamtwin.twin.records.binary import BoRecord

XML = """<?xml version="1.0" standalone="no" ?>
<Attributes>
  <Attribute name="Energy" type="EPICS_PV" source="MONO:E" dbrtype="DBR_DOUBLE" description="of photons"/>
  <Attribute name="Shutter" source="SHUTTER" dbrtype="DBR_STRING"/>
  <Attribute name="Exposure" type="PARAM" source="ACQ_TIME" datatype="DOUBLE"/>
  <Attribute name="Sample" type="CONST" source="silica" datatype="STRING"/>
  <Attribute name="Nothing" type="EPICS_PV" source="NO:SUCH:PV" dbrtype="DBR_LONG"/>
  <Attribute name="Function" type="FUNCTION" source="f"/>
</Attributes>"""


@pytest.fixture
def bench(bench):
    """A camera in a world with other records."""
    bench.database.add(AoRecord(bench.clock, "MONO:E", VAL=9650.0))
    bench.database.add(BoRecord(bench.clock, "SHUTTER", ZNAM="closed", ONAM="open"))
    return bench


def columns(bench):
    bench.send(HDF1_Capture=0)
    with h5py.File(bench.get("HDF1:FullFileName_RBV")) as file:
        group = file["entry/instrument/NDAttributes"]
        return {name: (group[name][:].tolist(), dict(group[name].attrs)) for name in group}


def test_they_are_noted_with_each_frame(bench, tmp_path):
    bench.put(cam1_NDAttributesFile=XML)
    assert bench.choice("cam1:NDAttributesStatus") == "Attributes file OK"
    bench.stream_to(tmp_path)
    bench.acquire()
    bench.database.channel("MONO:E").put(9660.0)
    bench.database.channel("SHUTTER").put("open")
    bench.acquire()
    found = columns(bench)
    assert found["Energy"][0] == [9650.0, 9660.0]
    assert found["Energy"][1] == {
        "NDAttrName": "Energy",
        "NDAttrDescription": "of photons",
        "NDAttrSourceType": "NDAttrSourceEPICSPV",
        "NDAttrSource": "MONO:E",
    }
    assert found["Shutter"][0] == [b"closed", b"open"]
    assert found["Exposure"][0] == [0.5, 0.5]
    assert found["Sample"][0] == [b"silica", b"silica"]
    assert "Nothing" not in found
    assert "Function" not in found


def test_plugins_add_their_own(bench, tmp_path):
    """As ophyd-async's setup_ndstats_sum asks for."""
    bench.put(
        Stats1_NDAttributesFile='<Attributes><Attribute name="det-sum" type="PARAM" source="TOTAL" '
        'datatype="DOUBLE" addr="0"/></Attributes>'
    )
    bench.enable("Stats1")
    bench.put(HDF1_NDArrayPort="STATS1")
    bench.stream_to(tmp_path)
    bench.acquire()
    bench.acquire()
    assert columns(bench)["det-sum"][0] == [48.0, 96.0]


def test_a_file_of_them(bench, tmp_path):
    path = tmp_path / "attributes.xml"
    path.write_text(XML)
    bench.put(cam1_NDAttributesFile=str(path))
    assert bench.choice("cam1:NDAttributesStatus") == "Attributes file OK"


@pytest.mark.parametrize(
    ("file", "status"),
    [
        ("/nowhere/attributes.xml", "File not found"),
        ("<Attributes><Attribute/></Attributes>", "XML syntax error"),
        ("<Attributes>", "XML syntax error"),
    ],
)
def test_what_cannot_be_read(bench, file, status):
    bench.put(cam1_NDAttributesFile=file)
    assert bench.choice("cam1:NDAttributesStatus") == status
    assert bench.severity("cam1:NDAttributesStatus") != "NO_ALARM"
    bench.acquire()
    assert bench.choice("cam1:DetectorState_RBV") == "Idle"


def test_nothing_is_no_attributes():
    assert read_attributes("") == []


@pytest.mark.parametrize(
    ("drv_info", "parameter"),
    [
        *[("MEAN_VALUE", "meanvalue"), ("TOTAL", "total"), ("ACQ_TIME", "AcquireTime".lower())],
        *[("ARRAY_COUNTER", "arraycounter"), ("CENTROIDX_VALUE", "centroidx")],
    ],
)
def test_parameters_by_their_drvinfo_strings(drv_info, parameter):
    assert parameter_of(drv_info) == parameter
