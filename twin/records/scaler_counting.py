"""One count of a scaler: what has been counted, and when a preset will be reached."""

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["NEVER", "Counting"]

#: How soon counters with presets are looked at, before it is known how fast they count, in s.
FIRST_LOOK_S = 0.1

#: A rate of updates that is too low to be meant, in Hz.
LOWEST_RATE_HZ = 0.1

#: With a shorter TP1, auto-count ends as a client's count does.
SHORTEST_AUTO_COUNT_S = 1e-3

NEVER = float("inf")


class Counting:
    """What has been counted until it was looked at last.

    Parameters
    ----------
    is_users : bool
        Whether a client has asked for it; else it is auto-count's.
    began : float
        The timeline's time, in s.
    values : mapping
        The scaler's fields.
    gated : sequence of int
        The channels from 2 on that may end it.
    """

    __slots__ = (
        *("is_users", "looked_at", "counted_s", "totals", "is_read"),
        *("_values", "_gated", "_lasts_s"),
    )

    def __init__(
        self, is_users: bool, began: float, values: Mapping[str, Any], gated: Sequence[int]
    ):
        self.is_users = is_users
        self.looked_at = began
        self.counted_s = 0.0
        self.totals: Sequence[float] = ()
        self.is_read = False
        self._values = values
        self._gated = gated
        self._lasts_s = values["TP"] if values["G1"] else NEVER
        if not is_users and values["TP1"] >= SHORTEST_AUTO_COUNT_S:
            self._gated, self._lasts_s = (), values["TP1"]

    def add(self, duration_s: float, counts: Sequence[float]) -> None:
        """What has been counted since the last look."""
        self.counted_s += duration_s
        if self.totals:
            counts = [one + more for one, more in zip(self.totals, counts, strict=True)]
        self.totals = counts

    def next_look_s(self) -> float:
        """When a preset may have been reached, or monitors are to hear what has been counted."""
        left = self._lasts_s - self.counted_s
        for channel in self._gated:
            left = min(left, self._time_to(channel))
        rate = self._values["RATE" if self.is_users else "RAT1"]
        if rate > LOWEST_RATE_HZ:
            left = min(left, 1.0 / rate)
        return left if left > 0.0 else 0.0

    def is_done(self) -> bool:
        """Whether a preset has been reached."""
        return self.counted_s >= self._lasts_s or any(map(self._is_reached, self._gated))

    def _is_reached(self, channel: int) -> bool:
        return self._total(channel) >= self._values[f"PR{channel}"]

    def _time_to(self, channel: int) -> float:
        total = self._total(channel)
        if total <= 0.0:
            return FIRST_LOOK_S
        return max(self._values[f"PR{channel}"] - total, 0.5) * self.counted_s / total

    def _total(self, channel: int) -> float:
        return self.totals[channel - 2] if channel - 2 < len(self.totals) else 0.0
