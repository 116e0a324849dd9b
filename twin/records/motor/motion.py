"""Motion: where an axis is at any time, in closed form: stretches of constant acceleration."""

from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["Motion", "Ramp"]

FOREVER = float("inf")


class Ramp(NamedTuple):
    """How fast an axis moves, and how quickly it gets there."""

    velocity: float
    """Of the cruise, in units/s; above 0."""
    acceleration: float
    """In units/s²; above 0."""
    base: float = 0.0
    """What it starts with and stops from, in units/s."""


#: When it begins and ends, and the position, velocity and acceleration it begins with.
Stretch = tuple[float, float, float, float, float]


class Motion:
    """A path in time.

    Parameters
    ----------
    begins : float
        When, in seconds.
    start : float
        Where, in units.
    pieces : iterable of (duration, velocity, acceleration)
        In s, units/s and units/s², one after the other.
    target : float, optional
        Where it ends, to the last bit.

    Examples
    --------
    >>> motion = Motion.to(2.0, begins=0.0, start=0.0, ramp=Ramp(velocity=1.0, acceleration=2.0))
    >>> motion.ends, motion.position(1.25)
    (2.5, 1.0)
    """

    __slots__ = ("ends", "stretches", "target")

    def __init__(
        self,
        begins: float,
        start: float,
        pieces: Iterable[tuple[float, float, float]],
        target: float | None = None,
    ):
        self.stretches: list[Stretch] = []
        when, where = begins, start
        for duration, velocity, acceleration in pieces:
            self.stretches.append((when, when + duration, where, velocity, acceleration))
            when += duration
            where += (velocity + 0.5 * acceleration * duration) * duration
        self.ends = when
        self.target = where if target is None else target

    @classmethod
    def to(cls, target: float, begins: float, start: float, ramp: Ramp) -> "Motion":
        """To a position, however far: up the ramp, cruise, and down again."""
        return cls(begins, start, _trapezoid(target - start, ramp), target)

    @classmethod
    def by_way_of(
        cls, via: float, target: float, begins: float, start: float, ramp: Ramp, final: Ramp
    ) -> "Motion":
        """To a position by way of another, with a stop there, as backlash is taken out."""
        pieces = [*_trapezoid(via - start, ramp), *_trapezoid(target - via, final)]
        return cls(begins, start, pieces, target)

    @classmethod
    def none(cls, begins: float, start: float) -> "Motion":
        """The motion of an axis that is stuck: it stays, and never arrives."""
        return cls(begins, start, [(FOREVER, 0.0, 0.0)], start)

    def stopped(self, when: float, deceleration: float) -> "Motion":
        """The path down to a standstill from where this one is at a time."""
        velocity = self.velocity(when)
        duration = abs(velocity) / deceleration
        braking = -deceleration if velocity > 0 else deceleration
        return Motion(when, self.position(when), [(duration, velocity, braking)])

    def position(self, when: float) -> float:
        """Where the axis is, in units, at a time in s that is not before the beginning."""
        for begins, ends, position, velocity, acceleration in self.stretches:
            if when < ends:
                after = when - begins
                return position + (velocity + 0.5 * acceleration * after) * after
        return self.target

    def velocity(self, when: float) -> float:
        """How fast it is, in units/s, at such a time."""
        for begins, ends, _, velocity, acceleration in self.stretches:
            if when < ends:
                return velocity + acceleration * (when - begins)
        return 0.0


def _trapezoid(distance: float, ramp: Ramp) -> list[tuple[float, float, float]]:
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
