"""Plan stubs: the pieces that plans are made of. Names and meaning are Bluesky's."""

import itertools
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from beamtwin.orchestration.errors import PlanError
from beamtwin.orchestration.messages import Msg, Plan, as_generator

__all__ = [
    "abs_set",
    "checkpoint",
    "clear_checkpoint",
    "close_run",
    "configure",
    "create",
    "drop",
    "monitor",
    "move_per_step",
    "mv",
    "mvr",
    "null",
    "one_nd_step",
    "one_shot",
    "open_run",
    "pause",
    "rd",
    "read",
    "rel_set",
    "repeat",
    "save",
    "sleep",
    "stage",
    "stage_all",
    "stop",
    "subscribe",
    "trigger",
    "trigger_and_read",
    "unmonitor",
    "unstage",
    "unstage_all",
    "unsubscribe",
    "wait",
]

_CHECKPOINT = Msg("checkpoint")
_SAVE = Msg("save")
_ELAPSED = Msg("elapsed")
_group_numbers = itertools.count(1)


def _new_group(what: str) -> str:
    """A name for a group that nobody else uses; deterministic, since it reaches no document."""
    return f"{what}-{next(_group_numbers)}"


def null() -> Plan[None]:
    """Do nothing."""
    yield Msg("null")


def sleep(duration: float) -> Plan[None]:
    """Let ``duration`` seconds of the engine's clock pass."""
    yield Msg("sleep", None, duration)


def open_run(md: Mapping[str, Any] | None = None) -> Plan[str]:
    """Open a run with this metadata; returns its uid."""
    # Not as Msg(**md): metadata may have a key that is a field of a message, as "run" is.
    return (yield Msg("open_run")._replace(kwargs=dict(md or {})))


def close_run(exit_status: str | None = None, reason: str | None = None) -> Plan[str]:
    """Close the run; returns its uid."""
    return (yield Msg("close_run", None, exit_status=exit_status, reason=reason))


def checkpoint() -> Plan[None]:
    """From here the plan can be taken up again after a pause."""
    yield _CHECKPOINT


def clear_checkpoint() -> Plan[None]:
    """From now on the plan cannot be taken up again after a pause."""
    yield Msg("clear_checkpoint")


def pause(defer: bool = False) -> Plan[None]:
    """Pause now, or at the next checkpoint."""
    yield Msg("pause", None, defer=defer)


def create(name: str = "primary") -> Plan[None]:
    """Begin an event of the stream ``name``."""
    yield _create(name)


def read(device: Any) -> Plan[dict[str, Any]]:
    """Read a device into the open event; returns its reading."""
    return (yield Msg("read", device))


def save() -> Plan[None]:
    """Emit the open event."""
    yield _SAVE


def drop() -> Plan[None]:
    """Forget the open event."""
    yield Msg("drop")


def trigger(device: Any, *, group: Any = None, wait: bool = False) -> Plan[Any]:
    """Begin an acquisition; returns its status."""
    if wait and group is None:
        group = _new_group("trigger")
    status = yield Msg("trigger", device, group=group)
    if wait:
        yield Msg("wait", None, group)
    return status


def abs_set(
    device: Any, *args: Any, group: Any = None, wait: bool = False, **kwargs: Any
) -> Plan[Any]:
    """Begin a move to a position; returns its status."""
    if wait and group is None:
        group = _new_group("set")
    status = yield Msg("set", device, *args, group=group, **kwargs)
    if wait:
        yield Msg("wait", None, group)
    return status


def rel_set(device: Any, value: float, *, group: Any = None, wait: bool = False) -> Plan[Any]:
    """Begin a move by a distance from where the device was last sent; returns its status."""
    location = yield Msg("locate", device)
    return (yield from abs_set(device, location["setpoint"] + value, group=group, wait=wait))


def mv(*args: Any, group: Any = None) -> Plan[tuple[Any, ...]]:
    """Move devices together and wait: ``mv(th, 1.5, tth, 3.0)``; returns the statuses."""
    group = group or _new_group("mv")
    statuses = []
    for device, position in _pairs(args):
        statuses.append((yield Msg("set", device, position, group=group)))
    yield Msg("wait", None, group)
    return tuple(statuses)


def mvr(*args: Any, group: Any = None) -> Plan[tuple[Any, ...]]:
    """Move devices together by distances from where they were last sent, and wait."""
    targets = []
    for device, distance in _pairs(args):
        location = yield Msg("locate", device)
        targets += [device, location["setpoint"] + distance]
    return (yield from mv(*targets, group=group))


def rd(device: Any) -> Plan[Any]:
    """Read a device that has one value of interest; returns that value.

    Raises
    ------
    PlanError
        If it is not clear which value is meant.
    """
    reading = yield Msg("read", device)
    hinted = getattr(device, "hints", {}).get("fields", [])
    keys = hinted if len(hinted) == 1 else list(reading)
    if len(keys) != 1:
        raise PlanError(f"{device.name} has several values, {sorted(reading)}: read() one of them")
    return reading[keys[0]]["value"]


def stop(device: Any) -> Plan[None]:
    """Stop a device."""
    yield Msg("stop", device)


def wait(
    group: Any = None, *, timeout: float | None = None, error_on_timeout: bool = True
) -> Plan[bool]:
    """Wait for all statuses of a group; returns whether they are done."""
    return (yield Msg("wait", None, group, timeout=timeout, error_on_timeout=error_on_timeout))


def stage(device: Any, *, group: Any = None, wait: bool = True) -> Plan[Any]:
    """Make a device ready to take data."""
    return (yield from _stage("stage", device, group, wait))


def unstage(device: Any, *, group: Any = None, wait: bool = True) -> Plan[Any]:
    """Undo `stage`."""
    return (yield from _stage("unstage", device, group, wait))


def _stage(command: str, device: Any, group: Any, wait: bool) -> Plan[Any]:
    group = group or _new_group(command)
    answer = yield Msg(command, device, group=group)
    if wait and hasattr(answer, "add_callback"):
        yield Msg("wait", None, group)
    return answer


def stage_all(*devices: Any) -> Plan[None]:
    """Stage several devices at once."""
    for device in devices:
        yield from stage(device, group="stage_all", wait=False)
    yield Msg("wait", None, "stage_all")


def unstage_all(*devices: Any) -> Plan[None]:
    """Unstage several devices at once."""
    for device in devices:
        yield from unstage(device, group="unstage_all", wait=False)
    yield Msg("wait", None, "unstage_all")


def configure(device: Any, *args: Any, **kwargs: Any) -> Plan[Any]:
    """Change a device's configuration; returns the old and the new one."""
    return (yield Msg("configure", device, *args, **kwargs))


def monitor(device: Any, *, name: str | None = None) -> Plan[None]:
    """Emit an event whenever the device has news."""
    yield Msg("monitor", device, name=name)


def unmonitor(device: Any) -> Plan[None]:
    """End `monitor`."""
    yield Msg("unmonitor", device)


def subscribe(name: str, function: Callable[[str, dict[str, Any]], object]) -> Plan[int]:
    """Subscribe a function to documents for the length of this call; returns a token."""
    return (yield Msg("subscribe", None, function, name))


def unsubscribe(token: int) -> Plan[None]:
    """End `subscribe`."""
    yield Msg("unsubscribe", None, token=token)


# --- steps -------------------------------------------------------------------------------------


def trigger_and_read(devices: Sequence[Any], name: str = "primary") -> Plan[dict[str, Any]]:
    """Trigger what can be triggered, wait, and read everything into one event; returns the readings.

    A device that is part of another of them is read with that one.
    """
    devices = _separate(devices)
    triggered = [device for device in devices if hasattr(device, "trigger")]
    if triggered:
        group = _new_group("trigger")
        for device in triggered:
            yield Msg("trigger", device, group=group)
        yield Msg("wait", None, group)
    yield _create(name)
    readings: dict[str, Any] = {}
    try:
        for device in devices:
            reading = yield Msg("read", device)
            if reading is not None:
                readings.update(reading)
    except Exception:
        yield Msg("drop")  # so that the plan may try again
        raise
    yield _SAVE
    return readings


@cache
def _create(name: str) -> Msg:
    return Msg("create", None, name=name)


def _separate(devices: Iterable[Any]) -> list[Any]:
    given = dict.fromkeys(devices)
    parts = [device for device in given if getattr(device, "parent", None) is not None]
    for part in parts:
        if _is_within(part.parent, given):
            del given[part]
    return list(given)


def _is_within(device: Any, others: Container[Any]) -> bool:
    """Whether it, or what it is part of, is one of the others."""
    while device is not None:
        if device in others:
            return True
        device = getattr(device, "parent", None)
    return False


def one_shot(
    detectors: Sequence[Any], take_reading: Callable[[Sequence[Any]], Plan[Any]] = trigger_and_read
) -> Plan[None]:
    """One point of `count`."""
    yield _CHECKPOINT
    yield from take_reading(detectors)


def move_per_step(step: Mapping[Any, Any], pos_cache: dict[Any, Any]) -> Plan[None]:
    """Move what is not yet where the step wants it, and wait."""
    yield _CHECKPOINT
    moves = [
        (motor, position) for motor, position in step.items() if pos_cache.get(motor) != position
    ]
    if not moves:
        return
    group = _new_group("set")
    for motor, position in moves:
        yield Msg("set", motor, position, group=group)
        pos_cache[motor] = position
    yield Msg("wait", None, group)


def one_nd_step(
    detectors: Sequence[Any],
    step: Mapping[Any, Any],
    pos_cache: dict[Any, Any],
    take_reading: Callable[[Sequence[Any]], Plan[Any]] = trigger_and_read,
) -> Plan[None]:
    """One point of a scan: move, then read the detectors and the motors."""
    yield from move_per_step(step, pos_cache)
    yield from take_reading([*detectors, *step])


def repeat(
    plan: Callable[[], Iterable[Msg]],
    num: int | None = 1,
    delay: float | Iterable[float] = 0.0,
) -> Plan[None]:
    """Do a plan several times.

    Parameters
    ----------
    plan : function that makes the plan
    num : int, optional
        How often; None: until somebody stops it, or ``delay`` has no more.
    delay : float or iterable of float
        Seconds from the beginning of one to the beginning of the next; the time of a pause does not count.
    """
    delays = iter(delay) if isinstance(delay, Iterable) else itertools.repeat(delay)
    for done in itertools.count(1) if num is None else range(1, num + 1):
        began = yield _ELAPSED
        yield _CHECKPOINT
        yield from as_generator(plan())
        if done == num:
            return
        try:
            pause_s = next(delays)
        except StopIteration:
            if num is None:
                return
            raise PlanError(
                f"{num} readings have {num - 1} delays between them; got {done - 1}"
            ) from None
        left = began + (pause_s or 0.0) - (yield _ELAPSED)
        if left > 0:
            yield _CHECKPOINT
            yield Msg("sleep", None, left)


def _pairs(args: Sequence[Any]) -> list[tuple[Any, Any]]:
    if len(args) % 2:
        raise PlanError(
            f"{len(args)} arguments; expected pairs: device, position, device, position, ..."
        )
    return list(zip(args[::2], args[1::2], strict=True))
