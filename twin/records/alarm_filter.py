"""The alarm filter: what AFTC does to alarms that come and go."""

import math

__all__ = ["AlarmFilter"]

#: A step is followed when it has been seen for so much of the time constant: 1 - 1/e.
THRESHOLD = 0.6321


class AlarmFilter:
    """A low-pass filter of severities, or of the ranges between alarm limits (``checkAlarms`` of ai and mbbi)."""

    def __init__(self) -> None:
        self._level = 0.0
        self._time = 0.0

    def rank(self, rank: int, time_s: float, constant_s: float) -> int:
        """The rank that the filter has come to, at a time, with a time constant AFTC."""
        since, self._time = time_s - self._time, time_s
        if self._level == 0.0:
            self._level = float(rank)
            return rank
        weight = constant_s / (since + constant_s)
        sign = 1.0 if self._level > 0.0 else -1.0
        self._level = weight * self._level + sign * (1.0 - weight) * rank
        if self._level - math.floor(self._level) > THRESHOLD:
            self._level = -self._level  # from here on it is rounded the other way
        return abs(math.floor(self._level))

    def reset(self) -> None:
        """Forget what has been."""
        self._level = 0.0
