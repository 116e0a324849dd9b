"""Limits: every position of a plan that a device would refuse, before anything moves."""

import inspect
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from beamtwin.orchestration.errors import LimitsError
from beamtwin.orchestration.messages import Msg
from beamtwin.orchestration.simulators.imagination import Imagination, resolve, walk

__all__ = ["check_limits", "check_limits_async", "find_violations"]


def check_limits(plan: Iterable[Msg]) -> None:
    """Raise `LimitsError` that lists every position of a plan that a device would refuse.

    Relative moves are counted from where the devices were sent, and axes made of motors from where the plan leaves
    their motors. A device without ``check_value`` is warned of, once.
    """
    _report(find_violations(plan))


async def check_limits_async(plan: Iterable[Msg]) -> None:
    """`check_limits`, for where an event loop runs: devices that check in a coroutine do so there."""
    found: dict[str, None] = {}
    for move in _moves(plan):
        with _noting(move, found):
            answer = move.device.check_value(move.position)
            if inspect.isawaitable(answer):
                await answer
    _report(list(found))


def find_violations(plan: Iterable[Msg]) -> list[str]:
    """What each device has to say against the positions that a plan would send it to, in order and each once."""
    found: dict[str, None] = {}
    for move in _moves(plan):
        with _noting(move, found):
            resolve(move.device.check_value(move.position))
    return list(found)


class _Move(NamedTuple):
    """Where a device would be sent, and by which message: an axis made of motors sends these."""

    device: Any
    position: Any
    msg: Msg


def _moves(plan: Iterable[Msg]) -> Iterator[_Move]:
    """Each position that a device which can check it would be sent to, and is not yet at."""
    imagination = Imagination()
    moves: list[_Move] = []
    unchecked: set[Any] = set()
    obey = imagination.answers["set"]

    def note(msg: Msg) -> Any:
        target = msg.args[0] if msg.args else None
        for device, position in imagination.moves(msg.obj, target).items():
            if not hasattr(device, "check_value"):
                _warn_once(device, position, unchecked)
            elif imagination.positions.get(device, _NOWHERE) != position:
                moves.append(_Move(device, position, msg))
        return obey(msg)

    imagination.answers["set"] = note
    for _ in walk(plan, imagination):
        yield from moves
        moves.clear()


_NOWHERE = object()


@contextmanager
def _noting(move: _Move, found: dict[str, None]) -> Iterator[None]:
    """Note what the device says if it refuses the position."""
    device, position, msg = move
    try:
        yield
    except Exception as error:
        text = str(error) or f"{device.name}: {position} is refused ({type(error).__name__})"
        found[text if device is msg.obj else f"{msg.obj.name} = {msg.args[0]}: {text}"] = None


def _report(violations: list[str]) -> None:
    if violations:
        count = len(violations)
        raise LimitsError(
            "\n".join([f"{count} position{'s' * (count > 1)} out of reach:", *violations])
        )


def _warn_once(device: Any, position: Any, warned: set[Any]) -> None:
    if device not in warned:
        warned.add(device)
        warnings.warn(
            f"{device.name} has no check_value(): whether it can go to {position} is not known",
            stacklevel=2,
        )
