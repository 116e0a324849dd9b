"""``beamtwin ioc``: the twin over Channel Access."""

import socket
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from beamtwin.app.workers import Workers
from beamtwin.orchestration.errors import BeamtwinError
from beamtwin.scenarios.scenario import Scenario, load
from beamtwin.twin import ioc
from beamtwin.twin.autosave import Autosave
from beamtwin.twin.clock import PacedClock

__all__ = ["serve"]

#: All of this machine's addresses.
ANY = "0.0.0.0"


def serve(
    scenario_name: str,
    port: int,
    interface: str,
    *,
    speed: float,
    level: str | None = None,
    autosave: Path | None = None,
    workers: Workers | None = None,
    **twin: Any,
) -> None:
    """Serve the twin of a scenario, or of a registry's file, until Ctrl-C.

    Parameters
    ----------
    scenario_name : str
    port : int
    interface : str
        Where to listen.
    speed : float
        Virtual seconds per second of the wall.
    level : str, optional
        Of the twin's physics; by default the scenario's.
    autosave : path, optional
        Keeps what motors have been set to.
    workers : Workers, optional
        Who computes the twin's light.
    **twin
        Of the scenario's ``world``.
    """
    console = Console()
    scenario = load(scenario_name)
    if not speed > 0:
        raise BeamtwinError(f"--speed {speed:g}: must be above 0 virtual seconds per second")
    reached_at = socket.gethostname() if interface == ANY else interface

    def announce(actual_port: int) -> None:
        console.print(
            f"{scenario.title}: {len(world.database.records)} records on {interface}:{actual_port} "
            f"(EPICS_CA_ADDR_LIST={reached_at} EPICS_CA_SERVER_PORT={actual_port}); Ctrl-C ends it",
            highlight=False,
            soft_wrap=True,
        )
        console.print(_served(scenario))

    with ExitStack() as stack:
        level = level or scenario.level
        world = stack.enter_context(scenario.world(PacedClock(speed=speed), level=level, **twin))
        if workers is not None:
            workers.employ(world)
        if autosave is not None:
            kept = stack.enter_context(Autosave(world.database, autosave))
            console.print(kept.report, highlight=False, soft_wrap=True)
        ioc.run(world.database, interface=interface, port=port, on_ready=announce)


def _served(scenario: Scenario) -> Table:
    """Which devices there are, by their class."""
    names: dict[str, list[str]] = defaultdict(list)
    for entry in scenario.registry().values():
        names[entry.cls.__name__].append(entry.name)
    table = Table("class", "devices", show_edge=False, box=None)
    for cls in sorted(names):
        table.add_row(cls, ", ".join(names[cls]))
    return table
