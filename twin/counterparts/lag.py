"""Lags: what follows its set point with a delay, such as a temperature or a mirror in a feedback loop.

The set point w goes to its target at a constant rate r, or at once; the value x follows with ``x' = (w - x) / tau``:
``x = w - r tau + (x0 - w0 + r tau) exp(-t / tau)`` while w is under way, and
``x = w + (x0 - w) exp(-t / tau)`` when it is there.
"""

from collections.abc import Callable, Mapping, Sequence
from math import copysign, exp, inf
from typing import Any

import simpy

from beamtwin.hardware.channel import Reading
from beamtwin.twin.clock import SimClock
from beamtwin.twin.monitored import NEWS
from beamtwin.twin.records import AiRecord

__all__ = ["FirstOrder", "LagRecord"]

Callback = Callable[[Reading], object]


class FirstOrder:
    """A first-order lag behind a set point that may be ramped; exact at any time.

    Parameters
    ----------
    value : float
        Where it rests at first.
    tau_s : float
        Time constant; 0: no lag.
    rate : float
        Of the set point, per second; infinity: it is where it is sent at once.
    """

    def __init__(self, value: float, tau_s: float, rate: float = inf):
        self.tau_s = tau_s
        self.rate = rate
        self.target = value
        self._began = 0.0
        self._setpoint = value
        self._value = value

    def send(self, now: float, target: float) -> None:
        """Go to another target from where it is."""
        self._settle(now)
        self.target = target

    def hold(self, now: float) -> None:
        """Stay where it is."""
        self._settle(now)
        self.target = self._setpoint = self._value

    def set_rate(self, now: float, rate: float) -> None:
        """Ramp at another rate from now on."""
        self._settle(now)
        self.rate = rate

    def state(self) -> list[float]:
        """Where it is, since when, and where it is going; times are the timeline's."""
        return [self.target, self._began, self._setpoint, self._value, self.rate, self.tau_s]

    def restore(self, state: Sequence[float]) -> None:
        """Be as it was."""
        self.target, self._began, self._setpoint, self._value, self.rate, self.tau_s = state

    def setpoint(self, now: float) -> float:
        """Where the ramp is."""
        if self.rate == inf:
            return self.target
        distance = self.target - self._setpoint
        ramped = self.rate * (now - self._began)
        return (
            self.target if abs(distance) <= ramped else self._setpoint + copysign(ramped, distance)
        )

    def value(self, now: float) -> float:
        """Where it is."""
        since = now - self._began
        if self.tau_s <= 0:
            return self.setpoint(now)
        distance = self.target - self._setpoint
        ramp_s = 0.0 if self.rate == inf else abs(distance) / self.rate
        if since < ramp_s:
            return self._ramping(since, copysign(self.rate, distance))
        arrived = self._ramping(ramp_s, copysign(self.rate, distance)) if ramp_s else self._value
        return self.target + (arrived - self.target) * exp(-(since - ramp_s) / self.tau_s)

    def _ramping(self, since: float, rate: float) -> float:
        behind = rate * self.tau_s
        transient = (self._value - self._setpoint + behind) * exp(-since / self.tau_s)
        return self._setpoint + rate * since - behind + transient

    def _settle(self, now: float) -> None:
        """Make now the beginning."""
        self._value, self._setpoint = self.value(now), self.setpoint(now)
        self._began = now


class LagRecord(AiRecord):
    """The readback of a `FirstOrder`: computed when it is asked for; only monitors keep the timeline busy.

    Parameters
    ----------
    lag : FirstOrder
    period_s : float
        How often monitors hear of it while it is further from its target than half its last digit.
    """

    def __init__(
        self,
        clock: SimClock,
        name: str,
        lag: FirstOrder,
        period_s: float = 0.1,
        **field_values: Any,
    ):
        super().__init__(clock, name, VAL=lag.target, **field_values)
        self.lag = lag
        self._period_s = period_s
        self._ticking = False

    @property
    def position(self) -> float:
        """The exact value now."""
        return self.lag.value(self.clock.env.now)

    def read(self, field: str = "VAL") -> Reading:
        """What a field holds; the value as it is now."""
        if field == "VAL":
            self.post("VAL", self.position)
        return super().read(field)

    def subscribe(self, field: str, callback: Callback, events: int = NEWS) -> Callable[[], None]:
        """Monitor a field; the value is told as long as it changes and anybody listens."""
        end = super().subscribe(field, callback, events)
        if field == "VAL":
            self._attend()
        return end

    def state(self) -> dict[str, Any]:
        """What is needed to restore it, on its way too; see `Record.state`."""
        return super().state() | {"lag": self.lag.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Be where it was, and on the way that it was on; see `Record.restore`."""
        self.lag.restore(state["lag"])
        super().restore(state)
        self._attend()

    def send_to(self, target: float) -> None:
        """Have another target."""
        self.lag.send(self.clock.env.now, target)
        self._attend()

    def hold(self) -> None:
        """Stay where it is."""
        self.lag.hold(self.clock.env.now)

    def _attend(self) -> None:
        if not self._ticking:
            self._tick()

    def _tick(self, _: simpy.Event | None = None) -> None:
        self._ticking = "VAL" in self.monitors and not self._settled()
        self.post("VAL", self.position)
        if self._ticking:
            self.clock.env.timeout(self._period_s).callbacks.append(self._tick)

    def _settled(self) -> bool:
        return abs(self.position - self.lag.target) < 0.5 * 10.0 ** -self.values["PREC"]
