"""Ctrl-C while a plan runs. A handler only leaves a request; the engine acts on it between two effects."""

import signal
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from beamtwin.orchestration.engine import RunEngine

__all__ = ["AbortOnSigint", "SigintHandler"]


#: So many times somebody presses Ctrl-C before it is taken to mean that the engine hangs.
FORCING_PRESSES = 10


class _Sigint:
    """A context in which Ctrl-C calls `pressed`; without effect outside the main thread."""

    def __init__(self, engine: "RunEngine"):
        self.engine = engine
        self.presses = 0
        self._before: Any = None

    def __enter__(self) -> "_Sigint":
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _handle(self, signum: int, frame: object) -> None:
        self.presses += 1
        self.pressed()

    def pressed(self) -> None:
        """Act on Ctrl-C."""
        raise NotImplementedError


class SigintHandler(_Sigint):
    """For a prompt: the first Ctrl-C pauses at the next checkpoint, the second now, the eleventh interrupts Python."""

    def pressed(self) -> None:
        """Ask the engine to pause, ever more urgently."""
        if self.presses > FORCING_PRESSES:
            raise KeyboardInterrupt
        if self.engine.state.can_pause:
            self.engine.request_pause(defer=self.presses == 1)


class AbortOnSigint(_Sigint):
    """For a command line: the first Ctrl-C ends the plan, which cleans up; the second interrupts Python."""

    def pressed(self) -> None:
        """Ask the engine to abort."""
        if self.presses > 1:
            raise KeyboardInterrupt
        if self.engine.state.is_running:
            self.engine.abort("Ctrl-C")
