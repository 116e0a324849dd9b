"""What Channel Access says of the limits of a field that has none."""

import math
from collections.abc import Container
from typing import NamedTuple

__all__ = ["DELAYS_S", "EVERYTHING", "NOTHING", "UNSAID", "Unlimited"]

NOTHING = (0.0, 0.0)

#: Control limits of the delays that records wait for: ODLY, DLY1, HIGH.
DELAYS_S = (0.0, 100_000.0)


class _Everything(Container[str]):
    def __contains__(self, name: object) -> bool:
        return True


#: All fields of record types that say nothing of limits.
EVERYTHING = _Everything()


class Unlimited(NamedTuple):
    """What stands for limits where there are none."""

    display: tuple[float, float] = NOTHING
    control: tuple[float, float] = NOTHING
    alarm: float = math.nan


#: Where the record type knows of no limits.
UNSAID = Unlimited()
