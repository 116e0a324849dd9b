"""What each message does: one function a command, and the table of them.

A function takes the session and the message; what it returns is the answer that the plan gets.
The meaning of every command is Bluesky's.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from beamtwin.orchestration.asyncio_devices import AsyncioDevice, finish
from beamtwin.orchestration.errors import (
    DeviceError,
    IllegalMessageSequence,
    UndeclaredStreamError,
    WaitForTimeoutError,
)
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
    session.moved[device] = None
    return session.follow(device, device.set(*msg.args, **kwargs), group)


def trigger(session: Session, msg: Msg) -> Any:
    """Begin an acquisition; its status joins ``group``."""
    return begin(session, msg, msg.obj.trigger)


def prepare(session: Session, msg: Msg) -> Any:
    """Make a device ready to fly, or to be triggered; its status joins ``group``."""
    return begin(session, msg, msg.obj.prepare)


def begin(session: Session, msg: Msg, method: Callable[..., Any]) -> Any:
    """Begin an action with the message's arguments; its status joins ``group``."""
    kwargs = dict(msg.kwargs)
    group = kwargs.pop("group", None)
    return session.follow(msg.obj, method(*msg.args, **kwargs), group)


def wait(session: Session, msg: Msg) -> bool:
    """Wait for every status of a group; answers whether all are done.

    Those that are not, after a timeout or a failure, remain in the group. With ``error_on_timeout=False`` the plan
    may come again for them. A failure of any other group, ``watch`` or not, ends the wait too.
    """
    kwargs = msg.kwargs
    group = msg.args[0] if msg.args else kwargs.get("group")
    late = [status for status in session.groups.pop(group, ()) if not status.done]
    if not late and not session.inbox.letters:
        if group in session.announced:
            _announce_end(session, group)
        return True
    timeout = kwargs.get("timeout")
    comes_again = kwargs.get("move_on", False) or not kwargs.get("error_on_timeout", True)
    if session.waiting_hook is not None:
        _announce(session, group, late)
    try:
        in_time = session.wait_for(late, timeout)
    finally:
        if late:
            session.groups[group] = late
        if session.waiting_hook is not None and not (late and comes_again):
            _announce_end(session, group)
    if not in_time and not comes_again:
        raise WaitForTimeoutError(f"group {group!r}: not done after {timeout:g} s: {names(late)}")
    return in_time


def _announce(session: Session, group: Any, late: list[Any]) -> None:
    """Tell the waiting hook what is awaited, once."""
    if group not in session.announced and session.waiting_hook is not None:
        session.announced.add(group)
        session.waiting_hook(set(late))


def _announce_end(session: Session, group: Any) -> None:
    session.announced.discard(group)
    if session.waiting_hook is not None:
        session.waiting_hook(None)


def wait_for(session: Session, msg: Msg) -> list[Any]:
    """Wait for statuses, or for awaitables that functions make; answers what has come of them."""
    (awaited,) = msg.args
    statuses = [each for each in awaited if hasattr(each, "add_callback")]
    timeout = msg.kwargs.get("timeout")
    for status in statuses:
        status.add_callback(lambda _: session.clock.wake())
    if not session.wait_for(list(statuses), timeout):
        raise WaitForTimeoutError(f"not done after {timeout:g} s: {names(statuses)}")
    factories = [each for each in awaited if not hasattr(each, "add_callback")]
    return [
        *statuses,
        *(session.await_in_loop(_wait_in_loop, factories, **msg.kwargs) if factories else ()),
    ]


async def _wait_in_loop(factories: list[Callable[[], Any]], **kwargs: Any) -> list[Any]:
    futures = [asyncio.ensure_future(make()) for make in factories]
    try:
        _, pending = await asyncio.wait(futures, **kwargs)
    except asyncio.CancelledError:
        for future in futures:
            future.cancel()
        raise
    if pending:
        raise WaitForTimeoutError(f"{len(pending)} of {len(futures)} awaited are not done in time")
    return futures


def read(session: Session, msg: Msg) -> Any:
    """Read a device; inside a bundle its reading becomes part of the event."""
    device = msg.obj
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
    run, name = session.run(msg), msg.kwargs.get("name")
    if name is None:
        raise UndeclaredStreamError("A stream name that is not None is required for pre-declare")
    devices = [session.device(device) for device in msg.args]
    return run.predeclare(name, devices, collect=msg.kwargs.get("collect", False)).descriptor


def stage(session: Session, msg: Msg) -> Any:
    """Make a device ready to take data; devices that need no such thing are passed over."""
    if not _can_be_staged(msg.obj):
        return []
    session.staged[msg.obj] = None
    return _maybe_follow(session, msg, msg.obj.stage())


def unstage(session: Session, msg: Msg) -> Any:
    """Undo ``stage``."""
    if not _can_be_staged(msg.obj):
        return []
    outcome = msg.obj.unstage()
    session.staged.pop(msg.obj, None)
    return _maybe_follow(session, msg, outcome)


def _can_be_staged(device: Any) -> bool:
    return hasattr(device, "stage") and hasattr(device, "unstage")


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
    devices = [msg.obj, *(session.device(device) for device in msg.args)]
    if all(isinstance(device, AsyncioDevice) for device in devices):
        locations = session.call(_all_at_once, [device.device.locate for device in devices])
    else:
        locations = [device.locate() for device in devices]
    squeeze = msg.kwargs.get("squeeze", True)
    return locations[0] if squeeze and len(locations) == 1 else locations


def kickoff(session: Session, msg: Msg) -> Any:
    """Let a device fly; its status joins ``group``."""
    run = session.run(msg)
    status = begin(session, msg, msg.obj.kickoff)
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
    devices = [msg.obj, *(session.device(device) for device in msg.args)]
    fliers = session.run(msg).fliers
    return fliers.collect(devices, kwargs.get("name"), kwargs.get("return_payload", True))


async def _all_at_once(functions: list[Callable[[], Any]]) -> list[Any]:
    return await asyncio.gather(*(finish(function) for function in functions))


def monitor(session: Session, msg: Msg) -> None:
    """Emit an event whenever a device has news."""
    kwargs = dict(msg.kwargs)
    name = kwargs.pop("name", None) or f"{msg.obj.name}_monitor"
    session.run(msg).monitor(msg.obj, name, session.inbox.post, **kwargs)


def unmonitor(session: Session, msg: Msg) -> None:
    """End ``monitor``."""
    session.run(msg).monitors.end(msg.obj)


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
    if msg.args and msg.args[0] is not None:
        session.set_rewindable(msg.args[0])
    return session.rewindable


def pause(session: Session, msg: Msg) -> None:
    """Pause now, or at the next checkpoint with ``defer=True``."""
    if msg.kwargs.get("defer", False):
        session.pause_at_checkpoint = True
    else:
        raise Pause


def input_(session: Session, msg: Msg) -> str:
    """Ask the person at the prompt."""
    return input(msg.kwargs.get("prompt", ""))


COMMANDS: dict[str, Command] = {
    "null": null,
    "elapsed": elapsed,
    "sleep": sleep,
    "set": set_,
    "trigger": trigger,
    "prepare": prepare,
    "kickoff": kickoff,
    "complete": complete,
    "collect": collect,
    "wait": wait,
    "wait_for": wait_for,
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
    "input": input_,
}
