"""Affinity: light is computed where the longest part of the way to it is known already."""

from collections import OrderedDict, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

from beamtwin.twin.beamline import Beamline

__all__ = ["Affinity", "upstream"]

W = TypeVar("W", bound=Hashable)

#: Of the ways that a worker has gone, so many are remembered.
MOST_KEYS = 4096


def upstream(beamline: Beamline, level: str) -> tuple[int, ...]:
    """What is in front of each movable element, and then the whole beamline: a hash of each, from the source on.

    Equal beamlines have equal keys within one process, which is all that a choice among workers needs.
    """
    movable = beamline.movable
    key = hash((level, beamline.beam, beamline.source, beamline.grid))
    keys = []
    for element in beamline.elements:
        if not movable or element.name in movable:
            keys.append(key)
        key = hash((key, element))
    return (*keys, key)


class Affinity:
    """Remembers which worker has gone which ways; one thread at a time."""

    def __init__(self) -> None:
        self._gone: dict[Hashable, OrderedDict[int, None]] = defaultdict(OrderedDict)

    def choose(self, keys: Sequence[int], loads: Mapping[W, int]) -> W:
        """The worker that knows most of a way; of those that know as much, the one with the least to do.

        Parameters
        ----------
        keys : sequence of int
            The way; see `upstream`.
        loads : dict
            How much each worker has to do.
        """
        best = max(loads, key=lambda worker: (self._known(worker, keys), -loads[worker]))
        self.note(best, keys)
        return best

    def note(self, worker: Hashable, keys: Sequence[int]) -> None:
        """A worker goes this way."""
        gone = self._gone[worker]
        for key in keys:
            gone[key] = None
            gone.move_to_end(key)
        while len(gone) > MOST_KEYS:
            gone.popitem(last=False)

    def forget(self, worker: Hashable) -> None:
        """A worker has lost what it knew."""
        self._gone.pop(worker, None)

    def _known(self, worker: Hashable, keys: Sequence[int]) -> int:
        """How many places of a way are behind the worker."""
        gone = self._gone[worker]
        return next((n for n in range(len(keys), 0, -1) if keys[n - 1] in gone), 0)
