"""Stubs that move things, and ask where they are."""

from collections.abc import Mapping, Sequence
from typing import Any

from beamtwin.orchestration.errors import PlanError
from beamtwin.orchestration.messages import Msg, Plan
from beamtwin.orchestration.stubs.actions import begin
from beamtwin.orchestration.stubs.groups import new_group

__all__ = ["abs_set", "merge_axes", "mov", "movr", "mv", "mvr", "position_of", "rd", "rel_set"]


def abs_set(
    obj: Any, *args: Any, group: Any = None, wait: bool = False, **kwargs: Any
) -> Plan[Any]:
    """Begin a move to a position; returns its status."""
    return (yield from begin("set", obj, *args, group=group, wait=wait, **kwargs))


def rel_set(
    obj: Any, value: float, *args: Any, group: Any = None, wait: bool = False, **kwargs: Any
) -> Plan[Any]:
    """Begin a move by a distance from where the device was last sent; returns its status."""
    target = shifted((yield from position_of(obj)), value)
    return (yield from abs_set(obj, target, *args, group=group, wait=wait, **kwargs))


def mv(
    *args: Any, group: Any = None, timeout: float | None = None, **kwargs: Any
) -> Plan[tuple[Any, ...]]:
    """Move devices together and wait: ``mv(th, 1.5, tth, 3.0)``; returns the statuses.

    Parameters
    ----------
    timeout : float, optional
        Seconds that the moves may take.
    **kwargs
        For the devices' ``set``.
    """
    group = group or new_group("mv")
    statuses = []
    for obj, position in merge_axes(dict(_pairs(args))).items():
        statuses.append((yield Msg("set", obj, position, group=group, **kwargs)))
    yield Msg("wait", None, group=group, timeout=timeout)
    return tuple(statuses)


def mvr(
    *args: Any, group: Any = None, timeout: float | None = None, **kwargs: Any
) -> Plan[tuple[Any, ...]]:
    """Move devices together by distances from where they were last sent, and wait."""
    targets: list[Any] = []
    for obj, distance in _pairs(args):
        targets += [obj, shifted((yield from position_of(obj)), distance)]
    return (yield from mv(*targets, group=group, timeout=timeout, **kwargs))


mov = mv
movr = mvr


def rd(obj: Any, *, default_value: Any = 0) -> Plan[Any]:
    """Where a positioner is, or the value of what has one value of interest.

    Parameters
    ----------
    default_value
        Returned where nobody answers, as when a plan is only looked at.

    Raises
    ------
    PlanError
        If it is not clear which value is meant.
    """
    if hasattr(obj, "locate"):
        location = yield Msg("locate", obj)
        return default_value if location is None else location["readback"]
    if hinted := _hinted(obj):  # said here, so that it is said also where nobody answers
        _only(obj, hinted, f"has {len(hinted)} items hinted ({hinted})")
    elif hasattr(obj, "read_attrs"):
        _only(obj, obj.read_attrs, f"and has {len(obj.read_attrs)} read attrs")
    reading = yield Msg("read", obj)
    return default_value if reading is None else _one_value(obj, reading)


def position_of(obj: Any) -> Plan[Any]:
    """Where a device was last sent, by ``locate``; else where it is, by ``position`` or a reading.

    Where nobody runs the plan, a device that has ``locate`` or ``position`` is asked for it: a relative move must not
    begin at a guess. One that has neither, as a signal, is taken to be at 0, as Bluesky does.

    Raises
    ------
    PlanError
        If there is no telling.
    """
    if hasattr(obj, "locate"):
        return ((yield Msg("locate", obj)) or _locate(obj))["setpoint"]
    if hasattr(obj, "position"):
        return obj.position
    reading = yield Msg("read", obj)
    return 0 if reading is None else _one_value(obj, reading)


def shifted(origin: Any, distance: Any) -> Any:
    """A position at a distance: a number, or as many as a device has axes."""
    if isinstance(distance, Mapping):
        return {axis: getattr(origin, axis) + by for axis, by in distance.items()}
    if isinstance(distance, Sequence):
        return tuple(at + by for at, by in zip(origin, distance, strict=True))
    return origin + distance


def merge_axes(step: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """One position of the whole for several pseudo axes of one device, as ophyd's have to be moved.

    Raises
    ------
    PlanError
        If a device is to be moved by several of its sides at once.
    """
    wholes: dict[Any, list[Any]] = {}
    for axis in step:
        whole = getattr(axis, "parent", None)
        if whole is not None and hasattr(whole, "RealPosition"):
            wholes.setdefault(whole, []).append(axis)
    if not wholes:
        return step
    merged = dict(step)
    for whole, axes in wholes.items():
        pseudo = [axis for axis in axes if any(axis is each for each in whole.pseudo_positioners)]
        real = [axis for axis in axes if any(axis is each for each in whole.real_positioners)]
        if (pseudo and real) or (whole in step and (pseudo or real)):
            raise PlanError(
                f"{whole.name} is moved as a whole, by real or by pseudo axes: one of these at a time"
            )
        if len(pseudo) > 1:
            merged[whole] = {axis.attr_name: merged.pop(axis) for axis in pseudo}
    return merged


def _locate(obj: Any) -> Any:
    location = obj.locate()
    if hasattr(location, "close"):  # a coroutine: asking takes an event loop
        location.close()
        raise PlanError(f"{obj.name}: where it is must be known, and nobody answers 'locate'")
    return location


def _one_value(obj: Any, reading: Mapping[str, Any]) -> Any:
    return reading[_only(obj, _hinted(obj) or list(reading))]["value"]


def _hinted(obj: Any) -> Sequence[str]:
    return getattr(obj, "hints", {}).get("fields", [])


def _only(obj: Any, keys: Sequence[str], account: str = "") -> str:
    if len(keys) == 1:
        return keys[0]
    account = account or f"has {len(keys)} values ({sorted(keys)})"
    raise PlanError(
        f"Your object {obj} ({obj.name}.{getattr(obj, 'dotted_name', '')}) {account}.  "
        "We do not know which one is meant: read() that one"
    )


def _pairs(args: Sequence[Any]) -> list[tuple[Any, Any]]:
    if len(args) % 2:
        raise PlanError(
            f"{len(args)} arguments; expected pairs: device, position, device, position, ..."
        )
    return list(zip(args[::2], args[1::2], strict=True))
