"""History: what a plan has said and begun since its last checkpoint, and its own time."""

from typing import Any

from beamtwin.orchestration.clock import Clock
from beamtwin.orchestration.messages import Msg
from beamtwin.orchestration.rules import NOT_REPLAYED, RESETS_CHECKPOINT

__all__ = ["History"]


class History:
    """What a plan has said and begun since its last checkpoint, and its own time.

    Parameters
    ----------
    clock : Clock
    """

    def __init__(self, clock: Clock):
        #: None where the plan cannot be taken up again.
        self.messages: list[Msg] | None = []
        #: Whether messages are done again when the plan is.
        self.rewindable = True
        self._clock = clock
        self._begun: list[Any] = []
        self._zero = self._checkpoint_time = clock.time()

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning; pauses, and what had to be done again after them, do not count."""
        return self._clock.time() - self._zero

    def said(self, msg: Msg) -> bool:
        """Keep a message for the case that it has to be done again; returns whether it is a checkpoint of its own."""
        if msg[0] in NOT_REPLAYED:
            return msg[0] in RESETS_CHECKPOINT
        if self.messages is not None and self.rewindable:
            self.messages.append(msg)
        return False

    def begun(self, status: Any) -> None:
        """Keep the status of what was begun, which will not matter if it is done again."""
        if self.messages is not None and self.rewindable:
            self._begun.append(status)

    @property
    def to_be_repeated(self) -> list[Any]:
        """The statuses of what was begun since the last checkpoint."""
        return self._begun

    def checkpoint(self) -> None:
        """From here the plan can be taken up again."""
        self.messages = []
        self._begun = []
        self._checkpoint_time = self._clock.time()

    def rewind(self) -> tuple[list[Msg], list[Any]]:
        """Go back to the last checkpoint; returns the messages since then, and the statuses of what they began."""
        messages, begun = self.messages or [], self._begun
        self.take_back_time(self._checkpoint_time)
        self.checkpoint()
        return messages, begun

    def take_back_time(self, since: float) -> None:
        """The time since then does not count."""
        self._zero += self._clock.time() - since
