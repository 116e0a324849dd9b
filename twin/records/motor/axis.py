"""Axis: the stage and the controller behind a motor record."""

import math
from collections.abc import Callable
from typing import Any

import simpy

from beamtwin.twin.clock import SimClock
from beamtwin.twin.records.motor.motion import Motion

__all__ = ["UPDATE_PERIOD_S", "Axis"]

#: How often a moving axis that is watched says where it is.
UPDATE_PERIOD_S = 0.1


class Axis:
    """A stage that follows a `Motion`; one timeline event a move, and more only where somebody watches.

    Parameters
    ----------
    clock : SimClock
        Whose timeline it moves on.
    position : float
        Where it stands at first, in units.
    on_update : callable
        Called with the position at the end of a motion, and every `UPDATE_PERIOD_S` of it if watched.
    is_watched : callable
        Whether it is.
    switches : (float, float)
        Where the limit switches are.
    home : float
        Where the home switch is.

    Attributes
    ----------
    at_end : callable
        What follows the motion under way.
    """

    def __init__(
        self,
        clock: SimClock,
        position: float,
        on_update: Callable[[float], None],
        is_watched: Callable[[], bool],
        switches: tuple[float, float] = (-math.inf, math.inf),
        home: float = 0.0,
    ):
        self.clock = clock
        self.on_update = on_update
        self.is_watched = is_watched
        self.low, self.high = switches
        self.home = home
        self.at_end: Callable[[], None] = lambda: None
        self._motion: Motion | None = None
        self._rest = position
        self._stuck = False
        self._updates = False

    @property
    def moving(self) -> bool:
        """Whether a motion is under way."""
        return self._motion is not None

    @property
    def position(self) -> float:
        """Where the stage is now, to the last bit."""
        motion = self._motion
        return self._rest if motion is None else motion.position(self.clock.env.now)

    @property
    def stuck(self) -> bool:
        """A fault: it moves no more, and nobody is told."""
        return self._stuck

    @stuck.setter
    def stuck(self, value: bool) -> None:
        self._stuck = value
        if value and self._motion is not None:
            self._motion = self._frozen()

    def start(self, motion: Motion, at_end: Callable[[], None]) -> None:
        """Follow a path that begins here and now."""
        self._follow(self._frozen() if self._stuck else motion, at_end)

    def brake(self, deceleration: float, at_end: Callable[[], None]) -> None:
        """Come to a standstill."""
        if self._motion is not None:
            self._follow(self._motion.stopped(self.clock.env.now, deceleration), at_end)

    def attend(self) -> None:
        """Somebody watches from now on."""
        if self._motion is not None and not self._updates:
            self._await(self._motion)

    def _follow(self, motion: Motion, at_end: Callable[[], None]) -> None:
        self._motion = motion
        self.at_end = at_end
        self._await(motion)

    def _frozen(self) -> Motion:
        return Motion.none(self.clock.env.now, self.position)

    def _await(self, motion: Motion) -> None:
        env = self.clock.env
        left = max(0.0, motion.ends - env.now)
        self._updates = left > UPDATE_PERIOD_S and not self._stuck and self.is_watched()
        if self._updates:
            env.timeout(UPDATE_PERIOD_S, motion).callbacks.append(self._update)
        elif left < math.inf:
            env.timeout(left, motion).callbacks.append(self._end)

    def _update(self, event: simpy.Event) -> None:
        motion: Any = event.value
        if motion is self._motion:  # else it has been stopped since
            self._await(motion)
            self.on_update(motion.position(self.clock.env.now))

    def _end(self, event: simpy.Event) -> None:
        motion: Any = event.value
        if motion is self._motion:
            self._motion = None
            self._rest = motion.target
            self.on_update(motion.target)
            self.at_end()
