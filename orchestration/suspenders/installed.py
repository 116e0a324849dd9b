"""InstalledSuspenders: those that can suspend an engine's plans."""

import logging
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from beamtwin.orchestration.messages import Msg

if TYPE_CHECKING:
    from beamtwin.orchestration.engine import RunEngine

__all__ = ["InstalledSuspenders"]

log = logging.getLogger(__name__)


class InstalledSuspenders(dict[Any, None]):
    """The suspenders of one engine, in the order in which they came."""

    def install(self, suspender: Any, engine: "RunEngine") -> None:
        """From now on it can suspend plans, and hold them back at their start."""
        self[suspender] = None
        suspender.install(engine)

    def remove(self, suspender: Any) -> None:
        """It can no more; one that is not installed does not mind."""
        if suspender in self:
            del self[suspender]
            suspender.remove()

    def hold(self) -> Generator[Msg, Any, None]:
        """What a plan does before it begins: it waits for those that are tripped.

        Those that trip later find the engine running, and suspend the plan.
        """
        futures = []
        for suspender in self:
            awaited, justification = suspender.get_futures()
            futures += awaited
            if justification:
                log.warning("a suspender holds the plan back: %s", justification)
        if futures:
            yield Msg("wait_for", None, futures)
