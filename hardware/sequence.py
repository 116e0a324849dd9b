"""Sequence: steps that wait for one another, written as a generator, run without blocking anyone."""

from collections.abc import Generator
from typing import Any

from beamtwin.orchestration.clock import Clock
from beamtwin.orchestration.errors import BeamtwinError
from beamtwin.orchestration.status import Status

__all__ = ["Steps", "regardless", "sequence"]

#: Yields what is to be waited for; what fails is raised where it was yielded.
Steps = Generator[Status, None, None]


def sequence(clock: Clock, steps: Steps, name: str, *, timeout: float | None = None) -> Status:
    """Run ``steps``, each when the one before has ended.

    Parameters
    ----------
    clock : Clock
        Of the status that is returned.
    steps : generator of Status
        The first runs now; later ones in whichever thread the status before them ended.
    name : str
        What is being done, for messages.
    timeout : float, optional
        Seconds for all of it. A sequence whose status is done, for this or any reason, takes no more steps.

    Returns
    -------
    Status
        Fails with what ``steps`` raises.
    """
    whole = Status(clock, timeout=timeout, name=name)

    def advance(ended: Any = None) -> None:
        try:
            while ended is None or ended.done:
                if whole.done:
                    steps.close()
                    return
                error = None if ended is None else ended.exception()
                ended = next(steps) if error is None else steps.throw(error)
        except StopIteration:
            whole.set_finished()
        except Exception as error:
            whole.set_exception(error)
        else:
            ended.add_callback(advance)

    advance()
    return whole


def regardless(*parts: Steps) -> Steps:
    """Take every part to its end, even when one fails; raise the first failure then."""
    errors = []
    for part in parts:
        try:
            yield from part
        except BeamtwinError as error:
            errors.append(error)
    if errors:
        raise errors[0]
