"""A whole registry's twin: records for every PV of every device, without physics."""

from typing import Any

from beamtwin.hardware.registry import Registry
from beamtwin.orchestration.errors import BeamtwinError
from beamtwin.twin.clock import SimClock
from beamtwin.twin.counterparts.populate import SEED, populate
from beamtwin.twin.database import Database
from beamtwin.twin.noise import Streams

__all__ = ["TwinError", "populate_registry", "twin_of"]


Seed = int | Streams


class TwinError(BeamtwinError, ValueError):
    """A device whose twin cannot be made: it names file, entry and reason."""


def twin_of(registry: Registry, clock: SimClock, *, seed: Seed | None = 0) -> Database:
    """The twin of any beamline that is declared.

    Parameters
    ----------
    registry : Registry
    clock : SimClock
    seed : int, Streams or None
        Of what fluctuates; None: nothing does.

    Returns
    -------
    Database
        With records of the right types under every declared name; nothing binds them together but what the device
        classes' counterparts do.

    Raises
    ------
    TwinError
        Naming the entries whose ``twin`` settings make no sense, all at once.
    """
    database = Database(clock)
    populate_registry(database, registry, seed=seed)
    return database


def populate_registry(
    database: Database, registry: Registry, *, seed: Seed | None = 0, **offered: Any
) -> None:
    """Add what a database lacks of a registry's records; see `twin_of`."""
    devices = registry.make(database, **{"directory": ".", **offered})
    problems = []
    for name, entry in registry.items():
        try:
            populate(database, devices[name], {SEED: seed, **entry.twin})
        except (BeamtwinError, LookupError, TypeError, ValueError) as error:
            problems.append(f"{registry.source}: {name}: twin: {_said(error)}")
    if problems:
        raise TwinError("\n".join(problems))


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, BeamtwinError) else repr(error)
