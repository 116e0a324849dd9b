"""Soft motors: motor records without a motor of their own, whose positions are made of other motors'.

As those of synApps' ``2slit_soft.vdb``, or of a monochromator's energy: moving one moves the others, and where these
are is where it is.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from beamtwin.hardware.channel import Reading
from beamtwin.hardware.positioner import Transform
from beamtwin.orchestration.status import Status, gather
from beamtwin.twin.clock import SimClock
from beamtwin.twin.records import MotorRecord
from beamtwin.twin.records.motor.axis import Axis
from beamtwin.twin.records.motor.motion import Ramp

__all__ = ["LinkedAxis", "SoftMotorRecord"]


class LinkedAxis(Axis):
    """An axis made of other motors; it can be moved and stopped, but neither jogs nor looks for its home.

    Parameters
    ----------
    links : sequence of MotorRecord
    transform : Transform
        Between its position and theirs, in user coordinates.
    """

    def __init__(
        self,
        clock: SimClock,
        step: float,
        on_poll: Callable[[], None],
        is_watched: Callable[[], bool],
        links: Sequence[MotorRecord],
        transform: Transform,
    ):
        self._links = tuple(links)
        self._transform = transform
        self._under_way: Status | None = None
        self._ends: list[Callable[[], None]] = []
        super().__init__(clock, 0.0, step, on_poll, is_watched)

    @property
    def moving(self) -> bool:
        """Whether a motion that it has begun is under way."""
        return self._under_way is not None

    @property
    def motor(self) -> float:
        """Where it is now, from where the others are."""
        return self._transform.inverse(*(link.user_of(link.position) for link in self._links))

    @property
    def position(self) -> float:
        """Where it is now, from where the others are."""
        return self.motor

    @property
    def speed(self) -> float:
        """Not known."""
        return 0.0

    @property
    def sound(self) -> bool:
        """No move of its is a plain one."""
        return False

    @property
    def unsteady(self) -> bool:
        """It is where the others are, who move by themselves."""
        return True

    def move(self, target: float, ramp: Ramp) -> None:
        """Send the others to where it is at ``target``, each at its own speed."""
        starts = [link.values["VAL"] for link in self._links]
        self.forwards = target > self.motor
        places = self._transform.forward(target, *starts)
        puts = [link.put("VAL", place) for link, place in zip(self._links, places, strict=True)]
        status = gather(self.clock, [put for put in puts if put is not None], "soft motor")
        self._under_way = status
        self.clock.env.timeout(0.0).callbacks.append(lambda _: status.add_callback(self._arrived))

    def jog(self, sign: int, ramp: Ramp) -> None:
        """It does not."""

    def search_home(self, ramp: Ramp) -> None:
        """It has none."""

    def stop(self) -> None:
        """Stop the others."""
        for link in self._links:
            link.send("STOP", 1)

    def attend(self) -> None:
        """Somebody watches from now on: so do the others' readbacks tell."""
        if not self._ends:
            self._ends = [link.subscribe("RBV", self._link_moves) for link in self._links]

    def restore(self, state: Mapping[str, Any]) -> None:
        """It is where the others are."""
        super().restore(state)
        self.live = True

    def _arrived(self, status: Status) -> None:
        if status is self._under_way:  # else it has been sent elsewhere since
            self._under_way = None
            self._on_poll()

    def _link_moves(self, _: Reading) -> None:
        if self._is_watched():
            self._on_poll()
        else:
            ends, self._ends = self._ends, []
            for end in ends:
                end()


class SoftMotorRecord(MotorRecord):
    """A motor record on a `LinkedAxis`.

    Parameters
    ----------
    links, transform
        As of `LinkedAxis`.
    **field_values
        As of `MotorRecord`; VAL is where the links say. RDBD, if not given, is what steps of the links make here, and
        a step of its own.
    """

    def __init__(
        self,
        clock: SimClock,
        name: str,
        links: Sequence[MotorRecord],
        transform: Transform,
        **field_values: Any,
    ):
        field_values.pop("VAL", None)
        field_values.setdefault("RDBD", field_values.get("MRES", 1e-6) + _steps(links, transform))
        # What the links refuse they would refuse again.
        super().__init__(clock, name, **{"RTRY": 0, **field_values})
        self.axis = LinkedAxis(
            clock, self.values["MRES"], self._poll, self._is_watched, links, transform
        )
        self._begin_at_rest()


def _steps(links: Sequence[MotorRecord], transform: Transform) -> float:
    """How far a step of each link moves what is made of them."""
    places = [link.user_of(link.position) for link in links]
    here = transform.inverse(*places)
    moved = 0.0
    for index, link in enumerate(links):
        beside = [*places[:index], places[index] + link.values["MRES"], *places[index + 1 :]]
        moved += abs(transform.inverse(*beside) - here)
    return moved
