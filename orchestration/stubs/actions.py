"""Stubs that begin something which takes its time, and may wait for it: triggers, staging, fly scans."""

from collections.abc import Sequence
from typing import Any

from beamtwin.orchestration.errors import DeviceError, PlanTypeError
from beamtwin.orchestration.messages import Msg, Plan
from beamtwin.orchestration.stubs.groups import is_status, new_group
from beamtwin.orchestration.stubs.messages import collect
from beamtwin.orchestration.stubs.messages import wait as wait_for_group

__all__ = [
    "collect_while_completing",
    "complete",
    "complete_all",
    "kickoff",
    "kickoff_all",
    "prepare",
    "stage",
    "stage_all",
    "trigger",
    "unstage",
    "unstage_all",
]


def trigger(obj: Any, *, group: Any = None, wait: bool = False) -> Plan[Any]:
    """Begin an acquisition; returns its status."""
    return (yield from begin("trigger", obj, group=group, wait=wait))


def prepare(
    obj: Any, *args: Any, group: Any = None, wait: bool = False, **kwargs: Any
) -> Plan[Any]:
    """Tell a device what it will be triggered or kicked off for; returns the status."""
    return (yield from begin("prepare", obj, *args, group=group, wait=wait, **kwargs))


def kickoff(obj: Any, *, group: Any = None, wait: bool = False, **kwargs: Any) -> Plan[Any]:
    """Let a flyer begin; its status is done when it has begun."""
    return (yield from begin("kickoff", obj, group=group, wait=wait, **kwargs))


def complete(obj: Any, *, group: Any = None, wait: bool = False, **kwargs: Any) -> Plan[Any]:
    """Let a flyer come to its end; its status is done when it has ended."""
    return (yield from begin("complete", obj, group=group, wait=wait, **kwargs))


def kickoff_all(
    *args: Any, group: Any = None, wait: bool = True, **kwargs: Any
) -> Plan[tuple[Any, ...]]:
    """Let flyers begin together; returns the statuses."""
    return (yield from _begin_all("kickoff", args, group, wait, kwargs))


def complete_all(
    *args: Any, group: Any = None, wait: bool = False, **kwargs: Any
) -> Plan[tuple[Any, ...]]:
    """Let flyers come to their ends together; returns the statuses."""
    return (yield from _begin_all("complete", args, group, wait, kwargs))


def collect_while_completing(
    flyers: Sequence[Any],
    dets: Sequence[Any],
    flush_period: float | None = None,
    stream_name: str | None = None,
    watch: Sequence[str] = (),
) -> Plan[None]:
    """Let flyers come to their ends, and emit meanwhile what detectors have recorded.

    Parameters
    ----------
    flush_period : float, optional
        Seconds between collections; default: only one, at the end.
    stream_name : str, optional
        The stream, if it was declared.
    watch : sequence of group names
        If a status of one of these groups fails meanwhile, so does this plan.
    """
    group = new_group("complete")
    yield from complete_all(*flyers, group=group, wait=False)
    done = False
    while not done:
        done = yield from wait_for_group(
            group, timeout=flush_period, error_on_timeout=False, watch=watch
        )
        done = done is not False  # None: nobody runs the plan, which is being looked at
        yield from collect(*dets, name=stream_name)


def stage(obj: Any, *, group: Any = None, wait: bool | None = None) -> Plan[Any]:
    """Make a device ready to take data; returns its status, or what it staged.

    Parameters
    ----------
    wait : bool, optional
        Whether to wait, if the device has a status for it; one that has none cannot be told not to.
    """
    return (yield from _stage("stage", obj, group, wait))


def unstage(obj: Any, *, group: Any = None, wait: bool | None = None) -> Plan[Any]:
    """Undo `stage`."""
    return (yield from _stage("unstage", obj, group, wait))


def stage_all(*args: Any, group: Any = None) -> Plan[None]:
    """Stage several devices at once."""
    yield from _stage_all("stage", args, group)


def unstage_all(*args: Any, group: Any = None) -> Plan[None]:
    """Unstage several devices at once."""
    yield from _stage_all("unstage", args, group)


def begin(
    command: str, obj: Any, *args: Any, group: Any = None, wait: bool = False, **kwargs: Any
) -> Plan[Any]:
    """Begin an action; returns its status."""
    if wait and group is None:
        group = new_group(command)
    status = yield Msg(command, obj, *args, group=group, **kwargs)
    if wait:
        yield Msg("wait", None, group=group)
    return status


def _begin_all(
    command: str, objs: Sequence[Any], group: Any, wait: bool, kwargs: dict[str, Any]
) -> Plan[tuple[Any, ...]]:
    group = group or new_group(command)
    for obj in objs:
        if not callable(getattr(obj, command, None)):
            raise PlanTypeError(f"{getattr(obj, 'name', obj)} is no flyer: it has no {command}()")
    statuses = []
    for obj in objs:
        statuses.append((yield Msg(command, obj, group=group, **kwargs)))
    if wait:
        yield Msg("wait", None, group=group)
    return tuple(statuses)


def _stage(command: str, obj: Any, group: Any, wait: bool | None) -> Plan[Any]:
    if wait and group is None:
        group = new_group(command)
    answer = yield Msg(command, obj, group=group)
    if is_status(answer):
        if wait:
            yield Msg("wait", None, group=group)
    elif wait is False and answer is not None:
        raise DeviceError(f"{obj.name}: its {command}() has no status, and ends before it returns")
    return answer


def _stage_all(command: str, objs: Sequence[Any], group: Any) -> Plan[None]:
    group = group or new_group(command)
    begun = False
    for obj in objs:
        begun |= is_status((yield Msg(command, obj, group=group)))
    if begun:
        yield Msg("wait", None, group=group)
