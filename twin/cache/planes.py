"""Values under keys, in two tiers; what comes out is a copy of one's own."""

import pickle
from typing import Any

from beamtwin.twin.cache.disk import DiskTier
from beamtwin.twin.cache.memory import MemoryTier

__all__ = ["PlaneCache"]


class PlaneCache:
    """Keeps planes, pickled, so that nobody can change what is kept.

    Parameters
    ----------
    memory : MemoryTier, optional
    disk : DiskTier, optional
        Asked where memory has nothing; without one, planes end with the process.

    Attributes
    ----------
    hits, misses : int
        How often a plane was there, and was not.
    """

    def __init__(self, memory: MemoryTier | None = None, disk: DiskTier | None = None):
        self._memory = MemoryTier() if memory is None else memory
        self._disk = disk
        self.hits = self.misses = 0

    def get(self, key: str) -> Any:
        """A copy of what is kept; None where nothing is."""
        value = self._memory.get(key)
        if value is None and self._disk is not None:
            value = self._disk.get(key)
            if value is not None:
                self._memory.put(key, value)
        if value is None:
            self.misses += 1
            return None
        self.hits += 1
        return pickle.loads(value)

    def put(self, key: str, plane: Any) -> None:
        """Keep a copy."""
        value = pickle.dumps(plane, protocol=pickle.HIGHEST_PROTOCOL)
        self._memory.put(key, value)
        if self._disk is not None:
            self._disk.put(key, value)
