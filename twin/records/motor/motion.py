"""Motion: where an axis is at any time, in closed form: stretches of constant acceleration."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

__all__ = ["Motion", "Ramp"]

FOREVER = math.inf


class Ramp(NamedTuple):
    """How fast an axis moves, and how quickly it gets there."""

    velocity: float
    """Of the cruise, in units/s; above 0."""
    acceleration: float
    """In units/s²; above 0."""
    base: float = 0.0
    """What it starts with and stops from, in units/s."""


#: How long it lasts, and the velocity and acceleration it begins with.
Piece = tuple[float, float, float]

#: When it begins and ends, and the position, velocity and acceleration it begins with.
Stretch = tuple[float, float, float, float, float]


class Motion:
    """A path in time, in one direction.

    Parameters
    ----------
    begins : float
        When, in seconds.
    start : float
        Where, in units.
    pieces : sequence of (duration, velocity, acceleration)
        In s, units/s and units/s², one after the other.
    target : float
        Where it ends, to the last bit.

    Examples
    --------
    >>> motion = Motion.to(2.0, begins=0.0, start=0.0, ramp=Ramp(velocity=1.0, acceleration=2.0))
    >>> motion.ends, motion.position(1.25), motion.when(1.0)
    (2.5, 1.0, 1.25)
    """

    __slots__ = ("_pieces", "begins", "ends", "start", "target")

    def __init__(
        self,
        begins: float,
        start: float,
        pieces: Sequence[Piece],
        target: float,
    ):
        self.begins = begins
        self.start = start
        self.target = target
        self._pieces = pieces
        ends = begins
        for duration, _, _ in pieces:
            ends += duration
        self.ends = ends

    @classmethod
    def to(cls, target: float, begins: float, start: float, ramp: Ramp) -> "Motion":
        """To a position, however far: up the ramp, cruise, and down again."""
        return cls(begins, start, _trapezoid(target - start, ramp), target)

    @classmethod
    def jog(cls, begins: float, start: float, speed: float, ramp: Ramp, sign: int) -> "Motion":
        """In one direction without end, from a speed in that direction."""
        velocity, acceleration, base = ramp
        first = min(max(speed, base), velocity) if speed <= velocity else speed
        rate = acceleration if first < velocity else -acceleration
        rise = abs(velocity - first) / acceleration
        pieces = [(rise, sign * first, sign * rate), (FOREVER, sign * velocity, 0.0)]
        return cls(begins, start, pieces, sign * FOREVER)

    @classmethod
    def none(cls, begins: float, start: float) -> "Motion":
        """The motion of an axis that is stuck: it stays, and never arrives."""
        return cls(begins, start, [(FOREVER, 0.0, 0.0)], start)

    def stopped(self, when: float, deceleration: float, base: float = 0.0) -> "Motion":
        """The path down to a standstill from where this one is at a time."""
        velocity = self.velocity(when)
        duration = max(0.0, abs(velocity) - base) / deceleration
        braking = -deceleration if velocity > 0 else deceleration
        here = self.position(when)
        there = here + _way(duration, velocity, braking)
        return Motion(when, here, [(duration, velocity, braking)], there)

    def until(self, position: float) -> "Motion":
        """The same path, but it ends at once at a position, where that is on it."""
        end = self.when(position)
        if end >= self.ends:
            return self
        pieces = [
            (min(ends, end) - begins, velocity, acceleration)
            for begins, ends, _, velocity, acceleration in self.stretches()
            if begins <= end
        ]
        return Motion(self.begins, self.start, pieces, position)

    def stretches(self) -> Iterator[Stretch]:
        """Its pieces, each with when and where it begins."""
        when, where = self.begins, self.start
        for duration, velocity, acceleration in self._pieces:
            yield when, when + duration, where, velocity, acceleration
            when += duration
            where += _way(duration, velocity, acceleration)

    def position(self, when: float) -> float:
        """Where the axis is, in units, at a time in s that is not before the beginning."""
        for begins, ends, position, velocity, acceleration in self.stretches():
            if when < ends:
                return position + _way(when - begins, velocity, acceleration)
        return self.target

    def velocity(self, when: float) -> float:
        """How fast it is, in units/s, at such a time."""
        for begins, ends, _, velocity, acceleration in self.stretches():
            if when < ends:
                return velocity + acceleration * (when - begins)
        return 0.0

    def when(self, position: float) -> float:
        """When it gets to a position that lies ahead; infinity where it does not."""
        for begins, ends, start, velocity, acceleration in self.stretches():
            after = _crossing(position - start, velocity, acceleration)
            if begins + after <= ends:
                return begins + after
        return FOREVER


def _way(duration: float, velocity: float, acceleration: float) -> float:
    """How far a constant acceleration gets in a time."""
    return (velocity + 0.5 * acceleration * duration) * duration


def _crossing(distance: float, velocity: float, acceleration: float) -> float:
    """The time that a distance takes: the first root of a parabola; infinity where there is none."""
    if distance == 0.0:
        return 0.0
    ahead = 1 if distance > 0 else -1
    speed, rate, way = ahead * velocity, ahead * acceleration, abs(distance)
    discriminant = speed * speed + 2.0 * rate * way
    if discriminant < 0.0:
        return FOREVER
    mean = 0.5 * (speed + math.sqrt(discriminant))
    return way / mean if mean > 0.0 else FOREVER


def _trapezoid(distance: float, ramp: Ramp) -> list[Piece]:
    """Pieces that cover a distance (with its sign); a triangle where there is no room for the cruise."""
    way, sign = abs(distance), 1 if distance > 0 else -1
    velocity, acceleration, base = ramp
    ramps = (velocity * velocity - base * base) / acceleration
    if ramps > way:
        velocity = (base * base + acceleration * way) ** 0.5
        ramps = way
    rise = (velocity - base) / acceleration
    return [
        (rise, sign * base, sign * acceleration),
        ((way - ramps) / velocity if velocity else 0.0, sign * velocity, 0.0),
        (rise, sign * velocity, -sign * acceleration),
    ]
