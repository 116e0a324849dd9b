"""The registry: three forms in four kinds of file, the devices made from them, and what is said of mistakes."""

import json
import textwrap

import numpy as np
import pytest

from beamtwin.hardware.areadetector import AreaDetector
from beamtwin.hardware.channel import Metadata
from beamtwin.hardware.device import Device, pv
from beamtwin.hardware.motor import Motor
from beamtwin.hardware.registry import RegistryError, load_registry
from beamtwin.hardware.registry.classes import find_class, short_names
from beamtwin.hardware.registry.epics_signal import EpicsSignal, EpicsSignalRO
from beamtwin.hardware.scaler import Scaler, ScalerCH
from beamtwin.hardware.signals import SignalR
from beamtwin.hardware.slits import Slits
from beamtwin.hardware.soft import SoftTransport
from beamtwin.orchestration.errors import NotConnectedError

TOML = """
    [s2]
    class = "Slits"
    prefix = "XF{Slt:2"
    labels = ["slits", "optics"]
    twin = { top = { VAL = 1.0 } }

    [i0]
    class = "Scaler"
    prefix = "XF{Sclr:1}"
    labels = ["detectors"]
    arguments = { channels = { 2 = "flux" } }
"""

YAML = """
    s2:
      class: Slits
      prefix: XF{Slt:2
      labels: [slits, optics]
      twin: {top: {VAL: 1.0}}
    i0:
      class: beamtwin.hardware.scaler.Scaler
      prefix: XF{Sclr:1}
      labels: detectors
      arguments: {channels: {2: flux}}
"""

PYTHON = """
    from beamtwin.hardware.slits import Slits

    DEVICES = {
        "s2": {
            "class": Slits, "prefix": "XF{Slt:2", "labels": ["slits", "optics"],
            "twin": {"top": {"VAL": 1.0}},
        },
        "i0": {
            "class": "Scaler", "prefix": "XF{Sclr:1}", "labels": ["detectors"],
            "arguments": {"channels": {2: "flux"}},
        },
    }
"""

JSON = """
    {
        "s2": {"class": "Slits", "prefix": "XF{Slt:2", "labels": ["slits", "optics"], "twin": {"top": {"VAL": 1.0}}},
        "i0": {"class": "Scaler", "prefix": "XF{Sclr:1}", "labels": ["detectors"],
               "arguments": {"channels": {"2": "flux"}}}
    }
"""

#: As a facility's ``devices.yml`` is written for guarneri.
GUARNERI = """
    ophyd.EpicsMotor:
    - name: m1
      prefix: "gp:m1"
      labels: ["motors"]
    - {name: m2, prefix: "gp:m2", labels: ["motors", "baseline"], kind: hinted}
    ophyd.scaler.ScalerCH:
    - name: scaler1
      prefix: "gp:scaler1"
      labels: ["detectors"]
    apstools.devices.ad_creator:
    - name: simdet
      prefix: "adsim:"
      plugins: [image, {hdf1: {class: apstools.devices.AD_EpicsFileNameHDF5Plugin}}]
    ophyd.EpicsSignalRO:
    - {name: load, read_pv: "gp:IOC_CPU_LOAD"}
    ophyd.EpicsSignal:
    - {name: calc, read_pv: "gp:userCalc1.VAL"}
    - {name: mode, read_pv: "gp:mode_RBV", write_pv: "gp:mode", string: true}
    ophyd.EpicsSignalWithRBV:
    - {name: gain, prefix: "gp:gain"}
"""

#: As happi's JSON backend keeps it.
HAPPI = {
    "sample_x": {
        "_id": "sample_x",
        "active": True,
        "args": ["{{prefix}}"],
        "beamline": "TST",
        "device_class": "ophyd.EpicsMotor",
        "functional_group": "sample",
        "kwargs": {"name": "{{name}}"},
        "name": "sample_x",
        "prefix": "TST:MMS:01",
        "type": "OphydItem",
    },
    "stopper": {
        "active": True,
        "args": [],
        "channel": "3",
        "device_class": "pcdsdevices.epics_motor.IMS",
        "kwargs": {"name": "{{name}}", "prefix": "{{prefix}}:MMS:0{{ channel }}"},
        "name": "stopper",
        "prefix": "TST",
    },
    "retired": {"active": False, "device_class": "gone.Device", "name": "retired", "prefix": "X"},
}


@pytest.fixture
def written(tmp_path):
    """``written(text, suffix)``: a file with that text."""

    def write(text, suffix=".toml"):
        path = tmp_path / f"devices{suffix}"
        path.write_text(textwrap.dedent(text))
        return path

    return write


@pytest.fixture
def registry(written):
    return load_registry(written(TOML))


# --- what is read -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "suffix"), [(TOML, ".toml"), (YAML, ".yml"), (JSON, ".json"), (PYTHON, ".py")]
)
def test_one_beamline_in_four_kinds_of_file(written, text, suffix):
    s2, i0 = load_registry(written(text, suffix)).values()
    assert (s2.name, s2.cls, s2.prefix) == ("s2", Slits, "XF{Slt:2")
    assert (s2.labels, s2.arguments) == (("slits", "optics"), {})
    assert s2.twin == {"top": {"VAL": 1.0}}
    assert (i0.cls, i0.labels) == (Scaler, ("detectors",))
    assert i0.arguments == {"channels": {2: "flux"}}


def test_guarneris_devices_yml_as_it_is(written):
    registry = load_registry(written(GUARNERI, ".yml"))
    assert {name: entry.cls for name, entry in registry.items()} == {
        "m1": Motor,
        "m2": Motor,
        "scaler1": ScalerCH,
        "simdet": AreaDetector,
        "load": EpicsSignalRO,
        "calc": EpicsSignal,
        "mode": EpicsSignal,
        "gain": EpicsSignal,
    }
    assert registry["m2"].labels == ("motors", "baseline")
    assert [entry.name for entry in registry.labelled("motors")] == ["m1", "m2"]
    assert registry["load"].prefix == "gp:IOC_CPU_LOAD"
    assert registry["mode"].prefix == "gp:mode"
    assert registry["mode"].arguments == {"readback": "gp:mode_RBV", "datatype": "str"}
    assert registry["gain"].arguments == {"readback": "gp:gain_RBV"}


def test_guarneris_toml_leaves_other_tables_alone(written):
    text = """
        [beamline]
        name = "BL"
        [[ motor ]]
        name = "m1"
        prefix = "gp:m1"
    """
    (entry,) = load_registry(written(text)).values()
    assert (entry.name, entry.cls, entry.prefix) == ("m1", Motor, "gp:m1")


def test_happis_database_as_it_is(written):
    registry = load_registry(written(json.dumps(HAPPI), ".json"))
    assert list(registry) == ["sample_x", "stopper"]
    assert {entry.cls for entry in registry.values()} == {Motor}
    assert registry["sample_x"].prefix == "TST:MMS:01"
    assert registry["stopper"].prefix == "TST:MMS:03"
    assert registry.labelled("sample") == [registry["sample_x"]]


def test_a_file_beside_it_is_found_from_anywhere(written, tmp_path):
    text = """
        [gap]
        class = "Undulator"
        prefix = "ID"
        arguments = { table = { file = "gaps.csv" } }
    """
    assert load_registry(written(text))["gap"].arguments == {"table": tmp_path / "gaps.csv"}


class Gauge(Device):
    """A class of somebody's own."""

    value: SignalR[float] = pv("P-I")


def test_short_names_are_of_devices_and_import_paths_of_anybodys(written):
    assert all(
        issubclass(cls, Device | EpicsSignalRO | EpicsSignal) for cls in short_names().values()
    )
    assert short_names()["Motor"] is Motor
    assert find_class("ophyd_async.epics.motor.Motor") == (Motor, True)
    assert find_class("beamtwin.hardware.motor.Motor") == (Motor, False)
    assert find_class(Gauge) == (Gauge, False)


# --- what is made -----------------------------------------------------------------------------------


def test_devices_are_made_when_they_are_asked_for(registry, clock):
    devices = registry.make(SoftTransport(clock))
    assert (len(devices), list(devices)) == (2, ["s2", "i0"])
    assert devices.s2 is devices["s2"]
    assert isinstance(devices.s2, Slits)
    assert devices["s2.top.velocity"].channel.name == "XF{Slt:2-Ax:T}Mtr.VELO"
    assert devices.labelled("detectors") == [devices.i0]
    assert devices.i0.counts[2].name == "i0_flux"
    with pytest.raises(AttributeError, match=r"no device 's22': did you mean 's2'\?"):
        devices.s22  # noqa: B018


def test_what_is_taken_after_connect_is_connected_then(registry, clock):
    transport = SoftTransport(clock)
    devices = registry.make(transport)
    assert devices.i0  # nothing is asked of the transport
    devices.connect()
    with pytest.raises(NotConnectedError, match=r"s2: (\d+) of \1 PVs are not there"):
        devices.s2  # noqa: B018
    with pytest.raises(NotConnectedError, match=r"XF{Sclr:1}.CNT: no answer"):
        devices.connect_all()


def test_arguments_are_offered_to_those_that_take_them(written, clock, tmp_path):
    text = """
        [camera]
        class = "AreaDetector"
        prefix = "Det:"
        arguments = { create_depth = 3 }
        [m]
        class = "Motor"
        prefix = "m"
    """
    registry = load_registry(written(text))
    devices = registry.make(SoftTransport(clock), directory=tmp_path, create_depth=1)
    assert (devices.camera.directory, devices.camera.create_depth) == (tmp_path, 3)
    assert devices.m.prefix == "m"
    with pytest.raises(RegistryError, match=r"camera: AreaDetector cannot be made: .*'directory'"):
        registry.make(SoftTransport(clock)).camera  # noqa: B018


@pytest.mark.parametrize(
    ("served", "value", "dtype"),
    [
        (1.5, 1.5, "number"),
        (3, 3, "integer"),
        ("text", "text", "string"),
        ((1, Metadata("enum", choices=("Off", "On"))), "On", "string"),
        (
            (np.frombuffer(b"path\0", "|u1"), Metadata("|u1", count=64, is_array=True)),
            "path",
            "string",
        ),
    ],
)
def test_a_signal_of_no_declared_type_is_what_its_server_says(clock, served, value, dtype):
    transport = SoftTransport(clock, {"pv": served})
    signal = EpicsSignal("pv", "signal", transport)
    assert signal.bind() == []
    assert signal.get() == value
    assert signal.describe()["signal"]["dtype"] == dtype
    signal.put(value)


def test_a_signal_of_a_declared_type_is_held_to_it(clock):
    transport = SoftTransport(clock, {"pv": "text"})
    assert EpicsSignalRO("pv", "signal", transport, datatype="float").bind() == [
        "pv: a string (|S40); signal is declared float"
    ]


# --- what is wrong ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "suffix", "message"),
    [
        ("[m]\nclass = 'Motr'\nprefix = 'x'", ".toml", r"m: class: there is no Motr; did you mean Motor"),
        ("[m]\nclas = 'Motor'\nprefix = 'x'", ".toml", r"clas: no such key; did you mean 'class'\?"),
        ("[m]\nclass = 'Motor'", ".toml", r"m: prefix: is missing"),
        ("[m]\nclass = 'Motor'\nprefix = 3", ".toml", r"m: prefix: 3 is not text"),
        ("[m]\nclass = 'Motor'\nprefix = 'x'\narguments.speed = 1", ".toml",
         r"m: speed: Motor has no such argument; there are none"),
        ("[s]\nclass = 'Scaler'\nprefix = 'x'\narguments.chanels = 1", ".toml",
         r"s: chanels: Scaler has no such argument; did you mean 'channels'\?"),
        ("[m]\nclass = 'pathlib.Path'\nprefix = 'x'", ".toml", r"pathlib.Path is no class of beamtwin's devices"),
        ("[m]\nclass = 'nowhere.at.All'\nprefix = 'x'", ".toml", r"nowhere.at.All cannot be imported: No module"),
        ("[keys]\nclass = 'Motor'\nprefix = 'x'", ".toml", r"keys: name: must be fit for an attribute"),
        ("m1:\n  class: Motor\nm1:\n  class: Motor", ".yml", r"m1: given twice"),
        ("m1: [", ".yml", r"while parsing a flow node .* line 1"),
        ("m1: 3", ".yml", r"m1: a device is a table with a class and a prefix"),
        ("[]", ".json", r"has no devices"),
        ("{", ".json", r"Expecting property name .*: line 1 column 2"),
        ('{"a": {"class": "Motor", "prefix": "x"}, "a": {}}', ".json", r"a: given twice"),
        ("[m", ".toml", r"Expected ']' at the end of a table declaration"),
        ("DEVICE = {}", ".py", r"says no DEVICES: a mapping"),
        ("1 / 0", ".py", r"ZeroDivisionError: division by zero"),
        ("", ".ini", r"ends in one of .toml, .yml, .yaml, .json, .py"),
        ("ophyd.EpicsMotor:\n- prefix: x", ".yml", r"ophyd.EpicsMotor\[1\]: name: is missing"),
        ("motor:\n- {name: m, prefix: x}\n- {name: m, prefix: y}", ".yml", r"m: given 2 times"),
        ('{"m": {"device_class": "ophyd.EpicsMotor", "args": ["{{pv}}"]}}', ".json",
         r"m: {{pv}}: the item has no 'pv'"),
        ('{"m": {"device_class": "ophyd.EpicsMotor", "args": ["x", 2]}}', ".json", r"m: args: \[2\] have no names"),
    ],
)  # fmt: skip
def test_mistakes_are_named(written, text, suffix, message):
    path = written(text, suffix)
    with pytest.raises(RegistryError, match=message) as error:
        load_registry(path)
    assert str(error.value).startswith(f"{path}: ")


def test_all_mistakes_are_named_at_once(written):
    text = """
        ophyd.Motr:
        - {name: a, prefix: x}
        apstools.devices.Nothing:
        - {name: b, prefix: x}
        - {name: c, prefix: x}
        ophyd.EpicsMotor:
        - {name: d, prefix: x}
    """
    with pytest.raises(RegistryError) as error:
        load_registry(written(text, ".yml"))
    first, *rest = str(error.value).splitlines()
    assert first.endswith("devices.yml: 3 problems:")
    assert [line.split(":")[0].strip() for line in rest] == ["a", "b", "c"]


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(RegistryError, match=r"nothing.toml: No such file or directory"):
        load_registry(tmp_path / "nothing.toml")


def test_a_label_that_nobody_has(registry):
    with pytest.raises(
        RegistryError, match=r"no label 'slit': did you mean 'slits'\? there are det"
    ):
        registry.labelled("slit")
