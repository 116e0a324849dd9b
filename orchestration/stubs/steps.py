"""Stubs that make events: the insides of plans."""

import itertools
import os
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from beamtwin.orchestration.control import AnyPlan, rewindable_wrapper
from beamtwin.orchestration.errors import PlanError
from beamtwin.orchestration.messages import Msg, Plan, as_generator
from beamtwin.orchestration.stubs.groups import new_group, separate_devices
from beamtwin.orchestration.stubs.messages import declare_stream, wait

__all__ = [
    "TakeReading",
    "caching_repeater",
    "move_per_step",
    "one_1d_step",
    "one_nd_step",
    "one_shot",
    "repeat",
    "repeater",
    "trigger_and_read",
]

TakeReading = Callable[[Sequence[Any]], Plan[Any]]

_CHECKPOINT = Msg("checkpoint")
_SAVE = Msg("save")
_ELAPSED = Msg("elapsed")


def trigger_and_read(devices: Sequence[Any], name: str = "primary") -> Plan[dict[str, Any]]:
    """Trigger what can be triggered, wait, and read everything into one event; returns the readings.

    A device that is part of another of them is read with that one.
    """
    devices = separate_devices(devices)
    event = _one_event(devices, name)
    if all(map(_can_be_replayed, devices)):
        return (yield from event)
    return (yield from rewindable_wrapper(event, False))


def _one_event(devices: Sequence[Any], name: str) -> Plan[dict[str, Any]]:
    triggered = [device for device in devices if hasattr(device, "trigger")]
    if triggered:
        group = new_group("trigger")
        for device in triggered:
            yield Msg("trigger", device, group=group)
        yield from wait(group)
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


def _can_be_replayed(device: Any) -> bool:
    """Whether a device, by its signal ``rewindable``, lets itself be triggered again after a pause."""
    signal = getattr(device, "rewindable", None)
    return signal is None or bool(signal.get())


def predeclare(devices: Iterable[Any]) -> Plan[None]:
    """Declare the primary stream before its first event, if BLUESKY_PREDECLARE is set in the environment."""
    if os.environ.get("BLUESKY_PREDECLARE"):
        yield from declare_stream(*devices, name="primary")


def one_shot(detectors: Sequence[Any], take_reading: TakeReading | None = None) -> Plan[None]:
    """One point of `count`."""
    yield _CHECKPOINT
    yield from (take_reading or trigger_and_read)(list(detectors))


def one_1d_step(
    detectors: Sequence[Any], motor: Any, step: Any, take_reading: TakeReading | None = None
) -> Plan[Any]:
    """One point of a scan of one motor: move, then read the detectors and the motor."""
    yield from move_per_step({motor: step}, {})
    return (yield from (take_reading or trigger_and_read)([*detectors, motor]))


def move_per_step(step: Mapping[Any, Any], pos_cache: dict[Any, Any]) -> Plan[None]:
    """Move what is not yet where the step wants it, and wait."""
    yield _CHECKPOINT
    moves = [
        (motor, position) for motor, position in step.items() if pos_cache.get(motor) != position
    ]
    if not moves:
        return
    group = new_group("set")
    for motor, position in moves:
        yield Msg("set", motor, position, group=group)
        pos_cache[motor] = position
    yield Msg("wait", None, group=group)


def one_nd_step(
    detectors: Sequence[Any],
    step: Mapping[Any, Any],
    pos_cache: dict[Any, Any],
    take_reading: TakeReading | None = None,
) -> Plan[None]:
    """One point of a scan: move, then read the detectors and the motors."""
    yield from move_per_step(step, pos_cache)
    yield from (take_reading or trigger_and_read)([*detectors, *step])


def repeat(
    plan: Callable[[], AnyPlan],
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
    check_delays(num, delay)
    timed = isinstance(delay, Iterable) or delay > 0
    delays = iter(delay) if isinstance(delay, Iterable) else itertools.repeat(delay)
    for done in itertools.count(1) if num is None else range(1, num + 1):
        began = (yield from elapsed()) if timed else 0.0
        yield _CHECKPOINT
        yield from as_generator(plan())
        if done == num:
            return
        try:
            pause_s = next(delays)
        except StopIteration:
            if num is None:
                return
            raise PlanError(_too_few(num, done - 1)) from None
        left = began + (pause_s or 0.0) - (yield from elapsed()) if timed else 0.0
        if left > 0:
            yield _CHECKPOINT
            yield Msg("sleep", None, left)


def check_delays(num: int | None, delay: Any) -> None:
    """See, if it can be seen beforehand, that there are as many delays as it takes.

    Raises
    ------
    PlanError
    """
    if num is not None and hasattr(delay, "__len__") and len(delay) < num - 1:
        raise PlanError(_too_few(num, len(delay)))


def _too_few(num: int, got: int) -> str:
    return f"{num} readings have {num - 1} delays between them; got {got}"


def elapsed() -> Plan[float]:
    """The plan's own time in seconds; 0 where nobody runs it."""
    return (yield _ELAPSED) or 0.0


def repeater(
    n: int | None, gen_func: Callable[..., AnyPlan], *args: Any, **kwargs: Any
) -> Plan[None]:
    """Do ``gen_func(*args, **kwargs)`` n times; None: until somebody stops it."""
    for _ in itertools.count() if n is None else range(n):
        yield from as_generator(gen_func(*args, **kwargs))


def caching_repeater(n: int | None, plan: AnyPlan) -> Plan[None]:
    """Say the messages of a plan n times; they are taken all at once, and get no answers.

    Deprecated, as in Bluesky: use `repeater`, or `repeat`.
    """
    warnings.warn("use repeater or repeat: the plan gets no answers", UserWarning, 2)
    messages = list(plan)
    for _ in itertools.count() if n is None else range(n):
        yield from messages
