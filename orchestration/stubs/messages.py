"""Stubs that are one message each: what a plan can say, as functions."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from beamtwin.orchestration.messages import Msg, Plan
from beamtwin.orchestration.stubs.groups import separate_devices

__all__ = [
    "broadcast_msg",
    "checkpoint",
    "clear_checkpoint",
    "close_run",
    "collect",
    "configure",
    "create",
    "declare_stream",
    "deferred_pause",
    "drop",
    "input_plan",
    "install_suspender",
    "locate",
    "monitor",
    "null",
    "open_run",
    "pause",
    "read",
    "remove_suspender",
    "save",
    "sleep",
    "stop",
    "subscribe",
    "unmonitor",
    "unsubscribe",
    "wait",
    "wait_for",
]


def null() -> Plan[None]:
    """Do nothing."""
    yield Msg("null")


def sleep(time: float) -> Plan[None]:
    """Let ``time`` seconds of the engine's clock pass."""
    yield Msg("sleep", None, time)


def wait(
    group: Any = None,
    *,
    timeout: float | None = None,
    error_on_timeout: bool = True,
    watch: Sequence[str] = (),
) -> Plan[bool]:
    """Wait for all statuses of a group; returns whether they are done.

    Parameters
    ----------
    timeout : float, optional
        Seconds to wait at most.
    error_on_timeout : bool
        False: when the time is up, go on, and answer False.
    watch : sequence of group names
        If a status of one of these groups fails meanwhile, so does the wait.
    """
    return (
        yield Msg(
            "wait",
            None,
            group=group,
            error_on_timeout=error_on_timeout,
            timeout=timeout,
            watch=watch,
        )
    )


def wait_for(
    futures: Iterable[Callable[[], Awaitable[Any]]], **kwargs: Any
) -> Plan[tuple[Any, ...]]:
    """Wait for asyncio's awaitables, each made by a function, to be done."""
    return (yield Msg("wait_for", None, futures, **kwargs))


def input_plan(prompt: str = "") -> Plan[str]:
    """Ask the user for a line of text."""
    return (yield Msg("input", prompt=prompt))


# --- runs and events ---------------------------------------------------------------------------


def open_run(md: Mapping[str, Any] | None = None) -> Plan[str]:
    """Open a run with this metadata; returns its uid."""
    # Not as Msg(**md): metadata may have a key that is a field of a message, as "run" is.
    return (yield Msg("open_run")._replace(kwargs=dict(md or {})))


def close_run(exit_status: str | None = None, reason: str | None = None) -> Plan[str]:
    """Close the run; returns its uid."""
    return (yield Msg("close_run", None, exit_status=exit_status, reason=reason))


def declare_stream(*objs: Any, name: str, collect: bool = False) -> Plan[Any]:
    """Emit the descriptor of the stream ``name`` of these devices before there is any data.

    Parameters
    ----------
    collect : bool
        Whether its data will come by `collect`, not by events of `read`.
    """
    return (yield Msg("declare_stream", None, *separate_devices(objs), name=name, collect=collect))


def create(name: str = "primary") -> Plan[None]:
    """Begin an event of the stream ``name``."""
    yield Msg("create", None, name=name)


def read(obj: Any) -> Plan[dict[str, Any]]:
    """Read a device into the open event; returns its reading."""
    return (yield Msg("read", obj))


def save() -> Plan[None]:
    """Emit the open event."""
    yield Msg("save")


def drop() -> Plan[None]:
    """Forget the open event."""
    yield Msg("drop")


def collect(
    obj: Any,
    *args: Any,
    stream: bool = False,
    return_payload: bool = True,
    name: str | None = None,
) -> Plan[list[Any]]:
    """Emit what flyers have recorded since it was last collected.

    Parameters
    ----------
    obj, *args
        The flyers, or the detectors that were flown.
    stream : bool
        Whether to emit event by event, rather than in pages.
    return_payload : bool
        Whether to return the partial events as well.
    name : str, optional
        The stream, if it was declared.
    """
    return (
        yield Msg("collect", obj, *args, stream=stream, return_payload=return_payload, name=name)
    )


# --- devices -----------------------------------------------------------------------------------


def stop(obj: Any) -> Plan[None]:
    """Stop a device."""
    yield Msg("stop", obj)


def locate(*objs: Any, squeeze: bool = True) -> Plan[Any]:
    """Where devices were sent and where they are.

    Returns
    -------
    {"setpoint": ..., "readback": ...}, or a list of these
        A list for several devices, and for one without ``squeeze``.
    """
    return (yield Msg("locate", *objs, squeeze=squeeze))


def configure(obj: Any, *args: Any, **kwargs: Any) -> Plan[Any]:
    """Change a device's configuration; returns the old and the new one."""
    return (yield Msg("configure", obj, *args, **kwargs))


def monitor(obj: Any, *, name: str | None = None, **kwargs: Any) -> Plan[None]:
    """Emit an event of the stream ``name`` whenever the device has news."""
    yield Msg("monitor", obj, name=name, **kwargs)


def unmonitor(obj: Any) -> Plan[None]:
    """End `monitor`."""
    yield Msg("unmonitor", obj)


def broadcast_msg(command: str, objs: Iterable[Any], *args: Any, **kwargs: Any) -> Plan[list[Any]]:
    """Say the same of each device; returns the answers."""
    answers = []
    for obj in objs:
        answers.append((yield Msg(command, obj, *args, **kwargs)))
    return answers


# --- the engine --------------------------------------------------------------------------------


def checkpoint() -> Plan[None]:
    """From here the plan can be taken up again after a pause."""
    yield Msg("checkpoint")


def clear_checkpoint() -> Plan[None]:
    """From now on the plan cannot be taken up again after a pause."""
    yield Msg("clear_checkpoint")


def pause(defer: bool = False) -> Plan[None]:
    """Pause now, or at the next checkpoint."""
    yield Msg("pause", None, defer=defer)


def deferred_pause() -> Plan[None]:
    """Pause at the next checkpoint."""
    yield from pause(defer=True)


def subscribe(name: str, func: Callable[[str, dict[str, Any]], object]) -> Plan[int]:
    """Subscribe a function to documents for the length of this call; returns a token."""
    return (yield Msg("subscribe", None, func, name))


def unsubscribe(token: int) -> Plan[None]:
    """End `subscribe`."""
    yield Msg("unsubscribe", None, token=token)


def install_suspender(suspender: Any) -> Plan[None]:
    """Let a suspender watch over the plan from now on."""
    yield Msg("install_suspender", None, suspender)


def remove_suspender(suspender: Any) -> Plan[None]:
    """End `install_suspender`."""
    yield Msg("remove_suspender", None, suspender)
