"""The twin of CHX's focusing set-up."""

from pathlib import Path

from beamtwin.scenarios.chx.twin import build_world
from beamtwin.scenarios.chx_focusing.devices import focusing_registry
from beamtwin.twin.clock import SimClock
from beamtwin.twin.world import World

__all__ = ["DESCRIPTION", "make_world"]

DESCRIPTION = Path(__file__).parent / "beamline.toml"

#: The devices that see the light, and the description's counters that say how.
SEEN = {"eiger4m": "Eig4M", "scaler": "diode", "xray_eye3": "xray_eye3", "xbpm": "xbpm"}


def make_world(
    clock: SimClock, *, level: str = "modes", seed: int = 0, noise: bool = True
) -> World:
    """CHX, focusing, as a twin; see `beamtwin.scenarios.chx.twin.make_world`."""
    return build_world(
        "chx_focusing",
        clock,
        DESCRIPTION,
        focusing_registry(),
        SEEN,
        level=level,
        seed=seed,
        noise=noise,
    )
