"""What stubs share: names of groups, and which devices are parts of which."""

import itertools
from collections.abc import Container, Iterable
from typing import Any

__all__ = ["is_status", "new_group", "root_ancestor", "separate_devices"]

_numbers = itertools.count(1)


def new_group(what: str) -> str:
    """A name for a group that nobody else uses; deterministic, since it reaches no document."""
    return f"{what}-{next(_numbers)}"


def is_status(answer: Any) -> bool:
    """Whether a device answered with a Status, which can be waited for."""
    return hasattr(answer, "add_callback")


def separate_devices(devices: Iterable[Any]) -> list[Any]:
    """The devices without repetition, and without those that are part of another one of them."""
    given = dict.fromkeys(devices)
    parts = [device for device in given if getattr(device, "parent", None) is not None]
    for part in parts:
        if _is_within(part.parent, given):
            del given[part]
    return list(given)


def root_ancestor(device: Any) -> Any:
    """The device that a signal or an axis is, in the end, part of."""
    while getattr(device, "parent", None) is not None:
        device = device.parent
    return device


def _is_within(device: Any, others: Container[Any]) -> bool:
    """Whether it, or what it is part of, is one of the others."""
    while device is not None:
        if device in others:
            return True
        device = getattr(device, "parent", None)
    return False
