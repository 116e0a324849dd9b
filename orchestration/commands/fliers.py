"""Commands of fly scans."""

from typing import Any

from beamtwin.orchestration.commands.devices import begin
from beamtwin.orchestration.errors import IllegalMessageSequence
from beamtwin.orchestration.messages import Msg
from beamtwin.orchestration.session import Session

__all__ = ["collect", "complete", "kickoff"]


def kickoff(session: Session, msg: Msg) -> Any:
    """Let a device fly; its status joins ``group``."""
    run = session.runs.of(msg)
    status = begin(session, msg, msg.obj.kickoff)
    if hasattr(msg.obj, "describe_collect"):  # a motor flies, and gathers nothing
        run.fliers.uncollected[msg.obj] = None
    return status


def complete(session: Session, msg: Msg) -> Any:
    """Let a device end its flight whenever it is ready; its status joins ``group``."""
    return begin(session, msg, msg.obj.complete)


def collect(session: Session, msg: Msg) -> Any:
    """Emit what devices have gathered; answers the partial events, if asked to."""
    kwargs = msg.kwargs
    if kwargs.get("stream", False):
        raise IllegalMessageSequence(
            "Collect now emits EventPages (stream=False), so emitting Events (stream=True) is no longer supported"
        )
    devices = [msg.obj, *(session.devices.meet(device) for device in msg.args)]
    fliers = session.runs.of(msg).fliers
    return fliers.collect(devices, kwargs.get("name"), kwargs.get("return_payload", True))
