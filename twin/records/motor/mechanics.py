"""Mechanics: what stands between a motor and its load. Closed forms of the time; nothing by default.

motor --lag--> shaft --play--> stage --drift, vibration--> load --> encoder
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from beamtwin.twin.records.motor.motion import Motion

__all__ = ["Drift", "Encoder", "Load", "Mechanics", "Noise", "Vibration"]

#: A displacement in EGU, as a function of the time in s since the timeline began.
Disturbance = Callable[[float], float]


@dataclass(frozen=True)
class Drift:
    """A thermal drift: towards ``amplitude`` EGU, with a time constant."""

    amplitude: float
    time_constant_s: float

    def __call__(self, when: float) -> float:
        """The displacement, in EGU."""
        return -self.amplitude * math.expm1(-when / self.time_constant_s)


class Vibration:
    """Lines of random phase, spread evenly over a band.

    Parameters
    ----------
    stream : numpy.random.Generator
        As `beamtwin.twin.noise.stream` makes it; the phases are drawn at once.
    rms : float
        In EGU.
    band_Hz : (float, float)
    lines : int
    """

    def __init__(
        self, stream: np.random.Generator, rms: float, band_Hz: tuple[float, float], lines: int = 8
    ):
        self._angular = 2.0 * math.pi * np.linspace(*band_Hz, lines)
        self._phases = stream.uniform(0.0, 2.0 * math.pi, lines)
        self._amplitude = rms * math.sqrt(2.0 / lines)

    def __call__(self, when: float) -> float:
        """The displacement, in EGU."""
        return self._amplitude * float(np.sin(self._angular * when + self._phases).sum())


class Noise:
    """White noise that is a function of the time, so that who looks does not change what others see.

    Parameters
    ----------
    stream : numpy.random.Generator
        As `beamtwin.twin.noise.stream` makes it; all numbers are drawn at once.
    rms : float
        In EGU.
    interval_s : float
        It is new this often.
    """

    def __init__(self, stream: np.random.Generator, rms: float, interval_s: float = 1e-3):
        self._values: list[float] = (rms * stream.standard_normal(4096)).tolist()
        self._interval_s = interval_s

    def __call__(self, when: float) -> float:
        """The error, in EGU."""
        # Knuth's multiplicative hash: neighbouring intervals have nothing in common, and repeat after an hour or so.
        index = (int(when / self._interval_s) * 2_654_435_761 & 0xFFFFFFFF) >> 20
        return self._values[index]


@dataclass(frozen=True)
class Encoder:
    """Reads where the load is.

    Attributes
    ----------
    step : float
        In EGU.
    noise : callable
        In EGU, of the time in s.
    """

    step: float
    noise: Disturbance | None = None


@dataclass(frozen=True)
class Mechanics:
    """How a load follows its motor.

    Attributes
    ----------
    play : float
        How far the motor turns at a reversal before the load moves, in EGU; infinite: the coupling is loose.
    lag_s : float
        The time constant with which the shaft follows the motor.
    disturbances : tuple of callable
        Displacements of the load, in EGU, as functions of the time in s: `Drift`, `Vibration`.
    error_limit : float
        How far a motor that is stuck may be behind before its controller trips, in EGU.
    """

    play: float = 0.0
    lag_s: float = 0.0
    disturbances: tuple[Disturbance, ...] = ()
    error_limit: float = math.inf

    @property
    def is_restless(self) -> bool:
        """Whether the load may move while the motor stands."""
        return bool(self.lag_s or self.disturbances)


class Load:
    """Where a load is, given the path of its motor.

    Parameters
    ----------
    mechanics : Mechanics
    position : float
        Of motor and load at first.

    Attributes
    ----------
    stage : float
        Where the play had left it, when the motion under way began or the last one ended.
    error, since : float
        How far the shaft was ahead of the motor then, and when that was.
    """

    def __init__(self, mechanics: Mechanics, position: float):
        self.mechanics = mechanics
        self.stage = position
        self.error = self.since = 0.0

    def position(self, motor: float, path: Motion | None, when: float) -> float:
        """Where it is, in EGU, when the motor is at ``motor``, on ``path`` or at rest."""
        moved = sum(displacement(when) for displacement in self.mechanics.disturbances)
        return self._taken(motor + self._lag(path, when)) + moved

    def when(self, position: float, path: Motion, now: float) -> float:
        """When it gets to a position on the way, by bisection; infinity where it does not."""
        forwards = path.target > path.start

        def is_ahead(when: float) -> bool:
            return (self.position(path.position(when), path, when) < position) == forwards

        low, high = now, path.ends
        if is_ahead(high) or not is_ahead(low):
            return math.inf
        while low < (middle := 0.5 * (low + high)) < high:
            low, high = (middle, high) if is_ahead(middle) else (low, middle)
        return high

    def mark(self, motor: float, path: Motion | None, when: float) -> None:
        """A motion begins or ends: remember how things are."""
        error = self._lag(path, when)
        self.stage = self._taken(motor + error)
        self.error, self.since = error, when

    def _taken(self, shaft: float) -> float:
        """Where the stage is once its play is taken up."""
        half = 0.5 * self.mechanics.play
        return min(max(self.stage, shaft - half), shaft + half)

    def _lag(self, path: Motion | None, when: float) -> float:
        """How far the shaft is ahead of the motor: lag x' = motor - x, solved stretch by stretch."""
        lag = self.mechanics.lag_s
        if not lag:
            return 0.0
        error, since = self.error, self.since
        for begins, ends, _, velocity, acceleration in path.stretches() if path else ():
            until = min(when, ends)
            after = until - begins
            steady = acceleration * lag * lag - velocity * lag
            transient = (error - steady) * math.exp(-after / lag)
            error, since = steady - acceleration * after * lag + transient, until
            if when < ends:
                break
        return error * math.exp(-(when - since) / lag)
