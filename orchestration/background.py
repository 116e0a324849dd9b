"""Background: the engine's one event loop, in a thread of its own, begun when it is first needed.

Other threads may use the loop as its own does. While a plan runs it counts as the running loop of the plan's thread,
so that plans, and devices that know nothing of threads, may say `asyncio.create_task` or `RE.loop.call_later`.
"""

import asyncio
import threading
from asyncio.events import _get_running_loop, _set_running_loop
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any

from beamtwin.orchestration.errors import PlanError

__all__ = ["Background"]

Loop = asyncio.AbstractEventLoop


class Background:
    """An event loop in a thread of its own, which starts when it is first needed.

    As a context, it counts as the running loop of the thread that enters.

    Parameters
    ----------
    loop : event loop, optional
        One that does not run yet, and starts at once, or that runs in another thread; default: a new one.
    """

    def __init__(self, loop: Loop | None = None):
        self._loop: Loop | None = None
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._stand_in: Any = _StandIn(self)
        self._counts = False
        if loop is not None:
            self._begin(loop)

    @property
    def loop(self) -> Loop:
        """The loop, running."""
        with self._starting:
            return self._loop or self._begin(asyncio.new_event_loop())

    def submit(self, coroutine: Coroutine[Any, Any, Any]) -> "Future[Any]":
        """Run a coroutine in the loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    def __enter__(self) -> "Background":
        """From now on this thread may make tasks and timers as if it were the loop's; if it runs one, that stays."""
        self._counts = _get_running_loop() is None
        if self._counts:
            _set_running_loop(self._loop or self._stand_in)
        return self

    def __exit__(self, *_: object) -> None:
        if self._counts:
            _set_running_loop(None)

    def close(self) -> None:
        """End the thread, and with it the loop."""
        thread, self._thread = self._thread, None
        loop, self._loop = self._loop, None
        if thread is None or loop is None:
            return
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    def _begin(self, loop: Loop) -> Loop:
        if loop is _get_running_loop():
            raise PlanError(
                "loop: runs in this very thread, where the engine would block it: give one that does not run yet"
            )
        if not loop.is_running():
            self._thread = threading.Thread(
                target=loop.run_forever, name="RunEngine loop", daemon=True
            )
            _open_to_all(loop, self._thread)
            self._thread.start()
        self._loop = loop
        return loop


def _open_to_all(loop: Loop, thread: threading.Thread) -> None:
    """Let every thread schedule calls and make tasks, as asyncio allows only the loop's own."""

    def anywhere(own: Callable[..., Any], elsewhere: Callable[..., Any]) -> Callable[..., Any]:
        def method(*args: Any, **kwargs: Any) -> Any:
            here = threading.get_ident() == thread.ident
            return (own if here else elsewhere)(*args, **kwargs)

        return method

    def there(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            async def now() -> Any:
                return function(*args, **kwargs)

            return asyncio.run_coroutine_threadsafe(now(), loop).result()

        return call

    vars(loop).update(
        call_soon=anywhere(loop.call_soon, loop.call_soon_threadsafe),
        call_at=anywhere(loop.call_at, there(loop.call_at)),
        create_task=anywhere(loop.create_task, there(loop.create_task)),
    )


class _StandIn:
    """Counts as a thread's running loop until it is used; the loop begins then, and takes its place."""

    def __init__(self, background: Background):
        self._background = background

    def __getattr__(self, name: str) -> Any:
        loop = self._background.loop
        if _get_running_loop() is self:
            _set_running_loop(loop)
        return getattr(loop, name)
