"""What a call of the engine answers, or raises though its plan did not fail."""

from dataclasses import dataclass
from typing import Any

from beamtwin.orchestration.errors import RunEngineInterrupted
from beamtwin.orchestration.session import Session

__all__ = ["NO_PLAN_RETURN", "PAUSE_MESSAGE", "RunEngineResult", "answer_of", "check_interruption"]

#: The result of a plan that did not come to its end.
NO_PLAN_RETURN = object()

PAUSE_MESSAGE = """\
The plan is paused, and can be taken up from its last checkpoint.
    RE.resume()    goes on
    RE.stop()      ends the plan; its runs count as successful
    RE.abort()     ends the plan; its runs are marked as aborted
    RE.halt()      ends the plan at once, without its cleaning up"""


@dataclass(frozen=True)
class RunEngineResult:
    """What `RunEngine` answers with ``call_returns_result=True``."""

    run_start_uids: tuple[str, ...]
    plan_result: Any
    exit_status: str
    interrupted: bool
    reason: str
    exception: BaseException | None


def answer_of(session: Session, all_of_it: bool) -> Any:
    """The uids of the runs, or all that is known of a call."""
    uids = tuple(session.runs.uids)
    if not all_of_it:
        return uids
    return RunEngineResult(
        run_start_uids=uids,
        plan_result=session.answer if session.exception is None else NO_PLAN_RETURN,
        exit_status=session.exit_status,
        interrupted=session.interruption is not None,
        reason=session.reason,
        exception=session.exception,
    )


def check_interruption(session: Session) -> None:
    """Raise where the plan did not end by itself."""
    if session.interruption is not None:
        raise RunEngineInterrupted(session.reason or str(session.interruption))
