"""What the IOC of `test_over_ca` serves: counterparts that are quick, since time is the wall's there."""

from typing import Any

from beamtwin.hardware.device import Device
from beamtwin.hardware.electrometer import QuadEM
from beamtwin.hardware.mirror import HorizontalMirror
from beamtwin.hardware.monochromator import DCM
from beamtwin.hardware.shutter import EPSShutter, FourPVShutter
from beamtwin.hardware.slits import MotorSlits, VirtualMotorSlits
from beamtwin.hardware.temperature import Eurotherm
from beamtwin.hardware.undulator import Undulator
from beamtwin.hardware.zebra import Zebra
from beamtwin.twin.clock import PacedClock, SimClock
from beamtwin.twin.counterparts.populate import populate
from beamtwin.twin.database import Database

FAST = {"VELO": 20.0, "ACCL": 0.01, "LLM": -5.0, "HLM": 5.0}

DEVICES: dict[str, tuple[type[Device], str, dict[str, Any]]] = {
    "s2": (VirtualMotorSlits, "XF:11IDB-OP{Slt:BDS", {"*": FAST}),
    "pbs": (MotorSlits, "XF:11IDA-OP{Slt:PB", {"*": FAST}),
    "hdm": (HorizontalMirror, "XF:11IDA-OP{Mir:HDM", {"pitch": {"VAL": 10.0, "tau_s": 0.02}}),
    "dcm": (
        DCM,
        "XF:11IDA-OP{Mono:DCM",
        {"energy": {"VAL": 9000.0}, "bragg": {"VELO": 50.0, "ACCL": 0.01}},
    ),
    "sh": (FourPVShutter, "XF:11ID-PPS{Sh:FE}", {"travel_s": 0.1}),
    "psh": (EPSShutter, "XF:11ID-EPS{PSh}", {"travel_s": 0.1, "enabled": False}),
    "ivu": (
        Undulator,
        "SR:C11-ID:G1{IVU20:1",
        {"gap": FAST, "brakes_disengaged": False, "release_s": 0.1},
    ),
    "em": (QuadEM, "XF:11IDB-BI{EM:1}", {"currents": [1e-6, 2e-6, 3e-6, 2e-6]}),
    "oven": (Eurotherm, "T:", {"VAL": 295.0, "tau_s": 0.05}),
    "z": (Zebra, "XF:11IDB-ES{Zebra}:", {"encoders": {1: "XF:11IDB-OP{Slt:BDS-Ax:T}Mtr"}}),
}


def make(clock: SimClock | None = None) -> Database:
    database = Database(clock or PacedClock())
    for name, (cls, prefix, settings) in DEVICES.items():
        populate(database, cls(prefix, name, database), settings)
    return database
