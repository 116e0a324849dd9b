"""Devices that live in an event loop: recognised once each, and called where their loop runs.

The methods of ophyd-async's devices are coroutine functions, or make tasks as they are called: either way they must be
called in a thread whose event loop is running. The engine itself is synchronous; for them it has a loop, see
`background`.
"""

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

__all__ = ["AsyncioDevice", "finish", "is_asyncio_device"]

_METHODS = (
    "read",
    "describe",
    "set",
    "trigger",
    "stage",
    "unstage",
    "kickoff",
    "complete",
    "prepare",
    "locate",
    "stop",
    "pause",
    "resume",
    "read_configuration",
    "describe_configuration",
    "describe_collect",
    "collect",
    "collect_pages",
    "collect_asset_docs",
    "get_index",
)


@cache
def is_asyncio_device(device_class: type) -> bool:
    """Whether the devices of a class must be called in a thread whose event loop is running."""
    if any(each.__module__.startswith("ophyd_async.") for each in device_class.__mro__):
        return True
    methods = (getattr(device_class, name, None) for name in _METHODS)
    return any(
        inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method)
        for method in methods
    )


class AsyncioDevice:
    """A device as the engine sees it: its methods are called in the loop, and answer when they are done.

    Parameters
    ----------
    device : object
    call : callable
        ``call(method, *args, **kwargs)`` calls in the loop.
    """

    def __init__(self, device: Any, call: Callable[..., Any]):
        self.device = device
        self.call = call

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self.device, name)
        if not inspect.ismethod(attribute):
            return attribute
        return lambda *args, **kwargs: self.call(attribute, *args, **kwargs)

    def __repr__(self) -> str:
        return repr(self.device)


async def finish(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a function, and await what it answers; a Status, awaitable or not, is an answer."""
    return await finished(function(*args, **kwargs))


async def finished(answer: Any) -> Any:
    """What an awaitable or an asynchronous generator yields; anything else is what it is."""
    if inspect.isasyncgen(answer):
        return [each async for each in answer]
    if inspect.isgenerator(answer):
        return list(answer)
    if inspect.isawaitable(answer) and not hasattr(answer, "add_callback"):
        return await answer
    return answer
