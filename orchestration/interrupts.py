"""Ctrl-C, and other signals, while a plan runs.

A handler only leaves a request; the engine acts on it between two effects.
"""

import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, Self

from beamtwin.orchestration.clock import monotonic
from beamtwin.orchestration.errors import RunEngineInterrupted, TransitionError

if TYPE_CHECKING:
    from beamtwin.orchestration.engine import RunEngine

__all__ = ["AbortOnSigint", "OnSignal", "Presses", "SigintHandler"]

#: Presses that follow each other faster, in seconds, are one: a key that bounces, or is held down.
BOUNCE_S = 0.1
#: After so many seconds without a press, the next is a first one again.
FORGET_S = 10.0
#: So many times somebody presses Ctrl-C before it is taken to mean that the engine hangs.
FORCING_PRESSES = 10


class Presses:
    """Counts how often somebody means to press a key.

    Parameters
    ----------
    forget_s : float
        After so many seconds without a press they are counted from one again.
    """

    def __init__(self, forget_s: float = float("inf")):
        self._forget_s = forget_s
        self._count = 0
        self._last_s = 0.0

    def count(self, now_s: float) -> int:
        """How many it is with the one that came just now; 0 for one that does not count."""
        since = now_s - self._last_s
        if self._count and since <= BOUNCE_S:
            return 0
        self._count = 1 if since > self._forget_s else self._count + 1
        self._last_s = now_s
        return self._count


class OnSignal:
    """A context in which a signal calls `received`; without effect outside the main thread.

    Parameters
    ----------
    engine : RunEngine
    """

    number: ClassVar[int]

    def __init__(self, engine: "RunEngine"):
        self.engine = engine
        self._before: Any = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(self.number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(self.number, self._before)

    def _handle(self, number: int, frame: object) -> None:
        self.received()

    def received(self) -> None:
        """Act on the signal."""
        raise NotImplementedError


class _Sigint(OnSignal):
    """A context in which Ctrl-C calls `pressed`.

    Parameters
    ----------
    engine : RunEngine
    now : callable
        Tells the seconds between presses.
    """

    number = signal.SIGINT
    forget_s = float("inf")

    def __init__(self, engine: "RunEngine", now: Callable[[], float] = monotonic):
        super().__init__(engine)
        self._now = now
        self._presses = Presses(self.forget_s)

    def received(self) -> None:
        """Count it, if it is not a key that bounces."""
        times = self._presses.count(self._now())
        if times:
            self.pressed(times)

    def pressed(self, times: int) -> None:
        """Act on Ctrl-C."""
        raise NotImplementedError


class SigintHandler(_Sigint):
    """For a prompt: the first Ctrl-C pauses at the next checkpoint, the second now, the eleventh ends the plan.

    Presses less than 0.1 s apart are one, and after 10 s they are forgotten. A `KeyboardInterrupt` that ends a plan,
    whoever raised it, becomes a `RunEngineInterrupted`.
    """

    forget_s = FORGET_S

    def __exit__(self, *raised: object) -> None:
        super().__exit__(*raised)
        _, error, _ = raised
        if isinstance(error, KeyboardInterrupt):
            raise RunEngineInterrupted("Python was interrupted, and the plan ended") from error

    def pressed(self, times: int) -> None:
        """Ask the engine to pause, ever more urgently."""
        if times > FORCING_PRESSES:
            raise KeyboardInterrupt
        with suppress(TransitionError):  # it is being ended already, or has paused
            self.engine.request_pause(defer=times == 1)
            if times == 1:
                _say("The plan will pause at its next checkpoint: Ctrl-C again pauses it now.")


class AbortOnSigint(_Sigint):
    """For a command line: the first Ctrl-C ends the plan, which cleans up; the second interrupts Python."""

    def pressed(self, times: int) -> None:
        """Ask the engine to abort."""
        if times > 1:
            raise KeyboardInterrupt
        if self.engine.state.is_running:
            self.engine.abort("Ctrl-C")


def _say(text: str) -> None:
    """Tell the person at the prompt; a signal may have come amid a print, which cannot be entered twice."""
    with suppress(OSError):
        os.write(2, f"\n{text}\n".encode())
