"""Provenance: what a twin says of itself, in a run's start document and by PVs."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from beamtwin.hardware.channel import Transport
from beamtwin.hardware.device import connect
from beamtwin.hardware.registry import Registry
from beamtwin.hardware.signals import SignalR
from beamtwin.twin.database import Database
from beamtwin.twin.description import Description
from beamtwin.twin.records import TextRecord

__all__ = ["PROVENANCE_PV", "add_provenance", "model_of", "read_provenance"]

#: Where a served twin says what it is.
PROVENANCE_PV = "TWIN:{}-I"

_CONVERTED: Mapping[str, Callable[[str], Any]] = {
    "target": str,
    "scenario": str,
    "model": str,
    "level": str,
    "seed": int,
    "noise": lambda text: text == "True",
    "epoch": float,
    "version": str,
}


def model_of(description: Description | None, registry: Registry | None) -> str:
    """The SHA-256 of all parameters of a world."""
    entries = [] if registry is None else registry.values()
    devices = [
        (entry.name, entry.cls.__qualname__, entry.prefix, entry.arguments, entry.twin)
        for entry in entries
    ]
    return hashlib.sha256(repr((description, devices)).encode()).hexdigest()


def add_provenance(database: Database, provenance: Mapping[str, Any]) -> None:
    """Have a twin's PVs say what it is."""
    for name, value in provenance.items():
        database.add(TextRecord(database.clock, PROVENANCE_PV.format(name), VAL=str(value)))


def read_provenance(transport: Transport) -> dict[str, Any]:
    """What the twin behind a transport says of itself; see `World.provenance`."""
    signals = {name: SignalR(str, transport, PROVENANCE_PV.format(name)) for name in _CONVERTED}
    connect(*signals.values())
    return {name: convert(signals[name].get()) for name, convert in _CONVERTED.items()}
