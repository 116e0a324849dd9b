"""SuspenderBase: what all suspenders have in common."""

import inspect
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from beamtwin.orchestration.errors import TransitionError
from beamtwin.orchestration.status import Status

if TYPE_CHECKING:
    from beamtwin.orchestration.engine import RunEngine

__all__ = ["SuspenderBase"]


class SuspenderBase:
    """Watches a signal; subclasses say when to suspend, when to go on, and why.

    Parameters
    ----------
    signal
        Has ``subscribe`` and ``clear_sub``: beamtwin's, ophyd's or ophyd-async's.
    sleep : float
        Seconds on the engine's clock from all being well to the plan's going on.
    pre_plan, post_plan : iterable of Msg, or function that makes one, optional
        Done before and after the wait.
    tripped_message : str
        For people, added to the reason.
    """

    def __init__(
        self,
        signal: Any,
        *,
        sleep: float = 0.0,
        pre_plan: Any = None,
        post_plan: Any = None,
        tripped_message: str = "",
    ):
        self.RE: RunEngine | None = None
        self.tripped = False
        self._sig = signal
        self._sleep = sleep
        self._pre_plan = pre_plan
        self._post_plan = post_plan
        self._tripped_message = tripped_message
        self._released: Status | None = None
        self._value: Any = None
        self._lock = threading.RLock()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._name!r}, sleep={self._sleep})"

    def _should_suspend(self, value: Any) -> bool:
        raise NotImplementedError

    def _should_resume(self, value: Any) -> bool:
        return not self._should_suspend(value)

    def _reason(self) -> str:
        """Why it is tripped."""
        return f"{self._name} = {self._value!r}"

    # --- for the engine -------------------------------------------------------------------------

    def install(self, RE: "RunEngine", *, event_type: str | None = None) -> None:
        """Watch the signal for an engine."""
        self.RE = RE
        kwargs = {"event_type": event_type, "run": True} if _takes_events(self._sig) else {}
        RE.device_call(self._sig, "subscribe", self, **kwargs)

    def remove(self) -> None:
        """Watch no more; a plan that waits goes on."""
        if self.RE is not None:
            self.RE.device_call(self._sig, "clear_sub", self)
        with self._lock:
            self._release()
            self.RE, self.tripped = None, False

    def get_futures(self) -> tuple[list[Status], str]:
        """What a plan has to wait for before it may start, and why."""
        with self._lock:
            if not self.tripped or self._released is None:
                return [], ""
            return [self._released], self._get_justification()

    def __call__(self, value: Any = None, **_: Any) -> None:
        """The signal has news."""
        if isinstance(value, Mapping):
            value = next(iter(value.values()))["value"]
        with self._lock:
            if self.RE is None:
                return
            self._value = value
            if self._should_suspend(value):
                self._trip(self.RE)
            elif self._should_resume(value):
                self._release()
                self.tripped = False

    def _trip(self, RE: "RunEngine") -> None:
        self.tripped = True
        if self._released is not None:
            return
        self._released = Status(RE.clock, name=f"suspender of {self._name}")
        with suppress(TransitionError):  # there is no plan, and the next waits at its start
            RE.request_suspend(
                self._released,
                pre_plan=self._pre_plan,
                post_plan=self._post_plan,
                justification=self._get_justification(),
            )

    def _release(self) -> None:
        """Let the plan go on, after a while."""
        released, self._released = self._released, None
        if released is None:
            return
        if self._sleep > 0:
            clock = released.clock
            clock.call_at(clock.time() + self._sleep, released.set_finished)
        else:
            released.set_finished()

    def _get_justification(self) -> str:
        if not self.tripped:
            return ""
        return ": ".join(each for each in (self._reason(), self._tripped_message) if each)

    @property
    def _name(self) -> str:
        return getattr(self._sig, "name", repr(self._sig))


def _takes_events(signal: Any) -> bool:
    """Whether its ``subscribe`` is ophyd's, which calls at once only if asked to."""
    subscribe: Callable[..., Any] = signal.subscribe
    return "event_type" in inspect.signature(subscribe).parameters
