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
        plane = self._from_disk(key) if value is None else pickle.loads(value)
        if plane is None:
            self.misses += 1
        else:
            self.hits += 1
        return plane

    def put(self, key: str, plane: Any) -> None:
        """Keep a copy."""
        value = pickle.dumps(plane, protocol=pickle.HIGHEST_PROTOCOL)
        self._memory.put(key, value)
        if self._disk is not None:
            self._disk.put(key, value)

    def _from_disk(self, key: str) -> Any:
        """A plane that some process has kept; none where this one cannot read it: it may run other versions."""
        value = None if self._disk is None else self._disk.get(key)
        if value is None:
            return None
        try:
            plane = pickle.loads(value)
        except Exception:
            return None
        self._memory.put(key, value)
        return plane
