"""Populate: records for every PV that a device declares.

Settings are a mapping, from the registry's file:

* of a motor, or of a signal: its record's fields, ``{"VELO": 0.5, "HLM": 3.0}``; of a signal also its value alone;
* of a device with parts: theirs by attribute, ``{"top": {...}, "*": {...}}``; what is under ``*`` holds for all
  motors below, and gives way to what a motor's own settings say;
* of a device with a builder: what that takes, besides.

``SEED`` is passed down to all parts: what `beamtwin.twin.noise.stream` takes, or None where nothing shall fluctuate.
"""

import difflib
from collections.abc import Callable, Mapping
from typing import Any

from beamtwin.hardware.device import Device
from beamtwin.hardware.motor import Motor
from beamtwin.hardware.signals import Signal
from beamtwin.orchestration.errors import DeclarationError
from beamtwin.twin.counterparts.leaves import add_leaf
from beamtwin.twin.database import Database

__all__ = ["EVERY_MOTOR", "SEED", "Builder", "part_settings", "populate", "serves"]

#: Adds the records of a device, and wires their behaviour: ``build(device, database, settings)``. Declared PVs that it
#: leaves out get plain records afterwards; parts that it needs at once, it may `populate` itself. What it keeps that no
#: record's state has goes into `Database.models`, so that snapshots have it.
Builder = Callable[[Any, Database, Mapping[str, Any]], None]

Builders = Mapping[type[Device], Builder]

#: The key under which settings for all motors below stand.
EVERY_MOTOR = "*"

#: The key of the twin's seed in every device's settings.
SEED = "seed"


def populate(
    database: Database,
    device: Device | Signal[Any],
    settings: Mapping[str, Any] | None = None,
    builders: Builders | None = None,
) -> None:
    """Add records to a database for every PV of a device that it does not serve yet.

    Parameters
    ----------
    database : Database
    device : Device or Signal
        Made on the database, as its transport.
    settings : mapping, optional
        See this module.
    builders : mapping of type to Builder, optional
        By device class; subclasses have their base's. Default: those of all families.

    Raises
    ------
    DeclarationError
        For settings of parts that the device does not have.
    """
    if builders is None:
        from beamtwin.twin.counterparts import builders as all_builders

        builders = all_builders()
    settings = settings or {}
    if isinstance(device, Signal):
        add_leaf(database, device, {key: settings[key] for key in settings if key != SEED})
        return
    signals = [signal for signal in device.walk_signals() if not _is_served(database, signal)]
    if not signals:
        return
    build = _builder(device, builders)
    if build is None:
        _check_keys(device, settings)
    else:
        build(device, database, settings)
    for attribute, part in device.children().items():
        own = part_settings(settings, attribute, part)
        if isinstance(part, Device):
            populate(database, part, own, builders)
        elif isinstance(part, Signal):
            add_leaf(database, part, own)


def part_settings(settings: Mapping[str, Any], attribute: str, part: Any) -> Mapping[str, Any]:
    """What a device's settings say of one of its parts."""
    own = settings.get(attribute, {})
    if isinstance(part, Signal):
        return own if isinstance(own, Mapping) else {"VAL": own}
    if not isinstance(own, Mapping):
        raise DeclarationError(f"{part.name}: its twin's settings must be a table, not {own!r}")
    seed = {SEED: settings[SEED]} if SEED in settings else {}
    common = settings.get(EVERY_MOTOR, {})
    if isinstance(part, Motor):
        return {**seed, **common, **own}
    return {**seed, **own, EVERY_MOTOR: {**common, **own.get(EVERY_MOTOR, {})}}


def serves(database: Database, pv: str) -> bool:
    """Whether there is a record, and a field, behind a PV's name."""
    name, _, field = pv.rpartition(".")
    record = database.records.get(name)
    return pv in database.records or (record is not None and field in record.fields)


def _is_served(database: Database, signal: Signal[Any]) -> bool:
    return all(serves(database, channel.name) for channel in signal.channels)


def _builder(device: Device, builders: Builders) -> Builder | None:
    return next((builders[cls] for cls in type(device).__mro__ if cls in builders), None)


def _check_keys(device: Device, settings: Mapping[str, Any]) -> None:
    known = {EVERY_MOTOR, SEED, *device.children()}
    for key in settings:
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            parts = ", ".join(device.children())
            raise DeclarationError(
                f"{device.name}: twin settings for {key!r}, which it does not have: {hint}its parts are {parts}"
            )
