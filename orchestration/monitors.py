"""Monitors: events as they come, outside any bundle."""

from collections import deque
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

from beamtwin.orchestration.errors import IllegalMessageSequence
from beamtwin.orchestration.streams import Stream

__all__ = ["Monitors"]


class Monitors:
    """The monitored devices of one run.

    Parameters
    ----------
    emit_event : callable
        ``emit_event(stream, readings)``
    """

    def __init__(self, emit_event: Callable[[Stream, Mapping[str, Any]], None]):
        self._emit_event = emit_event
        self._callbacks: dict[Any, tuple[Callable[..., None], dict[str, Any]]] = {}
        self._news: deque[tuple[Stream, Mapping[str, Any]]] = deque()

    def __contains__(self, device: Any) -> bool:
        return device in self._callbacks

    def begin(
        self,
        device: Any,
        stream: Stream,
        deliver: Callable[[Callable[[], None]], None],
        **kwargs: Any,
    ) -> None:
        """Emit an event of ``stream`` whenever ``device`` has news.

        Parameters
        ----------
        deliver : callable
            Takes a function from whatever thread the news came in, and calls it in the engine's.
        **kwargs
            Passed through to ``device.subscribe``.
        """

        def news(reading: Mapping[str, Any] | None = None, **_: Any) -> None:
            if device in self._callbacks:  # it may have ended meanwhile
                self._news.append((stream, device.read() if reading is None else dict(reading)))
                deliver(self.emit_news)

        self._callbacks[device] = news, kwargs
        device.subscribe(news, **kwargs)

    def emit_news(self) -> None:
        """Emit what has come until now."""
        while self._news:
            stream, readings = self._news.popleft()
            self._emit_event(stream, readings)
            stream.checkpoint()  # never taken back: nobody can ask for this event again

    def end(self, device: Any) -> None:
        """End what `begin` began."""
        if device not in self._callbacks:
            raise IllegalMessageSequence(f"{device.name} is not monitored")
        callback, _ = self._callbacks.pop(device)
        device.clear_sub(callback)
        self.emit_news()

    def forget_news(self) -> None:
        """What has come and is not emitted yet will not be."""
        self._news.clear()

    def end_all(self) -> None:
        """End all of them, whatever one of them raises."""
        with ExitStack() as stack:
            for device in self._callbacks:
                stack.callback(self.end, device)

    def suspend(self) -> None:
        """Hear no more news for now."""
        for device, (callback, _) in self._callbacks.items():
            device.clear_sub(callback)
        self.emit_news()

    def restore(self) -> None:
        """Hear news again."""
        for device, (callback, kwargs) in self._callbacks.items():
            device.subscribe(callback, **kwargs)
