"""The stored current: it decays, and is topped up."""

from dataclasses import dataclass
from math import exp, inf

__all__ = ["StoredCurrent"]


@dataclass(frozen=True)
class StoredCurrent:
    """The current of a storage ring in top-up operation.

    It decays exponentially, and at regular intervals is brought back at once to what it was.
    """

    current_mA: float
    """Just after a top-up, and at the beginning."""
    lifetime_h: float = inf
    top_up_s: float = 120.0

    def at(self, when_s: float) -> float:
        """The current in mA, at a time since the beginning."""
        return self.current_mA * exp(-(when_s % self.top_up_s) / (3600.0 * self.lifetime_h))
