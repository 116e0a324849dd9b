"""Commands that let time pass."""

import asyncio
from collections.abc import Callable
from typing import Any

from beamtwin.orchestration.asyncio_devices import finish
from beamtwin.orchestration.clock import WallClock
from beamtwin.orchestration.errors import WaitForTimeoutError
from beamtwin.orchestration.messages import Msg
from beamtwin.orchestration.session import Session
from beamtwin.orchestration.status import names

__all__ = ["elapsed", "input_", "sleep", "wait", "wait_for"]


def elapsed(session: Session, msg: Msg) -> float:
    """Answer the plan's own time in seconds: pauses, and what had to be done again after them, do not count."""
    return session.history.elapsed


def sleep(session: Session, msg: Msg) -> None:
    """Let ``args[0]`` seconds pass."""
    duration = float(msg.args[0])
    if duration > 0:
        session.inbox.wait_until(lambda: False, duration)


def input_(session: Session, msg: Msg) -> str:
    """Ask the person at the prompt."""
    return input(msg.kwargs.get("prompt", ""))


def wait(session: Session, msg: Msg) -> bool:
    """Wait for every status of a group; answers whether all are done.

    Those that are not, after a timeout or a failure, remain in the group. With ``error_on_timeout=False`` the plan
    may come again for them. A failure of any other group, ``watch`` or not, ends the wait too.
    """
    kwargs, statuses = msg.kwargs, session.statuses
    group = msg.args[0] if msg.args else kwargs.get("group")
    members = statuses.groups.pop(group, ())
    late = statuses.late(members)
    if statuses.hook is not None:
        statuses.announce(group, members)
    if not late and not session.inbox.letters:
        statuses.announce_end(group)
        return True
    timeout = kwargs.get("timeout")
    comes_again = kwargs.get("move_on", False) or not kwargs.get("error_on_timeout", True)
    try:
        in_time = statuses.wait_for(late, timeout)
    finally:
        if late:
            statuses.groups[group] = late
        if not (late and comes_again):
            statuses.announce_end(group)
    if not in_time and not comes_again:
        raise WaitForTimeoutError(f"group {group!r}: not done after {timeout:g} s: {names(late)}")
    return in_time


def wait_for(session: Session, msg: Msg) -> list[Any]:
    """Wait for statuses, or for awaitables that functions make; answers what has come of them."""
    (awaited,) = msg.args
    statuses = [each for each in awaited if hasattr(each, "add_callback")]
    timeout = msg.kwargs.get("timeout")
    for status in statuses:
        session.statuses.watch(status)
    late = list(statuses)
    if not session.statuses.wait_for(late, timeout):
        raise WaitForTimeoutError(_too_late(timeout, names(late)))
    factories = [each for each in awaited if not hasattr(each, "add_callback")]
    if not factories:
        return statuses
    return [*statuses, *_await_in_loop(session, _gather, factories, **msg.kwargs)]


def _await_in_loop(
    session: Session, function: Callable[..., Any], *args: Any, **kwargs: Any
) -> Any:
    """Call in the background loop, attending to letters meanwhile. Virtual time stands still."""
    if not isinstance(session.clock, WallClock):
        return session.devices.call(function, *args, **kwargs)
    future = session.background.submit(finish(function, *args, **kwargs))
    future.add_done_callback(lambda _: session.clock.wake())
    try:
        session.inbox.wait_until(future.done, awaiting="an awaitable")
    finally:
        future.cancel()  # without effect if it is done
    return future.result()


async def _gather(factories: list[Callable[[], Any]], **kwargs: Any) -> list[Any]:
    futures = [asyncio.ensure_future(make()) for make in factories]
    try:
        _, pending = await asyncio.wait(futures, **kwargs)
    except asyncio.CancelledError:
        for future in futures:
            future.cancel()
        raise
    if pending:
        late = f"{len(pending)} of {len(futures)} awaitables"
        raise WaitForTimeoutError(_too_late(kwargs.get("timeout"), late))
    return futures


def _too_late(timeout: float | None, late: str) -> str:
    return f"Plan failed to complete in the specified time ({timeout} s): not done: {late}"
