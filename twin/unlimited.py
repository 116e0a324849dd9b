"""What Channel Access says of the limits of a field that has none."""

import math
from collections.abc import Container, Mapping
from typing import NamedTuple

__all__ = ["DELAYS_S", "EVERYTHING", "NOTHING", "UNSAID", "WHOLE", "Unlimited"]

NOTHING = (0.0, 0.0)

#: Control limits of the delays that records wait for: ODLY, DLY1, HIGH.
DELAYS_S = (0.0, 100_000.0)

#: All that an EPICS type holds: ``getMaxRangeValues`` in base's recGbl.c.
WHOLE: Mapping[str, tuple[float, float]] = {
    "UCHAR": (0.0, 255.0),
    "SHORT": (-32768.0, 32767.0),
    "USHORT": (0.0, 65535.0),
    "LONG": (-2147483648.0, 2147483647.0),
    "ULONG": (0.0, 4294967295.0),
    "FLOAT": (-1e30, 1e30),
    "DOUBLE": (-1e300, 1e300),
}


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
