"""``beamtwin ioc``: the twin over Channel Access."""

import socket

from rich.console import Console

from beamtwin.orchestration.errors import BeamtwinError
from beamtwin.scenarios.scenario import load
from beamtwin.twin import ioc
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
    level: str,
    seed: int,
    noise: bool,
) -> None:
    """Serve a scenario's twin until Ctrl-C."""
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

    clock = PacedClock(speed=speed)
    with scenario.world(clock, level=level, seed=seed, noise=noise) as world:
        ioc.run(world.database, interface=interface, port=port, on_ready=announce)
