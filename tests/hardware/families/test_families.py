"""Every family is what Bluesky's protocols call it, can be read, staged and described, and runs under our engine."""

from collections.abc import Callable
from typing import Any

import pytest
from bluesky import protocols

from beamtwin.hardware import (
    attenuator,
    beamstop,
    diffractometer,
    electrometer,
    energy,
    flyer,
    lenses,
    mirror,
    monochromator,
    motor,
    presets,
    sample,
    scaler,
    shutter,
    slits,
    stages,
    temperature,
    undulator,
    valve,
    zebra,
)
from beamtwin.orchestration import plans
from beamtwin.orchestration import stubs as bps
from beamtwin.twin.database import Database

Twin = Callable[..., Any]
Run = Callable[[Any], list[tuple[str, dict[str, Any]]]]

PARTS = {"HasName", "HasParent"}
DEVICE = PARTS | {"HasHints", "Readable", "Configurable", "Stageable", "Subscribable"}
AXIS = {"Movable", "Locatable", "Checkable", "Stoppable"}
SWITCH = {"Movable", "Locatable", "Checkable"}
FLYER = {"Flyable", "Preparable", "Collectable", "EventPageCollectable", "Stoppable"}
KNOWN = {
    *DEVICE,
    *AXIS,
    *FLYER,
    "Triggerable",
    "Pausable",
    "EventCollectable",
    "WritesStreamAssets",
    "WritesExternalAssets",
}

TABLE = undulator.EnergyTable((5.0, 10.0, 20.0), (1300.0, 3000.0, 4200.0))
IN_OUT = {"in": 0.0, "out": 10.0}

#: Class, its arguments, its twin's settings, and what it can do besides being a device.
FAMILIES: list[tuple[type[Any], dict[str, Any], dict[str, Any], set[str]]] = [
    (slits.Slits, {}, {}, AXIS),
    (slits.CenterGapSlits, {}, {}, AXIS),
    (slits.MotorSlits, {}, {}, AXIS),
    (slits.VirtualSlits, {}, {}, AXIS),
    (slits.VirtualMotorSlits, {}, {}, AXIS),
    (mirror.PitchLoop, {}, {}, AXIS),
    (mirror.HorizontalMirror, {}, {}, AXIS),
    (monochromator.DCM, {}, {}, AXIS),
    (monochromator.MultilayerMonochromator, {}, {}, AXIS),
    (monochromator.KohzuMonochromator, {}, {}, set()),
    (undulator.Undulator, {}, {}, AXIS),
    (
        energy.Energy,
        {"undulator": "U", "table": TABLE},
        {"bragg": {"VAL": 12.0}, "undulator": {"gap": {"VAL": 7.0}}},
        AXIS,
    ),
    (lenses.Transfocator, {}, {}, AXIS),
    (lenses.Kinoform, {}, {}, AXIS),
    (attenuator.FoilLadder, {"energy_eV": 9000.0}, {"motor": {"VAL": -18.5}}, AXIS),
    (attenuator.FilterBank, {"energy_eV": 9000.0}, {}, AXIS),
    (shutter.FastShutter, {}, {}, SWITCH),
    (shutter.DigitalOutputShutter, {}, {}, SWITCH),
    (shutter.FourPVShutter, {}, {}, SWITCH),
    (shutter.EPSShutter, {}, {}, SWITCH),
    (valve.GateValve, {}, {}, SWITCH),
    (valve.PneumaticActuator, {}, {}, SWITCH),
    (beamstop.SAXSBeamStop, {}, {}, AXIS),
    (diffractometer.CHXDiffractometer, {}, {}, AXIS),
    (stages.XYStage, {}, {}, AXIS),
    (stages.XYZStage, {}, {}, AXIS),
    (stages.XYRotationStage, {}, {}, AXIS),
    (scaler.Scaler, {}, {}, {"Triggerable", "Stoppable"}),
    (scaler.ScalerCH, {}, {}, {"Triggerable", "Stoppable"}),
    (electrometer.PointDetector, {}, {}, set()),
    (electrometer.XBPM, {}, {}, set()),
    (electrometer.ElectrometerSums, {}, {}, set()),
    (electrometer.QuadEM, {}, {}, {"Triggerable", "Stoppable"}),
    (temperature.Eurotherm, {}, {}, AXIS),
    (temperature.LinkamStage, {}, {}, AXIS),
    (temperature.LakeshoreLoop, {}, {}, AXIS),
    (temperature.Lakeshore336, {}, {}, {"Stoppable"}),
    (presets.PresetStage, {"positions": IN_OUT}, {}, AXIS),
    (sample.SampleChanger, {"samples": ["a", "b"]}, {}, AXIS),
    (sample.RotationStage, {}, {}, AXIS),
    (zebra.Zebra, {}, {}, FLYER),
]


@pytest.fixture(params=FAMILIES, ids=lambda family: family[0].__name__)
def family(request: pytest.FixtureRequest, twin: Twin) -> tuple[Any, set[str]]:
    cls, arguments, settings, abilities = request.param
    return twin(cls, "X", settings, **arguments), DEVICE | abilities


def test_it_meets_its_protocols_and_no_others(family: tuple[Any, set[str]]) -> None:
    device, expected = family
    assert {name for name in KNOWN if isinstance(device, getattr(protocols, name))} == expected


def test_what_is_read_is_described_and_what_is_hinted_is_read(
    family: tuple[Any, set[str]],
) -> None:
    device, _ = family
    readings, configuration = device.read(), device.read_configuration()
    assert readings.keys() == device.describe().keys()
    assert configuration.keys() == device.describe_configuration().keys()
    assert not readings.keys() & configuration.keys()
    assert device.hints["fields"]
    assert set(device.hints["fields"]) <= readings.keys()
    assert all(key.startswith(device.name) for key in (*readings, *configuration))


def test_it_is_read_under_our_engine(family: tuple[Any, set[str]], run: Run) -> None:
    device, _ = family
    before = {signal.name: signal.get() for signal in device.stage_sigs}
    documents = run(plans.count([device], 2))
    assert [name for name, _ in documents].count("event") == 2
    assert documents[-1][1]["exit_status"] == "success"
    assert {signal.name: signal.get() for signal in device.stage_sigs} == before


def test_where_it_is_it_can_be_set_to(family: tuple[Any, set[str]], run: Run) -> None:
    """So that a plan can put it back, as Bluesky's ``reset_positions`` does."""
    device, expected = family
    if "Locatable" in expected:
        place = device.locate()
        assert list(place) == ["setpoint", "readback"]
        run(bps.mv(device, place["setpoint"]))
        assert rounded(device.locate()) == rounded(place)


def rounded(place: Any) -> Any:
    if isinstance(place, dict):
        return {key: rounded(value) for key, value in place.items()}
    return round(place, 9) if isinstance(place, float) else place


def test_a_flyer_meets_its_protocols(twin: Twin) -> None:
    flies = flyer.MotorFlyer("flyer", twin(motor.Motor, "M"), [])
    met = {name for name in KNOWN if isinstance(flies, getattr(protocols, name))}
    assert met == PARTS | FLYER


def test_the_pseudo_axis_of_another_device_is_one_too(twin: Twin, database: Database) -> None:
    axis = twin(slits.Slits, "S").v_gap
    assert {name for name in KNOWN if isinstance(axis, getattr(protocols, name))} == DEVICE | AXIS
