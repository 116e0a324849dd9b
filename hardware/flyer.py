"""Flyers: detectors that count while a motor moves steadily through the points of a scan."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from beamtwin.hardware.motor import Motor
from beamtwin.hardware.sequence import Steps, regardless, sequence
from beamtwin.hardware.signals import Document
from beamtwin.orchestration.clock import Clock
from beamtwin.orchestration.errors import AcquisitionError, DeviceError, LimitsError
from beamtwin.orchestration.status import Status, gather, settle

__all__ = ["Flight", "MotorFlyer"]


@dataclass(frozen=True)
class Flight:
    """A fly scan: ``points`` exposures, one after the other, that cover the way from ``start`` to ``stop``.

    Parameters
    ----------
    start, stop : float
        In the motor's unit: where the first exposure begins, and the last ends.
    points : int
    exposure_s : float
    dead_time_s : float
        Between exposures: at least as long as reading takes.
    """

    start: float
    stop: float
    points: int
    exposure_s: float
    dead_time_s: float = 0.0

    def __post_init__(self) -> None:
        if self.points < 1 or not self.period_s > 0 or self.start == self.stop:
            raise LimitsError(f"{self}: points, their time and the way must be more than 0")

    @property
    def period_s(self) -> float:
        """From one exposure to the next."""
        return self.exposure_s + self.dead_time_s

    @property
    def speed(self) -> float:
        """Of the motor, in its unit per second."""
        return abs(self.stop - self.start) / (self.points * self.period_s)

    @property
    def sign(self) -> int:
        """Of the direction."""
        return 1 if self.stop > self.start else -1


class MotorFlyer:
    """A motor that flies, and detectors that are triggered and read on its way. Its stream has an event for each point.

    An event's position is the mean of the motor's readback at the exposure's beginning and end.
    Detectors are staged for the flight; those whose data are in files cannot take part.

    Parameters
    ----------
    name : str
    motor : Motor
    detectors : sequence of device
        What has a ``count_time`` is set to the exposure time.
    flight : Flight, optional
        The next one; `prepare` sets it too.
    stream : str
    settle_s : float
        How long the motor runs at its speed before the first exposure.
    """

    parent = None

    def __init__(
        self,
        name: str,
        motor: Motor,
        detectors: Sequence[Any],
        *,
        flight: Flight | None = None,
        stream: str = "primary",
        settle_s: float = 0.1,
    ):
        for detector in detectors:
            if hasattr(detector, "collect_asset_docs"):
                raise DeviceError(
                    f"{name}: {detector.name} writes files, and cannot be read on the fly"
                )
        self.name = name
        self.motor = motor
        self.detectors = tuple(detectors)
        self.flight = flight
        self.stream = stream
        self.settle_s = settle_s
        self._events: list[Document] = []
        self._end: Status | None = None
        self._stopped = ""

    @property
    def clock(self) -> Clock:
        """Its motor's."""
        return self.motor.clock

    def prepare(self, value: Flight | Mapping[str, Any]) -> Status:
        """Say what the next flight is, and go to where it begins.

        Parameters
        ----------
        value : Flight or mapping
            ``{"start": 0.0, "stop": 1.0, "points": 100, "exposure_s": 0.1}``.
        """
        self.flight = value if isinstance(value, Flight) else Flight(**value)
        begin, _ = self._ends()
        return self.motor.set(begin)

    def kickoff(self) -> Status:
        """Go to the run-up and begin; done when the motor has set out.

        Raises
        ------
        LimitsError
            Before anything moves: where run-up or speed are beyond the motor's limits.
        """
        flight = self._planned()
        for end in self._ends():
            self.motor.check_value(end)
        self.motor.velocity.check_value(flight.speed)
        self._events = []
        self._stopped = ""
        begun = Status(self.clock, name=f"{self.name}: kickoff")
        self._end = sequence(self.clock, self._fly(flight, begun), f"{self.name}: fly")
        # What ends before it has begun has failed to begin.
        self._end.add_callback(partial(settle, begun))
        return begun

    def complete(self) -> Status:
        """The status of the flight: done when all points have been taken and the motor has come to rest."""
        if self._end is None:
            raise DeviceError(f"{self.name}: complete without kickoff")
        return self._end

    def describe_collect(self) -> dict[str, dict[str, Document]]:
        """The data keys of its stream."""
        keys = dict(self.motor.user_readback.describe())
        for detector in self.detectors:
            keys |= detector.describe()
        return {self.stream: keys}

    def collect_pages(self) -> Iterator[Document]:
        """All events of the last flight, as one page."""
        events, self._events = self._events, []
        if events:
            keys = events[0]["data"]
            yield {
                "time": [event["time"] for event in events],
                "data": {key: [event["data"][key] for event in events] for key in keys},
                "timestamps": {key: [event["timestamps"][key] for event in events] for key in keys},
            }

    def stop(self, *, success: bool = False) -> None:
        """Stop the motor; the flight ends with the exposure under way, and with an error unless ``success``."""
        self._stopped = "on purpose" if success else "in flight"
        self.motor.stop(success=True)

    # --- a flight -------------------------------------------------------------------------------

    def _planned(self) -> Flight:
        if self.flight is None:
            raise DeviceError(f"{self.name}: there is no flight to begin: prepare one")
        return self.flight

    def _run_up(self) -> float:
        """The way that the motor needs to be at its speed, and a little more."""
        flight = self._planned()
        return flight.speed * (0.5 * self.motor.acceleration.get() + self.settle_s)

    def _ends(self) -> tuple[float, float]:
        """Where the motor sets out from, and where it comes to rest."""
        flight, run_up = self._planned(), self._run_up()
        return flight.start - flight.sign * run_up, flight.stop + flight.sign * run_up

    def _fly(self, flight: Flight, begun: Status) -> Steps:
        speed = self.motor.velocity.get()
        yield from regardless(self._pass(flight, begun), self._land(speed))

    def _pass(self, flight: Flight, begun: Status) -> Steps:
        """Through the points."""
        begin, end = self._ends()
        for detector in self.detectors:
            yield detector.stage()
            if hasattr(detector, "count_time"):
                yield detector.count_time.set(flight.exposure_s)
        yield self.motor.set(begin)
        yield self.motor.velocity.set(flight.speed)
        if self._is_over():
            return
        first_s = self.clock.time() + self.motor.acceleration.get() + self.settle_s
        move = self.motor.set(end)
        begun.set_finished()
        for point in range(flight.points):
            yield from self._take(flight, point, first_s + point * flight.period_s)
            if self._is_over():
                return
        yield move

    def _is_over(self) -> bool:
        """Whether it has been stopped; raises where that was not on purpose."""
        if self._stopped == "in flight":
            raise AcquisitionError(f"{self.name}: stopped in flight")
        return bool(self._stopped)

    def _land(self, speed: float) -> Steps:
        """As it was before."""
        yield self.motor.velocity.set(speed)
        for detector in self.detectors:
            yield detector.unstage()

    def _take(self, flight: Flight, point: int, due: float) -> Steps:
        late_s = self.clock.time() - due
        if late_s > flight.period_s:
            raise AcquisitionError(
                f"{self.name}: point {point + 1} of {flight.points} is {late_s:.3g} s late: one takes longer than"
                f" exposure and dead time, {flight.period_s:g} s; give it more dead_time_s"
            )
        if late_s < 0:
            yield _at(self.clock, due)
        before = self.motor.position
        triggers = [each.trigger() for each in self.detectors if hasattr(each, "trigger")]
        yield gather(self.clock, triggers, f"{self.name}: point {point + 1}")
        self._events.append(self._event(before))

    def _event(self, before: float) -> Document:
        (motor,) = self.motor.user_readback.read().values()
        readings = {self.motor.name: {**motor, "value": 0.5 * (before + motor["value"])}}
        for detector in self.detectors:
            readings |= detector.read()
        return {
            "time": self.clock.time(),
            "data": {key: reading["value"] for key, reading in readings.items()},
            "timestamps": {key: reading["timestamp"] for key, reading in readings.items()},
        }


def _at(clock: Clock, when: float) -> Status:
    """Done at that time."""
    status = Status(clock, name="the next point")
    clock.call_at(when, status.set_finished)
    return status
