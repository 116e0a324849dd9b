"""Axis: the stage, the motor and the controller behind a motor record."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import simpy

from beamtwin.twin.clock import SimClock
from beamtwin.twin.records.motor.mechanics import Encoder, Load, Mechanics
from beamtwin.twin.records.motor.motion import Motion, Ramp

__all__ = ["IDLE_PERIOD_S", "UPDATE_PERIOD_S", "Axis"]

#: How often an axis that is watched is polled while it moves, and at rest if what it reads can change there.
UPDATE_PERIOD_S, IDLE_PERIOD_S = 0.1, 1.0


class Axis:
    """A stage whose motor follows a `Motion`; one timeline event a move, and more only where somebody watches.

    Positions are in EGU, as the dial had them when the axis was made.

    Parameters
    ----------
    clock : SimClock
        Whose timeline it moves on.
    position : float
        Where it stands at first.
    step : float
        Of the motor; negative where it counts against the dial.
    on_poll : callable
        Called at the end of a motion, and every `UPDATE_PERIOD_S` of it if watched.
    is_watched : callable
        Whether it is.
    switches : (float, float)
        Where the limit switches are: no motion goes beyond.
    home : float
        Where the home switch is.
    mechanics : Mechanics, optional
        Between the motor and the load; default: the load is where the motor is.
    encoder : Encoder, optional
        Reads the load.

    Attributes
    ----------
    offset, encoder_offset : float
        What the counters of motor and encoder say beyond where these are.
    forwards : bool
        The direction of the motion under way, or of the last.
    homed : bool
        Whether the home switch has been found.
    slipped : bool
        The motor could not follow: until the next motion.
    live : bool
        What it reads may be other than at the last poll.
    """

    def __init__(
        self,
        clock: SimClock,
        position: float,
        step: float,
        on_poll: Callable[[], None],
        is_watched: Callable[[], bool],
        *,
        switches: tuple[float, float] = (-math.inf, math.inf),
        home: float = 0.0,
        mechanics: Mechanics | None = None,
        encoder: Encoder | None = None,
    ):
        self.clock = clock
        self.step = step
        self.low, self.high = switches
        self.home = home
        self.encoder = encoder
        self.offset = self.encoder_offset = 0.0
        self.forwards = self.homed = self.slipped = self._silent = False
        self._on_poll = on_poll
        self._is_watched = is_watched
        self._load = None if mechanics is None else Load(mechanics, position)
        shaken = mechanics is not None and mechanics.is_restless
        self._unsteady = encoder is not None and (shaken or encoder.noise is not None)
        self.live = self.unsteady
        self._motion: Motion | None = None
        self._rest = position
        self._ramp = Ramp(1.0, 1.0)
        self._stuck = self._homing = self._trips = False
        self._awaited: simpy.Event | None = None
        self._updates = False

    # --- where it is

    @property
    def moving(self) -> bool:
        """Whether a motion is under way."""
        return self._motion is not None

    @property
    def motor(self) -> float:
        """Where the motor is now."""
        motion = self._motion
        return self._rest if motion is None else motion.position(self.clock.env.now)

    @property
    def position(self) -> float:
        """Where the load is now, to the last bit."""
        load = self._load
        if load is None:
            return self.motor
        return load.position(self.motor, self._motion, self.clock.env.now)

    @property
    def speed(self) -> float:
        """Of the motor, with its sign, in EGU/s."""
        motion = self._motion
        return 0.0 if motion is None else motion.velocity(self.clock.env.now)

    @property
    def reading(self) -> float:
        """Where the encoder sees the load; where the motor is, if there is no encoder."""
        if self.encoder is None:
            return self.motor
        noise = self.encoder.noise
        return self.position + (noise(self.clock.env.now) if noise else 0.0)

    def when(self, position: float) -> float:
        """When the load gets to a position on the way of the motion under way; infinity where it does not."""
        motion = self._motion
        if motion is None:
            return math.inf
        if self._load is None:
            return motion.when(position)
        return self._load.when(position, motion, self.clock.env.now)

    @property
    def at_home(self) -> bool:
        """Whether the home switch is on."""
        return abs(self.motor - self.home) < 0.5 * abs(self.step)

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong with it."""
        return not (self._stuck or self._silent or self.slipped)

    @property
    def unsteady(self) -> bool:
        """Whether what it reads can change at rest."""
        return self._unsteady

    # --- what its controller can be told

    def move(self, target: float, ramp: Ramp) -> None:
        """Go to a position."""
        self._begin(Motion.to(target, self.clock.env.now, self.motor, self._usable(ramp)))

    def jog(self, sign: int, ramp: Ramp) -> None:
        """Go on in one direction; if it does already, with another speed."""
        now, here, speed = self.clock.env.now, self.motor, max(0.0, sign * self.speed)
        self._begin(Motion.jog(now, here, speed, self._usable(ramp), sign))

    def search_home(self, ramp: Ramp) -> None:
        """Go to the home switch: the controller knows on which side it is."""
        self.homed = False
        self.move(self.home, ramp)
        self._homing = not self._silent

    def stop(self) -> None:
        """Come to a standstill, as quickly as the motion under way has started."""
        if self._motion is not None and not self._silent:
            self._homing = self._trips = False
            ramp = self._ramp
            self._follow(self._motion.stopped(self.clock.env.now, ramp.acceleration, ramp.base))

    def call(self, position: float, reading: float) -> None:
        """Let the counters of motor and encoder say this of where they are: moves nothing."""
        self.offset = position - self.motor
        self.encoder_offset = reading - self.reading

    def attend(self) -> None:
        """Somebody watches from now on."""
        if self._motion is not None:
            if not self._updates:
                self._await(self._motion)
        elif self.unsteady and self._awaited is None:
            self._await_idle()

    # --- faults

    @property
    def stuck(self) -> bool:
        """A fault: it moves no more, and nobody is told until it is too far behind."""
        return self._stuck

    @stuck.setter
    def stuck(self, value: bool) -> None:
        self._stuck = value
        if value and self._motion is not None:
            self._follow(self._frozen(self._motion))

    @property
    def silent(self) -> bool:
        """A fault: the controller neither answers nor obeys."""
        return self._silent

    @silent.setter
    def silent(self, value: bool) -> None:
        self._silent = value
        self._on_poll()

    # --- snapshots

    def state(self) -> dict[str, Any]:
        """What is needed to put it back where it rests."""
        load = self._load
        shaft = (0.0, 0.0, 0.0) if load is None else (load.stage, load.error, load.since)
        return {name: getattr(self, name) for name in _KEPT} | {"rest": self.motor, "shaft": shaft}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Let it rest as it did when `state` was asked for."""
        for name in _KEPT:
            setattr(self, name, state[name])
        self._motion, self._rest = None, state["rest"]
        self.live = self._unsteady
        if self._load is not None:
            self._load.stage, self._load.error, self._load.since = state["shaft"]

    # --- motions

    def _usable(self, ramp: Ramp) -> Ramp:
        """The ramp; at no speed, that of the last motion, as motorSim does."""
        if ramp.velocity > 0.0:
            self._ramp = ramp
        return self._ramp

    def _begin(self, motion: Motion) -> None:
        if self._silent:
            return
        self._homing = self.slipped = False
        if motion.target != motion.start:
            self.forwards = motion.target > motion.start
        motion = self._within_switches(motion)
        self._follow(self._frozen(motion) if self._stuck else motion)

    def _within_switches(self, motion: Motion) -> Motion:
        end = self.high if self.forwards else self.low
        if math.isinf(end):
            return motion
        if motion.start >= end if self.forwards else motion.start <= end:
            return Motion(motion.begins, motion.start, [], motion.start)
        return motion.until(end)

    def _frozen(self, motion: Motion) -> Motion:
        """To stay here, until the motor would have gone too far ahead on its way."""
        now = self.clock.env.now
        here = motion.position(now)
        limit = math.inf if self._load is None else self._load.mechanics.error_limit
        self._trips = limit < math.inf
        if not self._trips:
            return Motion.none(now, here)
        trip = motion.when(here + (limit if self.forwards else -limit))
        return Motion(now, here, [(max(0.0, trip - now), 0.0, 0.0)], here)

    def _follow(self, motion: Motion) -> None:
        self._mark()
        self._motion = motion
        self.live = True
        self._await(motion)

    def _mark(self) -> None:
        if self._load is not None:
            self._load.mark(self.motor, self._motion, self.clock.env.now)

    def _await(self, motion: Motion) -> None:
        env = self.clock.env
        left = motion.ends - env.now
        self._updates = left > UPDATE_PERIOD_S and not self._stuck and self._is_watched()
        if self._updates:
            self._awaited = env.timeout(UPDATE_PERIOD_S)
            self._awaited.callbacks.append(self._update)
        elif left == math.inf:
            self._awaited = None
        else:
            self._awaited = env.timeout(left if left > 0.0 else 0.0)
            self._awaited.callbacks.append(self._end)

    def _await_idle(self) -> None:
        self._awaited = self.clock.env.timeout(IDLE_PERIOD_S)
        self._awaited.callbacks.append(self._look)

    def _update(self, event: simpy.Event) -> None:
        if event is self._awaited and self._motion is not None:  # else it has been stopped since
            self._await(self._motion)
            self._on_poll()

    def _end(self, event: simpy.Event) -> None:
        motion = self._motion
        if event is not self._awaited or motion is None:
            return
        self._mark()
        self._awaited = self._motion = None
        self._rest = motion.target
        self.live = self._unsteady
        self.homed = self.homed or (self._homing and self.at_home)
        self.slipped = self._stuck and self._trips
        if self._unsteady and self._is_watched():
            self._await_idle()
        self._on_poll()

    def _look(self, event: simpy.Event) -> None:
        if event is self._awaited:
            self._awaited = None
            if self._is_watched():
                self._await_idle()
                self._on_poll()


_KEPT = ("offset", "encoder_offset", "forwards", "homed", "slipped", "_silent", "_stuck")
