"""What each message does: one function a command, and the table of them.

A function takes the session and the message; what it returns is the answer that the plan gets.
The meaning of every command is Bluesky's.
"""

from collections.abc import Callable
from typing import Any

from beamtwin.orchestration.errors import DeviceError, WaitForTimeoutError
from beamtwin.orchestration.inbox import Pause
from beamtwin.orchestration.messages import Msg
from beamtwin.orchestration.session import Session
from beamtwin.orchestration.status import names

__all__ = ["COMMANDS", "Command"]

Command = Callable[[Session, Msg], Any]


def null(session: Session, msg: Msg) -> None:
    """Nothing."""


def elapsed(session: Session, msg: Msg) -> float:
    """Answer the plan's own time in seconds: pauses, and what had to be done again after them, do not count."""
    return session.elapsed


def sleep(session: Session, msg: Msg) -> None:
    """Let ``args[0]`` seconds pass."""
    duration = float(msg.args[0])
    if duration > 0:
        session.wait_until(lambda: False, duration)


def set_(session: Session, msg: Msg) -> Any:
    """Begin a move of ``obj``; its status joins ``group``."""
    kwargs = dict(msg.kwargs)
    group = kwargs.pop("group", None)
    device = msg.obj
    session.moved[device] = session.seen[device] = None
    return session.follow(device, device.set(*msg.args, **kwargs), group)


def trigger(session: Session, msg: Msg) -> Any:
    """Begin an acquisition; its status joins ``group``."""
    session.seen[msg.obj] = None
    return session.follow(msg.obj, msg.obj.trigger(), msg.kwargs.get("group"))


def wait(session: Session, msg: Msg) -> bool:
    """Wait for every status of a group; answers whether all are done.

    Those that are not, after a timeout or a failure, remain in the group.
    """
    group = msg.args[0] if msg.args else msg.kwargs.get("group")
    timeout = msg.kwargs.get("timeout")
    late = [status for status in session.groups.pop(group, ()) if not status.done]
    if not late and not session.inbox.letters:
        return True
    try:
        in_time = session.wait_for(late, timeout)
    finally:
        if late:
            session.groups[group] = late
    if not in_time and msg.kwargs.get("error_on_timeout", True):
        raise WaitForTimeoutError(f"group {group!r}: not done after {timeout:g} s: {names(late)}")
    return in_time


def read(session: Session, msg: Msg) -> Any:
    """Read a device; inside a bundle its reading becomes part of the event."""
    device = msg.obj
    session.seen[device] = None
    reading = device.read(*msg.args, **msg.kwargs)
    if reading is None:
        raise DeviceError(f"{device.name}: read() returned None, and must return a dictionary")
    run = session.runs.get(msg.run)
    if run is not None and run.bundling:
        run.read(device, reading)
    return reading


def create(session: Session, msg: Msg) -> None:
    """Begin an event of the stream ``name``."""
    run = session.run(msg)
    name = msg.args[0] if msg.args else msg.kwargs.get("name", "primary")
    run.create(name)


def save(session: Session, msg: Msg) -> None:
    """Emit the event that ``create`` began."""
    session.run(msg).save()


def drop(session: Session, msg: Msg) -> None:
    """Forget the event that ``create`` began."""
    session.run(msg).drop()


def declare_stream(session: Session, msg: Msg) -> Any:
    """Emit the descriptor of a stream before there is any data."""
    return session.run(msg).declare(msg.kwargs["name"], msg.args).descriptor


def stage(session: Session, msg: Msg) -> Any:
    """Make a device ready to take data; devices that need no such thing are passed over."""
    if not hasattr(msg.obj, "stage"):
        return []
    session.staged[msg.obj] = session.seen[msg.obj] = None
    return _maybe_follow(session, msg, msg.obj.stage())


def unstage(session: Session, msg: Msg) -> Any:
    """Undo ``stage``."""
    if not hasattr(msg.obj, "unstage"):
        return []
    outcome = msg.obj.unstage()
    session.staged.pop(msg.obj, None)
    return _maybe_follow(session, msg, outcome)


def _maybe_follow(session: Session, msg: Msg, outcome: Any) -> Any:
    """Devices answer with a list of devices or with a Status."""
    if hasattr(outcome, "add_callback"):
        return session.follow(msg.obj, outcome, msg.kwargs.get("group"))
    return outcome


def stop(session: Session, msg: Msg) -> Any:
    """Stop a device."""
    return msg.obj.stop()


def configure(session: Session, msg: Msg) -> Any:
    """Change a device's configuration; answers the old and the new one."""
    session.forbid_amid_event(f"'configure' of {msg.obj.name}")
    outcome = msg.obj.configure(*msg.args, **msg.kwargs)
    for run in session.runs.values():
        run.reconfigured(msg.obj)
    return outcome


def locate(session: Session, msg: Msg) -> Any:
    """Answer where devices are and where they were sent."""
    devices = [msg.obj, *msg.args]
    locations = [device.locate() for device in devices]
    squeeze = msg.kwargs.get("squeeze", True)
    return locations[0] if squeeze and len(locations) == 1 else locations


def monitor(session: Session, msg: Msg) -> None:
    """Emit an event whenever a device has news."""
    name = msg.kwargs.get("name") or f"{msg.obj.name}_monitor"
    session.run(msg).monitor(msg.obj, name, session.inbox.post)


def unmonitor(session: Session, msg: Msg) -> None:
    """End ``monitor``."""
    session.run(msg).unmonitor(msg.obj)


def checkpoint(session: Session, msg: Msg) -> None:
    """The plan can be taken up again from here; a deferred pause happens now."""
    session.forbid_amid_event("'checkpoint'")
    session.checkpoint()
    if session.pause_at_checkpoint:
        session.pause_at_checkpoint = False
        raise Pause


def clear_checkpoint(session: Session, msg: Msg) -> None:
    """The plan cannot be taken up again from now on: a pause would end it."""
    session.since_checkpoint = None


def rewindable(session: Session, msg: Msg) -> bool:
    """Say whether messages may be replayed; answers what holds now. A change is a checkpoint."""
    if msg.args and msg.args[0] not in (None, session.rewindable):
        session.rewindable = bool(msg.args[0])
        session.checkpoint()
    return session.rewindable


def pause(session: Session, msg: Msg) -> None:
    """Pause now, or at the next checkpoint with ``defer=True``."""
    if msg.kwargs.get("defer", False):
        session.pause_at_checkpoint = True
    else:
        raise Pause


COMMANDS: dict[str, Command] = {
    "null": null,
    "elapsed": elapsed,
    "sleep": sleep,
    "set": set_,
    "trigger": trigger,
    "wait": wait,
    "read": read,
    "create": create,
    "save": save,
    "drop": drop,
    "declare_stream": declare_stream,
    "stage": stage,
    "unstage": unstage,
    "stop": stop,
    "configure": configure,
    "locate": locate,
    "monitor": monitor,
    "unmonitor": unmonitor,
    "checkpoint": checkpoint,
    "clear_checkpoint": clear_checkpoint,
    "rewindable": rewindable,
    "pause": pause,
}
