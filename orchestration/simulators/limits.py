"""Limits: every position of a plan that a device would refuse, before anything moves."""

import warnings
from collections.abc import Iterable
from typing import Any

from beamtwin.orchestration.errors import LimitsError
from beamtwin.orchestration.messages import Msg
from beamtwin.orchestration.simulators.imagination import Imagination, resolve, walk

__all__ = ["check_limits", "find_violations"]


def check_limits(plan: Iterable[Msg]) -> None:
    """Raise `LimitsError` that lists every position of a plan that a device would refuse.

    Relative moves are counted from where the devices were sent, and axes made of motors from where the plan leaves
    their motors. A device without ``check_value`` is warned of, once.
    """
    violations = find_violations(plan)
    if violations:
        count = len(violations)
        raise LimitsError(
            "\n".join([f"{count} position{'s' * (count > 1)} out of reach:", *violations])
        )


def find_violations(plan: Iterable[Msg]) -> list[str]:
    """What each device has to say against the positions that a plan would send it to, in order and each once."""
    imagination = Imagination()
    found: dict[str, None] = {}
    unchecked: set[Any] = set()
    move = imagination.answers["set"]

    def check(msg: Msg) -> Any:
        target = msg.args[0] if msg.args else None
        for device, value in imagination.moves(msg.obj, target).items():
            if imagination.positions.get(device, _NOWHERE) == value:
                continue
            if hasattr(device, "check_value"):
                found.update(_refusal(device, value, msg.obj, target))
            elif device not in unchecked:
                unchecked.add(device)
                _warn_unchecked(device, value)
        return move(msg)

    imagination.answers["set"] = check
    for _ in walk(plan, imagination):
        pass
    return list(found)


_NOWHERE = object()


def _refusal(device: Any, value: Any, asked: Any, target: Any) -> dict[str, None]:
    try:
        resolve(device.check_value(value))
    except Exception as error:
        text = str(error) or f"{device.name}: {value} is refused ({type(error).__name__})"
        return {text if device is asked else f"{asked.name} = {target}: {text}": None}
    return {}


def _warn_unchecked(device: Any, value: Any) -> None:
    warnings.warn(
        f"{device.name} has no check_value(): whether it can go to {value} is not known",
        stacklevel=2,
    )
