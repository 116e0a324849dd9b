"""Commands about checkpoints, pauses and going back."""

from beamtwin.orchestration.inbox import Pause
from beamtwin.orchestration.messages import Msg
from beamtwin.orchestration.session import Session

__all__ = ["checkpoint", "clear_checkpoint", "pause", "rewindable"]


def checkpoint(session: Session, msg: Msg) -> None:
    """The plan can be taken up again from here; a deferred pause happens now."""
    session.runs.forbid_amid_event("'checkpoint'")
    session.checkpoint()
    if session.pause_at_checkpoint:
        session.pause_at_checkpoint = False
        raise Pause


def clear_checkpoint(session: Session, msg: Msg) -> None:
    """The plan cannot be taken up again from now on: a pause would end it."""
    session.history.messages = None


def rewindable(session: Session, msg: Msg) -> bool:
    """Say whether messages may be replayed; answers what holds now. A change is a checkpoint."""
    if msg.args and msg.args[0] is not None:
        session.set_rewindable(msg.args[0])
    return session.history.rewindable


def pause(session: Session, msg: Msg) -> None:
    """Pause now, or at the next checkpoint with ``defer=True``."""
    if msg.kwargs.get("defer", False):
        session.pause_at_checkpoint = True
    else:
        raise Pause
