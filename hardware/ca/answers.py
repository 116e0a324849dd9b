"""What has been asked of several PVs at once, and the wait for it."""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from beamtwin.hardware.ca.wire import Message, ProtocolError
from beamtwin.hardware.channel import Reading
from beamtwin.orchestration.errors import NotConnectedError

if TYPE_CHECKING:
    from beamtwin.hardware.ca.link import Link

__all__ = ["Answers"]


class Answers:
    """The answers to one question put to many PVs."""

    def __init__(self, links: "Sequence[Link]"):
        self._links = links
        self._outcomes: list[Message | Exception | None] = [None] * len(links)
        self._left = len(links)
        self._guard = threading.Lock()
        self._all = threading.Lock()  # held until all are there
        if links:
            self._all.acquire()

    def take(self, index: int, outcome: Message | Exception) -> None:
        """One of them, or why there is none. Safe in any thread."""
        self._outcomes[index] = outcome
        with self._guard:
            self._left -= 1
            if self._left == 0:
                self._all.release()

    def readings(self, timeout_s: float) -> list[Reading]:
        """Wait for all.

        Raises
        ------
        NotConnectedError
            Naming the PVs that do not answer in time, or the first that cannot.
        """
        if not self._all.acquire(timeout=timeout_s):
            self._raise_silence(timeout_s)
        return [
            self._reading(link, said)
            for link, said in zip(self._links, self._outcomes, strict=True)
        ]

    def _raise_silence(self, timeout_s: float) -> None:
        silent = [
            link.pv for link, said in zip(self._links, self._outcomes, strict=True) if said is None
        ]
        raise NotConnectedError(f"{', '.join(silent)}: no reading within {timeout_s:g} s")

    @staticmethod
    def _reading(link: "Link", said: Message | Exception | None) -> Reading:
        if isinstance(said, Message):
            try:
                return link.reading(said)
            except ProtocolError as error:
                raise NotConnectedError(str(error)) from None
        if isinstance(said, NotConnectedError):
            raise said
        raise NotConnectedError(f"{link.pv}: cannot be read: {said}")
