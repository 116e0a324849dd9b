"""Counterparts in snapshots: at rest they go on where they were, and say when they are not."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from beamtwin.hardware.electrometer import QuadEM
from beamtwin.hardware.monochromator import DCM, KohzuMonochromator
from beamtwin.hardware.shutter import EPSShutter
from beamtwin.hardware.slits import MotorSlits, VirtualMotorSlits
from beamtwin.hardware.temperature import LinkamStage
from beamtwin.hardware.undulator import Undulator
from beamtwin.hardware.zebra import Zebra
from beamtwin.orchestration.errors import MoveError, StateError
from beamtwin.twin.clock import SimClock
from beamtwin.twin.counterparts.populate import populate
from beamtwin.twin.database import Database
from beamtwin.twin.state import restore, snapshot

PROVENANCE = dict.fromkeys(("scenario", "model", "level", "seed", "noise", "version"), "x")
FAST = {"VELO": 0.5, "LLM": -5.0, "HLM": 5.0}
SETTINGS: dict[type[Any], dict[str, Any]] = {
    VirtualMotorSlits: {"*": FAST},
    MotorSlits: {"*": FAST},
    Undulator: {"gap": {"VAL": 7.0}},
    DCM: {"energy": {"VAL": 9000.0}},
    KohzuMonochromator: {"energy_keV": 9.0},
    EPSShutter: {},
    LinkamStage: {},
    QuadEM: {"currents": [1e-6] * 4},
    Zebra: {"encoders": {1: "MotorSlits-Ax:T}Mtr"}},
}


def make(clock: SimClock) -> tuple[Database, dict[type[Any], Any]]:
    database, devices = Database(clock), {}
    for cls, settings in SETTINGS.items():
        devices[cls] = cls(cls.__name__, cls.__name__.lower(), database)
        populate(database, devices[cls], settings)
        devices[cls].connect()
    return database, devices


def test_a_world_of_them_goes_on_where_it_was() -> None:
    database, devices = make(SimClock(epoch=0.0))
    devices[VirtualMotorSlits].set({"v_gap": 1.0, "v_center": 0.5}).wait()
    devices[MotorSlits].v_gap.set(2.0).wait()
    devices[Undulator].set(8.0).wait()
    devices[Undulator].brakes_disengaged.set(False).wait()
    devices[DCM].energy.set(8000.0).wait()
    devices[KohzuMonochromator].energy.set(8.0).wait()
    devices[EPSShutter].open().wait()
    devices[LinkamStage].setpoint.set(100.0).wait()
    devices[LinkamStage].heating.set(True).wait()
    devices[QuadEM].acquire.send(True)
    database.clock.sleep(30.0)
    kept = json.loads(json.dumps(snapshot(database, None, PROVENANCE)))

    later, others = make(SimClock(epoch=0.0))
    restore(later, None, PROVENANCE, kept)
    for clock in (database.clock, later.clock):
        clock.sleep(10.0)
    for cls, device in devices.items():
        if cls is not QuadEM:  # what it has read is as old as the reading
            assert others[cls].read() == device.read()
    assert others[QuadEM].read()["quadem_sum_all"]["value"] == 4e-6
    with pytest.raises(MoveError, match="its brakes are engaged"):
        others[Undulator].set(9.0)
    others[VirtualMotorSlits].v_gap.set(2.0).wait()
    assert others[VirtualMotorSlits].top.position == 1.5
    others[EPSShutter].close().wait()
    others[KohzuMonochromator].energy.set(9.0).wait()


@pytest.mark.parametrize(
    ("cls", "begin", "message"),
    [
        (VirtualMotorSlits, lambda slits: slits.v_gap.set(1.0), "is on its way to"),
        (MotorSlits, lambda slits: slits.v_gap.set(1.0), "is on its way to"),
        (KohzuMonochromator, lambda mono: mono.energy.set(8.0), "turns to 14.3"),
        (EPSShutter, lambda shutter: shutter.open(), "EPSShutter: opens"),
        (Undulator, lambda ivu: ivu.brakes_disengaged.set(False), "Undulator: moves its brakes"),
        (Zebra, lambda zebra: zebra.arm.send(True), "Zebra: waits for positions"),
    ],
)
def test_what_is_under_way_is_named(
    cls: type[Any], begin: Callable[[Any], Any], message: str
) -> None:
    database, devices = make(SimClock(epoch=0.0))
    begin(devices[cls])
    with pytest.raises(StateError, match=message):
        snapshot(database, None, PROVENANCE)


def test_a_single_reading_is_named() -> None:
    database, devices = make(SimClock(epoch=0.0))
    devices[QuadEM].stage().wait()
    devices[QuadEM].trigger()
    with pytest.raises(StateError, match="QuadEM: averages"):
        snapshot(database, None, PROVENANCE)
