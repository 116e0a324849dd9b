"""A PV positioner's move under way."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

from beamtwin.hardware.channel import Channel
from beamtwin.orchestration.errors import BeamtwinError, NotConnectedError
from beamtwin.orchestration.status import Status

__all__ = ["Move"]


@dataclass(eq=False)
class Move:
    """A move under way."""

    target: float
    waits: list[Status] = field(default_factory=list)
    """What it waits for, other than puts; they end with it, so that no monitor is left behind."""
    stopped: bool = False
    on_purpose: bool = False
    status: Status | None = None
    _watches: list[Callable[[], None]] = field(default_factory=list)

    def awaits(self, wait: Status) -> Status:
        """Let a wait end with the move."""
        self.waits.append(wait)
        return wait

    def watch(self, channels: Iterable[Channel]) -> None:
        """Fail as soon as one of these is lost: what it said meanwhile would never be known."""
        self._watches += [
            channel.on_change(partial(self._check, channel)) for channel in dict.fromkeys(channels)
        ]

    def fail(self, error: BeamtwinError) -> None:
        """End it; it was not a success."""
        if self.status is not None:
            self.status.set_exception(error)

    def release(self) -> None:
        """It has ended: leave nothing behind."""
        for wait in self.waits:
            wait.set_finished()
        for end in self._watches:
            end()

    def _check(self, channel: Channel) -> None:
        if not channel.connected and self.status is not None:
            error = f"{self.status.name}: {channel.name} was disconnected on the way"
            self.fail(NotConnectedError(error))
