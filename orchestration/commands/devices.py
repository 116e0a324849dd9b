"""Commands that let devices act."""

import asyncio
from collections.abc import Callable
from typing import Any

from beamtwin.orchestration.asyncio_devices import AsyncioDevice, finish
from beamtwin.orchestration.messages import Msg
from beamtwin.orchestration.session import Session

__all__ = [
    "begin",
    "configure",
    "locate",
    "prepare",
    "set_",
    "stage",
    "stop",
    "trigger",
    "unstage",
]


def begin(session: Session, msg: Msg, method: Callable[..., Any]) -> Any:
    """Begin an action with the message's arguments; its status joins ``group``."""
    kwargs = dict(msg.kwargs)
    group = kwargs.pop("group", None)
    return session.statuses.follow(msg.obj, method(*msg.args, **kwargs), group)


def set_(session: Session, msg: Msg) -> Any:
    """Begin a move of ``obj``; its status joins ``group``."""
    session.devices.moved[msg.obj] = None
    return begin(session, msg, msg.obj.set)


def trigger(session: Session, msg: Msg) -> Any:
    """Begin an acquisition; its status joins ``group``."""
    return begin(session, msg, msg.obj.trigger)


def prepare(session: Session, msg: Msg) -> Any:
    """Make a device ready to fly, or to be triggered; its status joins ``group``."""
    return begin(session, msg, msg.obj.prepare)


def stage(session: Session, msg: Msg) -> Any:
    """Make a device ready to take data; devices that need no such thing are passed over."""
    if not _can_be_staged(msg.obj):
        return []
    session.devices.staged[msg.obj] = None
    return _maybe_follow(session, msg, msg.obj.stage())


def unstage(session: Session, msg: Msg) -> Any:
    """Undo ``stage``."""
    if not _can_be_staged(msg.obj):
        return []
    outcome = msg.obj.unstage()
    session.devices.staged.pop(msg.obj, None)
    return _maybe_follow(session, msg, outcome)


def _can_be_staged(device: Any) -> bool:
    return hasattr(device, "stage") and hasattr(device, "unstage")


def _maybe_follow(session: Session, msg: Msg, outcome: Any) -> Any:
    """Devices answer with a list of devices or with a Status."""
    if hasattr(outcome, "add_callback"):
        return session.statuses.follow(msg.obj, outcome, msg.kwargs.get("group"))
    return outcome


def stop(session: Session, msg: Msg) -> Any:
    """Stop a device."""
    return msg.obj.stop()


def configure(session: Session, msg: Msg) -> Any:
    """Change a device's configuration; answers the old and the new one."""
    session.runs.forbid_amid_event(f"'configure' of {msg.obj.name}")
    outcome = msg.obj.configure(*msg.args, **msg.kwargs)
    for run in session.runs:
        run.reconfigured(msg.obj)
    return outcome


def locate(session: Session, msg: Msg) -> Any:
    """Answer where devices are and where they were sent."""
    devices = [msg.obj, *(session.devices.meet(device) for device in msg.args)]
    if all(isinstance(device, AsyncioDevice) for device in devices):
        locations = session.devices.call(_together, [device.device.locate for device in devices])
    else:
        locations = [device.locate() for device in devices]
    squeeze = msg.kwargs.get("squeeze", True)
    return locations[0] if squeeze and len(locations) == 1 else locations


async def _together(functions: list[Callable[[], Any]]) -> list[Any]:
    return await asyncio.gather(*(finish(function) for function in functions))
