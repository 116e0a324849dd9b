"""SIGTERM while a plan runs: the plan is ended as by Ctrl-C, and its run is closed."""

import signal

from beamtwin.orchestration.engine import RunEngine
from beamtwin.orchestration.interrupts import OnSignal

__all__ = ["REASON", "TERMINATED", "AbortOnSigterm"]

#: The exit code of what SIGTERM ended: as shells have it.
TERMINATED = 128 + signal.SIGTERM

#: What a run's stop document says then.
REASON = "SIGTERM"


class AbortOnSigterm(OnSignal):
    """A context in which SIGTERM ends the plan, which cleans up; the second ends Python."""

    number = signal.SIGTERM

    def __init__(self, engine: RunEngine):
        super().__init__(engine)
        self._signals = 0

    def received(self) -> None:
        """Ask the engine to abort."""
        self._signals += 1
        if self._signals > 1:
            raise SystemExit(TERMINATED)
        if self.engine.state.is_running:
            self.engine.abort(REASON)
