"""A scenario's twin as a database that lives in real time: what an IOC's process makes for itself."""

from beamtwin.scenarios.scenario import load
from beamtwin.twin.clock import PacedClock
from beamtwin.twin.database import Database

__all__ = ["make_database"]


def make_database(
    scenario: str, level: str, seed: int, noise: bool, speed: float = 1.0
) -> Database:
    """The records of a scenario's twin, bound to its physics.

    Parameters
    ----------
    scenario, level, seed, noise
        As of a scenario's ``world``.
    speed : float
        Virtual seconds per second of the wall.
    """
    return (
        load(scenario).world(PacedClock(speed=speed), level=level, seed=seed, noise=noise).database
    )
