"""Pairs: an output, and the readback that says what it was set to."""

from collections.abc import Callable
from typing import Any, NamedTuple

from beamtwin.twin.database import Database
from beamtwin.twin.records import (
    AiRecord,
    AoRecord,
    BiRecord,
    BoRecord,
    LonginRecord,
    LongoutRecord,
    MbbiRecord,
    MbboRecord,
)

__all__ = ["CHOICE", "FLAG", "REAL", "WHOLE", "Pair", "add_pair"]


class Pair(NamedTuple):
    """Record types that belong together."""

    output: type[Any]
    readback: type[Any]


REAL = Pair(AoRecord, AiRecord)
WHOLE = Pair(LongoutRecord, LonginRecord)
FLAG = Pair(BoRecord, BiRecord)
CHOICE = Pair(MbboRecord, MbbiRecord)


def add_pair(
    database: Database,
    pair: Pair,
    pv: str,
    readback_pv: str,
    *states: tuple[str, ...],
    then: Callable[[Any], object] | None = None,
    **fields: Any,
) -> Any:
    """Add both, with the same fields.

    Parameters
    ----------
    *states
        The choices of an enum.
    then : callable, optional
        Called with each new value, once the readback has it.

    Returns
    -------
    Record
        The output.
    """
    readback = database.add(pair.readback(database.clock, readback_pv, *states, **fields))

    def act(value: Any) -> None:
        readback.post("VAL", value)
        if then is not None:
            then(value)

    return database.add(pair.output(database.clock, pv, *states, on_put=act, **fields))
