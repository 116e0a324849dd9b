"""``beamtwin devices``: what a beamline has, and whether it is there."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from beamtwin.app.beamtime import Settings, open_target
from beamtwin.hardware.channel import Transport
from beamtwin.hardware.registry import Devices, Entry
from beamtwin.hardware.soft import SoftTransport
from beamtwin.orchestration.clock import WallClock
from beamtwin.orchestration.documents import random_uid
from beamtwin.orchestration.errors import NotConnectedError
from beamtwin.scenarios.scenario import Scenario, load

__all__ = ["check_devices", "list_devices"]


#: How long to wait for PVs: so long, and as long as a slow server takes to answer for so many.
PATIENCE_S, PVS_PER_S = 5.0, 400.0


@dataclass(frozen=True)
class Checked:
    """One device, after the attempt to connect it."""

    entry: Entry
    pvs: int
    problems: list[str]


def list_devices(scenario_name: str, label: str | None) -> None:
    """Print a table of a scenario's devices, or of those in a registry's file."""
    scenario = load(scenario_name)
    nowhere = SoftTransport(WallClock())
    devices = scenario.devices(nowhere, Path(), random_uid)
    table = _table(scenario)
    table.add_column("PVs", justify="right")
    total = 0
    for entry in _entries(scenario, label):
        pvs = len(_channels([devices[entry.name]]))
        total += pvs
        table.add_row(*_row(entry), f"{pvs:,}")
    _print(table, f"{table.row_count} devices, {total:,} PVs")


def check_devices(scenario_name: str, label: str | None, settings: Settings) -> None:
    """Connect devices where the settings say, and print what is missing, PV by PV.

    Raises
    ------
    NotConnectedError
        Where anything is.
    """
    scenario = load(scenario_name)
    with open_target(scenario, settings) as (transport, *_):
        devices = scenario.devices(transport, Path().absolute(), random_uid)
        checked = _check(devices, transport, _entries(scenario, label))
    table = _table(scenario)
    table.add_column("PVs", justify="right")
    table.add_column("there", justify="right")
    for each in checked:
        there = each.pvs - len(each.problems)
        table.add_row(
            *_row(each.entry), f"{each.pvs:,}", f"[{'red' if each.problems else 'green'}]{there:,}"
        )
    total, missing = sum(each.pvs for each in checked), sum(len(each.problems) for each in checked)
    _print(
        table,
        f"{total - missing:,} of {total:,} PVs are there as declared, on target {settings.target!r}",
    )
    _report([problem for each in checked for problem in each.problems])
    if missing:
        raise NotConnectedError(
            f"{missing:,} of {total:,} PVs are not there as declared, on target {settings.target!r}"
        )


def _check(devices: Devices, transport: Transport, entries: Iterable[Entry]) -> list[Checked]:
    """Connect all at once; then ask each signal what stands against it."""
    entries = list(entries)
    made = [devices[entry.name] for entry in entries]
    channels = _channels(made)
    with suppress(NotConnectedError):  # each signal says what is missing of it
        transport.connect(channels, PATIENCE_S + len(channels) / PVS_PER_S)
    return [
        Checked(
            entry,
            len(_channels([device])),
            [problem for signal in device.walk_signals() for problem in signal.bind()],
        )
        for entry, device in zip(entries, made, strict=True)
    ]


def _channels(devices: Iterable[Any]) -> list[Any]:
    """Every channel once."""
    channels = {
        channel.name: channel
        for device in devices
        for signal in device.walk_signals()
        for channel in signal.channels
    }
    return list(channels.values())


def _entries(scenario: Scenario, label: str | None) -> list[Entry]:
    registry = scenario.registry()
    return list(registry.values()) if label is None else registry.labelled(label)


def _table(scenario: Scenario) -> Table:
    table = Table(title=f"{scenario.title}: {scenario.registry().source}", title_justify="left")
    for heading in ("name", "class", "prefix", "labels"):
        table.add_column(heading, overflow="fold")
    return table


def _row(entry: Entry) -> tuple[str, str, str, str]:
    return entry.name, entry.cls.__name__, escape(entry.prefix), escape(", ".join(entry.labels))


def _print(table: Table, summary: str) -> None:
    console = Console()
    console.print(table)
    console.print(summary, highlight=False)


def _report(problems: Iterable[str]) -> None:
    console = Console()
    for problem in problems:
        console.print(f"  {problem}", highlight=False, soft_wrap=True, markup=False)
