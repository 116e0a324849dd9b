"""Relative moves, and going back at the end."""

from collections.abc import Iterable
from typing import Any

from beamtwin.orchestration.control import AnyPlan, finalize_wrapper
from beamtwin.orchestration.messages import Msg, Plan
from beamtwin.orchestration.preprocessors.mutators import msg_mutator, plan_mutator
from beamtwin.orchestration.stubs.groups import new_group
from beamtwin.orchestration.stubs.moving import position_of, shifted

__all__ = ["relative_set_wrapper", "reset_positions_wrapper"]


def relative_set_wrapper(plan: AnyPlan, devices: Iterable[Any] | None = None) -> Plan[Any]:
    """Take positions in a plan as distances from where the devices were sent before it.

    Parameters
    ----------
    devices : iterable of Movable, optional
        Only these; default: whatever is moved.
    """
    origins: dict[Any, Any] = {}

    def shift(msg: Msg) -> Msg:
        if msg.command != "set" or msg.obj not in origins:
            return msg
        distance, *others = msg.args
        return msg._replace(args=(shifted(origins[msg.obj], distance), *others))

    return (yield from msg_mutator(_noting_origins(plan, devices, origins), shift))


def reset_positions_wrapper(plan: AnyPlan, devices: Iterable[Any] | None = None) -> Plan[Any]:
    """Send devices back to where they had been sent before a plan, whatever happened.

    Parameters
    ----------
    devices : iterable of Movable, optional
        Only these; default: whatever is moved.
    """
    origins: dict[Any, Any] = {}

    def reset() -> Plan[None]:
        group = new_group("reset")
        for device, position in origins.items():
            yield Msg("set", device, position, group=group)
        yield Msg("wait", None, group=group)

    return (yield from finalize_wrapper(_noting_origins(plan, devices, origins), reset))


def _noting_origins(
    plan: AnyPlan, devices: Iterable[Any] | None, origins: dict[Any, Any]
) -> Plan[Any]:
    """The plan, asking for a device's position before its first move."""
    eligible = None if devices is None else _with_wholes(devices)

    def note(msg: Msg) -> tuple[AnyPlan | None, None]:
        if msg.command != "set" or msg.obj in origins:
            return None, None
        if eligible is not None and msg.obj not in eligible:
            return None, None
        return noted(msg), None

    def noted(msg: Msg) -> Plan[None]:
        origins[msg.obj] = yield from position_of(msg.obj)
        yield msg

    return (yield from plan_mutator(plan, note))


def _with_wholes(devices: Iterable[Any]) -> set[Any]:
    """Also the devices that are moved in the place of their pseudo axes, see `stubs.moving.merge_axes`."""
    devices = set(devices)
    parents = {getattr(device, "parent", None) for device in devices}
    return devices | {parent for parent in parents if hasattr(parent, "RealPosition")}
