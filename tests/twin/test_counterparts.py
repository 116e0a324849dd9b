"""Counterparts: every PV that a declared device uses is served, as it is declared; plain records; settings."""

import textwrap

import numpy as np
import pytest

from beamtwin.hardware.areadetector import AreaDetector, ProsilicaDetector
from beamtwin.hardware.device import Device, connect, pv, sub
from beamtwin.hardware.motor import Motor
from beamtwin.hardware.registry import Entry, Registry, load_registry
from beamtwin.hardware.registry.epics_signal import EpicsSignal
from beamtwin.hardware.signals import SignalR, SignalRW, SignalW
from beamtwin.hardware.slits import Slits
from beamtwin.orchestration.errors import DeclarationError, LimitsError
from beamtwin.orchestration.status import wait
from beamtwin.scenarios.chx.devices import chx_registry, make_devices
from beamtwin.scenarios.chx.twin import make_world
from beamtwin.twin.clock import SimClock
from beamtwin.twin.counterparts import builders
from beamtwin.twin.counterparts.cameras import Background
from beamtwin.twin.counterparts.populate import populate
from beamtwin.twin.counterparts.twin import TwinError, twin_of
from beamtwin.twin.database import Database
from beamtwin.twin.records import MotorRecord


class Everything(Device):
    """A signal of each type, in each way that there is."""

    real: SignalRW[float] = pv("Real")
    whole: SignalR[int] = pv("Whole")
    flag: SignalRW[bool] = pv("Flag")
    text: SignalRW[str] = pv("Text")
    mode: SignalRW[str] = pv("Mode", rbv=True)
    array: SignalR[np.ndarray] = pv("Array")
    command: SignalW[bool] = pv("Go")
    field: SignalR[float] = pv("t2.C")
    value: SignalRW[float] = pv("Calc.VAL")


class Stack(Device):
    """Parts of parts."""

    slits: Slits = sub("{Slt:1")
    stage: Motor = sub("{Stg}Mtr")
    everything: Everything = sub("{All}")


@pytest.fixture
def database(clock):
    return Database(clock)


@pytest.fixture
def everything(database):
    device = Everything("All:", "all", database)
    populate(database, device, {"real": {"VAL": 2.5, "EGU": "K", "LOPR": 1.0, "HOPR": 5.0}, "whole": 3,
                                "mode": {"choices": ["Fast", "Slow"], "VAL": 1}})  # fmt: skip
    connect(device)
    return device


# --- plain records ----------------------------------------------------------------------------------


def test_plain_records_have_the_declared_types_and_what_is_said_of_them(everything):
    assert (everything.real.get(), everything.whole.get(), everything.flag.get()) == (2.5, 3, False)
    assert everything.text.get() == ""
    assert everything.mode.get() == "Slow"
    assert everything.mode.metadata.choices == ("Fast", "Slow")
    assert everything.array.get().dtype == np.float64
    assert everything.real.metadata.units == "K"
    with pytest.raises(LimitsError, match=r"6 K is outside \[1, 5\] K"):
        everything.real.check_value(6.0)


def test_a_plain_record_takes_what_is_written_and_its_readback_follows(everything):
    for signal, value in ((everything.real, 4.0), (everything.flag, True), (everything.text, "x")):
        assert signal.set(value).success
        assert signal.get() == value
    assert everything.mode.set("Fast").success
    assert everything.mode.locate() == {"setpoint": "Fast", "readback": "Fast"}
    assert everything.command.put(True).success


def test_what_is_only_read_is_an_input(everything, database):
    types = {
        name.removeprefix("All:"): record.record_type for name, record in database.records.items()
    }
    assert types == {
        "Real": "ao", "Whole": "longin", "Flag": "bo", "Text": "stringout", "Mode": "mbbo",
        "Mode_RBV": "mbbi", "Array": "waveform", "Go": "bo", "t2": "ai", "Calc": "ao",
    }  # fmt: skip


def test_fields_of_records_of_other_types_are_there_too(database):
    one, other = (EpicsSignal(f"gp:userCalc1.{field}", field, database) for field in "AB")
    populate(database, one, {"VAL": 2.0})
    populate(database, other, {"VAL": "text"})
    assert [one.bind(), other.bind()] == [[], []]
    assert (one.get(), other.get()) == (2.0, "text")
    assert one.set(3.0).success
    assert one.get() == 3.0


# --- settings ---------------------------------------------------------------------------------------


def test_settings_go_to_the_parts_they_name_and_to_all_motors(database):
    device = Stack("BL", "stack", database)
    populate(
        database,
        device,
        {
            "*": {"VELO": 2.0, "EGU": "um"},
            "slits": {"*": {"VELO": 0.5}, "top": {"VAL": 3.0, "VELO": 0.1}},
            "everything": {"real": 7.0},
        },
    )
    connect(device)
    assert (device.stage.velocity.get(), device.stage.egu) == (2.0, "um")
    assert (device.slits.bottom.velocity.get(), device.slits.bottom.egu) == (0.5, "um")
    assert (device.slits.top.velocity.get(), device.slits.top.position) == (0.1, 3.0)
    assert device.slits.v_gap.position == 3.0
    assert device.everything.real.get() == 7.0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"slit": {}}, r"stack: twin settings for 'slit', .*did you mean 'slits'\? its parts are slits, stage"),
        ({"stage": {"VELOO": 1.0}}, r"has no field VELOO; did you mean VELO"),
        ({"stage": 3.0}, r"stack_stage: its twin's settings must be a table, not 3.0"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_meant(clock, settings, message):
    registry = Registry([Entry("stack", Stack, "BL", twin=settings)], "file.toml")
    with pytest.raises(TwinError, match=rf"^file.toml: stack: twin: .*{message}"):
        twin_of(registry, clock)


def test_what_is_there_already_is_left_alone(database, clock):
    stage = database.add(MotorRecord(clock, "BL{Stg}Mtr", VAL=5.0))
    device = Stack("BL", "stack", database)
    for _ in range(2):
        populate(database, device)
    assert database.records["BL{Stg}Mtr"] is stage
    connect(device)
    assert device.stage.position == 5.0


def test_a_class_has_its_own_builder_and_that_of_its_base(database):
    class Special(Motor):
        pass

    built = []

    def build(device, database, settings):
        built.append((type(device), settings))
        builders()[Motor](device, database, settings)

    populate(database, Special("m1", "m1", database), {"VAL": 1.0}, {Motor: build})
    assert built == [(Special, {"VAL": 1.0})]
    assert database.records["m1"].values["VAL"] == 1.0


def test_an_array_cannot_be_a_plain_field(database):
    class Odd(Device):
        profile: SignalR[np.ndarray] = pv(".PROF")

    with pytest.raises(DeclarationError, match=r"odd.PROF: there is no plain field of this type"):
        populate(database, Odd("odd", "odd", database))


# --- motors -----------------------------------------------------------------------------------------


def motor_with(clock, seed, **settings):
    registry = Registry([Entry("m", Motor, "m", twin=settings)])
    return twin_of(registry, clock, seed=seed).records["m"]


DISTURBED = {
    "mechanics": {"play": 0.01, "drift": {"amplitude": 0.1, "time_constant_s": 100.0},
                  "vibration": {"rms": 1e-3, "band_Hz": [5.0, 50.0]}},
    "encoder": {"step": 1e-4, "noise_rms": 1e-3},
    "UEIP": "Yes",
}  # fmt: skip


def test_a_stage_drifts_and_vibrates_as_its_seed_has_it():
    def positions(seed):
        clock = SimClock(epoch=0.0)
        motor = motor_with(clock, seed, VAL=1.0, **DISTURBED)
        found = []
        for _ in range(20):
            clock.sleep(50.0)
            found.append((motor.position, motor.read("RBV").value))
        return np.array(found)

    one = positions(1)
    np.testing.assert_array_equal(one, positions(1))
    assert np.ptp(one[:, 0] - positions(2)[:, 0]) > 1e-4  # the vibration, and not the drift
    assert one[-1, 0] == pytest.approx(1.1, abs=0.01)
    assert one[0, 0] < 1.06
    quiet = positions(None)
    assert set(quiet[:, 0]) == {1.0}


# --- cameras ----------------------------------------------------------------------------------------


def test_any_camera_takes_images_and_writes_them(clock, tmp_path):
    settings = {"shape": [40, 60], "background_Hz": 100.0, "model": "GC1290"}
    registry = Registry([Entry("eye", ProsilicaDetector, "Cam:", twin=settings)])
    database = twin_of(registry, clock, seed=3)
    eye = registry.make(database, directory=tmp_path).eye
    connect(eye)
    assert eye.cam.model.get() == "GC1290"
    eye.cam.acquire_time.put(0.5)
    wait(clock, [eye.stage()])
    wait(clock, [eye.trigger()])
    image = eye.image.image()
    assert image.shape == (40, 60)
    assert image.mean() == pytest.approx(50.0, rel=0.02)
    assert image.var() == pytest.approx(50.0, rel=0.15)
    assert eye.stats1.mean_value.get() == pytest.approx(image.mean())
    assert eye.get_index() == 1


def test_a_background_is_dark_where_nothing_is_said(clock):
    frames = Background((2, 3), "<u4")
    np.testing.assert_array_equal(frames.expose(1.0).result(), np.zeros((2, 3)))
    assert Background((2, 3), "|u1", 1e6).expose(1.0).result().max() == 255


def test_an_unknown_driver_is_named(clock):
    registry = Registry([Entry("eye", AreaDetector, "Cam:", twin={"driver": "pilatus"})])
    with pytest.raises(TwinError, match=r"driver = 'pilatus': there are 'camera', 'eiger', 'prosi"):
        twin_of(registry, clock)


# --- whole beamlines --------------------------------------------------------------------------------


def test_any_declared_beamline_gets_a_twin(clock, tmp_path):
    """As a facility that does not know beamtwin has written it down."""
    path = tmp_path / "devices.yml"
    path.write_text(
        textwrap.dedent("""
        ophyd.EpicsMotor:
        - {name: m1, prefix: "gp:m1"}
        ophyd.scaler.ScalerCH:
        - {name: scaler1, prefix: "gp:scaler1"}
        apstools.devices.ad_creator:
        - {name: simdet, prefix: "adsim:"}
        ophyd.EpicsSignal:
        - {name: calc, read_pv: "gp:userCalc1.VAL"}
        - {name: mode, read_pv: "gp:mode_RBV", write_pv: "gp:mode"}
    """)
    )
    registry = load_registry(path)
    devices = registry.make(twin_of(registry, clock), directory=tmp_path)
    devices.connect_all()
    wait(clock, [devices.m1.set(2.0)])
    assert devices.m1.position == 2.0
    assert devices.mode.set(5.0).success
    assert devices.mode.get() == 5.0


@pytest.fixture(scope="module")
def chx():
    with make_world(SimClock(epoch=0.0), noise=False) as world:
        devices = make_devices(world.database, "/tmp", lambda: "uid")
        devices.connect_all()
        yield devices


def signals_of(devices):
    return [signal for device in devices.values() for signal in device.walk_signals()]


def test_every_declared_pv_of_chx_is_served_as_declared(chx):
    """Connecting checks the types of all; here, what else device code relies on."""
    signals = signals_of(chx)
    assert len(signals) > 4000
    assert all(signal.bind() == [] for signal in signals)
    for signal in signals:
        metadata = signal.metadata
        if metadata.dtype == "enum":
            assert len(metadata.choices) >= 2, signal
            assert all(metadata.choices), signal


def test_every_axis_of_chx_has_a_unit_and_limits_that_it_is_within(chx):
    motors = {signal.parent for signal in signals_of(chx) if isinstance(signal.parent, Motor)}
    assert len(motors) > 110
    for motor in motors:
        assert motor.egu in ("mm", "deg", "urad", "eV"), motor
        low, high = motor.limits
        assert low < high, motor
        assert low <= motor.position <= high, motor
        assert motor.velocity.get() > 0
        assert (motor.velocity.metadata.units, motor.user_setpoint.metadata.units) == (
            f"{motor.egu}/sec",
            motor.egu,
        )


def test_a_twins_timeline_is_empty_while_nothing_happens(chx):
    env = chx.s2.clock.env
    assert env.peek() == float("inf")


def test_the_registry_names_what_the_start_up_profile_names():
    """Of the beamline's facts: every prefix is declared."""
    prefixes = {entry.prefix for entry in chx_registry().values()}
    assert prefixes >= {
        "SR:C11-ID:G1{IVU20:1", "FE:C11A-OP{Slt:12", "XF:11IDA-OP{Slt:PB", "XF:11IDA-OP{Mir:HDM",
        "XF:11IDA-OP{Mono:DCM", "XF:11IDA-OP{Slt:MB", "XF:11IDA-BI{Bpm:1", "XF:11IDB-BI{BPM:2",
        "XF:11IDA-BI{Bpm:1-Cam:1}", "XF:11IDB-BI{XBPM:02}", "XF:11IDB-OP{Slt:1", "XF:11IDB-OP{Slt:BDS",
        "XF:11IDB-OP{Lens:1", "XF:11IDB-OP{Lens:2", "XF:11IDB-ES{Slt:3", "XF:11IDB-ES{Slt:4",
        "XF:11IDB-OP{Slt:Guard", "XF:11IDB-ES{Dif", "XF:11ID-PPS{Sh:FE}", "XF:11IDA-PPS{PSh}",
        "XF:11IDB-ES{Zebra}:", "XF:11IDB-ES{BS:SAXS", "XF:11IDB-ES{Det:Eig4M}", "XF:11IDB-ES{Det:Eig1M}",
        "XF:11IDB-ES{Det:Eig500K}",
    }  # fmt: skip
