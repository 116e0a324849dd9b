"""Wavefronts that are kept: under keys of all that they depend on, in memory and, shared with others, on disk."""

from beamtwin.twin.cache.disk import CacheError, DiskTier
from beamtwin.twin.cache.keys import chained, digest
from beamtwin.twin.cache.memory import MemoryTier
from beamtwin.twin.cache.planes import PlaneCache

__all__ = ["CacheError", "DiskTier", "MemoryTier", "PlaneCache", "chained", "digest"]
