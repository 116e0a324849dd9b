"""State: a whole world in a mapping that JSON can hold, and back.

A snapshot is of a world at rest. It has what tells that world from one that has just been made of the same
parameters: its clock, its records, and how far its random streams have been drawn from. Restored into a new world,
everything goes on as if there had been no interruption: the same values at the same times, to the last bit.
"""

from collections.abc import Mapping
from typing import Any

from beamtwin.orchestration.errors import StateError
from beamtwin.twin.clock import PacedClock, SimClock
from beamtwin.twin.database import Database
from beamtwin.twin.noise import Streams, stream

__all__ = ["restore", "snapshot"]

FORMAT = 1

#: What has to be the same of two worlds, for the one to go on where the other was.
SAME = ("scenario", "model", "level", "seed", "noise")


def snapshot(
    database: Database, streams: Streams | None, provenance: Mapping[str, Any]
) -> dict[str, Any]:
    """All of a world's state.

    Raises
    ------
    StateError
        While something moves, counts or exposes: naming it.
    """
    return {
        "format": FORMAT,
        "made_with": {key: provenance[key] for key in (*SAME, "version")},
        "epoch": database.clock.epoch,
        "elapsed_s": database.clock.env.now,
        "records": {name: state for name, state in database.state().items() if state},
        "times": _times(database),
        "models": _model_states(database),
        "streams": {} if streams is None else _stream_states(streams),
    }


def restore(
    database: Database,
    streams: Streams | None,
    provenance: Mapping[str, Any],
    snapshot: Mapping[str, Any],
) -> None:
    """Put a world of the same make into the state of a snapshot.

    A paced clock stays at the wall's time; a virtual one goes to the snapshot's, whose epoch it must have.

    Raises
    ------
    StateError
        Where the snapshot is none, or of another world, or the clock cannot go to its time.
    """
    _check(provenance, snapshot)
    if not isinstance(database.clock, PacedClock):
        _set_clock(database.clock, snapshot["epoch"], snapshot["elapsed_s"])
    if streams is not None:
        for name, state in snapshot["streams"].items():
            stream(streams, name).bit_generator.state = state
    database.restore(snapshot["records"])
    for name, timestamp in snapshot["times"].items():
        database.records[name].timestamp = timestamp
    for name, state in snapshot["models"].items():
        database.models[name].restore(state)


def _times(database: Database) -> dict[str, float]:
    """When records were processed last; without those that nobody has looked at yet."""
    known = ((name, vars(record).get("timestamp")) for name, record in database.records.items())
    return {name: timestamp for name, timestamp in known if timestamp is not None}


def _model_states(database: Database) -> dict[str, Any]:
    models = database.models
    busy = [f"{name}: {what}" for name, model in models.items() if (what := model.under_way)]
    if busy:
        raise StateError(f"the twin is not at rest: {', '.join(busy)}")
    return {name: model.state() for name, model in models.items()}


def _stream_states(streams: Streams) -> dict[str, Any]:
    return {name: generator.bit_generator.state for name, generator in streams.generators.items()}


def _check(provenance: Mapping[str, Any], snapshot: Mapping[str, Any]) -> None:
    if snapshot.get("format") != FORMAT:
        raise StateError(
            f"format {snapshot.get('format')!r}: a snapshot of format {FORMAT} is wanted"
        )
    made_with = snapshot["made_with"]
    other = [
        f"{key} {made_with[key]!r} instead of {provenance[key]!r}"
        for key in SAME
        if made_with[key] != provenance[key]
    ]
    if other:
        raise StateError(f"the snapshot is of another world: {', '.join(other)}")


def _set_clock(clock: SimClock, epoch: float, elapsed_s: float) -> None:
    if clock.epoch != epoch:
        raise StateError(
            f"the snapshot's timeline began at {epoch!r}: make the world with SimClock(epoch={epoch!r})"
        )
    if clock.env.now > elapsed_s:
        raise StateError(
            f"the clock is at {clock.env.now:g} s, and the snapshot of {elapsed_s:g} s: restore it into a new world"
        )
    if elapsed_s > clock.env.now:
        clock.env.run(until=elapsed_s)
