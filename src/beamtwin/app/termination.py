"""SIGTERM while a plan runs: the plan is ended as by Ctrl-C, and its run is closed."""

import signal
import threading
from typing import Any

from beamtwin.orchestration.engine import RunEngine

__all__ = ["REASON", "TERMINATED", "AbortOnSigterm"]

#: The exit code of what SIGTERM ended: as shells have it.
TERMINATED = 128 + signal.SIGTERM

#: What a run's stop document says then.
REASON = "SIGTERM"


class AbortOnSigterm:
    """A context in which SIGTERM ends the plan, which cleans up; the second ends Python.

    Without effect outside the main thread.
    """

    def __init__(self, engine: RunEngine):
        self._engine = engine
        self._signals = 0
        self._before: Any = None

    def __enter__(self) -> "AbortOnSigterm":
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGTERM, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)

    def _handle(self, number: int, frame: object) -> None:
        self._signals += 1
        if self._signals > 1:
            raise SystemExit(TERMINATED)
        if self._engine.state.is_running:
            self._engine.abort(REASON)
